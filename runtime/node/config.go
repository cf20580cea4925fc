package node

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Pace says when a node makes blocks.
type Pace struct {
	// Every makes a block at this interval when there is something for it; 0 as soon as there is (automatic).
	Every time.Duration
	// Manual makes blocks on demand only.
	Manual bool
}

// ParsePace reads "auto", "manual" or a duration from 10ms to 1h.
func ParsePace(s string) (Pace, error) {
	switch s {
	case "auto":
		return Pace{}, nil
	case "manual":
		return Pace{Manual: true}, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 10*time.Millisecond || d > time.Hour {
		return Pace{}, fmt.Errorf("block pace %q: write auto, manual, or an interval from 10ms to 1h, such as 500ms", s)
	}
	return Pace{Every: d}, nil
}

// String is what ParsePace reads.
func (p Pace) String() string {
	switch {
	case p.Manual:
		return "manual"
	case p.Every == 0:
		return "auto"
	}
	return p.Every.String()
}

// Config is what a node is made of.
type Config struct {
	// Dir holds the data; empty keeps it in memory.
	Dir string
	// Store, if set, is shared with nodes of other chains, and nobody's to close here; Dir is not looked at then.
	Store *store.Store
	// Inbound has what comes from other chains; nil for a chain that is alone. Committed, if set, is called when a block is final; it
	// must not wait.
	Inbound   Inbound
	Committed func()
	// Genesis of the chain; with data in Dir it may be nil, and must be the one of the data if it is not.
	Genesis *chain.Genesis
	Pace    Pace
	// Heartbeat is how long a chain may go without a block (SPEC 5.7).
	Heartbeat time.Duration
	// BlockTime bounds the time that the handlings of one block take; what is left over then waits (SPEC 4.5).
	BlockTime time.Duration
	Workers   int // goroutines for independent work
	// MaxResident bounds the accounts in memory; Lane their waiting messages.
	MaxResident int
	Lane        account.Limits
	// Engine makes what runs code, given where code is read by its hash; nil for a chain without code. The node closes it.
	Engine Compile
	// QueryGas is the most gas that a view may use [100 million: a tenth of a second], and Queries how many run at once, beside
	// the making of blocks [half of the cores]. Zero stands for the default.
	QueryGas uint64
	Queries  int
	// KeepStates is how many blocks back the state can be asked for; 0 for all.
	KeepStates uint64
	// CacheBytes bounds the cache of the store, what waits there to be written to tables included: 32 MiB for each table in the making.
	// With 64 MiB there was no room left for blocks of tables while one was written, and they were read again for every account.
	CacheBytes int64
	// Volatile lets a node that is killed lose what it hasn't synced (store.Options).
	Volatile bool
	// Offset is how far the node's clock is ahead; for tests.
	Offset time.Duration
	Log    *slog.Logger
	// Member is this node's place in the committee of its chain; nil on a chain that one validator runs.
	Member *Member
	// Elected, if set, is the committee that is registered for the chain: the one that will agree next, or that does.
	Elected func() chain.Committee
	// Join, if set, lets an empty directory of a member begin with a state, and not with the genesis.
	Join *Join
	// Checkpoint, if set, is a block that the chain must have.
	Checkpoint *Checkpoint
	// process, if the node is one of several; it knows those of the other chains.
	process *Process
	// pieces is how long a piece of a state is, step how far offered states are apart, back how far behind the head; 0 for pieceBytes, stateStep and
	// stateBack. For tests: all nodes must cut alike.
	pieces     int
	step, back uint64
	// Mark, if set, is told when a stage of the work ends; for measuring.
	Mark func(block.Stage)
	// Fatal is called once when the node can't go on: a broken assertion, a disk that fails. It should end the process; it
	// must not call back into the node.
	Fatal func(error)
}

// Compile makes what runs code, given where code is read by its hash.
type Compile = func(source func(chain.CodeHash) ([]byte, error)) (Engine, error)

// Engine runs code (contracts/wasm).
type Engine interface {
	native.Codes
	// Prepare is told of code that a final block publishes, so that it is ready when it becomes callable. It returns at once.
	Prepare(hash chain.CodeHash, code []byte)
	// Ready says whether Run would begin soon. If not, the code is made ready, and then is called when it is, or with why it
	// can't be.
	Ready(hash chain.CodeHash, then func(error)) bool
	Close() error
}

// Defaults are a Config without directory and genesis, for a machine like this one.
func Defaults() Config {
	return Config{
		Heartbeat: 10 * time.Second, BlockTime: 500 * time.Millisecond, Workers: runtime.GOMAXPROCS(0),
		MaxResident: 100_000, Lane: account.DefaultLimits(), CacheBytes: 128 << 20, Log: slog.Default(),
	}
}

// clock is the time as this node has it.
func (c *Config) clock() time.Time { return time.Now().Add(c.Offset) }

// ErrOtherGenesis is a data directory that holds another network than the genesis given.
var ErrOtherGenesis = errors.New("data directory holds another network: start it with the same genesis, or choose another directory")

// ErrAgreed is a block on demand on a chain with a committee: its leader makes blocks, when there is something for them.
var ErrAgreed = errors.New("blocks of this chain are agreed on by its committee, and not made on demand")

// ErrStopped is an answer that can't be given any more, because the node is closing or has failed.
var ErrStopped = errors.New("the node is stopping")
