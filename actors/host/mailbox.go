package host

import (
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// node is one message in a mailbox: work of the host or of proto.actor if it has a task, else a relay to handle.
type node struct {
	next     *node
	task     task
	delivery exec.Delivery
}

// task is work that an account's worker does beside handling relays.
type task interface {
	run(w *worker, b *mailbox, n *node)
}

// What a mailbox's word says beside "newest of what was posted" and nil.
var (
	busy = new(node) // a worker has it, or a run queue
	gone = new(node) // passivated
)

// mailbox is an account's actor.Mailbox, and holds the account itself: in one piece, since what an account in memory costs
// is cache misses. See the package's doc for its word.
type mailbox struct {
	// The first cache line: all that others touch, and what a worker needs to know that there is nothing else to do.
	word     atomic.Pointer[node]
	link     *mailbox // the next one in the run queue
	host     *Host
	rest     *node         // taken and not yet done, oldest first; for who has the mailbox, like what has no lock below
	need     atomic.Uint64 // gas for the next message of its lane; 1 if that isn't there yet, 0 if none waits
	reserved uint64        // gas that Produce bought for its turn
	mark     uint64        // Host.commits when Commit or Settle last posted to it; theirs
	listed   atomic.Bool   // it stands in Host.lanes
	apart    account.Load  // what of its lane is behind a missing nonce, as Host.apart counts it; for who has the mailbox
	served   bool          // an external message of its lane was taken into the block under way; Produce's when all is quiet

	// For who has the mailbox, a worker or the sweep.
	referenced bool   // it ran since the sweep last saw it
	lastBlock  uint32 // when it last ran
	account    account.Account
	alone      int              // relays to be handled one by one: as one they could not
	unready    uint64           // number of the last production in which there was a relay that it could not handle
	later      uint64           // number of the last production that could not give what its hook loads
	carried    []*exec.Delivery // to be handled before anything else of the block under way
	leaving    *countdown       // of the Discard that it should leave memory for, when it has nothing left to do
	invoker    actor.MessageInvoker
	address    chain.Address
}

// post appends n; false says that the account was passivated: look it up again. The worker that posts, if one does, gets
// the mailbox into its own queue.
func (b *mailbox) post(w *worker, n *node) bool {
	for {
		old := b.word.Load()
		if old == gone {
			return false
		}
		n.next = old
		if b.word.CompareAndSwap(old, n) {
			if old == nil {
				b.host.pool.schedule(w, b)
			}
			return true
		}
	}
}

// idle says that the account can leave memory (H5).
func (b *mailbox) idle() bool { return b.carried == nil && b.account.Idle() }

// take gets all that was posted, oldest first.
func (b *mailbox) take() (first *node) {
	if b.word.Load() == busy {
		return nil
	}
	for n := b.word.Swap(busy); n != nil && n != busy; {
		next := n.next
		n.next = first
		first, n = n, next
	}
	return first
}

// release gives the mailbox back; false says that there is more to do.
func (b *mailbox) release() bool { return b.word.CompareAndSwap(busy, nil) }

// RegisterHandlers tells the mailbox which actor it belongs to.
func (b *mailbox) RegisterHandlers(invoker actor.MessageInvoker, _ actor.Dispatcher) {
	self, ok := invoker.(actor.Context)
	assert.That(ok, "proto.actor: an invoker is no longer the actor's context")
	b.invoker = invoker
	self.Actor().(*live).box = b
	address, err := parseName(self.Self().Id)
	assert.NoError(err, "name of an account's actor")
	b.address = address
	b.host.table.shard(address).born = b
}

// Start does nothing: the first message schedules the mailbox.
func (b *mailbox) Start() {}

// UserMessageCount is not known: nodes are not counted one by one.
func (b *mailbox) UserMessageCount() int { return 0 }

// PostUserMessage takes a message of proto.actor's.
func (b *mailbox) PostUserMessage(message any) {
	if n := b.host.admitUser(message); n != nil && !b.post(nil, n) {
		b.host.post(nil, b.address, n)
	}
}

// PostSystemMessage takes what proto.actor tells an actor. An account can't be stopped or restarted by it: it leaves memory
// when it is idle, and a failing one ends the host.
func (b *mailbox) PostSystemMessage(message any) {
	switch message.(type) {
	case *actor.SuspendMailbox, *actor.ResumeMailbox, *actor.Restart:
		return
	case *actor.Stop:
		b.host.config.Log.Warn("an actor was told to stop an account: ignored", "account", b.address)
		return
	}
	if !b.post(nil, &node{task: systemMessage{message}}) {
		b.host.system.DeadLetter.SendSystemMessage(b.host.PID(b.address), message)
	}
}

// systemMessage and userMessage are the slow lane: messages of proto.actor's, which go through the actor's context.
type (
	systemMessage struct{ message any }
	userMessage   struct{ message any }
)

func (s systemMessage) run(_ *worker, b *mailbox, _ *node) { b.invoker.InvokeSystemMessage(s.message) }

func (u userMessage) run(_ *worker, b *mailbox, _ *node) {
	b.host.queries.Add(-1)
	b.invoker.InvokeUserMessage(u.message)
}
