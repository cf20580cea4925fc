package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Replay repeats the block at a height on the state before it, and compares what is stored with what comes out. An error says
// that this can't be done: there is no such block, the records to go back were pruned, or ctx ended.
func Replay(ctx context.Context, o Options, height uint64) (ReplayReport, error) {
	r, err := begin(ctx, o, newNotes(ofReplay))
	if err != nil || r.raw == nil {
		return ReplayReport{Report: r.report}, err
	}
	report := ReplayReport{}
	err = errors.Join(r.one(height, &report), r.release())
	r.finish()
	report.Report = r.report
	return report, err
}

// one repeats one block.
func (r *run) one(height uint64, report *ReplayReport) error {
	if height == 0 {
		return errors.New("audit: the block at height 0 has nothing to replay: it follows from the genesis")
	}
	if height <= r.joined.height {
		return fmt.Errorf("audit: blocks up to %d are not here, as the chain began with the state after it: %w", r.joined.height, store.ErrPruned)
	}
	k := r.raw.At(r.id, height)
	if k.Block == nil && len(k.Damage) == 0 {
		return fmt.Errorf("audit: block %d: %w", height, store.ErrNotFound)
	}
	for _, err := range k.Damage {
		r.damage(height, err)
	}
	if k.Block == nil {
		return nil
	}
	before, err := r.before(height)
	if err != nil {
		return err
	}
	report.Parent = store.Head{Height: height - 1, Hash: before.hash, State: before.header.Roots.State}
	w := &walk{next: height, prev: &report.Parent.Hash, undo: true}
	r.present(w, k)
	result, proofs := r.verify(k)
	header := r.header(k, result)
	r.link(w, k, header)
	r.about(k, header)
	r.certificates.settle(r.uncertified)
	if header != nil {
		report.Block = store.Head{Height: height, Hash: header.Hash(), State: header.Roots.State}
		r.report.Head, r.report.Height, r.report.Network = report.Block.Hash, height, header.Network
	}
	if result == nil {
		r.skip("the block is not valid", Receipts, Departures, Accumulators, Proofs, Undo, Once, MessageIndex, Nonces, Conservation)
		return r.ctx.Err()
	}
	r.report.Blocks, r.report.Messages = 1, uint64(len(result.Processed))
	r.compare.pairs.forget()
	r.compare.fromHere(result.Changes)
	r.compare.one(judgement{k, result, proofs})
	return r.ctx.Err()
}

// before is the chain as the block at height found it, where replay stands then.
func (r *run) before(height uint64) (*point, error) {
	top, err := r.top()
	if err != nil {
		return nil, err
	}
	if height > top+1 {
		return nil, fmt.Errorf("audit: the stored state is that of block %d: %w", top, store.ErrNotFound)
	}
	var s *state
	err = guard(func() (err error) { s, err = rewind(r.raw, r.id, height-1, top); return err })
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("audit: state before block %d: %w (%w)", height, store.ErrPruned, err)
	}
	if err != nil {
		return nil, fmt.Errorf("audit: state before block %d: %w", height, err)
	}
	list := headers(r.raw.At(r.id, height-1))
	for _, h := range list {
		if h.Roots.State == s.root() {
			r.at = &point{h, h.Hash(), s}
			r.elect()
			return r.at, nil
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("audit: block %d, before the one to replay, can't be read: %w", height-1, store.ErrDamaged)
	}
	return nil, fmt.Errorf("audit: the stored state and the undo records lead to root %s after block %d, which says %s: %w; a full audit says more",
		s.root(), height-1, list[0].Roots.State, store.ErrDamaged)
}

// fromHere sets the counts of external messages to what the block found: the nonce of each that processed one has changed.
func (c *compare) fromHere(changes []exec.Change) {
	for i := range changes {
		if a, err := chain.DecodeAccount(changes[i].Before); err == nil && changes[i].Key == "" {
			c.nonces[changes[i].Account] = a.Nonce
		}
	}
}
