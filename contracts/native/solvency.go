package native

import (
	"cmp"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// leave adds to child.Left what headers say has left its branch, and returns that by chain: it has left the branch, and not passed the
// valve. It refuses what the branch can't have
// (D3). Which branch a chain is in that this one does not know yet can't be told: its digest waits until the tree has come here. No
// honest child is before this chain for long, as nothing leaves for a chain that the tree does not have.
func leave(env *exec.Env, id chain.ID, child *chain.Child, headers []chain.Header) ([]chain.Leaving, error) {
	var list []chain.Leaving
	var err error
	for i := range headers {
		for _, l := range headers[i].Leaving {
			switch tree := env.Context.Tree; {
			case !tree.Has(l.Chain):
				return nil, refused("chain %d: block %d sends to chain %d, which is not known here", id, headers[i].Height, l.Chain)
			case tree.Below(l.Chain, id):
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
	entered, credited, err := came(env, id)
	if err != nil {
		return nil, err
	}
	if bound := chain.Held(child.Issued, entered, credited); bound.Less(child.Left) {
		return nil, refused("chain %d: %s would have left it, and all that it ever had is %s: %s issued, %s from here and beside it, %s from above",
			id, child.Left, bound, child.Issued, entered, credited)
	}
	return summed(list), nil
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

// came is what came into a child's branch: from this chain and from beside the branch, and from above this chain.
func came(env *exec.Env, id chain.ID) (entered, credited chain.Amount, err error) {
	if entered, _, err = systemOf(env, chain.EnteredKey(id), chain.DecodeAmount); err == nil {
		credited, _, err = systemOf(env, chain.CreditedKey(id), chain.DecodeAmount)
	}
	return entered, credited, err
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
