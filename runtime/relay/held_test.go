package relay_test

import (
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// gift lets the main chain's committee send b, in one block, adds that it made of nothing.
func (f *forest) gift(amounts ...chain.Amount) {
	f.t.Helper()
	var outbox []block.Outgoing
	for i, amount := range amounts {
		m := &chain.Message{
			Network: f.trunks[main].header.Network, Kind: chain.Relay, From: wallet(main, 1), To: wallet(b, 2), Payer: wallet(main, 1), Amount: amount,
			Method: chain.MethodAdd, GasLimit: 10_000, Index: uint32(i),
		}
		outbox = append(outbox, block.Outgoing{To: b, Number: uint64(i), Message: m.Seal()})
	}
	f.trunks[main].forge(wallet(main, 1), 1, outbox, []chain.Leaving{{Chain: b, Amount: chain.NewAmount(1)}})
}

// heldBy is what the chain says that it holds; it is what there is.
func (c *trunk) heldBy() chain.Amount {
	c.t.Helper()
	held := c.amount(chain.KeyHeld)
	if sum := c.held(); sum != held {
		c.t.Errorf("chain %d holds %s, and says %s", c.id, sum, held)
	}
	return held
}

// A chain above is rotten and sends more than there can be: that is not taken in, and nothing of its chain stops for it.
func TestMoreThanThereCanBe(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	f.trunks[a].pay(1, 5, 0, wallet(b, 1))
	f.settle()
	before := f.trunks[b].heldBy()
	f.gift(chain.MaxAmount)
	faults := f.trunks[b].grow()
	if len(faults) != 1 || faults[0].Part != block.PartImports || !strings.Contains(faults[0].Got, "so much can't be") || f.trunks[b].heldBy() != before {
		t.Fatalf("faults %v, %s became %s", faults, before, f.trunks[b].heldBy())
	}
	if faults := f.trunks[b].grow(); len(faults) != 0 {
		t.Errorf("it is tried in every block: %v", faults)
	}
	for _, from := range []chain.ID{a, a1} {
		f.trunks[from].pay(1, 5, 0, wallet(b, 1))
	}
	f.settle()
	if after := f.trunks[b].heldBy(); low(after) != low(before)+10 {
		t.Errorf("%s became %s", before, after)
	}
}

// It may fill a chain to the brim. What others send waits then, until as much has left.
func TestBrim(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	rest, err := chain.MaxAmount.Sub(f.trunks[b].held())
	if err != nil {
		t.Fatal(err)
	}
	f.gift(rest)
	f.settle()
	if held := f.trunks[b].heldBy(); held != chain.MaxAmount {
		t.Fatalf("%s of %s came", held, rest)
	}
	f.trunks[a].pay(1, 5, 0, wallet(b, 1))
	f.settle()
	if held := f.trunks[b].heldBy(); held != chain.MaxAmount {
		t.Fatalf("%s are held: more can't be", held)
	}
	f.trunks[b].pay(1, 7, 0, wallet(a, 1))
	f.settle()
	f.trunks[main].grow() // relays that were refused are tried again at a later head
	f.settle()
	account, err := f.trunks[b].State().Account(wallet(b, 1))
	if err != nil || account.Balance != chain.NewAmount(1_000-7+5) {
		t.Errorf("b has %+v, %v", account, err)
	}
	if held, err := f.trunks[b].heldBy().Add(chain.NewAmount(2)); err != nil || held != chain.MaxAmount {
		t.Errorf("%s are held, %v", held, err)
	}
}

// What stands before such a relay in its block is taken in, however many that is.
func TestBeforeWhatCantBe(t *testing.T) {
	for _, good := range []int{1, 2, 7, 64} {
		f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
		amounts := make([]chain.Amount, good+2)
		for i := range amounts {
			amounts[i] = chain.NewAmount(3)
		}
		amounts[good] = chain.MaxAmount
		before := low(f.trunks[b].held())
		f.gift(amounts...)
		blocks := f.trunks[b].header.Height
		f.settle()
		if held := f.trunks[b].heldBy(); low(held) != before+3*uint64(good) {
			t.Errorf("%d before it: %s are held", good, held)
		}
		if n := f.trunks[b].header.Height - blocks; n > 16 {
			t.Errorf("%d before it: %d blocks", good, n)
		}
	}
}
