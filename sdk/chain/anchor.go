package chain

import "github.com/thinkey/thinkey/sdk/wire"

// Anchor is what the accumulators of a chain keep of a block, its own or a child's: enough to prove whatever the block's
// outbox and state hold (SPEC 7.2, 8.1), and how loaded its chain was.
type Anchor struct {
	Height        uint64
	Hash          BlockHash
	Outbox, State Hash
	Load          uint32
}

// Anchor is that of the block.
func (h *Header) Anchor() Anchor {
	return Anchor{h.Height, h.Hash(), h.Roots.Outbox, h.Roots.State, h.Load}
}

// Append writes the canonical encoding.
func (a Anchor) Append(b []byte) []byte {
	b = append(wire.AppendU64(b, a.Height), a.Hash[:]...)
	b = append(append(b, a.Outbox[:]...), a.State[:]...)
	return wire.AppendU32(b, a.Load)
}

// ReadAnchor reads what Append writes.
func ReadAnchor(r *wire.Reader) Anchor {
	return Anchor{
		Height: r.U64("height"), Hash: readHash[BlockHash](r, "block hash"),
		Outbox: readHash[Hash](r, "outbox root"), State: readHash[Hash](r, "state root"), Load: r.U32("load"),
	}
}

// Known is what one chain knows of another whose blocks it is shown: an ancestor's view, a child's last digest.
type Known struct {
	Anchor Anchor
	Epoch  uint64 // of the block that follows the anchor's
	// Committee certifies the block that follows.
	Committee Hash
}

// Encode is the canonical encoding.
func (k Known) Encode() []byte {
	b := wire.AppendU64(k.Anchor.Append(nil), k.Epoch)
	return append(b, k.Committee[:]...)
}

// DecodeKnown reads what Encode writes.
func DecodeKnown(b []byte) (Known, error) {
	r := wire.NewReader(b)
	k := Known{Anchor: ReadAnchor(r), Epoch: r.U64("epoch"), Committee: readHash[Hash](r, "committee")}
	return k, r.Done()
}
