package placement

import (
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
	for range most {
		if done, answer, err := t.once(); done {
			return answer, err
		}
	}
	return nil, t.last
}

// trial is a call under way.
type trial struct {
	*call
	question
	is    *cluster.ClusterIdentity
	ends  time.Time
	moves int
	last  error // why there is no answer yet
}

// once asks one node.
func (t *trial) once() (done bool, body any, err error) {
	left := time.Until(t.ends)
	if left <= 0 {
		return true, nil, t.last
	}
	pid := t.p.cluster.Get(t.is.Identity, t.is.Kind)
	if pid == nil {
		return true, nil, ErrNowhere
	}
	t.patience = min(left, max(left/2, shortTry)).Round(time.Millisecond) + time.Millisecond
	a, err := t.put(pid)
	if err != nil {
		t.fail(pid, ErrSilent)
		return false, nil, nil
	}
	switch a.outcome {
	case answered:
		return true, a.body, nil
	case failed:
		return true, nil, &Failure{a.words}
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
	t.p.lookup.RemovePid(t.is, pid)
	t.p.counts.add(CountRepeats)
}

// put sends the question, and waits for the answer.
func (t *trial) put(pid *actor.PID) (answer, error) {
	f := t.p.system.Root.RequestFuture(pid, wrapperspb.Bytes(t.encode()), t.patience)
	defer t.p.open.done(f.PID().Id)
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
