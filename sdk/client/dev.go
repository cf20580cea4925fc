package client

import (
	"slices"

	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

var devNames = []string{"alice", "bob", "charlie", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy"}

// DevNames are the accounts of a development network that have money from the start.
func DevNames() []string { return slices.Clone(devNames) }

// DevKey is the key of the account name of the development network with the seed. Everybody can compute it: it must never
// hold anything of value.
func DevKey(seed, name string) keys.PrivateKey {
	return keys.FromSeed(wire.Sum(wire.TagSeed, []byte(seed), []byte{0}, []byte(name)))
}
