package sim

import (
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// bare is a tree of a main chain and two others under it, of which nothing has happened.
func bare(t *testing.T) *stage {
	t.Helper()
	o := Options{Tier: Stub, Messages: 0, Chains: 3, Keep: []int{}}
	seed := uint64(1)
	for ; Draw(seed, o).Branches[1].Parent != chain.Main; seed++ {
	}
	s, err := newStage(Draw(seed, o))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func paid(from, to *World, amount uint64) *chain.Message {
	m := &chain.Message{Kind: chain.Relay, From: from.load.wallets[0].address, To: to.load.wallets[0].address, Method: chain.MethodAdd, Amount: chain.NewAmount(amount)}
	return m.Seal()
}

func leaves(to *World, number uint64, m *chain.Message) *block.Result {
	return &block.Result{Block: &chain.Block{}, Outbox: []block.Outgoing{{To: to.id, Number: number, Message: m}}}
}

func arrives(from *World, first uint64, list ...*chain.Message) *block.Result {
	return &block.Result{Block: &chain.Block{Arrived: chain.Arrived{Imports: []chain.Import{{Source: from.id, First: first, Messages: list}}}}}
}

func changes(account chain.Address, key string, after []byte) *block.Result {
	return &block.Result{Block: &chain.Block{}, Changes: []exec.Change{{Slot: exec.Slot{Account: account, Key: key}, After: after}}}
}

// The oracle over chains finds whatever goes wrong between them, and nothing where all goes well.
func TestCrossing(t *testing.T) {
	for _, c := range []struct {
		name, finds string
		does        func(o *crossing, main, a, b *World)
	}{
		{"as it should be", "", func(o *crossing, main, a, b *World) {
			m := paid(a, b, 5)
			o.final(a, leaves(b, 0, m))
			o.valves.of[a.id].left[b.id] = chain.NewAmount(5) // the parent says
			o.final(b, arrives(a, 0, m))
			o.final(b, changes(chain.SystemAddress(b.id), chain.InKey(a.id), chain.EncodeNumber(1)))
			o.final(a, changes(chain.SystemAddress(a.id), chain.OutKey(b.id), chain.Outward{Next: 1, Consumed: 1}.Encode()))
		}},
		{"never sent", "I5", func(o *crossing, main, a, b *World) { o.final(b, arrives(a, 0, paid(a, b, 5))) }},
		{"another one", "I5", func(o *crossing, main, a, b *World) {
			o.final(a, leaves(b, 0, paid(a, b, 5)))
			o.final(b, arrives(a, 0, paid(a, b, 6)))
		}},
		{"twice", "I5", func(o *crossing, main, a, b *World) {
			m := paid(a, b, 5)
			o.final(a, leaves(b, 0, m))
			o.valves.of[a.id].left[b.id] = chain.NewAmount(5) // the parent says
			o.final(b, arrives(a, 0, m))
			o.final(b, arrives(a, 0, m))
		}},
		{"one left out", "I5", func(o *crossing, main, a, b *World) {
			m := paid(a, b, 6)
			o.final(a, leaves(b, 0, paid(a, b, 5)))
			o.final(a, leaves(b, 1, m))
			o.final(b, arrives(a, 1, m))
		}},
		{"a number left out", "I5", func(o *crossing, main, a, b *World) { o.final(a, leaves(b, 1, paid(a, b, 5))) }},
		{"somebody else's", "I5", func(o *crossing, main, a, b *World) { o.final(a, leaves(b, 0, paid(main, b, 5))) }},
		{"another number expected", "I5", func(o *crossing, main, a, b *World) {
			o.final(b, changes(chain.SystemAddress(b.id), chain.InKey(a.id), chain.EncodeNumber(1)))
		}},
		{"acknowledged too early", "8.6", func(o *crossing, main, a, b *World) {
			o.final(a, leaves(b, 0, paid(a, b, 5)))
			o.final(a, changes(chain.SystemAddress(a.id), chain.OutKey(b.id), chain.Outward{Next: 1, Consumed: 1}.Encode()))
		}},
		{"more than there was", "8.7", func(o *crossing, main, a, b *World) {
			a.rotten = true
			o.final(b, arrives(a, 0, paid(a, b, 1<<62)))
		}},
		{"before it has left its branch", "8.7 valve", func(o *crossing, main, a, b *World) {
			m := paid(a, b, 5)
			o.final(a, leaves(b, 0, m))
			o.final(b, arrives(a, 0, m))
		}},
		{"before its delay", "8.7 valve", func(o *crossing, main, a, b *World) {
			ripens(o, a, b)
			o.final(main, changes(chain.DigestsAddress(main.id), chain.LeftKey(a.id, b.id), chain.EncodeAmount(chain.NewAmount(5))))
		}},
		{"", "", func(o *crossing, main, a, b *World) { // its valve had no delay for a part of the block, and ends as it began
			ripens(o, a, b)
			o.whole.Renewals = []Renewal{{Chain: a.id, At: 1}, {Chain: a.id, At: 1, Attributes: Attributes{Valve: o.valves.of[a.id].now}}}
			o.now = millis
			o.final(main, changes(chain.DigestsAddress(main.id), chain.LeftKey(a.id, b.id), chain.EncodeAmount(chain.NewAmount(5))))
		}},
		{"a block that is not final", "7.2", func(o *crossing, main, a, b *World) {
			o.final(main, &block.Result{Block: &chain.Block{}, Recorded: []exec.Recorded{{Child: a.id, First: 1, Anchors: []chain.Anchor{{Height: 1}}}}})
		}},
		{"a block left out", "7.2", func(o *crossing, main, a, b *World) {
			a.rotten = true
			o.final(main, &block.Result{Block: &chain.Block{}, Recorded: []exec.Recorded{{Child: a.id, First: 2, Anchors: []chain.Anchor{{Height: 2}}}}})
		}},
		{"money that is nowhere", "I1", func(o *crossing, main, a, b *World) {
			o.final(a, leaves(b, 0, paid(a, b, 5))) // and a has it still
			o.end()
		}},
		{"nobody carries", "I11", func(o *crossing, main, a, b *World) {
			o.final(a, leaves(b, 0, paid(a, b, 5)))
			o.demand()
		}},
	} {
		s := bare(t)
		c.does(s.crossing, s.worlds[0], s.worlds[1], s.worlds[2])
		found := ""
		if s.broken != nil {
			found = s.broken.Oracle
		}
		if (c.finds == "") != (found == "") || !strings.HasPrefix(found, c.finds) {
			t.Errorf("%s: it finds %q, want %q: %v", c.name, found, c.finds, s.broken)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}

// ripens has a chain's branch let out a value that waits for a delay.
func ripens(o *crossing, from, to *World) {
	b := o.valves.of[from.id]
	b.now = chain.Valve{Delay: 6}
	b.young = append(b.young, letOut{0, 6, to.id, chain.NewAmount(5)})
}

// A tree without faults: what chains send each other arrives, whoever has them.
func TestTree(t *testing.T) {
	o := Options{Tier: Stub, Messages: -1, Chains: MostChains}
	for _, c := range Classes {
		if c != Tree {
			o.Without = append(o.Without, c)
		}
	}
	all, deep := Census{}, false
	for seed := range uint64(6) {
		out, err := Run(seed, o)
		if err != nil || out.Violation != nil {
			t.Fatal(out.Violation, err)
		}
		all.join(out.Census)
		for _, b := range out.Plan.Branches {
			deep = deep || b.Parent != chain.Main
		}
	}
	if faults, _ := all.Faults(); faults > 0 || !deep || all["relay taken in"] < 100 || all["relay taken in"] != all["relay sent"] || all["envelope"] == 0 {
		t.Errorf("a third level: %t; %v", deep, all)
	}
}
