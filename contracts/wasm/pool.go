package wasm

import "slices"

// maxWaiting bounds the instances of one code that wait: more than a node has workers never run at once.
const maxWaiting = 64

// take is an instance of the code that is as new: one that waits, or a new one.
func (e *Engine) take(c *code) (*instance, error) {
	e.mu.Lock()
	e.stats.Runs++
	if n := len(c.free); n > 0 {
		in := c.free[n-1]
		e.unlist(in)
		e.mu.Unlock()
		return in, nil
	}
	e.stats.Made++
	e.mu.Unlock()
	return c.instantiate()
}

// give takes an instance back that has run, and keeps it if it can be made as new (W2).
func (e *Engine) give(in *instance, err error) {
	ok := in.restore()
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.stats.Failures++
	}
	if !ok || len(in.code.free) == maxWaiting {
		e.discard(in)
		return
	}
	in.code.free = append(in.code.free, in)
	in.place = e.idle.PushFront(in)
	e.idleSize += in.size()
	for e.idleSize > e.config.MaxIdle {
		oldest := e.idle.Back().Value.(*instance)
		e.unlist(oldest)
		e.discard(oldest)
	}
}

// unlist takes an instance out of those that wait. e.mu is held.
func (e *Engine) unlist(in *instance) {
	c := in.code
	at := slices.Index(c.free, in)
	c.free = slices.Delete(c.free, at, at+1)
	e.idle.Remove(in.place)
	in.place = nil
	e.idleSize -= in.size()
}

// discard frees an instance that doesn't wait. e.mu is held.
func (e *Engine) discard(in *instance) {
	e.stats.Discarded++
	in.close()
}
