package transport

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/keys"
)

// pair is two hosts on loopback with a channel between them.
func pair(b *testing.B) (a, other *host, from, to *Channel, got chan letter) {
	n := newNetwork(&testing.T{})
	b.Cleanup(func() { a.Close(); other.Close() })
	a, other = n.bench(b, 1), n.bench(b, 2)
	from, _ = a.open(b, 7, ChannelConfig{Classify: byFirst})
	to, got = other.open(b, 7, ChannelConfig{Classify: byFirst})
	connect(b, a, other, from, to)
	return a, other, from, to, got
}

// bench is a host that the benchmark closes itself.
func (n *network) bench(b *testing.B, key byte) *host {
	h := &host{events: make(chan event, 1024)}
	c := Config{Key: testKey(key), Listen: "127.0.0.1:0", Member: n.isMember}
	n.setMember(c.Key.Public(), true)
	var err error
	if h.Host, err = Listen(c); err != nil {
		b.Fatal(err)
	}
	return h
}

// send keeps half a window of messages under way.
func send(b *testing.B, c Class, size int) {
	_, other, from, _, got := pair(b)
	raw := numbered(c, 1, size)
	most := max(1, min(1000, members[c].window/2/charge(size)))
	b.SetBytes(int64(size))
	under := 0
	for b.Loop() {
		if under == most {
			<-got
			under--
		}
		from.Send(other.Key(), raw)
		under++
	}
	for ; under > 0; under-- {
		<-got
	}
}

func BenchmarkVotes(b *testing.B)  { send(b, Votes, 200) }
func BenchmarkBlocks(b *testing.B) { send(b, Blocks, 1<<20) }

// BenchmarkRoundTrip is a vote that is answered.
func BenchmarkRoundTrip(b *testing.B) {
	a, other, from, to, _ := pair(b)
	back := make(chan struct{}, 1)
	to.Receive(func(k keys.PublicKey, raw []byte) { to.Send(k, raw) })
	from.Receive(func(keys.PublicKey, []byte) { back <- struct{}{} })
	raw := numbered(Votes, 1, 200)
	for b.Loop() {
		from.Send(other.Key(), raw)
		<-back
	}
	_ = a
}
