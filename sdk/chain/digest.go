package chain

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Digest is what a child chain sends to its parent to be recorded: a run of linked headers, oldest first, and the
// certificate of the last (SPEC 7.2). The parent recomputes every hash.
type Digest struct {
	Headers     []Header
	Certificate Certificate
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
	return d.Certificate.Append(b)
}

// DecodeDigest reads what Append writes.
func DecodeDigest(b []byte) (Digest, error) {
	r := wire.NewReader(b)
	r.Version("digest", digestVersion)
	d := Digest{Headers: readList(r, "headers", MaxDigestHeaders, headerBytes, func() Header { return readHeader(r) })}
	d.Certificate = ReadCertificate(r)
	if r.Err() == nil && len(d.Headers) == 0 {
		r.Fail("headers", wire.ErrValue)
	}
	if err := r.Done(); err != nil {
		return Digest{}, fmt.Errorf("digest: %w", err)
	}
	return d, nil
}
