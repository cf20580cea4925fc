package sim

import (
	"bytes"
	"errors"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// ledger is the chain as a node holds it: driver.Ledger.
type ledger struct {
	n        *node
	head     bft.Head
	tree     *merkle.Tree
	rules    block.Rules
	queued   uint64
	outcomes map[chain.BlockHash]*outcome // of blocks after the head
	open     *account.Tag                 // of the block that was built last
	attempts uint64
	look     bool                                // other chains may have something new for this one
	arriving bool                                // they had when it was last looked after
	shown    map[chain.BlockHash]*evidence.Shown // what shows blocks after the head to be invalid; nil where only the state does
}

// outcome is what is known of a block.
type outcome struct {
	result *block.Result
	tag    *account.Tag // it was built here, and its accounts are open
}

func newLedger(n *node, p *past) (*ledger, error) {
	l := &ledger{n: n, head: p.head, tree: p.tree, rules: n.w.origin.rules, outcomes: map[chain.BlockHash]*outcome{},
		shown: map[chain.BlockHash]*evidence.Shown{}, look: true,
	}
	q, _, err := l.before().Queue()
	l.queued = q.Tail - q.Head
	return l, err
}

func (l *ledger) before() *block.Before {
	return &block.Before{Header: &l.head.Header, Hash: l.head.Hash, State: l.n.disk.state(), Tree: l.tree}
}

// heartbeat says whether an idle chain wants a block.
func (l *ledger) heartbeat() bool { return l.untilHeartbeat() == 0 }

func (l *ledger) untilHeartbeat() uint64 {
	if now, due := l.n.now(), l.head.Header.TimeMillis+heartbeatMillis; now < due {
		return min(due-now, heartbeatMillis)
	}
	return 0
}

// rest is how many milliseconds of the chain's interval are left. The time of a parent that is from the future is no reason to wait.
func (l *ledger) rest() uint64 {
	now, least := l.n.now(), l.head.Header.TimeMillis+uint64(l.params().BlockMillis)
	if now >= least || now < l.head.Header.TimeMillis {
		return 0
	}
	return least - now
}

// aheadMillis is how far a block's time may be ahead of a member's clock. The parent's time is no reason to wait.
const aheadMillis = 2000

func (l *ledger) near(h *chain.Header) bool {
	return h.TimeMillis <= max(l.n.now(), l.head.Header.TimeMillis)+aheadMillis
}

// Verify is driver.Ledger's. The answer takes a while.
func (l *ledger) Verify(p bft.Proposed) error {
	l.n.cross(beforeVerify)
	verdict, err := l.judge(p)
	if err != nil {
		return err
	}
	if d := l.n.deviation; d != nil && d.Gullible && verdict == bft.Invalid {
		l.n.deviates()
		verdict = bft.Valid
	}
	l.answer(p, verdict, l.n.w.working())
	return nil
}

// judge verifies a block once.
func (l *ledger) judge(p bft.Proposed) (bft.Verdict, error) {
	o, ok := l.outcomes[p.Hash]
	if !ok || !bytes.Equal(o.result.Raw, p.Raw) {
		result, fault, err := block.Verify(l.before(), l.rules, p.Raw)
		if err != nil {
			return 0, err
		}
		if fault != nil {
			l.n.w.tell(l.n, "finds block %s invalid: %v", p.Hash, fault)
			return l.blame(fault, p)
		}
		o = &outcome{result: result}
		l.outcomes[p.Hash] = o
	}
	if !l.near(&o.result.Block.Header) {
		l.n.w.census.add("block from the future")
		return bft.Withheld, nil
	}
	return bft.Valid, nil
}

// blame says whose fault an invalid block is, and keeps what shows the block's.
func (l *ledger) blame(fault *block.Fault, p bft.Proposed) (bft.Verdict, error) {
	if !block.Whole(p.Raw) {
		l.n.w.census.add("damaged block")
		return bft.Damaged, nil
	}
	what := string(fault.Part)
	if fault.Order != nil {
		what += ", " + fault.Order.Kind.String()
	}
	l.n.w.census.add("invalid block: " + what)
	shown, err := (&evidence.Scene{Before: l.before(), Rules: l.rules}).Show(p.Raw, fault)
	if err != nil && !errors.Is(err, block.ErrShowsNothing) && !errors.Is(err, block.ErrUnproven) {
		return 0, err
	}
	l.shown[p.Hash] = shown
	return bft.Invalid, nil
}

// answer says the verdict; of a block that is withheld again, once its time is near.
func (l *ledger) answer(p bft.Proposed, v bft.Verdict, wait uint64) {
	n := l.n
	n.w.after(wait, n, "verified", func() {
		n.apply(bft.Verified{Block: p.Hash, Verdict: v})
		o := l.outcomes[p.Hash]
		if v != bft.Withheld || !n.up || o == nil {
			return
		}
		again := bft.Withheld
		if l.near(&o.result.Block.Header) {
			again = bft.Valid
		}
		l.answer(p, again, 250)
	})
}

// Build is driver.Ledger's. The answer takes a while.
func (l *ledger) Build(b bft.Build) error {
	n := l.n
	n.cross(beforeBuild)
	if err := l.discard(); err != nil {
		return err
	}
	raw, err := l.build(b)
	if err != nil {
		return err
	}
	n.w.after(n.w.working(), n, "built", func() {
		n.apply(bft.Built{Parent: b.Parent, Round: b.Round, Raw: raw})
	})
	return nil
}

func (l *ledger) build(b bft.Build) ([]byte, error) {
	before := l.before()
	context, err := before.Next(l.rules, l.n.now())
	if err != nil {
		return nil, err
	}
	queue, carried, err := before.Queue()
	if err != nil {
		return nil, err
	}
	l.attempts++
	tag := account.Tag{Parent: l.head.Hash, Attempt: l.attempts}
	arrival, err := l.bring(before, context)
	if err != nil {
		return nil, err
	}
	s := newSchedule(l, context, tag, carried, arrival.Messages)
	if len(carried) > 0 {
		s.fresh = block.FreshGas(context.Params, queue)
	}
	if err := s.run(); err != nil {
		return nil, err
	}
	l.open = &tag
	if len(s.touched) == 0 && arrival.Arrived.IsEmpty() && !b.Demanded && !l.heartbeat() {
		return nil, nil
	}
	failed, twice := block.Records(b.Failed, b.Equivocations)
	did := &block.Run{
		Arrival: arrival, Round: b.Round, Proposer: b.Proposer, Failed: failed, Equivocations: twice, Context: context, Queue: queue,
		Carried: carried, Accounts: s.touched,
	}
	result, err := block.Build(before, l.rules, did)
	if err != nil {
		return nil, err
	}
	if d := l.n.deviation; d != nil && d.Spoils != nil {
		if spoilt := d.Spoil(result.Raw, l.n.w.random.evil); spoilt != nil {
			l.n.deviates()
			return spoilt.Append(nil), l.tree.Discard(result.Version)
		}
	}
	l.outcomes[result.Hash] = &outcome{result, &tag}
	return result.Raw, nil
}

// discard closes the block that was built last: another takes its place. What is known of its bytes stays.
func (l *ledger) discard() error {
	if l.open == nil {
		return nil
	}
	for _, a := range l.n.pool.accounts {
		a.Discard(*l.open)
	}
	for _, o := range l.outcomes { // any order: each by itself
		if o.tag != nil {
			o.tag = nil
		}
	}
	l.open = nil
	return nil
}

// Commit is driver.Ledger's.
func (l *ledger) Commit(f *bft.Final) error {
	n := l.n
	n.cross(beforeCommit)
	o, err := l.outcome(f)
	if err != nil {
		return err
	}
	h := whole
	if !n.full {
		n.delay()
		if n.doomed(insideCommit) && n.w.random.disk.IntN(2) == 0 {
			h = torn // the batch is lost as a whole
		}
	}
	prove := func(slot exec.Slot) (merkle.StateProof, error) {
		return l.tree.Prove(o.result.Version, block.SlotPath(slot))
	}
	if err := n.disk.commit(f, o.result, prove, h); err != nil {
		return err
	}
	n.cross(insideCommit)
	if err := l.adopt(f, o); err != nil {
		return err
	}
	n.w.note(n, "commit", f.Certificate.Block[:])
	n.w.tell(n, "commits block %s at height %d, made in round %d, final in %d", f.Certificate.Block, l.head.Header.Height, l.head.Header.Round, f.Certificate.Round)
	for _, w := range n.w.oracles {
		w.committed(n, f)
	}
	n.process.committed(n)
	n.cross(afterCommit)
	return nil
}

// outcome is that of a final block. Who proposed a block that is not its own judges it now.
func (l *ledger) outcome(f *bft.Final) (*outcome, error) {
	if l.outcomes[f.Certificate.Block] == nil {
		if _, err := l.judge(bft.Proposed{Hash: f.Certificate.Block, Raw: f.Raw}); err != nil {
			return nil, err
		}
	}
	if o := l.outcomes[f.Certificate.Block]; o != nil {
		return o, nil
	}
	return nil, errors.New("a block is committed that is not valid")
}

// adopt makes a block the head.
func (l *ledger) adopt(f *bft.Final, o *outcome) error {
	for _, other := range l.outcomes { // any order: each by itself
		if other != o {
			if err := l.tree.Discard(other.result.Version); err != nil {
				return err
			}
		}
	}
	if err := l.tree.Commit(o.result.Version); err != nil {
		return err
	}
	if o.tag == nil {
		if err := l.discard(); err != nil {
			return err
		}
	}
	l.n.pool.committed(o)
	l.outcomes, l.open, l.shown = map[chain.BlockHash]*outcome{}, nil, map[chain.BlockHash]*evidence.Shown{}
	l.head = bft.Head{Header: o.result.Block.Header, Hash: o.result.Hash, Certificate: &f.Certificate}
	l.queued = o.result.Queued
	l.look = true
	return nil
}

// Find is driver.Ledger's.
func (l *ledger) Find(s bft.Serve) error {
	l.n.cross(beforeServe)
	blocks, err := l.n.disk.finals(s.From)
	if err == nil {
		l.n.driver.Serve(s.To, blocks)
	}
	return err
}

// params are the attributes of the next block's epoch.
func (l *ledger) params() chain.Params {
	c, err := l.context()
	if err != nil {
		panic(unreadable{err})
	}
	return c.Params
}

// context is what messages are admitted with: that of the next block.
func (l *ledger) context() (*exec.Context, error) {
	return l.before().Next(l.rules, l.n.now())
}
