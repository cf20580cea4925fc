package exec

import "github.com/thinkey/thinkey/sdk/chain"

// Slot names a value in the state: an account's record when Key is empty, an entry of its storage otherwise.
type Slot struct {
	Account chain.Address
	Key     string
}

// Write is a value that replaces what the slot held; nil removes it.
type Write struct {
	Slot
	Value []byte
}

// State reads the state before a block. Its errors are the world's: a disk, a damaged entry.
type State interface {
	// Account is the record of address; the zero record if there is none.
	Account(address chain.Address) (chain.Account, error)
	Entries
}

// Entries reads the storage of all accounts.
type Entries interface {
	// Entry is the value of key in the storage of address; nil if there is none.
	Entry(address chain.Address, key string) ([]byte, error)
	// Next is the first key of the storage of address, in the order of bytes, that begins with prefix and is greater than
	// after, or not less than prefix if after is empty; "" if there is none.
	Next(address chain.Address, prefix, after string) (key string, err error)
}

// Storage reads the storage of the one account that handles a message, earlier events of the block included.
type Storage interface {
	Entry(key string) ([]byte, error)
	// Next is as that of Entries.
	Next(prefix, after string) (key string, err error)
}

// Change is a value of the state before and after a block; nil stands for absent. A block's changes are enough to go back.
type Change struct {
	Slot
	Before, After []byte
}

// Record is the record of an account after a block.
type Record struct {
	Address chain.Address
	Account chain.Account
}
