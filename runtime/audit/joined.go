package audit

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// A chain can begin in a directory with the state after one of its blocks, and have none up to there (store.JoinEnd). What replay begins with is
// then not the genesis' state but one that is made of the stored state and the undo records. It is believed, as it has the root in the header of
// its block, and that is the header to which committee after committee leads from the genesis on.
//
//	genesis ──digests that were kept──► header of block N ◄─root─ state after block N ──► N+1 … head
//
// Where undo records were pruned it is the lowest state that can be made still, after block M: the blocks from N+1 to M are held to each other by
// their hashes, and so to those behind them.

// joined is where a chain begins that has not all blocks. The zero value is that of one which has.
type joined struct {
	height uint64 // of the block with whose state it begins; 0 for the genesis
	from   uint64 // of the block with whose state replay begins: height, or later
	shown  []byte // what shows the block's header
	header *chain.Header
	proof  []byte       // its certificate
	border border       // what the state says of other chains
	held   chain.Amount // by that state
}

// unseen says whether a block is here that can't be replayed.
func (j *joined) unseen(height uint64) bool { return height > j.height && height <= j.from }

// readJoined reads where the chain begins here.
func (r *run) readJoined() {
	j := &r.joined
	var err error
	if j.height, j.shown, err = r.raw.Base(r.id); err != nil {
		r.damage(0, err)
		return
	}
	if j.height == 0 {
		return
	}
	j.from = j.height
	first := uint64(0)
	err = r.raw.Undos(r.id, func(height uint64) error {
		if first == 0 {
			first = height
		}
		return nil
	})
	if err == nil && first > j.height+1 { // what can't be read is met later
		j.from = first - 1
	}
	r.report.Base, r.report.From = j.height, j.from
}

// follow goes from the genesis' committee to the block that the chain begins with here.
func (r *run) follow() {
	j := &r.joined
	if j.height == 0 {
		return
	}
	first := r.next
	r.at, r.now, r.next = nil, nil, nil // the genesis' state is of no use
	if first == nil {
		r.skip("the genesis names no committee that could have certified the block that the chain begins with here", Certificates)
		return
	}
	r.looked(Certificates, 1)
	list, err := keep.DecodeShown(j.shown)
	var last *chain.Digest
	if err == nil {
		err = guard(func() (err error) { last, err = keep.Shows(first, list); return err })
	}
	switch {
	case err != nil:
		r.add(Certificates, j.height, "block %d, with whose state the chain begins here, is not shown to be final: %v", j.height, err)
	case last.Last().Height != j.height:
		r.add(Certificates, j.height, "what shows block %d, with whose state the chain begins here, shows block %d", j.height, last.Last().Height)
	default:
		j.header, j.proof = last.Last(), last.Certificate.Append(nil)
	}
}

// atJoined holds the header of the block that the chain begins with to what shows it.
func (r *run) atJoined(k *store.Kept) {
	j := &r.joined
	if j.header == nil || k.Header == nil {
		return
	}
	r.looked(HashChain, 1)
	if h, err := chain.DecodeHeader(k.Header); err == nil && h.Hash() != j.header.Hash() {
		r.add(HashChain, k.Height, "block %d, with whose state the chain begins here, is kept as %s, and what shows it names %s", k.Height, h.Hash(), j.header.Hash())
	}
	if !bytes.Equal(k.Certificate, j.proof) {
		r.add(Certificates, k.Height, "block %d, with whose state the chain begins here, has another certificate than the one that shows it", k.Height)
	}
}

// stand makes the state that replay begins with, where that is not the genesis'.
func (r *run) stand(k *store.Kept) {
	list := headers(k)
	if len(list) == 0 {
		return // present says so
	}
	r.looked(StateRoot, 1)
	top, err := r.top()
	var s *state
	if err == nil {
		err = guard(func() (err error) { s, err = rewind(r.raw, r.id, k.Height, top); return err })
	}
	if err == nil && s.root() != list[0].Roots.State {
		err = fmt.Errorf("it has root %s, and the header says %s", s.root(), list[0].Roots.State)
	}
	if err == nil {
		err = r.compare.beginWith(s, r.joined.height == r.joined.from, k.Height)
	}
	if err == nil {
		r.joined.border, r.joined.held, err = s.holds(r.id)
	}
	if err != nil {
		r.add(StateRoot, k.Height, "the state after block %d, with which the audit begins: %v", k.Height, err)
		return
	}
	r.at = &point{list[0], list[0].Hash(), s}
	r.elect()
}

// holds is what a state says of other chains, and all that it holds.
func (s *state) holds(id chain.ID) (b border, held chain.Amount, err error) {
	var m money
	for account, value := range s.records { // any order: it is summed up
		err = errors.Join(err, m.add(exec.Slot{Account: account}, []byte(value)))
	}
	for slot, value := range s.entries { // as above, and each entry is for itself
		err = errors.Join(err, m.add(slot, []byte(value)))
		if slot.Account == chain.SystemAddress(id) {
			b.take(slot.Key, []byte(value))
		}
	}
	if err == nil {
		held, err = m.sum()
	}
	return b, held, err
}

// beginWith takes from the state that replay begins with what is else known from the blocks before. Whole says that there is no block before here.
func (c *compare) beginWith(s *state, whole bool, height uint64) error {
	for account, value := range s.records { // any order: each by itself
		if a, err := chain.DecodeAccount([]byte(value)); err == nil && a.Nonce > 0 { // what doesn't decode is met in the end
			c.nonces[account] = a.Nonce
		}
	}
	queue, err := chain.DecodeQueue([]byte(s.entries[exec.Slot{Account: chain.SystemAddress(c.id), Key: chain.KeyQueue}]))
	if err != nil {
		return err
	}
	for n := queue.Head; n < queue.Tail; n++ {
		raw := s.entries[exec.Slot{Account: chain.SystemAddress(c.id), Key: chain.QueuedKey(n)}]
		m, err := chain.DecodeMessage([]byte(raw))
		if err != nil {
			return fmt.Errorf("message %d of the queue: %w", n, err) // it ends the loop, however long the queue is said to be
		}
		c.pairs.waiting = append(c.pairs.waiting, m.ID())
	}
	if !whole { // what is kept of the blocks before can't be told from what no block made
		c.partial = true
		return nil
	}
	lists, err := keep.Peaks(s, c.id)
	for _, list := range lists {
		for _, n := range list.Nodes {
			c.node(height, list.List, n)
		}
	}
	return err
}

// formerly is the committee that agreed up to the block where replay stands, as the state has it.
func (r *run) formerly() *light.Committee {
	raw := r.at.state.entries[exec.Slot{Account: chain.SystemAddress(r.id), Key: chain.KeyFormer}]
	former, err := chain.DecodeFormer([]byte(raw))
	if err != nil || former.Last != r.at.header.Height || former.Hash() != r.at.header.Committee {
		return nil
	}
	return r.seats(former.Committee.Append(nil))
}
