package mesh

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// The kinds of messages of memberlist's protocol 5 that are told apart here (its net.go).
const (
	kindPing     = 0
	kindAck      = 2
	kindDead     = 5 // the last one that says something of one node
	kindPushPull = 6 // all that a node knows
	kindCompound = 7 // several in one packet
	kindEncrypt  = 10
	kindNack     = 11
	kindSum      = 12 // a checksum, and a message
	kindError    = 13
	kindLabel    = 244
)

// looks knows what members say to each other. memberlist takes memory and time for whatever says that it is long: a state of a million nodes, a
// message to the user, bytes that unpack to forty megabytes, and packets in packets. Nobody in this mesh sends any of that.
//
// Where there are secrets only the envelope is plain: what is in it is of somebody who has one.
type looks struct {
	label  string
	secret bool
}

var (
	errLabel = errors.New("it is for another network")
	errKind  = errors.New("nobody in a mesh says that")
)

// isCut says whether a connection ended or was silent before anything was wrong with it.
func isCut(err error) bool {
	var is net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &is)
}

// packet says what is wrong with one.
func (l looks) packet(b []byte) error {
	label := len(l.label)
	if len(b) < 2+label || b[0] != kindLabel || int(b[1]) != label || string(b[2:2+label]) != l.label {
		return errLabel
	}
	if b = b[2+label:]; l.secret {
		return nil
	}
	if len(b) >= 5 && b[0] == kindSum {
		b = b[5:]
	}
	if len(b) == 0 || b[0] != kindCompound {
		return plain(b)
	}
	if len(b) < 2 || len(b) < 2+2*int(b[1]) {
		return io.ErrUnexpectedEOF
	}
	lengths, rest := b[2:2+2*int(b[1])], b[2+2*int(b[1]):]
	for ; len(lengths) > 0; lengths = lengths[2:] {
		n := int(binary.BigEndian.Uint16(lengths))
		if n > len(rest) {
			return io.ErrUnexpectedEOF
		}
		if err := plain(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// plain says whether a message is one by itself, about one node.
func plain(b []byte) error {
	if len(b) == 0 || b[0] > kindDead && b[0] != kindNack {
		return errKind
	}
	return nil
}

// stream looks at how a connection begins, and returns what it has read of it.
func (l looks) stream(c io.Reader, labelled bool) (ahead []byte, err error) {
	r := &recorder{of: c}
	if labelled {
		head := make([]byte, 2+len(l.label))
		if _, err := io.ReadFull(r, head[:2]); err != nil {
			return r.read, err
		}
		if head[0] != kindLabel || int(head[1]) != len(l.label) {
			return r.read, errLabel
		}
		if _, err := io.ReadFull(r, head[2:]); err != nil {
			return r.read, err
		}
		if string(head[2:]) != l.label {
			return r.read, errLabel
		}
	}
	kind := make([]byte, 1)
	if _, err := io.ReadFull(r, kind); err != nil {
		return r.read, err
	}
	switch k := kind[0]; {
	case l.secret && k == kindEncrypt, l.secret && k == kindError && !labelled:
	case l.secret:
		return r.read, errKind
	case k == kindPushPull:
		return r.read, l.state(r)
	case labelled && k == kindPing, !labelled && (k == kindAck || k == kindError):
	default:
		return r.read, errKind
	}
	return r.read, nil
}

// headerBytes is more than the beginning of a state takes.
const headerBytes = 256

// state looks at what is said of a state that follows.
func (looks) state(r io.Reader) error {
	var header struct { // memberlist's pushPullHeader
		Nodes        int
		UserStateLen int
		Join         bool
	}
	if err := codec.NewDecoder(io.LimitReader(r, headerBytes), &codec.MsgpackHandle{}).Decode(&header); err != nil {
		return err
	}
	if header.Nodes < 0 || header.Nodes > mostSaid || header.UserStateLen != 0 {
		return fmt.Errorf("%w: a state of %d nodes and of %d bytes for the user", errKind, header.Nodes, header.UserStateLen)
	}
	return nil
}

// recorder keeps what is read.
type recorder struct {
	of   io.Reader
	read []byte
}

// Read implements io.Reader.
func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.of.Read(b)
	r.read = append(r.read, b[:n]...)
	return n, err
}
