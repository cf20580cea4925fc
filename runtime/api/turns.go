package api

import (
	"context"
	"sync"
)

// turns lets a bounded number of requests do something at once, and those of one address half of them; the others wait (N2). Who waits for its
// address waits before those that all share, so that one that asks for much stands in nobody's way.
type turns struct {
	all  chan struct{}
	each int // of one address

	mu sync.Mutex // guards of
	of map[from]*own
}

// own are the places of an address that has or wants some.
type own struct {
	places chan struct{}
	users  int // who has or wants one; guarded by turns.mu
}

func newTurns(n int) *turns {
	return &turns{all: make(chan struct{}, n), each: max(n/2, 1), of: map[from]*own{}}
}

// do calls f when there is a place for who asks in ctx. Those without an address, whose requests other nodes passed on, are one together.
func (t *turns) do(ctx context.Context, f func() error) error {
	at, _ := ctx.Value(fromKey{}).(from)
	o := t.join(at)
	defer t.part(at, o)
	if err := take(ctx, o.places); err != nil {
		return err
	}
	defer func() { <-o.places }()
	if err := take(ctx, t.all); err != nil {
		return err
	}
	defer func() { <-t.all }()
	return f()
}

func take(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *turns) join(at from) *own {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.of[at]
	if o == nil {
		o = &own{places: make(chan struct{}, t.each)}
		t.of[at] = o
	}
	o.users++
	return o
}

func (t *turns) part(at from, o *own) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o.users--; o.users == 0 {
		delete(t.of, at)
	}
}

// fromKey is where a request's context has the address that it is from.
type fromKey struct{}

func withFrom(ctx context.Context, f from) context.Context {
	return context.WithValue(ctx, fromKey{}, f)
}
