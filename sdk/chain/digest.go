package chain

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Digest shows blocks of a chain to another one: a run of linked headers, oldest first, and the certificate of the last
// (SPEC 7.2). A child's digests are recorded by its parent; a chain's blocks name its ancestors' as views. Who reads it recomputes
// every hash.
type Digest struct {
	Headers     []Header
	Certificate Certificate
	// Next is the committee of the block that follows, where the last header changes it (SPEC 6.7); without seats otherwise. No
	// other header of the run changes it: the certificate of that one would be missing.
	Next Committee
}

const (
	digestVersion = 1
	headerBytes   = 1 + 32 + 4 + 8 + 4 + 4 + 8 + 32 + 8 + 5*32 + 8 + 4 + 2*32 + 4 + 4
)

// Append writes the canonical encoding.
func (d *Digest) Append(b []byte) []byte {
	b = wire.AppendU32(append(b, digestVersion), uint32(len(d.Headers)))
	for i := range d.Headers {
		b = d.Headers[i].Append(b)
	}
	b = d.Certificate.Append(b)
	if len(d.Next.Seats) == 0 {
		return wire.AppendBytes(b, nil)
	}
	return wire.AppendBytes(b, d.Next.Append(nil))
}

// Last is the header that the certificate is of.
func (d *Digest) Last() *Header { return &d.Headers[len(d.Headers)-1] }

// DecodeDigest reads what Append writes.
func DecodeDigest(b []byte) (Digest, error) {
	r := wire.NewReader(b)
	r.Version("digest", digestVersion)
	d := Digest{Headers: readList(r, "headers", MaxDigestHeaders, headerBytes, func() Header { return readHeader(r) })}
	d.Certificate = ReadCertificate(r)
	if next := r.Bytes("next committee", maxCommitteeBytes); r.Err() == nil && len(next) > 0 {
		var err error
		if d.Next, err = DecodeCommittee(next); err != nil {
			r.Fail(err.Error(), wire.ErrValue)
		}
	}
	if r.Err() == nil && len(d.Headers) == 0 {
		r.Fail("headers", wire.ErrValue)
	}
	if err := r.Done(); err != nil {
		return Digest{}, fmt.Errorf("digest: %w", err)
	}
	return d, nil
}
