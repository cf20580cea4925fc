package light

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Entry is an entry of a chain's state, or that there is none.
type Entry struct {
	Account chain.Address
	Key     string
	Value   []byte // nil says that there is no entry; an empty one is not nil
}

// EntryProof shows what a block's state has under a key.
type EntryProof struct {
	Steps []Step
	State merkle.StateProof
}

// Verify says whether a block of the chain want has the entry, and returns the block.
func (p *EntryProof) Verify(s *Start, want chain.ID, e Entry) (chain.Anchor, error) {
	anchor, err := s.walkTo(want, p.Steps)
	if err != nil {
		return chain.Anchor{}, err
	}
	if err := e.verify(anchor.State, &p.State); err != nil {
		return chain.Anchor{}, fmt.Errorf("block %d of chain %d: %w", anchor.Height, want, err)
	}
	return anchor, nil
}

func (e *Entry) verify(state chain.Hash, proof *merkle.StateProof) error {
	var value merkle.Hash
	if e.Value != nil {
		value = merkle.ValueHash(e.Value)
	}
	if err := proof.Verify(state, merkle.SlotPath(e.Account, []byte(e.Key)), value); err != nil {
		return fmt.Errorf("entry %q of account %s: %w", e.Key, e.Account, err)
	}
	return nil
}

const (
	entryProofVersion = 1
	ackProofVersion   = 1
)

// Append writes the canonical encoding.
func (p *EntryProof) Append(b []byte) []byte {
	return p.State.Append(appendSteps(append(b, entryProofVersion), p.Steps))
}

func readEntryProof(r *wire.Reader) EntryProof {
	r.Version("proof of an entry", entryProofVersion)
	return EntryProof{readSteps(r), merkle.ReadStateProof(r)}
}

// DecodeEntryProof reads what Append writes.
func DecodeEntryProof(b []byte) (EntryProof, error) {
	r := wire.NewReader(b)
	p := readEntryProof(r)
	if err := r.Done(); err != nil {
		return EntryProof{}, fmt.Errorf("proof of an entry: %w", err)
	}
	return p, nil
}

// AckProof shows how far a chain has taken in the relays of another one. It is the Proof of a chain.Ack.
type AckProof struct {
	Next uint64 // the number that it expects next: the entry InKey in its state; 0 if there is none
	EntryProof
}

// Verify says whether a block of other expects relay p.Next of self's next, and which block that is: its height and load are in it.
// The start is a block of their lowest common ancestor. That the number is above what self knew, and not above what it sent, is the
// caller's to hold.
func (p *AckProof) Verify(s *Start, self, other chain.ID) (chain.Anchor, error) {
	if err := s.between(self, other); err != nil {
		return chain.Anchor{}, err
	}
	e := Entry{Account: chain.SystemAddress(other), Key: chain.InKey(self)}
	if p.Next > 0 {
		e.Value = chain.EncodeNumber(p.Next)
	}
	return p.EntryProof.Verify(s, other, e)
}

// Append writes the canonical encoding.
func (p *AckProof) Append(b []byte) []byte {
	return p.EntryProof.Append(wire.AppendU64(append(b, ackProofVersion), p.Next))
}

// DecodeAckProof reads what Append writes.
func DecodeAckProof(b []byte) (AckProof, error) {
	r := wire.NewReader(b)
	r.Version("proof of what was taken in", ackProofVersion)
	p := AckProof{r.U64("number"), readEntryProof(r)}
	if err := r.Done(); err != nil {
		return AckProof{}, fmt.Errorf("proof of what was taken in: %w", err)
	}
	return p, nil
}
