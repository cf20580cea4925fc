package light

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Acknowledgement is what a chain has taken in of another one's relays, with all that shows it to the sender, which need not have the
// other's blocks: a file that anybody may carry, as an Envelope is (SPEC 8.4, 8.6). A sender that never sees one bounces what is sent
// beyond chain.MaxUnconsumed.
type Acknowledgement struct {
	// Views lead from the block that the reader knows to the one that the proof starts from, as an Envelope's do.
	Views []chain.Digest
	// To is the chain that sent the relays, and takes this in.
	To chain.ID
	// Ack is what a block of To has; its Chain took the relays in, its Proof is an AckProof.
	Ack chain.Ack
}

// Acknowledged is what an acknowledgement has shown.
type Acknowledged struct {
	Next  uint64       // the number that Ack.Chain expects next: so many relays it has taken in
	By    chain.Anchor // its block that says so
	Known chain.Known  // of the ancestor, with the block that covers that one
}

// Verify says what the acknowledgement shows to who knows a block of the lowest common ancestor. That the chain was sent so many relays
// is for the sender to hold.
func (e *Acknowledgement) Verify(t *Trust) (Acknowledged, error) {
	known, _, err := FollowAll(t.Known, e.Views, t.Committee)
	if err != nil {
		return Acknowledged{}, err
	}
	p, err := DecodeAckProof(e.Ack.Proof)
	if err != nil {
		return Acknowledged{}, err
	}
	start := Start{Network: t.Committee.Network(), Tree: t.Tree, Chain: t.Committee.Chain(), Anchor: known.Anchor}
	by, err := p.Verify(&start, e.To, e.Ack.Chain)
	return Acknowledged{p.Next, by, known}, err
}

// acknowledgementVersion begins an acknowledgement. No envelope does with it: where either may come, the first byte tells which it is.
const acknowledgementVersion = 2

// IsAcknowledgement says whether bytes are an acknowledgement, if they are anything.
func IsAcknowledgement(b []byte) bool { return len(b) > 0 && b[0] == acknowledgementVersion }

// Encode is the canonical encoding.
func (e *Acknowledgement) Encode() []byte {
	b := appendViews([]byte{acknowledgementVersion}, e.Views)
	return e.Ack.Append(wire.AppendU32(b, uint32(e.To)))
}

// DecodeAcknowledgement reads what Encode writes.
func DecodeAcknowledgement(b []byte) (e Acknowledgement, err error) {
	if len(b) > chain.MaxBlockBytes {
		return e, fmt.Errorf("acknowledgement of %d bytes (limit %d) %w", len(b), chain.MaxBlockBytes, wire.ErrLimit)
	}
	r := wire.NewReader(b)
	r.Version("acknowledgement", acknowledgementVersion)
	e.Views = readViews(r)
	e.To = chain.ID(r.U32("chain"))
	e.Ack = chain.ReadAck(r)
	if err := r.Done(); err != nil {
		return Acknowledgement{}, fmt.Errorf("acknowledgement: %w", err)
	}
	return e, nil
}
