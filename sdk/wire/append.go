package wire

import (
	"encoding/binary"

	"github.com/thinkey/thinkey/sdk/assert"
)

// AppendU8 appends v as one byte.
func AppendU8(b []byte, v uint8) []byte { return append(b, v) }

// AppendU32 appends v as four bytes, big-endian.
func AppendU32(b []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(b, v) }

// AppendU64 appends v as eight bytes, big-endian.
func AppendU64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }

// AppendBytes appends the length of v as uint32, then v. Callers hold v to a limit far below 4 GiB.
func AppendBytes(b, v []byte) []byte { return append(AppendU32(b, uint32(len(v))), v...) }

// AppendShort appends the length of v as one byte, then v. A v longer than 255 bytes breaks an invariant: a limit of the
// caller's was not enforced.
func AppendShort(b []byte, v string) []byte {
	assert.That(len(v) <= 255, "a short string is at most 255 bytes long")
	return append(append(b, byte(len(v))), v...)
}
