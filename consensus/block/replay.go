package block

import (
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// derive makes the messages that σ says were sent, parents before children, which the order check has shown to be possible.
func (r *run) derive() {
	base := uint32(r.firstSent())
	firstSent := make([][]uint32, len(r.order)) // by event: the number of the first message it sent
	for i := range r.order {
		firstSent[i] = make([]uint32, len(r.order[i].Events))
		for j := range r.order[i].Events {
			firstSent[i][j] = base
			base += uint32(len(r.order[i].Events[j].Sent))
		}
	}
	deliveries := make([]exec.Delivery, int(base)-r.firstSent())
	for i := range deliveries {
		deliveries[i].Number = uint32(r.firstSent() + i)
		r.messages = append(r.messages, &deliveries[i])
	}
	for _, place := range r.sequence.Order {
		q := &r.order[place.Sequence]
		e := &q.Events[place.Event]
		parent := r.messages[e.Received].Message
		for k := range e.Sent {
			n := firstSent[place.Sequence][place.Event] + uint32(k)
			r.messages[n].Message = e.Sent[k].Relay(q.Account, parent, uint32(k))
		}
	}
}

// A piece of parallel work replays replayChunk accounts, and replayWave pieces run before the gas that they used is added
// up, and that of the loads that were given. No piece may use more than is left of the block's limits, so that a proposer can make others
// work for these replayWave times over and no more, whatever σ claims (B3).
const (
	replayChunk = 64
	replayWave  = 16
)

// piece is what came of some neighbouring accounts. The first fault or error ends it.
type piece struct {
	spent
	fault *Fault
	err   error
}

// spent is gas: that handlings used, and that of loads which were given to hooks.
type spent struct{ used, given uint64 }

// over says which limit is broken by more than is left of both.
func (r *run) over(s, left spent) *Fault {
	switch {
	case s.used > left.used:
		return r.overGas()
	case s.given > left.given:
		return overGiven("more")
	}
	return nil
}

func overGiven(got string) *Fault {
	return &Fault{Part: PartGiven, Want: fmt.Sprintf("loads for hooks of at most %d gas", uint64(chain.MaxBlockGiven)), Got: got}
}

// replayAll replays every account, in parallel. Equal blocks give equal faults, however the work is spread.
func (r *run) replayAll() (*Fault, error) {
	r.accounts = make([]*exec.Overlay, len(r.order))
	left := spent{r.context.Params.BlockGas, chain.MaxBlockGiven}
	for start := 0; start < len(r.order); start += replayWave * replayChunk {
		end := min(start+replayWave*replayChunk, len(r.order))
		pieces := make([]piece, (end-start+replayChunk-1)/replayChunk)
		r.rules.Each.Run(len(pieces), func(k int) {
			from := start + k*replayChunk
			pieces[k] = r.replayPiece(from, min(from+replayChunk, end), left)
		})
		for _, p := range pieces {
			if p.err != nil || p.fault != nil {
				return p.fault, p.err
			}
			if fault := r.over(p.spent, left); fault != nil {
				return fault, nil
			}
			left.used, left.given = left.used-p.used, left.given-p.given
		}
	}
	return nil, nil
}

// replayPiece replays the accounts from … to-1 with at most what is left.
func (r *run) replayPiece(from, to int, left spent) (p piece) {
	for i := from; i < to && p.fault == nil && p.err == nil; i++ {
		r.accounts[i] = r.replayAccount(&r.order[i], left, &p)
	}
	return p
}

// replayAccount replays one σ_i from the state before, waiting for no other account. It adds the gas that was used to the
// piece, which must not come to more than is left.
func (r *run) replayAccount(q *chain.Sequence, left spent, p *piece) *exec.Overlay {
	before, err := r.before.State.Account(q.Account)
	if err != nil {
		p.err = err
		return nil
	}
	o := exec.NewOverlay(q.Account, before, r.before.State)
	o.Events = make([]exec.Handled, 0, len(q.Events))
	given := p.given
	for i := 0; i < len(q.Events); {
		if n := joined(q.Events[i:]); n > 1 {
			p.fault, p.err = r.replayGroup(o, q, i, n)
		} else {
			p.fault, p.err = r.replayEvent(o, q, i)
		}
		if p.fault != nil || p.err != nil {
			return nil
		}
		for ; i < len(o.Events); i++ {
			p.used += o.Events[i].Outcome.GasUsed
		}
		p.given = given + o.Loads.Given
		if p.fault = r.over(p.spent, left); p.fault != nil {
			return nil
		}
	}
	return o
}

// joined is how many events from the first on were handled as one.
func joined(events []chain.Event) int {
	n := 1
	for n < len(events) && events[n].Joined {
		n++
	}
	return n
}

// replayGroup replays n events from the given one on that σ says were handled as one (SPEC 9.2).
func (r *run) replayGroup(o *exec.Overlay, q *chain.Sequence, from, n int) (*Fault, error) {
	group := make([]*exec.Delivery, n)
	var amount chain.Amount
	for i := range group {
		group[i] = r.messages[q.Events[from+i].Received]
		if fault := checkAmount(o, group[i].Message, &amount); fault != nil {
			return fault, nil
		}
	}
	ok, _, err := o.HandleGroup(r.context, group)
	if err != nil {
		return nil, err
	}
	first := group[0].Message
	if !ok {
		return &Fault{Part: PartReplay, Account: q.Account, Message: first.ID(), Want: "messages handled one by one", Got: fmt.Sprintf("%d handled as one", n)}, nil
	}
	for i := range group {
		if fault := compareSent(q, from+i, group[i].Message, o.Events[from+i].Outcome.Sent); fault != nil {
			return fault, nil
		}
	}
	return nil, nil
}

func (r *run) replayEvent(o *exec.Overlay, q *chain.Sequence, i int) (*Fault, error) {
	d := r.messages[q.Events[i].Received]
	if fault := checkAmount(o, d.Message, new(chain.Amount)); fault != nil {
		return fault, nil
	}
	h, refusal, err := o.Handle(r.context, d)
	switch {
	case err != nil:
		return nil, err
	case refusal != nil:
		return &Fault{Part: PartPlace, Account: q.Account, Message: d.Message.ID(), Got: refusal.Error()}, nil
	}
	return compareSent(q, i, d.Message, h.Outcome.Sent), nil
}

func (r *run) overGas() *Fault {
	return &Fault{Part: PartGasLimit, Want: fmt.Sprintf("at most %d", r.context.Params.BlockGas), Got: "more"}
}

// checkAmount refuses a relay that brings more than there can be. Its sender is replayed at the same time, so what σ says
// that it carries is not known to be true yet, and no sum behind this check may overflow (B3). It adds to what is on its
// way: other messages that are handled as one with m.
func checkAmount(o *exec.Overlay, m *chain.Message, way *chain.Amount) *Fault {
	if m.Kind != chain.Relay {
		return nil
	}
	held, err := o.Now.Balance.Add(o.Now.Deposit)
	if err == nil {
		*way, err = way.Add(m.Amount)
	}
	if err == nil {
		_, err = held.Add(*way)
	}
	if err == nil {
		return nil
	}
	return &Fault{
		Part: PartReplay, Account: o.Account, Message: m.ID(),
		Want: "an amount that was issued", Got: fmt.Sprintf("%s on its way to an account that has %s", m.Amount, o.Now.Balance),
	}
}

// compareSent holds what σ says that an event sent to what its replay sent.
func compareSent(q *chain.Sequence, event int, m *chain.Message, replayed []chain.Sent) *Fault {
	claimed := q.Events[event].Sent
	same := func(a, b chain.Sent) bool {
		return a.To == b.To && a.Amount == b.Amount && a.GasLimit == b.GasLimit && a.Method == b.Method && string(a.Input) == string(b.Input)
	}
	if slices.EqualFunc(replayed, claimed, same) {
		return nil
	}
	return &Fault{
		Part: PartReplay, Account: q.Account, Message: m.ID(),
		Want: describeSent(replayed) + " sent", Got: describeSent(claimed),
	}
}

func describeSent(list []chain.Sent) string {
	if len(list) == 0 {
		return "nothing"
	}
	text := ""
	for i, s := range list {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s(%s) to %s with %d gas and %d bytes of input", s.Method, s.Amount, s.To, s.GasLimit, len(s.Input))
	}
	return text
}
