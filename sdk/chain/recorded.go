package chain

import "github.com/thinkey/thinkey/sdk/wire"

// Topics of the system actors' events.
const (
	// EventRecorded (of a digests actor): blocks of a child count from now on. The body is a RecordedEvent.
	EventRecorded = "recorded"
	// EventForked (of a digests actor): a child's committee certified two blocks at one height. The body is a ForkedEvent.
	EventForked = "forked"
	// EventCreated (of the registry): there is a new chain. The body is a Limb.
	EventCreated = "created"
)

// RecordedEvent names the blocks of a child that were recorded.
type RecordedEvent struct {
	Child       ID
	First, Last uint64 // heights
}

// Encode is the canonical encoding.
func (e RecordedEvent) Encode() []byte {
	return wire.AppendU64(wire.AppendU64(wire.AppendU32(nil, uint32(e.Child)), e.First), e.Last)
}

// DecodeRecorded reads what Encode writes.
func DecodeRecorded(b []byte) (RecordedEvent, error) {
	r := wire.NewReader(b)
	e := RecordedEvent{readChain(r), r.U64("first height"), r.U64("last height")}
	return e, r.Done()
}

// ForkedEvent names two blocks of one height: the one that is recorded and counts, and another one that was certified.
type ForkedEvent struct {
	Child           ID
	Height          uint64
	Recorded, Other BlockHash
}

// Encode is the canonical encoding.
func (e ForkedEvent) Encode() []byte {
	b := wire.AppendU64(wire.AppendU32(nil, uint32(e.Child)), e.Height)
	return append(append(b, e.Recorded[:]...), e.Other[:]...)
}

// DecodeForked reads what Encode writes.
func DecodeForked(b []byte) (ForkedEvent, error) {
	r := wire.NewReader(b)
	e := ForkedEvent{readChain(r), r.U64("height"), readHash[BlockHash](r, "recorded hash"), readHash[BlockHash](r, "other hash")}
	return e, r.Done()
}

// Encode is the canonical encoding.
func (l Limb) Encode() []byte {
	return wire.AppendU32(wire.AppendU32(nil, uint32(l.ID)), uint32(l.Parent))
}

// DecodeLimb reads what Encode writes.
func DecodeLimb(b []byte) (Limb, error) {
	r := wire.NewReader(b)
	l := Limb{readChain(r), ID(r.U32("parent"))}
	return l, r.Done()
}
