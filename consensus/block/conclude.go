package block

import (
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Result is a valid block with all that follows from it and the state before. Build and Verify come to equal ones.
type Result struct {
	Block *chain.Block
	Hash  chain.BlockHash
	Raw   []byte // the encoded block
	// Journal is kept beside the block; Processed are the messages of its receipts, in their order.
	Journal   Journal
	Processed []chain.MessageID
	// Changes are all values of the state that changed, by path; Records the accounts among them.
	Changes []exec.Change
	Records []exec.Record
	// Published is the code that the block publishes: to be kept, and compiled before it is callable.
	Published []exec.Published
	// Version is the state tree after the block: to be committed, or discarded if the block loses.
	Version *merkle.Version
	// Outbox is what leaves for other chains.
	Outbox []Outgoing
	// History are the nodes that the accumulator of the chain's own blocks got, Recorded what was recorded of children: who keeps
	// them can prove places in them.
	History  []merkle.Node
	Recorded []exec.Recorded
	// Queued is how many messages wait in the pending queue after the block.
	Queued uint64
	// Logs are the lines that code logged, in the order of the receipts: for who debugs, not part of the chain.
	Logs []Log
	// GasLimits is the sum of the gas limits of external inputs.
	GasLimits uint64
}

// Log is a line that code logged while it handled a message.
type Log struct {
	Account chain.Address
	Message chain.MessageID
	Text    string
}

// conclude derives all that follows from what the accounts did: receipts, refunds, state, and the header's claims about
// them. Build makes its header of this, Verify compares.
func (r *run) conclude() (*Result, error) {
	res := &Result{GasLimits: r.fresh()}
	for _, d := range r.messages[:r.carried] {
		res.Journal.Carried = append(res.Journal.Carried, d.Message)
	}
	r.receipts(res)
	r.rules.mark(StageOrder)
	if err := r.changes(res); err != nil {
		return nil, err
	}
	var err error
	res.Version, err = authenticate(r.before.Tree, r.before.Base, res.Changes, r.rules.Each)
	if err != nil {
		return nil, err
	}
	r.rules.mark(StageState)
	res.Queued = r.queue.Tail - r.queue.Head + uint64(len(r.sequence.CarriedOut)) - uint64(r.carried)
	h := &r.header
	h.GasUsed = gasUsed(res.Journal.Receipts)
	if h.Load, err = r.load(); err != nil {
		return nil, err
	}
	h.Roots = chain.Roots{
		Inputs:   inputsRoot(&r.arrival.Arrived, r.inputs, r.failed, r.twice, r.rules.Each),
		Order:    OrderRoot(r.order, r.rules.Each),
		Receipts: ReceiptsRoot(res.Journal.Receipts, r.rules.Each),
		Outbox:   OutboxRoot(r.outbox),
		State:    chain.Hash(res.Version.Root()),
	}
	r.rules.mark(StageOrder)
	return res, nil
}

// receipts lists what came of every event.
func (r *run) receipts(res *Result) {
	n := 0
	for _, a := range r.accounts {
		n += len(a.Events)
	}
	res.Journal.Receipts = make([]chain.Receipt, 0, n)
	res.Processed = make([]chain.MessageID, 0, n)
	for _, a := range r.accounts {
		for i := range a.Events {
			res.Recorded = append(res.Recorded, a.Events[i].Outcome.Recorded()...)
			o, id := &a.Events[i].Outcome, a.Events[i].Received.Message.ID()
			res.Journal.Receipts = append(res.Journal.Receipts, chain.Receipt{Message: id, Status: o.Status, GasUsed: o.GasUsed, Reason: o.Reason, Events: o.Events})
			res.Processed = append(res.Processed, id)
			for _, line := range o.Logs() {
				res.Logs = append(res.Logs, Log{a.Account, id, string(line)})
			}
		}
	}
}

// changes lists all that the block changes in the state, and the records among it.
func (r *run) changes(res *Result) error {
	s := r.settle()
	var err error
	if res.Published, err = r.publish(); err != nil {
		return err
	}
	if err := r.leave(r.abroad(&s)); err != nil {
		return err
	}
	res.Outbox = r.outbox
	leaving, below := r.leaving()
	r.header.Leaving = leaving
	system, err := r.entries(res, s.fees, below)
	if err != nil {
		return err
	}
	c, err := r.records(&s)
	if err != nil {
		return err
	}
	res.Records = c.list
	res.Changes = slices.Concat(system, c.changes)
	for _, a := range r.accounts {
		res.Changes = append(res.Changes, a.Changes()...)
	}
	return nil
}

// finish encodes the block with its header complete.
func (r *run) finish(res *Result) {
	res.Block = &chain.Block{Header: r.header, Arrived: r.arrival.Arrived, Inputs: r.inputs, Order: r.order, Failed: r.failed, Equivocations: r.twice}
	res.Hash = r.header.Hash()
	res.Raw = res.Block.Append(nil)
}
