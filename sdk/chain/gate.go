package chain

import (
	"cmp"
	"slices"

	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Gate is what a digests actor keeps of value that a child's digests let out of its branch, and the child's valve doesn't let through yet
// (SPEC 8.7). Nothing counts for its destination before Pass returns it.
//
//	G1  What was taken is passed on once, or waits: nothing is lost, and nothing is made.
//	G2  Between two openings of the window, which are Window heights apart at least, no more than Limit passes.
//	G3  What is taken at a height passes Delay heights later at the earliest.
//	G4  A chain that something waits for gets its turn: a window that is too small for all begins behind the chain that was last.
//
// Value grows ripe in two generations, so that what is kept doesn't depend on how much was sent, or when: the young one becomes the old one,
// and the old one ripe, when Delay heights have passed since that was so before.
type Gate struct {
	Valve   Valve
	Turned  uint64 // the height at which generations turned
	Opened  uint64 // the height at which the window opened
	Passed  Amount // in the window
	Last    ID     // the chain that something passed for last; 0 for none
	Waiting []Withheld
}

// Withheld is the value that waits for one chain, some in one of its ages at least.
type Withheld struct {
	Chain            ID
	Young, Old, Ripe Amount
}

// Take adds what left the branch at a height of the parent, by chain, in ascending order.
func (g *Gate) Take(height uint64, list []Leaving) {
	g.turn(height)
	for _, l := range list {
		if l.Amount.IsZero() {
			continue
		}
		i, found := slices.BinarySearchFunc(g.Waiting, l.Chain, func(w Withheld, id ID) int { return cmp.Compare(w.Chain, id) })
		if !found {
			g.Waiting = slices.Insert(g.Waiting, i, Withheld{Chain: l.Chain})
		}
		w := &g.Waiting[i]
		if g.Valve.Delay == 0 {
			w.Ripe = plus(w.Ripe, l.Amount)
		} else {
			w.Young = plus(w.Young, l.Amount)
		}
	}
}

// Set makes another valve of the gate's, at a height of the parent. What waits has grown older under the one before; it begins a generation anew under
// the new one, as a shorter delay would else end for what has only just come (G3).
func (g *Gate) Set(height uint64, v Valve) {
	g.turn(height)
	if v.Delay != g.Valve.Delay {
		g.Turned = height
	}
	g.Valve = v
}

// Pass is what is let through at a height of the parent, by chain, in ascending order (G2 to G4).
func (g *Gate) Pass(height uint64) (passed []Leaving) {
	g.turn(height)
	g.open(height)
	for _, i := range g.order() {
		w := &g.Waiting[i]
		amount := w.Ripe
		if room, limited := g.room(); limited && room.Less(amount) {
			amount = room
		}
		if amount.IsZero() {
			continue
		}
		if len(passed) == MaxPassed {
			break
		}
		w.Ripe, _ = w.Ripe.Sub(amount)
		if !g.Valve.Limit.IsZero() {
			g.Passed = plus(g.Passed, amount)
		}
		g.Last = w.Chain
		passed = append(passed, Leaving{w.Chain, amount})
	}
	g.Waiting = slices.DeleteFunc(g.Waiting, func(w Withheld) bool { return plus(plus(w.Young, w.Old), w.Ripe).IsZero() })
	slices.SortFunc(passed, func(a, b Leaving) int { return cmp.Compare(a.Chain, b.Chain) })
	return passed
}

// Due says whether something would pass at a height.
func (g *Gate) Due(height uint64) bool {
	other := *g
	other.Waiting = slices.Clone(g.Waiting)
	return len(other.Pass(height)) > 0
}

// order is in which order the chains that something waits for are looked at: from the one behind Last on.
func (g *Gate) order() (list []int) {
	n := len(g.Waiting)
	first, _ := slices.BinarySearchFunc(g.Waiting, g.Last, func(w Withheld, last ID) int {
		if w.Chain <= last {
			return -1
		}
		return 1
	})
	for i := range n {
		list = append(list, (first+i)%n)
	}
	return list
}

// room is what the window lets through yet, if there is a limit.
func (g *Gate) room() (room Amount, limited bool) {
	if g.Valve.Limit.IsZero() {
		return room, false
	}
	room, _ = g.Valve.Limit.Sub(g.Passed) // none where the limit was lowered
	return room, true
}

func (g *Gate) open(height uint64) {
	if height-g.Opened >= uint64(g.Valve.Window) {
		g.Opened, g.Passed = height, Amount{}
	}
}

// turn lets what waits grow older.
func (g *Gate) turn(height uint64) {
	delay := uint64(g.Valve.Delay)
	aging := slices.ContainsFunc(g.Waiting, func(w Withheld) bool { return !w.Young.IsZero() || !w.Old.IsZero() })
	if !aging {
		g.Turned = height
		return
	}
	turns := 2
	if delay > 0 {
		turns = int(min((height-g.Turned)/delay, 2))
	}
	if turns == 0 {
		return
	}
	for i := range g.Waiting {
		w := &g.Waiting[i]
		for range turns {
			w.Ripe, w.Old, w.Young = plus(w.Ripe, w.Old), w.Young, Amount{}
		}
	}
	g.Turned = height
}

// plus is a sum of what has left one branch: that never exceeds what it had.
func plus(a, b Amount) Amount {
	s, err := a.Add(b)
	assert.NoError(err, "sum of what has left a branch")
	return s
}

const withheldBytes = 4 + 3*16

// GateBytes is the length of an encoded Gate with so many chains that something waits for.
func GateBytes(waiting int) int { return 1 + valveBytes + 8 + 8 + 16 + 4 + 4 + waiting*withheldBytes }

// Encode is the canonical encoding.
func (g Gate) Encode() []byte {
	b := g.Valve.Append(append(make([]byte, 0, GateBytes(len(g.Waiting))), 1))
	b = g.Passed.Append(wire.AppendU64(wire.AppendU64(b, g.Turned), g.Opened))
	b = wire.AppendU32(wire.AppendU32(b, uint32(g.Last)), uint32(len(g.Waiting)))
	for _, w := range g.Waiting {
		b = w.Ripe.Append(w.Old.Append(w.Young.Append(wire.AppendU32(b, uint32(w.Chain)))))
	}
	return b
}

// DecodeGate reads what Encode writes.
func DecodeGate(b []byte) (Gate, error) {
	r := wire.NewReader(b)
	r.Version("gate", 1)
	g := Gate{Valve: readValve(r), Turned: r.U64("turned"), Opened: r.U64("opened"), Passed: ReadAmount(r, "passed"), Last: ID(r.U32("last"))}
	g.Waiting = readList(r, "waiting", MaxDestinations, withheldBytes, func() Withheld {
		return Withheld{readChain(r), ReadAmount(r, "young"), ReadAmount(r, "old"), ReadAmount(r, "ripe")}
	})
	ascending(r, "waiting", g.Waiting, func(w Withheld) ID { return w.Chain })
	return g, r.Done()
}
