package relay

import (
	"sync"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Chain is a chain of which this process has the data: what a node shows of it, all of it final. Errors are the world's; something
// that isn't there has an answer of its own.
//
// Header, Run and Place may be ErrNotHere.
type Chain interface {
	// Show is what the state after the last final block holds in slots, with proofs.
	Show(slots []exec.Slot) (*Shown, error)
	// Header is that of the block at a height, up to the last final one.
	Header(height uint64) (*chain.Header, error)
	// Run is a digest of the blocks from a height on: as many as fit into a message, and none behind a change of the committee. Nil
	// if there is no such block yet.
	Run(from uint64) (*chain.Digest, error)
	// Place proves leaf index of the accumulator of a list when it had count leaves: of the chain's own blocks if the list is the
	// chain itself, or of those recorded of a child.
	Place(list chain.ID, count, index uint64) (merkle.Place, error)
	// Recorded shows that a child's block is recorded, in the state after the block that did it; nil if it is not.
	Recorded(child chain.ID, height uint64) (*Recorded, error)
	// LastRecorded is the height of the last block of a child that was recorded by blocks up to a height; 0 if none was.
	LastRecorded(child chain.ID, height uint64) (uint64, error)
	// Released is the last time, in blocks up to a height, that value of a child was let through its valve without a block of it being
	// recorded; nil if there was none.
	Released(child chain.ID, height uint64) (*Recorded, error)
	// Expects is the newest proof, of a block up to a height, of the number that is expected next from another chain; nil if there
	// is none.
	Expects(from chain.ID, height uint64) (*Expects, error)
	// Departure is the height of the block that has the relay to a chain with a number; 0 if it was not sent yet.
	Departure(to chain.ID, number uint64) (uint64, error)
	// Departed are relays to a chain from number first on, of the block that has that one, as many as there is room for; nil if it was
	// not sent yet.
	Departed(to chain.ID, first uint64, room Room) (*Departed, error)
}

// Shown is a piece of a chain's final state.
type Shown struct {
	// Digest is of the last final block, alone.
	Digest chain.Digest
	Values [][]byte // nil where a slot is empty
	Proofs []merkle.StateProof
}

// Recorded is what a chain's state shows of a child after a block that recorded blocks of it.
type Recorded struct {
	Height uint64 // of the chain's block
	First  uint64 // of the child's blocks that were recorded together
	Entry  merkle.Accumulator
	State  merkle.StateProof
	// Left is what has left the child's branch for the chains that the recorded blocks sent value to.
	Left map[chain.ID]light.Left
}

// Expects is what a chain's state shows of the relays that it took in.
type Expects struct {
	Height uint64
	Next   uint64
	State  merkle.StateProof
}

// Departed are relays of one block to one chain.
type Departed struct {
	Header   chain.Header
	Messages []*chain.Message
	Places   merkle.MultiProof
}

// Room is what relays may take in a block: their bytes, and the gas that they bought. One is given however little there is.
type Room struct {
	Bytes int
	Gas   uint64
}

// Chains are the chains that this process has. All methods may be called from many goroutines.
type Chains struct {
	mu    sync.RWMutex // guards the rest
	list  map[chain.ID]Chain
	short map[pair]bool // by parent and child
	vain  map[pair]vain // by destination and source
}

// NewChains knows none yet.
func NewChains() *Chains {
	return &Chains{list: map[chain.ID]Chain{}, short: map[pair]bool{}, vain: map[pair]vain{}}
}

// setShort notes whether a digest of a child waits until its parent knows of more that came to it from above.
func (c *Chains) setShort(parent, child chain.ID, is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if is {
		c.short[pair{parent, child}] = true
		return
	}
	delete(c.short, pair{parent, child})
}

func (c *Chains) isShort(parent, child chain.ID) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.short[pair{parent, child}]
}

// Add makes a chain known; nil takes it away.
func (c *Chains) Add(id chain.ID, is Chain) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if is == nil {
		delete(c.list, id)
		return
	}
	c.list[id] = is
}

// Get is the chain; nil if it is not here.
func (c *Chains) Get(id chain.ID) Chain {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.list[id]
}
