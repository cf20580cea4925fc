package evidence

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/wire"
)

// ErrDamaged: the bytes are not those that were written. Fetch them again.
var ErrDamaged = errors.New("evidence is damaged: its bytes do not have the sum that they end with")

const (
	version           = 1
	kindContradiction = 1
	kindBacking       = 2
	// maxCodes bounds the modules of a case: those that one account has in one block.
	maxCodes = 32
	sumBytes = len(chain.Hash{})
)

// Encode is the canonical encoding. It ends with the sum of all before, which is the case's name (G4).
func (k *Case) Encode() []byte {
	b := []byte{version, kindContradiction}
	if k.Backing != nil {
		b[1] = kindBacking
	}
	b = wire.AppendBytes(b, k.Committee.Append(nil))
	if c := k.Contradiction; c != nil {
		b = wire.AppendBytes(b, c.Before.Append(nil))
		b = wire.AppendBytes(b, c.Evidence.Encode())
	} else {
		b = k.Backing.append(b)
	}
	sum := wire.Sum(wire.TagEvidence, b)
	return append(b, sum[:]...)
}

func (k *Backing) append(b []byte) []byte {
	b = wire.AppendBytes(wire.AppendU32(b, k.Round), k.Seats)
	b = wire.AppendBytes(append(b, k.Signature[:]...), k.Witness.Encode())
	return appendCodes(b, k.Codes)
}

func appendCodes(b []byte, codes []chain.PublishInput) []byte {
	b = wire.AppendU32(b, uint32(len(codes)))
	for _, c := range codes {
		b = wire.AppendBytes(b, c.Encode())
	}
	return b
}

// Name is the hash by which encoded evidence is known; it says nothing about bytes that Decode refuses.
func Name(raw []byte) (h chain.Hash) {
	if len(raw) >= sumBytes {
		copy(h[:], raw[len(raw)-sumBytes:])
	}
	return h
}

// Decode reads what Encode writes. What it returns shares memory with raw, and is no more than an accusation: Judge it.
func Decode(raw []byte) (*Case, error) {
	if len(raw) > chain.MaxEvidenceBytes {
		return nil, fmt.Errorf("evidence: %d bytes %w (%d)", len(raw), wire.ErrLimit, chain.MaxEvidenceBytes)
	}
	if len(raw) < sumBytes {
		return nil, fmt.Errorf("%w: there are %d", ErrDamaged, len(raw))
	}
	content := raw[:len(raw)-sumBytes]
	if wire.Sum(wire.TagEvidence, content) != [sumBytes]byte(Name(raw)) {
		return nil, ErrDamaged
	}
	return decode(content)
}

func decode(content []byte) (*Case, error) {
	r := wire.NewReader(content)
	r.Version("evidence", version)
	kind := r.U8("kind")
	k := &Case{}
	nested(r, "committee", func(b []byte) (err error) { k.Committee, err = chain.DecodeCommittee(b); return err })
	switch kind {
	case kindContradiction:
		c := &Contradiction{}
		nested(r, "header", func(b []byte) (err error) { c.Before, err = chain.DecodeHeader(b); return err })
		nested(r, "claims", func(b []byte) (err error) { c.Evidence, err = light.DecodeEvidence(b); return err })
		if other := (light.Evidence{First: c.Second, Second: c.First}); r.Err() == nil && bytes.Compare(c.Encode(), other.Encode()) > 0 {
			r.Fail("claims not in ascending order", wire.ErrValue)
		}
		k.Contradiction = c
	case kindBacking:
		k.Backing = readBacking(r)
	default:
		r.Fail("kind", wire.ErrValue)
	}
	err := r.Done()
	if err == nil {
		err = k.check()
	}
	if err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	return k, nil
}

// nested reads a value that has an encoding of its own.
func nested(r *wire.Reader, field string, decode func([]byte) error) {
	raw := r.Bytes(field, chain.MaxEvidenceBytes)
	if r.Err() != nil {
		return
	}
	if err := decode(raw); err != nil {
		r.Fail(field+": "+err.Error(), wire.ErrValue)
	}
}

func readBacking(r *wire.Reader) *Backing {
	k := &Backing{Round: r.U32("round"), Seats: chain.ReadSeats(r)}
	r.Into("signature", k.Signature[:])
	nested(r, "witness", func(b []byte) (err error) { k.Witness, err = block.DecodeWitness(b); return err })
	k.Codes = readCodes(r)
	return k
}

// readCodes reads modules in the order of their hashes.
func readCodes(r *wire.Reader) (codes []chain.PublishInput) {
	for i := range r.Count("codes", maxCodes, 4+5) {
		var c chain.PublishInput
		nested(r, "code", func(b []byte) (err error) { c, err = chain.DecodePublish(b); return err })
		if r.Err() != nil {
			break
		}
		if codes = append(codes, c); i > 0 && compareCodes(codes[i-1], c) >= 0 {
			r.Fail("codes not in ascending order", wire.ErrValue)
		}
	}
	return codes
}

func compareCodes(a, b chain.PublishInput) int {
	x, y := a.Hash(), b.Hash()
	return bytes.Compare(x[:], y[:])
}
