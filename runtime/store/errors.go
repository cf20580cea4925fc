package store

import "errors"

// What can go wrong, and what the caller can do about it.
var (
	// ErrNotFound: nothing is stored under the name; for Head, the chain was never initialised: call Init.
	ErrNotFound = errors.New("not found")
	// ErrDamaged: bytes on disk are not those that were written. What else is in the directory may be damaged too: stop,
	// and let the node fetch the chain from its peers into a new directory, or restore a backup.
	ErrDamaged = errors.New("stored data is damaged")
	// ErrPruned: the undo records back to that height are gone (Options.KeepStates). Ask a node that keeps more.
	ErrPruned = errors.New("state is no longer kept")
	// ErrInUse: another process, or another Store of this one, has the directory open.
	ErrInUse = errors.New("data directory is in use")
	// ErrFormat: the directory was written in a layout that this version doesn't know.
	ErrFormat = errors.New("data directory has another format")
	// ErrOrder: the block doesn't follow the head: a mistake of the caller's, nothing was written.
	ErrOrder = errors.New("block does not follow the head")
	// ErrInitialised: the chain has a genesis already.
	ErrInitialised = errors.New("chain is initialised already")
	// ErrDiskFull: so little room is left that a commit could fail halfway: nothing was written. Make room and try again.
	ErrDiskFull = errors.New("disk is nearly full")
	// ErrBackground: pebble can't write tables at present: nothing was written. It tries again by itself.
	ErrBackground = errors.New("background writes are failing")
)
