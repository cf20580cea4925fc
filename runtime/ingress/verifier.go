package ingress

import (
	"sync"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// verifier checks signatures for many callers. Small submissions that arrive while one batch is being verified make up the
// next one, so batches grow with load and nobody waits when there is none.
type verifier struct {
	each merkle.Each

	mu      sync.Mutex // guards the fields below
	idle    sync.Cond  // signalled when there is something to do
	waiting []*request
	closed  bool

	done chan struct{} // closed when the goroutine has ended
}

type request struct {
	messages []*chain.Message
	faults   []error
	ready    chan struct{}
}

const (
	// alone is a submission that is large enough to be a batch of its own.
	alone = 128
	// batch bounds what is verified together, so that the first caller of a burst doesn't wait for the last.
	batch = 1024
)

func newVerifier(each merkle.Each) *verifier {
	v := &verifier{each: each, done: make(chan struct{})}
	v.idle.L = &v.mu
	go v.work()
	return v
}

func (v *verifier) close() {
	v.mu.Lock()
	v.closed = true
	v.idle.Signal()
	v.mu.Unlock()
	<-v.done
}

// verify returns an error for each message: nil or a *Refusal.
func (v *verifier) verify(messages []*chain.Message) []error {
	if len(messages) == 0 {
		return nil
	}
	if len(messages) >= alone {
		return refuseSignatures(block.Signatures(messages, v.each))
	}
	r := &request{messages: messages, ready: make(chan struct{})}
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return stopped(len(messages))
	}
	v.waiting = append(v.waiting, r)
	v.idle.Signal()
	v.mu.Unlock()
	<-r.ready
	return refuseSignatures(r.faults)
}

func (v *verifier) work() {
	defer close(v.done)
	for {
		requests := v.next()
		if requests == nil {
			return
		}
		var all []*chain.Message
		for _, r := range requests {
			all = append(all, r.messages...)
		}
		faults := block.Signatures(all, v.each)
		for _, r := range requests {
			r.faults, faults = faults[:len(r.messages)], faults[len(r.messages):]
			close(r.ready)
		}
	}
}

// next waits for requests and takes a batch of them; nil when the verifier was closed and none are left.
func (v *verifier) next() []*request {
	v.mu.Lock()
	defer v.mu.Unlock()
	for len(v.waiting) == 0 {
		if v.closed {
			return nil
		}
		v.idle.Wait()
	}
	n, size := 0, 0
	for n < len(v.waiting) && size < batch {
		size += len(v.waiting[n].messages)
		n++
	}
	requests := v.waiting[:n:n]
	v.waiting = v.waiting[n:]
	return requests
}

func refuseSignatures(faults []error) []error {
	for i, err := range faults {
		if err != nil {
			faults[i] = refuseSignature(err)
		}
	}
	return faults
}

func stopped(n int) []error {
	faults := make([]error, n)
	for i := range faults {
		faults[i] = &Refusal{Code: CodeStopped, Words: "the node is stopping", Hint: "submit to another node, or again later"}
	}
	return faults
}
