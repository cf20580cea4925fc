package kit

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/thinkey/thinkey/consensus/order"
)

// Exploration is what Explore did.
type Exploration struct {
	// Orders are those that were run, each different from all others.
	Orders int
	// Sampled says that they were not all there are: more than n messages were under way at once, or the budget ran out.
	Sampled bool
	// Longest is the number of messages that were processed in an order, at the most.
	Longest int
}

// ExploreOption sets what Explore does.
type ExploreOption func(*exploration)

// Budget is how many orders are run one after the other, and how many are sampled after that if there are more [10,000].
func Budget(orders int) ExploreOption { return func(x *exploration) { x.budget = orders } }

const defaultBudget = 10_000

// exploration is an Explore under way.
type exploration struct {
	Exploration
	chain     *Chain
	invariant func(k *Chain) error
	most      int
	budget    int
	scenario  *scenario
	scene     *scene
	seen      map[string]bool // orders that were sampled or explored, by key
	failure   error
	failed    *flight // the run that failed
}

// Explore runs every order that is possible of what scenario sends, all of it under way at once, and asks invariant after
// each: it sees the chain as that order left it, may look at the traces that scenario was given, ask questions, and send
// more. Money is conserved in every order (SPEC 8.5), and every order is built as a block.
//
//	k.Explore(6, func(k *kit.Chain) {
//		k.Send(alice, auction, "bid", kit.Amount(10))
//		k.Send(bob, auction, "bid", kit.Amount(12))
//		k.Send(seller, auction, "close")
//	}, func(k *kit.Chain) error {
//		if auction.Balance() != (chain.Amount{}) {
//			return fmt.Errorf("%s left in the auction", auction.Balance())
//		}
//		return nil
//	})
//
// An order is what each account processed, in order: two runs that differ only in how the accounts interleave are one, and it
// is run once. Messages from one account to another stay in the order sent (SPEC 2.5), also those that one key signs.
//
// With more than n messages under way at once, or more orders than the Budget, orders are sampled at random, and the seed is
// logged. A failure ends the test with the order, made as short as it still fails, as Go code that repeats it (Replay). The
// chain is then as it was before.
func (k *Chain) Explore(n int, scenario func(k *Chain), invariant func(k *Chain) error, options ...ExploreOption) Exploration {
	k.t.Helper()
	x := &exploration{chain: k, invariant: invariant, most: n, budget: defaultBudget, seen: make(map[string]bool)}
	for _, o := range options {
		o(x)
	}
	x.scenario = k.collect("Explore", scenario)
	var err error
	x.scene, err = k.newScene(x.scenario.messages, k.pace)
	k.must(err)
	x.all()
	if x.Sampled && x.failure == nil {
		x.sample()
	}
	if x.failure != nil {
		x.report()
	}
	return x.Exploration
}

// all runs every order, until one fails or there are too many.
func (x *exploration) all() {
	f := x.scene.flight()
	e := order.Explorer[delivery, *life]{Flight: f, Most: x.most, Visit: func() bool {
		if x.Orders == x.budget {
			return false
		}
		return x.visit(f)
	}}
	if end := e.Explore(); end != order.Complete && x.failure == nil {
		x.Sampled = true
	}
}

// sample runs random orders, as many as the budget allows in all; it gives up where it finds no new ones.
func (x *exploration) sample() {
	k := x.chain
	random := rand.New(rand.NewPCG(k.seed, 1))
	k.t.Logf("explore: there are more than %s, or more than %s under way at once: %d more are random ones, which kit.Seed(%d) repeats",
		plural(x.budget, "order"), plural(x.most, "message"), x.budget, k.seed)
	for range x.budget {
		f := x.scene.flight()
		for ready := f.Ready(); len(ready) > 0; ready = f.Ready() {
			f.Take(ready[random.IntN(len(ready))])
		}
		if !x.seen[x.key(f)] && !x.visit(f) {
			return
		}
	}
}

// visit judges the order that a flight came to.
func (x *exploration) visit(f *flight) bool {
	x.seen[x.key(f)] = true
	x.Orders++
	x.Longest = max(x.Longest, len(f.Order()))
	if x.failure = x.judge(f); x.failure == nil {
		return true
	}
	x.failed = x.repeat(f.Order())
	return false
}

// key tells orders apart by what they made of every account.
func (x *exploration) key(f *flight) string {
	key := make([]byte, 0, 8*len(x.scene.roots))
	for n := range x.scene.roots {
		id := 0
		if l := f.State(uint32(n)); l != nil {
			id = l.id
		}
		key = binary.BigEndian.AppendUint32(key, uint32(id))
	}
	return string(key)
}

// judge makes the block of an order, lets the invariant look at what it left, and goes back.
func (x *exploration) judge(f *flight) error {
	k := x.chain
	at, made, last, used := k.now, len(k.made), k.last, k.used
	care := built
	if x.Orders&(x.Orders-1) == 0 { // the first, and ever fewer: each is one that a committee would vote for
		care = verified
	}
	next, err := k.conclude(x.scene, f, care)
	if err != nil {
		k.undo(made)
		return err
	}
	r := &ran{scene: x.scene, turns: f.Order(), height: next.header.Height}
	r.show(x.scenario.traces)
	k.now, k.last, k.used = next, x.scenario.traces, make(gasUse)
	returned := false
	defer func() {
		if !returned { // the invariant ended the test
			k.t.Logf("explore: it was order %d%s", x.Orders, x.describe(f.Order()))
		}
	}()
	failed := k.t.Failed()
	err = x.invariant(k)
	if err == nil && !failed && k.t.Failed() {
		err = errAlready
	}
	returned = true
	k.now, k.last, k.used = at, last, used
	k.undo(made)
	return err
}

// errAlready is the failure of an invariant that reported by itself.
var errAlready = fmt.Errorf("the invariant failed the test")

// undo drops the moments that were made since there were that many versions.
func (k *Chain) undo(made int) {
	for n := len(k.made); n > made; n-- {
		k.must(k.tree.Discard(k.made[n-1]))
	}
	k.made = k.made[:made]
}

// repeat runs the scene in a given order.
func (x *exploration) repeat(turns []turn) *flight {
	f := x.scene.flight()
	for _, t := range turns {
		f.Take(t)
	}
	return f
}

// report ends the test with the failing order.
func (x *exploration) report() {
	k := x.chain
	k.t.Helper()
	steps := x.steps(x.failed.Order())
	if x.failure != errAlready && x.scene.err == nil {
		steps = x.shorten(steps)
	}
	(&ran{scene: x.scene, turns: x.failed.Order(), height: k.Height() + 1}).show(x.scenario.traces)
	text := ""
	for _, t := range x.scenario.traces {
		if x.scene.err == nil {
			text += "\n" + t.String()
		}
	}
	k.t.Fatalf("explore: order %d fails: %v%s%s", x.Orders, x.failure, codeOf(steps), text)
}

// describe is an order as code that repeats it.
func (x *exploration) describe(turns []turn) string { return codeOf(x.steps(turns)) }

func codeOf(o Order) string {
	if len(o) == 0 {
		return "\nIt is the order in which messages wait longest. This repeats it:\n\n\tk.Together(scenario)\n"
	}
	var b strings.Builder
	b.WriteString("\nThis repeats it, where scenario is what Explore was given:\n\n\tk.Replay(kit.Order{\n")
	for _, s := range o {
		fmt.Fprintf(&b, "\t\t{%q, %q},\n", s[0], s[1])
	}
	b.WriteString("\t}, scenario)\n")
	return b.String()
}
