package kit

import (
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/order"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// life is an account in the block under way after some messages: a node of the tree of all that could have happened to it.
// What an account does depends on what it processed before, and on nothing else (DESIGN D4). So a node is worked out once,
// however many orders of all accounts' messages pass through it.
type life struct {
	id      int // its number in the scene, from 1 on
	account chain.Address
	above   *life         // before the last message; nil before the first
	overlay *exec.Overlay // the last message alone, over those before
	handled *exec.Handled // what came of it; nil if it was refused
	refused *exec.Refusal
	next    map[*exec.Delivery]*life
	whole   *exec.Overlay // all messages in one overlay, as a block wants it; made when it is asked for
}

// beneath makes the overlay of earlier messages the storage below the next one.
type beneath struct{ overlay *exec.Overlay }

// Entry reads through it; it knows no account but its own.
func (b beneath) Entry(_ chain.Address, key string) ([]byte, error) { return b.overlay.Entry(key) }

// Next is what the overlay finds there now.
func (b beneath) Next(_ chain.Address, prefix, after string) (string, error) {
	return b.overlay.Next(prefix, after)
}

// scene is a block under way with all that could happen in it: where it begins, the accounts in it by number, and every
// message that was ever sent in it.
type scene struct {
	chain    *Chain
	on       *moment
	context  *exec.Context
	inputs   []*exec.Delivery
	arrival  *block.Arrival // nil where there is one chain
	numbers  map[chain.Address]uint32
	roots    []*life // by number
	messages map[chain.MessageID]*parcel
	lives    int
	err      error // the first one that is no outcome: of the state, or of a program that can't be run
}

// parcel is a message of a scene. Equal messages of different orders are one: a block's delivery of it serves all of them.
type parcel struct {
	*exec.Delivery
	post   int   // its place among the inputs, from 1 on, or that of the input it descends from
	path   []int // from there, the places among what each message sent, from 1 on
	parent *parcel
}

// flight is a run of a scene.
type flight = order.Flight[*exec.Delivery, *life]

// newScene is the next block, with external messages and, in a tree, what comes from other chains.
func (k *Chain) newScene(messages []posted) (*scene, error) {
	before := k.now.before(k.tree)
	context, err := before.Next(k.rules, k.clock)
	if err != nil {
		return nil, err
	}
	s := &scene{
		chain: k, on: k.now, context: context, numbers: make(map[chain.Address]uint32), messages: make(map[chain.MessageID]*parcel),
	}
	if k.isTree() {
		if err := s.bring(before); err != nil {
			return nil, err
		}
	}
	for _, m := range messages {
		s.inputs = append(s.inputs, s.parcel(m.Message, m.number, nil, nil).Delivery)
	}
	return s, nil
}

// bring takes in what other chains have for the block.
func (s *scene) bring(before *block.Before) error {
	s.arrival = block.NewArrival(before, s.chain.rules, s.context)
	refused, err := s.chain.relays.Bring(s.arrival)
	if err != nil {
		return err
	}
	if len(refused) > 0 {
		return fmt.Errorf("chain %s refuses what was brought: %w", s.chain.name, refused[0])
	}
	for _, d := range s.arrival.Messages {
		p := &parcel{Delivery: d}
		if from := s.chain.story.parcel(d.Message.ID()); from != nil {
			p.post, p.path, p.parent = from.post, from.path, from.parent
		}
		s.messages[d.Message.ID()] = p
		s.inputs = append(s.inputs, d)
	}
	return nil
}

// parcel is the one of message m.
func (s *scene) parcel(m *chain.Message, post int, path []int, parent *parcel) *parcel {
	p, ok := s.messages[m.ID()]
	if !ok {
		p = &parcel{Delivery: &exec.Delivery{Message: m}, post: post, path: path, parent: parent}
		s.messages[m.ID()] = p
	}
	return p
}

// flight starts a run of the scene.
func (s *scene) flight() *flight {
	underWay := make([]order.Parcel[*exec.Delivery], len(s.inputs))
	for i, d := range s.inputs {
		from := uint32(order.Outside)
		if d.Message.Kind == chain.Relay {
			from = s.number(d.Message.From)
		}
		underWay[i] = order.Parcel[*exec.Delivery]{From: from, To: s.number(s.context.Home(d.Message.To)), Message: d}
	}
	return order.NewFlight(s.act, nil, underWay)
}

// number is that of an account; it opens its life.
func (s *scene) number(a chain.Address) uint32 {
	n, ok := s.numbers[a]
	if !ok {
		n = uint32(len(s.roots))
		s.numbers[a] = n
		record, err := s.on.Account(a)
		s.fail(err)
		s.roots = append(s.roots, &life{account: a, overlay: exec.NewOverlay(a, record, s.on)})
	}
	return n
}

func (s *scene) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// act is what a run asks of an account (order.Actor).
func (s *scene) act(account uint32, l *life, d *exec.Delivery) (*life, []order.Parcel[*exec.Delivery]) {
	if l == nil {
		l = s.roots[account]
	}
	next, ok := l.next[d]
	if !ok {
		next = s.live(l, d)
		if l.next == nil {
			l.next = make(map[*exec.Delivery]*life)
		}
		l.next[d] = next
	}
	if next.handled == nil {
		return next, nil
	}
	sent := make([]order.Parcel[*exec.Delivery], 0, len(next.handled.Sent))
	for _, d := range next.handled.Sent {
		if to, here := s.context.Receiver(d.Message.To, d.Message.Method); here {
			sent = append(sent, order.Parcel[*exec.Delivery]{To: s.number(to), Message: d})
		}
	}
	return next, sent
}

// live works out what comes after l if d is processed next.
func (s *scene) live(l *life, d *exec.Delivery) *life {
	s.lives++
	next := &life{id: s.lives, account: l.account, above: l, overlay: l.overlay}
	if s.err != nil { // what comes of this run doesn't matter any more
		return next
	}
	o := exec.NewOverlay(l.account, l.overlay.Now, beneath{l.overlay})
	handled, refused, err := o.Handle(s.context, d)
	switch {
	case err != nil:
		s.fail(fmt.Errorf("%s handles %s: %w", s.chain.nameOf(l.account), s.label(d), err))
		return next
	case refused != nil:
		next.refused = refused
		return next
	}
	handled.Sent = s.sent(d, l.account, &handled.Outcome)
	next.overlay, next.handled = o, handled
	return next
}

// sent are the deliveries of what the handling of d sent.
func (s *scene) sent(d *exec.Delivery, account chain.Address, o *exec.Outcome) []*exec.Delivery {
	parent := s.messages[d.Message.ID()]
	list := make([]*exec.Delivery, len(o.Sent))
	for i := range o.Sent {
		m := o.Sent[i].Relay(account, d.Message, uint32(i))
		list[i] = s.parcel(m, parent.post, append(slices.Clone(parent.path), i+1), parent).Delivery
	}
	return list
}

// deliveries are those that led to l, refused ones left out, in order.
func (l *life) deliveries() (list []*exec.Delivery) {
	for ; l.above != nil; l = l.above {
		if l.handled != nil {
			list = append(list, l.handled.Received)
		}
	}
	slices.Reverse(list)
	return list
}

// overlayOf is all that led to l in one overlay. It handles the messages once more, and finds out programs that remember
// something elsewhere than in their account's storage.
func (s *scene) overlayOf(l *life) (*exec.Overlay, error) {
	if l.whole != nil {
		return l.whole, nil
	}
	root := l
	for root.above != nil {
		root = root.above
	}
	o := exec.NewOverlay(l.account, root.overlay.Now, s.on)
	for _, d := range l.deliveries() {
		handled, refused, err := o.Handle(s.context, d)
		if err != nil {
			return nil, err
		}
		if refused != nil {
			return nil, s.unequal(l.account, d)
		}
		handled.Sent = s.sent(d, l.account, &handled.Outcome)
	}
	for i, at := len(o.Events)-1, l; at.above != nil; at = at.above {
		if at.handled == nil {
			continue
		}
		if !equalOutcomes(at.handled, &o.Events[i]) {
			return nil, s.unequal(l.account, at.handled.Received)
		}
		i--
	}
	l.whole = o
	return o, nil
}

func equalOutcomes(a, b *exec.Handled) bool {
	x, y := &a.Outcome, &b.Outcome
	return slices.Equal(a.Sent, b.Sent) && x.Account == y.Account && x.Status == y.Status && x.Reason == y.Reason && x.GasUsed == y.GasUsed
}

func (s *scene) unequal(account chain.Address, d *exec.Delivery) error {
	return fmt.Errorf("%s handles %s twice from the same state, with different outcomes: it must remember things in its storage alone, "+
		"and use no clock, no randomness and no order of a map", s.chain.nameOf(account), s.label(d))
}
