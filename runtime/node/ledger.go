package node

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// start runs work beside the replica. Its answer is an event, or nil if nobody wants it any more.
func (m *member) start(work func() (bft.Event, error)) {
	m.work.Go(func() {
		defer m.node.stopOnPanic()
		switch ev, err := m.inTurn(work); {
		case err != nil:
			m.node.fatal(err)
		case ev != nil:
			m.tell(ev)
		}
	})
}

func (m *member) inTurn(work func() (bft.Event, error)) (bft.Event, error) {
	m.node.turn.Lock()
	defer m.node.turn.Unlock()
	return work()
}

// Verify implements driver.Ledger: the block is replayed against the state after the head.
func (m *member) Verify(p bft.Proposed) error {
	m.start(func() (bft.Event, error) {
		verdict, err := m.judge(p)
		if err != nil || verdict == 0 {
			return nil, err
		}
		return bft.Verified{Block: p.Hash, Verdict: verdict}, nil
	})
	return nil
}

// judge replays a block unless that was done; 0 if it doesn't stand on the head any more. A result is kept until the height is
// final: nothing is replayed twice. Nor are bytes of a block that has come with others: whoever changes them would make this node replay
// block after block while it waits for one, and that they are not the block's is seen without.
func (m *member) judge(p bft.Proposed) (bft.Verdict, error) {
	if r := m.results[p.Hash]; r == nil || !bytes.Equal(r.Raw, p.Raw) {
		header, err := chain.DecodeBlockHeader(p.Raw)
		if err == nil && header.Parent != m.node.head.Hash {
			return 0, nil
		}
		if (r != nil || m.spoilt[p.Hash]) && !block.Whole(p.Raw) {
			m.watch.damaged(p.Hash)
			return bft.Damaged, nil
		}
		result, fault, err := m.node.verify(p.Raw)
		if err != nil {
			return 0, err
		}
		if fault != nil {
			return m.blame(&header, p, fault)
		}
		m.results[p.Hash] = result
	}
	return m.near(p.Hash), nil
}

// blame says whose a fault is: the block's, or of who changed the bytes on their way.
func (m *member) blame(h *chain.Header, p bft.Proposed, f *block.Fault) (bft.Verdict, error) {
	if !block.Whole(p.Raw) {
		m.watch.damaged(p.Hash)
		m.spoilt[p.Hash] = true // as many as there are proposals, and damaged ones of what is final
		return bft.Damaged, nil
	}
	return bft.Invalid, m.show(h, p, f)
}

// show makes what shows the fault to others, while the state before the block is at hand: to people, and for who prepared the block.
func (m *member) show(h *chain.Header, p bft.Proposed, f *block.Fault) error {
	n := m.node
	n.trunk.Lock()
	defer n.trunk.Unlock()
	scene := evidence.Scene{
		Before: n.before(), Rules: n.rules, Source: func(h chain.CodeHash) ([]byte, error) { return n.store.Code(n.chain, h) },
	}
	if n.engine != nil {
		scene.Codes = n.engine
	}
	m.watch.fault(h, p, f, func() ([]byte, error) { return m.record(&scene, p.Raw) })
	shown, err := scene.Show(p.Raw, f)
	if errors.Is(err, block.ErrShowsNothing) || errors.Is(err, block.ErrUnproven) {
		n.config.Log.Info("a block that is not valid can't be shown to be so without the state", "block", p.Hash, "reason", err)
		return nil
	}
	if err == nil {
		n.docket.show(p.Hash, shown)
	}
	return err
}

// record is a block with what its verification reads, for thinkey replay; the block alone if the state is too large.
func (m *member) record(scene *evidence.Scene, raw []byte) ([]byte, error) {
	k, err := scene.Record(raw, func(f func(merkle.Path, merkle.Hash) error) error {
		return m.node.store.Leaves(m.node.chain, func(path merkle.Path, _ exec.Slot, value []byte) error { return f(path, merkle.ValueHash(value)) })
	})
	if err != nil {
		m.node.config.Log.Warn("a block that doesn't verify is kept without the state that it was verified against", "reason", err)
		return raw, nil
	}
	return k.Encode(), nil
}

// near withholds the vote from another block than the checkpoint says, and while the block's time is too far ahead; Valid follows when it isn't.
func (m *member) near(hash chain.BlockHash) bft.Verdict {
	header := &m.results[hash].Block.Header
	if v := m.suits(header.Height, hash); v != bft.Valid {
		return v
	}
	at := time.UnixMilli(int64(header.TimeMillis))
	wait := at.Sub(m.node.config.clock()) - maxAhead
	if wait <= 0 {
		return bft.Valid
	}
	time.AfterFunc(wait, func() { m.tell(bft.Verified{Block: hash, Verdict: bft.Valid}) })
	return bft.Withheld
}

// Build implements driver.Ledger: the live accounts make the block.
func (m *member) Build(b bft.Build) error {
	m.start(func() (bft.Event, error) {
		n := m.node
		if b.Parent != n.head.Hash {
			return nil, nil
		}
		if err := m.closeOpen(); err != nil {
			return nil, err
		}
		made, err := n.build(wish{m.need(b), b.Round, b.Proposer, b.Failed, b.Equivocations})
		if err != nil {
			return nil, err
		}
		answer := bft.Built{Parent: b.Parent, Round: b.Round}
		if made != nil {
			m.open, m.results[made.result.Hash], answer.Raw = made, made.result, made.result.Raw
		}
		return answer, nil
	})
	return nil
}

// need says when a block is made without an event: if that was demanded, as a heartbeat, and before the others lose patience over
// a message that waits at them and that this node leaves until its code is compiled.
func (m *member) need(b bft.Build) Need {
	switch {
	case b.Demanded || m.node.heartbeatDue():
		return Always
	case m.node.age() >= time.Duration(millis(m.Patience, defaultPatience))*time.Millisecond/2:
		return IfLeft
	}
	return IfAny
}

// closeOpen drops what the live accounts did for a block. Its result stays: should it be the final one after all, it is taken
// like another node's.
func (m *member) closeOpen() error {
	if m.open == nil {
		return nil
	}
	tag := m.open.tag
	m.open = nil
	return m.node.host.Discard(tag)
}

// Commit implements driver.Ledger. What the live accounts did becomes final, or, for a block of another node, they take over
// what it changed.
func (m *member) Commit(f *bft.Final) error {
	n := m.node
	n.turn.Lock()
	defer n.turn.Unlock()
	r := m.results[f.Certificate.Block]
	assert.That(r != nil, "block %s was verified or built here before it is committed", f.Certificate.Block)
	tag := account.Tag{Parent: r.Block.Header.Parent} // attempts count from 1: nothing is open under it
	if m.open != nil && m.open.result == r {
		tag, m.open = m.open.tag, nil
	}
	if err := m.closeOpen(); err != nil {
		return err
	}
	if err := n.commit(tag, r, f.Certificate.Append(nil)); err != nil {
		return err
	}
	delete(m.results, r.Hash)
	if err := m.discard(); err != nil {
		return err
	}
	if err := m.expire(tag); err != nil {
		return err
	}
	m.watch.committed(f)
	m.spread.committed(f, &r.Block.Header, m.epoch)
	n.docket.final(r.Block.Header.Height)
	n.due()
	return nil
}

// discard frees what blocks that lost left in the tree.
func (m *member) discard() error {
	m.node.trunk.Lock()
	defer m.node.trunk.Unlock()
	clear(m.spoilt)
	for hash, r := range m.results { // any order: each frees its own
		if err := m.node.tree.Discard(r.Version); err != nil {
			return fmt.Errorf("state tree of block %s, which lost: %w", hash, err)
		}
		delete(m.results, hash)
	}
	return nil
}

const (
	// expireEvery is how many blocks of others pass before the lanes are looked through for what expired; and where few
	// messages wait, that costs nothing and is done at each: one that can't be handled any more must not keep a block due.
	expireEvery = 16
	expireFew   = 64
)

// expire drops what the next block can't hold, if the block was not made here: whoever makes one does it on the way.
func (m *member) expire(tag account.Tag) error {
	n := m.node
	if tag.Attempt > 0 || n.host.Waiting() == 0 || n.host.Waiting() > expireFew && n.head.Header.Height%expireEvery != 0 {
		return nil
	}
	return n.host.Expire(n.next)
}
