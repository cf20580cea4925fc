package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Submit takes encoded external messages in and answers each (package ingress). Submission is idempotent: one that waits
// already or is final already is answered without a refusal.
func (n *Node) Submit(raws [][]byte) []ingress.Answer {
	answers := n.door.Submit(raws)
	if n.member != nil {
		n.member.forward(raws, answers)
	}
	for i := range answers {
		if a := &answers[i]; isNonceUsed(a.Refused) {
			if _, err := n.store.Find(n.chain, a.ID); err == nil {
				a.Refused = nil
			}
		}
	}
	n.metrics.submitted(answers)
	return answers
}

func isNonceUsed(err error) bool {
	var r *account.Refusal
	return errors.As(err, &r) && r.Kind == account.NonceUsed
}

// mempool is the live accounts as the door sees them: what they take is known to those who wait for it, and makes a block
// due.
type mempool struct{ *Node }

// Offer implements ingress.Mempool.
func (n mempool) Offer(c *exec.Context, messages []*chain.Message) []error {
	n.waiting.offer(messages)
	errs := n.host.Offer(c, messages)
	n.waiting.answered(messages, errs)
	if slices.Contains(errs, nil) {
		n.due()
	}
	return errs
}

// Waits implements ingress.Mempool.
func (n mempool) Waits(id chain.MessageID) bool {
	waits, _ := n.waiting.state(id)
	return waits
}

// Admit implements ingress.Mempool.
func (n mempool) Admit(c *exec.Context, m *chain.Message) error {
	record, err := n.store.State(n.chain).Account(m.From)
	if err != nil {
		return err
	}
	return account.Admit(c, n.config.Lane.OrDefault(), record, m)
}

// Info is what a node says of itself.
type Info struct {
	Network  chain.NetworkID
	Chain    chain.ID
	Genesis  *chain.Genesis // without its accounts
	Head     Head
	Params   chain.Params
	Pace     Pace
	Waiting  int // external messages in the mempool
	Resident int // accounts in memory
	Entries  int // accounts and storage entries in the state
	Uptime   time.Duration
	Dir      string
}

// Rest lets what a load left in memory leave it: accounts that have nothing to do. It waits for a block in the making: an account that can't handle a
// message before the next one has nothing to do, and must not forget that.
func (n *Node) Rest() {
	n.turn.Lock()
	defer n.turn.Unlock()
	n.host.Rest()
}

// Info is what the node is and where it stands. While it catches up, parameters and what is counted may be of blocks that are final and not
// durable here yet.
func (n *Node) Info() Info {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return Info{
		Network: n.network, Chain: n.chain, Genesis: &n.origin, Head: n.Head(), Params: n.next.Params, Pace: n.config.Pace,
		Waiting: n.host.Waiting(), Resident: n.host.Stats().Resident, Entries: n.tree.Len(), Uptime: time.Since(n.started), Dir: n.config.Dir,
	}
}

// Head is the last final block that is durable here. Nobody waits for it, nor holds up who catches up.
func (n *Node) Head() Head { return *n.durable.Load() }

// Chain is the chain that the node runs.
func (n *Node) Chain() chain.ID { return n.chain }

// Tree is which chains there are, as the chain knows at its head.
func (n *Node) Tree() chain.Tree { return n.limbs() }

// Entry is an entry of an account's storage at the head; nil if there is none.
func (n *Node) Entry(account chain.Address, key string) ([]byte, error) {
	n.see()
	defer n.mu.RUnlock()
	return n.store.State(n.chain).Entry(account, key)
}

// Has says which of some entries of an account's storage there are at the head: all at one, and while it looks no block is made final.
func (n *Node) Has(account chain.Address, keys []string) ([]bool, error) {
	n.see()
	defer n.mu.RUnlock()
	state, list := n.store.State(n.chain), make([]bool, len(keys))
	for i, key := range keys {
		value, err := state.Entry(account, key)
		if err != nil {
			return nil, err
		}
		list[i] = value != nil
	}
	return list, nil
}

// Child is what the chain has recorded of a child, and who certifies the child's next block; no seats if it doesn't know the child, or one validator
// runs that.
func (n *Node) Child(child chain.ID) (known chain.Known, next chain.Committee, err error) {
	n.see()
	defer n.mu.RUnlock()
	state, digests := n.store.State(n.chain), chain.DigestsAddress(n.chain)
	raw, err := state.Entry(digests, chain.ChildCommitteeKey(child))
	if raw == nil || err != nil {
		return known, next, err
	}
	if next, err = chain.DecodeCommittee(raw); err != nil {
		return known, next, err
	}
	if raw, err = state.Entry(digests, chain.ChildKey(child)); raw == nil || err != nil {
		return chain.Known{Epoch: next.Epoch, Committee: next.Hash()}, next, err
	}
	c, err := chain.DecodeChild(raw)
	return c.Known, next, err
}

// DecodeCommittee decodes a committee's keys, and remembers those it has decoded: light.Committees.
func (n *Node) DecodeCommittee(network chain.NetworkID, of chain.Committee) (*light.Committee, error) {
	return n.committees.Committee(network, of)
}

// Sealed is the digest of the block at a height alone. relay.ErrNotHere: it was before the state that the chain began with here.
func (n *Node) Sealed(height uint64) (*chain.Digest, error) {
	h, err := n.kept.Header(height)
	if err != nil {
		return nil, err
	}
	return n.kept.Sealed(h)
}

func (n *Node) slot(s exec.Slot) ([]byte, error) { return n.Entry(s.Account, s.Key) }

// AccountAt is an account at the head: asked of its live actor.
type AccountAt struct {
	Account chain.Account
	Head    Head
	// Waiting is how many of its external messages wait; Next the nonce that follows them.
	Waiting int
	Next    uint64
}

// Account asks the account's live actor for its final record.
func (n *Node) Account(address chain.Address) (AccountAt, error) {
	if address.Chain() != n.chain {
		return AccountAt{}, fmt.Errorf("account %s is on chain %d, and this node runs chain %d: %w", address, address.Chain(), n.chain, store.ErrNotFound)
	}
	n.see()
	defer n.mu.RUnlock()
	v, err := n.host.Ask(address)
	if err != nil {
		return AccountAt{}, err
	}
	return AccountAt{v.Account, n.head, v.Waiting, v.Next}, nil
}

// Proof is the record of an account at the head with its path to the state root.
type Proof struct {
	Record []byte // encoded; nil if there is no account, which the proof then shows
	Path   merkle.StateProof
	Head   Head
}

// Committee is who agrees on the block after the head, as the state says; no seats if one validator runs the chain.
func (n *Node) Committee() (chain.Committee, Head, error) {
	n.see()
	defer n.mu.RUnlock()
	c, err := (&block.Before{Header: n.head.Header, Hash: n.head.Hash, State: n.store.State(n.chain)}).Committee()
	return c, n.head, err
}

// committeesNow are those who agree on the block after the head, and those who did in the epoch before; no seats in the first.
func (n *Node) committeesNow() (now, former chain.Committee, err error) {
	n.see()
	defer n.mu.RUnlock()
	b := &block.Before{Header: n.head.Header, Hash: n.head.Hash, State: n.store.State(n.chain)}
	if now, err = b.Committee(); err != nil {
		return now, former, err
	}
	f, err := b.Former()
	return now, f.Committee, err
}

// Prove shows an account's record, or that it has none, to somebody who knows only the header (SPEC 4.7).
func (n *Node) Prove(address chain.Address) (Proof, error) {
	n.trunk.Lock()
	defer n.trunk.Unlock()
	n.see()
	defer n.mu.RUnlock()
	record, err := n.store.State(n.chain).Account(address)
	if err != nil {
		return Proof{}, err
	}
	p := Proof{Head: n.head}
	if record.Exists() {
		p.Record = record.Encode()
	}
	p.Path, err = n.tree.Prove(nil, merkle.AccountPath(address))
	return p, err
}

// Block is a final block with its events.
func (n *Node) Block(height uint64) (*block.History, []byte, error) {
	raw, _, err := n.store.Block(n.chain, height)
	if err != nil {
		return nil, nil, err
	}
	kept, err := n.store.Receipts(n.chain, height)
	if err != nil {
		return nil, nil, err
	}
	journal := &block.Journal{}
	if height > 0 {
		if journal, err = block.DecodeJournal(kept); err != nil {
			return nil, nil, err
		}
	}
	h, err := block.Read(raw, journal)
	return h, raw, err
}

// Message is where a message stands.
type Message struct {
	// Final is set once it was processed: where, and in which event of that block.
	Final *store.Place
	// Waits says that it was taken in and waits; Dropped why it will not come into a block.
	Waits   bool
	Dropped error
}

// ErrUnknown is a message that the node knows nothing of: never submitted here, or dropped long ago.
var ErrUnknown = errors.New("it is not known here")

// Message says where a message stands; ErrUnknown if the node has not heard of it.
func (n *Node) Message(id chain.MessageID) (Message, error) {
	waits, dropped := n.waiting.state(id) // before the store is asked: what is final there stops waiting afterwards
	place, err := n.store.Find(n.chain, id)
	switch {
	case err == nil:
		return Message{Final: &place}, nil
	case !errors.Is(err, store.ErrNotFound):
		return Message{}, err
	case !waits && dropped == nil:
		return Message{}, fmt.Errorf("%s: %w", id, ErrUnknown)
	}
	return Message{Waits: waits, Dropped: dropped}, nil
}

// Await returns when the message is final or dropped, or ctx ends. The place is that of its own handling; what it sent may
// still be under way.
func (n *Node) Await(ctx context.Context, id chain.MessageID) (Message, error) {
	if err := n.waiting.message(ctx, id); err != nil {
		return Message{}, err
	}
	if n.stopping() {
		return Message{}, ErrStopped
	}
	return n.Message(id)
}

// AwaitAbove returns when there is a final block above height, or ctx ends.
func (n *Node) AwaitAbove(ctx context.Context, height uint64) error {
	if n.Head().Header.Height > height {
		return nil
	}
	return n.waiting.above(ctx, height)
}

// AwaitRoom returns when fewer than below external messages wait, or ctx ends.
func (n *Node) AwaitRoom(ctx context.Context, below int) error {
	return n.waiting.room(ctx, func() bool { return n.Waiting() < below })
}
