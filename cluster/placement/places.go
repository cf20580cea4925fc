package placement

import "sync"

// places bounds what is under way for other nodes at once: in all, of one of them, and in bytes (P3). One node gets no more than there are places
// left, so that a few nodes that want all take half of the rest each, and there is one for another.
type places struct {
	most, mostEach, mostBytes int

	work   sync.WaitGroup // what has a place
	mu     sync.Mutex     // guards the rest
	closed bool
	all    int
	bytes  int
	each   map[string]int // by address
}

func newPlaces(most, each, bytes int) *places {
	return &places{most: most, mostEach: each, mostBytes: bytes, each: map[string]int{}}
}

// take takes a place for a node, and n bytes; false if there is none. It must be given back.
func (s *places) take(from string, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.each[from] >= min(s.mostEach, s.most-s.all) || s.bytes+n > s.mostBytes {
		return false
	}
	s.work.Add(1)
	s.all++
	s.bytes += n
	s.each[from]++
	return true
}

func (s *places) give(from string, n int) {
	s.mu.Lock()
	s.all--
	s.bytes -= n
	if s.each[from]--; s.each[from] == 0 {
		delete(s.each, from)
	}
	s.mu.Unlock()
	s.work.Done()
}

// close gives no place any more, and waits until all are given back.
func (s *places) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.work.Wait()
}
