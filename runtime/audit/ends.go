package audit

import (
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// strays looks for keys that the layout doesn't have.
func (r *run) strays() error {
	err := r.raw.Strays(r.id, func(stray error) error {
		r.add(Layout, 0, "%v", stray)
		return nil
	})
	return r.damageOnly(err, Layout)
}

// names looks for block hashes that are no block's. Those of the blocks were looked up one by one, so each is looked at only
// if there are more of them.
func (r *run) names() error {
	stored := 0
	err := r.raw.Names(r.id, func(hash chain.BlockHash, height uint64, damage error) error {
		r.looked(Checksums, 1)
		if stored++; damage != nil {
			r.damage(0, damage)
		}
		return r.ctx.Err()
	})
	if err != nil || stored == r.named {
		return r.damageOnly(err, BlockHashes)
	}
	err = r.raw.Names(r.id, func(hash chain.BlockHash, height uint64, damage error) error {
		if damage != nil || r.full(BlockHashes) {
			return r.ctx.Err()
		}
		for _, h := range headers(r.raw.At(r.id, height)) {
			if h.Hash() == hash && h.Height == height {
				return nil
			}
		}
		r.add(BlockHashes, height, "hash %s is stored for height %d, where no such block is", hash, height)
		return nil
	})
	return r.damageOnly(err, BlockHashes)
}

// undos looks for undo records without a block.
func (r *run) undos() error {
	err := r.raw.Undos(r.id, func(height uint64) error {
		if height > r.report.Height {
			r.add(Undo, height, "there is an undo record of block %d, and the last block is %d", height, r.report.Height)
		}
		return nil
	})
	return r.damageOnly(err, Undo)
}

// index looks for entries of the message index that no block has. The messages of the blocks were looked up one by one, and
// counted by the start of their ids: only where there are more entries than that each is looked at.
func (r *run) index() error {
	var stored [1 << 16]uint32
	err := r.raw.Index(r.id, func(id chain.MessageID, at store.Place, damage error) error {
		r.tell("message index", r.report.Height)
		r.looked(Checksums, 1)
		if damage != nil {
			r.damage(0, damage)
			return r.ctx.Err()
		}
		if r.joined.unseen(at.Height) {
			return r.ctx.Err()
		}
		stored[bucket(id)]++
		return r.ctx.Err()
	})
	if err = r.damageOnly(err, MessageIndex); err != nil {
		return err
	}
	c := r.compare
	if c.broken || stored == c.placed {
		return nil
	}
	err = r.raw.Index(r.id, func(id chain.MessageID, at store.Place, damage error) error {
		if damage != nil || stored[bucket(id)] == c.placed[bucket(id)] || r.joined.unseen(at.Height) || r.full(MessageIndex) {
			return r.ctx.Err()
		}
		if !c.processed(id, at) {
			r.add(MessageIndex, at.Height, "the index says that message %s was processed in block %d as event %d, and it was not", id, at.Height, at.Event)
		}
		return r.ctx.Err()
	})
	return r.damageOnly(err, MessageIndex)
}
