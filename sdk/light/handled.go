package light

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// ErrUnshown: a proof may be good, and its reader doesn't know what it begins with: a block that the reader hasn't, or has recorded another epoch
// than, or a later block than it shows. Ask again, or for one that begins elsewhere.
var ErrUnshown = errors.New("shows nothing to who knows what is known here")

// Committees decodes the keys of committees, or knows them: NewCommittee does.
type Committees func(network chain.NetworkID, of chain.Committee) (*Committee, error)

// Handled shows what came of a message, to who knows a chain above its own and not that: the block that handled it, the receipt there, and
// one of two ways to the block (SPEC 4.9, 6.10).
type Handled struct {
	Header  chain.Header
	Receipt chain.Receipt
	Place   merkle.Proof // of the receipt, under the header's root
	// Steps lead to the block from one at height From of a chain above, once that covers it: for who has that chain's headers.
	From  uint64
	Steps []Step
	// Views lead to it without: from who certifies the child of the chain above that is on the way, as that has recorded it
	// (chain.ChildCommitteeKey): digests that hand over, then one of the block itself; or, where Down goes on, of one whose state shows who
	// certifies the next chain, and so on to the last Views.
	Views []chain.Digest
	Down  []Generation
}

// IsCovered says which of the two ways the proof goes: by Steps, which Covered checks, or by committees, which Certified does.
func (h *Handled) IsCovered() bool { return len(h.Steps) > 0 }

// Covered checks a proof with steps: start is the block at height From of the chain above.
func (h *Handled) Covered(start *Start) error {
	anchor, err := start.walkTo(h.Header.Chain, h.Steps)
	if err != nil {
		return err
	}
	if anchor.Hash != h.Header.Hash() {
		return fmt.Errorf("block %d of chain %d is %s, and the header %s: %w", anchor.Height, h.Header.Chain, anchor.Hash, h.Header.Hash(), ErrHeader)
	}
	return h.received()
}

// Certified checks a proof with certificates, where a chain above has recorded what is known of its child that Views are of. ErrUnshown: that is
// of another epoch, or later.
func (h *Handled) Certified(tree chain.Tree, known chain.Known, first *Committee, of Committees) error {
	list := h.Views
	if n := len(h.Down); n > 0 {
		list = h.Down[n-1].Views
	}
	if len(h.Views) == 0 || len(h.Views[0].Headers) == 0 || len(list) == 0 || len(list[len(list)-1].Headers) == 0 {
		return fmt.Errorf("block %d of chain %d: a proof without certificates %w", h.Header.Height, h.Header.Chain, ErrUnshown)
	}
	views := h.Views
	if d := views[0].Headers[0]; views[0].Last().Anchor() == known.Anchor {
		views = views[1:]
	} else if d.Committee != first.hash || d.Height <= known.Anchor.Height {
		return fmt.Errorf("from block %d of epoch %d of chain %d on, and block %d of epoch %d is known: it %w", d.Height, d.Epoch, d.Chain, known.Anchor.Height, known.Epoch, ErrUnshown)
	}
	known, c, err := FollowAll(known, views, first)
	if err != nil {
		return fmt.Errorf("chain %d: %w", first.Chain(), err)
	}
	if _, _, err := descend(tree, known, c, h.Down, of); err != nil {
		return err
	}
	if last := list[len(list)-1].Last(); last.Hash() != h.Header.Hash() {
		return fmt.Errorf("what is certified is block %d of chain %d, and the header is of block %d of chain %d: %w", last.Height, last.Chain, h.Header.Height, h.Header.Chain, ErrHeader)
	}
	return h.received()
}

// received checks the receipt against the header.
func (h *Handled) received() error {
	if err := h.Place.Verify(merkle.Hash(h.Header.Roots.Receipts), merkle.LeafHash(h.Receipt.Append(nil))); err != nil {
		return fmt.Errorf("receipt of message %s in block %d of chain %d: %w", h.Receipt.Message, h.Header.Height, h.Header.Chain, err)
	}
	return nil
}

const handledVersion = 1

// Encode is the canonical encoding.
func (h *Handled) Encode() []byte {
	b := wire.AppendBytes([]byte{handledVersion}, h.Header.Append(nil))
	b = h.Place.Append(wire.AppendBytes(b, chain.AppendReceipts(nil, []chain.Receipt{h.Receipt})))
	b = appendSteps(wire.AppendU64(b, h.From), h.Steps)
	return appendDown(appendDigests(b, h.Views), h.Down)
}

// DecodeHandled reads what Encode writes.
func DecodeHandled(b []byte) (h Handled, err error) {
	if len(b) > MaxTrailBytes {
		return h, fmt.Errorf("proof of %d bytes (limit %d) %w", len(b), MaxTrailBytes, wire.ErrLimit)
	}
	r := wire.NewReader(b)
	r.Version("proof of a message", handledVersion)
	header, receipt := r.Bytes("header", chain.MaxBlockBytes), r.Bytes("receipt", chain.MaxBlockBytes)
	h.Place, h.From = merkle.ReadProof(r), r.U64("height")
	h.Steps, h.Views, h.Down = readSteps(r), readDigests(r), readDown(r)
	if r.Err() == nil && (h.IsCovered() && len(h.Views)+len(h.Down) > 0 || !h.IsCovered() && h.From > 0) {
		r.Fail("two ways to one block", wire.ErrValue) // what nobody checks would be there to be changed
	}
	if err := r.Done(); err != nil {
		return Handled{}, fmt.Errorf("proof of a message: %w", err)
	}
	if h.Header, err = chain.DecodeHeader(header); err != nil {
		return Handled{}, fmt.Errorf("proof of a message: %w", err)
	}
	list, err := chain.DecodeReceipts(receipt)
	if err != nil {
		return Handled{}, fmt.Errorf("proof of a message: %w", err)
	}
	if len(list) != 1 {
		return Handled{}, fmt.Errorf("proof of a message with %d receipts: %w", len(list), wire.ErrValue)
	}
	h.Receipt = list[0]
	return h, nil
}
