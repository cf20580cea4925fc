package kit

import (
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

// Budget is how many orders are run one after the other, and how many are sampled after that if there are more [10,000; in a tree of
// chains 1,000].
func Budget(orders int) ExploreOption { return func(x *exploration) { x.budget = orders } }

// An order on one chain takes some 100 µs, one over chains some 10 ms: each chain's blocks are made, verified and proven to the others.
const (
	defaultBudget     = 10_000
	defaultTreeBudget = 1_000
)

// exploration is an Explore under way.
type exploration struct {
	Exploration
	chain     *Chain
	invariant func(k *Chain) error
	most      int
	budget    int
	scenario  *scenario
	course    course
	seen      map[string]bool // orders that were sampled or explored, by key
	failure   error
	failed    Order  // the one that fails
	traces    string // of it
}

// course is what an exploration runs, each time in another order: a block, or blocks of all chains.
type course interface {
	// explore calls visit at the end of every order, until that returns false.
	explore(most int, visit func() bool) order.End
	// sample runs it in a random order, follow in a given one.
	sample(*rand.Rand)
	follow(Order) error
	// order is the last one, length how many messages were processed in it; key tells it from others.
	order() Order
	length() int
	key() string
	// land makes the chains what the last order left.
	land(care) error
	// broken is an error that is not about what is tested.
	broken() error
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
// In a tree of chains the orders are those in which messages arrive on each chain: what the scenario sends there, and every relay from
// another chain, held ones included, in the order sent from each chain (SPEC 8.3). Each arrival has a block to itself, where what
// waits longest goes first: the orders inside of a block are explored on one chain.
//
// With more than n messages under way at once, or more orders than the Budget, orders are sampled at random, and the seed is
// logged. A failure ends the test with the order, made as short as it still fails, as Go code that repeats it (Replay). The
// chain is then as it was before.
func (k *Chain) Explore(n int, scenario func(k *Chain), invariant func(k *Chain) error, options ...ExploreOption) Exploration {
	k.t.Helper()
	x := &exploration{chain: k, invariant: invariant, most: n, budget: defaultBudget, seen: make(map[string]bool)}
	if k.isTree() {
		x.budget = defaultTreeBudget
	}
	for _, o := range options {
		o(x)
	}
	x.scenario = k.collect("Explore", scenario)
	start := k.world()
	defer func() { k.back(start) }()
	x.course = k.course(x.scenario)
	if end := x.course.explore(x.most, func() bool { return x.Orders < x.budget && x.visit() }); end != order.Complete && x.failure == nil {
		x.Sampled = true
	}
	if x.Sampled && x.failure == nil {
		x.sample()
	}
	if x.failure != nil {
		x.report()
	}
	return x.Exploration
}

// course is that of a scenario.
func (k *Chain) course(s *scenario) course {
	k.t.Helper()
	k.begin(s.traces)
	k.tick(k.pace)
	if k.isTree() {
		return k.newVoyage(s)
	}
	c, err := k.newScene(s.of(k, 0))
	k.must(err)
	return &single{scene: c}
}

// sample runs random orders, as many as the budget allows in all; it gives up where it finds no new ones.
func (x *exploration) sample() {
	k := x.chain
	random := rand.New(rand.NewPCG(k.seed, 1))
	k.t.Logf("explore: there are more than %s, or more than %s under way at once: %d more are random ones, which kit.Seed(%d) repeats",
		plural(x.budget, "order"), plural(x.most, "message"), x.budget, k.seed)
	for range x.budget {
		x.course.sample(random)
		if !x.seen[x.course.key()] && !x.visit() {
			return
		}
	}
}

// visit judges the order that the course came to.
func (x *exploration) visit() bool {
	x.seen[x.course.key()] = true
	x.Orders++
	x.Longest = max(x.Longest, x.course.length())
	x.failure = x.judge()
	return x.failure == nil
}

// judge makes the chains what an order left, lets the invariant look at that, and goes back.
func (x *exploration) judge() (failure error) {
	k := x.chain
	before, last, used := k.world(), k.last, k.used
	k.used = make(gasUse)
	defer func() {
		k.last, k.used = last, used
		k.back(before)
	}()
	care := built
	if x.Orders&(x.Orders-1) == 0 { // the first, and ever fewer: each is one that a committee would vote for
		care = verified
	}
	if err := x.course.land(care); err != nil {
		x.failed, x.traces = x.course.order(), ""
		return err
	}
	k.show()
	traces := k.open // of what was held before, too
	k.last = traces
	returned := false
	defer func() {
		if !returned { // the invariant ended the test
			k.t.Logf("explore: it was order %d%s", x.Orders, codeOf(x.course.order()))
		}
	}()
	failed := k.t.Failed()
	err := x.invariant(k)
	if err == nil && !failed && k.t.Failed() {
		err = errAlready
	}
	returned = true
	if err != nil {
		x.failed, x.traces = x.course.order(), ""
		for _, t := range traces {
			x.traces += "\n" + t.String()
		}
	}
	return err
}

// errAlready is the failure of an invariant that reported by itself.
var errAlready = fmt.Errorf("the invariant failed the test")

// report ends the test with the failing order.
func (x *exploration) report() {
	x.chain.t.Helper()
	if x.failure != errAlready && x.course.broken() == nil {
		x.shorten()
	}
	x.chain.t.Fatalf("explore: order %d fails: %v%s%s", x.Orders, x.failure, codeOf(x.failed), x.traces)
}

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
