package relay_test

import (
	"context"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
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

// A parent counts the block of its child that it has recorded. A node that has another one of that height shows it once, which marks the
// child, and carries nothing from then on: it would pay for that again and again, and nothing would come of it (SPEC 4.9).
func TestForkIsShownOnce(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	f.settle()
	child, parent := f.trunks[a], f.trunks[main]
	child.carry(true)
	other := chain.Digest{Headers: []chain.Header{child.beside()}}
	other.Certificate = child.certified(&other.Headers[0])
	gas, err := child.carrier.Gas(&other)
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.post(t.Context(), chain.CallInput{To: chain.DigestsAddress(main), Method: chain.MethodDigest, GasLimit: gas, Input: other.Append(nil)}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the one that is here, and one behind it
		child.pay(1, 5, 0, wallet(b, 1))
		child.grow()
	}
	posted, post := 0, child.carrier.Post
	child.carrier.Post = func(ctx context.Context, call chain.CallInput) error {
		posted++
		return post(ctx, call)
	}
	for range 5 {
		if _, err := child.carrier.Carry(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := parent.entry(exec.Slot{Account: chain.DigestsAddress(main), Key: chain.ChildKey(a)})
	if err != nil {
		t.Fatal(err)
	}
	known, err := chain.DecodeChild(raw)
	if err != nil || !known.Forked || known.Anchor != other.Last().Anchor() || posted != 1 {
		t.Errorf("%d posted, and the parent knows %+v, %v", posted, known, err)
	}
}

// beside is the header of another block behind the chain's head than it will make.
func (c *trunk) beside() chain.Header {
	h := *c.header
	h.Parent, h.Height, h.TimeMillis, h.Leaving = c.hash, h.Height+1, h.TimeMillis+1_000, nil
	return h
}
