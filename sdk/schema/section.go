package schema

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/abi"
)

// ErrNone is a module that says nothing about itself: its methods are called with bytes alone.
var ErrNone = errors.New("the module has no schema; give its input as bytes")

// Read finds and checks the schema of a module. It reads the lengths of sections and the one section alone, so the module
// may be any that was published.
func Read(code []byte) (*Contract, error) {
	const header = "\x00asm\x01\x00\x00\x00"
	if len(code) < len(header) || string(code[:len(header)]) != header {
		return nil, errors.New("not a WebAssembly module")
	}
	for rest := code[len(header):]; len(rest) > 0; {
		id := rest[0]
		content, after, ok := prefixed(rest[1:])
		if !ok {
			return nil, fmt.Errorf("section %d of the module ends early", id)
		}
		rest = after
		if id != 0 {
			continue
		}
		name, body, ok := prefixed(content)
		if !ok {
			return nil, errors.New("a custom section of the module ends early")
		}
		if string(name) == abi.SchemaSection {
			return Parse(body)
		}
	}
	return nil, ErrNone
}

// prefixed reads a length, in LEB128, and as many bytes.
func prefixed(b []byte) (content, rest []byte, ok bool) {
	n, shift := uint64(0), 0
	for i, c := range b {
		n |= uint64(c&0x7f) << shift
		if shift += 7; c < 0x80 {
			if b = b[i+1:]; n > uint64(len(b)) {
				return nil, nil, false
			}
			return b[:n], b[n:], true
		}
		if shift > 28 {
			break
		}
	}
	return nil, nil, false
}
