package mesh

import (
	"slices"
	"testing"
	"time"
)

// M4: a node of which others have only the address, and that knows nobody, is found although it comes when those have found each other.
func TestLateSeed(t *testing.T) {
	cut := &cables{}
	late := start(t, 1, cut)
	cut.set(func(_, to string) bool { return to == late.Addr() })
	a := start(t, 2, cut, seeds(late))
	b := start(t, 3, cut, seeds(late, a))
	eventually(t, "two see each other", func() bool { return sees(a, 3) && sees(b, 2) })
	if len(a.Members()) != 1 || len(late.Members()) != 0 {
		t.Fatalf("%v, %v", a.Members(), late.Members())
	}
	cut.set(nil)
	eventually(t, "all see all", func() bool { return sees(a, 1, 3) && sees(b, 1, 2) && sees(late, 2, 3) })
	eventually(t, "no seed is one where nobody is", func() bool { return a.taken()[late.Addr()] && b.taken()[late.Addr()] && b.taken()[a.Addr()] })
	a.Close() // nobody changes what they noted any more
	b.Close()
	if a.seeds.answered[late.Addr()].IsZero() && b.seeds.answered[late.Addr()].IsZero() {
		t.Error("nobody has noted that it answered")
	}
}

// Seeds take turns, but those where somebody is, and those that have just answered: they have names, or are known elsewhere.
func TestSeedsInTurn(t *testing.T) {
	s := seeding{list: []string{"a:1", "b:1", "c:1", "d:1"}, answered: map[string]time.Time{}}
	taken, now := map[string]bool{"b:1": true, "c:1": false}, time.Unix(1000, 0)
	asked := func(want ...string) {
		t.Helper()
		var list []string
		for range 4 {
			list = append(list, s.away(taken, now)...)
		}
		if !slices.Equal(list, want) {
			t.Errorf("asked: %v; want %v", list, want)
		}
	}
	asked("a:1", "c:1", "d:1", "a:1")
	s.heard("c:1", now)
	s.heard("x:1", now)
	now = now.Add(seedPause - 1)
	asked("d:1", "a:1", "d:1", "a:1")
	now = now.Add(1)
	asked("c:1", "d:1", "a:1", "c:1")
	for _, addr := range s.list {
		s.heard(addr, now)
	}
	asked()
	if s.list, s.next = nil, 0; len(s.away(taken, now)) > 0 || len(s.answered) != 4 {
		t.Error(s)
	}
}
