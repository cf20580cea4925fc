package host

import (
	"runtime/debug"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// slice is how many messages of one mailbox a worker does before others have their turn.
const slice = 64

// worker runs mailboxes, one at a time.
type worker struct {
	host   *Host
	number int
	queue  queue

	nodes      []node          // to be used for relays
	deliveries []exec.Delivery // to be used for external messages

	// What came of the block under way here; read by Produce when all is quiet.
	touched []touched
	used    []*chain.Message // by a block that is being committed, and was not made here
	turns   turns
	led     []chain.MessageID // Run.Led
	group   []*exec.Delivery  // being handled as one
}

// touched is an account that a block touched.
type touched struct {
	box     *mailbox
	overlay *exec.Overlay
}

func (w *worker) work() {
	for !w.host.ended.Load() {
		b := w.find()
		if b == nil {
			b = w.park()
		}
		if b != nil {
			w.run(b)
		}
	}
}

// find is the next mailbox to run: from the worker's own queue, else from another's.
func (w *worker) find() *mailbox {
	workers := w.host.pool.workers
	for i := range workers {
		if b := workers[(w.number+i)%len(workers)].queue.pop(); b != nil {
			return b
		}
	}
	return nil
}

// park waits until there may be something to do.
func (w *worker) park() *mailbox {
	p := &w.host.pool
	p.parked.Add(1)
	defer p.parked.Add(-1)
	if b := w.find(); b != nil {
		return b
	}
	select {
	case <-p.wake:
	case <-w.host.dead:
	}
	return nil
}

// run does a slice of what is in b.
func (w *worker) run(b *mailbox) {
	defer w.rescue(b)
	b.lastBlock, b.referenced = w.host.pool.block.Load(), true
	for range slice {
		n := b.rest
		if n == nil {
			if n = b.take(); n == nil {
				if b.leaving != nil && w.host.leave(b) || b.release() {
					return
				}
				continue
			}
		}
		if w.host.ended.Load() {
			return
		}
		b.rest, n.next = n.next, nil
		if n.task != nil {
			n.task.run(w, b, n)
		} else {
			w.relay(b, &n.delivery)
		}
	}
	w.host.pool.schedule(w, b)
}

// rescue turns a panic into the end of the host, by way of the actor's supervisor (H7). b stays taken.
func (w *worker) rescue(b *mailbox) {
	value := recover()
	if value == nil {
		return
	}
	failure := &Panic{Account: b.address, Value: value, Stack: debug.Stack()}
	defer func() {
		if recover() != nil { // the supervisor itself
			w.host.fail(failure)
		}
	}()
	b.invoker.EscalateFailure(failure, nil)
}

// node is a new one for the relay m; they are made many at a time.
func (w *worker) node(m *chain.Message) *node {
	if len(w.nodes) == 0 {
		w.nodes = make([]node, 64)
	}
	n := &w.nodes[0]
	w.nodes = w.nodes[1:]
	n.delivery.Message = m
	return n
}

// delivery is a new one for the external message m.
func (w *worker) delivery(m *chain.Message) *exec.Delivery {
	if len(w.deliveries) == 0 {
		w.deliveries = make([]exec.Delivery, 64)
	}
	d := &w.deliveries[0]
	w.deliveries = w.deliveries[1:]
	d.Message = m
	return d
}
