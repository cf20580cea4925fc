package order

import "slices"

// Explorer runs every order that is possible of the messages under way, each once. Two runs that differ only in how events
// of different accounts interleave are one order: σ is what each account processed, in order, and that is all that any of
// them can notice. Nothing is assumed of the accounts but what an Actor promises.
//
// # How
//
// Running all interleavings and dropping repeats is hopeless: eight accounts with a message each have 40,320 interleavings
// and one σ. Persistent sets don't help: any account may still send to any other, so no set of next events is safe to try
// alone. What does is to look at a complete run afterwards (dynamic partial-order reduction, in the optimal form with
// wakeup trees of Abdulla, Aronis, Jonsson and Sagonas, 2014):
//
//	run to the end ──► races: neighbours e, e' of one account, where e' could have come first
//	     ▲                │  that is: not from the same sender (O5), and not sent because of e
//	     │                ▼
//	next branch ◄── before e: insert into the wakeup tree what does not depend on e, then e'
//
// A wakeup tree holds the branches still to be tried at a place of the run that is now on the stack, each as a sequence of
// events that leads to a new order for certain. A sleep set holds what was tried at a place already: a branch that could
// begin with something asleep would repeat an order. So no run is begun that doesn't end in a new order, and the depth of
// the stack is the length of a run.
//
// # Invariants
//
//	X1  Every order visited is a possible one: Check finds no Fault in it.
//	X2  Every possible order is visited, if Explore ends by itself.
//	X3  None is visited twice, and no run is abandoned.
//
// A brute force in the tests finds the same orders, for a table of small programs and for random ones.
type Explorer[M comparable, S any] struct {
	// Flight is where to start; Explore leaves it there.
	Flight *Flight[M, S]
	// Visit is called at the end of every run, with the Flight there. False ends the exploration.
	Visit func() bool
	// Most is how many messages may be under way at once; 0 is any number.
	Most int

	steps     []step[M] // by event of the flight: the place before it
	abandoned int       // runs that led nowhere: X3 says none
}

// End says how an exploration ended.
type End uint8

const (
	Complete End = iota + 1 // every order was visited
	Stopped                 // by Visit
	Crowded                 // more than Most messages were under way at once
)

// step is a place of the run on the stack.
type step[M comparable] struct {
	sleep []Turn[M] // tried here, or before and not touched since
	wake  *wake[M]  // to be tried, the branch under way first
}

// wake is a node of a wakeup tree: after the turn that leads to it, any of next has to be tried, in order. Without next it is
// for the explorer to choose.
type wake[M comparable] struct {
	turn Turn[M]
	next []*wake[M]
}

// Explore visits the orders.
func (x *Explorer[M, S]) Explore() End {
	x.steps = x.steps[:0]
	return x.explore(nil, &wake[M]{})
}

func (x *Explorer[M, S]) explore(sleep []Turn[M], tree *wake[M]) End {
	if x.Most > 0 && x.Flight.Flying() > x.Most {
		return Crowded
	}
	ready := x.Flight.Ready()
	if len(ready) == 0 {
		x.races()
		if !x.Visit() {
			return Stopped
		}
		return Complete
	}
	if len(tree.next) == 0 {
		i := slices.IndexFunc(ready, func(t Turn[M]) bool { return !slices.Contains(sleep, t) })
		if i < 0 {
			x.abandoned++
			return Complete
		}
		tree.next = []*wake[M]{{turn: ready[i]}}
	}
	depth := len(x.steps)
	x.steps = append(x.steps, step[M]{slices.Clone(sleep), tree})
	defer func() { x.steps = x.steps[:depth] }()
	for len(tree.next) > 0 { // races of the runs below add to it
		if end := x.branch(depth, tree.next[0]); end != Complete {
			return end
		}
		tree.next = tree.next[1:]
	}
	return Complete
}

// branch explores what begins with one turn, and puts that to sleep.
func (x *Explorer[M, S]) branch(depth int, b *wake[M]) End {
	var sleep []Turn[M]
	for _, t := range x.steps[depth].sleep {
		if t.Account != b.turn.Account {
			sleep = append(sleep, t)
		}
	}
	x.Flight.Take(b.turn)
	end := x.explore(sleep, b)
	x.Flight.Back()
	x.steps[depth].sleep = append(x.steps[depth].sleep, b.turn)
	return end
}

// races looks at a complete run for neighbours of one account that could have come the other way round, and sees to it
// that they will.
func (x *Explorer[M, S]) races() {
	for j := range x.Flight.events {
		i := x.Flight.events[j].before
		if i >= 0 && x.Flight.reversible(i, j) {
			x.reverse(i, j)
		}
	}
}

// reversible says whether event j could have come before i, which stands directly before it in the same account.
func (f *Flight[M, S]) reversible(i, j int) bool {
	by := f.events[j].by
	return f.events[i].lane != f.events[j].lane && by != i && (by < 0 || !f.events[by].past.has(i))
}

// reverse makes sure that orders are tried in which event j comes before i and all that did not happen because of i is as
// it was, unless that has been done or is about to be.
func (x *Explorer[M, S]) reverse(i, j int) {
	events := x.Flight.events
	var run []Turn[M]
	for k := i + 1; k < len(events); k++ {
		if !events[k].past.has(i) {
			run = append(run, events[k].Turn)
		}
	}
	run = append(run, events[j].Turn)
	at := &x.steps[i]
	for _, t := range at.sleep {
		if begins(t, run) {
			return
		}
	}
	at.wake.insert(run)
}

// begins says whether some run that has all of these events, and maybe more, can begin with t: t is the first of its
// account, or its account does nothing here.
func begins[M comparable](t Turn[M], run []Turn[M]) bool {
	for _, r := range run {
		if r.Account == t.Account {
			return r == t
		}
	}
	return true
}

// insert adds run to the tree as a last branch, as far down as the tree agrees with it; not at all if all that begins with
// some branch of the tree covers it.
func (w *wake[M]) insert(run []Turn[M]) {
	for {
		i := slices.IndexFunc(w.next, func(b *wake[M]) bool { return begins(b.turn, run) })
		if i < 0 {
			break
		}
		w = w.next[i]
		if len(w.next) == 0 {
			return
		}
		if at := slices.Index(run, w.turn); at >= 0 {
			run = slices.Delete(slices.Clone(run), at, at+1)
		}
	}
	for _, t := range run {
		b := &wake[M]{turn: t}
		w.next = append(w.next, b)
		w = b
	}
}
