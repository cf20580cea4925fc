package order

import (
	"cmp"
	"math"
	"slices"

	"github.com/thinkey/thinkey/sdk/assert"
)

// Outside is the sender of a message that no account sent. Those to one account are processed in the order given, as the
// signer's nonces demand.
const Outside = math.MaxUint32

// Parcel is a message on its way from one account to another, by the caller's dense numbers of accounts. Messages are told
// apart by ==.
type Parcel[M comparable] struct {
	From, To uint32
	Message  M
}

// Turn is one event of a run: that account processed message.
type Turn[M comparable] struct {
	Account uint32
	Message M
}

// Actor says what account does with message m when it has come to state: what it comes to, and what it sends, in order. It
// depends on nothing but its arguments, and changes neither: a run goes back and tries another order.
type Actor[M comparable, S any] func(account uint32, state S, m M) (S, []Parcel[M])

// Flight is a run under way: what the accounts have come to, and the messages between them. Those from one account to
// another wait in a lane, in the order sent, and can only be processed in it (O5). Everything else is free.
type Flight[M comparable, S any] struct {
	actor  Actor[M, S]
	states []S               // by account
	last   []int             // by account: its last event, or -1
	number map[[2]uint32]int // of lanes
	lanes  []lane[M]
	events []flown[M, S]
	sent   int // parcels so far: the age of the next
	flying int // parcels in lanes
}

// lane holds what one account sent to another. What stands before head is processed.
type lane[M comparable] struct {
	to    uint32
	queue []waiting[M]
	head  int
}

// waiting is a message in a lane: its age, and the event that sent it, or -1.
type waiting[M comparable] struct {
	message M
	age, by int
}

// flown is an event, with what is needed to take it back and to know its causes.
type flown[M comparable, S any] struct {
	Turn[M]
	lane, by int   // the lane it took from, and the event that sent the message, or -1
	before   int   // the account's event before it, or -1
	state    S     // of the account before it
	past     bits  // the events that happened before it, by cause
	sentTo   []int // the lanes it sent to, in order
}

// NewFlight starts a run with the messages under way; states are those of the accounts from number 0 on. An account beyond
// them begins with the zero S.
func NewFlight[M comparable, S any](actor Actor[M, S], states []S, underWay []Parcel[M]) *Flight[M, S] {
	f := &Flight[M, S]{actor: actor, number: make(map[[2]uint32]int)}
	for i, s := range states {
		f.grow(uint32(i))
		f.states[i] = s
	}
	for _, p := range underWay {
		f.put(p, -1)
	}
	return f
}

// Flying is how many messages are under way.
func (f *Flight[M, S]) Flying() int { return f.flying }

// Ready are the messages that can be processed next, the one that waits longest first.
func (f *Flight[M, S]) Ready() []Turn[M] {
	var heads []*lane[M]
	for i := range f.lanes {
		if l := &f.lanes[i]; l.head < len(l.queue) {
			heads = append(heads, l)
		}
	}
	slices.SortFunc(heads, func(a, b *lane[M]) int { return cmp.Compare(a.queue[a.head].age, b.queue[b.head].age) })
	ready := make([]Turn[M], len(heads))
	for i, l := range heads {
		ready[i] = Turn[M]{l.to, l.queue[l.head].message}
	}
	return ready
}

// State is what an account has come to.
func (f *Flight[M, S]) State(account uint32) S {
	if int(account) < len(f.states) {
		return f.states[account]
	}
	var none S
	return none
}

// Order are the events so far, each after its causes.
func (f *Flight[M, S]) Order() []Turn[M] {
	list := make([]Turn[M], len(f.events))
	for i := range f.events {
		list[i] = f.events[i].Turn
	}
	return list
}

// Take lets a message that is Ready be processed.
func (f *Flight[M, S]) Take(t Turn[M]) {
	at := slices.IndexFunc(f.lanes, func(l lane[M]) bool {
		return l.to == t.Account && l.head < len(l.queue) && l.queue[l.head].message == t.Message
	})
	assert.That(at >= 0, "explore: account %d can't process message %v now", t.Account, t.Message)
	l := &f.lanes[at]
	w := l.queue[l.head]
	l.head++
	f.flying--
	n := len(f.events)
	e := flown[M, S]{Turn: t, lane: at, by: w.by, before: f.last[t.Account], state: f.states[t.Account]}
	e.past = f.past(e.before, e.by, n)
	state, sent := f.actor(t.Account, e.state, t.Message)
	f.states[t.Account], f.last[t.Account] = state, n
	for _, p := range sent {
		p.From = t.Account
		e.sentTo = append(e.sentTo, f.put(p, n))
	}
	f.events = append(f.events, e)
}

// Back takes the last event back.
func (f *Flight[M, S]) Back() {
	n := len(f.events) - 1
	e := &f.events[n]
	for _, at := range slices.Backward(e.sentTo) {
		l := &f.lanes[at]
		l.queue = l.queue[:len(l.queue)-1]
		f.flying--
		f.sent--
	}
	f.lanes[e.lane].head--
	f.flying++
	f.states[e.Account], f.last[e.Account] = e.state, e.before
	f.events = f.events[:n]
}

// put lays a parcel into its lane, which it returns.
func (f *Flight[M, S]) put(p Parcel[M], by int) int {
	f.grow(p.To)
	key := [2]uint32{p.From, p.To}
	at, ok := f.number[key]
	if !ok {
		at = len(f.lanes)
		f.number[key] = at
		f.lanes = append(f.lanes, lane[M]{to: p.To})
	}
	l := &f.lanes[at]
	l.queue = append(l.queue, waiting[M]{p.Message, f.sent, by})
	f.sent++
	f.flying++
	return at
}

// grow makes room for an account.
func (f *Flight[M, S]) grow(account uint32) {
	for len(f.states) <= int(account) {
		var none S
		f.states, f.last = append(f.states, none), append(f.last, -1)
	}
}

// past is what happened before an event with these direct causes (-1 for none), of n events.
func (f *Flight[M, S]) past(before, by, n int) bits {
	b := make(bits, (n+63)/64)
	for _, cause := range [2]int{before, by} {
		if cause >= 0 {
			for i, word := range f.events[cause].past {
				b[i] |= word
			}
			b[cause/64] |= 1 << (cause % 64)
		}
	}
	return b
}

// bits is a set of events.
type bits []uint64

func (b bits) has(i int) bool { return i/64 < len(b) && b[i/64]>>(i%64)&1 == 1 }
