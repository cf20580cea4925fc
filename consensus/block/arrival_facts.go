package block

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Fact takes over an entry of an ancestor's state. Of the main chain's own there is one that needs no proof: its charter.
func (a *Arrival) Fact(f *chain.Fact) (*Fault, error) {
	facts := a.Arrived.Facts
	switch n := len(facts); {
	case n > 0 && !facts[n-1].Before(f) || len(a.Arrived.Acks)+len(a.Arrived.Imports) > 0:
		return refuse(PartFacts, f.From, "not in order"), nil
	case n >= chain.MaxFacts:
		return refuse(PartFacts, f.From, "more than %d facts", chain.MaxFacts), nil
	}
	size := len(f.Append(nil))
	if fault := a.room(size); fault != nil {
		return fault, nil
	}
	slot, fault := a.slot(f)
	if fault != nil {
		return fault, nil
	}
	if fault, err := a.proveFact(f, slot); fault != nil || err != nil {
		return fault, err
	}
	fault, err := a.takeFact(f)
	if fault != nil || err != nil {
		return fault, err
	}
	a.bytes += size
	a.Arrived.Facts = append(a.Arrived.Facts, *f)
	return nil, nil
}

// slot is where the fact's value stands in its chain's state.
func (a *Arrival) slot(f *chain.Fact) (exec.Slot, *Fault) {
	self, tree := a.context.Chain, a.context.Tree
	switch {
	case f.Kind == chain.FactTree && f.From == chain.Main && f.Of == chain.Main:
		return exec.Slot{Account: chain.SystemAddress(chain.Main), Key: chain.KeyTree}, nil
	case f.Kind == chain.FactCharter && f.From == chain.Main && f.Of == self:
		return exec.Slot{Account: chain.RegistryAddress(), Key: chain.RegisteredCharter(self)}, nil
	case f.Kind == chain.FactCredit && f.From != self && tree.Below(self, f.From) && tree.Toward(f.Of, self) != 0:
		return exec.Slot{Account: chain.SystemAddress(f.From), Key: chain.SentKey(f.Of)}, nil
	case f.Kind == chain.FactChild && f.Of != self && tree.Below(self, f.Of) && tree.Parent(f.Of) == f.From:
		return exec.Slot{Account: chain.DigestsAddress(f.From), Key: chain.ChildCommitteeKey(f.Of)}, nil
	}
	return exec.Slot{}, refuse(PartFacts, f.From, "a fact of kind %d about chain %d is none that chain %d takes over", f.Kind, f.Of, self)
}

func (a *Arrival) takeFact(f *chain.Fact) (*Fault, error) {
	switch f.Kind {
	case chain.FactCharter:
		return a.takeCharter(f.Value), nil
	case chain.FactTree:
		return a.takeTree(f.Value), nil
	case chain.FactChild:
		return a.takeChild(f)
	}
	return a.takeCredit(f)
}

func (a *Arrival) proveFact(f *chain.Fact, slot exec.Slot) (*Fault, error) {
	if a.context.Chain == chain.Main {
		held, err := a.before.State.Entry(slot.Account, slot.Key)
		if err != nil {
			return nil, err
		}
		if f.Kind != chain.FactCharter || len(f.Proof) > 0 || !bytes.Equal(held, f.Value) {
			return refuse(PartFacts, chain.Main, "it is not the main chain's own charter, as registered"), nil
		}
		return nil, nil
	}
	v, err := a.view(f.From)
	if err != nil {
		return nil, err
	}
	p, err := light.DecodeEntryProof(f.Proof)
	if err == nil {
		start := light.Start{Network: a.context.Network, Tree: a.context.Tree, Chain: f.From, Anchor: v.Anchor}
		_, err = p.Verify(&start, f.From, light.Entry{Account: slot.Account, Key: slot.Key, Value: f.Value})
	}
	if err != nil {
		return refuse(PartFacts, f.From, "entry %q at block %d: %v", slot.Key, v.Anchor.Height, err), nil
	}
	return nil, nil
}

// takeTree takes over the tree if it has grown.
func (a *Arrival) takeTree(raw []byte) *Fault {
	tree, err := chain.DecodeTree(raw)
	if err != nil {
		return refuse(PartFacts, chain.Main, "%v", err)
	}
	if old := a.context.Tree; len(tree) <= len(old) || !slices.Equal(tree[:len(old)], old) {
		return refuse(PartFacts, chain.Main, "the tree of %d chains is not that of %d grown", len(tree), len(old))
	}
	a.tree = tree
	return nil
}

// takeChild begins the view of an ancestor of which nothing was known.
func (a *Arrival) takeChild(f *chain.Fact) (*Fault, error) {
	c, err := chain.DecodeCommittee(f.Value)
	if err == nil {
		err = c.Check()
	}
	if err != nil || c.Chain != f.Of {
		return refuse(PartFacts, f.From, "who certifies chain %d: a committee of chain %d: %v", f.Of, c.Chain, err), nil
	}
	v, err := a.view(f.Of)
	switch {
	case err != nil:
		return nil, err
	case !v.unknown():
		return refuse(PartFacts, f.From, "who certifies chain %d is known", f.Of), nil
	}
	a.views[f.Of] = &view{Known: chain.Known{Epoch: c.Epoch, Committee: c.Hash()}, committee: c, raised: true, handed: true}
	return nil, nil
}

// takeCredit counts what an ancestor has sent to a chain under this one for the branch that it is in (SPEC 8.7). Only growth counts:
// what was shown before is shown again with it.
func (a *Arrival) takeCredit(f *chain.Fact) (*Fault, error) {
	if _, err := chain.DecodeAmount(f.Value); err != nil {
		return refuse(PartFacts, f.From, "what it sent to chain %d: %v", f.Of, err), nil
	}
	grown, err := a.grown(f)
	switch {
	case err != nil:
		return nil, err
	case grown.IsZero():
		return refuse(PartFacts, f.From, "no more was sent to chain %d than is credited", f.Of), nil
	}
	child := a.context.Tree.Toward(f.Of, a.context.Chain)
	sum, ok := a.credited[child]
	if !ok {
		if sum, err = a.amount(chain.CreditedKey(child)); err != nil {
			return nil, err
		}
	}
	a.credited[child] = plenty(sum, grown)
	return nil, nil
}

// grown is what a credit, whose value is an amount, adds to what was known; zero if that was as much or more.
func (a *Arrival) grown(f *chain.Fact) (chain.Amount, error) {
	sent, err := chain.DecodeAmount(f.Value)
	if err != nil {
		return sent, err
	}
	before, err := a.amount(chain.CreditKey(f.From, f.Of))
	if err != nil || sent.Less(before) {
		return chain.Amount{}, err
	}
	return sent.Sub(before)
}

// Needs says whether a credit is at least as much as may still leave its branch: it is worth a block of its own then. Less comes with a
// block that is made anyway.
func (a *Arrival) Needs(f *chain.Fact) (bool, error) {
	id := a.context.Tree.Toward(f.Of, a.context.Chain)
	raw, err := a.before.State.Entry(chain.DigestsAddress(a.context.Chain), chain.ChildKey(id))
	if err != nil || raw == nil {
		return false, err
	}
	child, err := chain.DecodeChild(raw)
	if err != nil {
		return false, fmt.Errorf("record of chain %d in the state: %w", id, err)
	}
	entered, err := a.amount(chain.EnteredKey(id))
	if err != nil {
		return false, err
	}
	credited, err := a.amount(chain.CreditedKey(id))
	if err != nil {
		return false, err
	}
	grown, err := a.grown(f)
	if err != nil {
		return false, err
	}
	rest, err := chain.Held(child.Issued, entered, credited).Sub(child.Left)
	return err != nil || !grown.Less(rest), nil
}

// News says whether a value of a fact is another than the chain has: the tree has grown, the committee differs, more was sent, nothing was
// known of the ancestor.
func (a *Arrival) News(f *chain.Fact) (bool, error) {
	switch f.Kind {
	case chain.FactTree:
		return len(f.Value) > len(a.context.Tree.Encode()), nil
	case chain.FactCredit:
		grown, err := a.grown(f)
		return !grown.IsZero(), err
	case chain.FactChild:
		v, err := a.view(f.Of)
		return err == nil && v.unknown(), err
	}
	c, err := chain.DecodeCharter(f.Value)
	if err != nil {
		return false, err
	}
	now, err := a.before.Committee()
	return err == nil && a.differs(&c, now), err
}

// differs says whether a charter is another than that of this epoch. The registry's committees are of no epoch.
func (a *Arrival) differs(c *chain.Charter, now chain.Committee) bool {
	c.Seats.Epoch = now.Epoch
	return c.Seats.Hash() != now.Hash() || !c.Params.Equal(a.context.Params)
}

// takeCharter makes the registered committee that of the next block, in the next epoch, with the registered attributes: epochs are what a
// chain's own blocks count, and the registry's committees are of none. This block is the last of its epoch (SPEC 6.7), also where the
// attributes alone change (SPEC 7.3). Only what stands in the registry counts, as the chain's view has it:
// where several committees were registered before the chain saw one of them, the last is taken and the others never agree on anything. That
// is safe, as nobody believes a committee for standing in the registry, but for the one before handing over to it; it can't go back to
// an earlier one, as views don't go back; and no past state of the registry has to be kept or proven.
func (a *Arrival) takeCharter(raw []byte) *Fault {
	c, err := chain.DecodeCharter(raw)
	if err != nil {
		return refuse(PartFacts, a.context.Chain, "%v", err)
	}
	now, err := a.before.Committee()
	switch {
	case err != nil:
		return refuse(PartFacts, a.context.Chain, "%v", err)
	case len(now.Seats) == 0:
		return refuse(PartFacts, a.context.Chain, "one validator runs chain %d: nobody agrees to a committee", c.Seats.Chain)
	case c.Seats.Chain != a.context.Chain || !a.differs(&c, now):
		return refuse(PartFacts, a.context.Chain, "the charter of chain %d, which it has already", c.Seats.Chain)
	}
	c.Seats.Epoch = now.Epoch + 1
	a.next, a.params = &c.Seats, &c.Params
	return nil
}
