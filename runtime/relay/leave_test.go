package relay_test

import (
	"context"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Who leaves it to another posts nothing when that has carried, and posts when it hasn't in time (R1).
func TestLeave(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	f.settle()
	child := f.trunks[a]
	other := *child.carrier
	posted := 0
	post := child.carrier.Post
	child.carrier.Post = func(ctx context.Context, call chain.CallInput) error {
		posted++
		return post(ctx, call)
	}
	child.carrier.Start()
	var asked []uint64
	child.carrier.Leave = func(first uint64) time.Duration {
		asked = append(asked, first)
		if _, err := other.Carry(t.Context(), true); err != nil {
			t.Error(err)
		}
		child.carrier.Wake()
		return time.Hour
	}
	child.grow()
	first := child.header.Height
	if more, err := child.carrier.Carry(t.Context(), true); !more || err != nil || posted != 0 {
		t.Errorf("another has carried: more %t, %v, %d posted", more, err, posted)
	}
	if len(asked) != 1 || asked[0] > first {
		t.Errorf("asked how long to leave blocks from %v on, want from %d at the most", asked, first)
	}
	child.carrier.Leave = func(uint64) time.Duration { child.carrier.Wake(); return time.Millisecond }
	child.grow()
	if more, err := child.carrier.Carry(t.Context(), true); !more || err != nil || posted != 1 {
		t.Errorf("nobody has carried: more %t, %v, %d posted", more, err, posted)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	child.carrier.Leave = func(uint64) time.Duration { return time.Hour }
	child.grow()
	if more, err := child.carrier.Carry(ctx, true); more || err != nil || posted != 1 {
		t.Errorf("it ends: more %t, %v, %d posted", more, err, posted)
	}
}
