package node

import (
	"fmt"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/actors/host"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// demand asks for a number of blocks now (manual pace).
type demand struct {
	blocks int
	done   chan error
}

// produceAll makes blocks until the node stops or fails.
func (n *Node) produceAll() {
	defer close(n.done)
	defer n.stopOnPanic()
	pulse := time.NewTicker(n.pulse())
	defer pulse.Stop()
	for {
		var err error
		select {
		case <-n.stop:
			return
		case d := <-n.demand:
			for range d.blocks {
				if n.stopping() {
					return
				}
				if err = n.produce(Always); err != nil {
					break
				}
			}
			d.done <- err
		case <-n.wake:
			if n.config.Pace == (Pace{}) {
				err = n.produceWaiting()
			}
		case <-pulse.C:
			err = n.onPulse()
		}
		if err != nil {
			n.fatal(err)
			return
		}
	}
}

// pulse is how often time alone can make a block due.
func (n *Node) pulse() time.Duration {
	if n.config.Pace.Every > 0 {
		return n.config.Pace.Every
	}
	return max(n.config.Heartbeat/10, time.Millisecond)
}

func (n *Node) onPulse() error {
	if n.config.Pace.Manual {
		return nil
	}
	if n.heartbeatDue() && !n.tooSoon() { // an interval may be longer than that
		return n.produce(Always)
	}
	return n.produceWaiting()
}

// produceWaiting makes a block if messages wait. If some are left then, the next one is due: other demands on the producer
// come in between.
func (n *Node) produceWaiting() error {
	if n.host.Waiting() == 0 && n.queued == 0 || n.tooSoon() {
		return nil
	}
	before := n.Head().Header.Height
	if err := n.produce(IfAny); err != nil {
		return err
	}
	if n.Head().Header.Height > before && (n.host.Waiting() > 0 || n.queued > 0) {
		n.due()
	}
	return nil
}

// due wakes the producer.
func (n *Node) due() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

func (n *Node) stopping() bool {
	select {
	case <-n.stop:
		return true
	default:
		return false
	}
}

// Need says whether a block is made when nothing happens in it.
type Need uint8

const (
	// IfAny makes no block without an event.
	IfAny Need = iota
	// IfLeft makes one without, too, if messages are left for a later one because their code is not compiled yet.
	IfLeft
	// Always makes one.
	Always
)

// produce makes the next block and commits it: on a chain that one validator runs it is final then.
func (n *Node) produce(need Need) error {
	n.turn.Lock()
	defer n.turn.Unlock()
	b, err := n.build(wish{need: need})
	if err != nil || b == nil {
		return err
	}
	return n.commit(b.tag, b.result, nil)
}

// wish says which block is wanted.
type wish struct {
	need     Need
	round    uint32
	proposer uint32
	failed   []chain.Timeouts // rounds of the head's height
	twice    []chain.Equivocation
}

// built is a block that the live accounts made, and that is open in them.
type built struct {
	tag    account.Tag
	result *block.Result
}

// build lets the live accounts make the block after the head; nil if there would be nothing in it. The caller holds turn, and
// no other block is open.
func (n *Node) build(w wish) (*built, error) {
	before := n.before()
	now := uint64(n.config.clock().UnixMilli())
	context, err := before.Next(n.rules, now)
	if err != nil {
		return nil, err
	}
	queue, carried, err := before.Queue()
	if err != nil {
		return nil, err
	}
	arrival, err := n.bring(before, context)
	if err != nil {
		return nil, err
	}
	job := host.Job{Context: context, Carried: carried, Imports: arrival.Messages, Gas: block.GasBudget(context.Params), FreshGas: ^uint64(0)}
	if len(carried) > 0 { // some may be left over
		job.FreshGas = block.FreshGas(context.Params, queue)
	}
	tag, run, err := n.runAccounts(before.Hash, job)
	if err != nil {
		return nil, err
	}
	n.mark(block.StageExecution)
	if len(run.Accounts) == 0 && arrival.Arrived.IsEmpty() && (w.need == IfAny || w.need == IfLeft && !run.Unready) {
		return nil, n.host.Discard(tag)
	}
	n.trunk.Lock()
	defer n.trunk.Unlock()
	failed, twice := block.Records(w.failed, w.twice)
	result, err := block.Build(before, n.rules, &block.Run{
		Context: context, Queue: queue, Carried: carried, Arrival: arrival, Accounts: run.Accounts, Round: w.round, Proposer: w.proposer,
		Failed: failed, Equivocations: twice,
	})
	if err != nil {
		return nil, err
	}
	return &built{tag, result}, nil
}

// mostRuns is how often the accounts run for one block, at most: messages that come while they do may be early as well.
const mostRuns = 3

// runAccounts lets the live accounts run for a block after the parent. If some of their messages led to code that is being
// compiled, they do it again without those, which wait then: what was sent to the code would go into the queue, and hold up what
// is behind it there, and fresh messages.
func (n *Node) runAccounts(parent chain.BlockHash, job host.Job) (account.Tag, *host.Run, error) {
	for runs := 1; ; runs++ {
		n.attempts++
		stop := make(chan struct{})
		timer := time.AfterFunc(n.config.BlockTime, func() { close(stop) })
		job.Tag, job.Stop, job.Without = account.Tag{Parent: parent, Attempt: n.attempts}, stop, n.early.accounts()
		run, err := n.host.Produce(job)
		timer.Stop()
		if err != nil || !n.early.add(run) || runs == mostRuns {
			return job.Tag, run, err
		}
		if err := n.host.Discard(job.Tag); err != nil {
			return job.Tag, nil, err
		}
	}
}

// commit makes a block final: first on disk, then for everybody who looks (SPEC 4.8). The tag is that under which the live
// accounts made it, or any that they don't know. The caller holds turn. While the node catches up it returns before the block is
// durable, and the next one may follow; who looks at the state waits.
func (n *Node) commit(tag account.Tag, r *block.Result, certificate []byte) error {
	height := r.Block.Header.Height
	if err := n.config.Checkpoint.check(height, r.Hash); err != nil {
		return err
	}
	late := height+fewBehind <= n.target.Load()
	if late {
		n.syncs.let()
	} else {
		n.syncs.await(height - 1) // of some blocks before it
	}
	pending, used, err := n.finish(tag, r, certificate, late)
	if err != nil {
		n.syncs.fail()
		return err
	}
	told := func() error {
		n.waiting.final(height, r.Processed)
		n.superseded(used)
		n.metrics.committed(r)
		n.look.Store(true)
		if n.member != nil {
			n.member.roomy()
		}
		if n.config.Committed != nil {
			n.config.Committed()
		}
		return nil
	}
	if late {
		n.syncs.add(begun{pending.Wait, height, func() error {
			n.durable.Store(&Head{&r.Block.Header, r.Hash})
			return told()
		}})
		return nil
	}
	return told()
}

// finish is commit as far as the chain itself goes. Late says that somebody else waits for the sync.
func (n *Node) finish(tag account.Tag, r *block.Result, certificate []byte, late bool) (*store.Pending, []*chain.Message, error) {
	n.trunk.Lock()
	defer n.trunk.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	header := &r.Block.Header
	prove := func(s exec.Slot) (merkle.StateProof, error) { return n.tree.Prove(r.Version, block.SlotPath(s)) }
	n.logs.take(header.Height, r.Logs) // before anybody can see the block
	pending, err := n.kept.Begin(r, certificate, prove)
	if err == nil && !late {
		err = pending.Wait()
	}
	if err != nil {
		return nil, nil, err
	}
	if late {
		n.syncs.begin(header.Height)
	} else {
		n.durable.Store(&Head{header, r.Hash}) // the store shows the block already
	}
	n.mark(block.StageStore)
	for _, p := range r.Published {
		n.engine.Prepare(p.Hash, p.Code)
	}
	if err := n.tree.Commit(r.Version); err != nil {
		return nil, nil, fmt.Errorf("state tree at height %d: %w", header.Height, err)
	}
	used, err := n.host.Commit(tag, r.Records)
	if err != nil {
		return nil, nil, err
	}
	if err := n.setHead(Head{header, r.Hash}); err != nil {
		return nil, nil, err
	}
	n.queued = r.Queued
	n.mark(block.StageExecution)
	return pending, used, nil
}

// stopOnPanic turns a broken assertion into the end of the node, with its words.
func (n *Node) stopOnPanic() {
	switch p := recover().(type) {
	case nil:
	case assert.Failure:
		n.fatal(p)
	default:
		panic(p)
	}
}

// Mine makes blocks now, with whatever waits, and returns when they are final.
func (n *Node) Mine(blocks int) error {
	if len(n.origin.Committee.Seats) > 0 {
		return ErrAgreed
	}
	d := demand{blocks, make(chan error, 1)}
	select {
	case n.demand <- d:
	case <-n.done:
		return ErrStopped
	}
	select {
	case err := <-d.done:
		return err
	case <-n.done:
		return ErrStopped
	}
}

func (n *Node) mark(s block.Stage) {
	if n.config.Mark != nil {
		n.config.Mark(s)
	}
}
