package native_test

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
)

// valved is the main chain of the family with the panel's chain as its child, whose value passes a valve.
func valved(t testing.TB, p panel, v chain.Valve) *world {
	w := newWorld(t, chain.Main, family).rich(alice)
	b := branch(p, 1, 1000)
	b.Params.Valve = v
	w.ok(w.send(chain.RegistryAddress(), chain.DigestsAddress(1), chain.MethodChild, 0, b.Encode()))
	return w
}

func (w *world) gate(id chain.ID) []byte {
	return w.at(chain.DigestsAddress(w.context.Chain)).entries[chain.GateKey(id)]
}

// release is a release message with the gas that is foretold for it.
func (w *world) release(id chain.ID) exec.Outcome {
	w.limit = native.ReleaseGas(w.gate(id))
	defer func() { w.limit = 0 }()
	return w.send(alice, chain.DigestsAddress(w.context.Chain), chain.MethodRelease, 0, chain.EncodeNamed(id))
}

func (w *world) left(id, to chain.ID) chain.Amount {
	w.t.Helper()
	got, err := chain.DecodeAmount(w.at(chain.DigestsAddress(1)).entries[chain.LeftKey(id, to)])
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func passed(o exec.Outcome) (list []chain.Leaving) {
	for _, r := range o.Recorded() {
		list = append(list, r.Leaving...)
	}
	return list
}

// What a child sends counts for nobody before its valve lets it through, and against its cap at once (SPEC 8.7, D5). All of it comes out.
func TestValve(t *testing.T) {
	p := newPanel(2, 0, 1, 1)
	w := valved(t, p, chain.Valve{Limit: chain.NewAmount(10), Window: 5, Delay: 3})
	l := newLine(t, p).grow(leaving(1, 14), leaving(3, 7), leaving(4, 100)).grow(leaving(3, 0))
	o := w.digest(l.digest(1, 1))
	w.recorded(l, o, 1, 1)
	if c := w.child(2); c.Left != chain.NewAmount(21) || len(passed(o)) > 0 || !w.left(2, 1).IsZero() {
		t.Errorf("left %s, passed %v", c.Left, passed(o))
	}
	if o := w.ok(w.release(2)); o.Recorded() != nil {
		t.Errorf("released at once: %v", passed(o))
	}
	w.context.Height += 6
	if got := passed(w.ok(w.release(2))); !slices.Equal(got, []chain.Leaving{leaving(1, 10)}) || w.left(2, 1) != chain.NewAmount(10) {
		t.Errorf("passed %v", got)
	}
	o = w.digest(l.digest(2, 2)) // it shows that something is on its way, and passes nothing: the window has had its part
	w.recorded(l, o, 2, 2)
	if got := passed(o); !slices.Equal(got, []chain.Leaving{leaving(3, 0)}) {
		t.Errorf("passed %v", got)
	}
	w.context.Height += 5
	if got := passed(w.ok(w.release(2))); !slices.Equal(got, []chain.Leaving{leaving(1, 3), leaving(3, 7)}) {
		t.Errorf("passed %v", got)
	}
	w.context.Height += 5
	if w.ok(w.release(2)); w.left(2, 1) != chain.NewAmount(14) || w.left(2, 3) != chain.NewAmount(7) {
		t.Errorf("%s and %s passed in the end", w.left(2, 1), w.left(2, 3))
	}
	w.want(w.send(alice, chain.DigestsAddress(1), chain.MethodRelease, 0, chain.EncodeNamed(9)), chain.StatusRefused, "no child")
}

// The registry alone sets a valve. One that is opened lets all through at once.
func TestSetValve(t *testing.T) {
	p := newPanel(2, 0, 1, 1)
	w := valved(t, p, chain.Valve{Delay: 1000})
	l := newLine(t, p).grow(leaving(1, 14), leaving(3, 7))
	w.recorded(l, w.digest(l.digest(1, 1)), 1, 1)
	in := chain.ValveInput{Chain: 2}
	w.unchanged(func() {
		w.want(w.send(alice, chain.DigestsAddress(1), chain.MethodValve, 0, in.Encode()), chain.StatusRefused, "only the registry")
	})
	in.Valve = chain.Valve{Limit: chain.NewAmount(9), Window: 1}
	o := w.ok(w.send(chain.RegistryAddress(), chain.DigestsAddress(1), chain.MethodValve, 0, in.Encode()))
	if got := passed(o); !slices.Equal(got, []chain.Leaving{leaving(1, 9)}) {
		t.Errorf("passed %v", got)
	}
	in.Valve = chain.Valve{}
	o = w.ok(w.send(chain.RegistryAddress(), chain.DigestsAddress(1), chain.MethodValve, 0, in.Encode()))
	if got := passed(o); !slices.Equal(got, []chain.Leaving{leaving(1, 5), leaving(3, 7)}) || w.gate(2) != nil {
		t.Errorf("passed %v, gate %x", got, w.gate(2))
	}
	l.grow(leaving(3, 2))
	if o := w.digest(l.digest(2, 2)); !slices.Equal(passed(o), []chain.Leaving{leaving(3, 2)}) {
		t.Errorf("passed %v", passed(o))
	}
}

// What is foretold for them suffices for messages about the largest gate, whatever passes (SPEC 8.7): a valve that can't be set, or value that
// can't be released, would stay so for good.
func TestFullGate(t *testing.T) {
	p := newPanel(2, 0, 1, 1)
	big := make(chain.Tree, 0, chain.MaxChains)
	for id := chain.ID(1); len(big) < cap(big); id++ {
		limb := chain.Limb{ID: id, Parent: 1}
		if id == 1 {
			limb.Parent = 0
		}
		big = append(big, limb)
	}
	for _, passes := range []int{0, 1, chain.MaxPassed, chain.MaxChains} {
		for _, waiting := range []int{chain.MaxPassed, chain.MaxChains / 2, chain.MaxChains - 1} {
			w := newWorld(t, chain.Main, big).rich(alice)
			b := branch(p, 1, fortune)
			b.Params.Valve = chain.Valve{Delay: 1000}
			w.ok(w.send(chain.RegistryAddress(), chain.DigestsAddress(1), chain.MethodChild, 0, b.Encode()))
			var list []chain.Leaving
			for _, limb := range big {
				if limb.ID != 2 && len(list) < waiting {
					list = append(list, leaving(limb.ID, 2))
				}
			}
			l := newLine(t, p).grow(list...)
			w.recorded(l, w.digest(l.digest(1, 1)), 1, 1)
			in := chain.ValveInput{Chain: 2, Valve: chain.Valve{Limit: chain.NewAmount(uint64(2 * passes)), Window: 1}}
			if passes == 0 {
				in.Valve = chain.Valve{Delay: 2000}
			}
			w.limit = native.ValveGas
			o := w.ok(w.send(chain.RegistryAddress(), chain.DigestsAddress(1), chain.MethodValve, 0, in.Encode()))
			w.limit = 0
			if got := len(passed(o)); got != min(passes, waiting, chain.MaxPassed) {
				t.Errorf("%d passed of %d, at most %d may", got, waiting, passes)
			}
			w.context.Height += 10_000
			w.ok(w.release(2))
			l.grow(list...)
			w.recorded(l, w.digest(l.digest(2, 2)), 2, 2)
			w.context.Height += 10_000
			w.ok(w.release(2))
		}
	}
}

// A chain's owner changes its attributes within the network's bounds; its parent is told of the valve, and anybody has it told again.
func TestChangeParams(t *testing.T) {
	w := registers(t, family)
	w.ok(w.create(chain.ChainDeposit, chain.CreateInput{Parent: 2, Name: "a", Nodes: applicants("a", 1, 2)}))
	w.out = nil
	next := w.registration(5).Params
	next.MinGasPrice, next.BlockMillis, next.Valve = 77, 500, chain.Valve{Limit: chain.NewAmount(5), Window: 6}
	change := func(from chain.Address, id chain.ID, edit func(p *chain.Params)) exec.Outcome {
		p := next
		edit(&p)
		return w.send(from, chain.RegistryAddress(), chain.MethodParams, 0, chain.ParamsInput{Chain: id, Params: p}.Encode())
	}
	w.ok(change(alice, 5, func(*chain.Params) {}))
	charter, err := chain.DecodeCharter(w.at(chain.RegistryAddress()).entries[chain.RegisteredCharter(5)])
	if err != nil || !charter.Params.Equal(next) || !w.registration(5).Params.Equal(next) || charter.Seats.Hash() != w.registration(5).Committee {
		t.Fatalf("charter %+v, %v", charter, err)
	}
	told := w.out[len(w.out)-1]
	if told.To != chain.DigestsAddress(2) || told.Method != chain.MethodValve || string(told.Input) != string(chain.ValveInput{Chain: 5, Valve: next.Valve}.Encode()) {
		t.Fatalf("the parent is told %+v", told)
	}
	w.ok(w.send(bob, chain.RegistryAddress(), chain.MethodValve, 0, told.Input))
	if again := w.out[len(w.out)-1]; again.Method != chain.MethodValve || string(again.Input) != string(told.Input) {
		t.Errorf("told again: %+v", again)
	}
	for _, x := range []struct {
		words string
		from  chain.Address
		id    chain.ID
		edit  func(p *chain.Params)
	}{
		{"only its owner", bob, 5, func(*chain.Params) {}},
		{"of a genesis without an owner", alice, 2, func(*chain.Params) {}},
		{"2 seats, and the chain's has 3 at least", alice, 5, func(p *chain.Params) { p.Seats = 3 }},
		{"none of those that may validate", alice, 5, func(p *chain.Params) { p.Validators = p.Writers; p.Validators = append(p.Validators, [32]byte{1}) }},
		{"a chain stays what it was made", alice, 5, func(p *chain.Params) { p.Structural = true }},
	} {
		w.unchanged(func() { w.want(change(x.from, x.id, x.edit), chain.StatusRefused, x.words) })
	}
	w.unchanged(func() {
		w.want(change(alice, 5, func(p *chain.Params) { p.Seats = 0 }), chain.StatusBadInput, "seats 0")
		w.want(w.send(bob, chain.RegistryAddress(), chain.MethodValve, 0, chain.ValveInput{Chain: 5}.Encode()), chain.StatusRefused, "registered otherwise")
	})
	w.want(w.send(alice, chain.RegistryAddress(), chain.MethodCommittee, 0, chain.CommitteeInput{Chain: 5, Nodes: nil}.Encode()), chain.StatusBadInput, "0 seats")
}

// Nobody raises a gas price beyond what the message that does it pays, where one that lowers it again would have to pay it: the main chain, or
// the owner's own, could never be used again.
func TestChangeParamsPayable(t *testing.T) {
	w := registers(t, family)
	abroad := chain.KeyAddress(3, [32]byte{1})
	for id, owner := range map[chain.ID]chain.Address{1: alice, 2: alice, 3: abroad} {
		g := w.registration(id)
		g.Owner = owner
		w.at(chain.RegistryAddress()).entries[chain.RegisteredKey(id)] = g.Encode()
	}
	change := func(id chain.ID, price uint64) exec.Outcome {
		g := w.registration(id)
		g.Params.MinGasPrice = price
		return w.send(g.Owner, chain.RegistryAddress(), chain.MethodParams, 0, chain.ParamsInput{Chain: id, Params: g.Params}.Encode())
	}
	for _, id := range []chain.ID{1, 3} {
		w.unchanged(func() {
			w.want(change(id, w.price+1), chain.StatusRefused, "params: min_gas_price 1048577, and the message that sets it pays 1048576")
		})
		w.ok(change(id, w.price))
	}
	w.ok(change(2, w.price+1))
}
