package sim

import (
	"slices"

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
	// mangles is the bytes that leave in place of an encoded message.
	mangles func(n *node, raw []byte) []byte
	// builds is the block that is proposed in place of an honest one; nil for the honest one.
	builds func(n *node, r *block.Result) []byte
	// censors says which messages don't come into a block.
	censors func(m *chain.Message) bool
	// brings adds what it must not to what a block takes in from other chains.
	brings func(n *node, a *block.Arrival) error
	// gullible finds every block valid.
	gullible bool
}

// deviations are all of them.
var deviations = slices.Concat([]*deviation{
	{name: "silent", sends: silent}, {name: "selective", sends: selective}, {name: "half a round", sends: halfRound},
	{name: "equivocate", sends: equivocate}, {name: "amnesia", sends: amnesia}, {name: "stale", sends: stale},
	{name: "forge signatures", sends: forge}, {name: "forge bitmaps", sends: forgeBitmaps}, {name: "lie about blocks", sends: lie},
	{name: "from the future", sends: future}, {name: "junk", mangles: junk}, {name: "oversize", mangles: oversize},
	{name: "usurp", sends: usurp}, {name: "unbound", sends: unbound},
	{name: "censor", censors: censor}, {name: "empty", censors: func(*chain.Message) bool { return true }}, {name: "gullible", gullible: true},
}, badBlocks())

func deviationNamed(name string) *deviation {
	for _, d := range slices.Concat(deviations, arrivalDeviations) {
		if d.name == name {
			return d
		}
	}
	return nil
}

// deviates counts that a member did what its name says.
func (n *node) deviates() { n.w.census.add("byzantine: " + n.deviation.name) }
