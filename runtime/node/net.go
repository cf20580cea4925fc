package node

import (
	"bytes"
	"fmt"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Net carries bytes between the nodes of one chain, each of whom is known by its key, whether it has a seat in this epoch or not.
type Net interface {
	// Send hands bytes over for a node, Spread for all others. They don't wait, and may lose them; they don't change them, and
	// neither does the caller afterwards.
	Send(to keys.PublicKey, raw []byte)
	Spread(raw []byte)
	// Hold sets who is called with what others send, one call at a time; nil for nobody. From is authenticated. What comes
	// while nobody is set is lost. It returns when no call of an earlier one is under way. Whoever is called says once when a
	// message is taken out of where it waits: a Net between machines bounds for each sender what is not (transport.Channel).
	Hold(take func(from keys.PublicKey, raw []byte, taken func()))
}

// What nodes send each other begins with a byte that says what it is. A number, once used, is never given to something else.
const (
	frameConsensus byte = 1  // an epoch, and a message of consensus/bft from the replica of that
	frameMessages  byte = 2  // external messages that the sender took in (SPEC 5.10)
	frameEvidence  byte = 3  // a case against a member (SPEC 6.6)
	frameBlock     byte = 4  // a final block with its certificate, that is spread (SPEC 10.2)
	frameName      byte = 5  // the name of such a frame, and the block's height
	frameAsk       byte = 6  // the name of a frame that the sender wants
	frameQuestion  byte = 8  // the height of the sender's head: it wants the blocks after it, and has no seat
	frameFinals    byte = 9  // final blocks that the receiver has asked for so
	frameRange     byte = 10 // from which height on the sender lacks blocks, and how many it asks for
	frameRun       byte = 11 // the answer: those that are here, and which ones that are
	frameState     byte = 12 // a question for a state, of who begins with one (stateAsk)
	frameStateIs   byte = 13 // the answer (stateIs)
	frameWant      byte = 14 // what the sender lacks of another chain: relays, or what was taken in of its own (SPEC 8.4)
	frameGiven     byte = 15 // the answer: them with their proof
	frameEnvelope  byte = 7  // relays, or what was taken in of them, with their proof, that were brought to the sender or told of (SPEC 8.2)
)

// post is the Net as the replica of the present epoch sees it.
type post struct{ of *member }

// Send encodes the message: nothing but bytes crosses.
func (p post) Send(to bft.Peer, m bft.Message) {
	raw := encodeConsensus(p.of.epoch.Seats.Epoch, m)
	switch {
	case to == bft.Everyone && bft.ForAll(m):
		p.of.Net.Spread(raw)
	case to == bft.Everyone:
		for node := range p.of.epoch.Roster.Members() {
			if node != p.of.Node {
				p.of.Net.Send(node, raw)
			}
		}
	default:
		if node, ok := p.of.epoch.Roster.Node(to); ok {
			p.of.Net.Send(node, raw)
		}
	}
}

func encodeConsensus(epoch uint64, m bft.Message) []byte {
	return bft.Append(wire.AppendU64([]byte{frameConsensus}, epoch), m)
}

// decodeConsensus reads what encodeConsensus wrote, behind the first byte. The message shares memory with b.
func decodeConsensus(b []byte) (epoch uint64, m bft.Message, err error) {
	r := wire.NewReader(b)
	if epoch = r.U64("epoch"); r.Err() != nil {
		return 0, nil, fmt.Errorf("consensus message: %w", r.Err())
	}
	m, err = bft.Decode(b[8:])
	return epoch, m, err
}

const (
	// forwardBytes bounds the external messages of one frame, but for a single one; forwardCount their number.
	forwardBytes = 1 << 20
	forwardCount = 1024
)

// encodeMessages makes a frame of encoded messages.
func encodeMessages(raws [][]byte) []byte {
	size := 5
	for _, raw := range raws {
		size += 4 + len(raw)
	}
	b := wire.AppendU32(append(make([]byte, 0, size), frameMessages), uint32(len(raws)))
	for _, raw := range raws {
		b = wire.AppendBytes(b, raw)
	}
	return b
}

// decodeMessages reads what encodeMessages wrote, behind the first byte. Each message has memory of its own: one that waits must not hold on to the
// frame, which may be much longer, and counts as no more than itself.
func decodeMessages(b []byte) (raws [][]byte, err error) {
	r := wire.NewReader(b)
	size := 0
	for range r.Count("messages", forwardCount, 4) {
		raws = append(raws, bytes.Clone(r.Bytes("message", chain.MaxPublicationBytes)))
		if size += len(raws[len(raws)-1]); size > forwardBytes && len(raws) > 1 {
			r.Fail("messages", wire.ErrLimit)
		}
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("forwarded messages: %w", err)
	}
	return raws, nil
}
