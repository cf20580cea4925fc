package cli

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/client"
)

// Main is chain 1, whatever that is called, and whoever else is called so: money for one would go to the other.
func TestChainCalledMain(t *testing.T) {
	b := book{chains: []client.Chain{{Chain: 1, Name: "testnet"}, {Chain: 7, Name: "main"}}}
	for _, text := range []string{"main", "testnet"} {
		if id, err := b.chain(text); err != nil || id != 1 {
			t.Errorf("%s: chain %d, %v", text, id, err)
		}
	}
}

// A chain that is called by another one's number doesn't take that away from it.
func TestChainCalledByNumber(t *testing.T) {
	b := book{chains: []client.Chain{{Chain: 1, Name: "main"}, {Chain: 2, Name: "3"}, {Chain: 3, Name: "b"}, {Chain: 4, Name: "3"}}}
	for _, text := range []string{"3", "b"} {
		if id, err := b.chain(text); err != nil || id != 3 {
			t.Errorf("%s: chain %d, %v", text, id, err)
		}
	}
}
