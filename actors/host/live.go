package host

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/sdk/chain"
)

// live is the actor of one account. Chain messages don't pass through Receive: its mailbox's worker hands them to the
// account itself.
type live struct {
	box *mailbox // set before the first message
}

// Query asks an account's actor for its final record and its lane; Answer is the reply, or *Busy, or *Unknown.
type (
	Query  struct{}
	Answer struct {
		Address chain.Address
		Account chain.Account
		Waiting int    // external messages in the account's lane
		Next    uint64 // the first nonce for which none waits
	}
	// Unknown answers a message that accounts don't take.
	Unknown struct{ Type string }
)

// Error names the message's type.
func (u *Unknown) Error() string { return "an account takes no message of type " + u.Type }

// Receive is the slow lane.
func (l *live) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started:
		l.box.load()
	case *Query:
		c.Respond(&Answer{l.box.address, l.box.account.Final(), l.box.account.Waiting(), l.box.account.NextNonce()})
	case actor.AutoReceiveMessage, actor.SystemMessage, actor.AutoRespond: // proto.actor's own
	default:
		if c.Sender() != nil {
			c.Respond(&Unknown{fmt.Sprintf("%T", m)})
		}
	}
}

// load reads the account's final record: it is the first thing an actor does.
func (b *mailbox) load() {
	record, err := b.host.config.State.Account(b.address)
	if err != nil {
		b.host.fail(fmt.Errorf("account %s: read its record: %w", b.address, err))
	}
	b.account = account.New(&b.host.home, b.address, record)
}

// queryTimeout bounds a query's wait: workers answer within a block's time unless the host is dead.
const queryTimeout = 5 * time.Second

// Account is the final record of the account at a.
func (h *Host) Account(a chain.Address) (chain.Account, error) {
	answer, err := h.Ask(a)
	return answer.Account, err
}

// Ask asks the account at a what it is, as anybody would: with a request to its actor.
func (h *Host) Ask(a chain.Address) (Answer, error) {
	if a.Chain() != h.config.Chain {
		return Answer{}, fmt.Errorf("account %s is on chain %d, not on %d", a, a.Chain(), h.config.Chain)
	}
	if h.ended.Load() {
		return Answer{}, h.cause
	}
	reply, err := h.system.Root.RequestFuture(h.PID(a), &Query{}, queryTimeout).Result()
	switch {
	case err == nil:
	case h.ended.Load():
		return Answer{}, h.cause
	default:
		return Answer{}, fmt.Errorf("account %s: query: %w", a, err)
	}
	switch reply := reply.(type) {
	case *Answer:
		return *reply, nil
	case error:
		return Answer{}, reply
	}
	return Answer{}, fmt.Errorf("account %s: query answered with %T", a, reply)
}

// admitUser makes a node of a message of proto.actor's, or refuses it, and then tells the sender (H6).
func (h *Host) admitUser(message any) *node {
	_, _, sender := actor.UnwrapEnvelope(message)
	if h.queries.Add(1) > int64(h.config.MaxQueries) {
		h.queries.Add(-1)
		if sender != nil {
			h.system.Root.Send(sender, &Busy{"queries", h.config.MaxQueries})
		}
		return nil
	}
	return &node{task: userMessage{message}}
}

// postUser takes a message of proto.actor's for the account at a.
func (h *Host) postUser(a chain.Address, message any) {
	if n := h.admitUser(message); n != nil {
		h.post(nil, a, n)
	}
}
