package node

import (
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// What is read for strangers takes time, also if nothing of it can be sent to them: else a question of nine bytes, as often as it comes, made a node
// read its longest block.
func TestPublicPause(t *testing.T) {
	long := bft.Final{Raw: make([]byte, publicAnswer+1)}
	for _, c := range []struct {
		blocks      []bft.Final
		least, most time.Duration
	}{
		{nil, time.Microsecond, time.Millisecond},
		{[]bft.Final{long}, time.Second / 4, time.Second},
		{[]bft.Final{{Raw: make([]byte, publicAnswer/2)}}, time.Second / 8, time.Second / 7},
		{[]bft.Final{long, long, long, long, long}, time.Second, time.Second},
	} {
		if p := publicPause(c.blocks); p < c.least || p > c.most {
			t.Errorf("%d blocks: %v", len(c.blocks), p)
		}
	}
}

// No more blocks are read for a stranger than it can be sent, but for one.
func TestFinalsWithin(t *testing.T) {
	r := newFollowed(t, 0)
	for i := range r.nodes {
		r.openDeaf(i, nil)
	}
	for nonce := range uint64(4) {
		r.pay(0, payment(r.nodes[0], 1, 2, 1, nonce))
	}
	kept := r.nodes[0].kept
	all, err := kept.Finals(1)
	if err != nil || len(all) < 4 {
		t.Fatalf("%d blocks, %v", len(all), err)
	}
	if some, err := kept.FinalsWithin(1, bft.MaxFinals, 1); err != nil || len(some) != 1 {
		t.Errorf("%d blocks of one byte, %v", len(some), err)
	}
}

// outsider is a node's way to others that don't have it registered.
type outsider struct {
	Net
	sent chan []byte
}

func (outsider) Stranger(keys.PublicKey) bool { return false }
func (outsider) Registered() bool             { return false }

func (o outsider) Send(_ keys.PublicKey, raw []byte) {
	if raw[0] == frameMessages {
		o.sent <- raw
	}
}

// A stranger passes on what members take of it. For something longer they would hang up, each time that it is offered.
func TestStrangerPassesOnShort(t *testing.T) {
	r := newFollowed(t, 1)
	out := outsider{sent: make(chan []byte, 100)}
	r.openDeaf(4, func(n Net) Net { out.Net = n; return out })
	long, short := make([]byte, chain.MaxMessageBytes+1), make([]byte, chain.MaxMessageBytes)
	r.nodes[4].member.sendMessages([][]byte{long, short, long, short[:10], long})
	r.stop(4)
	close(out.sent)
	got := 0
	for raw := range out.sent {
		raws, err := decodeMessages(raw[1:])
		if got += len(raws); err != nil || len(raw) > chain.MaxMessageBytes+8<<10 {
			t.Errorf("a frame of %d bytes, %v", len(raw), err)
		}
	}
	if got != 2*strangeMembers {
		t.Errorf("%d messages are passed on", got)
	}
}
