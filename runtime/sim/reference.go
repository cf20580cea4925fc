package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// reference is the chain as an observer without faults has it: what became final first, anywhere, replayed from its bytes.
type reference struct {
	w      *World
	state  slots
	tree   *merkle.Tree
	head   bft.Head
	hashes []chain.BlockHash // by height
	rounds uint64            // that it took
	nonces map[chain.Address]uint64
	proofs map[proof]bool
	*archive
}

// proof is a message with a signature.
type proof struct {
	id     chain.MessageID
	signed [chain.SignedBytes]byte
}

func newReference(w *World) (*reference, error) {
	r := &reference{w: w, state: newSlots(w.origin.changes), head: genesisHead(w.origin), nonces: map[chain.Address]uint64{}, proofs: map[proof]bool{}, archive: newArchive(w.origin)}
	var err error
	r.tree, err = r.state.tree()
	r.hashes = []chain.BlockHash{r.head.Hash}
	return r, err
}

func (r *reference) height() uint64 { return r.head.Header.Height }

// recall learns of what a node finds on its disk, and crashed before it could say so: it shows it to other chains from now on.
func (r *reference) recall(n *node, height uint64) error {
	for !r.w.rotten && r.height() < height && r.w.broken == nil {
		list, err := n.disk.finals(r.height() + 1)
		if err != nil {
			return err
		}
		r.w.census.add("final block found after a crash")
		for i := range list {
			for _, o := range r.w.oracles {
				if l, ok := o.(*leaders); ok { // who leads next follows from it
					l.committed(n, &list[i])
				}
			}
			r.learn(n, &list[i])
		}
	}
	return nil
}

// learn takes a block that became final, if it is the first of its height.
func (r *reference) learn(n *node, f *bft.Final) {
	if f.Certificate.Height != r.height()+1 {
		return
	}
	before := &block.Before{Header: &r.head.Header, Hash: r.head.Hash, State: r.state, Tree: r.tree}
	res, fault, err := block.Verify(before, r.w.origin.rules, f.Raw)
	switch {
	case err != nil:
		r.w.violate("I3 replay", n, "height %d can't be replayed: %v", f.Certificate.Height, err)
		return
	case fault != nil:
		r.w.violate("I3 replay", n, "the final block of height %d is not valid: %v", f.Certificate.Height, fault)
		return
	}
	for _, o := range r.w.oracles {
		o.final(res, f)
	}
	r.w.crossing.final(r.w, res)
	if err := r.add(res, &f.Certificate, r.tree); err != nil {
		r.w.violate("I3 replay", n, "%v", err)
	}
	if err := r.tree.Commit(res.Version); err != nil {
		r.w.violate("I3 replay", n, "%v", err)
	}
	r.state.apply(res.Changes)
	r.head = bft.Head{Header: res.Block.Header, Hash: res.Hash, Certificate: &f.Certificate}
	r.hashes = append(r.hashes, res.Hash)
	r.rounds += uint64(f.Certificate.Round) + 1
	for i := range res.Block.Inputs {
		r.nonces[res.Block.Inputs[i].Message.From]++
	}
	r.w.census.addN("block", 1)
	r.w.census.addN("relay", sentIn(res.Block.Order))
}

func sentIn(o chain.Order) (n int) {
	for i := range o {
		for j := range o[i].Events {
			n += len(o[i].Events[j].Sent)
		}
	}
	return n
}

// settled says whether a message is final, or its nonce used by another.
func (r *reference) settled(m *chain.Message) bool { return r.nonces[m.From] > m.Nonce }

// signed checks a signature once for all nodes of the world: they all would find the same.
func (r *reference) signed(m *chain.Message) bool {
	s, err := m.Signed()
	if err != nil {
		return false
	}
	p := proof{id: m.ID()}
	copy(p.signed[:], m.Proof)
	ok, known := r.proofs[p]
	if !known {
		ok = keys.Verify(s.Public, p.id[:], s.Signature) == nil
		r.proofs[p] = ok
	}
	return ok
}
