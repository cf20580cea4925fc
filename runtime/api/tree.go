package api

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// tree follows the messages that descend from one (SPEC 2.4) through the blocks that handled them, on all chains that the server
// has. What it comes upon between two sets of heads, and in which order, depends on the chains and on those heads alone, not on when
// it looks: block by block, by chain and height, and in each by event, as far as they are come upon.
type tree struct {
	where func(chain.ID, chain.MessageID) (node.Message, error)
	has   func(chain.ID) bool // the chain is here
	read  func(spot) (*kept, error)
	limit int
	count int // messages come upon
	// truncated says that there were more than limit, or that another node told of what can't be.
	truncated bool
	ids       map[chain.MessageID]bool // of those come upon: who lies of chains elsewhere could have a message descend from itself
	open      []*branch                // not final up to where the tree was followed, in no order that counts
	// final is told of a message that was handled, sent of one that a handling sent.
	final func(b *branch, m client.Message)
	sent  func(from, b *branch)
}

// branch is a message of a tree.
type branch struct {
	id      chain.MessageID
	at      chain.ID       // where it is handled
	message *chain.Message // nil for the root, and where another node tells of it
	sentIn  spot           // of its sender; none for the root
	event   uint32
	node    *client.TraceNode // for who draws the tree
	// far says that another node's word led to it: it has no place in what the chains here tell.
	far  bool
	word *client.Message // another node's, on a message that is not here
}

// spot is a block of a chain.
type spot struct {
	chain  chain.ID
	height uint64
}

// heads are heights up to which chains are looked at.
type heads map[chain.ID]uint64

// heads are those of all chains now.
func (s *Server) heads() heads {
	h := heads{}
	for _, one := range s.all() {
		h[one.node.Chain()] = one.node.Head().Header.Height
	}
	return h
}

// newTree has its root open, for advance or graft.
func (s *Server) newTree(root *branch) *tree {
	has := func(on chain.ID) bool { return s.get(on) != nil }
	return &tree{where: s.where, has: has, read: s.readAt, limit: s.Limits.Tree, count: 1, ids: map[chain.MessageID]bool{root.id: true}, open: []*branch{root}}
}

// where says where a message of a chain stands; ErrUnknown if another node has the chain.
func (s *Server) where(on chain.ID, id chain.MessageID) (node.Message, error) {
	if one := s.get(on); one != nil {
		return one.node.Message(id)
	}
	return node.Message{}, node.ErrUnknown
}

// readAt is a block of a chain that is here.
func (s *Server) readAt(at spot) (*kept, error) { return s.get(at.chain).histories.get(at.height) }

// due are messages that were handled in blocks not read yet.
type due map[spot][]*branch

// add keeps those of a block by event.
func (d due) add(at spot, b *branch) {
	i, _ := slices.BinarySearchFunc(d[at], b.event, func(x *branch, event uint32) int { return cmp.Compare(x.event, event) })
	d[at] = slices.Insert(d[at], i, b)
}

// next is the first of the blocks.
func (d due) next() spot {
	return slices.MinFunc(slices.Collect(maps.Keys(d)), func(a, b spot) int {
		return cmp.Or(cmp.Compare(a.chain, b.chain), cmp.Compare(a.height, b.height))
	})
}

// advance follows the tree up to those heads; call it inside of histories.read.
func (t *tree) advance(upto heads) error {
	blocks := due{}
	open := t.open
	t.open = nil
	for _, b := range open {
		if err := t.place(b, upto, blocks); err != nil {
			return err
		}
	}
	for len(blocks) > 0 {
		at := blocks.next()
		if err := t.block(at, upto, blocks); err != nil {
			return err
		}
		delete(blocks, at)
	}
	return nil
}

// place puts b where it was handled, if that is known and not above upto.
func (t *tree) place(b *branch, upto heads, blocks due) error {
	m, err := t.where(b.at, b.id)
	switch {
	case err != nil && !errors.Is(err, node.ErrUnknown): // unknown: a relay under way, in the pending queue, or on a chain that another node has
		return err
	case m.Final == nil || m.Final.Height > upto[b.at]:
		t.open = append(t.open, b)
	default:
		b.event = m.Final.Event
		blocks.add(spot{b.at, m.Final.Height}, b)
	}
	return nil
}

// block goes through the messages of the tree that the block handled; they grow as it does.
func (t *tree) block(at spot, upto heads, blocks due) error {
	k, err := t.read(at)
	if err != nil {
		return err
	}
	for len(blocks[at]) > 0 {
		b := blocks[at][0]
		blocks[at] = blocks[at][1:]
		if !b.fits(k.Events[b.event].Message) {
			t.open = append(t.open, b)
			continue
		}
		t.final(b, k.final(int(b.event), brief))
		for _, m := range k.Events[b.event].Sent {
			if !t.take(m.ID()) {
				continue
			}
			child := &branch{id: m.ID(), at: m.To.Chain(), message: m, sentIn: at, far: b.far}
			t.sent(b, child)
			if err := t.place(child, upto, blocks); err != nil {
				return err
			}
		}
	}
	return nil
}

// take counts a further message; false if there is no room for it, or it is there already.
func (t *tree) take(id chain.MessageID) bool {
	if t.count == t.limit || t.ids[id] {
		t.truncated = true
		return false
	}
	if t.ids == nil {
		t.ids = map[chain.MessageID]bool{}
	}
	t.count++
	t.ids[id] = true
	return true
}

// fits says whether a message that was handled here is the one that another node said was sent in this tree.
func (b *branch) fits(m *chain.Message) bool {
	return b.word == nil || m.Parent == b.word.Parent && m.Root() == b.word.Origin
}
