package wasm

import (
	"slices"
	"sync"

	"github.com/tetratelabs/wazero/experimental"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// linear is the memory of one instance, as wazero's allocator and its product. It can shrink, which no WebAssembly memory
// can: an instance that grew is as new again without being made anew. wazero takes as its memory whatever Reallocate
// returns; asked for a page more while shrinking is set, linear returns the pages that there were at the start. For that
// page every module's maximum is one more than its own (adapt), which only the host can use.
type linear struct {
	spares    *spares
	buffer    []byte // as long as the memory is
	home, max int    // bytes at the start, and at most
	used      int    // behind this, up to the capacity of buffer, all is zero
	shrinking bool
}

// Allocate is called once, for the instance's only memory.
func (l *linear) Allocate(_, max uint64) experimental.LinearMemory {
	l.max = int(max) - module.PageBytes
	return l
}

// Reallocate makes the memory n bytes long; nil if it can't be.
func (l *linear) Reallocate(n uint64) []byte {
	size := int(n)
	switch {
	case l.shrinking:
		l.buffer = l.buffer[:l.home]
		return l.buffer
	case size > l.max:
		return nil
	case size > cap(l.buffer):
		l.move(size)
	}
	if from := len(l.buffer); from < min(size, l.used) {
		inPieces(l.buffer[from:min(size, l.used)], wipe)
	}
	l.buffer = l.buffer[:size]
	l.used = max(l.used, size)
	return l.buffer
}

// move gives the buffer room for size bytes, and for more when it grows, so that growing page by page doesn't copy each
// page many times.
func (l *linear) move(size int) {
	if l.buffer == nil {
		l.home = size
		l.buffer, l.used = l.spares.take(size)
		return
	}
	moved := make([]byte, len(l.buffer), min(size+size/2, l.max))
	copy(moved, l.buffer) // at once, a millisecond at most: in pieces it takes half as long again
	l.buffer, l.used = moved, len(moved)
}

// pieceBytes is what is restored, cleared or hashed at once. Go interrupts none of these while they run (W5); this much takes the
// slowest of them 0.1 ms.
const pieceBytes = 64 << 10

// inPieces lets do see all of b, a piece at a time.
func inPieces(b []byte, do func(piece []byte)) {
	for len(b) > pieceBytes {
		do(b[:pieceBytes])
		b = b[pieceBytes:]
	}
	do(b)
}

func wipe(b []byte) { clear(b) }

// Free gives the buffer away. wazero calls it when it closes the instance.
func (l *linear) Free() {
	l.spares.give(l.buffer)
	l.buffer = nil
}

// bloated says that the memory grew so much that what it took is worth more than the instance.
func (l *linear) bloated() bool { return cap(l.buffer) > 2*l.home+16*module.PageBytes }

// spares are buffers of instances that are gone, for those that come: memory that is new to the process costs three times
// what it takes to clear it.
type spares struct {
	mu    sync.Mutex
	list  [][]byte // by capacity
	bytes int
}

// maxSpareBytes bounds what waits to be used again: a few large memories, or many small ones.
const maxSpareBytes = 32 << 20

// take is an empty buffer with room for n bytes; used is how much of it may not be zero.
func (s *spares) take(n int) (buffer []byte, used int) {
	s.mu.Lock()
	at, _ := slices.BinarySearchFunc(s.list, n, func(b []byte, n int) int { return cap(b) - n })
	if at == len(s.list) || cap(s.list[at]) > 2*n { // none, or too good for it
		s.mu.Unlock()
		return make([]byte, 0, n), 0
	}
	buffer = s.list[at]
	s.list = slices.Delete(s.list, at, at+1)
	s.bytes -= cap(buffer)
	s.mu.Unlock()
	return buffer[:0], cap(buffer)
}

// give keeps a buffer if there is room for it.
func (s *spares) give(buffer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := cap(buffer); n > 0 && s.bytes+n <= maxSpareBytes {
		at, _ := slices.BinarySearchFunc(s.list, n, func(b []byte, n int) int { return cap(b) - n })
		s.list = slices.Insert(s.list, at, buffer)
		s.bytes += n
	}
}
