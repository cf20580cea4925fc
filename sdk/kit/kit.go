package kit

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Chain is a chain in the process. It is for one test, and for one goroutine.
type Chain struct {
	t        testing.TB
	tree     *merkle.Tree
	rules    block.Rules
	codes    *codes
	now      *moment
	made     []*merkle.Version // of the state tree, by moments that may still be in use, oldest first
	pace     time.Duration     // between a block and the next
	gasPrice uint64
	seed     uint64
	random   *rand.Rand // chooses who goes first; nil: who waits longest
	bank     keys.PrivateKey
	accounts map[string]*Account
	known    map[chain.Address]*Account
	held     *scenario // what is sent is collected and not run; nil at other times
	last     []*Trace
	used     gasUse
}

// Option sets up a chain.
type Option func(*setup)

type setup struct {
	params   chain.Params
	start    time.Time
	pace     time.Duration
	gasPrice uint64
	seed     *uint64
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

// New starts a chain that ends with the test.
func New(t testing.TB, options ...Option) *Chain {
	t.Helper()
	s := setup{params: chain.DefaultParams(), start: time.UnixMilli(1_700_000_000_000), pace: time.Second}
	s.params.BlockGas = chain.MaxBlockGas
	for _, o := range options {
		o(&s)
	}
	k := &Chain{
		t: t, tree: merkle.New(), codes: newCodes(), pace: s.pace, gasPrice: s.gasPrice, seed: 1, bank: client.DevKey("kit", "bank"),
		accounts: make(map[string]*Account), known: make(map[chain.Address]*Account), used: make(gasUse),
	}
	if s.seed != nil {
		k.seed, k.random = *s.seed, rand.New(rand.NewPCG(*s.seed, 0))
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("this chain took messages in random order: kit.Seed(%d) repeats it", k.seed)
			}
		})
	}
	k.rules = block.Rules{Programs: native.Programs{Codes: k.codes}}
	k.check(k.pace >= time.Millisecond, "a block time of %s: it must be a millisecond at least", k.pace)
	bank := k.register(&Account{name: "bank", address: chain.KeyAddress(chain.Main, k.bank.Public()), key: &k.bank})
	first, err := genesis(&chain.Genesis{
		Name: "kit", Chain: chain.Main, TimeMillis: uint64(s.start.UnixMilli()), Params: s.params,
		Accounts: []chain.GenesisAccount{{Address: bank.address, Balance: issued}},
	}, k.tree)
	k.must(err)
	k.now = first
	k.register(&Account{name: "system", address: chain.SystemAddress(chain.Main)})
	return k
}

// issued is all the money that there is: what accounts are given, they get from the bank.
var issued = chain.Mul(1<<62, 1<<62)

// Height is that of the last block.
func (k *Chain) Height() uint64 { return k.now.header.Height }

// Time is that of the last block.
func (k *Chain) Time() time.Time { return time.UnixMilli(int64(k.now.header.TimeMillis)) }

// Advance makes blocks without messages.
func (k *Chain) Advance(blocks int) {
	k.t.Helper()
	k.notHeld("Advance")
	for range blocks {
		k.run(nil, k.pace)
	}
}

// AdvanceTime makes one block that much later than the last.
func (k *Chain) AdvanceTime(d time.Duration) {
	k.t.Helper()
	k.notHeld("AdvanceTime")
	k.check(d >= time.Millisecond, "time advances by a millisecond at least, not by %s", d)
	k.run(nil, d)
}

// Snapshot is a moment of a chain.
type Snapshot struct {
	of *Chain
	at *moment
}

// Snapshot remembers how everything is. It costs nothing.
func (k *Chain) Snapshot() Snapshot { return Snapshot{k, k.now} }

// Restore makes everything as it was at the snapshot: state, height and time. Names that were given since remain.
func (k *Chain) Restore(s Snapshot) {
	k.t.Helper()
	k.notHeld("Restore")
	k.check(s.of == k, "the snapshot is of another chain")
	k.now = s.at
}

// Conserved fails the test unless the money of all accounts and the fees come to what was issued (SPEC 8.5). Every block is
// held to it anyway.
func (k *Chain) Conserved() {
	k.t.Helper()
	sum, err := k.now.total()
	k.must(err)
	k.check(sum == issued, "money is not conserved: there are %s, and %s were issued", sum, issued)
}

// Storage is an entry of an account's storage; nil if there is none.
func (k *Chain) Storage(of *Account, key string) []byte {
	v, err := k.now.Entry(of.address, key)
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
