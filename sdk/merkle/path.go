package merkle

import (
	"encoding/binary"
	"math/bits"

	"github.com/thinkey/thinkey/sdk/wire"
)

// PathBits is the length of a path, hence the depth that no leaf of the state tree exceeds.
const PathBits = 8 * len(Path{})

// Path is the key of the state tree: 20 bytes of the address that are a hash, the chain it was created on, and a slot.
// The hash stands first so that accounts spread evenly and shards are ranges of it (SPEC 7.4); all that belongs to an
// account lies below its first 24 bytes. Everything but the chain is a hash: who grinds for a long common prefix pays
// 2^n hashes for n levels.
type Path [56]byte

// AccountPath is the path of an account itself: the slot of zeros, which SlotPath never returns.
func AccountPath(address [24]byte) Path {
	var p Path
	copy(p[:20], address[4:])
	copy(p[20:24], address[:4])
	return p
}

// SlotPath is the path of one storage entry of an account.
func SlotPath(address [24]byte, key []byte) Path {
	p := AccountPath(address)
	slot := wire.Sum(wire.TagSlot, key)
	copy(p[24:], slot[:])
	return p
}

// bit is bit i, the most significant of the first byte being bit 0.
func (p *Path) bit(i int) int { return int(p[i>>3]>>(7-i&7)) & 1 }

// shared is the number of leading bits in which p and q agree.
func (p *Path) shared(q *Path) int {
	for i := 0; i < len(p); i += 8 {
		if x := binary.BigEndian.Uint64(p[i:]) ^ binary.BigEndian.Uint64(q[i:]); x != 0 {
			return 8*i + bits.LeadingZeros64(x)
		}
	}
	return PathBits
}

// Prefix is a part of the state: all paths that start with the first Bits bits of Path. Its zero value is everything.
type Prefix struct {
	Path Path
	Bits int // 0 to PathBits
}

// Covers says whether path lies below the prefix.
func (p *Prefix) Covers(path Path) bool { return p.Path.shared(&path) >= p.Bits }
