package relay_test

import (
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// tried is what a chain says of an envelope that somebody puts into its next block.
func (c *trunk) tried(e *light.Envelope) *block.Fault {
	c.t.Helper()
	arrival := c.arrival()
	for i := range e.Views {
		if fault, err := arrival.View(&e.Views[i]); fault != nil || err != nil {
			c.t.Fatal(fault, err)
		}
	}
	fault, err := arrival.Import(&e.Import)
	if err != nil {
		c.t.Fatal(err)
	}
	return fault
}

// Relays that are proven are refused all the same where one before them is missing, or where they were taken in before (SPEC 8.3).
func TestOnceInOrder(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	for range 2 {
		f.trunks[a].pay(1, 5, 0, wallet(b, 1))
		f.trunks[a].shown()
	}
	first, second := f.trunks[a].envelope(0), f.trunks[a].envelope(1)
	if fault := f.trunks[b].tried(second); fault == nil || !strings.Contains(fault.Error(), "relay 1, and 0 is expected") {
		t.Errorf("the second relay without the first: %v", fault)
	}
	if fault := f.trunks[b].tried(first); fault != nil {
		t.Errorf("the first relay: %v", fault)
	}
	f.trunks[b].grow()
	f.trunks[main].grow()
	if fault := f.trunks[b].tried(f.trunks[a].envelope(0)); fault == nil || !strings.Contains(fault.Error(), "relay 0, and 2 is expected") {
		t.Errorf("the first relay again: %v", fault)
	}
}

// What came out of a branch counts over all blocks: a rotten chain can't send what has left it once more, in a later block that is silent
// about it (SPEC 8.7).
func TestLeftOnce(t *testing.T) {
	const fortune, sent = 1_000_000, 1_000
	f := newForest(t, family, func(chain.ID) uint64 { return fortune }, nil)
	f.settle()
	rotten := f.trunks[a]
	for number, said := range []uint64{sent, 0} {
		m := &chain.Message{
			Network: rotten.header.Network, Kind: chain.Relay, From: wallet(a, 1), To: wallet(b, 1), Payer: wallet(a, 1), Amount: chain.NewAmount(sent),
			Method: chain.MethodAdd, GasLimit: 10_000, Index: uint32(number),
		}
		rotten.forge(wallet(a, 1), 1, []block.Outgoing{{To: b, Number: uint64(number), Message: m.Seal()}}, []chain.Leaving{{Chain: b, Amount: chain.NewAmount(said)}})
		before := low(f.trunks[b].held())
		rotten.carry(true)
		f.trunks[b].grow()
		if got := low(f.trunks[b].held()) - before; got != said {
			t.Errorf("relay %d: %d came, and %d left", number, got, said)
		}
	}
}
