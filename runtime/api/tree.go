package api

import (
	"errors"
	"maps"
	"slices"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// tree follows the messages that descend from one (SPEC 2.4) through the blocks that handled them, lowest first, so that
// each block is read once. The order in which it comes upon them depends on the chain alone, not on when it looks: by
// height of the block that handled their sender, and there in the order in which the senders were come upon.
type tree struct {
	where func(chain.MessageID) (node.Message, error)
	read  func(height uint64) (*kept, error)
	limit int
	count int // messages come upon
	// truncated says that there were more than limit.
	truncated bool
	open      []*branch // not final up to where the tree was followed, in the order come upon
	// final is told of a message that was handled, sent of one that a handling sent.
	final func(b *branch, m client.Message)
	sent  func(from, b *branch)
}

// branch is a message of a tree.
type branch struct {
	id      chain.MessageID
	message *chain.Message // nil for the root until it is final
	event   uint32
	node    *client.TraceNode // for who draws the tree
}

func newTree(s *served, root *branch) *tree {
	return &tree{where: s.node.Message, read: s.histories.get, limit: s.Limits.Tree, count: 1, open: []*branch{root}}
}

// due are messages that were handled in blocks not read yet, by height.
type due map[uint64][]*branch

// advance follows the tree up to a height; call it inside of histories.read.
func (t *tree) advance(upto uint64) error {
	blocks := due{}
	open := t.open
	t.open = nil
	for _, b := range open {
		if err := t.place(b, upto, blocks); err != nil {
			return err
		}
	}
	for len(blocks) > 0 {
		height := slices.Min(slices.Collect(maps.Keys(blocks)))
		if err := t.block(height, upto, blocks); err != nil {
			return err
		}
		delete(blocks, height)
	}
	return nil
}

// place puts b where it was handled, if that is known and not above upto.
func (t *tree) place(b *branch, upto uint64, blocks due) error {
	m, err := t.where(b.id)
	switch {
	case err != nil && !errors.Is(err, node.ErrUnknown): // unknown: a relay in the pending queue
		return err
	case m.Final == nil || m.Final.Height > upto:
		t.open = append(t.open, b)
	default:
		b.event = m.Final.Event
		blocks[m.Final.Height] = append(blocks[m.Final.Height], b)
	}
	return nil
}

// block goes through the messages of the tree that the block handled; they grow as it does.
func (t *tree) block(height, upto uint64, blocks due) error {
	k, err := t.read(height)
	if err != nil {
		return err
	}
	for i := 0; i < len(blocks[height]); i++ {
		b := blocks[height][i]
		t.final(b, k.final(int(b.event), brief))
		for _, m := range k.Events[b.event].Sent {
			if t.count == t.limit {
				t.truncated = true
				break
			}
			t.count++
			child := &branch{id: m.ID(), message: m}
			t.sent(b, child)
			if err := t.place(child, upto, blocks); err != nil {
				return err
			}
		}
	}
	return nil
}
