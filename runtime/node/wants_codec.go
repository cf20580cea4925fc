package node

import (
	"fmt"

	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// given is an answer to who wants something of a chain: envelopes, in order, or an acknowledgement; none if there is none. The receiver asked
// the sender for the errand, and judges each part before it keeps it.
type given struct {
	relay.Errand
	from uint64 // as was asked: one that comes late is none to the next question
	more bool   // there is more of it
	raws [][]byte
}

// encodeWant makes a frame of what its sender wants. The receiver says what it has of it.
func encodeWant(w *relay.Want) []byte {
	return wire.AppendU64(appendErrand([]byte{frameWant}, w.Errand), w.From)
}

// decodeWant reads what encodeWant wrote, behind the first byte.
func decodeWant(b []byte) (w relay.Want, err error) {
	r := wire.NewReader(b)
	w.Errand = readErrand(r)
	w.From = r.U64("number")
	if err := r.Done(); err != nil {
		return w, fmt.Errorf("what it wants of another chain: %w", err)
	}
	return w, nil
}

func (g *given) encode() []byte {
	more := byte(0)
	if g.more {
		more = 1
	}
	b := append(wire.AppendU64(appendErrand([]byte{frameGiven}, g.Errand), g.from), more)
	b = wire.AppendU32(b, uint32(len(g.raws)))
	for _, raw := range g.raws {
		b = wire.AppendBytes(b, raw)
	}
	return b
}

// much says whether it is as much as who has more gives at once, also to a stranger: with less of it, that there is more is no reason to go on with
// the same node.
func (g *given) much() bool {
	size := 0
	for _, raw := range g.raws {
		size += len(raw)
	}
	return len(g.raws) == relay.MaxGiven || size >= publicGift/4
}

// decodeGiven reads what encode wrote, behind the first byte. The parts share memory with b.
func decodeGiven(b []byte) (g given, err error) {
	r := wire.NewReader(b)
	g.Errand = readErrand(r)
	g.from = r.U64("number")
	more := r.U8("more")
	if more > 1 {
		r.Fail("more", wire.ErrValue)
	}
	g.more = more == 1
	size := 0
	for range r.Count("parts", relay.MaxGiven, 4) {
		raw := r.Bytes("part", relay.MaxTold)
		if size += len(raw); size > relay.GivenBytes && len(g.raws) > 0 {
			r.Fail("parts", wire.ErrLimit)
		}
		g.raws = append(g.raws, raw)
	}
	if err := r.Done(); err != nil {
		return given{}, fmt.Errorf("what it has for another chain: %w", err)
	}
	return g, nil
}

func appendErrand(b []byte, e relay.Errand) []byte {
	return append(wire.AppendU32(wire.AppendU32(b, uint32(e.To)), uint32(e.Of)), byte(e.What))
}

func readErrand(r *wire.Reader) (e relay.Errand) {
	e.To, e.Of, e.What = chain.ID(r.U32("chain")), chain.ID(r.U32("other chain")), relay.Goods(r.U8("kind"))
	if r.Err() == nil && e.What != relay.Relays && e.What != relay.Taken {
		r.Fail(fmt.Sprintf("kind %d", e.What), wire.ErrValue)
	}
	return e
}
