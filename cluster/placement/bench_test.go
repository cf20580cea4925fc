package placement

import (
	"context"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
)

// BenchmarkRequest is a question of 100 bytes put to an account at another node over loopback, and its answer.
func BenchmarkRequest(b *testing.B) {
	r := newRig(b, []chain.ID{1}, nil)
	r.set(func() {
		r.nodes[0].answer = func(_ context.Context, a Asked) ([]byte, error) { return a.Body, nil }
	})
	account, body := rigAccount(1, 1), make([]byte, 100)
	for b.Loop() {
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
		if _, err := r.nodes[1].Request(ctx, account, Live, body); err != nil {
			b.Fatal(err)
		}
		cancel()
	}
}
