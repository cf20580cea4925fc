package block

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Before is the chain as a block finds it: its parent and the state after that.
type Before struct {
	Header *chain.Header
	Hash   chain.BlockHash
	State  exec.State
	// Tree authenticates State; Base is the version of it, nil for the committed one.
	Tree *merkle.Tree
	Base *merkle.Version
}

// Rules are what a node brings to every block of a chain beside its state.
type Rules struct {
	// Exists says whether a chain is in the tree; Programs what a message means to an account.
	Exists   func(chain.ID) bool
	Programs exec.Programs
	// Committee checks what its seats signed; nil on a chain that one validator runs.
	Committee *light.Committee
	// Each runs independent work: a worker pool in the node; nil is a loop.
	Each merkle.Each
	// Known, if set, says that the very signature of an external message was verified before, so that it is not verified
	// again.
	Known func(*chain.Message) bool
	// Mark, if set, is told when a stage of the work ends; for measuring.
	Mark func(Stage)
}

// Stage is a part of the work on a block, as measurements name it.
type Stage string

// The stages of a block: signatures of its inputs, handling its messages, σ with all that is listed by it, the
// state with its tree, and keeping it.
const (
	StageSignature Stage = "signature"
	StageExecution Stage = "execution"
	StageOrder     Stage = "order"
	StageState     Stage = "state"
	StageStore     Stage = "store"
)

func (r *Rules) mark(s Stage) {
	if r.Mark != nil {
		r.Mark(s)
	}
}

// Alone are the Exists of a network of one chain.
func Alone(id chain.ID) func(chain.ID) bool { return func(c chain.ID) bool { return c == id } }

// NoCommittee is the hash of the committee of a chain that one validator runs: nobody has to agree.
var NoCommittee = new(chain.Committee).Hash()

// Context is what the handlings of the next block may know, with the given time.
func (b *Before) Context(rules Rules, timeMillis uint64) (*exec.Context, error) {
	raw, err := b.State.Entry(chain.SystemAddress(b.Header.Chain), chain.KeyParams)
	if err != nil {
		return nil, err
	}
	params, err := chain.DecodeParams(raw)
	if err != nil {
		return nil, fmt.Errorf("params in the state: %w", err)
	}
	return &exec.Context{
		Network: b.Header.Network, Chain: b.Header.Chain, Height: b.Header.Height + 1, TimeMillis: timeMillis,
		Params: params, Exists: rules.Exists, Programs: rules.Programs, Code: b.Code,
	}, nil
}

// Committee are those who agree on the next block, as the state has them; no seats on a chain that one validator runs.
func (b *Before) Committee() (c chain.Committee, err error) {
	if b.Header.Next == NoCommittee {
		return c, nil
	}
	raw, err := b.State.Entry(chain.SystemAddress(b.Header.Chain), chain.KeyCommittee)
	if err != nil {
		return c, err
	}
	if c, err = chain.DecodeCommittee(raw); err != nil {
		return c, fmt.Errorf("committee in the state: %w", err)
	}
	return c, nil
}

// Code is the entry of published code; nil if there is none.
func (b *Before) Code(h chain.CodeHash) (*chain.CodeEntry, error) {
	raw, err := b.State.Entry(chain.SystemAddress(b.Header.Chain), chain.CodeKey(h))
	if err != nil || raw == nil {
		return nil, err
	}
	entry, err := chain.DecodeCodeEntry(raw)
	if err != nil {
		return nil, fmt.Errorf("code %s in the state: %w", h, err)
	}
	return &entry, nil
}

// Queue are the messages that wait in the state, in order, numbered from 0, and the extent of the queue.
func (b *Before) Queue() (chain.Queue, []*exec.Delivery, error) {
	system := chain.SystemAddress(b.Header.Chain)
	raw, err := b.State.Entry(system, chain.KeyQueue)
	if err != nil {
		return chain.Queue{}, nil, err
	}
	q, err := chain.DecodeQueue(raw)
	if err != nil {
		return q, nil, fmt.Errorf("queue in the state: %w", err)
	}
	var list []*exec.Delivery
	for n := q.Head; n < q.Tail; n++ {
		raw, err := b.State.Entry(system, chain.QueuedKey(n))
		if err != nil {
			return q, nil, err
		}
		m, err := chain.DecodeMessage(raw)
		if err != nil {
			return q, nil, fmt.Errorf("message %d of the queue in the state: %w", n, err)
		}
		list = append(list, &exec.Delivery{Message: m, Number: uint32(n - q.Head)})
	}
	return q, list, nil
}

// GasBudget is the gas that the handlings of a block may use: the chain's limit, or less where the bytes that so much gas
// could put into the block would not fit (chain.GasPerByte).
func GasBudget(p chain.Params) uint64 {
	const frame = 1 << 17 // header, counts, and the longest view and leaving lists
	return min(p.BlockGas, (uint64(p.BlockBytes)-frame)*chain.GasPerByte)
}

// queueBlocks is how many blocks' gas the messages of the pending queue may have bought, their bounces included. With
// gas.Bounce at least for each message they are fewer than chain.MaxBlockEvents.
const queueBlocks = 2

// FreshGas is the bound on the sum of the gas limits of a block's external inputs while carried-in messages are left over
// (SPEC 4.5): the chain's share, and nothing once what waits has bought more gas than a block has. Carried-in messages pay
// for what they send out of what they hold, so fresh inputs alone add to what the queue has bought: it stays below
// queueBlocks, and an honest proposer never has to make a block that breaks that.
func FreshGas(p chain.Params, carried []*exec.Delivery) uint64 {
	if bought(carried) > p.BlockGas {
		return 0
	}
	return p.BlockGas / 256 * uint64(p.FreshShare)
}

// bought is the gas that messages hold, that of their bounces included.
func bought(messages []*exec.Delivery) (units uint64) {
	for _, d := range messages {
		units += d.Message.GasLimit + gas.Bounce // fewer than 2^24 messages, each of less than 2^32
	}
	return units
}

// Genesis is the block at height 0: no inputs, and the state that g describes. The tree must be empty; it holds the state
// afterwards, and the changes are what a store must hold.
func Genesis(g *chain.Genesis, tree *merkle.Tree, each merkle.Each) (*chain.Header, []exec.Change, error) {
	issued, err := g.Issued()
	if err != nil {
		return nil, nil, err
	}
	system := chain.SystemAddress(g.Chain)
	changes := []exec.Change{
		{Slot: exec.Slot{Account: system, Key: chain.KeyParams}, After: g.Params.Encode()},
		{Slot: exec.Slot{Account: system, Key: chain.KeyIssued}, After: chain.EncodeAmount(issued)},
	}
	if len(g.Committee.Seats) > 0 {
		changes = append(changes, exec.Change{Slot: exec.Slot{Account: system, Key: chain.KeyCommittee}, After: g.Committee.Append(nil)})
	}
	for _, a := range g.Accounts {
		record := exec.Credit(g.Params, chain.Account{}, a.Balance)
		changes = append(changes, exec.Change{Slot: exec.Slot{Account: a.Address}, After: record.Encode()})
	}
	version, err := authenticate(tree, nil, changes, each)
	if err != nil {
		return nil, nil, err
	}
	if err := tree.Commit(version); err != nil {
		return nil, nil, err
	}
	none := chain.Hash(merkle.Root(nil))
	return &chain.Header{
		Network: g.Network(), Chain: g.Chain, Parent: g.Parent(), TimeMillis: g.TimeMillis,
		Roots:     chain.Roots{Inputs: none, Order: none, Receipts: none, Outbox: none, State: chain.Hash(version.Root())},
		Committee: g.Committee.Hash(), Next: g.Committee.Hash(),
	}, changes, nil
}
