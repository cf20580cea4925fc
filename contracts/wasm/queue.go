package wasm

import "slices"

// queue is the code that waits to be made ready, and how much of it is under way. Publishing code costs a small part of
// what compiling it takes, so many can be waiting, and what a message waits for must not: it goes before all that nobody has
// called yet, and has places of its own. Of what messages will need (Ready) the smallest goes first: who publishes the largest
// modules there are keeps only those waiting that do the same.
type queue struct {
	waiting []*code // oldest first
	bytes   int     // of their modules
	running [2]int  // by urgency
}

// The classes of places.
const (
	ahead  = iota // for any code
	needed        // for code that somebody waits for, who can do nothing else
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

// take is the next code for a place of a class, if there is one and the place is free.
func (q *queue) take(class int) *code {
	if q.running[class] >= compilers() {
		return nil
	}
	first := -1
	for i, c := range q.waiting {
		if (class == ahead || c.users > 0) && (first < 0 || c.before(q.waiting[first])) {
			first = i
		}
	}
	if first < 0 {
		return nil
	}
	c := q.waiting[first]
	q.waiting = slices.Delete(q.waiting, first, first+1)
	q.bytes -= len(c.binary)
	q.running[class]++
	return c
}

// before says that c goes before o, which has waited longer.
func (c *code) before(o *code) bool {
	a, b := c.urgency(), o.urgency()
	return a > b || a == b && a == wanted && c.length < o.length
}

// The urgencies of code.
const (
	published = iota
	wanted    // messages are left for later because of it
	awaited   // somebody waits
)

func (c *code) urgency() int {
	switch {
	case c.users > 0:
		return awaited
	case c.then != nil:
		return wanted
	}
	return published
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
	c.binary = nil
	e.queue.running[class]--
	e.loaded(c, err)
	e.start()
	then := c.then
	e.mu.Unlock()
	if then != nil {
		then(err)
	}
}

// empty gives up what has not begun: nobody is going to call it. e.mu is held.
func (e *Engine) empty() {
	for _, c := range e.queue.waiting {
		e.loaded(c, ErrClosed)
		e.busy.Done()
	}
	e.queue.waiting, e.queue.bytes = nil, 0
}
