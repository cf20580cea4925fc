package relay_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/sdk/chain"
)

// A chain that stands still: what goes there waits, up to chain.MaxUnconsumed relays of each sender's chain; behind those a further one
// bounces in its own block, with all that it carried, and who would only send such a one is told to wait. All others go on as ever. When
// the chain goes on, all that waited arrives.
func TestStopped(t *testing.T) {
	const still, first, second = 4, 2, 3
	f := newForest(t, siblings, func(chain.ID) uint64 { return 1_000_000 }, func(f *forest) { labors(f); f.unverified = true })
	before, crossed := f.total(), f.watch()
	f.trunks[still].stopped = true
	c := f.trunks[first]
	to := wallet(still, 2)
	const sprayGas = chain.MaxSent * (3_000 + gas.Add + gas.Bounce + 200*chain.GasPerByte)
	for c.outward(still).Waiting() < chain.MaxUnconsumed {
		for n := range 12 { // calls of one's own
			if err := c.try(byte(1+n%3), wallet(first, byte(1+n%3)), spray, sprayGas, to[:]); err != nil {
				t.Fatal(err)
			}
		}
		f.round(f.ids)
	}
	full := c.outward(still)
	var busy *ingress.Refusal
	if err := c.try(1, to, chain.MethodAdd, gas.Add, nil); !errors.As(err, &busy) || busy.Code != ingress.CodeChainLoaded || busy.After == 0 {
		t.Errorf("a message that could only bounce: %v", err)
	}
	if context := c.context(); len(context.Full) != 1 || context.Full[0] != still {
		t.Errorf("full are %v", context.Full)
	}
	bounced := crossed.failed[chain.StatusLimit]
	if err := c.try(1, wallet(first, 1), spray, sprayGas, to[:]); err != nil {
		t.Fatal(err)
	}
	f.round(f.ids)
	if got := crossed.failed[chain.StatusLimit] - bounced; got != chain.MaxSent || c.outward(still) != full {
		t.Errorf("%d bounced of %d; %+v became %+v", got, chain.MaxSent, full, c.outward(still))
	}
	if sum := f.total() + uint64(crossed.sent[[2]chain.ID{first, still}].n); sum != before {
		t.Errorf("%d became %d", before, sum)
	}
	// Others, and the others of the one that sends there, see nothing of it.
	for _, way := range [][2]chain.ID{{first, second}, {second, first}, {main, second}, {second, main}} {
		f.trunks[way[0]].pay(3, 5, 0, wallet(way[1], 3))
		f.round(f.ids)
		for n := 0; crossed.taken[way].n < crossed.sent[way].n || crossed.sent[way].n == 0; n++ {
			if f.round(f.ids); n > 5 {
				t.Fatalf("chain %d to chain %d: %d taken in of %d", way[0], way[1], crossed.taken[way].n, crossed.sent[way].n)
			}
		}
	}
	f.trunks[still].stopped = false
	f.settle()
	f.trunks[still].carry(true) // as time does: it sends nothing
	f.settle()
	f.arrived()
	if all := crossed.done(t); all < chain.MaxUnconsumed || f.total() != before || len(f.refused) > 0 {
		t.Errorf("%d arrived; %d became %d; refused %v", all, before, f.total(), f.refused)
	}
	if context := c.context(); len(context.Full) != 0 {
		t.Errorf("full are %v, and all was taken in", context.Full)
	}
	if err := c.try(1, to, chain.MethodAdd, gas.Add, nil); err != nil {
		t.Error(err)
	}
}

// An acknowledgement tells a load too. An older one with the same number must not bring back the load of then.
func TestOldAck(t *testing.T) {
	f := newForest(t, siblings, func(chain.ID) uint64 { return 1_000_000 }, nil)
	c := f.trunks[2]
	set := func(o chain.Outward) *block.Arrival {
		before := c.before()
		before.State = changed{c.State(), exec.Slot{Account: chain.SystemAddress(2), Key: chain.OutKey(3)}, o.Encode()}
		return block.NewArrival(before, c.rules, c.context())
	}
	c.pay(1, 5, 0, wallet(3, 1))
	f.settle()
	f.trunks[3].carry(true)
	// What is under way to nobody in truth makes the chain ask.
	asking := set(chain.Outward{Next: chain.MaxUnconsumed})
	if faults, err := f.all.Bring(asking); err != nil || len(faults) > 0 || len(asking.Arrived.Acks) != 1 {
		t.Fatalf("%v, %v: %d acks", faults, err, len(asking.Arrived.Acks))
	}
	is, err := f.trunks[3].Expects(2, f.trunks[3].header.Height)
	if err != nil {
		t.Fatal(err)
	}
	at := is.Height
	for _, x := range []struct {
		known chain.Outward
		ok    bool
	}{
		{chain.Outward{Next: 1}, true},
		{chain.Outward{Next: 1, Consumed: 1, At: at - 1, Load: 9}, true},
		{chain.Outward{Next: 1, Consumed: 1, At: at, Load: 9}, false},
		{chain.Outward{Next: 1, Consumed: 1, At: at + 1, Load: 9}, false},
		{chain.Outward{Next: 1, Consumed: 0, At: at + 1}, false},
		{chain.Outward{Next: 0}, false}, // more than was sent
	} {
		a := set(x.known)
		for i := range asking.Arrived.Views {
			if fault, err := a.View(&asking.Arrived.Views[i]); fault != nil || err != nil {
				t.Fatal(fault, err)
			}
		}
		fault, err := a.Ack(&asking.Arrived.Acks[0])
		if err != nil || fault == nil != x.ok {
			t.Errorf("%+v: %v, %v", x.known, fault, err)
		}
	}
}

// A chain whose committee is rotten says that it took in more relays than were ever sent to it. That is refused, with the numbers, whatever is
// under way there, and is no reason for a block.
func TestMoreAcknowledgedThanSent(t *testing.T) {
	f := newForest(t, siblings, func(chain.ID) uint64 { return 1_000_000 }, nil)
	c, rotten := f.trunks[2], f.trunks[3]
	c.pay(1, 5, 0, wallet(3, 1))
	f.settle()
	const lie = chain.MaxUnconsumed
	system := chain.SystemAddress(rotten.id)
	history, err := rotten.State().Entry(system, chain.KeyHistory)
	if err != nil {
		t.Fatal(err)
	}
	past, nodes := remember(rotten, history)
	rotten.say(&block.Result{
		Block: &chain.Block{Arrived: chain.Arrived{Imports: []chain.Import{{Source: c.id}}}}, History: nodes,
		Changes: []exec.Change{
			{Slot: exec.Slot{Account: system, Key: chain.InKey(c.id)}, After: chain.EncodeNumber(lie)},
			{Slot: exec.Slot{Account: system, Key: chain.KeyHistory}, Before: history, After: past},
		},
	}, nil)
	rotten.carry(true)
	for _, x := range []struct {
		under   uint64 // way
		refused bool
	}{{lie - 1, true}, {lie, false}} {
		before := c.before()
		before.State = changed{c.State(), exec.Slot{Account: chain.SystemAddress(c.id), Key: chain.OutKey(rotten.id)}, chain.Outward{Next: x.under}.Encode()}
		arrival := block.NewArrival(before, c.rules, c.context())
		ready, err := f.all.Ready(arrival)
		if err != nil || ready == x.refused {
			t.Errorf("%d under way: a block is worth its while: %t, %v", x.under, ready, err)
		}
		faults, err := f.all.Bring(arrival)
		if err != nil || (len(faults) == 1) != x.refused || (len(arrival.Arrived.Acks) == 0) != x.refused {
			t.Fatalf("%d under way: %v, %v: %d acks", x.under, faults, err, len(arrival.Arrived.Acks))
		}
		if x.refused && (faults[0].Part != block.PartAcks || !strings.Contains(faults[0].Got, fmt.Sprintf("chain 3: it took in %d relays, and %d were sent", lie, x.under))) {
			t.Errorf("%v", faults[0])
		}
	}
}

// changed is a state with another value in one slot.
type changed struct {
	exec.State
	slot  exec.Slot
	value []byte
}

func (c changed) Entry(account chain.Address, key string) ([]byte, error) {
	if account == c.slot.Account && key == c.slot.Key {
		return c.value, nil
	}
	return c.State.Entry(account, key)
}

// Siblings need their parent alone: while the main chain stands still what goes within a branch arrives, at both ends of a level, and what would
// leave it waits. That arrives, too, when the main chain goes on.
func TestBranchWithoutMain(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000_000 }, nil)
	f.settle()
	crossed := f.watch()
	f.trunks[main].stopped = true
	within := [][2]chain.ID{{a1, a2}, {a2, a1}, {a1, a}, {a, a2}}
	beyond := [][2]chain.ID{{a1, b}, {b, a2}, {a, main}}
	for _, way := range append(within, beyond...) {
		f.trunks[way[0]].pay(1, 5, 0, wallet(way[1], 1))
		f.round(f.ids)
	}
	f.settle()
	for _, way := range within {
		if n := crossed.taken[way].n; n != 1 {
			t.Errorf("chain %d to chain %d, both under %d: %d taken in", way[0], way[1], a, n)
		}
	}
	for _, way := range beyond {
		if n := crossed.taken[way].n; n != 0 {
			t.Errorf("chain %d to chain %d, by way of the main chain, which stands still: %d taken in", way[0], way[1], n)
		}
	}
	f.trunks[main].stopped = false
	f.settle()
	f.arrived()
	if all := crossed.done(t); all != len(within)+len(beyond) || len(f.refused) > 0 {
		t.Errorf("%d arrived; refused %v", all, f.refused)
	}
}
