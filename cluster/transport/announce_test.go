package transport

import (
	"testing"
	"time"
)

// N7: a node that opens a channel for each of many chains, and closes them one by one, follows the protocol: others know of all, and ban nobody.
func TestManyChannels(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1, func(c *Config) { c.Beat = 2 * time.Second })
	b := n.host(2, func(c *Config) { c.Beat = time.Hour }) // all that a says comes between two beats of it
	aCh, _ := a.open(t, 1000, ChannelConfig{})
	bCh, _ := b.open(t, 1000, ChannelConfig{})
	connect(t, a, b, aCh, bCh)
	to, from := a.peer(b.Key()), b.peer(a.Key())
	said := func() bool { // what was to be said so far
		to.mu.Lock()
		defer to.mu.Unlock()
		return to.conn == nil || !to.conn.tell
	}
	var all []*Channel
	for id := range uint32(200) {
		c, _ := a.open(t, id, ChannelConfig{})
		all = append(all, c)
		eventually(t, "it is said", said)
	}
	banned := func() bool { return b.Counts()[CountBans] > 0 }
	known := func() (count int) {
		for id := range uint32(200) {
			if from.has(id) {
				count++
			}
		}
		return count
	}
	eventually(t, "all are known", func() bool { return known() == 200 || banned() })
	for _, c := range all {
		c.Close()
		eventually(t, "it is said", said)
	}
	eventually(t, "none is left", func() bool { return known() == 0 })
	if c := b.Counts(); c[CountJunk] > 0 || banned() || connections(b) != 1 || !from.has(1000) {
		t.Errorf("%v", c)
	}
}

// A node that stops says goodbye, and not one by one which channels it closes.
func TestChannelsAtTheEnd(t *testing.T) {
	n := newNetwork(t)
	a := n.host(1, func(c *Config) { c.Beat = tellsEach * 50 * time.Microsecond })
	for id := range uint32(500) {
		a.open(t, id, ChannelConfig{})
	}
	n.setMember(testKey(2).Public(), true)
	r := n.dialRaw(a, 2)
	for all := false; !all; {
		f, err := r.frame()
		if err != nil {
			t.Fatal(err)
		}
		s, ok := f.(serves)
		all = ok && len(s.channels) == 500
	}
	go a.Close()
	for {
		f, err := r.frame()
		if err != nil { // behind the goodbye
			return
		}
		if s, ok := f.(serves); ok && len(s.channels) < 500 {
			t.Errorf("%d channels", len(s.channels))
		}
	}
}
