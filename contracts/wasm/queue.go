package wasm

import "slices"

// queue is the code that waits to be made ready, and how much of it is under way. Publishing code costs a small part of
// what compiling it takes, so many can be waiting, and what a message needs must not: it goes before all that nobody has
// called yet, and has places of its own.
type queue struct {
	waiting []*code // oldest first
	bytes   int     // of their modules
	running [2]int  // by urgency
}

// The classes of what waits.
const (
	ahead  = iota // published, not called yet
	needed        // somebody waits for it
)

// maxQueued bounds the modules that wait in memory; what comes behind them is read from the source when its turn comes.
const maxQueued = 64 << 20

// add puts code at the end.
func (q *queue) add(c *code) {
	if q.bytes += len(c.binary); q.bytes > maxQueued {
		q.bytes -= len(c.binary)
		c.binary = nil
	}
	q.waiting = append(q.waiting, c)
}

// take is the next code of a class, if there is one and a place for it.
func (q *queue) take(class int) *code {
	if q.running[class] >= compilers() {
		return nil
	}
	i := slices.IndexFunc(q.waiting, func(c *code) bool { return class == ahead || c.users > 0 })
	if i < 0 {
		return nil
	}
	c := q.waiting[i]
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.bytes -= len(c.binary)
	q.running[class]++
	return c
}

// start begins with what has a place. e.mu is held.
func (e *Engine) start() {
	for _, class := range []int{needed, ahead} {
		for c := e.queue.take(class); c != nil; c = e.queue.take(class) {
			go e.ready(c, class)
		}
	}
}

// ready makes code ready, and lets those go on who wait for it.
func (e *Engine) ready(c *code, class int) {
	defer e.busy.Done()
	err := c.load(c.binary)
	e.mu.Lock()
	defer e.mu.Unlock()
	c.binary = nil
	e.queue.running[class]--
	e.loaded(c, err)
	e.start()
}

// empty gives up what has not begun: nobody is going to call it. e.mu is held.
func (e *Engine) empty() {
	for _, c := range e.queue.waiting {
		e.loaded(c, ErrClosed)
		e.busy.Done()
	}
	e.queue.waiting, e.queue.bytes = nil, 0
}
