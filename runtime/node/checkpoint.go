package node

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Checkpoint is a block of which the operator knows, from elsewhere than the network, that it is the chain's (SPEC 6.10). The committees of long ago
// have nothing at stake any more: who has their keys could certify a chain of his own from there on. No such chain is taken.
//
//	what is here has the height ──────► the hash is compared at the start
//	blocks are fetched, or agreed on ─► at that height no other is voted for, nor made final here
//	a state is fetched (Join) ────────► it is after the block or later, and its own list of blocks has this one (stateHistory): of all its
//	                                    pieces the one with that list comes first
type Checkpoint struct {
	Chain  chain.ID
	Height uint64
	Hash   chain.BlockHash
}

// ErrCheckpoint is a chain that has another block where the checkpoint is. Compare the checkpoint with who gave it: either that is wrong, or what
// the other nodes show is not the chain.
var ErrCheckpoint = errors.New("the chain is not that of the checkpoint")

// ParseCheckpoint reads CHAIN:HEIGHT:HASH.
func ParseCheckpoint(text string) (c Checkpoint, err error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return c, errors.New("write CHAIN:HEIGHT:HASH, as thinkey block show says height and hash of a block")
	}
	id, err := strconv.ParseUint(parts[0], 10, 32)
	if err != nil || id == 0 {
		return c, fmt.Errorf("chain %q: write its number, such as 1 for the main chain", parts[0])
	}
	c.Chain = chain.ID(id)
	if c.Height, err = strconv.ParseUint(parts[1], 10, 64); err != nil || c.Height == 0 {
		return c, fmt.Errorf("height %q: write a whole number from 1", parts[1])
	}
	if err = c.Hash.UnmarshalText([]byte(parts[2])); err != nil {
		return c, fmt.Errorf("hash %q: %w", parts[2], err)
	}
	return c, nil
}

// String is what ParseCheckpoint reads.
func (c Checkpoint) String() string { return fmt.Sprintf("%d:%d:%s", c.Chain, c.Height, c.Hash) }

// check holds a block to the checkpoint, if that is about its height.
func (c *Checkpoint) check(height uint64, hash chain.BlockHash) error {
	if c == nil || c.Height != height || c.Hash == hash {
		return nil
	}
	return fmt.Errorf("%w: block %d of chain %d is %s, and the checkpoint says %s: compare that with who gave it to you", ErrCheckpoint, height, c.Chain, hash, c.Hash)
}

// above is how high a chain with a head must still come until it can be held to the checkpoint; 0 if it has been.
func (c *Checkpoint) above(head uint64) uint64 {
	if c == nil || c.Height <= head {
		return 0
	}
	return c.Height
}

// checkStored holds what is here to the checkpoint. Of a chain that began with a later state it isn't known any more: that was held to a
// checkpoint when it was fetched.
func (n *Node) checkStored() error {
	c := n.config.Checkpoint
	if c == nil || c.Height > n.head.Header.Height {
		return nil
	}
	h, err := n.store.Header(n.chain, c.Height)
	if errors.Is(err, store.ErrPruned) {
		n.config.Log.Info("the block of the checkpoint is from before the state that the chain began with here: it was compared then, if the checkpoint was given then", "chain", n.chain, "checkpoint", c.String())
		return nil
	}
	if err != nil {
		return err
	}
	return c.check(c.Height, h.Hash())
}

// suits withholds the vote from a block that isn't the one of the checkpoint.
func (m *member) suits(height uint64, hash chain.BlockHash) bft.Verdict {
	if err := m.node.config.Checkpoint.check(height, hash); err != nil {
		m.node.config.Log.Error("a block that is proposed gets no vote", "reason", err)
		return bft.Withheld
	}
	return bft.Valid
}

// checkpoint fetches the piece of the state in which its list of blocks is, and waits until somebody shows which block the chain has where the
// checkpoint is; again if nobody can.
func (j *joining) checkpoint() (again bool, err error) {
	c := j.node.config.Checkpoint
	if c == nil {
		return false, nil
	}
	if c.Height == j.header.Height {
		return j.held(c.check(j.header.Height, j.header.Hash()))
	}
	if again, err := j.fetchOf(merkle.SlotPath(chain.SystemAddress(c.Chain), []byte(chain.KeyHistory))); again || err != nil {
		return again, err
	}
	raw, err := j.node.store.State(c.Chain).Entry(chain.SystemAddress(c.Chain), chain.KeyHistory)
	if err != nil {
		return false, err
	}
	history, err := merkle.DecodeAccumulator(raw)
	if err != nil {
		return false, fmt.Errorf("list of blocks of chain %d: %w", c.Chain, err)
	}
	pulse := time.NewTicker(joinPulse)
	defer pulse.Stop()
	var asked time.Time
	for end, turn := time.Now().Add(mostPatience), 0; time.Now().Before(end); {
		if peers := j.peers(); len(peers) > 0 && time.Since(asked) > rangePatience {
			asked = time.Now()
			j.member.Net.Send(peers[turn%len(peers)], (&stateAsk{kind: stateHistory, height: j.header.Height, of: c.Height}).encode())
			turn++
		}
		a, err := j.next(pulse.C)
		if err != nil {
			return false, err
		}
		if a == nil || a.is.kind != stateHistory || a.is.height != j.header.Height {
			continue
		}
		if a.is.anchor != nil {
			err := shownIn(&history, a.is.anchor, a.is.place, c.Height)
			if err == nil {
				return j.held(c.check(c.Height, a.is.anchor.Hash))
			}
			if j.from[a.from].offer == j.offer { // the chain of who offered another state may be another
				j.blame(a.from, err)
			}
		}
		if turn < len(j.from) { // another is asked at once, until all were
			asked = time.Time{}
		}
	}
	j.node.config.Log.Warn("nobody shows which block the state's chain has at the checkpoint", "chain", c.Chain, "height", j.header.Height, "checkpoint", c.String())
	return true, nil
}

// held is called with what a state's chain was found to be: one of another chain than the checkpoint's is not taken, nor another one of who offered it.
// Only if nobody else is left that ends it: whoever has the keys of a committee of long ago can show a state that is higher than all others.
func (j *joining) held(err error) (again bool, _ error) {
	if err == nil {
		return false, nil
	}
	j.other = err
	for _, o := range j.from { // any order: each by itself
		o.lied = o.lied || o.offer == j.offer
	}
	if len(j.peers()) == 0 {
		return false, err
	}
	j.node.config.Log.Error("a state that others offer is not taken", "reason", err)
	return true, nil
}

// shownIn says whether a block is the one of a height in a chain's list of its own blocks.
func shownIn(history *merkle.Accumulator, is *chain.Anchor, at merkle.Place, height uint64) error {
	if is.Height != height || at.Index != height {
		return fmt.Errorf("block %d at place %d is shown for block %d", is.Height, at.Index, height)
	}
	return history.Verify(at, light.AnchorLeaf(*is))
}

// history shows which block the chain has at a height, to who has the state; nil if this node doesn't have it.
func (s *states) history(o *openState, height uint64) (*chain.Anchor, merkle.Place, error) {
	n := s.of.node
	raw, err := o.view.Entry(chain.SystemAddress(n.chain), chain.KeyHistory)
	if err != nil {
		return nil, merkle.Place{}, err
	}
	history, err := merkle.DecodeAccumulator(raw)
	if err != nil {
		return nil, merkle.Place{}, fmt.Errorf("%w: list of blocks: %w", store.ErrDamaged, err)
	}
	if height >= history.Count {
		return nil, merkle.Place{}, nil
	}
	h, err := n.store.Header(n.chain, height)
	if err == nil {
		var place merkle.Place
		if place, err = n.kept.Place(n.chain, history.Count, height); err == nil {
			is := h.Anchor()
			return &is, place, nil
		}
	}
	if errors.Is(err, store.ErrPruned) || errors.Is(err, store.ErrNotFound) { // the chain began with a later state here
		err = nil
	}
	return nil, merkle.Place{}, err
}
