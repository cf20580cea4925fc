package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/thinkey/thinkey/actors/host"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// ErrQuestion is a question that no account can be asked: its words say why.
var ErrQuestion = errors.New("question refused")

const (
	// defaultQueryGas suffices to load any code that has not run lately, and a tenth of a second for the view itself.
	defaultQueryGas = 250_000_000
	// maxAsking is how many questions may be under way or wait for each that can run: a second's worth at the worst.
	maxAsking = 16
)

// asking bounds the views that run at once. They have slots of their own, and hold no lock while they run.
type asking struct {
	gas     uint64
	slots   chan struct{} // holds one for each that runs; full for good when the node is closed
	waiting *atomic.Int64 // those that run or want to
}

func newAsking(c *Config) asking {
	slots := cmp.Or(c.Queries, max(1, runtime.GOMAXPROCS(0)/2))
	return asking{cmp.Or(c.QueryGas, defaultQueryGas), make(chan struct{}, slots), new(atomic.Int64)}
}

// end waits for what runs, and lets nothing run any more.
func (a *asking) end() {
	for range cap(a.slots) {
		a.slots <- struct{}{}
	}
}

// Query runs a view of the account's code against the state after the last final block, which it returns too (SPEC 3.5). A
// gas limit of 0 stands for the most that is allowed. What the code makes of the question is in the Answer; an error is
// ErrQuestion, *host.Busy, store.ErrNotFound for an account of another chain, ErrStopped, ctx's or the disk's.
func (n *Node) Query(ctx context.Context, address chain.Address, q exec.Question) (exec.Answer, Head, error) {
	if err := n.checkQuestion(address, &q); err != nil {
		return exec.Answer{}, Head{}, err
	}
	defer n.asking.waiting.Add(-1)
	if most := int64(maxAsking * cap(n.asking.slots)); n.asking.waiting.Add(1) > most {
		return exec.Answer{}, Head{}, &host.Busy{What: "queries", Limit: int(most)}
	}
	select {
	case n.asking.slots <- struct{}{}:
	case <-ctx.Done():
		return exec.Answer{}, Head{}, ctx.Err()
	case <-n.stop:
		return exec.Answer{}, Head{}, ErrStopped
	}
	defer func() { <-n.asking.slots }()
	return n.ask(address, q)
}

func (n *Node) checkQuestion(address chain.Address, q *exec.Question) error {
	q.GasLimit = cmp.Or(q.GasLimit, n.asking.gas)
	switch {
	case address.Chain() != n.chain:
		return fmt.Errorf("account %s is on chain %d, and this node runs chain %d: %w", address, address.Chain(), n.chain, store.ErrNotFound)
	case q.Method == "" || len(q.Method) > chain.MaxMethodBytes:
		return fmt.Errorf("%w: a method of %d bytes (1 to %d)", ErrQuestion, len(q.Method), chain.MaxMethodBytes)
	case len(q.Input) > chain.MaxInputBytes:
		return fmt.Errorf("%w: input of %d bytes (limit %d)", ErrQuestion, len(q.Input), chain.MaxInputBytes)
	case q.GasLimit > n.asking.gas:
		return fmt.Errorf("%w: gas limit %d: the most is %d", ErrQuestion, q.GasLimit, n.asking.gas)
	}
	return nil
}

// ask runs the view. A broken assertion stops the node, as anywhere else.
func (n *Node) ask(address chain.Address, q exec.Question) (a exec.Answer, at Head, err error) {
	err = ErrStopped // what is returned if an assertion breaks
	defer n.stopOnPanic()
	v, c, at, err := n.finalState()
	if err != nil {
		return a, at, err
	}
	record, err := v.Account(address)
	if err == nil {
		a, err = exec.Query(c, address, record, exec.NewOverlay(address, record, v), q)
	}
	if err = errors.Join(err, v.Close()); err != nil && n.stopping() {
		err = ErrStopped // its engine was closed
	}
	return a, at, err
}

// finalState is the state after the head, which stays as it is until it is closed, and what a view of it may know: height
// and time are the head's.
func (n *Node) finalState() (*store.View, *exec.Context, Head, error) {
	n.see()
	defer n.mu.RUnlock()
	v, err := n.store.StateAt(n.chain, n.head.Header.Height)
	if err != nil {
		return nil, nil, n.head, err
	}
	before := block.Before{Header: n.head.Header, Hash: n.head.Hash, State: v}
	c, err := before.Context(n.rules, n.head.Header.TimeMillis)
	if err != nil {
		return nil, nil, n.head, errors.Join(err, v.Close())
	}
	c.Height = n.head.Header.Height
	return v, c, n.head, nil
}

// Code is published code.
type Code struct {
	Entry  chain.CodeEntry
	Warm   bool // a message in the next block doesn't pay for loading it
	Module []byte
}

// Code is the code that is published under a hash; store.ErrNotFound if none is.
func (n *Node) Code(hash chain.CodeHash) (Code, error) {
	c := n.nextContext()
	entry, err := c.Code(hash)
	switch {
	case err != nil:
		return Code{}, err
	case entry == nil:
		return Code{}, fmt.Errorf("code %s is not published on chain %d: %w", hash, n.chain, store.ErrNotFound)
	}
	loading, err := c.Loading(hash)
	if err != nil {
		return Code{}, err
	}
	module, err := n.store.Code(n.chain, hash)
	return Code{*entry, loading.Gas == 0, module}, err
}
