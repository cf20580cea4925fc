package keep

import (
	"errors"
	"fmt"
	"iter"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Chain is a chain in a store.
type Chain struct {
	Relays
	store *store.Store
}

// Of is the chain with the id.
func Of(s *store.Store, id chain.ID) Chain { return Chain{RelaysOf(s, id), s} }

// Create writes the block at height 0 with the state that it leaves, and what a member's votes begin with; nil for who has
// none.
func (c Chain) Create(g *chain.Genesis, header *chain.Header, state []exec.Change, first *bft.Safety) error {
	return c.store.Init(g, header, writes(state), encoded(first))
}

func encoded(s *bft.Safety) []byte {
	if s == nil {
		return nil
	}
	return s.Encode()
}

func writes(changes []exec.Change) iter.Seq[exec.Write] {
	return func(yield func(exec.Write) bool) {
		for i := range changes {
			if !yield(exec.Write{Slot: changes[i].Slot, Value: changes[i].After}) {
				return
			}
		}
	}
}

// State is that after the last block.
func (c Chain) State() *store.State { return c.store.State(c.id) }

// Head is the last block.
func (c Chain) Head() (bft.Head, error) {
	head, err := c.store.Head(c.id)
	if err != nil {
		return bft.Head{}, err
	}
	header, err := c.store.Header(c.id, head.Height)
	if err != nil || head.Height == 0 {
		return bft.Head{Header: header, Hash: head.Hash}, err
	}
	cert, err := c.Certificate(head.Height)
	return bft.Head{Header: header, Hash: head.Hash, Certificate: cert}, err
}

// Tree is that of the state after the last block, hashed anew.
func (c Chain) Tree(head *chain.Header) (*merkle.Tree, error) {
	tree := merkle.New()
	var failed error
	leaves := func(yield func(merkle.Path, merkle.Hash) bool) {
		failed = c.store.Leaves(c.id, func(path merkle.Path, _ exec.Slot, value []byte) error {
			if !yield(path, merkle.ValueHash(value)) {
				return errors.New("loading was broken off")
			}
			return nil
		})
	}
	next, stop := iter.Pull2(leaves)
	err := tree.Load(next)
	stop()
	if err = errors.Join(failed, err); err != nil {
		return nil, err
	}
	return tree, Agree(tree, head)
}

// Agree says whether a tree is that of the state after a block (K1).
func Agree(tree *merkle.Tree, h *chain.Header) error {
	if root := chain.Hash(tree.Root()); root != h.Roots.State {
		return fmt.Errorf("%w: the state has root %s, and block %d says %s", store.ErrDamaged, root, h.Height, h.Roots.State)
	}
	return nil
}

// Votes are what this member has signed, with the blocks that it signed of the height after the head (K2).
func (c Chain) Votes() (bft.Safety, []bft.Body, error) {
	record, kept, err := c.store.Votes(c.id)
	if errors.Is(err, store.ErrNotFound) {
		return bft.Lost(), nil, nil
	}
	if err != nil {
		return bft.Safety{}, nil, err
	}
	safety, err := bft.DecodeSafety(record)
	if err != nil {
		return safety, nil, fmt.Errorf("%w: votes: %w", store.ErrDamaged, err)
	}
	bodies := make([]bft.Body, len(kept))
	for i, b := range kept {
		bodies[i] = bft.Body(b)
	}
	return safety, bodies, nil
}

// KeepVotes makes durable what is about to be signed; either may be nil.
func (c Chain) KeepVotes(safety *bft.Safety, body *bft.Body) error {
	return c.store.KeepVotes(c.id, encoded(safety), (*store.Body)(body))
}

// Commit makes a block durable with all that follows from it. Prove is asked about the state after it.
func (c Chain) Commit(r *block.Result, certificate []byte, prove Prove) error {
	p, err := c.Begin(r, certificate, prove)
	if err != nil {
		return err
	}
	return p.Wait()
}

// Begin is Commit up to the sync, which must be waited for: others may be begun meanwhile.
func (c Chain) Begin(r *block.Result, certificate []byte, prove Prove) (*store.Pending, error) {
	kept, err := Proofs(r, prove)
	if err != nil {
		return nil, err
	}
	return c.store.Begin(&store.Commit{
		Chain: c.id, Header: &r.Block.Header, Hash: r.Hash, Block: r.Raw, Certificate: certificate, Receipts: r.Journal.Encode(),
		Outbox: block.EncodeOutbox(r.Outbox), Departures: Departures(r.Outbox), Nodes: Nodes(r), Proofs: kept,
		Changes: r.Changes, Messages: r.Processed, Code: r.Published,
	})
}

// maxFinals bounds the blocks that are sent at once.
const maxFinals = 8 << 20

// Finals are blocks from a height on, as many as are sent at once; none if there are none.
func (c Chain) Finals(from uint64) ([]bft.Final, error) {
	return c.FinalsWithin(from, bft.MaxFinals, maxFinals)
}

// FinalsWithin is Finals of so many blocks and bytes, but for a first block that is longer.
func (c Chain) FinalsWithin(from uint64, count, most int) (list []bft.Final, err error) {
	head, err := c.store.Head(c.id)
	if err != nil {
		return nil, err
	}
	size := 0
	for height := from; height <= head.Height && len(list) < min(count, bft.MaxFinals); height++ {
		raw, certificate, err := c.store.Block(c.id, height)
		if err != nil {
			return nil, err
		}
		if size += len(raw) + len(certificate); size > most && len(list) > 0 {
			break
		}
		cert, err := chain.DecodeCertificate(certificate)
		if err != nil {
			return nil, fmt.Errorf("%w: certificate of block %d: %w", store.ErrDamaged, height, err)
		}
		list = append(list, bft.Final{Raw: raw, Certificate: cert})
	}
	return list, nil
}
