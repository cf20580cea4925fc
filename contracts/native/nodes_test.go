package native_test

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// host is somebody with a node: the account of its key, and what registers it.
type host struct {
	account chain.Address
	input   chain.NodeInput
}

func newHost(n byte) host {
	secret := keys.BLSFromSeed([32]byte{50, n})
	h := host{input: chain.NewNodeInput(network, "node", keys.PublicKey{50, n}, secret)}
	h.account = chain.KeyAddress(chain.Main, h.input.Node)
	return h
}

func (h host) key() []byte { return h.input.Node[:] }

func (w *world) node(h host) chain.Node {
	w.t.Helper()
	n, err := chain.DecodeNodeEntry(w.at(chain.NodesAddress()).entries[chain.NodeKey(h.input.Node)])
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// A node's whole life, twice: registered, leaving, gone with its deposit, and again.
func TestNodeLife(t *testing.T) {
	h, other := newHost(1), newHost(2)
	w := newWorld(t, chain.Main, family).rich(h.account, other.account, alice)
	to := chain.NodesAddress()
	w.ok(w.send(other.account, to, chain.MethodRegister, chain.NodeDeposit, other.input.Encode()))
	again := chain.NewNodeInput(network, "node", h.input.Node, keys.BLSFromSeed([32]byte{51})) // with another voting key
	for range 2 {
		now := w.context.TimeMillis
		w.ok(w.send(h.account, to, chain.MethodRegister, chain.NodeDeposit+5, h.input.Encode()))
		want := chain.Node{Owner: h.account, Key: h.input.Key, Name: "node", Deposit: chain.NewAmount(chain.NodeDeposit + 5), Since: now}
		if n := w.node(h); n != want {
			t.Fatalf("%+v, want %+v", n, want)
		}
		if b := w.at(to).account.Balance; b != chain.NewAmount(2*chain.NodeDeposit+5) {
			t.Fatalf("%s frozen", b)
		}
		w.unchanged(func() {
			w.want(w.send(h.account, to, chain.MethodRegister, chain.NodeDeposit, h.input.Encode()), chain.StatusExists, "is registered")
			w.want(w.send(h.account, to, chain.MethodRegister, chain.NodeDeposit, again.Encode()), chain.StatusExists, "is registered")
			w.want(w.send(h.account, to, chain.MethodWithdraw, 0, h.key()), chain.StatusRefused, "leave first")
			w.want(w.send(alice, to, chain.MethodLeave, 0, h.key()), chain.StatusRefused, "is not the sender's")
		})
		w.context.TimeMillis += 1000
		w.ok(w.send(h.account, to, chain.MethodLeave, 0, h.key()))
		if n := w.node(h); n.Leaving != w.context.TimeMillis {
			t.Fatalf("%+v", n)
		}
		w.context.TimeMillis += chain.UnbondingMillis - 1
		w.unchanged(func() {
			w.want(w.send(h.account, to, chain.MethodLeave, 0, h.key()), chain.StatusRefused, "announced already")
			w.want(w.send(h.account, to, chain.MethodWithdraw, 0, h.key()), chain.StatusNotYet, "comes back from time")
			w.want(w.send(h.account, to, chain.MethodRegister, chain.NodeDeposit, h.input.Encode()), chain.StatusExists, "is registered")
		})
		w.context.TimeMillis++
		w.unchanged(func() {
			w.want(w.send(alice, to, chain.MethodWithdraw, 0, h.key()), chain.StatusRefused, "is not the sender's")
		})
		w.ok(w.send(h.account, to, chain.MethodWithdraw, 0, h.key()))
		if b := w.at(h.account).account.Balance; b != chain.NewAmount(fortune) {
			t.Fatalf("%s came back", b)
		}
		if _, ok := w.at(to).entries[chain.NodeKey(h.input.Node)]; ok || len(w.at(to).entries) != 2 {
			t.Fatalf("left behind: %q", w.at(to).entries)
		}
		w.unchanged(func() {
			w.want(w.send(h.account, to, chain.MethodWithdraw, 0, h.key()), chain.StatusRefused, "is not registered")
		})
	}
}

func TestNodeRefused(t *testing.T) {
	h, other := newHost(1), newHost(2)
	edit := func(change func(in *chain.NodeInput)) []byte {
		in := h.input
		change(&in)
		return in.Encode()
	}
	w := newWorld(t, chain.Main, family).rich(h.account, other.account, alice)
	w.ok(w.send(other.account, chain.NodesAddress(), chain.MethodRegister, chain.NodeDeposit, other.input.Encode()))
	elsewhere := chain.KeyAddress(2, h.input.Node)
	for _, x := range []struct {
		name   string
		from   chain.Address
		method string
		amount uint64
		input  []byte
		status chain.Status
		words  string
	}{
		{"no deposit", h.account, chain.MethodRegister, 0, h.input.Encode(), chain.StatusRefused, "an amount of 0"},
		{"too small a deposit", h.account, chain.MethodRegister, chain.NodeDeposit - 1, h.input.Encode(), chain.StatusRefused, "an amount of 9999, and the deposit of a node is at least 10000"},
		{"another's node", alice, chain.MethodRegister, chain.NodeDeposit, h.input.Encode(), chain.StatusRefused, "only the account of the node's key"},
		{"from another chain", elsewhere, chain.MethodRegister, 0, h.input.Encode(), chain.StatusRefused, "only the account of the node's key"},
		{"another's voting key", h.account, chain.MethodRegister, chain.NodeDeposit, edit(func(in *chain.NodeInput) { in.Key = other.input.Key }), chain.StatusExists, "is registered"},
		{"for another network", h.account, chain.MethodRegister, chain.NodeDeposit, edit(func(in *chain.NodeInput) {
			in.Possession = chain.NewNodeInput(chain.NetworkID{9}, "node", in.Node, keys.BLSFromSeed([32]byte{50, 1})).Possession
		}), chain.StatusRefused, "node 3201"},
		{"for a seat", h.account, chain.MethodRegister, chain.NodeDeposit, edit(func(in *chain.NodeInput) {
			in.Possession = chain.Apply(network, "node", in.Node, keys.BLSFromSeed([32]byte{50, 1}), 1).Possession
		}), chain.StatusRefused, "node 3201"},
		{"no possession", h.account, chain.MethodRegister, chain.NodeDeposit, edit(func(in *chain.NodeInput) { in.Possession = other.input.Possession }), chain.StatusRefused, "node 3201"},
		{"no key", h.account, chain.MethodRegister, chain.NodeDeposit, edit(func(in *chain.NodeInput) { in.Key = keys.BLSPublicKey{} }), chain.StatusRefused, "node 3201"},
		{"no name", h.account, chain.MethodRegister, chain.NodeDeposit, edit(func(in *chain.NodeInput) { in.Name = "" }), chain.StatusBadInput, "a name"},
		{"a strange name", h.account, chain.MethodRegister, chain.NodeDeposit, edit(func(in *chain.NodeInput) { in.Name = "a\x00" }), chain.StatusBadInput, "of ASCII"},
		{"nothing", h.account, chain.MethodRegister, chain.NodeDeposit, nil, chain.StatusBadInput, "register: "},
		{"who isn't leaves", h.account, chain.MethodLeave, 0, h.key(), chain.StatusRefused, "is not registered"},
		{"who isn't withdraws", h.account, chain.MethodWithdraw, 0, h.key(), chain.StatusRefused, "is not registered"},
		{"another leaves", h.account, chain.MethodLeave, 0, other.key(), chain.StatusRefused, "is not the sender's"},
		{"leave with money", other.account, chain.MethodLeave, 1, other.key(), chain.StatusBadInput, "takes no amount"},
		{"half a key", other.account, chain.MethodLeave, 0, other.key()[:31], chain.StatusBadInput, "31 bytes"},
		{"another method", h.account, chain.MethodCreate, 5, nil, chain.StatusUnknownMethod, "no method"},
	} {
		t.Run(x.name, func(t *testing.T) {
			w.unchanged(func() { w.want(w.send(x.from, chain.NodesAddress(), x.method, x.amount, x.input), x.status, x.words) })
		})
	}
}

// Native are the registries of the main chain, and the digests actor of each.
func TestSystemAddresses(t *testing.T) {
	elsewhere := chain.NodesAddress()
	elsewhere[3] = 2
	for a, want := range map[chain.Address]bool{
		chain.DigestsAddress(1): true, chain.DigestsAddress(9): true, chain.RegistryAddress(): true, chain.NodesAddress(): true,
		alice: false, chain.SystemAddress(1): false, elsewhere: false,
	} {
		if a.IsNative() != want {
			t.Errorf("%s is native: %t", a, a.IsNative())
		}
	}
}
