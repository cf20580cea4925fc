package transport

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Everything between two nodes is frames:
//
//	frame   := length:u32 kind:u8 …          length counts kind and what follows
//	hello   := 1  as Hello says              first, once, from both ends
//	begin   := 2  class:u8 channel:u32 size:u32 byte{1..fragmentBytes}
//	more    := 3  class:u8 byte{1..fragmentBytes}
//	credit  := 4  class:u8 bytes:u32         the receiver has room for so many more
//	ping    := 5  number:u64                 answered by a pong with the number
//	pong    := 6  number:u64
//	serves  := 7  list of channel:u32        which channels the sender has open, ascending; replaces the last one
//	bye     := 8  reason:short               last; why the sender ends the connection
//
// A kind, once used, is never given to something else.
const (
	kindHello byte = 1 + iota
	kindBegin
	kindMore
	kindCredit
	kindPing
	kindPong
	kindServes
	kindBye
)

const (
	// fragmentBytes is how much of a message one frame holds: something more urgent waits for one of them at most.
	fragmentBytes = 16 << 10
	// maxFrameBytes bounds what is read before it is looked at.
	maxFrameBytes = fragmentBytes + 64
	// MaxChannels bounds those that one side has open: the ids fit into a frame.
	MaxChannels = 4000
	maxReason   = 255
)

type frame interface{ append(b []byte) []byte }

type begin struct {
	class   Class
	channel uint32
	size    uint32
	part    []byte
}

type more struct {
	class Class
	part  []byte
}

type credit struct {
	class Class
	bytes uint32
}

type ping struct{ number uint64 }
type pong struct{ number uint64 }
type serves struct{ channels []uint32 }
type bye struct{ reason string }

func (f begin) append(b []byte) []byte {
	b = wire.AppendU32(wire.AppendU32(append(b, kindBegin, byte(f.class)), f.channel), f.size)
	return append(b, f.part...)
}
func (f more) append(b []byte) []byte { return append(append(b, kindMore, byte(f.class)), f.part...) }
func (f credit) append(b []byte) []byte {
	return wire.AppendU32(append(b, kindCredit, byte(f.class)), f.bytes)
}
func (f ping) append(b []byte) []byte { return wire.AppendU64(append(b, kindPing), f.number) }
func (f pong) append(b []byte) []byte { return wire.AppendU64(append(b, kindPong), f.number) }

func (f serves) append(b []byte) []byte {
	b = wire.AppendU32(append(b, kindServes), uint32(len(f.channels)))
	for _, c := range f.channels {
		b = wire.AppendU32(b, c)
	}
	return b
}

func (f bye) append(b []byte) []byte {
	return wire.AppendShort(append(b, kindBye), f.reason[:min(len(f.reason), maxReason)])
}

// appendFrame puts a frame behind b.
func appendFrame(b []byte, f frame) []byte {
	at := len(b)
	b = f.append(append(b, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

// readFrame reads the bytes of one into buf, which has maxFrameBytes.
func readFrame(r io.Reader, buf []byte) ([]byte, error) {
	if _, err := io.ReadFull(r, buf[:4]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(buf)
	if n == 0 || n > maxFrameBytes {
		return nil, junk("a frame of %d bytes (1 to %d are allowed)", n, maxFrameBytes)
	}
	_, err := io.ReadFull(r, buf[:n])
	return buf[:n], err
}

// decodeFrame reads what appendFrame wrote, behind the length. Parts share memory with b.
func decodeFrame(b []byte) (frame, error) {
	r := wire.NewReader(b)
	f := readBody(r)
	if err := r.Done(); err != nil {
		return nil, junk("a frame that doesn't decode: %v", err)
	}
	return f, nil
}

func readBody(r *wire.Reader) frame {
	switch kind := r.U8("kind"); kind {
	case kindBegin:
		return begin{readClass(r), r.U32("channel"), r.U32("size"), readPart(r)}
	case kindMore:
		return more{readClass(r), readPart(r)}
	case kindCredit:
		return credit{readClass(r), r.U32("bytes")}
	case kindPing:
		return ping{r.U64("number")}
	case kindPong:
		return pong{r.U64("number")}
	case kindServes:
		return readServes(r)
	case kindBye:
		return bye{string(r.Short("reason", maxReason))}
	default:
		r.Fail(fmt.Sprintf("kind %d", kind), wire.ErrValue)
	}
	return nil
}

func readClass(r *wire.Reader) Class {
	c := r.U8("class")
	if c >= classes {
		r.Fail("class", wire.ErrValue)
		return 0
	}
	return Class(c)
}

// readPart takes what is left.
func readPart(r *wire.Reader) []byte {
	if n := r.Left(); n == 0 || n > fragmentBytes {
		r.Fail(fmt.Sprintf("part of %d bytes", n), wire.ErrLimit)
	}
	return r.Fixed("part", r.Left())
}

func readServes(r *wire.Reader) (f serves) {
	n := r.Count("channels", MaxChannels, 4)
	if n > 0 {
		f.channels = make([]uint32, n)
	}
	for i := range f.channels {
		f.channels[i] = r.U32("channel")
		if i > 0 && f.channels[i] <= f.channels[i-1] {
			r.Fail("channels", wire.ErrValue)
		}
	}
	return f
}
