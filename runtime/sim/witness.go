package sim

import (
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// twice is another block that a rotten committee certified where the parent recorded one.
type twice struct {
	height uint64
	other  *chain.Digest
}

// witnessMillis is how often a witness looks whether what it shows is known.
const witnessMillis = 2000

// fork is another certified block at a recorded height. Somebody sees it, and shows it to the parent until that marks the child.
func (l *liar) fork(parent *World, height uint64) *chain.Digest {
	d := l.digest(&l.final.blocks[height-1].header, nil, nil)
	if l.twice == nil {
		l.twice = &twice{height, d}
		l.after(1+l.random.evil.Uint64N(witnessMillis), nil, "witness", func() { l.witness(parent) })
	}
	return d
}

// witness shows the two blocks, while they are not known. The place of the recorded one is made anew each time: the accumulator grows.
func (l *liar) witness(parent *World) {
	if l.broken != nil || parent.rotten || l.crossing.forked(l.World) {
		return
	}
	l.after(witnessMillis, nil, "witness", func() { l.witness(parent) })
	place, err := placeOf(parent, l.id, l.twice.height)
	if err != nil {
		l.violate("7.2 digests", nil, "the place of block %d in what chain %d recorded can't be shown: %v", l.twice.height, parent.id, err)
		return
	}
	header := l.final.blocks[l.twice.height].header
	var seats chain.Committee
	for _, e := range l.epochs {
		if e.seats.Hash() == header.Committee {
			seats = e.seats
		}
	}
	in := chain.ForkInput{Recorded: header, Place: place.Append(nil), Committee: seats, Other: *l.twice.other}
	from := witnessOf(parent.id, l.id)
	a, err := parent.final.state.Account(from.address)
	if err != nil {
		l.violate("4.7 state", nil, "the account of a witness: %v", err)
		return
	}
	m := callOf(parent, from, a.Nonce, chain.CallInput{Method: chain.MethodFork, GasLimit: junkGas, Input: in.Encode()}).Sign(from.key)
	for _, n := range parent.nodes {
		if n.up && n.busy <= l.now && n.honest() {
			l.census.add("fork shown")
			n.during(func() error { return n.pool.admit(m, true) })
			return
		}
	}
}

// placeOf is where a chain has recorded the block of a child at a height.
func placeOf(parent *World, child chain.ID, height uint64) (merkle.Place, error) {
	raw, err := parent.final.state.Entry(chain.DigestsAddress(parent.id), chain.AccumulatorKey(child))
	if err != nil {
		return merkle.Place{}, err
	}
	anchors, err := merkle.DecodeAccumulator(raw)
	if err != nil {
		return merkle.Place{}, err
	}
	return merkle.ProvePlace(anchors.Count, height-1, func(level uint8, index uint64) (merkle.Hash, error) {
		return records{archive: parent.final.archive}.Node(parent.id, child, level, index)
	})
}

// forked says whether a chain's parent has marked it.
func (o *crossing) forked(w *World) bool {
	parent := o.world(o.tree.Parent(w.id))
	raw, err := parent.final.state.Entry(chain.DigestsAddress(parent.id), chain.ChildKey(w.id))
	child, bad := chain.DecodeChild(raw)
	if err != nil || bad != nil {
		o.violate("4.9 forks", nil, "chain %d knows nothing of its child %d: %v, %v", parent.id, w.id, err, bad)
	}
	return child.Forked
}

// unmarked are rotten chains that were seen to certify two blocks of a height, and whose parent doesn't know; 0 for none.
func (o *crossing) unmarked() chain.ID {
	for _, w := range o.worlds {
		if parent := o.world(o.tree.Parent(w.id)); w.liar != nil && w.liar.twice != nil && !parent.rotten && !o.forked(w) {
			return w.id
		}
	}
	return 0
}
