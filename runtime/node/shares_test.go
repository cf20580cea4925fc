package node

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// A peer that sends without end fills its own share, in number or in bytes, and nobody else's; and others have their turns.
func TestShares(t *testing.T) {
	one, two := keys.PublicKey{1}, keys.PublicKey{2}
	s := newShares[string](3, 100)
	given := map[string]int{}
	put := func(from keys.PublicKey, what string, size int) bool {
		return s.put(from, what, size, func() { given[what]++ })
	}
	for i, c := range []struct {
		from keys.PublicKey
		what string
		size int
		ok   bool
	}{
		{one, "a", 60, true}, {one, "b", 41, false}, {one, "c", 30, true}, {one, "d", 10, true}, {one, "e", 0, false},
		{two, "f", 101, false}, {two, "g", 100, true}, {two, "h", 0, true},
	} {
		if ok := put(c.from, c.what, c.size); ok != c.ok {
			t.Errorf("put %d: %t", i, ok)
		}
	}
	if len(given) > 0 {
		t.Errorf("taken before it was: %v", given)
	}
	got := ""
	for range 2 {
		what, _ := s.next()
		got += what
	}
	if !put(one, "i", 60) {
		t.Error("there is no room where some was taken")
	}
	for what, ok := s.next(); ok; what, ok = s.next() {
		got += what
	}
	if got != "agchdi" {
		t.Errorf("taken in the order %q", got)
	}
	if len(s.of) > 0 || len(s.turns) > 0 {
		t.Errorf("something is left of peers with nothing: %v", s.of)
	}
	put(two, "k", 1)
	s.close()
	if put(one, "l", 1) || fmt.Sprint(given) != "map[a:1 c:1 d:1 g:1 h:1 i:1 k:1]" {
		t.Errorf("given back: %v", given)
	}
}

// Strangers wait while members have something, and get on all the same, however many of either there are.
func TestSharesOfStrangers(t *testing.T) {
	s := newShares[string](100, 100)
	put := func(n byte, stranger bool, what string) {
		if !s.putAs(keys.PublicKey{n}, stranger, what, 1, func() {}) {
			t.Fatal("no room")
		}
	}
	for n := range byte(10) {
		put(100+n, true, "s")
	}
	for range 20 {
		put(1, false, "m")
		put(2, false, "m")
	}
	got := ""
	for what, ok := s.next(); ok; what, ok = s.next() {
		got += what
	}
	m := strings.Repeat("m", strangerTurn)
	if want := m + "s" + m + "s" + m[:8] + strings.Repeat("s", 8); got != want {
		t.Errorf("taken in the order %s, want %s", got, want)
	}
	if len(s.of)+len(s.turns)+len(s.public) > 0 {
		t.Error("something is left")
	}
}

// hearing is a member whose replica, and whoever takes messages in, are busy.
func hearing() *member {
	return &member{
		heard: make(chan heard), ended: make(chan struct{}),
		arrived: newShares[arrival](arrivals, arrivalBytes), charges: newShares[accusation](accusations, accusations*accusationBytes),
	}
}

// A message for the replica keeps its sender's room until the replica takes it: nothing is kept here.
func TestHearHolds(t *testing.T) {
	m := hearing()
	from := keys.PublicKey{1}
	raw := append(wire.AppendU64([]byte{frameConsensus}, 0), bft.Encode(&bft.Want{From: 1})...)
	taken := make(chan struct{})
	go m.hear(from, raw, func() { close(taken) })
	select {
	case <-taken:
		t.Fatal("a message is taken that waits")
	case h := <-m.heard:
		if h.from != from {
			t.Errorf("%+v", h)
		}
	}
	select {
	case <-taken:
	case <-time.After(patience):
		t.Fatal("its sender never has the room back")
	}
	if cap(m.heard) > 0 {
		t.Error("messages of all peers wait together, and keep no room of their senders")
	}
}

// Forwarded messages and accusations keep their sender's room while they wait, and what finds none is counted.
func TestHearBounds(t *testing.T) {
	r := newCommittee(t, 1)
	r.openAll()
	m := hearing()
	m.watch = r.nodes[0].member.watch
	flood, other := keys.PublicKey{1}, keys.PublicKey{2}
	frame := encodeMessages([][]byte{make([]byte, 1<<20)})
	back, fit := 0, arrivalBytes/len(frame)
	for range fit + 3 {
		m.hear(flood, frame, func() { back++ })
	}
	for range accusations + 2 {
		m.hear(flood, make1(frameEvidence, 1000), func() { back++ })
	}
	if back != 5 || counted(t, r.nodes[0], "thinkey_consensus_forwarded_lost_total") != 3 || counted(t, r.nodes[0], "thinkey_consensus_accusations_lost_total") != 2 {
		t.Errorf("room of %d messages was given back; lost: %v frames, %v accusations", back,
			counted(t, r.nodes[0], "thinkey_consensus_forwarded_lost_total"), counted(t, r.nodes[0], "thinkey_consensus_accusations_lost_total"))
	}
	others := 0
	m.hear(other, frame, func() { others++ })
	m.hear(other, make1(frameEvidence, 1000), func() { others++ })
	if others > 0 {
		t.Error("what another sends finds no room")
	}
	if list, _ := m.some(m.arrived); len(list) != fit+1 || list[0].from != flood || list[1].from != other || back != 5+fit || others != 1 {
		t.Errorf("%d are taken, and the room of %d and %d given back", len(list), back, others)
	}
}
