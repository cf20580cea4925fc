package audit

import (
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// pairs follows the messages that wait from block to block, and so the order of SPEC 2.5 over all of them. It shares no code
// with package order: it only counts. Of the messages from one account to another, those of the queue come first, in its
// order, then those that came from other chains, then those sent in the block, in that of their sender's σ; all are in the
// order of their numbers. What is processed
// must be a beginning of that, and what is left must be what the next block finds, in the same order, or stand in the outbox.
type pairs struct {
	waiting []chain.MessageID // the queue that the next block must find
	unknown bool              // the queue isn't known: a block was not seen
}

// pair is sender and receiver.
type pair struct{ from, to chain.Address }

// relay is a message of a block that isn't external.
type relay struct {
	pair
	sent *chain.Sent    // nil for one that was not sent in the block
	came *chain.Message // nil for one that didn't come from another chain in the block
	done bool
}

// forget is for a block that was not seen: what waits is not known.
func (p *pairs) forget() { *p = pairs{unknown: true} }

// block follows one block. It returns how many messages it looked at, and the first thing that is wrong.
func (p *pairs) block(res *block.Result) (looked int, err error) {
	found := make([]chain.MessageID, len(res.Journal.Carried))
	for i, m := range res.Journal.Carried {
		found[i] = m.ID()
	}
	if !p.unknown {
		err = same(p.waiting, found)
	}
	relays, wrong := mark(res)
	if wrong == nil {
		wrong = inOrder(res, relays)
	}
	if wrong == nil {
		wrong = p.leave(res, relays, found)
	}
	if p.unknown = wrong != nil; err == nil {
		err = wrong
	}
	return len(relays), err
}

func same(want, found []chain.MessageID) error {
	for i := range min(len(want), len(found)) {
		if want[i] != found[i] {
			return fmt.Errorf("it found message %s at place %d of the queue, and %s waited there", found[i], i, want[i])
		}
	}
	if len(want) != len(found) {
		return fmt.Errorf("it found %d messages waiting, and %d waited", len(found), len(want))
	}
	return nil
}

// mark lists the messages of a block by number, with who processed them; inputs have no pair. Each is processed once.
func mark(res *block.Result) ([]relay, error) {
	inputs := len(res.Block.Inputs)
	relays := make([]relay, 0, len(res.Journal.Carried)+inputs+len(res.Processed))
	for _, m := range res.Journal.Carried {
		relays = append(relays, relay{pair: pair{m.From, m.To}})
	}
	for i := range res.Block.Arrived.Imports {
		for _, m := range res.Block.Arrived.Imports[i].Messages {
			relays = append(relays, relay{pair: pair{m.From, m.To}, came: m})
		}
	}
	relays = append(relays, make([]relay, inputs)...)
	for i := range res.Block.Order {
		q := &res.Block.Order[i]
		for j := range q.Events {
			for k := range q.Events[j].Sent {
				s := &q.Events[j].Sent[k]
				relays = append(relays, relay{pair: pair{q.Account, s.To}, sent: s})
			}
		}
	}
	for i := range res.Block.Order {
		q := &res.Block.Order[i]
		for j := range q.Events {
			n := q.Events[j].Received
			if int(n) >= len(relays) || relays[n].done {
				return relays, fmt.Errorf("account %s processed message number %d, which is not there or was processed before", q.Account, n)
			}
			relays[n].done = true
		}
	}
	return relays, nil
}

// inOrder holds every receiver to the order of each of its senders.
func inOrder(res *block.Result, relays []relay) error {
	left := map[pair]uint32{} // the first of each pair that was not processed: none behind it may be
	for n := range relays {
		r := &relays[n]
		if _, ok := left[r.pair]; !ok && !r.done && r.from != (chain.Address{}) {
			left[r.pair] = uint32(n)
		}
	}
	last := map[pair]uint32{}
	for i := range res.Block.Order {
		clear(last)
		for _, e := range res.Block.Order[i].Events {
			r := &relays[e.Received]
			if r.from == (chain.Address{}) {
				continue
			}
			if before, ok := last[r.pair]; ok && before > e.Received {
				return fmt.Errorf("messages from %s to %s were processed as number %d, then %d: they were sent the other way", r.from, r.to, before, e.Received)
			}
			if first, ok := left[r.pair]; ok && first < e.Received {
				return fmt.Errorf("message number %d from %s to %s was processed, and number %d, sent before it, was left", e.Received, r.from, r.to, first)
			}
			last[r.pair] = e.Received
		}
	}
	return nil
}

// leave is the queue behind the block: what was found there and not processed, then what was sent here and not processed.
func (p *pairs) leave(res *block.Result, relays []relay, found []chain.MessageID) error {
	added, removed, err := queued(res)
	if err != nil {
		return err
	}
	waiting := make([]chain.MessageID, 0, len(p.waiting))
	done := 0
	for n, id := range found {
		if relays[n].done {
			done++
			continue
		}
		waiting = append(waiting, id)
	}
	if done != removed {
		return fmt.Errorf("%d of the messages that waited were processed, and %d were taken off the queue", done, removed)
	}
	leaving := res.Outbox
	for n := len(found); n < len(relays); n++ {
		r := &relays[n]
		if r.done || r.sent == nil && r.came == nil {
			continue
		}
		if len(leaving) > 0 && r.sent != nil && leaving[0].To == r.to.Chain() && isSent(leaving[0].Message, r) {
			leaving = leaving[1:]
			continue
		}
		if len(added) == 0 || !isSent(added[0], r) {
			return fmt.Errorf("message number %d from %s to %s was not processed, and doesn't stand at its place in the queue", n, relays[n].from, relays[n].to)
		}
		waiting = append(waiting, added[0].ID())
		added = added[1:]
	}
	p.waiting = waiting
	for _, o := range leaving { // the chain itself sends back gas that is left
		if m := o.Message; !m.From.IsSystem() || m.Method != chain.MethodRefund {
			return fmt.Errorf("message %s from %s to %s left, and nobody sent it", m.ID(), m.From, m.To)
		}
	}
	if len(added) > 0 {
		return fmt.Errorf("%d messages were put into the queue that nobody sent", len(added))
	}
	return nil
}

// isSent says whether m is the message that r is about.
func isSent(m *chain.Message, r *relay) bool {
	if r.came != nil {
		return m.ID() == r.came.ID()
	}
	s := r.sent
	return m.From == r.from && m.To == r.to && m.Method == s.Method && string(m.Input) == string(s.Input) && m.Amount == s.Amount && m.GasLimit == s.GasLimit
}

// queued is what the block put into the queue, in order, and how many it took off.
func queued(res *block.Result) (added []*chain.Message, removed int, err error) {
	numbers := map[uint64]*chain.Message{}
	least := ^uint64(0)
	for i := range res.Changes {
		c := &res.Changes[i]
		number, ok := queueNumber(c.Key)
		if !ok || !c.Account.IsSystem() {
			continue
		}
		if c.After == nil {
			removed++
			continue
		}
		if numbers[number], err = chain.DecodeMessage(c.After); err != nil {
			return nil, 0, fmt.Errorf("message %d of the queue: %w", number, err)
		}
		least = min(least, number)
	}
	for n := least; len(added) < len(numbers); n++ {
		if numbers[n] == nil {
			return nil, 0, fmt.Errorf("the queue has no message %d, and others behind it", n)
		}
		added = append(added, numbers[n])
	}
	return added, removed, nil
}
