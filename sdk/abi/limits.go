package abi

// What a contract must know of the chain's limits (sdk/chain, limits.go) to fail with a clear reason.
const (
	MaxKey   = 256      // bytes of a key of the storage
	MaxValue = 64 << 10 // bytes of a value
	MaxName  = 64       // bytes of a method's name, and of an event's topic
	MaxSent  = 64       // messages sent by one handling

	MaxSigned = 64 << 10 // bytes of a message whose signature is verified
)

// EntrySchema is the entry that a Go contract has until it is finished: contracts/build runs it once, takes what it replies
// (a byte of Hook bits, then the Schema as JSON) and removes it.
const EntrySchema = "thinkey_schema"

// Bits that say which optional entries a module needs.
const (
	HookBounce = 1
	HookQuery  = 2
	HookMerge  = 4
)
