package native_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// applicants are n nodes with a seat each of the chain with a name, and the proofs of their keys.
func applicants(name string, salt byte, n int) (list []chain.Applicant) {
	for i := range n {
		secret := keys.BLSFromSeed([32]byte{100, salt, byte(i)})
		list = append(list, chain.Apply(network, name, keys.PublicKey{100, salt, byte(i)}, secret, 1))
	}
	return list
}

// registers is the main chain of a tree, as a genesis makes it.
func registers(t testing.TB, tree chain.Tree) *world {
	w := newWorld(t, chain.Main, tree).rich(alice, bob)
	w.price = 1 << 20
	r := w.at(chain.RegistryAddress())
	for _, l := range tree {
		p := newPanel(l.ID, 0, 1, 1)
		b := branch(p, l.Parent, 0)
		b.Params.MinGasPrice = uint64(l.ID)
		r.entries[chain.NamedKey(b.Name)] = chain.EncodeNamed(l.ID)
		r.entries[chain.RegisteredKey(l.ID)], r.entries[chain.RegisteredCharter(l.ID)] = b.Registration.Encode(), chain.Charter{Seats: p.Committee, Params: b.Params}.Encode()
	}
	for key, value := range r.entries { // any order: a sum
		r.account.StorageBytes += uint64(len(key) + len(value))
	}
	return w
}

func (w *world) create(amount uint64, in chain.CreateInput) exec.Outcome {
	w.t.Helper()
	return w.send(alice, chain.RegistryAddress(), chain.MethodCreate, amount, in.Encode())
}

func (w *world) registration(id chain.ID) chain.Registration {
	w.t.Helper()
	g, err := chain.DecodeRegistration(w.at(chain.RegistryAddress()).entries[chain.RegisteredKey(id)])
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func (w *world) committee(id chain.ID) chain.Committee {
	w.t.Helper()
	c, err := chain.DecodeCharter(w.at(chain.RegistryAddress()).entries[chain.RegisteredCharter(id)])
	if err != nil {
		w.t.Fatal(err)
	}
	return c.Seats
}

// A chain is made: registered, introduced to the tree and to its parent, its deposit frozen; another one behind it, and a digest of
// it counts from then on.
func TestCreate(t *testing.T) {
	w := registers(t, family)
	in := chain.CreateInput{Parent: 1, Name: "Alice's shop", Silent: 1, Nodes: applicants("Alice's shop", 1, 4)}
	o := w.ok(w.create(chain.ChainDeposit, in))
	limb := chain.Limb{ID: 5, Parent: 1}
	if !slices.Equal(o.Introduced(), []chain.Limb{limb}) || len(o.Events) != 1 || o.Events[0].Topic != chain.EventCreated || !bytes.Equal(o.Events[0].Body, limb.Encode()) {
		t.Errorf("introduced %v, events %+v", o.Introduced(), o.Events)
	}
	seats := w.committee(5)
	want := chain.Registration{
		Limb: limb, Owner: alice, Name: in.Name, Params: w.registration(1).Params, Height: 10, Deposit: chain.NewAmount(chain.ChainDeposit), Committee: seats.Hash(),
	}
	if g := w.registration(5); !reflect.DeepEqual(g, want) {
		t.Errorf("registered %+v, want %+v", g, want)
	}
	if made := chain.Seated(5, 1, seats.Seed, in.Nodes); seats.Hash() != made.Hash() || seats.Seed == (chain.Hash{}) {
		t.Errorf("committee %+v", seats)
	}
	if b := w.at(chain.RegistryAddress()).account.Balance; b != chain.NewAmount(chain.ChainDeposit) {
		t.Errorf("the registry has %s", b)
	}
	if c := w.child(5); c.Committee != seats.Hash() || c.Anchor != (chain.Anchor{}) || !c.Issued.IsZero() {
		t.Errorf("child %+v", c)
	}

	params := chain.DefaultParams()
	params.MinGasPrice = 77
	o = w.ok(w.create(chain.ChainDeposit, chain.CreateInput{Parent: 4, Name: "b", Params: &params, Nodes: applicants("b", 2, 1)}))
	if g := w.registration(6); g.Parent != 4 || !g.Params.Equal(params) || !slices.Equal(o.Introduced(), []chain.Limb{{ID: 6, Parent: 4}}) {
		t.Errorf("registered %+v", g)
	}
	o = w.ok(w.create(chain.ChainDeposit, chain.CreateInput{Parent: 6, Name: "c", Nodes: applicants("c", 2, 1)})) // under one of the same block
	if g := w.registration(7); !g.Params.Equal(params) || w.committee(7).Seed == w.committee(6).Seed {
		t.Errorf("registered %+v", g)
	}
	if len(w.out) != 2 || w.out[0].To != chain.DigestsAddress(4) || w.out[1].To != chain.DigestsAddress(6) {
		t.Errorf("sent %+v", w.out)
	}
}

// A parent that asks for more for its gas than the message pays would not be told: its child is not made, and nobody introduces it again.
func TestIntroducePrice(t *testing.T) {
	w := registers(t, family)
	in := chain.CreateInput{Parent: 4, Name: "a", Nodes: applicants("a", 1, 1)}
	w.price = 3 // the least of chain n is n
	w.unchanged(func() {
		w.want(w.create(chain.ChainDeposit, in), chain.StatusRefused, "create: a gas price of 3, and the least of chain 4, which must be told, is 4")
	})
	w.price = 4
	w.ok(w.create(chain.ChainDeposit, in))
	w.price = 3
	w.unchanged(func() {
		w.want(w.send(bob, chain.RegistryAddress(), chain.MethodChild, 0, w.out[0].Input), chain.StatusRefused, "child: a gas price of 3")
	})
	parent := newWorld(t, 4, family)
	parent.context.Params.MinGasPrice = 4
	parent.ok(parent.deliver(w.out[0]))
}

// The parent takes in what it is told, on whatever chain: the largest committee too, with the gas that it comes with.
func TestParentTakesIn(t *testing.T) {
	w := registers(t, family)
	nodes := applicants(strings.Repeat("n", chain.MaxNameBytes), 1, 2)
	nodes[0].Seats = chain.MaxRegisteredSeats - 1
	w.ok(w.create(chain.ChainDeposit, chain.CreateInput{Parent: 2, Name: strings.Repeat("n", chain.MaxNameBytes), Nodes: nodes}))
	told := w.out[0]
	parent := newWorld(t, 2, family)
	parent.ok(parent.deliver(told))
	if c := parent.child(5); c.Committee != w.registration(5).Committee {
		t.Errorf("child %+v", c)
	}
	if parent.gas+gas.WriteByte*1100 < told.GasLimit {
		t.Errorf("%d gas for a child message, and it took %d", told.GasLimit, parent.gas)
	}
}

// A parent that couldn't take it in is told again by anybody, in the same words, whatever has changed since (package native).
func TestIntroduceAgain(t *testing.T) {
	w := registers(t, family)
	w.ok(w.create(chain.ChainDeposit, chain.CreateInput{Parent: 2, Name: "a", Nodes: applicants("a", 1, 1)}))
	told := w.out[0]
	in := chain.BounceInput{Message: told.Seal().ID(), Method: told.Method, Status: chain.StatusLimit, Reason: "full", Input: told.Input}
	w.ok(w.deliver(w.message(chain.SystemAddress(1), chain.RegistryAddress(), chain.MethodBounce, chain.Amount{}, in.Encode())))
	w.ok(w.send(alice, chain.RegistryAddress(), chain.MethodCommittee, 0, chain.CommitteeInput{Chain: 5, Nodes: applicants("a", 2, 1)}.Encode()))
	w.ok(w.send(bob, chain.RegistryAddress(), chain.MethodChild, 0, told.Input))
	again := w.out[1]
	if again.To != told.To || again.Method != told.Method || !bytes.Equal(again.Input, told.Input) || again.GasLimit != told.GasLimit {
		t.Errorf("sent %+v, then %+v", told, again)
	}
	parent := newWorld(t, 2, family)
	parent.ok(parent.deliver(again))
	parent.nothing(parent.deliver(told))

	next := w.registration(5).Params
	next.Valve.Delay = 7
	w.ok(w.send(alice, chain.RegistryAddress(), chain.MethodParams, 0, chain.ParamsInput{Chain: 5, Params: next}.Encode()))
	lost := w.out[2] // the parent knew no such chain
	w.ok(w.send(bob, chain.RegistryAddress(), chain.MethodChild, 0, told.Input))
	if len(w.out) != 5 || w.out[3].Method != told.Method || w.out[4].Method != chain.MethodValve || !bytes.Equal(w.out[4].Input, lost.Input) {
		t.Fatalf("sent %+v", w.out[2:])
	}
	for _, m := range w.out[3:] {
		parent.ok(parent.deliver(m))
	}
	if g, err := chain.DecodeGate(parent.gate(5)); err != nil || g.Valve != next.Valve {
		t.Errorf("the parent knows of %+v, %v", g.Valve, err)
	}

	forged := told.Clone().Input
	b, err := chain.DecodeBranch(forged)
	if err != nil {
		t.Fatal(err)
	}
	b.Issued = chain.MaxAmount
	for _, x := range []struct {
		name   string
		amount uint64
		input  []byte
		status chain.Status
		words  string
	}{
		{"forged", 0, b.Encode(), chain.StatusRefused, "chain 5 was not introduced so"},
		{"of the genesis", 0, branch(newPanel(2, 0, 1, 1), 1, 0).Encode(), chain.StatusRefused, "chain 2 was not introduced so"},
		{"nothing", 0, nil, chain.StatusBadInput, "child: "},
		{"with money", 5, told.Input, chain.StatusBadInput, "takes no amount"},
	} {
		w.unchanged(func() {
			w.want(w.send(bob, chain.RegistryAddress(), chain.MethodChild, x.amount, x.input), x.status, x.words)
		})
	}
}

// What makes no chain changes nothing, and the deposit is back.
func TestCreateRefused(t *testing.T) {
	good := chain.CreateInput{Parent: 1, Name: "shop", Nodes: applicants("shop", 1, 2)}
	edit := func(change func(in *chain.CreateInput)) chain.CreateInput {
		in := good
		in.Nodes = slices.Clone(in.Nodes)
		change(&in)
		return in
	}
	for _, x := range []struct {
		name   string
		amount uint64
		in     chain.CreateInput
		status chain.Status
		words  string
	}{
		{"no deposit", 0, good, chain.StatusRefused, "an amount of 0, and the deposit of a chain is 100000"},
		{"too small a deposit", chain.ChainDeposit - 1, good, chain.StatusRefused, "an amount of 99999"},
		{"too large a deposit", chain.ChainDeposit + 1, good, chain.StatusRefused, "an amount of 100001"},
		{"no parent", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Parent = 9 }), chain.StatusRefused, "chain 9 is not registered"},
		{"letters that look alike", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Name = "shоp" }), chain.StatusBadInput, "of ASCII"},
		{"a space behind", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Name = "shop " }), chain.StatusBadInput, "begin or end with a space"},
		{"another's name", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Name = "chain 2" }), chain.StatusRefused, `create: chain 2 is called "chain 2" already: choose another name`},
		{"proofs for another chain", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Name = "shop2" }), chain.StatusRefused, "node 6401000"},
		{"a proof for another network", chain.ChainDeposit, edit(func(in *chain.CreateInput) {
			in.Nodes[1] = chain.Apply(chain.NetworkID{9}, "shop", in.Nodes[1].Node, keys.BLSFromSeed([32]byte{100, 1, 1}), 1)
		}), chain.StatusRefused, "node 6401010"},
		{"a line break", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Name = "a\nb" }), chain.StatusBadInput, "of ASCII"},
		{"no name", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Name = "" }), chain.StatusBadInput, "without a name"},
		{"params out of range", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Params = &chain.Params{} }), chain.StatusBadInput, "params: "},
		{"too many silent seats", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Silent = 1 }), chain.StatusRefused, "silent seats"},
		{"no nodes", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Nodes = nil }), chain.StatusBadInput, "0 seats"},
		{"one key of two nodes", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Nodes[1].Key = in.Nodes[0].Key }), chain.StatusRefused, "has the BLS key of node"},
		{"another's proof", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Nodes[1].Possession = in.Nodes[0].Possession }), chain.StatusRefused, "node 6401010"},
		{"another's key", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Nodes[1].Node[5]++ }), chain.StatusRefused, "node 6401010"},
		{"a key that is none", chain.ChainDeposit, edit(func(in *chain.CreateInput) { in.Nodes[1].Key = keys.BLSPublicKey{1} }), chain.StatusRefused, "node 6401010"},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := registers(t, family)
			w.unchanged(func() {
				o := w.create(x.amount, x.in)
				w.want(o, x.status, x.words)
				if o.Introduced() != nil {
					t.Error("it was introduced")
				}
			})
		})
	}
	w := registers(t, family)
	w.unchanged(func() {
		w.want(w.send(alice, chain.RegistryAddress(), chain.MethodCreate, 7, nil), chain.StatusBadInput, "create: ")
		w.want(w.send(alice, chain.RegistryAddress(), "dance", 7, nil), chain.StatusUnknownMethod, "no method")
	})
	alone := newWorld(t, chain.Main, chain.Alone(chain.Main)).rich(alice)
	alone.unchanged(func() {
		alone.want(alone.create(chain.ChainDeposit, good), chain.StatusRefused, "chain 1 is not registered")
	})
}

// The tree is bounded: in depth and in number, and in the ids themselves.
func TestTreeLimits(t *testing.T) {
	deep := chain.Alone(1)
	for id := chain.ID(2); len(deep) < chain.MaxViews; id++ {
		if deep = deep.Grown(chain.Limb{ID: id, Parent: id - 1}); deep.Check() != nil {
			deep = deep[:len(deep)-1]
			break
		}
	}
	lowest := deep[len(deep)-1].ID
	w := registers(t, deep)
	nodes := applicants("a", 1, 1)
	w.unchanged(func() {
		w.want(w.create(chain.ChainDeposit, chain.CreateInput{Parent: lowest, Name: "a", Nodes: nodes}), chain.StatusLimit, "ancestors")
	})
	o := w.ok(w.create(chain.ChainDeposit, chain.CreateInput{Parent: lowest - 1, Name: "a", Nodes: nodes}))
	if err := deep.Grown(o.Introduced()[0]).Check(); err != nil {
		t.Error(err)
	}

	wide := chain.Alone(1)
	for id := chain.ID(2); len(wide) < chain.MaxChains-1; id++ {
		wide = append(wide, chain.Limb{ID: 3 * id, Parent: 1})
	}
	w = registers(t, chain.Alone(1))
	w.context.Tree = wide
	const last = chain.ChainDeposit << 15
	w.at(alice).account.Balance = chain.NewAmount(2 * last)
	w.unchanged(func() {
		w.want(w.create(chain.ChainDeposit, chain.CreateInput{Parent: 1, Name: "a", Nodes: nodes}), chain.StatusRefused, "an amount of 100000, and the deposit of a chain is 3276800000 where there are 1023")
	})
	o = w.ok(w.create(last, chain.CreateInput{Parent: 1, Name: "a", Nodes: nodes}))
	if wide = wide.Grown(o.Introduced()[0]); wide.Check() != nil || len(wide) != chain.MaxChains {
		t.Errorf("%d chains: %v", len(wide), wide.Check())
	}
	w.unchanged(func() {
		w.want(w.create(last, chain.CreateInput{Parent: 1, Name: "b", Nodes: nodes}), chain.StatusLimit, "limit 1024")
	})
	w = registers(t, chain.Alone(1))
	w.context.Tree = chain.Tree{{ID: 1}, {ID: 1<<32 - 1, Parent: 1}}
	w.unchanged(func() {
		w.want(w.create(chain.ChainDeposit, chain.CreateInput{Parent: 1, Name: "a", Nodes: nodes}), chain.StatusLimit, "chains")
	})
}

// The deposit doubles with each DepositDoubles chains.
func TestDepositBehind(t *testing.T) {
	for chains, want := range map[uint32]uint64{1: 1, 63: 1, 64: 2, 127: 2, 128: 4, 1023: 1 << 15} {
		if got := chain.DepositBehind(chains); got != chain.Mul(chain.ChainDeposit, want) {
			t.Errorf("%d chains: %s", chains, got)
		}
	}
}

// A chain's owner changes its committee as often as it likes; nobody else does, and nobody that of a chain of the genesis.
func TestChangeCommittee(t *testing.T) {
	w := registers(t, family)
	w.ok(w.create(chain.ChainDeposit, chain.CreateInput{Parent: 2, Name: "a", Nodes: applicants("a", 1, 1)}))
	change := func(from chain.Address, amount uint64, in chain.CommitteeInput) exec.Outcome {
		return w.send(from, chain.RegistryAddress(), chain.MethodCommittee, amount, in.Encode())
	}
	for n := range byte(2) {
		nodes := applicants("a", 1+n, 4)
		w.ok(change(alice, 0, chain.CommitteeInput{Chain: 5, Silent: 1, Nodes: nodes}))
		c := w.committee(5)
		if want := chain.Seated(5, 1, c.Seed, nodes); c.Hash() != want.Hash() || w.registration(5).Committee != c.Hash() {
			t.Fatalf("committee %+v", c)
		}
	}
	rogue := applicants("a", 3, 2)
	rogue[0].Possession = rogue[1].Possession
	for _, x := range []struct {
		name   string
		from   chain.Address
		amount uint64
		in     chain.CommitteeInput
		status chain.Status
		words  string
	}{
		{"not the owner", bob, 0, chain.CommitteeInput{Chain: 5, Nodes: applicants("a", 3, 1)}, chain.StatusRefused, "only its owner"},
		{"of the genesis", alice, 0, chain.CommitteeInput{Chain: 2, Nodes: applicants("chain 2", 3, 1)}, chain.StatusRefused, "nobody changes what is registered of it"},
		{"no chain", alice, 0, chain.CommitteeInput{Chain: 9, Nodes: applicants("a", 3, 1)}, chain.StatusRefused, "not registered"},
		{"with money", alice, 5, chain.CommitteeInput{Chain: 5, Nodes: applicants("a", 3, 1)}, chain.StatusBadInput, "takes no amount"},
		{"a stolen key", alice, 0, chain.CommitteeInput{Chain: 5, Nodes: rogue}, chain.StatusRefused, "node 640300"},
		{"too many silent seats", alice, 0, chain.CommitteeInput{Chain: 5, Silent: 4, Nodes: applicants("a", 3, 4)}, chain.StatusRefused, "silent seats"},
		{"nobody", alice, 0, chain.CommitteeInput{Chain: 5}, chain.StatusBadInput, "0 seats"},
	} {
		w.unchanged(func() { w.want(change(x.from, x.amount, x.in), x.status, x.words) })
	}
}

// A chain that a message made is one whose digests count: the committee that the registry seated certifies them.
func TestCreatedChainIsRecorded(t *testing.T) {
	w := registers(t, family)
	nodes := applicants("a", 1, 4)
	w.ok(w.create(chain.ChainDeposit, chain.CreateInput{Parent: 1, Name: "a", Nodes: nodes}))
	p := panel{Committee: w.committee(5)}
	for i := range nodes {
		p.secrets = append(p.secrets, keys.BLSFromSeed([32]byte{100, 1, byte(i)}))
	}
	l := newLine(t, p).grow().grow()
	w.recorded(l, w.digest(l.digest(1, 2)), 1, 2)
}
