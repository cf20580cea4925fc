package native_test

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

func leaving(to chain.ID, amount uint64) chain.Leaving {
	return chain.Leaving{Chain: to, Amount: chain.NewAmount(amount)}
}

// What leaves a branch is counted, per chain too; what stays in it isn't, and a chain that is in no tree is outside (SPEC 8.7).
func TestLeft(t *testing.T) {
	p := newPanel(2, 0, 1, 1)
	l := newLine(t, p).grow(leaving(1, 5), leaving(3, 7), leaving(4, 1000)).grow(leaving(1, 3), leaving(3, 4)).grow(leaving(3, 1), leaving(9, 2)).grow(leaving(4, 1)).grow(leaving(3, 100))
	w := records(t, p, 1000)
	w.recorded(l, w.digest(l.digest(1, 1)), 1, 1)
	o := w.digest(l.digest(1, 4))
	w.recorded(l, o, 2, 4)
	if got, want := o.Recorded()[0].Leaving, []chain.Leaving{leaving(1, 3), leaving(3, 5), leaving(9, 2)}; !slices.Equal(got, want) {
		t.Errorf("leaving %v, want %v", got, want)
	}
	w.recorded(l, w.digest(l.digest(5, 5)), 5, 5)
	if c := w.child(2); c.Left != chain.NewAmount(5+7+3+4+1+2+100) {
		t.Errorf("%s left", c.Left)
	}
	for to, want := range map[chain.ID]uint64{1: 8, 3: 112, 9: 2, 4: 0} {
		got, err := chain.DecodeAmount(w.at(chain.DigestsAddress(1)).entries[chain.LeftKey(2, to)])
		if err != nil || got != chain.NewAmount(want) {
			t.Errorf("%s left for chain %d, want %d, error %v", got, to, want, err)
		}
	}
}

// Nothing leaves a branch that did not come into it: to the unit, and whatever the numbers.
func TestSolvency(t *testing.T) {
	p := newPanel(2, 0, 1, 1)
	most := chain.MaxAmount
	almost, _ := most.Sub(chain.NewAmount(1))
	for _, x := range []struct {
		name                      string
		issued, credited, entered chain.Amount
		first, second             chain.Amount // leaves in two digests
		ok                        bool
	}{
		{"-1", chain.NewAmount(10), chain.NewAmount(20), chain.NewAmount(30), chain.NewAmount(19), chain.NewAmount(40), true},
		{"0", chain.NewAmount(10), chain.NewAmount(20), chain.NewAmount(30), chain.NewAmount(20), chain.NewAmount(40), true},
		{"+1", chain.NewAmount(10), chain.NewAmount(20), chain.NewAmount(30), chain.NewAmount(21), chain.NewAmount(40), false},
		{"nothing of nothing", chain.Amount{}, chain.Amount{}, chain.Amount{}, chain.Amount{}, chain.Amount{}, true},
		{"one of nothing", chain.Amount{}, chain.Amount{}, chain.Amount{}, chain.Amount{}, chain.NewAmount(1), false},
		{"all there can be", most, chain.Amount{}, chain.Amount{}, almost, chain.NewAmount(1), true},
		{"more than there can be", most, chain.Amount{}, chain.Amount{}, most, chain.NewAmount(1), false},
		{"came more than there can be", most, chain.NewAmount(1), most, almost, chain.NewAmount(1), true},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := records(t, p, 0)
			child := w.child(2)
			child.Issued, child.Credited = x.issued, x.credited
			digests := w.at(chain.DigestsAddress(1))
			digests.entries[chain.ChildKey(2)] = child.Encode()
			if !x.entered.IsZero() {
				w.system[chain.EnteredKey(2)] = chain.EncodeAmount(x.entered)
			}
			l := newLine(t, p).grow(chain.Leaving{Chain: 3, Amount: x.first}).grow(chain.Leaving{Chain: 1, Amount: x.second})
			w.recorded(l, w.digest(l.digest(1, 1)), 1, 1)
			if x.ok {
				w.recorded(l, w.digest(l.digest(2, 2)), 2, 2)
				return
			}
			w.unchanged(func() { w.want(w.digest(l.digest(2, 2)), chain.StatusRefused, "chain 2: ") })
			if o := w.digest(l.digest(2, 2)); !x.issued.IsZero() && x.issued != most {
				w.want(o, chain.StatusRefused, "61 would have left it, and all that it ever had is 60: 10 issued, 20 credited")
			}
		})
	}
}

// carol is an account of chain 2.
var carol = chain.MadeAddress(2, chain.Address{}, [32]byte{3}, chain.CodeHash{})

// ancestor is what chain 2 knows of the main chain: a block with entries in its state, of which it makes proofs.
type ancestor struct {
	t      testing.TB
	tree   *merkle.Tree
	state  *merkle.Version
	anchor chain.Anchor
}

func newAncestor(t testing.TB, entries map[string][]byte) *ancestor {
	a := &ancestor{t: t, tree: merkle.New()}
	updates := []merkle.Update{{Path: merkle.AccountPath(alice), Value: merkle.Hash{1}}}
	for key, value := range entries {
		updates = append(updates, merkle.Update{Path: merkle.SlotPath(chain.SystemAddress(1), []byte(key)), Value: merkle.ValueHash(value)})
	}
	slices.SortFunc(updates, func(a, b merkle.Update) int { return slices.Compare(a.Path[:], b.Path[:]) })
	var err error
	if a.state, err = a.tree.Update(nil, updates, nil); err != nil {
		t.Fatal(err)
	}
	a.anchor = chain.Anchor{Height: 5, Hash: chain.BlockHash{5}, State: a.state.Root()}
	return a
}

// prove is a proof of an entry of the main chain's own account.
func (a *ancestor) prove(key string) []byte {
	a.t.Helper()
	p, err := a.tree.Prove(a.state, merkle.SlotPath(chain.SystemAddress(1), []byte(key)))
	if err != nil {
		a.t.Fatal(err)
	}
	e := light.EntryProof{State: p}
	return e.Append(nil)
}

// What the main chain sent to a chain under this one counts as come from above, once.
func TestCredit(t *testing.T) {
	deep := chain.Tree{{ID: 1}, {ID: 2, Parent: 1}, {ID: 3, Parent: 1}, {ID: 4, Parent: 2}, {ID: 5, Parent: 4}}
	p := newPanel(4, 0, 1, 1)
	w := newWorld(t, 2, deep).rich(carol)
	w.ok(w.deliver(w.message(chain.RegistryAddress(), chain.DigestsAddress(2), chain.MethodChild, chain.Amount{}, branch(p, 2, 0).Encode())))
	entry := func(to chain.ID, amount uint64) map[string][]byte {
		return map[string][]byte{chain.SentKey(to): chain.EncodeAmount(chain.NewAmount(amount)), chain.SentKey(3): chain.EncodeAmount(chain.NewAmount(99))}
	}
	see := func(a *ancestor) { w.system[chain.ViewKey(1)] = chain.Known{Anchor: a.anchor}.Encode() }
	input := func(a *ancestor, to chain.ID, amount uint64) chain.CreditInput {
		return chain.CreditInput{Ancestor: 1, Chain: to, Value: chain.EncodeAmount(chain.NewAmount(amount)), Proof: a.prove(chain.SentKey(to))}
	}
	credit := func(in chain.CreditInput) exec.Outcome {
		return w.send(carol, chain.DigestsAddress(2), chain.MethodCredit, 0, in.Encode())
	}
	first, second, deeper := newAncestor(t, entry(4, 30)), newAncestor(t, entry(4, 45)), newAncestor(t, entry(5, 7))
	credited := func(want uint64) {
		t.Helper()
		if c := w.child(4); c.Credited != chain.NewAmount(want) {
			t.Errorf("%s credited, want %d", c.Credited, want)
		}
	}

	w.unchanged(func() { w.want(credit(input(first, 4, 30)), chain.StatusRefused, "chain 1 is no ancestor of chain 2") })
	see(first)
	w.ok(credit(input(first, 4, 30)))
	credited(30)
	w.nothing(credit(input(first, 4, 30)))
	w.unchanged(func() { w.want(credit(input(first, 4, 31)), chain.StatusRefused, "entry") })
	w.unchanged(func() { w.want(credit(input(second, 4, 45)), chain.StatusRefused, "entry") }) // a block that is not known
	see(second)
	w.ok(credit(input(second, 4, 45)))
	credited(45)
	see(first) // no view goes back, but if one did
	w.nothing(credit(input(first, 4, 30)))
	see(deeper)
	w.ok(credit(input(deeper, 5, 7)))
	credited(52)

	none := input(deeper, 4, 0)
	none.Value = nil
	w.nothing(credit(none))
	for _, x := range []struct {
		name   string
		change func(in *chain.CreditInput)
		status chain.Status
		words  string
	}{
		{"to a chain beside this one", func(in *chain.CreditInput) { in.Chain = 3 }, chain.StatusRefused, "chain 3 is not under chain 2"},
		{"to this chain", func(in *chain.CreditInput) { in.Chain = 2 }, chain.StatusRefused, "chain 2 is not under chain 2"},
		{"to no chain", func(in *chain.CreditInput) { in.Chain = 9 }, chain.StatusRefused, "chain 9 is not under chain 2"},
		{"from a child", func(in *chain.CreditInput) { in.Ancestor = 4 }, chain.StatusRefused, "chain 4 is no ancestor of chain 2"},
		{"of another entry", func(in *chain.CreditInput) { in.Chain = 4 }, chain.StatusRefused, "entry"},
		{"without a proof", func(in *chain.CreditInput) { in.Proof = nil }, chain.StatusBadInput, "credit: "},
		{"of no amount", func(in *chain.CreditInput) { in.Value = []byte{1} }, chain.StatusBadInput, "credit: "},
		{"of nothing", func(in *chain.CreditInput) { in.Value = nil }, chain.StatusRefused, "entry"},
	} {
		in := input(deeper, 5, 7)
		x.change(&in)
		w.unchanged(func() { w.want(credit(in), x.status, x.words) })
	}
	w.unchanged(func() {
		w.want(w.send(carol, chain.DigestsAddress(2), chain.MethodCredit, 3, input(deeper, 5, 7).Encode()), chain.StatusBadInput, "takes no amount")
		w.want(w.send(carol, chain.DigestsAddress(2), chain.MethodCredit, 0, nil), chain.StatusBadInput, "credit: ")
	})
	l := newLine(t, p).grow(leaving(1, 52)).grow(leaving(2, 1))
	w.recorded(l, w.digest(l.digest(1, 1)), 1, 1)
	w.want(w.digest(l.digest(2, 2)), chain.StatusRefused, "53 would have left it")
}

// What a rotten ancestor might claim does not wrap round.
func TestCreditOverflow(t *testing.T) {
	p := newPanel(4, 0, 1, 1)
	w := newWorld(t, 2, family).rich(carol)
	w.ok(w.deliver(w.message(chain.RegistryAddress(), chain.DigestsAddress(2), chain.MethodChild, chain.Amount{}, branch(p, 2, 0).Encode())))
	child := w.child(4)
	child.Credited = chain.NewAmount(1)
	w.at(chain.DigestsAddress(2)).entries[chain.ChildKey(4)] = child.Encode()
	a := newAncestor(t, map[string][]byte{chain.SentKey(4): chain.EncodeAmount(chain.MaxAmount)})
	w.system[chain.ViewKey(1)] = chain.Known{Anchor: a.anchor}.Encode()
	in := chain.CreditInput{Ancestor: 1, Chain: 4, Value: chain.EncodeAmount(chain.MaxAmount), Proof: a.prove(chain.SentKey(4))}
	w.unchanged(func() {
		w.want(w.send(carol, chain.DigestsAddress(2), chain.MethodCredit, 0, in.Encode()), chain.StatusRefused, "credited to it")
	})
}
