package native

import (
	"cmp"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// leave adds to child.Left what headers say has left its branch, and returns that by chain. It refuses what the branch can't have
// (D3). A chain that this one does not know is outside of every branch.
func leave(env *exec.Env, id chain.ID, child *chain.Child, headers []chain.Header) ([]chain.Leaving, error) {
	var list []chain.Leaving
	var err error
	for i := range headers {
		for _, l := range headers[i].Leaving {
			if env.Context.Tree.Below(l.Chain, id) {
				continue
			}
			if child.Left, err = child.Left.Add(l.Amount); err != nil {
				return nil, refused("chain %d: what has left it: %v", id, err)
			}
			list = append(list, l)
		}
	}
	if list == nil {
		return nil, nil
	}
	bound, err := held(env, id, child)
	switch {
	case err != nil:
		return nil, err
	case bound.Less(child.Left):
		return nil, refused("chain %d: %s would have left it, and all that it ever had is %s: %s issued, %s credited",
			id, child.Left, bound, child.Issued, child.Credited)
	}
	sums := summed(list)
	return sums, letOut(env, id, sums)
}

// letOut counts what has left a branch by chain: that takes in no more from it (package light, L10).
func letOut(env *exec.Env, id chain.ID, sums []chain.Leaving) error {
	for _, l := range sums {
		key := chain.LeftKey(id, l.Chain)
		left, _, err := entryOf(env, key, chain.DecodeAmount)
		if err != nil {
			return err
		}
		if left, err = left.Add(l.Amount); err != nil {
			return refused("chain %d: what has left it for chain %d: %v", id, l.Chain, err)
		}
		if left.IsZero() {
			continue
		}
		if err := env.Write(key, chain.EncodeAmount(left)); err != nil {
			return err
		}
	}
	return nil
}

// held is all that a child's branch ever had: issued by its geneses, and come from above and from beside it.
func held(env *exec.Env, id chain.ID, child *chain.Child) (chain.Amount, error) {
	entered, _, err := systemOf(env, chain.EnteredKey(id), chain.DecodeAmount)
	if err != nil {
		return chain.Amount{}, err
	}
	sum := entered
	for _, a := range []chain.Amount{child.Issued, child.Credited} {
		if sum, err = sum.Add(a); err != nil {
			return chain.MaxAmount, nil // nothing that is left can exceed it
		}
	}
	return sum, nil
}

// summed is the list by chain, each once. Its sum has been made already, so no part of it overflows.
func summed(list []chain.Leaving) (sums []chain.Leaving) {
	slices.SortStableFunc(list, func(a, b chain.Leaving) int { return cmp.Compare(a.Chain, b.Chain) })
	for _, l := range list {
		if n := len(sums); n > 0 && sums[n-1].Chain == l.Chain {
			sums[n-1].Amount, _ = sums[n-1].Amount.Add(l.Amount)
			continue
		}
		sums = append(sums, l)
	}
	return sums
}

// credit counts what came from above to a chain under this one: an ancestor's state shows what all blocks there sent to it. Anybody
// may send it; only growth counts.
func credit(env *exec.Env) error {
	in, err := chain.DecodeCredit(env.Input)
	if err != nil {
		return badInput(env, err)
	}
	if err := noAmount(env); err != nil {
		return err
	}
	id := env.Context.Tree.Toward(in.Chain, env.Context.Chain)
	if id == 0 {
		return refused("chain %d is not under chain %d", in.Chain, env.Context.Chain)
	}
	child, err := childOf(env, id)
	if err != nil {
		return err
	}
	sent, err := sentFrom(env, &in)
	if err != nil {
		return err
	}
	key := chain.CreditKey(in.Ancestor, in.Chain)
	before, _, err := entryOf(env, key, chain.DecodeAmount)
	if err != nil {
		return err
	}
	grown, err := sent.Sub(before)
	if err != nil || grown.IsZero() {
		return nil // it is credited already
	}
	if child.Credited, err = child.Credited.Add(grown); err != nil {
		return refused("chain %d: what is credited to it: %v", id, err)
	}
	if err := env.Write(key, chain.EncodeAmount(sent)); err != nil {
		return err
	}
	return env.Write(chain.ChildKey(id), child.Encode())
}

// sentFrom is what an ancestor has sent to a chain, as the input proves from what this chain knows of the ancestor.
func sentFrom(env *exec.Env, in *chain.CreditInput) (sent chain.Amount, err error) {
	known, ok, err := systemOf(env, chain.ViewKey(in.Ancestor), chain.DecodeKnown)
	switch {
	case err != nil:
		return sent, err
	case !ok:
		return sent, refused("chain %d is no ancestor of chain %d", in.Ancestor, env.Context.Chain)
	}
	if err := env.Charge(gas.EntryProof); err != nil {
		return sent, err
	}
	proof, err := light.DecodeEntryProof(in.Proof)
	if err != nil {
		return sent, badInput(env, err)
	}
	if sent, err = chain.DecodeAmount(in.Value); err != nil {
		return sent, badInput(env, err)
	}
	start := light.Start{Network: env.Context.Network, Tree: env.Context.Tree, Chain: in.Ancestor, Anchor: known.Anchor}
	entry := light.Entry{Account: chain.SystemAddress(in.Ancestor), Key: chain.SentKey(in.Chain), Value: in.Value}
	if _, err := proof.Verify(&start, in.Ancestor, entry); err != nil {
		return sent, refused("chain %d: %v", in.Ancestor, err)
	}
	return sent, nil
}
