package placement

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Errors of a call, beside ErrBusy.
var (
	ErrNowhere  = errors.New("no node is known that has the account's chain")
	ErrSilent   = errors.New("no node that has the account's chain has answered in time")
	ErrClosed   = errors.New("the node is stopping")
	ErrLong     = fmt.Errorf("the answer is longer than nodes send each other: %d bytes are the limit", MaxBody)
	errDeadline = errors.New("a question without a deadline: give its context one")
	errFuture   = errors.New("a question is put by Request: the answer of one try may be that another node is to be asked")
)

// Failure is why a node could not answer, in its words.
type Failure struct{ Words string }

// Error implements error.
func (f *Failure) Error() string { return "the other node: " + f.Words }

const (
	// most is how often a call tries at all, and mostMoves how often it follows the word of who leads: leaders change in the middle of
	// a call, and liars send it round.
	most, mostMoves = 8, 2
	// mostFailures is how many nodes may fail before a question is taken for one that can't be answered.
	mostFailures = 4
	// shortTry is the least time for one try, if there is as much.
	shortTry = 500 * time.Millisecond
)

// call is how proto.actor's cluster.Request works here. The stock one keeps the place of every account that was ever asked, and tries again
// at the same place, at once.
type call struct{ p *Placement }

var _ cluster.Context = (*call)(nil)

// RequestFuture implements cluster.Context.
func (c *call) RequestFuture(string, string, any, ...cluster.GrainCallOption) (*actor.Future, error) {
	return nil, errFuture
}

// asking is what Placement.Request hands through proto.actor: the body, and for how long the answer is wanted.
type asking struct {
	ctx  context.Context // has a deadline
	body []byte
}

// Request implements cluster.Context: message is an asking, and the answer is []byte. It may be delivered more than once.
func (c *call) Request(identity, kind string, message any, _ ...cluster.GrainCallOption) (any, error) {
	account, err := chain.ParseAddress(identity)
	if err != nil {
		return nil, err
	}
	m, ok := message.(asking)
	if !ok || len(m.body) > MaxBody {
		return nil, fmt.Errorf("%w: %T of %d bytes (limit %d)", ErrLetter, message, len(m.body), MaxBody)
	}
	t := trial{call: c, ctx: m.ctx, kind: kind, seed: c.p.seed, last: ErrSilent}
	t.ends, _ = m.ctx.Deadline()
	t.question = question{who: askAny, account: account, body: m.body}
	if kind == Live { // its place is at the leader, whoever is asked first
		t.who, t.seed = askLeader, maphash.MakeSeed()
	}
	answer, err := t.run(most)
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// trial is a call under way.
type trial struct {
	*call
	question
	ctx     context.Context // ends with the node, too
	ends    time.Time
	kind    string
	seed    maphash.Seed // of rank
	moves   int
	onward  bool     // it is another node's
	waited  bool     // a node that has the chain was silent
	through []string // where those are that it went through
	failed  []string // where those are that failed, and
	gone    []string // those that were silent, or hadn't the chain
	last    error    // why there is no answer yet
}

// wants is the node that is looked for, but not at some addresses.
func (t *trial) wants(but []string) wanted { return wanted{t.account, t.kind, t.seed, but} }

// run asks one node after the other.
func (t *trial) run(tries int) ([]byte, error) {
	for range tries {
		if done, answer, err := t.once(); done {
			return answer, err
		}
	}
	return nil, t.last
}

// once asks one node.
func (t *trial) once() (done bool, body []byte, err error) {
	left := time.Until(t.ends)
	switch {
	case errors.Is(t.ctx.Err(), context.Canceled):
		return true, nil, context.Canceled
	case left <= 0 || t.ctx.Err() != nil:
		return true, nil, t.last
	}
	pid, who := t.next()
	switch {
	case pid == nil && len(t.failed) > 0:
		return true, nil, t.last
	case pid == nil:
		return true, nil, ErrNowhere
	}
	t.patience = min(left, max(left/2, shortTry)).Round(time.Millisecond) + time.Millisecond
	a, err := t.put(pid, who)
	switch {
	case err == nil && a.outcome == answered:
		return true, a.body, nil
	case errors.Is(err, context.Canceled): // nobody's fault
		return true, nil, err
	case err == nil && a.outcome == failed:
		return t.bear(pid, &Failure{a.words})
	case who == askThrough: // who can't pass it on is no worse to ask for another chain
		t.p.counts.add(CountRepeats)
		return false, nil, nil
	case err != nil:
		t.waited = true
		t.fail(pid, ErrSilent)
		return false, nil, nil
	}
	switch a.outcome {
	case elsewhere:
		t.move(pid, who, a.node)
	case occupied:
		t.fail(pid, ErrBusy)
	case absent:
		t.fail(pid, ErrNowhere)
	}
	return false, nil, nil
}

// move follows the word of who leads, for a while.
func (t *trial) move(pid *actor.PID, who ask, leader keys.PublicKey) {
	if who != askLeader { // it wasn't asked who leads
		t.fail(pid, ErrNowhere)
		return
	}
	at := t.p.known.Load().address(leader)
	if t.moves++; t.moves > mostMoves || slices.Contains(t.failed, at) || !t.p.lookup.leads(t.account.Chain(), leader) {
		t.who, t.kind = askAnyAfter, Copy
	}
}

// bear has others asked beside a node that failed: it may be broken, or lie, and what a node says of itself doesn't speak for the chain (P7). It isn't
// avoided by other calls, as the question may be to blame. The own node's word is the last.
func (t *trial) bear(pid *actor.PID, why *Failure) (done bool, _ []byte, _ error) {
	t.last, t.failed = why, append(t.failed, pid.Address)
	if pid.Address == t.p.Addr() || len(t.failed) == mostFailures {
		return true, nil, why
	}
	t.p.counts.add(CountFailed)
	return false, nil, nil
}

// fail lets another node be asked next, whoever leads. What a node said that failed says more than that others are silent.
func (t *trial) fail(pid *actor.PID, why error) {
	if len(t.failed) == 0 || why == ErrBusy {
		t.last = why
	}
	if why != ErrBusy {
		t.gone = append(t.gone, pid.Address)
	}
	if why == ErrSilent && (t.onward || t.patience < shortTry) {
		why = ErrBusy // whoever asked had too little patience to tell whether there is a way to it
	}
	t.p.lookup.avoid(pid, why)
	t.p.counts.add(CountRepeats)
}

// put sends the question, and waits for the answer, or for the end of the call.
func (t *trial) put(pid *actor.PID, who ask) (answer, error) {
	q := t.question
	q.who = who
	ctx, cancel := context.WithTimeout(t.ctx, t.patience)
	defer cancel()
	got := make(ear, 1)
	me, _ := t.p.system.ProcessRegistry.Add(got, "future"+t.p.system.ProcessRegistry.NextId()) // no name is given twice
	defer t.p.system.ProcessRegistry.Remove(me)
	defer t.p.open.done(me.Id)
	t.p.system.Root.RequestWithCustomSender(pid, wrapperspb.Bytes(q.encode()), me)
	select {
	case <-ctx.Done():
		return answer{}, ctx.Err()
	case message := <-got:
		letter, ok := message.(*wrapperspb.BytesValue)
		if !ok {
			return answer{}, fmt.Errorf("%w: %T", ErrLetter, message)
		}
		return decodeAnswer(letter.Value)
	}
}

// ear is the process that waits for the answer to one try. proto.actor's own future, ended early, races with an answer that is just coming.
type ear chan any

// SendUserMessage implements actor.Process: the first counts.
func (e ear) SendUserMessage(_ *actor.PID, message any) {
	_, body, _ := actor.UnwrapEnvelope(message)
	select {
	case e <- body:
	default:
	}
}

// SendSystemMessage implements actor.Process.
func (ear) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (ear) Stop(*actor.PID) {}
