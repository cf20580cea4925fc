package api

import (
	"context"
	"errors"

	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// levels finds out how final blocks are (SPEC 4.9), and what relays under way wait for, for the time of an answer.
type levels struct {
	*Server
	known  map[spot]client.Finality
	queues map[chain.ID]map[chain.MessageID]bool
}

func (s *Server) levels() *levels {
	return &levels{Server: s, known: map[spot]client.Finality{}, queues: map[chain.ID]map[chain.MessageID]bool{}}
}

// recordedAt is where a block's digest is recorded by its parent; nothing if it isn't, or the parent is not here, or has recorded another
// block of that height.
func (l *levels) recordedAt(at spot, parent chain.ID) (spot, bool, error) {
	p := l.get(parent)
	if p == nil {
		return spot{}, false, nil
	}
	r, err := p.node.Relay().Recorded(at.chain, at.height)
	if r == nil || err != nil {
		return spot{}, false, err
	}
	is, err := l.isRecorded(p, r, at)
	return spot{parent, r.Height}, is, err
}

// isRecorded says whether the block that is here is the one that a chain has recorded at its height. Of two that a broken committee has certified
// the recorded one counts (SPEC 4.9). What is not kept here to tell by is not doubted.
func (l *levels) isRecorded(by *served, r *relay.Recorded, at spot) (bool, error) {
	one := l.get(at.chain)
	if one == nil {
		return true, nil
	}
	h, err := one.node.Relay().Header(at.height)
	if err == nil {
		var place merkle.Place
		if place, err = by.node.Relay().Place(at.chain, r.Entry.Count, at.height-1); err == nil {
			return r.Entry.Verify(place, light.AnchorLeaf(h.Anchor())) == nil, nil
		}
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, relay.ErrNotHere) {
		return true, nil
	}
	return false, err
}

// of is how final a final block is, as far as the chains here tell. Those of the main chain are rooted by themselves; a chain without
// others knows no levels.
func (l *levels) of(at spot) (client.Finality, error) {
	if known, ok := l.known[at]; ok {
		return known, nil
	}
	one := l.get(at.chain)
	if one == nil {
		return client.Final, nil
	}
	tree := one.node.Tree()
	if len(tree) == 1 {
		return client.Final, nil
	}
	level := client.Final
	for up := at; ; {
		if up.chain == chain.Main {
			level = client.Rooted
			break
		}
		above, ok, err := l.recordedAt(up, tree.Parent(up.chain))
		if err != nil {
			return level, err
		}
		if !ok {
			break
		}
		level, up = client.Anchored, above
	}
	l.known[at] = level
	return level, nil
}

// waits says what a relay that is not handled yet waits for; of what only other nodes can know, what they say.
func (l *levels) waits(b *branch) (*client.Waits, error) {
	one, from := l.get(b.at), l.get(b.sentIn.chain) // nil where others have the chain
	if one != nil && (b.sentIn.chain == b.at || l.isQueued(one, b.id)) {
		return &client.Waits{For: client.WaitsQueue, On: b.at}, nil
	}
	if from == nil {
		from = l.all()[0] // the highest chain here learns first of others
	}
	tree := from.node.Tree()
	top := tree.Common(b.sentIn.chain, b.at)
	for at := b.sentIn; at.chain != top && top != 0; {
		parent := tree.Parent(at.chain)
		if l.get(parent) == nil && one == nil {
			return b.said(), nil
		}
		if l.get(parent) == nil {
			return &client.Waits{For: client.WaitsElsewhere, On: parent}, nil
		}
		above, ok, err := l.recordedAt(at, parent)
		if err != nil {
			return nil, err
		}
		if !ok {
			return &client.Waits{For: client.WaitsDigest, Chain: at.chain, Height: at.height, On: parent}, nil
		}
		at = above
	}
	if one == nil {
		return b.said(), nil
	}
	return &client.Waits{For: client.WaitsIntake, On: b.at}, nil
}

// isQueued says whether the message was taken in, and waits in the queue of its chain.
func (l *levels) isQueued(one *served, id chain.MessageID) bool {
	on := one.node.Chain()
	set, ok := l.queues[on]
	if !ok {
		set = map[chain.MessageID]bool{}
		if k, err := one.blockAt(one.node.Head().Header.Height); err == nil { // else it is only not told
			for _, n := range k.Queued {
				set[k.Messages[n].ID()] = true
			}
		}
		l.queues[on] = set
	}
	return set[id]
}

// awaitAbove returns when a chain has a block above those heads, or ctx ends.
func (s *Server) awaitAbove(ctx context.Context, at heads) error {
	list := s.all()
	if len(list) == 1 {
		return list[0].node.AwaitAbove(ctx, at[list[0].node.Chain()])
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, len(list))
	for _, one := range list {
		go func() { ended <- one.node.AwaitAbove(ctx, at[one.node.Chain()]) }()
	}
	err := <-ended
	cancel()
	for range list[1:] {
		if e := <-ended; e == nil || errors.Is(err, context.Canceled) { // one that saw a block counts more than one that was told to end
			err = e
		}
	}
	return err
}
