package node

import (
	"sync"

	"github.com/thinkey/thinkey/sdk/keys"
)

// shares is what peers sent and nobody has taken yet. Each peer has a share of its own, in number and in bytes, and they take turns: who
// sends much delays itself. What goes beyond a share is not taken in. Who was put in is told when it is taken out, or will never be
// (Net: the sender has its room back then).
type shares[T any] struct {
	number, bytes int           // of each peer
	wake          chan struct{} // holds one if something may wait

	mu     sync.Mutex // guards the rest
	turns  []keys.PublicKey
	of     map[keys.PublicKey]*share[T]
	closed bool
}

type share[T any] struct {
	waiting []waiter[T]
	bytes   int
}

type waiter[T any] struct {
	what  T
	size  int
	taken func()
}

func newShares[T any](number, bytes int) *shares[T] {
	return &shares[T]{number: number, bytes: bytes, wake: make(chan struct{}, 1), of: map[keys.PublicKey]*share[T]{}}
}

// put takes in what a peer sent, of a size in bytes; false if its share is full, or nobody takes anything out any more.
func (s *shares[T]) put(from keys.PublicKey, what T, size int, taken func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.of[from]
	if p == nil {
		p = &share[T]{}
	}
	if s.closed || len(p.waiting) == s.number || p.bytes+size > s.bytes {
		return false
	}
	if len(p.waiting) == 0 {
		s.turns, s.of[from] = append(s.turns, from), p
	}
	p.waiting, p.bytes = append(p.waiting, waiter[T]{what, size, taken}), p.bytes+size
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

// next takes out what is next; false if nothing waits.
func (s *shares[T]) next() (what T, ok bool) {
	s.mu.Lock()
	if len(s.turns) == 0 {
		s.mu.Unlock()
		return what, false
	}
	from := s.turns[0]
	s.turns = s.turns[1:]
	p := s.of[from]
	w := p.waiting[0]
	p.waiting[0] = waiter[T]{}
	p.waiting, p.bytes = p.waiting[1:], p.bytes-w.size
	if len(p.waiting) > 0 {
		s.turns = append(s.turns, from)
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
