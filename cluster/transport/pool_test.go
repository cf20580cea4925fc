package transport

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/keys"
)

func TestPool(t *testing.T) {
	for _, c := range []struct {
		name         string
		used, has, n int
		fits         bool
	}{
		{"half for one alone", 1, 1, 49, true},
		{"and no more", 1, 1, 50, false},
		{"in pieces", 49, 49, 1, true},
		{"and no more in pieces", 50, 50, 1, false},
		{"as much as is left", 60, 20, 10, true},
		{"and no more than is left", 60, 21, 10, false},
		{"a message, where nothing is left", 100, 0, 100, true},
		{"a publication, where nothing is left", 190, 10, 10, true},
		{"no more than that", 180, 11, 10, false},
		{"no message, where twice as much is taken", 101, 0, 100, false},
		{"nor a publication", 191, 10, 10, false},
		{"the least, where more than all is taken", 500, 9, 1, true},
		{"no more than the least", 500, 0, 11, false},
	} {
		p := pool{most: 100, once: 20, least: 10, used: c.used}
		if got := p.fits(c.has, c.n); got != c.fits {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// N4: what waits for nodes without a seat that don't take it, and what they send that nobody takes, is bounded for all of them together; a node with a
// seat has its own rooms. What is gone is nobody's any more.
func TestSeatlessShare(t *testing.T) {
	n := newNetwork(t)
	seat := testKey(9).Public()
	a := n.host(1, func(c *Config) { c.Seated = func(k keys.PublicKey) bool { return k == seat } })
	for _, p := range []*pool{&a.waiting, &a.held} {
		p.most, p.once = 8<<20, 2<<20
	}
	from, err := a.Open(7, ChannelConfig{Classify: byFirst})
	if err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	from.Receive(func(keys.PublicKey, []byte) { <-hold })
	var raws []*raw
	keysOf := []byte{2, 3, 9}
	for _, k := range keysOf {
		n.setMember(testKey(k).Public(), true)
		r := n.dialRaw(a, k)
		r.send(serves{[]uint32{7}})
		raws = append(raws, r)
	}
	eventually(t, "all are there", func() bool { return len(from.Peers()) == len(keysOf) })
	waits := func(k byte) int {
		p := a.peer(testKey(k).Public())
		if p == nil {
			return 0
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.out.lanes[Blocks].bytes >> 20
	}
	for i := range uint32(12) {
		for _, k := range keysOf {
			from.Send(testKey(k).Public(), numbered(Blocks, i, 1<<20))
		}
	}
	if x, y, z := waits(2), waits(3), waits(9); x < 1 || y < 1 || x+y > 8 || z != 12 {
		t.Errorf("%d and %d MiB wait for who has no seat, %d for who has one", x, y, z)
	}
	if a.Counts()[CountShare] == 0 {
		t.Error("what isn't sent isn't counted")
	}

	n.setMember(testKey(4).Public(), true)
	gone, already := n.dialRaw(a, 4), a.waiting.is()
	gone.send(serves{[]uint32{7}})
	eventually(t, "one more is there", func() bool { return len(from.Peers()) == len(keysOf)+1 })
	from.Send(testKey(4).Public(), numbered(Blocks, 0, 1<<20))
	eventually(t, "something waits for it", func() bool { return a.waiting.is() > already })
	gone.Close()
	eventually(t, "nothing waits for who is gone", func() bool { return a.waiting.is() == already })

	before := a.Counts()[CountShare]
	for i, r := range raws {
		r.room(Blocks)
		const size = 12 << 20
		part := make([]byte, fragmentBytes)
		part[0] = byte(Blocks)
		frames := []frame{begin{Blocks, 7, size, part}}
		for range 6<<20/fragmentBytes - 1 {
			frames = append(frames, more{Blocks, part})
		}
		for _, f := range frames {
			if _, err := r.Write(appendFrame(nil, f)); err != nil {
				if keysOf[i] == 9 {
					t.Fatal(err)
				}
				break
			}
		}
	}
	eventually(t, "those without a seat are gone", func() bool { return len(from.Peers()) == 1 })
	if got := a.Counts(); got[CountShare] != before+2 || got[CountBans] != 0 {
		t.Errorf("%v", got)
	}
	p := a.peer(seat)
	eventually(t, "all of the node with a seat is there", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.held[Blocks] > 6<<20
	})
	close(hold)
	raws[2].Close()
	eventually(t, "nothing is anybody's any more", func() bool { return a.waiting.is() == 0 && a.held.is() == 0 })
}

func (p *pool) is() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used
}
