package transport

import (
	"testing"
	"time"
)

// N7: bans double as long as they follow each other. Those of long ago don't count.
func TestBansAreForgotten(t *testing.T) {
	s, now, key := scores{}, time.Unix(1000, 0), testKey(1).Public()
	breaks := func(after, want time.Duration) {
		t.Helper()
		now = now.Add(after)
		if !s.add(key, true, breach, now) {
			t.Error("no ban")
		}
		if until, is := s.banned(key, now); !is || until.Sub(now) != want {
			t.Errorf("banned for %v, want %v", until.Sub(now), want)
		}
	}
	breaks(0, firstBan)
	for ban := 2 * firstBan; ban < longestBan; ban *= 2 {
		breaks(bansKept-1, ban)
	}
	breaks(bansKept-1, longestBan)
	breaks(bansKept, firstBan)
	breaks(time.Minute, 2*firstBan)
	now = now.Add(bansKept - 1)
	if s.add(key, true, offence, now) {
		t.Error("a ban for an offence")
	}
	breaks(bansKept-1, 4*firstBan) // of that it isn't an hour
}
