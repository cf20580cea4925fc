package api

import (
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/thinkey/thinkey/sdk/client"
)

// gate lets a bounded number of requests do something at once, of each address no more than its share (N2).
type gate struct {
	what   string
	slots  chan struct{}
	shares *shares
}

func newGate(what string, n, each int) gate {
	return gate{what, make(chan struct{}, n), newShares(int64(each))}
}

// enter takes a place, which leave gives back, or says that there is none.
func (g gate) enter(f from) error {
	if !g.shares.take(f, 1) {
		return busy("%d %s of one address at once are the limit", g.shares.most, g.what)
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
		g.shares.give(f, 1)
		return busy("%d %s at once are the limit", cap(g.slots), g.what)
	}
}

func (g gate) leave(f from) {
	<-g.slots
	g.shares.give(f, 1)
}

// budget is a number of bytes that requests may hold together, and those of one address.
type budget struct {
	what   string
	free   atomic.Int64
	most   int64
	shares *shares
}

func newBudget(what string, n, each int64) *budget {
	b := &budget{what: what, most: n, shares: newShares(each)}
	b.free.Store(n)
	return b
}

func (b *budget) take(f from, n int) error {
	if !b.shares.take(f, int64(n)) {
		return busy("%s of one address of %d bytes together are the limit", b.what, b.shares.most)
	}
	if b.free.Add(-int64(n)) < 0 {
		b.give(f, n)
		return busy("%s of %d bytes together are the limit", b.what, b.most)
	}
	return nil
}

func (b *budget) held() int64 { return b.most - b.free.Load() }

func (b *budget) give(f from, n int) {
	b.free.Add(int64(n))
	b.shares.give(f, int64(n))
}

func busy(format string, args ...any) *client.Error {
	return &client.Error{
		Code: client.CodeBusy, Status: http.StatusServiceUnavailable,
		Message: "the node is busy: " + fmt.Sprintf(format, args...), Hint: "try again in a second",
	}
}
