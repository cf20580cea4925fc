package audit

import (
	"errors"
	"fmt"
	"sync"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// ahead is how many blocks are read before they are needed, and wait to be compared after they were verified. Each can take
// some hundred megabytes at the worst.
const ahead = 2

// maxResumes is how often the state is taken from the directory when replay can't give it: each takes as long as reading the
// whole state.
const maxResumes = 8

// walk is how far the pass over the blocks has come.
type walk struct {
	next  uint64           // the height expected
	seen  bool             // any height
	prev  *chain.BlockHash // of the block below next; nil if that can't be told
	hash  chain.BlockHash  // of the highest block
	zero  bool             // block 0 had an undo record
	undo  bool             // an undo record was there, above block 0
	doubt bool             // a damaged one may have been
	loose uint64           // blocks that were not replayed
}

// blocks goes through all heights: one goroutine reads ahead, this one verifies, one compares what was verified.
func (r *run) blocks() error {
	kept, readError := r.readAhead()
	judged := make(chan judgement, ahead)
	var compared sync.WaitGroup
	compared.Go(func() {
		for j := range judged {
			r.compare.one(j)
		}
	})
	w := &walk{next: r.joined.height}
	for k := range kept {
		if r.ctx.Err() == nil {
			r.block(w, k, judged)
		}
	}
	r.certificates.settle(r.uncertified)
	close(judged)
	compared.Wait()
	if err := r.damageOnly(*readError, Heights, Replayed); err != nil {
		return err
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	r.end(w)
	return nil
}

// readAhead reads the blocks in a goroutine, which ends with the channel; its error is set then.
func (r *run) readAhead() (<-chan *store.Kept, *error) {
	kept := make(chan *store.Kept, ahead)
	failed := new(error)
	go func() {
		defer close(kept)
		*failed = r.raw.Blocks(r.id, func(k *store.Kept) error {
			select {
			case kept <- k:
				return nil
			case <-r.ctx.Done():
				return r.ctx.Err()
			}
		})
	}()
	return kept, failed
}

// judgement is a block that was verified, or, without result, one after which the state was taken from elsewhere.
type judgement struct {
	kept   *store.Kept
	result *block.Result
	proofs []store.Proof // that the state after the block gives, to be kept
}

// block looks at one height.
func (r *run) block(w *walk, k *store.Kept, judged chan<- judgement) {
	if k.Height < r.joined.height {
		r.add(Heights, k.Height, "something of block %d is kept, and the chain begins here with the state after block %d", k.Height, r.joined.height)
		return
	}
	r.present(w, k)
	result, proofs := r.verify(k)
	header := r.header(k, result)
	r.link(w, k, header)
	r.about(k, header)
	switch from := r.joined.from; {
	case result != nil:
		judged <- judgement{k, result, proofs}
		r.report.Blocks++
		r.report.Messages += uint64(len(result.Processed))
	case k.Height > from || k.Height == from && r.at == nil:
		w.loose++
		r.resume(k)
		judged <- judgement{kept: k}
	}
	r.tell("blocks", k.Height)
}

// present notes gaps, and parts that are missing.
func (r *run) present(w *walk, k *store.Kept) {
	r.looked(Heights, 1)
	r.looked(Checksums, 1)
	if k.Height > w.next {
		r.add(Heights, w.next, "%s missing: the next one stored is %d", span(w.next, k.Height-1), k.Height)
		w.prev = nil
		r.lose()
	}
	w.next, w.seen = k.Height+1, true
	for _, err := range k.Damage {
		r.damage(k.Height, err)
	}
	r.undone(w, k)
	if len(k.Damage) > 0 { // a part that is nil can be one of those
		return
	}
	parts := []struct {
		name  string
		check string
		value []byte
	}{{"header", Headers, k.Header}, {"body", Heights, k.Block}, {"receipts", Receipts, k.Receipts}}
	if r.joined.height > 0 && k.Height == r.joined.height { // of that the header is all there is
		parts = parts[:1]
	}
	for _, part := range parts {
		if part.value == nil {
			r.add(part.check, k.Height, "block %d: its %s is missing", k.Height, part.name)
			if part.check != Heights {
				r.add(Heights, k.Height, "block %d: its %s is missing", k.Height, part.name)
			}
		}
	}
}

// undone notes which blocks can be taken back. Old records may be pruned, never fewer than store.PruneStep, nor any that has
// an older one below it; that of block 0 goes with the first. Of the block with whose state a chain begins here there is none.
func (r *run) undone(w *walk, k *store.Kept) {
	first := r.joined.height
	if first > 0 {
		first++
	}
	switch {
	case k.Height == 0:
		w.zero = k.Undo != nil || len(k.Damage) > 0
	case k.Undo == nil && len(k.Damage) > 0: // it can be the record that is damaged
		w.doubt = true
	case k.Undo == nil && w.undo:
		r.add(Undo, k.Height, "block %d: its undo record is missing", k.Height)
	case k.Undo != nil && !w.undo:
		w.undo = true
		r.report.UndoFrom = k.Height
		few := k.Height > max(first, 1) && k.Height < first+store.PruneStep || k.Height == 1 && first == 0 && !w.zero
		if few && !w.doubt {
			r.add(Undo, k.Height-1, "the first undo record is that of block %d: the ones below are missing, and so few are not pruned", k.Height)
		}
	}
}

func span(from, to uint64) string {
	if from == to {
		return fmt.Sprintf("block %d is", from)
	}
	return fmt.Sprintf("blocks %d to %d are", from, to)
}

// lose gives up the state: blocks are missing between it and the next one.
func (r *run) lose() { r.at = nil }

// verify replays a block on the state before it, which moves on; nil if that can't be done or the block isn't valid.
func (r *run) verify(k *store.Kept) (*block.Result, []store.Proof) {
	switch {
	case k.Height == 0:
		r.atZero(k)
		return nil, nil
	case k.Height == r.joined.height:
		r.atJoined(k)
	}
	switch from := r.joined.from; {
	case k.Height < from:
		return nil, nil
	case k.Height == from:
		r.stand(k)
		return nil, nil
	}
	if r.at == nil || k.Block == nil || r.at.header.Height+1 != k.Height {
		return nil, nil
	}
	result, fault, err := r.judge(r.at, k)
	switch {
	case fault != nil:
		r.add(checkOf(fault.Part), k.Height, "block %d: %v", k.Height, fault)
	case err != nil:
		r.add(Replayed, k.Height, "block %d can't be replayed: %v", k.Height, err)
	}
	for _, check := range []string{Validity, Order, Replayed} {
		r.looked(check, 1)
	}
	if result == nil {
		r.lose()
		return nil, nil
	}
	proofs := r.prove(result)
	if err := r.at.state.tree.Commit(result.Version); err != nil {
		r.add(Replayed, k.Height, "block %d: state tree: %v", k.Height, err)
		r.lose()
		return nil, nil
	}
	r.at.state.apply(result.Changes)
	r.at.header, r.at.hash = &result.Block.Header, result.Hash
	r.elect()
	return result, proofs
}

// judge is block.Verify of a stored block at a point.
func (r *run) judge(at *point, k *store.Kept) (result *block.Result, fault *block.Fault, err error) {
	before := &block.Before{Header: at.header, Hash: at.hash, State: at.state, Tree: at.state.tree}
	err = guard(func() (err error) {
		result, fault, err = block.Verify(before, r.rules, k.Block)
		return err
	})
	return result, fault, err
}

// atZero compares the block at height 0, and what is kept beside it, with what the genesis gives.
func (r *run) atZero(k *store.Kept) {
	for _, part := range []struct {
		check, name string
		value, want []byte
	}{{Receipts, "receipts", k.Receipts, chain.AppendReceipts(nil, nil)}, {Outboxes, "outbox", k.Outbox, nil}, {Undo, "undo record", k.Undo, nil}} {
		if part.value != nil && string(part.value) != string(part.want) {
			r.add(part.check, 0, "block 0: its %s holds something, and nothing happened in it", part.name)
		}
	}
	if r.at == nil || k.Block == nil {
		return
	}
	want := chain.Block{Header: *r.at.header}
	if string(want.Append(nil)) != string(k.Block) {
		r.add(Genesis, 0, "it gives block %s at height 0 with state root %s, and another is stored", r.at.hash, r.at.header.Roots.State)
		r.lose()
	}
}

// header is the block's header: that of its body, else the one kept apart, else nil.
func (r *run) header(k *store.Kept, result *block.Result) *chain.Header {
	if result != nil {
		return &result.Block.Header
	}
	for _, h := range headers(k) {
		return h
	}
	return nil
}

// headers are those that can be read of what is kept for a block: in its body, and apart.
func headers(k *store.Kept) (list []*chain.Header) {
	if k.Block != nil {
		if b, err := chain.DecodeBlock(k.Block); err == nil {
			list = append(list, &b.Header)
		}
	}
	if k.Header != nil {
		if h, err := chain.DecodeHeader(k.Header); err == nil {
			list = append(list, &h)
		}
	}
	return list
}

// link follows the chain of hashes.
func (r *run) link(w *walk, k *store.Kept, h *chain.Header) {
	if h == nil {
		w.prev = nil
		return
	}
	r.looked(HashChain, 1)
	if w.prev != nil && h.Parent != *w.prev {
		r.add(HashChain, k.Height, "block %d names %s as its parent, and block %d is %s", k.Height, h.Parent, k.Height-1, *w.prev)
	}
	if h.Height != k.Height || h.Chain != r.id {
		r.add(HashChain, k.Height, "the block stored at height %d of chain %d says that it is block %d of chain %d", k.Height, r.id, h.Height, h.Chain)
	}
	hash := h.Hash()
	w.prev, r.last, w.hash = &hash, h, hash
}

// noOutbox is the root in the header of a block that has no outbox: none is kept then.
var noOutbox = chain.Hash(merkle.Root(nil))

// about compares what hangs on a block's header alone.
func (r *run) about(k *store.Kept, h *chain.Header) {
	if h == nil {
		return
	}
	if k.Header != nil {
		r.looked(Headers, 1)
		if apart, err := chain.DecodeHeader(k.Header); err != nil {
			r.add(Headers, k.Height, "block %d: the header kept apart: %v", k.Height, err)
		} else if apart.Hash() != h.Hash() {
			r.add(Headers, k.Height, "block %d has hash %s, and the header kept apart %s", k.Height, h.Hash(), apart.Hash())
		}
		r.certificate(k, h)
	}
	r.outbox(k, h)
	height, err := r.raw.HeightOf(r.id, h.Hash())
	r.looked(BlockHashes, 1)
	switch {
	case errors.Is(err, store.ErrNotFound):
		r.add(BlockHashes, k.Height, "block %d is not found by its hash %s", k.Height, h.Hash())
	case err != nil:
		r.damage(k.Height, err)
	case height == k.Height:
		r.named++
	default:
		r.add(BlockHashes, k.Height, "block %d is stored at height %d by its hash %s", k.Height, height, h.Hash())
	}
}

// outbox holds the outbox to its root.
func (r *run) outbox(k *store.Kept, h *chain.Header) {
	if k.Height == r.joined.height && k.Height > 0 && k.Outbox == nil { // only its header is here
		return
	}
	r.looked(Outboxes, 1)
	if k.Outbox == nil {
		if h.Roots.Outbox != noOutbox && len(k.Damage) == 0 {
			r.add(Outboxes, k.Height, "block %d: its outbox is missing", k.Height)
		}
		return
	}
	list, err := block.DecodeOutbox(k.Outbox)
	switch {
	case err != nil:
		r.add(Outboxes, k.Height, "block %d: its %v", k.Height, err)
	case len(list) == 0:
		r.add(Outboxes, k.Height, "block %d: an outbox is kept that holds nothing", k.Height)
	case block.OutboxRoot(list) != h.Roots.Outbox:
		r.add(Outboxes, k.Height, "block %d: its outbox has root %s, and the header says %s", k.Height, block.OutboxRoot(list), h.Roots.Outbox)
	}
}

// resume makes the state after a block of the stored state and the undo records, if they give what a header of it claims.
func (r *run) resume(k *store.Kept) {
	list := headers(k)
	if r.resumes == maxResumes || len(list) == 0 {
		return
	}
	r.resumes++
	top, err := r.top()
	if err != nil || k.Height > top {
		return
	}
	var s *state
	if err := guard(func() (err error) { s, err = rewind(r.raw, r.id, k.Height, top); return err }); err != nil {
		return // the damage is met where it lies
	}
	for _, h := range list {
		if h.Roots.State == s.root() && h.Height == k.Height {
			r.at = &point{h, h.Hash(), s}
			r.elect()
			r.report.Resumed = append(r.report.Resumed, k.Height)
			return
		}
	}
}

// top is the height that the stored state belongs to: that of the highest undo record, as a block, its record and its
// changes are written at once; the marker may have been moved.
func (r *run) top() (top uint64, err error) {
	top = r.joined.height // with whose state the chain began here, with no record
	err = r.raw.Undos(r.id, func(height uint64) error { top = height; return nil })
	return top, err
}

// end compares the end of the blocks with the marker.
func (r *run) end(w *walk) {
	if r.last != nil {
		r.report.Head, r.report.Height = w.hash, r.last.Height
	}
	if w.loose > 0 || r.at == nil {
		r.skip(fmt.Sprintf("%d blocks could not be replayed", w.loose), Validity, Order, Replayed, Receipts, Outboxes, Departures,
			Accumulators, Proofs, Undo, Pairs, Once, MessageIndex, Nonces)
	}
	if r.at == nil || w.next != r.at.header.Height+1 {
		r.skip("replay did not reach the head", State)
	}
	if !w.seen {
		r.add(Heights, 0, "there is no block")
	}
	if w.next > r.joined.height+1 && !w.undo && !w.doubt {
		r.add(Undo, w.next-1, "no block has an undo record: at least that of the last must be there")
	}
	if !r.known || !w.seen {
		return
	}
	if err := r.raw.Tip(r.id, w.next-1); err != nil {
		r.add(HeadMarker, w.next-1, "%v", err)
	}
	last := w.next - 1
	switch {
	case r.marker.Height > last:
		r.add(HeadMarker, r.marker.Height, "it says height %d, and the last block is %d", r.marker.Height, last)
		r.add(Heights, last+1, "%s missing: the head marker says height %d", span(last+1, r.marker.Height), r.marker.Height)
	case r.marker.Height < last:
		r.add(HeadMarker, r.marker.Height, "it says height %d, and the last block is %d", r.marker.Height, last)
	case r.last == nil || r.last.Height != last:
	case r.marker.Hash != w.hash:
		r.add(HeadMarker, last, "it names block %s, and the last block is %s", r.marker.Hash, w.hash)
	case r.marker.State != r.last.Roots.State:
		r.add(HeadMarker, last, "it has state root %s, and the last header %s", r.marker.State, r.last.Roots.State)
	}
}
