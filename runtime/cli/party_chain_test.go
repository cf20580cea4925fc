package cli

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/client"
)

// A chain that is called by another one's number doesn't take that away from it.
func TestChainCalledByNumber(t *testing.T) {
	b := book{chains: []client.Chain{{Chain: 1, Name: "main"}, {Chain: 2, Name: "3"}, {Chain: 3, Name: "b"}, {Chain: 4, Name: "3"}}}
	for _, text := range []string{"3", "b"} {
		if id, err := b.chain(text); err != nil || id != 3 {
			t.Errorf("%s: chain %d, %v", text, id, err)
		}
	}
}
