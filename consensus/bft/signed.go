package bft

import (
	"cmp"
	"fmt"
)

// Signed is the last that a member signed on a chain: what it must not fall behind, wherever it runs next. Which block it was is not
// said: whoever has no more than this signs nothing of the height again.
type Signed struct {
	Epoch, Height uint64
	Round         uint32
	Step          Deed
}

// Deed is what was signed last in a round.
type Deed uint8

// Of a height of which nothing was signed yet, and of what is signed in a round, in the order in which a member does it.
const (
	DidNothing Deed = iota
	DidPrepare
	DidConfirm
	DidTimeOut
)

var deeds = [...]string{"nothing", "preparation", "confirmation", "timeout"}

// String is the deed's name.
func (d Deed) String() string {
	if int(d) < len(deeds) {
		return deeds[d]
	}
	return fmt.Sprintf("deed %d", d)
}

// ParseDeed reads what String writes.
func ParseDeed(s string) (Deed, error) {
	for d, name := range deeds {
		if name == s {
			return Deed(d), nil
		}
	}
	return 0, fmt.Errorf("step %q: it is nothing, preparation, confirmation or timeout", s)
}

// Signed is the last that the safety says was signed; false if it doesn't know.
func (s *Safety) Signed() (Signed, bool) {
	last := Signed{Epoch: s.Epoch, Height: s.Height}
	later := func(round uint32, step Deed) {
		if now := (Signed{s.Epoch, s.Height, round, step}); last.Compare(now) < 0 {
			last = now
		}
	}
	if !s.Prepared.IsZero() {
		later(s.Prepared.Round, DidPrepare)
	}
	if !s.Confirmed.IsZero() {
		later(s.Confirmed.Round, DidConfirm)
	}
	if s.Timeout != nil {
		later(s.Timeout.Round, DidTimeOut)
	}
	return last, !s.Lost
}

// Compare is -1 if g was signed before other, 0 if both are the same, 1 if it was signed after it.
func (g Signed) Compare(other Signed) int {
	return cmp.Or(cmp.Compare(g.Epoch, other.Epoch), cmp.Compare(g.Height, other.Height), cmp.Compare(g.Round, other.Round), cmp.Compare(g.Step, other.Step))
}

// Behind is the Safety of a member of which no more is known than the last that it signed: it signs nothing of that height, nor of one
// below, in that epoch (SPEC 5.6).
func Behind(last Signed) Safety {
	if last.Step == DidNothing {
		return Safety{Epoch: last.Epoch, Height: last.Height}
	}
	return Safety{Epoch: last.Epoch, Height: last.Height + 1}
}

// Raise is what holds for a member that has s on its disk, and signed last elsewhere. What it doesn't know stays unknown: it waits as before.
func (s Safety) Raise(last Signed) (raised Safety, changed bool) {
	own, known := s.Signed()
	if !known || own.Compare(last) >= 0 {
		return s, false
	}
	return Behind(last), true
}

// MaxSigned bounds the heights and epochs of a record that comes from outside: what is above it no chain reaches.
const MaxSigned = 1 << 62

// Check says why a record can't be that of a member.
func (g Signed) Check() error {
	if g == (Signed{}) {
		return nil // it never signed
	}
	if g.Height == 0 || g.Height > MaxSigned || g.Epoch > MaxSigned {
		return fmt.Errorf("height %d of epoch %d: a height is from 1 to %d", g.Height, g.Epoch, uint64(MaxSigned))
	}
	if g.Step > DidTimeOut || g.Step == DidNothing && g.Round != 0 {
		return fmt.Errorf("%s in round %d", g.Step, g.Round)
	}
	return nil
}

// String says where it was signed.
func (g Signed) String() string {
	return fmt.Sprintf("%s, height %d, round %d, epoch %d", g.Step, g.Height, g.Round, g.Epoch)
}
