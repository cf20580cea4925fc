package relay

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// An envelope that was brought to one member of a committee comes to all, as messages do (SPEC 5.10): each member tells the others of those
// that it has, and keeps those that it is told of.
//
//	brought ──at once──► told ──a pause──► told ──2 pauses──► told ──4 pauses──► …     until its relays are taken in,
//	told of ──────────────────a pause──► told ──2 pauses──► …                          or it shows nothing any more
//	a round fails: all are due, with pauses as at first
//
// Only what could be taken in is told of, and kept by who is told: everything else costs whoever sends it its turn. So nobody's envelopes
// are kept out by those of others that lie. Times are milliseconds of any clock.

const (
	// tellPause is the first pause, which doubles maxPauses times.
	tellPause = 2_000
	maxPauses = 4
	// tellBytes bounds what others are told at once, but for a single envelope.
	tellBytes = 1 << 20
	// MaxTold bounds the encoded envelope that one tells another of: relays of a megabyte, their places, and the views.
	MaxTold = 4 << 20
)

// ErrNotTold: what was told of is no envelope for the chain.
var ErrNotTold = errors.New("is no envelope for this chain")

// telling is when others are told of an envelope.
type telling struct {
	due, last uint64
	pauses    uint // that they were told after
}

// Arrivals makes arrivals of the next block, in which nothing has arrived. They read the state as it is at that moment, until that block is final.
type Arrivals func() *block.Arrival

// steady judges at one block: what seems to be at fault may be as good as any where a block became final meanwhile, so that it is looked at
// again.
func (fresh Arrivals) steady(judge func(*block.Arrival) (*block.Fault, error)) (fault *block.Fault, err error) {
	for range steadyTries {
		a := fresh()
		if fault, err = judge(a); fault == nil || err != nil || fresh().Height() == a.Height() {
			return fault, err
		}
	}
	return fault, err
}

// steadyTries is how often one is looked at, at most: between blocks there is more time than that takes, but where a node catches up, and then what is brought
// is told again later.
const steadyTries = 3

// Failed says that a round has failed: who leads the next one may have none of what waits.
func (b *Bag) Failed(now uint64) {
	b.chains.mu.Lock()
	defer b.chains.mu.Unlock()
	for _, e := range b.list {
		e.due, e.pauses = min(e.due, now), 0
	}
	for _, h := range b.acks {
		h.due, h.pauses = min(h.due, now), 0
	}
}

// Again are the encoded acknowledgements and envelopes of which to tell the other members now, those envelopes first that they were told of
// longest ago. What was taken in is dropped; so is what another member told of, if it can't be taken in any more.
func (b *Bag) Again(fresh Arrivals, now uint64) (raws [][]byte, err error) {
	if raws, err = b.againAcks(fresh, now); err != nil {
		return raws, err
	}
	room := tellBytes
	for _, e := range b.due(now) {
		spent, fault, err := b.judge(fresh, e.Envelope)
		if err != nil {
			return raws, err
		}
		if spent || fault != nil && e.told {
			b.replace(e, nil)
			continue
		}
		if fault == nil {
			raw := e.Encode()
			if room -= len(raw); room < 0 && len(raws) > 0 {
				break
			}
			if len(raw) <= MaxTold {
				raws = append(raws, raw)
			}
		}
		b.pause(e, now)
	}
	return raws, nil
}

// due are the envelopes that others are to be told of.
func (b *Bag) due(now uint64) (list []*held) {
	b.chains.mu.RLock()
	defer b.chains.mu.RUnlock()
	for _, e := range b.list {
		if e.due <= now {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(x, y *held) int { return cmp.Compare(x.last, y.last) })
	return list
}

func (b *Bag) pause(e *held, now uint64) {
	b.chains.mu.Lock()
	defer b.chains.mu.Unlock()
	e.pause(now)
}

func (t *telling) pause(now uint64) {
	t.due, t.last = now+tellPause<<t.pauses, now
	t.pauses = min(t.pauses+1, maxPauses)
}

// judge says whether all of an envelope's relays were taken in already, and what is wrong with it: none, if some can be in a block that has
// room, or once those before them are.
func (b *Bag) judge(fresh Arrivals, e *light.Envelope) (spent bool, fault *block.Fault, err error) {
	fault, err = fresh.steady(func(a *block.Arrival) (fault *block.Fault, err error) {
		spent, fault, err = b.judgeAt(a, e)
		return fault, err
	})
	return spent, fault, err
}

// judgeAt is judge at a block of which nothing else is known.
func (b *Bag) judgeAt(a *block.Arrival, e *light.Envelope) (spent bool, fault *block.Fault, err error) {
	in, err := a.In(e.Import.Source)
	switch {
	case err != nil:
		return false, nil, err
	case in >= end(e):
		return true, nil, nil
	case has(e, in):
		_, fault, err = b.take(a, e, in)
		return false, fault, err
	}
	led, fault, err := b.open(a, e)
	if fault != nil || err != nil {
		return false, fault, err
	}
	fault, err = a.Shows(&led.Import)
	return false, fault, err
}

// Told is called with an envelope or acknowledgement that another member tells of, and says whether it is kept. ErrNotTold is the member's fault; a fault may be, or that of
// one of both who is behind.
func (b *Bag) Told(fresh Arrivals, from keys.PublicKey, raw []byte, now uint64) (kept bool, fault *block.Fault, err error) {
	return b.hears(fresh, from, raw, telling{due: now + tellPause, pauses: 1}, now)
}

// hears is Told, of what others are told of when again says.
func (b *Bag) hears(fresh Arrivals, from keys.PublicKey, raw []byte, again telling, now uint64) (kept bool, fault *block.Fault, err error) {
	if !b.listens(from, now) {
		return false, nil, nil
	}
	known := false
	defer func() {
		if !kept || known {
			b.charge(from, now, fault)
		}
	}()
	if len(raw) > MaxTold {
		return false, nil, fmt.Errorf("%d bytes, more than %d: it %w", len(raw), MaxTold, ErrNotTold)
	}
	if light.IsAcknowledgement(raw) {
		kept, known, fault, err = b.toldAck(fresh, raw, again)
		if errors.Is(err, ErrBag) {
			return false, nil, nil
		}
		return kept, fault, err
	}
	x, bad := light.DecodeEnvelope(raw)
	switch at := fresh().Chain(); {
	case bad != nil:
		return false, nil, fmt.Errorf("it %w: %w", ErrNotTold, bad)
	case x.Import.Messages[0].To.Chain() != at:
		return false, nil, fmt.Errorf("it is for chain %d: it %w", x.Import.Messages[0].To.Chain(), ErrNotTold)
	}
	var same bool
	if known, same = b.knows(&x, raw); same {
		return false, nil, nil
	}
	if spent, fault, err := b.judge(fresh, &x); spent || fault != nil || err != nil {
		return false, fault, err
	}
	if more, err := b.hasMore(fresh, &x, true); more || err != nil {
		return false, nil, err
	}
	b.chains.mu.Lock()
	defer b.chains.mu.Unlock()
	err = b.put(fresh(), &held{&x, true, again})
	if errors.Is(err, ErrBag) {
		return false, nil, nil
	}
	return err == nil, nil, err
}

// knows says whether another member has told of an envelope with the same beginning, and whether the very same one waits here.
func (b *Bag) knows(e *light.Envelope, raw []byte) (known, same bool) {
	for _, x := range b.waiting() {
		if x.Import.Source == e.Import.Source && x.Import.First == e.Import.First {
			known = known || x.told
			same = same || len(x.Import.Messages) == len(e.Import.Messages) && bytes.Equal(x.Encode(), raw)
		}
	}
	return known, same
}

// tellers are members that told of what was of no use, and until when that counts. Each is listened to while that is less than maxDebt away:
// members that keep the rules tell each other of the same envelopes now and then, and never many times a second.
type tellers map[keys.PublicKey]uint64

const (
	maxTellers = 1024
	maxDebt    = 8_000
	useless    = 250   // what all have
	untrue     = 2_000 // what shows nothing costs a certificate
)

// listens says whether somebody is listened to. Those with no debt are forgotten where there are too many.
func (b *Bag) listens(from keys.PublicKey, now uint64) bool {
	b.chains.mu.Lock()
	defer b.chains.mu.Unlock()
	if until, known := b.tellers[from]; known {
		return until < now+maxDebt
	}
	if len(b.tellers) >= maxTellers {
		maps.DeleteFunc(b.tellers, func(_ keys.PublicKey, until uint64) bool { return until <= now })
	}
	return len(b.tellers) < maxTellers
}

// charge counts what was of no use against who told of it.
func (b *Bag) charge(from keys.PublicKey, now uint64, fault *block.Fault) {
	b.chains.mu.Lock()
	defer b.chains.mu.Unlock()
	cost := uint64(useless)
	if fault != nil {
		cost = untrue
	}
	b.tellers[from] = max(b.tellers[from], now) + cost
}
