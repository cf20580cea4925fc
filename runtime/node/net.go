package node

import (
	"fmt"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Net carries bytes between the nodes of one chain in one epoch.
type Net interface {
	// Send hands bytes over for a peer, or for bft.Everyone else. It doesn't wait, and may lose them; it doesn't change them,
	// and neither does the caller afterwards.
	Send(to bft.Peer, raw []byte)
	// Receive sets who is called with what peers send, one call at a time; nil for nobody. From is authenticated. What comes
	// while nobody is set is lost. It returns when no call of an earlier one is under way.
	Receive(take func(from bft.Peer, raw []byte))
}

// What nodes send each other begins with a byte that says what it is. A number, once used, is never given to something else.
const (
	frameConsensus byte = 1 // a message of consensus/bft
	frameMessages  byte = 2 // external messages that the sender took in (SPEC 5.10)
	frameEvidence  byte = 3 // a case against a member (SPEC 6.6)
)

// post is the Net as consensus sees it.
type post struct{ net Net }

// Send encodes the message: nothing but bytes crosses.
func (p post) Send(to bft.Peer, m bft.Message) {
	p.net.Send(to, append([]byte{frameConsensus}, bft.Encode(m)...))
}

const (
	// forwardBytes bounds the external messages of one frame, but for a single one; forwardCount their number.
	forwardBytes = 1 << 20
	forwardCount = 1024
)

// encodeMessages makes a frame of encoded messages.
func encodeMessages(raws [][]byte) []byte {
	b := wire.AppendU32([]byte{frameMessages}, uint32(len(raws)))
	for _, raw := range raws {
		b = wire.AppendBytes(b, raw)
	}
	return b
}

// decodeMessages reads what encodeMessages wrote, behind the first byte. The messages share memory with b.
func decodeMessages(b []byte) (raws [][]byte, err error) {
	r := wire.NewReader(b)
	for range r.Count("messages", forwardCount, 4) {
		raws = append(raws, r.Bytes("message", chain.MaxPublicationBytes))
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("forwarded messages: %w", err)
	}
	return raws, nil
}
