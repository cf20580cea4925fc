package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// deviation is the one decision that a Byzantine member takes otherwise; all else of it is a node's own code. Each is counted
// when it happens.
type deviation struct {
	name string
	// sends is what leaves in place of an honest message.
	sends func(n *node, s bft.Send) []bft.Send
	// builds is the block that is proposed in place of an honest one; nil for the honest one.
	builds func(n *node, r *block.Result) []byte
	// censors says which messages don't come into a block.
	censors func(m *chain.Message) bool
	// gullible finds every block valid.
	gullible bool
}

// deviations are all of them.
var deviations = []*deviation{}

func deviationNamed(name string) *deviation {
	for _, d := range deviations {
		if d.name == name {
			return d
		}
	}
	return nil
}

// deviates counts that a member did what its name says.
func (n *node) deviates() { n.w.census.add("byzantine: " + n.deviation.name) }
