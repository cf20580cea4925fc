package chain

import "github.com/thinkey/thinkey/sdk/wire"

// ForkInput shows a digests actor two certified blocks of a child at one height (SPEC 4.9, 7.2): the one that is recorded there, however
// long ago, and another one. Whoever has both may send it. Who reads it recomputes both hashes.
type ForkInput struct {
	Recorded Header
	// Place is the merkle.Place of the recorded block's anchor in the child's accumulator, encoded. One that was made before the accumulator
	// grew may be of no use any more: make a new one.
	Place []byte
	// Committee is the one that the recorded header names.
	Committee Committee
	// Other is another block of the height, first of a run of which the committee certified the last.
	Other Digest
}

// maxPlaceBytes bounds the encoding of a place: an index, and a hash for each level of the largest accumulator.
const maxPlaceBytes = 8 + 4 + 64*32

// Encode is the canonical encoding.
func (f ForkInput) Encode() []byte {
	b := wire.AppendBytes(f.Recorded.Append([]byte{1}), f.Place)
	return wire.AppendBytes(wire.AppendBytes(b, f.Committee.Append(nil)), f.Other.Append(nil))
}

// DecodeFork reads what Encode writes.
func DecodeFork(b []byte) (f ForkInput, err error) {
	r := wire.NewReader(b)
	r.Version("fork", 1)
	f.Recorded = readHeader(r)
	f.Place = r.Bytes("place", maxPlaceBytes)
	committee := r.Bytes("committee", maxCommitteeBytes)
	other := r.Bytes("other digest", MaxInputBytes)
	if err := r.Done(); err != nil {
		return ForkInput{}, err
	}
	if f.Committee, err = DecodeCommittee(committee); err != nil {
		return ForkInput{}, err
	}
	if f.Other, err = DecodeDigest(other); err != nil {
		return ForkInput{}, err
	}
	return f, nil
}
