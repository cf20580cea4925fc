package chain

import (
	"fmt"
	"iter"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Warm says which code has run lately, so that who runs other code pays for reading it back from disk, whatever the node that
// runs it holds in memory. Each code's entry names the generation in which it last ran (CodeEntry.Ran), and a slot holds the
// codes of some neighbouring generations. When there is no room for code that comes in, the slot goes whose codes ran longest
// ago: about what a cache does that drops what was used least lately, at a few writes for each code that runs and without ever
// looking for one.
//
//	first … last, load | … | … last, load      a code belongs to the first slot whose last is not below its Ran
//	oldest                        newest
//
// Invariants: the loads of the slots sum up to at most MaxWarm, each to those of the codes that belong to it; there are 1 to
// WarmSlots slots. Code that was warm already makes none cold when it runs: it moves, and the sum stays.
type Warm struct {
	// First is the lowest generation that is warm. Code that never ran has 0, which never is.
	First uint64
	// Slots are the generations from First on, oldest first; code that runs now gets the last one's Last.
	Slots []WarmSlot
	// Given is what loads have cost that nobody paid for, less what others have paid since; at least 0 (MaxGiven).
	Given uint64
}

// WarmSlot are neighbouring generations: up to Last, from behind those of the slot before.
type WarmSlot struct {
	Last uint64
	Load uint64 // sum of CodeEntry.Load
}

// newWarm is that of a chain on which no code ever ran.
func newWarm() Warm { return Warm{First: 1, Slots: []WarmSlot{{Last: 1}}} }

// Has says whether code is warm that last ran in generation ran.
func (w *Warm) Has(ran uint64) bool { return ran >= w.First }

// Total is the loads of all warm code.
func (w *Warm) Total() (sum uint64) {
	for _, s := range w.Slots {
		sum += s.Load
	}
	return sum
}

// Touch lets code run that last ran in generation ran, and whose load is at most MaxWarm. It returns the generation now.
func (w *Warm) Touch(ran, load uint64) uint64 {
	if ran == w.now() {
		return ran
	}
	if w.Has(ran) {
		w.Slots[w.slot(ran)].Load -= load
	}
	if n := w.Slots[len(w.Slots)-1].Load; n > 0 && n+load > MaxWarm/WarmSlots {
		w.Slots = append(w.Slots, WarmSlot{Last: w.now() + 1})
	}
	w.Slots[len(w.Slots)-1].Load += load
	for w.Total() > MaxWarm {
		w.First, w.Slots = w.Slots[0].Last+1, w.Slots[1:]
	}
	for len(w.Slots) > WarmSlots {
		w.join()
	}
	return w.now()
}

func (w *Warm) now() uint64 { return w.Slots[len(w.Slots)-1].Last }

// slot is the place of the slot that a warm generation belongs to.
func (w *Warm) slot(ran uint64) int {
	i := 0
	for w.Slots[i].Last < ran {
		i++
	}
	return i
}

// join makes one slot of the two neighbours that hold least, but for the newest.
func (w *Warm) join() {
	at := 0
	for i := range len(w.Slots) - 2 {
		if w.Slots[i].Load+w.Slots[i+1].Load < w.Slots[at].Load+w.Slots[at+1].Load {
			at = i
		}
	}
	w.Slots[at+1].Load += w.Slots[at].Load
	w.Slots = append(w.Slots[:at:at], w.Slots[at+1:]...)
}

// Check holds the slots to all code that is published on a chain, in any order.
func (w *Warm) Check(codes iter.Seq[CodeEntry]) error {
	sums := make([]uint64, len(w.Slots))
	for c := range codes {
		switch {
		case c.Ran > w.now():
			return fmt.Errorf("warm code: code ran in generation %d, and that now is %d", c.Ran, w.now())
		case w.Has(c.Ran):
			sums[w.slot(c.Ran)] += c.Load
		}
	}
	for i, s := range w.Slots {
		if sums[i] != s.Load {
			return fmt.Errorf("warm code: a load of %d up to generation %d, and that of its code is %d", s.Load, s.Last, sums[i])
		}
	}
	return nil
}

// Settle counts what loads of a block cost: given to who didn't pay, and paid by others.
func (w *Warm) Settle(given, paid uint64) {
	w.Given += given
	w.Given -= min(w.Given, paid)
}

// Gives says whether a hook may load code that it doesn't pay for.
func (w *Warm) Gives() bool { return w.Given < MaxGiven }

// Encode is the canonical encoding.
func (w Warm) Encode() []byte {
	b := append(wire.AppendU64(wire.AppendU64(nil, w.First), w.Given), byte(len(w.Slots)))
	for _, s := range w.Slots {
		b = wire.AppendU64(wire.AppendU64(b, s.Last), s.Load)
	}
	return b
}

// DecodeWarm reads what Encode writes; nothing at all is that of a chain on which no code ever ran.
func DecodeWarm(b []byte) (Warm, error) {
	if len(b) == 0 {
		return newWarm(), nil
	}
	r := wire.NewReader(b)
	w := Warm{First: r.U64("first generation"), Given: r.U64("given")}
	n := int(r.U8("slots"))
	if r.Err() == nil && (n == 0 || n > WarmSlots || w.First == 0) {
		r.Fail(fmt.Sprintf("%d slots of warm code from generation %d", n, w.First), wire.ErrValue)
	}
	next := w.First
	for i := 0; i < n && r.Err() == nil; i++ {
		s := WarmSlot{Last: r.U64("last generation"), Load: r.U64("load")}
		if r.Err() == nil && (s.Last < next || s.Last == 1<<64-1 || s.Load > MaxWarm || w.Total()+s.Load > MaxWarm) {
			r.Fail(fmt.Sprintf("slot %d of warm code up to generation %d with a load of %d", i, s.Last, s.Load), wire.ErrValue)
		}
		w.Slots, next = append(w.Slots, s), s.Last+1
	}
	return w, r.Done()
}
