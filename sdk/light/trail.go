package light

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Trail leads somebody who knows a network's genesis, and nothing that came later, to who certifies the blocks of a chain now: over every
// change of committee of the main chain (SPEC 6.10), and from there down to the chain, which may have been made by a message.
type Trail struct {
	// Main leads from the main chain's genesis to the block whose state shows what follows: digests that hand over, and that block's.
	Main []chain.Digest
	// Tree are the chains that there are, as that state has them.
	Tree      chain.Tree
	TreeProof merkle.StateProof
	// Down are the chains under the main one on the way, the last of them the one that it leads to; none if that is the main chain.
	Down []Generation
}

// Generation is a chain on a Trail.
type Generation struct {
	// Committee certified the chain's next block when the block above was made, as its parent has recorded (chain.ChildCommitteeKey).
	Committee chain.Committee
	Proof     merkle.StateProof
	// Views go on from there: digests that hand over, and for all but the last generation the block whose state shows the next one.
	Views []chain.Digest
}

// Follow says who certifies the chain that the trail leads to, with the tree, where first is the committee of the main chain's genesis. Each
// chain on the way is believed who certifies its child: a chain whose committee is rotten can lie about all that is under it.
func (t *Trail) Follow(first *Committee) (*Trust, error) {
	known, c, err := FollowAll(chain.Known{Epoch: first.Epoch(), Committee: first.hash}, t.Main, first)
	if err != nil {
		return nil, fmt.Errorf("main chain: %w", err)
	}
	e := Entry{Account: chain.SystemAddress(c.Chain()), Key: chain.KeyTree, Value: t.Tree.Encode()}
	if err := e.verify(known.Anchor.State, &t.TreeProof); err != nil {
		return nil, fmt.Errorf("tree of chains: %w", err)
	}
	if known, c, err = descend(t.Tree, known, c, t.Down, NewCommittee); err != nil {
		return nil, err
	}
	return &Trust{Tree: t.Tree, Known: known, Committee: c}, nil
}

// descend goes down a tree from a block of c's chain: each generation's committee is shown by the state of the block before it. It returns the last
// block, and who certifies the one that follows.
func descend(tree chain.Tree, known chain.Known, c *Committee, down []Generation, of Committees) (chain.Known, *Committee, error) {
	fail := func(err error) (chain.Known, *Committee, error) { return chain.Known{}, nil, err }
	network, at := c.network, c.Chain()
	for i := range down {
		g := &down[i]
		id := g.Committee.Chain
		if tree.Parent(id) != at || !tree.Has(id) {
			return fail(fmt.Errorf("chain %d behind chain %d on the trail, and the tree has it elsewhere: %w", id, at, merkle.ErrForm))
		}
		e := Entry{Account: chain.DigestsAddress(at), Key: chain.ChildCommitteeKey(id), Value: g.Committee.Append(nil)}
		err := e.verify(known.Anchor.State, &g.Proof)
		if err != nil {
			return fail(fmt.Errorf("who certifies chain %d: %w", id, err))
		}
		if c, err = of(network, g.Committee); err != nil {
			return fail(fmt.Errorf("who certifies chain %d: %w", id, err))
		}
		if known, c, err = FollowAll(chain.Known{Epoch: c.Epoch(), Committee: c.hash}, g.Views, c); err != nil {
			return fail(fmt.Errorf("chain %d: %w", id, err))
		}
		at = id
	}
	return known, c, nil
}

const (
	trailVersion = 1
	// maxTrailViews bounds the changes of a committee that a trail passes.
	maxTrailViews = 1 << 10
	// MaxTrailBytes bounds an encoded trail.
	MaxTrailBytes = 64 << 20
)

// Encode is the canonical encoding.
func (t *Trail) Encode() []byte {
	b := appendDigests([]byte{trailVersion}, t.Main)
	return appendDown(t.TreeProof.Append(wire.AppendBytes(b, t.Tree.Encode())), t.Down)
}

func appendDown(b []byte, down []Generation) []byte {
	b = wire.AppendU32(b, uint32(len(down)))
	for i := range down {
		g := &down[i]
		b = appendDigests(g.Proof.Append(wire.AppendBytes(b, g.Committee.Append(nil))), g.Views)
	}
	return b
}

func readDown(r *wire.Reader) (down []Generation) {
	for range r.Count("chains", chain.MaxViews, 8) {
		var g Generation
		committee := r.Bytes("committee", chain.MaxFactBytes)
		g.Proof = merkle.ReadStateProof(r)
		g.Views = readDigests(r)
		if r.Err() != nil {
			return nil
		}
		var err error
		if g.Committee, err = chain.DecodeCommittee(committee); err != nil {
			r.Fail(err.Error(), wire.ErrValue)
		}
		down = append(down, g)
	}
	return down
}

// DecodeTrail reads what Encode writes.
func DecodeTrail(b []byte) (t Trail, err error) {
	if len(b) > MaxTrailBytes {
		return t, fmt.Errorf("trail of %d bytes (limit %d) %w", len(b), MaxTrailBytes, wire.ErrLimit)
	}
	r := wire.NewReader(b)
	r.Version("trail", trailVersion)
	t.Main = readDigests(r)
	tree := r.Bytes("tree of chains", chain.MaxFactBytes)
	t.TreeProof = merkle.ReadStateProof(r)
	t.Down = readDown(r)
	if err := r.Done(); err != nil {
		return Trail{}, fmt.Errorf("trail: %w", err)
	}
	if t.Tree, err = chain.DecodeTree(tree); err != nil {
		return Trail{}, fmt.Errorf("trail: %w", err)
	}
	return t, nil
}

func appendDigests(b []byte, list []chain.Digest) []byte {
	b = wire.AppendU32(b, uint32(len(list)))
	for i := range list {
		b = wire.AppendBytes(b, list[i].Append(nil))
	}
	return b
}

func readDigests(r *wire.Reader) (list []chain.Digest) {
	for range r.Count("digests", maxTrailViews, minDigestBytes) {
		d, err := chain.DecodeDigest(r.Bytes("digest", MaxTrailBytes))
		if err != nil && r.Err() == nil {
			r.Fail(err.Error(), wire.ErrValue)
		}
		if r.Err() != nil {
			return nil
		}
		list = append(list, d)
	}
	return list
}
