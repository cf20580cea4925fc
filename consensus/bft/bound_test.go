package bft

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// R8, by tables: which block a justification demands. Blocks are named by a byte, 0 for none; each entry is what one seat, or
// some, said: the round and block of the highest certificate, and of the last preparation.
func TestBound(t *testing.T) {
	type said struct {
		seats  int
		highIn uint32
		high   byte
		lastIn uint32
		last   byte
	}
	mark := func(round uint32, block byte) chain.Mark {
		if block == 0 {
			return chain.Mark{}
		}
		return chain.Mark{Round: round, Block: chain.BlockHash{block}}
	}
	for _, c := range []struct {
		name   string
		n, c   int
		said   []said
		demand byte
	}{
		{"nobody prepared", 4, 0, []said{{3, 0, 0, 0, 0}}, 0},
		{"f seats prepared", 4, 0, []said{{1, 0, 0, 0, 'A'}, {2, 0, 0, 0, 0}}, 0},
		{"f + 1 seats prepared", 4, 0, []said{{2, 0, 0, 0, 'A'}, {1, 0, 0, 0, 0}}, 'A'},
		{"f + 1 seats prepared it in two rounds", 4, 0, []said{{1, 0, 0, 1, 'A'}, {1, 0, 0, 3, 'A'}, {1, 0, 0, 0, 'B'}}, 'A'},
		{"as many prepared each", 7, 0, []said{{2, 0, 0, 0, 'A'}, {2, 0, 0, 0, 'B'}, {1, 0, 0, 0, 0}}, 0},
		{"a certificate", 4, 0, []said{{1, 2, 'A', 2, 'A'}, {2, 0, 0, 0, 0}}, 'A'},
		{"the highest of two certificates", 4, 0, []said{{1, 2, 'A', 2, 'A'}, {1, 5, 'B', 5, 'B'}, {1, 1, 'C', 1, 'C'}}, 'B'},
		{"the highest comes first", 4, 0, []said{{1, 5, 'B', 5, 'B'}, {1, 2, 'A', 2, 'A'}, {1, 1, 'C', 1, 'C'}}, 'B'},
		{"prepared before the certificate", 4, 0, []said{{2, 0, 0, 1, 'A'}, {1, 2, 'B', 2, 'B'}}, 'B'},
		{"prepared in the certificate's round", 4, 0, []said{{2, 0, 0, 2, 'A'}, {1, 2, 'B', 2, 'B'}}, 'B'},
		{"prepared after the certificate", 4, 0, []said{{2, 2, 'B', 3, 'A'}, {1, 2, 'B', 2, 'B'}}, 'A'},
		{"one before and one after", 4, 0, []said{{1, 0, 0, 1, 'A'}, {1, 0, 0, 3, 'A'}, {1, 2, 'B', 2, 'B'}}, 'B'},
		{"after a lower certificate, before the highest", 4, 0, []said{{2, 1, 'C', 2, 'A'}, {1, 3, 'B', 3, 'B'}}, 'B'},
		{"silent seats: f + c prepared", 6, 1, []said{{2, 0, 0, 0, 'A'}, {3, 0, 0, 0, 0}}, 0},
		{"silent seats: f + c + 1 prepared", 6, 1, []said{{3, 0, 0, 0, 'A'}, {2, 0, 0, 0, 0}}, 'A'},
	} {
		r := &Replica{quorums: chain.QuorumsOf(c.n, c.c)}
		j := &Justification{}
		seat := 0
		for _, s := range c.said {
			var seats chain.Seats
			for range s.seats {
				seats = seats.With(seat)
				seat++
			}
			j.Said = append(j.Said, chain.Said{Seats: seats, Timeout: chain.Timeout{Round: 9, Highest: mark(s.highIn, s.high), Last: mark(s.lastIn, s.last)}})
		}
		block, bound := r.bound(j)
		if got := block[0]; got != c.demand || bound != (c.demand != 0) {
			t.Errorf("%s: it demands %q (%t), want %q", c.name, got, bound, c.demand)
		}
	}
	if _, bound := (&Replica{}).bound(nil); bound {
		t.Error("round 0 is bound")
	}
}
