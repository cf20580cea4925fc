package api

import (
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/thinkey/thinkey/sdk/client"
)

// gate lets a bounded number of requests do something at once (N2).
type gate struct {
	what  string
	slots chan struct{}
}

func newGate(what string, n int) gate { return gate{what, make(chan struct{}, n)} }

// enter takes a place, which leave gives back, or says that there is none.
func (g gate) enter() error {
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
		return busy("%d %s at once are the limit", cap(g.slots), g.what)
	}
}

func (g gate) leave() { <-g.slots }

// budget is a number of bytes that requests may hold together.
type budget struct {
	what string
	free atomic.Int64
	most int64
}

func newBudget(what string, n int64) *budget {
	b := &budget{what: what, most: n}
	b.free.Store(n)
	return b
}

func (b *budget) take(n int) error {
	if b.free.Add(-int64(n)) < 0 {
		b.give(n)
		return busy("%s of %d bytes together are the limit", b.what, b.most)
	}
	return nil
}

func (b *budget) give(n int) { b.free.Add(int64(n)) }

func busy(format string, args ...any) *client.Error {
	return &client.Error{
		Code: client.CodeBusy, Status: http.StatusServiceUnavailable,
		Message: "the node is busy: " + fmt.Sprintf(format, args...), Hint: "try again in a second",
	}
}
