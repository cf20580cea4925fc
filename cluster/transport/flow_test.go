package transport

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/keys"
)

// byFirst classifies a message by its first byte.
func byFirst(raw []byte) Class { return Class(raw[0]) }

// numbered is a message of n bytes of a class with a number.
func numbered(c Class, number uint32, n int) []byte {
	b := bytes.Repeat([]byte{byte(number)}, max(n, 5))
	b[0] = byte(c)
	binary.BigEndian.PutUint32(b[1:], number)
	return b
}

// N1, N2: what is sent arrives whole, in order within its class, under the name of its sender.
func TestOrder(t *testing.T) {
	n := newNetwork(t)
	a, b := n.host(1), n.host(2)
	from, _ := a.open(t, 7, ChannelConfig{Classify: byFirst})
	to, got := b.open(t, 7, ChannelConfig{})
	connect(t, a, b, from, to)
	sizes := []int{5, fragmentBytes - 1, fragmentBytes, fragmentBytes + 1, 900 << 10, 6, 300 << 10}
	const each = 40
	for i := range uint32(each) {
		for c := range Class(classes) {
			from.Send(b.Key(), numbered(c, i, sizes[int(i)%len(sizes)]/(1+2*int(Votes+1-min(c, 1)))))
		}
	}
	var at [classes]uint32
	for range each * classes {
		l := next(t, "the next message", got)
		c := l.raw[0]
		if number := binary.BigEndian.Uint32(l.raw[1:]); number != at[c] {
			// Votes lose the oldest when they find no room; here there is room for all.
			t.Fatalf("class %d: message %d after %d", c, number, at[c])
		}
		if l.from != a.Key() || !bytes.Equal(l.raw, numbered(Class(c), at[c], len(l.raw))) {
			t.Fatalf("message %d of class %d was changed, or its sender", at[c], c)
		}
		at[c]++
	}
}

// What is urgent overtakes what is not, also while a pipe is full.
func TestPriority(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1)
	from, _ := a.open(t, 7, ChannelConfig{Classify: byFirst})
	n.setMember(testKey(2).Public(), true)
	r := n.dialRaw(a, 2)
	r.send(serves{[]uint32{7}}, credit{Votes, 1 << 20}, credit{Blocks, 40 << 20}, credit{Rest, 1 << 20})
	eventually(t, "the channel is known", func() bool { return len(from.Peers()) == 1 })
	const size = 32 << 20
	from.Spread(numbered(Blocks, 1, size))
	p := a.peer(testKey(2).Public())
	filled := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.out.lanes[Blocks].sent
	}
	last := -1
	eventually(t, "the pipe is full", func() bool { // nothing more leaves while nobody reads
		now := filled()
		full := now == last && now > 0
		last = now
		return full
	})
	from.Spread(numbered(Rest, 2, 1000))
	from.Spread(numbered(Votes, 3, 100))
	var order []Class
	before := 0
	for len(order) < 3 {
		f, err := r.frame()
		if err != nil {
			t.Fatal(err)
		}
		switch f := f.(type) {
		case begin:
			order = append(order, f.class)
		case more:
			if len(order) == 1 {
				before += len(f.part)
			}
		}
	}
	if order[0] != Blocks || order[1] != Votes || order[2] != Rest || before > size/4 {
		t.Errorf("order %v; %d bytes of the block came before the vote", order, before)
	}
}

// N4: what a receiver doesn't take stays with the sender, up to its queue; and N5: nobody else notices.
func TestWindow(t *testing.T) {
	n := newNetwork(t)
	a, b, c := n.host(1), n.host(2), n.host(3)
	aCh, _ := a.open(t, 7, ChannelConfig{Classify: byFirst})
	cCh, _ := c.open(t, 7, ChannelConfig{Classify: byFirst})
	bCh, err := b.Open(7, ChannelConfig{})
	if err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	got := make(chan letter, 10000)
	bCh.Receive(func(from keys.PublicKey, raw []byte) {
		<-hold
		got <- letter{from: from, raw: raw}
	})
	connect(t, a, b, aCh, bCh)
	if err := c.Reach(b.Key(), b.Addr()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both are there", func() bool { return len(bCh.Peers()) == 2 && len(cCh.Peers()) == 1 })
	const size = 100 << 10
	for i := range uint32(1000) { // 100 MB; the window has 16, the queue 16
		aCh.Send(b.Key(), numbered(Rest, i, size))
	}
	p := b.peer(a.Key())
	held := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.held[Rest]
	}
	eventually(t, "the window is full", func() bool { return held() > members[Rest].window-2*charge(size) })
	if full := a.Counts()[CountFull]; full < 600 {
		t.Errorf("%d of 1000 messages found the queue full", full)
	}
	cCh.Send(b.Key(), numbered(Rest, 0, 10))
	cCh.Send(b.Key(), numbered(Votes, 1, 10))
	eventually(t, "the other's messages are there", func() bool {
		b.channels[7].in.mu.Lock()
		defer b.channels[7].in.mu.Unlock()
		return len(b.channels[7].in.boxes[Rest][c.Key()]) == 1 && len(b.channels[7].in.boxes[Votes][c.Key()]) == 1
	})
	if held() > members[Rest].window {
		t.Errorf("%d bytes are held, of %d", held(), members[Rest].window)
	}
	close(hold)
	next(t, "the one that was held", got)
	if l := next(t, "the vote", got); l.raw[0] != byte(Votes) {
		t.Error("a vote waited for the rest")
	}
	for range 2 { // in turn
		if l := next(t, "the next", got); l.from == c.Key() {
			eventually(t, "room is given back", func() bool { return held() < members[Rest].window/2 })
			return
		}
	}
	t.Error("a peer that sent little waits for one that sent much")
}

// N5: who doesn't read loses what doesn't fit, or all if that takes so long that the other hangs up; others get everything.
func TestSlowPeer(t *testing.T) {
	n := newNetwork(t)
	a, b := n.host(1), n.host(2)
	from, _ := a.open(t, 7, ChannelConfig{Classify: byFirst})
	to, got := b.open(t, 7, ChannelConfig{})
	n.setMember(testKey(3).Public(), true)
	slow := n.dialRaw(a, 3)
	slow.send(serves{[]uint32{7}}, credit{Blocks, 1 << 30})
	connect(t, a, b, from, to)
	eventually(t, "both are there", func() bool { return len(from.Peers()) == 2 })
	for i := range uint32(60) { // 240 MB, of which the queue holds 128
		from.Spread(numbered(Blocks, i, 4<<20))
		if l := next(t, "a block", got); binary.BigEndian.Uint32(l.raw[1:]) != i {
			t.Fatalf("block %d is missing", i)
		}
	}
	gone := len(from.Peers()) == 1
	if lost := a.Counts()[CountFull]; lost < 20 && !gone || lost > 60 {
		t.Errorf("%d blocks for the slow peer were dropped", lost)
	}
}

// Who always has more to send pings meanwhile: else it would take the pings of a peer that reads slowly for a flood.
func TestBeatsWhileSending(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1, func(c *Config) { c.Beat = time.Millisecond })
	from, _ := a.open(t, 7, ChannelConfig{Classify: byFirst})
	n.setMember(testKey(3).Public(), true)
	r := n.dialRaw(a, 3)
	r.send(serves{[]uint32{7}}, credit{Blocks, 1 << 30})
	eventually(t, "it is there", func() bool { return len(from.Peers()) == 1 })
	const blocks, size = 25, 4 << 20
	for i := range uint32(blocks) {
		from.Spread(numbered(Blocks, i, size))
	}
	pings, got := 0, 0
	for got < blocks*size {
		f, err := r.frame()
		if err != nil {
			t.Fatalf("after %d bytes: %v", got, err)
		}
		switch f := f.(type) {
		case ping:
			if r.send(pong(f)); got > 0 { // between two parts of what waits
				pings++
			}
		case begin:
			got += len(f.part)
		case more:
			got += len(f.part)
		}
	}
	if pings < 3 {
		t.Errorf("%d pings while %d bytes were sent", pings, got)
	}
}

// N4: what is kept for later fills its sender's window until it is taken, and what is left when the channel closes is given back.
func TestHold(t *testing.T) {
	n := newNetwork(t)
	a, b := n.host(1), n.host(2)
	from, _ := a.open(t, 7, ChannelConfig{Classify: byFirst})
	to, err := b.Open(7, ChannelConfig{})
	if err != nil {
		t.Fatal(err)
	}
	kept := make(chan func(), 10000)
	to.Hold(func(_ keys.PublicKey, _ []byte, taken func()) { kept <- taken })
	connect(t, a, b, from, to)
	const size = 1 << 20
	for i := range uint32(20) { // the window has 16 MiB, and so has the queue
		if i == 10 {
			eventually(t, "the first are there", func() bool { return len(kept) == 10 })
		}
		from.Send(b.Key(), numbered(Rest, i, size))
	}
	p := b.peer(a.Key())
	held := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.held[Rest]
	}
	eventually(t, "the window is full", func() bool { return held() > members[Rest].window-size })
	eventually(t, "what is whole was handed over", func() bool { return len(kept) == held()/charge(size) })
	if n := len(kept); n > members[Rest].window/size {
		t.Errorf("%d messages of a MiB came through a window of %d bytes", n, members[Rest].window)
	}
	for range 20 {
		next(t, "the next message", kept)()
	}
	eventually(t, "all room is given back", func() bool { return held() == 0 })
	to.Hold(nil)
	from.Send(b.Key(), numbered(Rest, 0, size))
	eventually(t, "what nobody takes is given back", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.got == 21 && p.held[Rest] == 0 })
}
