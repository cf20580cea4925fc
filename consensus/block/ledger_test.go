package block

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/merkle"
)

const here = chain.Main

// memory is a state as a store keeps it: slots and their bytes.
type memory map[exec.Slot][]byte

func (s memory) Account(a chain.Address) (chain.Account, error) {
	raw, ok := s[exec.Slot{Account: a}]
	if !ok {
		return chain.Account{}, nil
	}
	return chain.DecodeAccount(raw)
}

func (s memory) Entry(a chain.Address, key string) ([]byte, error) {
	return s[exec.Slot{Account: a, Key: key}], nil
}

func (s memory) Next(a chain.Address, prefix, after string) (string, error) {
	next := ""
	for slot := range s {
		if k := slot.Key; slot.Account == a && strings.HasPrefix(k, prefix) && k > after && (next == "" || k < next) {
			next = k
		}
	}
	return next, nil
}

// ledger is a chain as one node holds it.
type ledger struct {
	state  memory
	tree   *merkle.Tree
	header *chain.Header
	hash   chain.BlockHash
	rules  Rules
}

func newLedger(t testing.TB, g *chain.Genesis) *ledger {
	t.Helper()
	if err := g.Check(); err != nil {
		t.Fatal(err)
	}
	l := &ledger{state: memory{}, tree: merkle.New(), rules: Rules{Programs: programs{}}}
	header, changes, err := Genesis(g, l.tree, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.apply(t, changes)
	l.header, l.hash = header, header.Hash()
	return l
}

func (l *ledger) before() *Before {
	return &Before{Header: l.header, Hash: l.hash, State: l.state, Tree: l.tree}
}

func (l *ledger) params(t testing.TB) chain.Params {
	t.Helper()
	return l.context(t).Params
}

// context is that of a next block, a second after the last.
func (l *ledger) context(t testing.TB) *exec.Context {
	t.Helper()
	c, err := l.before().Context(l.rules, l.header.TimeMillis+1000)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// apply writes changes, each of which must find what it says was there before.
func (l *ledger) apply(t testing.TB, changes []exec.Change) {
	t.Helper()
	for _, c := range changes {
		if found, ok := l.state[c.Slot]; !bytes.Equal(found, c.Before) || ok != (c.Before != nil) {
			t.Fatalf("change of %s %q: before is %x, the state has %x", c.Account, c.Key, c.Before, found)
		}
		if bytes.Equal(c.Before, c.After) && (c.Before == nil) == (c.After == nil) {
			t.Fatalf("change of %s %q changes nothing", c.Account, c.Key)
		}
		if c.After == nil {
			delete(l.state, c.Slot)
		} else {
			l.state[c.Slot] = bytes.Clone(c.After)
		}
	}
}

// commit makes res the chain's last block.
func (l *ledger) commit(t testing.TB, res *Result) {
	t.Helper()
	l.apply(t, res.Changes)
	for _, r := range res.Records {
		if found, err := l.state.Account(r.Address); err != nil || found != r.Account {
			t.Fatalf("record of %s is %+v, the state has %+v (%v)", r.Address, r.Account, found, err)
		}
	}
	if err := l.tree.Commit(res.Version); err != nil {
		t.Fatal(err)
	}
	l.header, l.hash = &res.Block.Header, res.Hash
}

// verify is Verify of a block that must be valid.
func (l *ledger) verify(t testing.TB, raw []byte) *Result {
	t.Helper()
	res, fault, err := Verify(l.before(), l.rules, raw)
	if err != nil {
		t.Fatal(err)
	}
	if fault != nil {
		t.Fatal(fault)
	}
	return res
}

// build is Build of what was done.
func (l *ledger) build(t testing.TB, did *Run) *Result {
	t.Helper()
	res, err := Build(l.before(), l.rules, did)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func (l *ledger) discard(t testing.TB, res *Result) {
	t.Helper()
	if err := l.tree.Discard(res.Version); err != nil {
		t.Fatal(err)
	}
}

// reload is the ledger from its bytes alone, with a tree that is hashed anew.
func (l *ledger) reload(t testing.TB) *ledger {
	t.Helper()
	type leaf struct {
		path  merkle.Path
		value merkle.Hash
	}
	n := &ledger{state: memory{}, tree: merkle.New(), hash: l.hash, rules: l.rules}
	var leaves []leaf
	for slot, raw := range l.state {
		n.state[slot] = bytes.Clone(raw)
		leaves = append(leaves, leaf{SlotPath(slot), merkle.ValueHash(raw)})
	}
	slices.SortFunc(leaves, func(a, b leaf) int { return bytes.Compare(a.path[:], b.path[:]) })
	next := 0
	err := n.tree.Load(func() (p merkle.Path, h merkle.Hash, ok bool) {
		if next == len(leaves) {
			return p, h, false
		}
		next++
		return leaves[next-1].path, leaves[next-1].value, true
	})
	if err != nil {
		t.Fatal(err)
	}
	h, err := chain.DecodeHeader(l.header.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	n.header = &h
	if got := chain.Hash(n.tree.Root()); got != h.Roots.State {
		t.Fatalf("the state hashes to %s, the header of height %d says %s", got, h.Height, h.Roots.State)
	}
	return n
}

// wallet is a key with its account.
type wallet struct {
	key     keys.PrivateKey
	address chain.Address
}

func newWallet(n int) wallet {
	key := keys.FromSeed([32]byte{byte(n), byte(n >> 8), byte(n >> 16), 'w'})
	return wallet{key, chain.KeyAddress(here, key.Public())}
}

// wallets are n of them, by address.
func wallets(n int) []wallet {
	list := make([]wallet, n)
	for i := range list {
		list[i] = newWallet(i)
	}
	slices.SortFunc(list, func(a, b wallet) int { return a.address.Compare(b.address) })
	return list
}

// genesis gives each wallet the balance.
func genesis(p chain.Params, balance chain.Amount, owners ...wallet) *chain.Genesis {
	g := &chain.Genesis{Name: "test", Chain: here, TimeMillis: 1_700_000_000_000, Params: p}
	for _, w := range owners {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: w.address, Balance: balance})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	return g
}

// message is an external message of w, complete but for its signature.
func (l *ledger) message(w wallet, nonce uint64, method string, input []byte) *chain.Message {
	return &chain.Message{
		Network: l.header.Network, Kind: chain.External, From: w.address, To: w.address, Payer: w.address,
		Nonce: nonce, ValidUntil: l.header.Height + 100, GasLimit: 1_000_000, Method: method, Input: input,
	}
}

// pay is a signed transfer at gas price 0.
func (l *ledger) pay(w wallet, nonce uint64, to chain.Address, amount uint64) *chain.Message {
	m := l.message(w, nonce, chain.MethodTransfer, chain.TransferInput{To: to}.Encode())
	m.Amount = chain.NewAmount(amount)
	return m.Sign(w.key)
}

// call is a signed call at gas price 0.
func (l *ledger) call(w wallet, nonce uint64, in chain.CallInput) *chain.Message {
	return l.message(w, nonce, chain.MethodCall, in.Encode()).Sign(w.key)
}

// programs are the common messages and some relays that every account understands, so that storage, events and heavy gas
// are tested without a contract.
type programs struct{}

const (
	methodPut  = "put"  // writes its input under a key that is the input's first byte
	methodBurn = "burn" // uses all its gas but 10,000
	methodSay  = "say"  // emits its input
)

func (programs) Program(self chain.Address, account chain.Account, m *chain.Message) (exec.Program, error) {
	if m.Kind == chain.Relay && account.Exists() {
		switch m.Method {
		case methodPut:
			return program(func(e *exec.Env) error {
				if len(m.Input) == 0 {
					return exec.Fail(chain.StatusRefused, "nothing to put")
				}
				return e.Write(string(m.Input[:1]), m.Input[1:])
			}), nil
		case methodBurn:
			return program(func(e *exec.Env) error { return e.Charge(e.GasLeft() - 10_000) }), nil
		case methodSay:
			return program(func(e *exec.Env) error { return e.Emit("said", m.Input) }), nil
		}
	}
	return native.Programs{Codes: codes{}}.Program(self, account, m)
}

func (programs) Group(self chain.Address, account chain.Account, method string) (exec.Program, error) {
	return native.Programs{Codes: codes{}}.Group(self, account, method)
}

func (programs) View(self chain.Address, account chain.Account) (exec.Program, error) {
	return native.Programs{Codes: codes{}}.View(self, account)
}

type program func(*exec.Env) error

func (p program) Handle(e *exec.Env) error { return p(e) }

// workers is an Each of goroutines.
func workers(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func shuffled[T any](rnd *rand.Rand, list []T) []T {
	list = slices.Clone(list)
	rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// signed signs m anew.
func signed(m *chain.Message, w wallet) *chain.Message { return m.Clone().Sign(w.key) }

func mustFault(t testing.TB, l *ledger, raw []byte) *Fault {
	t.Helper()
	res, fault, err := Verify(l.before(), l.rules, raw)
	switch {
	case err != nil:
		t.Fatal(err)
	case res != nil:
		t.Fatal(fmt.Errorf("a block was accepted that must not be"))
	case fault == nil:
		t.Fatal("neither a result nor a fault")
	}
	shown(t, l, raw, fault)
	return fault
}
