package placement

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// ErrFrame is a frame of proto.actor's that no node following the protocol sends.
var ErrFrame = errors.New("frame for proto.actor")

// Numbers of the fields of proto.actor's frames.
const (
	frameBatch     = 1 // of a frame
	batchEnvelopes = 3 // of a batch
	maxNames       = 512
	// mostFields is how many fields any of our frames has at one level: protobuf makes an object of hundreds of bytes of two bytes that
	// say "one more", so they are counted before it sees them.
	mostFields = 8
)

// limited is gRPC's encoding, with limits in front: a frame is what this node may be sent, or it isn't decoded.
type limited struct{}

// Name implements encoding.Codec.
func (limited) Name() string { return "proto" }

// Marshal implements encoding.Codec.
func (limited) Marshal(v any) ([]byte, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%w: %T is no message", ErrFrame, v)
	}
	return proto.Marshal(m)
}

// Unmarshal implements encoding.Codec. A frame that isn't one is handed on as one that says nothing, which the guards refuse: gRPC would
// give the same error for it as for a connection that broke in the middle of a frame, which is nobody's fault.
func (limited) Unmarshal(b []byte, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return fmt.Errorf("%w: %T is no message", ErrFrame, v)
	}
	if checkFrame(b) != nil || proto.Unmarshal(b, m) != nil {
		proto.Reset(m)
	}
	return nil
}

// checkFrame holds a frame to as many fields, and fields as long, as ours have, before anything is made of it.
func checkFrame(b []byte) error {
	return eachField(b, func(number protowire.Number, value []byte) error {
		if number != frameBatch {
			return short(value)
		}
		return eachField(value, func(number protowire.Number, value []byte) error {
			if number != batchEnvelopes {
				return short(value)
			}
			return eachField(value, func(protowire.Number, []byte) error { return nil })
		})
	})
}

func short(value []byte) error {
	if len(value) > maxNames {
		return fmt.Errorf("%w: %d bytes of a name (limit %d)", ErrFrame, len(value), maxNames)
	}
	return nil
}

// eachField shows the fields of a message; value is nil but for those that have a length.
func eachField(b []byte, show func(number protowire.Number, value []byte) error) error {
	for n := 0; len(b) > 0; n++ {
		if n == mostFields {
			return fmt.Errorf("%w: more than %d fields", ErrFrame, mostFields)
		}
		number, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return fmt.Errorf("%w: %w", ErrFrame, protowire.ParseError(size))
		}
		b = b[size:]
		var value []byte
		if kind == protowire.BytesType {
			value, size = protowire.ConsumeBytes(b)
		} else {
			size = protowire.ConsumeFieldValue(number, kind, b)
		}
		if size < 0 {
			return fmt.Errorf("%w: %w", ErrFrame, protowire.ParseError(size))
		}
		b = b[size:]
		if err := show(number, value); err != nil {
			return err
		}
	}
	return nil
}
