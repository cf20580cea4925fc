package node

import (
	"sync"

	"github.com/thinkey/thinkey/sdk/keys"
)

// shares is what peers sent and nobody has taken yet. Each peer has a share of its own, in number and in bytes, and they take turns: who
// sends much delays itself. What goes beyond a share is not taken in. Who was put in is told when it is taken out, or will never be
// (Net: the sender has its room back then). Where all together are bounded a share is no longer than what is left: some peers that want all take
// half of the rest each, and there is room for another. Who is put in as a stranger has its turn when no other peer has, or after strangerTurn of theirs.
type shares[T any] struct {
	number, bytes int           // of each peer
	most          int           // bytes of all; 0 if their shares alone are bounded
	wake          chan struct{} // holds one if something may wait

	mu     sync.Mutex // guards the rest
	turns  []keys.PublicKey
	public []keys.PublicKey // turns of strangers
	since  int              // turns of others since a stranger had one
	of     map[keys.PublicKey]*share[T]
	all    int // bytes
	closed bool
}

// strangerTurn is after how many turns of others a stranger has one: many keys that nobody knows take a small share of the work from
// members that have something, and still get on.
const strangerTurn = 16

type share[T any] struct {
	waiting  []waiter[T]
	bytes    int
	stranger bool
}

type waiter[T any] struct {
	what  T
	size  int
	taken func()
}

func newShares[T any](number, bytes int) *shares[T] {
	return &shares[T]{number: number, bytes: bytes, wake: make(chan struct{}, 1), of: map[keys.PublicKey]*share[T]{}}
}

// within bounds the bytes of all peers together.
func (s *shares[T]) within(most int) *shares[T] {
	s.most = most
	return s
}

// put takes in what a peer sent, of a size in bytes; false if its share is full, or nobody takes anything out any more.
func (s *shares[T]) put(from keys.PublicKey, what T, size int, taken func()) bool {
	return s.putAs(from, false, what, size, taken)
}

// putAs is put for a peer that is a stranger or not. What it was when its first waiting thing came it is for all that wait.
func (s *shares[T]) putAs(from keys.PublicKey, stranger bool, what T, size int, taken func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.of[from]
	if p == nil {
		p = &share[T]{stranger: stranger}
	}
	if s.closed || len(p.waiting) == s.number || p.bytes+size > s.bytes || s.most > 0 && p.bytes+size > s.most-s.all {
		return false
	}
	if len(p.waiting) == 0 {
		s.of[from] = p
		s.line(p, from)
	}
	p.waiting, p.bytes = append(p.waiting, waiter[T]{what, size, taken}), p.bytes+size
	s.all += size
	s.poke()
	return true
}

// poke says that something may wait.
func (s *shares[T]) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// line puts a peer at the end of those that wait for their turn.
func (s *shares[T]) line(p *share[T], from keys.PublicKey) {
	if p.stranger {
		s.public = append(s.public, from)
	} else {
		s.turns = append(s.turns, from)
	}
}

// turn is whose turn is next; false if nobody waits.
func (s *shares[T]) turn() (from keys.PublicKey, ok bool) {
	at := &s.turns
	if len(s.public) > 0 && (len(s.turns) == 0 || s.since >= strangerTurn) {
		at = &s.public
	}
	if len(*at) == 0 {
		return from, false
	}
	if s.since++; at == &s.public {
		s.since = 0
	}
	from, *at = (*at)[0], (*at)[1:]
	return from, true
}

// next takes out what is next; false if nothing waits.
func (s *shares[T]) next() (what T, ok bool) {
	s.mu.Lock()
	from, ok := s.turn()
	if !ok {
		s.mu.Unlock()
		return what, false
	}
	p := s.of[from]
	w := p.waiting[0]
	p.waiting[0] = waiter[T]{}
	p.waiting, p.bytes = p.waiting[1:], p.bytes-w.size
	s.all -= w.size
	if len(p.waiting) > 0 {
		s.line(p, from)
	} else {
		delete(s.of, from)
	}
	s.mu.Unlock()
	w.taken()
	return w.what, true
}

// close drops what waits, and takes nothing in from then on.
func (s *shares[T]) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for ok := true; ok; {
		_, ok = s.next()
	}
}
