package block

import (
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Verify judges an encoded block by its bytes and the state before alone (SPEC 4.4). It returns the Result if the block is
// valid, the Fault if it isn't; an error says that the state could not be read, and nothing about the block.
//
// Consensus may ask for more than Verify does: that round and proposer are those of the proposal, and that the time is near.
func Verify(before *Before, rules Rules, raw []byte) (*Result, *Fault, error) {
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		return nil, &Fault{Part: PartEncoding, Got: err.Error()}, nil
	}
	context, err := before.Context(rules, b.Header.TimeMillis)
	if err != nil {
		return nil, nil, err
	}
	queue, carried, err := before.Queue()
	if err != nil {
		return nil, nil, err
	}
	r := &run{before: before, rules: rules, context: context, queue: queue, carried: len(carried), messages: carried, inputs: b.Inputs, order: b.Order}
	if fault := r.checkFrame(&b.Header, len(raw)); fault != nil {
		return nil, fault, nil
	}
	r.rules.mark(StageOrder)
	if fault := r.checkInputs(); fault != nil {
		return nil, fault, nil
	}
	r.rules.mark(StageSignature)
	if fault, err := r.replay(); fault != nil || err != nil {
		return nil, fault, err
	}
	return r.compare(b, raw)
}

// compare concludes from the replay, and holds the header to it.
func (r *run) compare(b *chain.Block, raw []byte) (*Result, *Fault, error) {
	r.header = b.Header
	res, err := r.conclude()
	if err != nil {
		return nil, nil, err
	}
	fault := r.checkLimits(res)
	if fault == nil {
		fault = compareHeaders(&r.header, &b.Header)
	}
	if fault != nil {
		if err := r.before.Tree.Discard(res.Version); err != nil {
			return nil, nil, err
		}
		return nil, fault, nil
	}
	res.Block, res.Raw, res.Hash = b, raw, b.Header.Hash()
	return res, nil, nil
}

// checkFrame holds the header's fields to the parent's, and the block to its size.
func (r *run) checkFrame(h *chain.Header, size int) *Fault {
	want := r.frame(h.TimeMillis)
	if size > int(r.context.Params.BlockBytes) {
		return &Fault{Part: PartSize, Want: fmt.Sprintf("at most %d bytes", r.context.Params.BlockBytes), Got: fmt.Sprint(size)}
	}
	if h.TimeMillis <= r.before.Header.TimeMillis {
		return &Fault{Part: PartTime, Want: fmt.Sprintf("later than %d", r.before.Header.TimeMillis), Got: fmt.Sprint(h.TimeMillis)}
	}
	if !slices.Equal(want.Views, h.Views) {
		return &Fault{Part: PartViews, Want: fmt.Sprint(want.Views), Got: fmt.Sprint(h.Views)}
	}
	return first(
		differ(PartNetwork, want.Network, h.Network),
		differ(PartChain, want.Chain, h.Chain),
		differ(PartHeight, want.Height, h.Height),
		differ(PartParent, want.Parent, h.Parent),
		differ(PartRound, want.Round, h.Round),
		differ(PartProposer, want.Proposer, h.Proposer),
		differ(PartEpoch, want.Epoch, h.Epoch),
		differ(PartCommittee, want.Committee, h.Committee),
		differ(PartNext, want.Next, h.Next),
	)
}

// compareHeaders holds the claims of a header to what was found.
func compareHeaders(want, got *chain.Header) *Fault {
	if !slices.Equal(want.Leaving, got.Leaving) {
		return &Fault{Part: PartLeaving, Want: fmt.Sprint(want.Leaving), Got: fmt.Sprint(got.Leaving)}
	}
	return first(
		differ(PartInputs, want.Roots.Inputs, got.Roots.Inputs),
		differ(PartOrderRoot, want.Roots.Order, got.Roots.Order),
		differ(PartGasUsed, want.GasUsed, got.GasUsed),
		differ(PartLoad, want.Load, got.Load),
		differ(PartReceipts, want.Roots.Receipts, got.Roots.Receipts),
		differ(PartOutbox, want.Roots.Outbox, got.Roots.Outbox),
		differ(PartState, want.Roots.State, got.Roots.State),
	)
}

func first(faults ...*Fault) *Fault {
	for _, f := range faults {
		if f != nil {
			return f
		}
	}
	return nil
}

// replay checks the order, derives every message that was sent, and replays all accounts (SPEC 4.4 b).
func (r *run) replay() (*Fault, error) {
	r.takeInputs()
	if fault := r.check(); fault != nil {
		return fault, nil
	}
	r.derive()
	r.rules.mark(StageOrder)
	r.accounts = make([]*exec.Overlay, len(r.order))
	faults := make([]*Fault, len(r.order))
	errs := make([]error, len(r.order))
	chunks := (len(r.order) + replayChunk - 1) / replayChunk
	spread(r.rules.Each, chunks, func(k int) {
		for i := k * replayChunk; i < min((k+1)*replayChunk, len(r.order)); i++ {
			r.accounts[i], faults[i], errs[i] = r.replayAccount(&r.order[i])
		}
	})
	for i := range errs {
		if errs[i] != nil {
			return nil, errs[i]
		}
	}
	r.rules.mark(StageExecution)
	return first(faults...), nil
}

// takeInputs gives the inputs their numbers.
func (r *run) takeInputs() {
	deliveries := make([]exec.Delivery, len(r.inputs))
	for i := range r.inputs {
		deliveries[i] = exec.Delivery{Message: r.inputs[i].Message, Number: uint32(r.carried + i)}
		r.messages = append(r.messages, &deliveries[i])
	}
}

// replayChunk is how many accounts one piece of parallel work replays.
const replayChunk = 64

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

// replayAccount replays one σ_i from the state before, waiting for no other account.
func (r *run) replayAccount(q *chain.Sequence) (*exec.Overlay, *Fault, error) {
	before, err := r.before.State.Account(q.Account)
	if err != nil {
		return nil, nil, err
	}
	o := exec.NewOverlay(q.Account, before, r.before.State)
	for i := range q.Events {
		d := r.messages[q.Events[i].Received]
		if d.Message.Kind == chain.External && d.Message.To != q.Account {
			return nil, &Fault{Part: PartOrder, Account: q.Account, Message: d.Message.ID(), Got: "processed by the wrong account: it goes to " + d.Message.To.String()}, nil
		}
		h, refusal, err := o.Handle(r.context, d)
		if err != nil {
			return nil, nil, err
		}
		if refusal != nil {
			return nil, &Fault{Part: PartPlace, Account: q.Account, Message: d.Message.ID(), Got: refusal.Error()}, nil
		}
		if fault := compareSent(q, i, d.Message, h.Outcome.Sent); fault != nil {
			return nil, fault, nil
		}
	}
	return o, nil, nil
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
