package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// disk is what of a node outlives a crash: a model, or the store itself (Tier). What can't be written is store.ErrDiskFull,
// what isn't as it was written store.ErrDamaged.
type disk interface {
	// load begins a life with what is there. A crash may fall into it.
	load(h how) (*past, error)
	// state is that after the last block; safety the last record. They may be asked for in a life alone, like what follows.
	state() exec.State
	// relays is what it has for other chains.
	relays() keep.Relays
	safety() (bft.Safety, error)
	write(s *bft.Safety, body *bft.Body, h how) error
	commit(f *bft.Final, r *block.Result, prove keep.Prove, h how) error
	finals(from uint64) ([]bft.Final, error)
	// crash ends the life: what is not durable is lost.
	crash()
	// copy is a backup.
	copy() disk
	fill(full bool)
	// rot damages something, between two lives, and says what.
	rot() (string, error)
	close() error
}

// how something is written.
type how int

const (
	whole how = iota
	torn      // a crash follows that comes into it
)

// past is what a life begins with.
type past struct {
	head   bft.Head
	safety bft.Safety
	bodies []bft.Body
	tree   *merkle.Tree
}

// newDisk is a disk with the genesis on it, and what its node has signed: nothing, or what it doesn't know.
func newDisk(w *World, first bft.Safety) (disk, error) {
	if w.plan.Tier == Store {
		return newStored(w, first)
	}
	return newModel(w, first), nil
}
