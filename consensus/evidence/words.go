package evidence

import (
	"fmt"
	"strings"

	"github.com/thinkey/thinkey/sdk/chain"
)

// words say what the guilty seats did, in a sentence without end.
func (k *Case) words(v *Verdict) string {
	who := seatWords(v.Guilty)
	if k.Backing != nil {
		return fmt.Sprintf("%s prepared a block in round %d of height %d that is not valid: %s", who, v.Round, v.Height, strings.TrimPrefix(v.Fault.Error(), "block not valid: "))
	}
	e := &k.Contradiction.Evidence
	a, b := &e.First, &e.Second
	switch {
	case v.Kind == TwoVotes:
		return fmt.Sprintf("%s %s two blocks in round %d of height %d: %s and %s", who, did(a.Vote.Step), v.Round, v.Height, a.Vote.Block, b.Vote.Block)
	case v.Kind == TwoTimeouts:
		return fmt.Sprintf("%s signed two timeouts of round %d of height %d: one with %s, one with %s", who, v.Round, v.Height, marks(a.Timeout), marks(b.Timeout))
	case a.Vote != nil:
		a, b = b, a
	}
	return fmt.Sprintf("%s %s block %s in round %d of height %d, and concealed it in a timeout of round %d, with %s",
		who, did(b.Vote.Step), b.Vote.Block, b.Vote.Round, v.Height, a.Timeout.Round, marks(a.Timeout))
}

func did(s chain.Step) string {
	if s == chain.Confirmation {
		return "confirmed"
	}
	return "prepared"
}

func marks(t *chain.Timeout) string {
	return "the highest certificate " + mark(t.Highest) + " and the last preparation " + mark(t.Last)
}

func mark(m chain.Mark) string {
	if m.IsZero() {
		return "none"
	}
	return fmt.Sprintf("of block %s in round %d", m.Block, m.Round)
}

// seatWords name seats and their nodes.
func seatWords(seats []Seat) string {
	var parts []string
	for i, s := range seats {
		part := fmt.Sprintf("seat %d", s.Seat)
		if i+1 == len(seats) || seats[i+1].Member != s.Member {
			part += fmt.Sprintf(" of node %s", s.Member)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}
