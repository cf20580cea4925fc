package mesh

import (
	"bytes"
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
	r := bytes.NewReader(b[1:])
	if _, err := appendMap(nil, r); err != nil {
		return err
	}
	if r.Len() > 0 {
		return errKind
	}
	return nil
}

// begin looks at how a connection begins, and returns that: for whom it is, if the other side has made it, and its kind.
func (l looks) begin(c io.Reader, labelled bool) (head []byte, err error) {
	if head = make([]byte, 1); labelled {
		head = make([]byte, 2+len(l.label)+1)
	}
	n, err := io.ReadFull(c, head)
	if labelled && (n > 0 && head[0] != kindLabel || n > 1 && int(head[1]) != len(l.label) || n == len(head) && string(head[2:n-1]) != l.label) {
		return nil, errLabel
	}
	if err != nil {
		return nil, err
	}
	switch k := head[len(head)-1]; {
	case l.secret && k == kindEncrypt, l.secret && k == kindError && !labelled:
	case l.secret:
		return nil, errKind
	case k == kindPushPull, labelled && k == kindPing, !labelled && (k == kindAck || k == kindError):
	default:
		return nil, errKind
	}
	return head, nil
}

// state looks at what is said of a state that follows.
func (looks) state(b []byte) error {
	var header struct { // memberlist's pushPullHeader
		Nodes        int
		UserStateLen int
		Join         bool
	}
	if err := codec.NewDecoderBytes(b, &codec.MsgpackHandle{}).Decode(&header); err != nil {
		return err
	}
	if header.Nodes < 0 || header.Nodes > mostSaid || header.UserStateLen != 0 {
		return fmt.Errorf("%w: a state of %d nodes and of %d bytes for the user", errKind, header.Nodes, header.UserStateLen)
	}
	return nil
}

// mostMap is more than is ever said of one node: names, addresses, a record.
const mostMap = 4 << 10

// source is what maps are read from.
type source interface {
	io.Reader
	io.ByteReader
}

// appendMap puts the next map of what comes behind b. All that members say are maps of names to numbers, texts and bytes, short ones; who reads MessagePack
// by its rules makes room for as much as any value in it says that it is long, before it has come.
func appendMap(b []byte, r source) ([]byte, error) {
	begin := len(b)
	c, err := r.ReadByte()
	if err != nil {
		return b, err
	}
	b = append(b, c)
	if c>>4 != 0x8 {
		return b, fmt.Errorf("%w: it begins with %#x", errKind, c)
	}
	for i := range 2 * int(c&0xf) {
		if b, err = appendValue(b, r, i%2 == 0, begin+mostMap); errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// appendValue puts a name, or any value, behind b, which it makes no longer than most.
func appendValue(b []byte, r source, name bool, most int) ([]byte, error) {
	c, err := r.ReadByte()
	if err != nil {
		return b, err
	}
	b = append(b, c)
	size, long, text := 0, 0, true // bytes that follow; bytes that say how many; whether it is a text or bytes
	switch {
	case c>>5 == 0b101:
		size = int(c & 0x1f)
	case c == 0xc4 || c == 0xd9:
		long = 1
	case c == 0xc5 || c == 0xda:
		long = 2
	case c == 0xc6 || c == 0xdb:
		long = 4
	case c < 0x80 || c >= 0xe0 || c == 0xc0 || c == 0xc2 || c == 0xc3:
		text = false
	case c >= 0xcc && c <= 0xd3: // numbers of 1, 2, 4 and 8 bytes, without and with a sign
		size, text = 1<<((c-0xcc)%4), false
	default:
		return b, fmt.Errorf("%w: a value that begins with %#x", errKind, c)
	}
	if name && !text {
		return b, fmt.Errorf("%w: a value without a name", errKind)
	}
	for range long {
		if c, err = r.ReadByte(); err != nil {
			return b, err
		}
		b, size = append(b, c), size<<8|int(c)
	}
	if size < 0 || size > most-len(b) { // less than none where an int has 32 bits
		return b, fmt.Errorf("%w: %d bytes", errKind, size)
	}
	b = append(b, make([]byte, size)...)
	n, err := io.ReadFull(r, b[len(b)-size:])
	return b[:len(b)-size+n], err
}
