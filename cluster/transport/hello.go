package transport

import (
	"errors"
	"fmt"
	"io"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// The versions of the protocol that this node speaks. Two nodes use the newest that both speak.
const (
	OldestVersion uint16 = 1
	NewestVersion uint16 = 1
)

// helloMagic begins a hello in every version, and the two version numbers follow it in every version: whatever else changes, two
// nodes can tell each other why they don't get along.
const helloMagic = "thinkey "

// Hello is what each end says first. Who it is was shown before, by TLS.
type Hello struct {
	Oldest, Newest uint16          // versions of the protocol
	Network        chain.NetworkID // hash of the genesis
	Session        uint64          // drawn when the process began: another one is another life of the node
	Software       string          // for people; at most maxSoftware bytes
}

const maxSoftware = 64

// ErrNetwork and ErrVersion are why two nodes can't talk: their operators have to look.
var (
	ErrNetwork = errors.New("the node belongs to another network")
	ErrVersion = errors.New("no version of the protocol in common")
)

func (h Hello) append(b []byte) []byte {
	b = append(append(b, kindHello), helloMagic...)
	b = append(b, byte(h.Oldest>>8), byte(h.Oldest), byte(h.Newest>>8), byte(h.Newest))
	b = append(b, h.Network[:]...)
	return wire.AppendShort(wire.AppendU64(b, h.Session), h.Software)
}

// readHello reads the first frame of a connection.
func readHello(r io.Reader, mine Hello) (Hello, uint16, error) {
	buf := make([]byte, maxFrameBytes)
	b, err := readFrame(r, buf)
	if err != nil {
		return Hello{}, 0, err
	}
	if b[0] == kindBye {
		if f, err := decodeFrame(b); err == nil {
			return Hello{}, 0, fmt.Errorf("%w: %s", ErrRefused, f.(bye).reason)
		}
	}
	return decodeHello(b, mine)
}

// decodeHello reads what append wrote, and says which version both use, or why they can't talk.
func decodeHello(b []byte, mine Hello) (h Hello, version uint16, err error) {
	r := wire.NewReader(b)
	if r.U8("kind") != kindHello || string(r.Fixed("magic", len(helloMagic))) != helloMagic {
		return h, 0, junk("no hello")
	}
	h.Oldest, h.Newest = readU16(r), readU16(r)
	if r.Err() != nil || h.Oldest > h.Newest {
		return h, 0, junk("a hello that names no versions")
	}
	if version = min(h.Newest, mine.Newest); version < max(h.Oldest, mine.Oldest) {
		return h, 0, fmt.Errorf("%w: the other node (%s) speaks %s, this one (%s) speaks %s; upgrade the older one", ErrVersion,
			h.softwareIn(r), versions(h), mine.Software, versions(mine))
	}
	r.Into("network", h.Network[:])
	h.Session = r.U64("session")
	h.Software = string(r.Short("software", maxSoftware))
	if err := r.Done(); err != nil {
		return h, 0, junk("a hello that doesn't decode: %v", err)
	}
	if h.Network != mine.Network {
		return h, 0, fmt.Errorf("%w: it has %s, this one %s; start both from one genesis", ErrNetwork, h.Network, mine.Network)
	}
	return h, version, nil
}

// softwareIn is the name behind the rest of a hello of this layout; another version may have another.
func (h Hello) softwareIn(r *wire.Reader) string {
	r.Fixed("network", len(h.Network))
	r.U64("session")
	if name := r.Short("software", maxSoftware); r.Done() == nil && len(name) > 0 {
		return fmt.Sprintf("%q", name)
	}
	return "of another release"
}

func readU16(r *wire.Reader) uint16 {
	hi, lo := r.U8("version"), r.U8("version")
	return uint16(hi)<<8 | uint16(lo)
}

func versions(h Hello) string {
	if h.Oldest == h.Newest {
		return fmt.Sprintf("version %d", h.Oldest)
	}
	return fmt.Sprintf("versions %d to %d", h.Oldest, h.Newest)
}

// short is the beginning of a key, for errors and logs.
func short(k keys.PublicKey) string { return k.String()[:12] }
