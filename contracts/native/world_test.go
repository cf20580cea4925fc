package native_test

import (
	"cmp"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
)

// held is an account of a world with its storage.
type held struct {
	account chain.Account
	entries map[string][]byte
}

func (h *held) Entry(key string) ([]byte, error)          { return h.entries[key], nil }
func (h *held) Next(prefix, after string) (string, error) { return "", nil }

// world is a chain with its accounts and its own state, where messages are handled one after the other. Gas is free, so that what
// money there is stays where it can be seen.
type world struct {
	t       testing.TB
	context exec.Context
	system  map[string][]byte
	held    map[chain.Address]*held
	out     []*chain.Message // relays for other chains
	count   byte             // messages made
	gas     uint64           // used by the last message, without what it led to
	price   uint64           // of gas, which nobody here pays
	limit   uint64           // on the gas of the next messages; 0 for the most
}

const fortune = 1_000_000

// newWorld is chain here of the network of the tree.
func newWorld(t testing.TB, here chain.ID, tree chain.Tree) *world {
	w := &world{t: t, system: map[string][]byte{}, held: map[chain.Address]*held{}}
	w.context = exec.Context{
		Network: network, Chain: here, Height: 10, TimeMillis: 1_000_000, Params: chain.DefaultParams(), Tree: tree, Programs: native.Programs{},
		System: func(key string) ([]byte, error) { return w.system[key], nil },
	}
	w.context.Params.DepositPerAccount, w.context.Params.DepositPerByte = 1, 1 // for accounts that are no system actors
	return w
}

// at is the account of an address.
func (w *world) at(a chain.Address) *held {
	h := w.held[a]
	if h == nil {
		h = &held{entries: map[string][]byte{}}
		w.held[a] = h
	}
	return h
}

// rich gives an account a fortune.
func (w *world) rich(list ...chain.Address) *world {
	for _, a := range list {
		w.at(a).account = chain.Account{Balance: chain.NewAmount(fortune), Deposit: chain.NewAmount(1), Nonce: 1}
	}
	return w
}

// total is all the money there is, what is on its way to other chains included.
func (w *world) total() (sum chain.Amount) {
	add := func(a chain.Amount) {
		var err error
		if sum, err = sum.Add(a); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, h := range w.held { // any order: a sum
		add(h.account.Balance)
		add(h.account.Deposit)
	}
	for _, m := range w.out {
		add(m.Amount)
	}
	return sum
}

// send is a message from an account of this chain, with its amount taken from there, as a call would make it. It returns its outcome;
// all that it leads to has been handled too. Money is conserved, and storage counted.
func (w *world) send(from, to chain.Address, method string, amount uint64, input []byte) exec.Outcome {
	w.t.Helper()
	before := w.total()
	sender := w.at(from)
	rest, err := sender.account.Balance.Sub(chain.NewAmount(amount))
	if err != nil {
		w.t.Fatal(err)
	}
	sender.account.Balance = rest
	o := w.deliver(w.message(from, to, method, chain.NewAmount(amount), input))
	if after := w.total(); after != before {
		w.t.Fatalf("%s: %s became %s", method, before, after)
	}
	return o
}

func (w *world) message(from, to chain.Address, method string, amount chain.Amount, input []byte) *chain.Message {
	w.count++
	limit := cmp.Or(w.limit, chain.MaxMessageGas)
	return &chain.Message{
		Network: w.context.Network, Kind: chain.Relay, From: from, To: to, Payer: from, Amount: amount, GasLimit: limit, GasPrice: w.price, Method: method,
		Input: input, Parent: chain.MessageID{1, w.count}, Origin: chain.MessageID{2}, Depth: 1,
	}
}

// deliver handles m, twice with one result (E5), and all that it leads to on this chain.
func (w *world) deliver(m *chain.Message) exec.Outcome {
	w.t.Helper()
	m.Seal()
	h := w.at(m.To)
	o, err := exec.Apply(&w.context, m.To, h.account, h, m)
	if err != nil {
		w.t.Fatalf("error of the world's: %v", err)
	}
	if again, err := exec.Apply(&w.context, m.To, h.account, h, m); err != nil || !reflect.DeepEqual(o, again) {
		w.t.Fatalf("E5: %+v, then %+v, error %v", o, again, err)
	}
	h.account = o.Account
	for _, x := range o.Writes {
		if h.entries[x.Key] = x.Value; x.Value == nil {
			delete(h.entries, x.Key)
		}
	}
	size := uint64(0)
	for key, value := range h.entries { // any order: a sum
		size += uint64(len(key) + len(value))
	}
	if size != h.account.StorageBytes || m.To.IsNative() && !h.account.Deposit.IsZero() {
		w.t.Fatalf("E8: %d bytes of storage in %+v", size, h.account)
	}
	for i := range o.Sent {
		s := o.Sent[i].Relay(m.To, m, uint32(i))
		if s.To.Chain() != w.context.Chain {
			w.out = append(w.out, s)
			continue
		}
		w.deliver(s)
	}
	w.gas = o.GasUsed
	return o
}

// want fails unless o ended in status, with a reason that holds words.
func (w *world) want(o exec.Outcome, status chain.Status, words string) {
	w.t.Helper()
	if o.Status != status || !strings.Contains(o.Reason, words) {
		w.t.Fatalf("status %q (%s), want %q (%s)", o.Status, o.Reason, status, words)
	}
}

// ok fails unless o is a success.
func (w *world) ok(o exec.Outcome) exec.Outcome {
	w.t.Helper()
	w.want(o, chain.StatusOK, "")
	return o
}

// snapshot is a copy of all state.
func (w *world) snapshot() map[chain.Address]held {
	all := map[chain.Address]held{}
	for a, h := range w.held {
		all[a] = held{h.account, maps.Clone(h.entries)}
	}
	return all
}

// restore makes all accounts what they were.
func (w *world) restore(all map[chain.Address]held) {
	clear(w.held)
	for a, h := range all {
		w.held[a] = &held{h.account, maps.Clone(h.entries)}
	}
}

// unchanged fails unless do leaves every account as it was: what was refused changes nothing, and what came with it is back.
func (w *world) unchanged(do func()) {
	w.t.Helper()
	before := w.snapshot()
	do()
	w.same(before)
}

// same fails unless every account is as it was.
func (w *world) same(before map[chain.Address]held) {
	w.t.Helper()
	for a, h := range w.snapshot() {
		if was := before[a]; !reflect.DeepEqual(h, was) && !(h.account == was.account && len(h.entries)+len(was.entries) == 0) {
			w.t.Fatalf("account %s became %+v, was %+v", a, h, was)
		}
	}
}
