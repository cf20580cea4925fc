package placement

import (
	"errors"
	"hash/fnv"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"

	"github.com/thinkey/thinkey/sdk/chain"
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

// next is whom the call asks now, and how; nil if nobody is known that has the chain.
func (t *trial) next() (*actor.PID, ask) {
	if e := t.between(); e != nil {
		t.through = append(t.through, e.address)
		t.p.counts.add(CountThrough)
		return actor.NewPID(e.address, gateName), askThrough
	}
	return t.p.cluster.Get(t.is.Identity, t.is.Kind), t.who
}

// between is a neighbour to go through; nil if that is not the time: who has the chain may be reached, be it busy, or nobody is known that has it.
// Where one seems to be there, and is silent, it may be slow: each call finds that out for itself, and goes through one neighbour alone, lest a slow
// node is asked by ever more.
func (t *trial) between() *entry {
	if t.onward || t.p.config.Has(t.account.Chain()) {
		return nil
	}
	d := t.p.known.Load()
	if far := d.choose(t.account, t.p.lookup.loses); far != nil && far.Up {
		return nil
	}
	far, enough := d.choose(t.account, never), mostThrough
	if far != nil && far.Up {
		enough = 1
	}
	if far == nil || far.Up && !t.waited || len(t.through) >= enough {
		return nil
	}
	return d.neighbour(t.account, t.through)
}

// neighbour is a node that is up, hasn't the account's chain, and isn't among those at some addresses; nil if there is none.
func (d *directory) neighbour(account chain.Address, but []string) (best *entry) {
	rank := uint64(0)
	for _, e := range d.list {
		if !e.Up || e.Record.Does(account.Chain()) != 0 || slices.Contains(but, e.address) {
			continue
		}
		h := fnv.New64a()
		_, _ = h.Write(account[:])
		_, _ = h.Write(e.key[:])
		if r := h.Sum64(); best == nil || r > rank {
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
	t := trial{
		call: &call{p}, is: cluster.NewClusterIdentity(q.account.String(), Copy), ends: time.Now().Add(min(q.patience, longestAnswer)), last: ErrSilent,
		onward: true, question: question{who: askAny, account: q.account, body: q.body},
	}
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
