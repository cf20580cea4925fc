package placement

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/thinkey/thinkey/sdk/chain"
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

// Request implements cluster.Context: message is the body, as []byte, and so is the answer. It may be delivered more than once.
func (c *call) Request(identity, kind string, message any, options ...cluster.GrainCallOption) (any, error) {
	account, err := chain.ParseAddress(identity)
	if err != nil {
		return nil, err
	}
	body, ok := message.([]byte)
	if !ok || len(body) > MaxBody {
		return nil, fmt.Errorf("%w: %T of %d bytes (limit %d)", ErrLetter, message, len(body), MaxBody)
	}
	config := cluster.NewGrainCallOptions(c.p.cluster)
	for _, o := range options {
		o(config)
	}
	t := trial{call: c, is: cluster.NewClusterIdentity(identity, kind), ends: time.Now().Add(config.Timeout), last: ErrSilent}
	t.question = question{who: askAny, account: account, body: body}
	if kind == Live {
		t.who = askLeader
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
	is      *cluster.ClusterIdentity
	ends    time.Time
	moves   int
	onward  bool     // it is another node's
	waited  bool     // a node that has the chain was silent
	through []string // where those are that it went through
	last    error    // why there is no answer yet
}

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
	if left <= 0 || t.p.ctx.Err() != nil {
		return true, nil, t.last
	}
	pid, who := t.next()
	if pid == nil {
		return true, nil, ErrNowhere
	}
	t.patience = min(left, max(left/2, shortTry)).Round(time.Millisecond) + time.Millisecond
	a, err := t.put(pid, who)
	switch {
	case err == nil && a.outcome == answered:
		return true, a.body, nil
	case err == nil && a.outcome == failed:
		return true, nil, &Failure{a.words}
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
		if t.moves++; t.moves > mostMoves || !t.p.lookup.leads(t.account.Chain(), a.node) {
			t.who, t.is.Kind = askAnyAfter, Copy
		}
	case occupied:
		t.fail(pid, ErrBusy)
	case absent:
		t.fail(pid, ErrNowhere)
	}
	return false, nil, nil
}

// fail lets another node be asked next, whoever leads.
func (t *trial) fail(pid *actor.PID, why error) {
	t.last = why
	if why == ErrSilent && (t.onward || t.patience < shortTry) {
		why = ErrBusy // whoever asked had too little patience to tell whether there is a way to it
	}
	t.p.lookup.avoid(pid, why)
	t.p.counts.add(CountRepeats)
}

// put sends the question, and waits for the answer, or for the end of this node.
func (t *trial) put(pid *actor.PID, who ask) (answer, error) {
	q := t.question
	q.who = who
	f := t.p.system.Root.RequestFuture(pid, wrapperspb.Bytes(q.encode()), t.patience)
	defer t.p.open.done(f.PID().Id)
	defer context.AfterFunc(t.p.ctx, func() {
		t.p.system.Root.Send(f.PID(), wrapperspb.Bytes((&answer{outcome: occupied}).encode()))
	})()
	got, err := f.Result()
	if err != nil {
		return answer{}, err
	}
	letter, ok := got.(*wrapperspb.BytesValue)
	if !ok {
		return answer{}, fmt.Errorf("%w: %T", ErrLetter, got)
	}
	return decodeAnswer(letter.Value)
}
