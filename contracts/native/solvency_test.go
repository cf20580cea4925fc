package native_test

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

func leaving(to chain.ID, amount uint64) chain.Leaving {
	return chain.Leaving{Chain: to, Amount: chain.NewAmount(amount)}
}

// What leaves a branch is counted, per chain too; what stays in it isn't (SPEC 8.7).
func TestLeft(t *testing.T) {
	p := newPanel(2, 0, 1, 1)
	l := newLine(t, p).grow(leaving(1, 5), leaving(3, 7), leaving(4, 1000)).grow(leaving(1, 3), leaving(3, 4)).grow(leaving(3, 3)).grow(leaving(4, 1)).grow(leaving(3, 100))
	w := records(t, p, 1000)
	w.recorded(l, w.digest(l.digest(1, 1)), 1, 1)
	o := w.digest(l.digest(1, 4))
	w.recorded(l, o, 2, 4)
	if got, want := o.Recorded()[0].Leaving, []chain.Leaving{leaving(1, 3), leaving(3, 7)}; !slices.Equal(got, want) {
		t.Errorf("leaving %v, want %v", got, want)
	}
	w.recorded(l, w.digest(l.digest(5, 5)), 5, 5)
	if c := w.child(2); c.Left != chain.NewAmount(5+7+3+4+3+100) {
		t.Errorf("%s left", c.Left)
	}
	for to, want := range map[chain.ID]uint64{1: 8, 3: 114, 4: 0} {
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
			child.Issued = x.issued
			if !x.credited.IsZero() {
				w.system[chain.CreditedKey(2)] = chain.EncodeAmount(x.credited)
			}
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
				w.want(o, chain.StatusRefused, "61 would have left it, and all that it ever had is 60: 10 issued, 30 from here and beside it, 20 from above")
			}
		})
	}
}

// A digest that sends to a chain that is not known here waits: whether that is in the child's branch can't be told.
func TestLeftForUnknown(t *testing.T) {
	p := newPanel(2, 0, 1, 1)
	l := newLine(t, p).grow(leaving(3, 1), leaving(9, 2))
	w := records(t, p, 1000)
	w.unchanged(func() {
		w.want(w.digest(l.digest(1, 1)), chain.StatusRefused, "chain 2: block 1 sends to chain 9, which is not known here")
	})
	w.context.Tree = append(slices.Clip(w.context.Tree), chain.Limb{ID: 9, Parent: 4})
	w.recorded(l, w.digest(l.digest(1, 1)), 1, 1)
	if c := w.child(2); c.Left != chain.NewAmount(1) {
		t.Errorf("%s left, and chain 9 is in the branch", c.Left)
	}
}
