package block

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// EncodeOutbox is how an outbox is kept beside its block; nothing for an empty one. The block's header vouches for it.
func EncodeOutbox(list []Outgoing) []byte {
	if len(list) == 0 {
		return nil
	}
	b := wire.AppendU32(nil, uint32(len(list)))
	for _, o := range list {
		b = wire.AppendU64(wire.AppendU32(b, uint32(o.To)), o.Number)
		b = wire.AppendBytes(b, o.Message.Encode())
	}
	return b
}

// DecodeOutbox reads what EncodeOutbox writes.
func DecodeOutbox(b []byte) ([]Outgoing, error) {
	if len(b) == 0 {
		return nil, nil
	}
	r := wire.NewReader(b)
	list := make([]Outgoing, 0, min(len(b)/outgoingBytes, chain.MaxBlockEvents))
	for range r.Count("relays", chain.MaxBlockEvents, outgoingBytes) {
		o := Outgoing{To: chain.ID(r.U32("destination")), Number: r.U64("number")}
		raw := r.Bytes("relay", chain.MaxMessageBytes)
		if r.Err() != nil {
			break
		}
		var err error
		if o.Message, err = chain.DecodeMessage(raw); err != nil {
			r.Fail("relay: "+err.Error(), wire.ErrValue)
			break
		}
		if o.Message.Kind != chain.Relay || o.Message.To.Chain() != o.To || o.To == 0 {
			r.Fail("relay to another chain than it says", wire.ErrValue)
			break
		}
		list = append(list, o)
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return list, nil
}

// outgoingBytes is the least length of a relay in an outbox.
const outgoingBytes = 4 + 8 + 4 + 64
