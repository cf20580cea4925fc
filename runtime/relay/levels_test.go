package relay_test

import (
	"context"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// burden is what chains cost the main chain in some rounds.
type burden struct{ digests, blocks, gas, bytes uint64 }

// crowd is a tree of two chains under the main one, and so many under each of these; deep false has as many in all right under the main one.
func crowd(each int, deep bool) chain.Tree {
	t := chain.Tree{{ID: main}, {ID: 2, Parent: main}, {ID: 3, Parent: main}}
	for i := range 2 * each {
		l := chain.Limb{ID: chain.ID(4 + i), Parent: main}
		if deep {
			l.Parent = chain.ID(2 + i%2)
		}
		t = append(t, l)
	}
	return t
}

// blockEach lets every chain make a block at an interval, as a network does, from the leaves to the root: payments between the two lowest
// chains of each branch, and across; and carries the digests of what was made before.
func (f *forest) blockEach(rounds int, leaves []chain.ID) (of burden) {
	f.t.Helper()
	root := f.trunks[main]
	for range rounds {
		f.now += 1_000
		for i, id := range leaves {
			f.trunks[id].pay(1, 1, 0, wallet(leaves[(i+2)%len(leaves)], 2)) // of the same branch, if there is more than one
			f.trunks[id].pay(1, 1, 0, wallet(leaves[(i+1)%len(leaves)], 2)) // of the other
		}
		for i := len(f.ids) - 1; i >= 0; i-- {
			c := f.trunks[f.ids[i]]
			c.grow()
			if c == root {
				of.blocks++
				of.digests += uint64(len(c.last.Block.Inputs))
				of.gas += c.header.GasUsed
				of.bytes += uint64(len(c.last.Raw))
			} else if _, err := c.carrier.Carry(context.Background(), true); err != nil {
				f.t.Fatal(err)
			}
		}
	}
	return of
}

// borne is what so many chains cost the main one.
func borne(t *testing.T, each int, deep bool) burden {
	t.Helper()
	f := newForest(t, crowd(each, deep), func(chain.ID) uint64 { return 1_000_000_000 }, func(f *forest) { f.unverified = true })
	var leaves []chain.ID
	for _, id := range f.ids {
		c := f.trunks[id]
		if id > 3 {
			leaves = append(leaves, id)
		}
		if c.carrier != nil { // it doesn't wait: its parent's next block handles it
			parent := f.trunks[c.carrier.Parent]
			c.carrier.Post = func(_ context.Context, call chain.CallInput) error {
				m := parent.message(carrierWallet, chain.MethodCall, 0, 0, call.Encode())
				m.GasLimit = exec.ExternalGas(m) + exec.SendGas(&chain.Sent{Method: call.Method, Input: call.Input}) + call.GasLimit + gas.Bounce
				parent.offer(m.Sign(keys.FromSeed([32]byte{carrierWallet})))
				return nil
			}
		}
	}
	const rounds = 24
	of := f.blockEach(rounds, leaves)
	taken := uint64(0)
	for _, id := range leaves {
		for _, from := range leaves {
			n, err := f.trunks[id].arrival().In(from)
			if err != nil {
				t.Fatal(err)
			}
			taken += n
		}
	}
	if least := uint64(rounds/2*len(leaves)) * 2; taken < least || len(f.refused) > 0 {
		t.Errorf("%d chains: %d relays arrived, and %d should have; refused: %v", len(leaves), taken, least, f.refused)
	}
	t.Logf("%d chains, deep %t: %+v, %d relays", len(leaves), deep, of, taken)
	return of
}

// SPEC 7.2: a parent's digest covers its children's. So the main chain's load grows with its own children, and not with how many there are
// under these, whatever goes between them; where they all are its children, it does.
func TestMainLoadGrowsWithChildren(t *testing.T) {
	few, many := borne(t, 2, true), borne(t, 8, true)
	if many.digests > few.digests || many.gas > few.gas*5/4 || many.bytes > few.bytes*5/4 {
		t.Errorf("four times as many chains on the third level cost the main chain %+v, before %+v", many, few)
	}
	if flat := borne(t, 8, false); flat.digests < 4*many.digests || flat.gas < 4*many.gas {
		t.Errorf("right under it they cost %+v, on the third level %+v", flat, many)
	}
}
