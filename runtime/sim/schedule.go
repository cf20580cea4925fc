package sim

import (
	"slices"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// schedule is a proposer's accounts at work on one block. Who goes next is drawn from the seed, among all that may: so every
// possible order can come of it (SPEC 4.3), also those that a real scheduler hardly ever makes.
type schedule struct {
	l       *ledger
	context *exec.Context
	tag     account.Tag
	touched []*exec.Overlay

	carried map[chain.Address][]*exec.Delivery // to be handled by an account before anything else
	lanes   []*lane                            // between two accounts, in the order sent
	between map[pair]*lane
	held    map[pair]bool // what one account sends another waits behind what is carried out
	gas     uint64        // left
	fresh   uint64        // left to external messages
	cut     int           // after so many events the rest is carried out; -1 for never

	censored bool // something was left out on purpose
}

type pair struct{ from, to chain.Address }

type lane struct {
	to    chain.Address
	held  bool
	queue []*exec.Delivery
}

// turn is something that may happen next: a relay is handled, or an account's next external message.
type turn struct {
	account  chain.Address
	lane     *lane
	carried  bool
	external *chain.Message
}

func newSchedule(l *ledger, c *exec.Context, tag account.Tag, carried, imports []*exec.Delivery) *schedule {
	s := &schedule{
		l: l, context: c, tag: tag, carried: map[chain.Address][]*exec.Delivery{}, between: map[pair]*lane{},
		gas: block.GasBudget(c.Params), fresh: ^uint64(0), cut: -1, held: map[pair]bool{},
	}
	if r := l.n.w.random.work; l.n.w.plan.Cut > 0 && r.IntN(l.n.w.plan.Cut) == 0 {
		s.cut = r.IntN(8)
	}
	fits := len(carried) + len(imports)
	if s.cut >= 0 && len(imports) > 0 {
		fits = len(carried) + l.n.w.random.work.IntN(len(imports)+1)
	}
	for i, d := range slices.Concat(carried, imports) {
		need, to := min(d.Message.GasLimit, chain.MaxMessageGas)+gas.Bounce, c.Home(d.Message.To)
		if i >= fits || need > s.gas { // and so does all that follows
			fits = i
			s.held[pair{d.Message.From, to}] = true
			continue
		}
		s.gas -= need
		s.carried[to] = append(s.carried[to], d)
	}
	if fits < len(carried)+len(imports) {
		l.n.w.census.add("relays carried out")
	}
	return s
}

// run lets accounts have turns until nothing is left, or the block is cut.
func (s *schedule) run() error {
	r := s.l.n.w.random.work
	for {
		ready := s.ready()
		if len(ready) == 0 {
			return nil
		}
		t := ready[r.IntN(len(ready))]
		if !t.carried && s.cut == 0 {
			if !slices.ContainsFunc(ready, func(t turn) bool { return t.carried }) {
				if len(s.lanes) > 0 {
					s.l.n.w.census.add("block cut short")
				}
				return nil
			}
			continue
		}
		if err := s.take(t); err != nil {
			return err
		}
		if s.cut > 0 {
			s.cut--
		}
	}
}

// ready lists what may happen next, in an order that depends on nothing but the state.
func (s *schedule) ready() []turn {
	var list []turn
	for _, a := range s.l.n.pool.order {
		if len(s.carried[a]) > 0 {
			continue
		}
		m := s.l.n.pool.account(a).Next()
		if m == nil || m.GasLimit > s.gas || m.GasLimit > s.fresh {
			continue
		}
		if d := s.l.n.deviation; d != nil && d.Censors != nil && d.Censors(m) {
			if !s.censored {
				s.l.n.deviates()
			}
			s.censored = true
			continue
		}
		list = append(list, turn{account: a, external: m})
	}
	for _, a := range sortedAddresses(s.carried) {
		list = append(list, turn{account: a, carried: true})
	}
	for _, l := range s.lanes {
		if len(l.queue) > 0 && len(s.carried[l.to]) == 0 && !l.held {
			list = append(list, turn{account: l.to, lane: l})
		}
	}
	return list
}

func sortedAddresses(m map[chain.Address][]*exec.Delivery) []chain.Address {
	var list []chain.Address
	for a, d := range m { // sorted: below
		if len(d) > 0 {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, chain.Address.Compare)
	return list
}

// take lets a turn happen.
func (s *schedule) take(t turn) error {
	switch {
	case t.carried:
		d := s.carried[t.account][0]
		s.carried[t.account] = s.carried[t.account][1:]
		return s.handle(t.account, d)
	case t.lane != nil:
		d := t.lane.queue[0]
		t.lane.queue = t.lane.queue[1:]
		return s.handle(t.account, d)
	}
	s.gas -= t.external.GasLimit
	s.fresh -= t.external.GasLimit
	return s.handle(t.account, &exec.Delivery{Message: t.external})
}

// handle lets an account handle a message, and sends what comes of it.
func (s *schedule) handle(to chain.Address, d *exec.Delivery) error {
	a := s.l.n.pool.account(to)
	handled, refusal, err := a.Handle(s.context, s.tag, d)
	if err != nil {
		return err
	}
	if refusal != nil {
		s.l.n.pool.drop(a, d.Message)
		return nil
	}
	if o := a.Overlay(s.tag); len(o.Events) == 1 {
		s.touched = append(s.touched, o)
	}
	handled.Sent = make([]*exec.Delivery, len(handled.Outcome.Sent))
	for i := range handled.Outcome.Sent {
		sent := &exec.Delivery{Message: handled.Outcome.Sent[i].Relay(to, d.Message, uint32(i))}
		handled.Sent[i] = sent
		if receiver, stays := s.context.Receiver(sent.Message.To, sent.Message.Method); stays {
			s.lane(pair{to, receiver}).queue = append(s.lane(pair{to, receiver}).queue, sent)
		}
	}
	return nil
}

func (s *schedule) lane(p pair) *lane {
	l, ok := s.between[p]
	if !ok {
		l = &lane{to: p.to, held: s.held[p]}
		s.between[p], s.lanes = l, append(s.lanes, l)
	}
	return l
}
