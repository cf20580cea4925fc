package abi

// What a contract must know of the chain's limits (sdk/chain, limits.go) to fail with a clear reason.
const (
	MaxKey   = 256      // bytes of a key of the storage
	MaxValue = 64 << 10 // bytes of a value
	MaxName  = 64       // bytes of a method's name, and of an event's topic
	MaxSent  = 64       // messages sent by one handling

	MaxSigned = 64 << 10 // bytes of a message whose signature is verified
)
