package block

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
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
	// Programs find what a message means to an account.
	Programs exec.Programs
	// Committees makes what checks the signatures of a committee, this chain's or another's, and may keep it; nil makes it anew each
	// time.
	Committees func(chain.NetworkID, chain.Committee) (*light.Committee, error)
	// Each runs independent work: a worker pool in the node; nil is a loop.
	Each merkle.Each
	// Known, if set, says that the very signature of an external message was verified before, so that it is not verified
	// again.
	Known func(*chain.Message) bool
	// Loads, if set, keeps for one block what the function says, which is asked for every message to code.
	Loads func(exec.LoadingOf) exec.LoadingOf
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

func (r *Rules) committee(network chain.NetworkID, c chain.Committee) (*light.Committee, error) {
	if r.Committees == nil {
		return light.NewCommittee(network, c)
	}
	return r.Committees(network, c)
}

// NoCommittee is the hash of the committee of a chain that one validator runs: nobody has to agree.
var NoCommittee = new(chain.Committee).Hash()

// Context is what the handlings of the next block may know, with the given time.
func (b *Before) Context(rules Rules, timeMillis uint64) (*exec.Context, error) {
	c := &exec.Context{
		Network: b.Header.Network, Chain: b.Header.Chain, Height: b.Header.Height + 1, TimeMillis: timeMillis,
		Programs: rules.Programs, Code: b.Code, System: b.system,
	}
	raw, err := b.system(chain.KeyParams)
	if err != nil {
		return nil, err
	}
	if c.Params, err = chain.DecodeParams(raw); err != nil {
		return nil, fmt.Errorf("params in the state: %w", err)
	}
	warm, err := b.warm()
	if err != nil {
		return nil, err
	}
	c.Loading = func(h chain.CodeHash) (exec.Loading, error) { return b.loading(&warm, h) }
	if rules.Loads != nil {
		c.Loading = rules.Loads(c.Loading)
	}
	if c.Tree, err = b.tree(); err != nil {
		return nil, err
	}
	if raw, err = b.system(chain.KeyFull); err != nil {
		return nil, err
	}
	if c.Full, err = chain.DecodeIDs(raw); err != nil {
		return nil, fmt.Errorf("full destinations in the state: %w", err)
	}
	return c, nil
}

// Next is the Context of a block that is made now: its time is not before the chain's block interval has passed.
func (b *Before) Next(rules Rules, nowMillis uint64) (*exec.Context, error) {
	c, err := b.Context(rules, nowMillis)
	if err == nil {
		c.TimeMillis = max(nowMillis, b.earliest(&c.Params))
	}
	return c, err
}

// earliest is the least time of the next block (SPEC 7.1): later than the parent's, by the chain's interval.
func (b *Before) earliest(p *chain.Params) uint64 {
	return b.Header.TimeMillis + uint64(max(p.BlockMillis, 1))
}

// system is an entry of the chain's own account.
func (b *Before) system(key string) ([]byte, error) {
	return b.State.Entry(chain.SystemAddress(b.Header.Chain), key)
}

// tree is which chains there are, as far as the state knows.
func (b *Before) tree() (chain.Tree, error) {
	raw, err := b.system(chain.KeyTree)
	if err != nil || raw == nil {
		return chain.Alone(b.Header.Chain), err
	}
	tree, err := chain.DecodeTree(raw)
	if err != nil {
		return nil, fmt.Errorf("tree in the state: %w", err)
	}
	return tree, nil
}

// epoch is that of the next block: it begins where the block before changed the committee (SPEC 6.7).
func (b *Before) epoch() (uint64, error) {
	if b.Header.Next == b.Header.Committee {
		return b.Header.Epoch, nil
	}
	c, err := b.Committee()
	return c.Epoch, err
}

// Committee are those who agree on the next block, as the state has them; no seats on a chain that one validator runs.
func (b *Before) Committee() (c chain.Committee, err error) {
	if b.Header.Next == NoCommittee {
		return c, nil
	}
	raw, err := b.system(chain.KeyCommittee)
	if err != nil {
		return c, err
	}
	if c, err = chain.DecodeCommittee(raw); err != nil {
		return c, fmt.Errorf("committee in the state: %w", err)
	}
	return c, nil
}

// Former are those who agreed in the epoch before, with the last block that they agreed on; no seats in the first epoch.
func (b *Before) Former() (f chain.Former, err error) {
	raw, err := b.system(chain.KeyFormer)
	if err != nil || raw == nil {
		return f, err
	}
	if f, err = chain.DecodeFormer(raw); err != nil {
		return f, fmt.Errorf("former committee in the state: %w", err)
	}
	return f, nil
}

// Agreed are those who agreed on the block before: the former ones, if that was the last of its epoch (SPEC 6.7).
func (b *Before) Agreed() (chain.Committee, error) {
	if b.Header.Next == b.Header.Committee {
		return b.Committee()
	}
	f, err := b.Former()
	return f.Committee, err
}

// Code is the entry of published code; nil if there is none.
func (b *Before) Code(h chain.CodeHash) (*chain.CodeEntry, error) {
	raw, err := b.system(chain.CodeKey(h))
	if err != nil || raw == nil {
		return nil, err
	}
	entry, err := chain.DecodeCodeEntry(raw)
	if err != nil {
		return nil, fmt.Errorf("code %s in the state: %w", h, err)
	}
	return &entry, nil
}

// warm says which code has run lately.
func (b *Before) warm() (w chain.Warm, err error) {
	raw, err := b.system(chain.KeyWarm)
	if err != nil {
		return w, err
	}
	if w, err = chain.DecodeWarm(raw); err != nil {
		return w, fmt.Errorf("warm code in the state: %w", err)
	}
	return w, nil
}

// loading is what it costs to load published code.
func (b *Before) loading(w *chain.Warm, h chain.CodeHash) (exec.Loading, error) {
	entry, err := b.running(h)
	if err != nil || w.Has(entry.Ran) {
		return exec.Loading{}, err
	}
	return exec.Loading{Gas: entry.Load, Given: w.Gives()}, nil
}

// running is the entry of code that an account has: it was published, and stays.
func (b *Before) running(h chain.CodeHash) (chain.CodeEntry, error) {
	entry, err := b.Code(h)
	if err == nil && entry == nil {
		err = fmt.Errorf("code %s in the state: an account has it, and it is not published", h)
	}
	if err != nil {
		return chain.CodeEntry{}, err
	}
	return *entry, nil
}

// Queue are the messages that wait in the state, in order, numbered from 0, and the extent of the queue.
func (b *Before) Queue() (chain.Queue, []*exec.Delivery, error) {
	raw, err := b.system(chain.KeyQueue)
	if err != nil {
		return chain.Queue{}, nil, err
	}
	q, err := chain.DecodeQueue(raw)
	if err != nil {
		return q, nil, fmt.Errorf("queue in the state: %w", err)
	}
	var list []*exec.Delivery
	for n := q.Head; n < q.Tail; n++ {
		raw, err := b.system(chain.QueuedKey(n))
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
	own := uint64(p.BlockBytes - p.BlockBytes/chain.ArrivedShare)
	return min(p.BlockGas, (own-frame)*chain.GasPerByte)
}

// queueBlocks is how many blocks' gas the messages of the pending queue may have bought, their bounces included. With
// gas.Bounce at least for each message they are fewer than chain.MaxBlockEvents.
const queueBlocks = 2

// FreshGas is the bound on the sum of the gas limits of a block's external inputs while carried-in messages are left over
// (SPEC 4.5): the chain's share, and nothing once what waits has bought more gas than a block has. Carried-in messages pay
// for what they send out of what they hold, so fresh inputs and imports alone add to what the queue has bought, and importGas lets
// in no more than there is room for: it stays below queueBlocks, or below what it was if the chain's gas limit was lowered meanwhile, and an
// honest proposer never has to make a block that breaks that.
func FreshGas(p chain.Params, queue chain.Queue) uint64 {
	if queue.Gas > p.BlockGas {
		return 0
	}
	return p.BlockGas / 256 * uint64(p.FreshShare)
}
