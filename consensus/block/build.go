package block

import (
	"fmt"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Run is what the live actors did for one block.
type Run struct {
	// Context is what they were told. Queue and Carried are the pending queue that they found: its extent and its messages,
	// from Before.Queue.
	Context *exec.Context
	Queue   chain.Queue
	Carried []*exec.Delivery
	// Arrival is what comes from other chains, and whose relays they were given; nil is nothing.
	Arrival *Arrival
	// Round and Proposer are those of the proposal that the block is made for; zero on a chain that one validator runs.
	Round    uint32
	Proposer uint32
	// Failed are the rounds of the parent's height that failed, as Records has them.
	Failed []chain.Timeouts
	// Equivocations are those of its leaders in other rounds.
	Equivocations []chain.Equivocation
	// Accounts are the accounts they touched, in any order, with σ_i and its outcomes; Sent of every event is filled.
	Accounts []*exec.Overlay
}

// Build makes the block of what the live actors did. Its errors are the state's. That σ is a possible order and keeps the
// limits is our own promise: Build asserts it before anybody is asked to believe it.
func Build(before *Before, rules Rules, did *Run) (*Result, error) {
	r := &run{before: before, rules: rules, context: did.Context, queue: did.Queue, failed: did.Failed, twice: did.Equivocations, arrival: did.Arrival}
	if r.arrival == nil {
		r.arrival = NewArrival(before, rules, did.Context)
	}
	var err error
	if r.epoch, err = before.epoch(); err != nil {
		return nil, err
	}
	assert.That(did.Context.TimeMillis >= before.earliest(&did.Context.Params), "a block is later than its parent, by the interval")
	r.take(did.Accounts)
	r.number(did.Carried)
	if fault := r.check(); fault != nil {
		assert.That(false, "live actors made an impossible order: %v", fault)
	}
	r.header = r.frame(&chain.Header{TimeMillis: did.Context.TimeMillis, Round: did.Round, Proposer: did.Proposer})
	r.rules.mark(StageOrder)
	res, err := r.conclude()
	if err != nil {
		return nil, err
	}
	if fault := r.checkLimits(res); fault != nil {
		assert.That(false, "live actors broke a limit: %v", fault)
	}
	r.finish(res)
	r.rules.mark(StageOrder)
	assert.That(len(res.Raw) <= int(did.Context.Params.BlockBytes), "block of %d bytes within its gas", len(res.Raw))
	return res, nil
}

// frame is what a header says before anything happened: it continues its parent, but for what arrived. Time, round and proposer
// are those of the proposal.
func (r *run) frame(said *chain.Header) chain.Header {
	p := r.before.Header
	h := chain.Header{
		Network: p.Network, Chain: p.Chain, Height: p.Height + 1, Epoch: r.epoch, Parent: r.before.Hash,
		Round: said.Round, Proposer: said.Proposer, TimeMillis: said.TimeMillis, Committee: p.Next, Next: p.Next,
		Views: r.arrival.headerViews(p.Views),
	}
	if p.Next != NoCommittee {
		h.Term = committee.Began(p, &h)
	}
	if r.arrival.next != nil {
		h.Next = r.arrival.next.Hash()
	}
	return h
}

// checkLimits holds the block to its gas limit, external inputs to their share while carried-in messages are left over
// (SPEC 4.5), the pending queue to what a block can carry in, and hooks to what a block gives.
func (r *run) checkLimits(res *Result) *Fault {
	if used := r.header.GasUsed; used > r.context.Params.BlockGas {
		return &Fault{Part: PartGasLimit, Want: fmt.Sprintf("at most %d", r.context.Params.BlockGas), Got: fmt.Sprint(used)}
	}
	if share := FreshGas(r.context.Params, r.queue); r.carriedIn() < r.carried && res.GasLimits > share {
		return &Fault{Part: PartFresh, Want: fmt.Sprintf("gas limits of at most %d while %d carried-in messages are left over", share, r.carried-r.carriedIn()), Got: fmt.Sprint(res.GasLimits)}
	}
	given := uint64(0)
	for _, a := range r.accounts {
		given += a.Loads.Given
	}
	if given > chain.MaxBlockGiven {
		return overGiven(fmt.Sprint(given))
	}
	left := r.left()
	// More waited where the chain's gas limit was lowered with an epoch: then nothing new comes in (FreshGas, importGas), and what waits pays
	// for what it sends, so it becomes no more.
	if most := max(queueBlocks*r.context.Params.BlockGas, r.queue.Gas); left > most {
		return &Fault{Part: PartQueue, Want: fmt.Sprintf("messages that wait with at most %d gas", most), Got: fmt.Sprint(left)}
	}
	return nil
}
