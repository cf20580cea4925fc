package block

import (
	"bytes"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Fact takes over an entry of the main chain's state. Of the main chain's own there is one that needs no proof: its committee.
func (a *Arrival) Fact(f *chain.Fact) (*Fault, error) {
	if n := len(a.Arrived.Facts); n > 0 && a.Arrived.Facts[n-1].Kind >= f.Kind || len(a.Arrived.Acks)+len(a.Arrived.Imports) > 0 {
		return refuse(PartFacts, chain.Main, "not in order"), nil
	}
	size := len(f.Append(nil))
	if fault := a.room(size); fault != nil {
		return fault, nil
	}
	slot := exec.Slot{Account: chain.SystemAddress(chain.Main), Key: chain.KeyTree}
	if f.Kind == chain.FactCommittee {
		slot = exec.Slot{Account: chain.RegistryAddress(), Key: chain.RegisteredCommittee(a.context.Chain)}
	}
	if fault, err := a.proveFact(f, slot); fault != nil || err != nil {
		return fault, err
	}
	var fault *Fault
	if f.Kind == chain.FactCommittee {
		fault = a.takeCommittee(f.Value)
	} else {
		fault = a.takeTree(f.Value)
	}
	if fault != nil {
		return fault, nil
	}
	a.bytes += size
	a.Arrived.Facts = append(a.Arrived.Facts, *f)
	return nil, nil
}

func (a *Arrival) proveFact(f *chain.Fact, slot exec.Slot) (*Fault, error) {
	if a.context.Chain == chain.Main {
		held, err := a.before.State.Entry(slot.Account, slot.Key)
		if err != nil {
			return nil, err
		}
		if f.Kind != chain.FactCommittee || len(f.Proof) > 0 || !bytes.Equal(held, f.Value) {
			return refuse(PartFacts, chain.Main, "it is not the main chain's own committee, as registered"), nil
		}
		return nil, nil
	}
	v, err := a.view(chain.Main)
	if err != nil {
		return nil, err
	}
	p, err := light.DecodeEntryProof(f.Proof)
	if err == nil {
		start := light.Start{Network: a.context.Network, Tree: a.context.Tree, Chain: chain.Main, Anchor: v.Anchor}
		_, err = p.Verify(&start, chain.Main, light.Entry{Account: slot.Account, Key: slot.Key, Value: f.Value})
	}
	if err != nil {
		return refuse(PartFacts, chain.Main, "entry %q at block %d: %v", slot.Key, v.Anchor.Height, err), nil
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

// News says whether a value of a fact is another than the chain has: the tree has grown, the committee differs.
func (a *Arrival) News(kind chain.FactKind, raw []byte) (bool, error) {
	if kind == chain.FactTree {
		return len(raw) > len(a.context.Tree.Encode()), nil
	}
	c, err := chain.DecodeCommittee(raw)
	if err != nil {
		return false, err
	}
	now, err := a.before.Committee()
	c.Epoch = now.Epoch
	return err == nil && c.Hash() != now.Hash(), err
}

// takeCommittee makes the registered committee that of the next block, in the next epoch whatever number it is registered with:
// this block is the last of its epoch (SPEC 6.7). Only the committee that stands in the registry counts, as the chain's view has it:
// where several were registered before the chain saw one of them, the last is taken and the others never agree on anything. That
// is safe, as nobody believes a committee for standing in the registry, but for the one before handing over to it; it can't go back to
// an earlier one, as views don't go back; and no past state of the registry has to be kept or proven.
func (a *Arrival) takeCommittee(raw []byte) *Fault {
	c, err := chain.DecodeCommittee(raw)
	if err != nil {
		return refuse(PartFacts, a.context.Chain, "%v", err)
	}
	now, err := a.before.Committee()
	switch c.Epoch = now.Epoch; {
	case err != nil:
		return refuse(PartFacts, a.context.Chain, "%v", err)
	case len(now.Seats) == 0:
		return refuse(PartFacts, a.context.Chain, "one validator runs chain %d: nobody agrees to a committee", c.Chain)
	case c.Chain != a.context.Chain || c.Hash() == now.Hash():
		return refuse(PartFacts, a.context.Chain, "the committee of chain %d that agrees already", c.Chain)
	}
	c.Epoch++
	a.next = &c
	return nil
}
