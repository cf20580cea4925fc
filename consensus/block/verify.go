package block

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Verify judges an encoded block by its bytes and the state before alone (SPEC 4.4). It returns the Result if the block is
// valid, the Fault if it isn't; an error says that the state could not be read, and nothing about the block.
//
// Consensus asks for more than Verify does: that round and proposer are those of a proposal that it allows, and that the time
// is near. What a certificate makes final was asked that by those who signed it.
func Verify(before *Before, rules Rules, raw []byte) (*Result, *Fault, error) {
	r, b, fault, err := open(before, rules, raw)
	if fault != nil || err != nil {
		return nil, fault, err
	}
	if fault, err := r.replay(); fault != nil || err != nil {
		return nil, fault, err
	}
	return r.compare(b, raw)
}

// open takes a block apart and looks at all that stands before its order: its form, its frame, each input.
func open(before *Before, rules Rules, raw []byte) (*run, *chain.Block, *Fault, error) {
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		return nil, nil, &Fault{Part: PartEncoding, Got: err.Error()}, nil
	}
	context, err := before.Context(rules, b.Header.TimeMillis)
	if err != nil {
		return nil, nil, nil, err
	}
	queue, carried, err := before.Queue()
	if err != nil {
		return nil, nil, nil, err
	}
	committee, err := before.Committee()
	if err != nil {
		return nil, nil, nil, err
	}
	r := &run{
		before: before, rules: rules, context: context, queue: queue, carried: len(carried), messages: carried, inputs: b.Inputs,
		failed: b.Failed, twice: b.Equivocations, order: b.Order, arrival: NewArrival(before, rules, context),
	}
	if r.epoch, err = before.epoch(); err != nil {
		return nil, nil, nil, err
	}
	if fault := first(r.checkFrame(&b.Header, len(raw)), checkProposal(&b.Header, len(committee.Seats)), r.checkTerm(&b.Header)); fault != nil {
		return nil, nil, fault, nil
	}
	r.rules.mark(StageOrder)
	if fault, err := r.arrival.all(&b.Arrived); fault != nil || err != nil {
		return nil, nil, fault, err
	}
	if fault := r.checkChange(&b.Header); fault != nil {
		return nil, nil, fault, nil
	}
	if fault, err := r.checkFailed(); fault != nil || err != nil {
		return nil, nil, fault, err
	}
	if fault := r.checkInputs(); fault != nil {
		return nil, nil, fault, nil
	}
	r.rules.mark(StageSignature)
	return r, b, nil, nil
}

// compare concludes from the replay, and holds the header to it. It starts from the frame and not from the block's own
// header: a field that nothing here sets must differ, not be equal to itself.
func (r *run) compare(b *chain.Block, raw []byte) (*Result, *Fault, error) {
	r.header = r.frame(&b.Header)
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

// checkFrame holds the block to its size, and the header's fields to the parent's.
func (r *run) checkFrame(h *chain.Header, size int) *Fault {
	want, limit := r.frame(h), int(r.context.Params.BlockBytes)
	if size > limit {
		return &Fault{Part: PartSize, Want: fmt.Sprintf("at most %d bytes", limit), Got: fmt.Sprint(size)}
	}
	return first(
		differ(PartNetwork, want.Network, h.Network),
		differ(PartChain, want.Chain, h.Chain),
		differ(PartHeight, want.Height, h.Height),
		differ(PartParent, want.Parent, h.Parent),
		differ(PartEpoch, want.Epoch, h.Epoch),
		r.checkTime(h.TimeMillis),
		differ(PartCommittee, want.Committee, h.Committee),
	)
}

// checkChange holds the header to what arrived: the next committee, and the views of the ancestors.
func (r *run) checkChange(h *chain.Header) *Fault {
	want := r.frame(h)
	return first(differ(PartNext, want.Next, h.Next), differList(PartViews, want.Views, h.Views))
}

// checkProposal holds the proposer to be a seat; there are no rounds where there are no seats.
func checkProposal(h *chain.Header, seats int) *Fault {
	switch {
	case seats == 0:
		return first(differ(PartRound, 0, h.Round), differ(PartProposer, 0, h.Proposer))
	case int64(h.Proposer) >= int64(seats):
		return &Fault{Part: PartProposer, Want: fmt.Sprintf("a seat below %d", seats), Got: fmt.Sprint(h.Proposer)}
	}
	return nil
}

func (r *run) checkTerm(h *chain.Header) *Fault { return differ(PartTerm, r.frame(h).Term, h.Term) }

func (r *run) checkTime(timeMillis uint64) *Fault {
	if least := r.before.earliest(&r.context.Params); timeMillis < least || timeMillis > chain.MaxTimeMillis {
		return &Fault{Part: PartTime, Want: fmt.Sprintf("%d at least, %d at most", least, uint64(chain.MaxTimeMillis)), Got: fmt.Sprint(timeMillis)}
	}
	return nil
}

// compareHeaders holds the claims of a header to what was found.
func compareHeaders(want, got *chain.Header) *Fault {
	return first(
		differ(PartGasUsed, want.GasUsed, got.GasUsed),
		differ(PartLoad, want.Load, got.Load),
		differList(PartLeaving, want.Leaving, got.Leaving),
		differ(PartInputs, want.Roots.Inputs, got.Roots.Inputs),
		differ(PartOrderRoot, want.Roots.Order, got.Roots.Order),
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
	fault, err := r.replayAll()
	r.rules.mark(StageExecution)
	return fault, err
}

// takeInputs gives what was imported and the inputs their numbers.
func (r *run) takeInputs() {
	for i, d := range r.arrival.Messages {
		d.Number = uint32(r.carried + i)
		r.messages = append(r.messages, d)
	}
	deliveries := make([]exec.Delivery, len(r.inputs))
	for i := range r.inputs {
		deliveries[i] = exec.Delivery{Message: r.inputs[i].Message, Number: uint32(r.firstInput() + i)}
		r.messages = append(r.messages, &deliveries[i])
	}
}
