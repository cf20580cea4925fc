package kit

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Chain is a chain in the process, alone or in a tree of them (Chains, Tree). It is for one test, and for one goroutine. Where a
// method names no account, it is about this chain: its height, its time; all else is about the whole tree, whichever chain
// it is asked of.
type Chain struct {
	*network
	id     chain.ID
	name   string
	parent *Chain // nil for the main chain
	tree   *merkle.Tree
	rules  block.Rules
	now    *moment
	made   []*merkle.Version // of the state tree, by moments that may still be in use, oldest first

	secret    keys.BLSSecret // of the chain's one seat; nothing where there is one chain
	committee *light.Committee
}

// Option sets up a chain.
type Option func(*setup)

type setup struct {
	params   chain.Params
	start    time.Time
	pace     time.Duration
	gasPrice uint64
	seed     *uint64
	limbs    []limb
	fault    error
}

// Seed makes every block take its messages in a random order, one that is possible; without it the message that waits
// longest goes first. Explore samples with it, too. Equal seeds give equal runs.
func Seed(seed uint64) Option { return func(s *setup) { s.seed = &seed } }

// Params sets the chain's parameters; without it they are the default ones with as much gas as a block can have.
func Params(p chain.Params) Option { return func(s *setup) { s.params = p } }

// GasPrice is what a unit of gas costs; without it gas is free, so that amounts come out even.
func GasPrice(price uint64) Option {
	return func(s *setup) { s.gasPrice, s.params.MinGasPrice = price, price }
}

// Start is the time of the block before the first one, and BlockTime what passes between two blocks [1 s].
func Start(t time.Time) Option            { return func(s *setup) { s.start = t } }
func BlockTime(pace time.Duration) Option { return func(s *setup) { s.pace = pace } }

// Chains makes a main chain and that many chains under it, which are called "a", "b", "c", …: 1 to 15.
func Chains(business int) Option {
	return func(s *setup) {
		s.limbs = []limb{{name: "main"}}
		for i := range business {
			s.limbs = append(s.limbs, limb{name: string(rune('a' + i))})
		}
		s.checkLimbs()
	}
}

// Tree makes a tree of chains: each with those under it in parentheses behind its name.
//
//	kit.Tree("main(a(a1,a2),b)")
func Tree(text string) Option {
	return func(s *setup) {
		if s.limbs, s.fault = parseTree(text); s.fault == nil {
			s.checkLimbs()
		}
	}
}

// New starts a chain that ends with the test, or a tree of them: what it returns is the main chain.
func New(t testing.TB, options ...Option) *Chain {
	t.Helper()
	s := setup{params: chain.DefaultParams(), start: time.UnixMilli(1_700_000_000_000), pace: time.Second, limbs: []limb{{name: "main"}}}
	s.params.BlockGas = chain.MaxBlockGas
	for _, o := range options {
		o(&s)
	}
	n := &network{
		t: t, codes: make(codes), pace: s.pace, gasPrice: s.gasPrice, seed: 1, accounts: make(map[string]*Account),
		known: make(map[chain.Address]*Account), used: make(gasUse), relays: relay.NewChains(), committees: committees{},
	}
	if s.fault != nil {
		t.Fatalf("kit: %v", s.fault)
	}
	for i, l := range s.limbs {
		n.limbs = append(n.limbs, chain.Limb{ID: chain.Main + chain.ID(i)})
		if i > 0 {
			n.limbs[i].Parent = n.limbs[l.under].ID
		}
	}
	if s.seed != nil {
		n.seed, n.random = *s.seed, rand.New(rand.NewPCG(*s.seed, 0))
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("this chain took messages in random order: kit.Seed(%d) repeats it", n.seed)
			}
		})
	}
	if n.pace < time.Millisecond {
		t.Fatalf("kit: a block time of %s: it must be a millisecond at least", n.pace)
	}
	if err := n.start(&s); err != nil {
		t.Fatalf("kit: %v", err)
	}
	return n.main()
}

// Height is that of the last block.
func (k *Chain) Height() uint64 { return k.now.header.Height }

// Time is that of the last block.
func (k *Chain) Time() time.Time { return time.UnixMilli(int64(k.now.header.TimeMillis)) }

// Advance makes blocks without messages, on every chain.
func (k *Chain) Advance(blocks int) {
	k.t.Helper()
	k.notHeld("Advance")
	for range blocks {
		k.advance(k.pace)
	}
}

// AdvanceTime makes one block that much later than the last, on every chain.
func (k *Chain) AdvanceTime(d time.Duration) {
	k.t.Helper()
	k.notHeld("AdvanceTime")
	k.check(d >= time.Millisecond, "time advances by a millisecond at least, not by %s", d)
	k.advance(d)
}

func (n *network) advance(d time.Duration) {
	n.t.Helper()
	n.tick(d)
	for _, k := range n.chains {
		k.run(nil)
	}
	n.settle()
}

// Cool lets all code of the chain turn cold, as it does on a chain where much other code runs: the next message to each account pays
// for loading its code (chain.Warm), those that contracts send included.
func (k *Chain) Cool() {
	k.t.Helper()
	k.notHeld("Cool")
	m := k.external(k.bank(), chain.MethodPublish, chain.PublishInput{Code: fmt.Append(nil, largeCode, k.Height())}.Encode(), chain.Amount{})
	m.GasLimit = chain.MaxMessageGas
	k.apart(k.sign(k.bank(), m))
}

// tick lets time pass.
func (n *network) tick(d time.Duration) { n.clock += uint64(d.Milliseconds()) }

// world is all chains at a moment.
type world struct {
	moments []*moment
	made    []int // versions of each chain's tree
	clock   uint64
	story   *chapter
	open    []*Trace
	bounds  map[pair]uint64
}

func (n *network) world() world {
	w := world{clock: n.clock, story: n.story, open: slices.Clip(n.open), bounds: n.bounds}
	for _, k := range n.chains {
		w.moments, w.made = append(w.moments, k.now), append(w.made, len(k.made))
	}
	return w
}

// enter makes everything as it was.
func (n *network) enter(w world) {
	for i, k := range n.chains {
		k.now = w.moments[i]
	}
	n.clock, n.story, n.open, n.bounds = w.clock, w.story, w.open, w.bounds
}

// back is enter where nothing that was made since is needed any more.
func (n *network) back(w world) {
	n.enter(w)
	for i, k := range n.chains {
		for m := len(k.made); m > w.made[i]; m-- {
			k.must(k.tree.Discard(k.made[m-1]))
		}
		k.made = k.made[:w.made[i]]
	}
}

// Snapshot is a moment of all chains.
type Snapshot struct {
	of *network
	at *world
}

// Snapshot remembers how everything is. It costs nothing, and is equal to another one if nothing has happened between them.
func (k *Chain) Snapshot() Snapshot {
	w := k.world()
	if k.latest == nil || !slices.Equal(k.latest.moments, w.moments) || k.latest.clock != w.clock || !maps.Equal(k.latest.bounds, w.bounds) {
		k.latest = &w
	}
	return Snapshot{k.network, k.latest}
}

// Restore makes everything as it was at the snapshot: state, height, time, and what was held. Names that were given since remain.
func (k *Chain) Restore(s Snapshot) {
	k.t.Helper()
	k.notHeld("Restore")
	k.check(s.of == k.network, "the snapshot is of another chain")
	k.enter(*s.at)
}

// Conserved fails the test unless the money of all accounts on all chains, the fees, and what is under way from chain to chain come to
// what was issued (SPEC 8.5). Every block is held to it anyway.
func (k *Chain) Conserved() {
	k.t.Helper()
	var all []chain.Amount
	for _, c := range k.chains {
		sum, err := c.now.total()
		k.must(err)
		all = append(all, sum)
		for _, to := range k.chains {
			for _, m := range k.underWay(c, to) {
				all = append(all, exec.Value(m))
			}
		}
	}
	k.must(k.adds(all))
}

// adds says whether amounts come to all that was issued.
func (n *network) adds(list []chain.Amount) error {
	sum, issued := chain.Amount{}, chain.Amount{}
	var err error
	for _, v := range list {
		if sum, err = sum.Add(v); err != nil {
			return fmt.Errorf("money is not conserved: %w", err)
		}
	}
	for range n.chains {
		if issued, err = issued.Add(n.issued); err != nil {
			return err
		}
	}
	if sum != issued {
		return fmt.Errorf("money is not conserved: there are %s, and %s were issued", sum, issued)
	}
	return nil
}

// Storage is an entry of an account's storage; nil if there is none.
func (k *Chain) Storage(of *Account, key string) []byte {
	v, err := of.chain.now.Entry(of.address, key)
	k.must(err)
	return v
}

func (k *Chain) record(a chain.Address) chain.Account {
	k.t.Helper()
	r, err := k.now.Account(a)
	k.must(err)
	return r
}

// must ends the test for an error that is not about what is tested.
func (k *Chain) must(err error) {
	if err != nil {
		k.t.Helper()
		k.t.Fatalf("kit: %v", err)
	}
}

func (k *Chain) check(ok bool, format string, args ...any) {
	if !ok {
		k.t.Helper()
		k.t.Fatalf("kit: "+format, args...)
	}
}

func (k *Chain) notHeld(what string) {
	k.t.Helper()
	k.check(k.held == nil, "%s makes a block, and inside of Together, Explore and Replay messages are only collected: do it before", what)
}

// Env is what a native program handles a message with.
type Env = exec.Env

// Refuse is the error of a program that refuses a message: what came with it goes back.
func Refuse(format string, args ...any) error { return exec.Fail(chain.StatusRefused, format, args...) }

// plural is "1 order", "2 orders".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
