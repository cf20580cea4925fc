package host

import (
	"slices"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Commit makes the block tag final, of which the State knows already: what it touched, and then records, become what the
// accounts in memory hold. The block may be another node's: then the records alone say what changed, and used are the messages
// that left their lanes because it used their nonces, for themselves or for others. It returns when all accounts have done so.
func (h *Host) Commit(tag account.Tag, records []exec.Record) (used []*chain.Message, err error) {
	assert.That(len(h.open) == 0 || h.open[0].tag == tag, "commit of block %s/%d while %s/%d is open: discard that first",
		tag.Parent, tag.Attempt, h.openTag().Parent, h.openTag().Attempt)
	h.commits++
	all := newCountdown()
	tasks := make([]commit, 0, len(records))
	nodes := make([]node, len(records))
	for i := range records {
		b := h.table.find(records[i].Address)
		if b == nil {
			continue // it will read the State
		}
		b.mark = h.commits
		tasks = append(tasks, commit{tag, &records[i].Account, all})
		nodes[i].task = &tasks[len(tasks)-1]
		all.left.Add(1)
		if !b.post(nil, &nodes[i]) {
			all.left.Add(-1)
		}
	}
	boxes := slices.DeleteFunc(h.close(), func(b *mailbox) bool { return b.mark == h.commits })
	h.give(boxes, &commit{tag, nil, all}, all)
	if err := all.wait(h); err != nil {
		return nil, err
	}
	for _, w := range h.pool.workers {
		used = append(used, w.used...)
		clear(w.used)
		w.used = w.used[:0]
	}
	h.lanes.putFront(h.lanes.take()) // those that are empty now may leave memory
	h.sweep()
	return used, nil
}

// close takes the lowest open block out, if there is one, and returns what it touched.
func (h *Host) close() []*mailbox {
	if len(h.open) == 0 {
		return nil
	}
	boxes := h.open[0].boxes
	h.open = slices.Delete(h.open, 0, 1)
	return boxes
}

// openTag is the tag of the lowest open block.
func (h *Host) openTag() (tag account.Tag) {
	if len(h.open) > 0 {
		tag = h.open[0].tag
	}
	return tag
}

type commit struct {
	tag    account.Tag
	record *chain.Account // nil: what the overlay says
	all    *countdown
}

func (c *commit) run(w *worker, b *mailbox, _ *node) {
	before := b.account.Load()
	if c.record != nil && b.account.Overlay(c.tag) == nil {
		w.used = append(w.used, b.account.Below(c.record.Nonce)...)
	}
	unpaid := b.account.Commit(c.tag, c.record)
	w.host.free(before.Minus(b.account.Load()))
	for _, m := range unpaid {
		w.host.drop(m, account.UnpaidBy(m, b.account.Final().Balance))
	}
	b.showLane()
	c.all.done(1)
}

// Discard drops the block tag and all blocks that stand on it: no trace of them stays. Their external messages are in their
// lanes, as they always were.
func (h *Host) Discard(tag account.Tag) error {
	at := slices.IndexFunc(h.open, func(o openBlock) bool { return o.tag == tag })
	if at < 0 {
		return nil
	}
	lost := slices.Clone(h.open[at:])
	h.open = slices.Delete(h.open, at, len(h.open))
	for _, o := range slices.Backward(lost) {
		all := newCountdown()
		h.give(o.boxes, discard{o.tag, all}, all)
		if err := all.wait(h); err != nil {
			return err
		}
	}
	h.sweep()
	return nil
}

type discard struct {
	tag account.Tag
	all *countdown
}

func (d discard) run(_ *worker, b *mailbox, _ *node) {
	b.account.Discard(d.tag)
	b.showLane()
	b.leaving = d.all
}

// Settle tells the accounts what the end of the block tag, which is still open, leaves of them, so that another can be
// produced on top of it before it is final. Records are those that Commit will be given.
func (h *Host) Settle(tag account.Tag, records []exec.Record) error {
	at := slices.IndexFunc(h.open, func(o openBlock) bool { return o.tag == tag })
	if at < 0 {
		return nil
	}
	h.commits++
	for _, b := range h.open[at].boxes {
		b.mark = h.commits
	}
	all := newCountdown()
	for i := range records {
		all.left.Add(1)
		b := h.post(nil, records[i].Address, &node{task: settle{tag, records[i].Account, all}})
		if b.mark != h.commits {
			b.mark = h.commits
			h.open[at].boxes = append(h.open[at].boxes, b)
		}
	}
	return all.wait(h)
}

type settle struct {
	tag    account.Tag
	record chain.Account
	all    *countdown
}

func (s settle) run(_ *worker, b *mailbox, _ *node) {
	b.account.Settle(s.tag, s.record)
	s.all.done(1)
}
