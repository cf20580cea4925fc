package relay_test

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Nobody carries anything between two chains for thousands of blocks of both, and an envelope that was made before lies about as long. Then all
// of it arrives, once and in order.
func TestThousandsOfBlocksLate(t *testing.T) {
	const blocks, every = 2_048, 128
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000_000 }, func(f *forest) { f.unverified = true })
	before, crossed := f.total(), f.watch()
	from, to := f.trunks[a], f.trunks[b]
	from.pay(1, 5, 0, wallet(b, 1))
	from.shown()
	old, all := from.envelope(0), to.bag
	to.bag = relay.NewBag(relay.NewChains()) // it has no other chain
	for n := range blocks {
		f.now += 1_000
		if n%every == 0 {
			from.pay(2, 5, 0, wallet(b, 1))
			to.pay(2, 5, 0, wallet(a, 1))
		}
		from.grow()
		to.grow()
		f.now += 1_000
		if n%every == 1 {
			f.trunks[main].grow()
		}
	}
	if fault, err := to.bag.Put(to.arrival, old); fault != nil || err != nil {
		t.Fatal(fault, err)
	}
	if got := to.taken(2); !slices.Equal(got, []int{1, 0}) {
		t.Errorf("of an envelope that is %d blocks old it took in %v", blocks, got)
	}
	to.bag = all
	f.settle()
	f.arrived()
	if sent := crossed.done(t); sent != 1+2*blocks/every {
		t.Errorf("%d arrived", sent)
	}
	if after := f.total(); after != before || len(f.refused) > 0 {
		t.Errorf("%d became %d; digests refused: %v", before, after, f.refused)
	}
}
