package block

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// entries are the changes of the chain's own entries in the state, each key once.
type entries struct {
	*run
	list []exec.Change
}

// change sets an entry whose value before is known, set one whose value before is read.
func (e *entries) change(key string, before, after []byte) {
	e.list = append(e.list, exec.Change{Slot: exec.Slot{Account: chain.SystemAddress(e.context.Chain), Key: key}, Before: before, After: after})
}

func (e *entries) set(key string, after []byte) error {
	before, err := e.before.system(key)
	if err == nil {
		e.change(key, before, after)
	}
	return err
}

// grow adds to an entry that holds an amount.
func (e *entries) grow(key string, by chain.Amount) error {
	if by.IsZero() {
		return nil
	}
	before, err := e.before.system(key)
	if err != nil {
		return err
	}
	old, err := chain.DecodeAmount(before)
	if err != nil {
		return fmt.Errorf("%s in the state: %w", key, err)
	}
	e.change(key, before, chain.EncodeAmount(plenty(old, by)))
	return nil
}

// entries lists them by key: fees, code, records of rounds, the pending queue, and what concerns other chains.
func (r *run) entries(res *Result, fees chain.Amount, below map[chain.ID]chain.Amount) ([]exec.Change, error) {
	e := &entries{run: r}
	for _, step := range []func() error{
		func() error { return e.grow(chain.KeyFees, fees) },
		func() error { return r.count(e.change) },
		e.pending,
		func() error { return e.codes(res.Published) },
		func() error { return e.remember(res) },
		func() error { return r.arrival.entries(e.set) },
		e.limbs,
		e.outward,
		func() error { return e.sent(below) },
		e.hold,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(e.list, func(a, b exec.Change) int { return cmp.Compare(a.Key, b.Key) })
	return e.list, nil
}

// codes notes which code is published, and which has run: what is published is compiled everywhere, and warm. It is the one place
// where accounts' loads come together, behind all handlings: by account, each once.
func (e *entries) codes(published []exec.Published) error {
	w, err := e.before.warm()
	if err != nil {
		return err
	}
	was := w
	was.Slots = slices.Clone(w.Slots)
	seen := map[chain.CodeHash]bool{}
	for _, a := range e.accounts {
		w.Settle(a.Loads.Given, a.Loads.Paid)
		for _, hash := range a.Loads.Ran {
			if seen[hash] {
				continue
			}
			seen[hash] = true
			if err := e.ran(&w, hash); err != nil {
				return err
			}
		}
	}
	for _, p := range published {
		entry := chain.CodeEntry{Height: e.context.Height, Bytes: uint32(len(p.Code)), Immutable: p.Immutable, Load: p.Load, Ran: w.Touch(0, p.Load)}
		e.change(chain.CodeKey(p.Hash), nil, entry.Encode())
	}
	if len(seen)+len(published) == 0 || slices.Equal(w.Encode(), was.Encode()) {
		return nil
	}
	return e.set(chain.KeyWarm, w.Encode())
}

// ran notes that published code has run.
func (e *entries) ran(w *chain.Warm, hash chain.CodeHash) error {
	entry, err := e.before.running(hash)
	if err != nil {
		return err
	}
	was := entry
	if entry.Ran = w.Touch(was.Ran, was.Load); entry != was {
		e.change(chain.CodeKey(hash), was.Encode(), entry.Encode())
	}
	return nil
}

// pending moves the pending queue on.
func (e *entries) pending() error {
	q, done := e.queue, e.carriedIn()
	for i := range done {
		e.change(chain.QueuedKey(q.Head+uint64(i)), e.messages[i].Message.Encode(), nil)
	}
	added := e.sequence.CarriedOut[e.carried-done:]
	for i, n := range added {
		e.change(chain.QueuedKey(q.Tail+uint64(i)), nil, e.messages[n].Message.Encode())
	}
	if done+len(added) == 0 {
		return nil
	}
	return e.set(chain.KeyQueue, chain.Queue{Head: q.Head + uint64(done), Tail: q.Tail + uint64(len(added)), Gas: e.left()}.Encode())
}

// remember adds the parent to the accumulator of the chain's own blocks. The nodes are what a place in it is proven with.
func (e *entries) remember(res *Result) error {
	before, err := e.before.system(chain.KeyHistory)
	if err != nil {
		return err
	}
	history := merkle.Accumulator{}
	if before != nil {
		if history, err = merkle.DecodeAccumulator(before); err != nil {
			return fmt.Errorf("history in the state: %w", err)
		}
	}
	res.History = history.Append(light.AnchorLeaf(e.before.anchor()))
	e.change(chain.KeyHistory, before, history.Encode())
	return nil
}

// limbs lets the tree grow: by what the registry introduced, on the main chain, or by what that was shown to be.
func (e *entries) limbs() error {
	tree := e.context.Tree
	for _, a := range e.accounts {
		for i := range a.Events {
			for _, l := range a.Events[i].Outcome.Introduced() {
				tree = tree.Grown(l)
			}
		}
	}
	if e.arrival.tree != nil {
		tree = e.arrival.tree
	}
	if len(tree) == len(e.context.Tree) {
		return nil
	}
	return e.set(chain.KeyTree, tree.Encode())
}

// outward notes what left for other chains and what they have taken in, and which of them are full.
func (e *entries) outward() error {
	full := map[chain.ID]bool{}
	for _, id := range e.context.Full {
		full[id] = true
	}
	changed := false
	for _, id := range slices.Sorted(maps.Keys(e.arrival.outward)) {
		o := e.arrival.outward[id]
		if err := e.set(chain.OutKey(id), o.Encode()); err != nil {
			return err
		}
		if now := o.Waiting() >= chain.MaxUnconsumed; now != full[id] {
			full[id], changed = now, true
		}
	}
	if !changed {
		return nil
	}
	maps.DeleteFunc(full, func(_ chain.ID, is bool) bool { return !is })
	return e.set(chain.KeyFull, chain.EncodeIDs(slices.Sorted(maps.Keys(full))))
}

// sent adds up the value that goes to chains under this one, by chain and by branch (SPEC 8.7).
func (e *entries) sent(below map[chain.ID]chain.Amount) error {
	branch := map[chain.ID]chain.Amount{}
	for _, id := range slices.Sorted(maps.Keys(below)) {
		if err := e.grow(chain.SentKey(id), below[id]); err != nil {
			return err
		}
		child := e.context.Tree.Toward(id, e.context.Chain)
		branch[child] = plenty(branch[child], below[id])
	}
	for _, id := range slices.Sorted(maps.Keys(branch)) {
		if err := e.grow(chain.EnteredKey(id), branch[id]); err != nil {
			return err
		}
	}
	return nil
}
