package placement

import (
	"context"
	"errors"
	"slices"

	"github.com/asynkron/protoactor-go/actor"
)

// Where no node that has a chain is reached, another may reach one: a question goes through it (SPEC 10.2). It is passed on once at most (P6).
//
//	asker ─ no way ─✗ who has the chain
//	   '──askThrough──► a neighbour without the chain ──askAny──► who has it; the answer comes back the same way
const (
	// mostThrough is through how many neighbours a call goes, one after the other, where nobody is connected that has the chain.
	mostThrough = 2
	// mostOnward is how often a node tries for another.
	mostOnward = 2
	// onward and onwardEach are how many questions a node passes on at once, and how many of them of one node; onwardBytes how long they may be together.
	onward, onwardEach = 64, 32
	onwardBytes        = 16 << 20
)

// next is whom the call asks now, and how; nil if nobody is left that has the chain. Once a node has failed, those that didn't answer aren't asked again.
func (t *trial) next() (*actor.PID, ask) {
	if e := t.between(); e != nil {
		t.through = append(t.through, e.address)
		t.p.counts.add(CountThrough)
		return actor.NewPID(e.address, gateName), askThrough
	}
	but := t.failed
	if len(but) > 0 {
		but = append(slices.Clone(but), t.gone...)
	}
	return t.p.lookup.find(t.wants(but)), t.who
}

// between is a neighbour to go through; nil if that is not the time: who has the chain may be reached, be it busy, or nobody is known that has it.
// Where one seems to be there, and is silent, it may be slow: each call finds that out for itself, and goes through one neighbour alone, lest a slow
// node is asked by ever more.
func (t *trial) between() *entry {
	if t.onward || t.p.config.Has(t.account.Chain()) {
		return nil
	}
	d, w := t.p.known.Load(), t.wants(t.failed)
	if far := d.choose(w, t.p.lookup.loses); far != nil && far.Up {
		return nil
	}
	far, enough := d.choose(w, never), mostThrough
	if far != nil && far.Up {
		enough = 1
	}
	if far == nil || far.Up && !t.waited || len(t.through) >= enough {
		return nil
	}
	return d.neighbour(t.wants(t.through))
}

// neighbour is a node that is up and hasn't the account's chain; nil if there is none.
func (d *directory) neighbour(w wanted) (best *entry) {
	rank := uint64(0)
	for _, e := range d.list {
		if !e.Up || e.Record.Does(w.account.Chain()) != 0 || w.isNot(e) {
			continue
		}
		if r := w.rank(e); best == nil || r > rank {
			best, rank = e, r
		}
	}
	return best
}

// passOn puts a node's question to who has the chain, and answers with what that says.
func (p *Placement) passOn(from string, q question) *answer {
	if !p.passing.take(from, len(q.body)) {
		p.counts.add(CountRefused)
		return &answer{outcome: occupied}
	}
	defer p.passing.give(from, len(q.body))
	p.counts.add(CountPassed)
	ctx, cancel := context.WithTimeout(p.ctx, min(q.patience, longestAnswer))
	defer cancel()
	t := trial{
		call: &call{p}, ctx: ctx, kind: Copy, seed: p.seed, last: ErrSilent, onward: true,
		question: question{who: askAny, account: q.account, body: q.body},
	}
	t.ends, _ = ctx.Deadline()
	body, err := t.run(mostOnward)
	var why *Failure
	switch {
	case err == nil:
		return &answer{outcome: answered, body: body}
	case errors.As(err, &why):
		return &answer{outcome: failed, words: why.Words}
	case errors.Is(err, ErrNowhere):
		return &answer{outcome: absent}
	}
	return &answer{outcome: occupied}
}
