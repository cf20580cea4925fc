package byzantine

import (
	"math/rand/v2"
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Deviation is the one decision that a Byzantine member takes otherwise; all else of it is a node's own code.
type Deviation struct {
	Name string
	// Sends is what leaves in place of an honest message.
	Sends func(m *Member, s bft.Send) []bft.Send
	// Spoils changes the block that is proposed, and says whether there was anything of the kind to change.
	Spoils func(k *chain.Block, r *rand.Rand) bool

	// Those that follow take more than a network to stand between: they are the simulator's alone.

	// Mangles is the bytes that leave in place of an encoded message.
	Mangles func(m *Member, raw []byte) []byte
	// Builds: Sends makes blocks of its own.
	Builds bool
	// Censors says which messages don't come into a block.
	Censors func(m *chain.Message) bool
	// Gullible finds every block valid.
	Gullible bool
}

// Member is who deviates: all that its lies are made of. It signs with its own key and nobody else's.
type Member struct {
	Network   chain.NetworkID
	Rand      *rand.Rand
	MaxPacket int                // bytes that others take at once
	Peers     func() int         // numbered from 0 on: different ones can be told different things
	Epoch     func() *keep.Epoch // with the seats that it has now
	Sign      func(d keys.BLSDomain, m []byte) committee.Part
	Deviates  func() // is called whenever it does what its name says

	// At says whether its replica is in a round of a height, and Another makes a proposal of another block there: nil if it can't.
	At      func(height uint64, round uint32) bool
	Another func(round uint32) *bft.Proposal

	said []bft.Send // before
	huge []byte
}

// All are the deviations.
var All = slices.Concat([]*Deviation{
	{Name: "silent", Sends: silent}, {Name: "selective", Sends: selective}, {Name: "half-round", Sends: halfRound},
	{Name: "equivocate", Sends: equivocate}, {Name: "amnesia", Sends: amnesia}, {Name: "stale", Sends: stale},
	{Name: "forge-signatures", Sends: forge}, {Name: "forge-bitmaps", Sends: forgeBitmaps}, {Name: "lie", Sends: lie},
	{Name: "future", Sends: future}, {Name: "junk", Mangles: junk}, {Name: "oversize", Mangles: oversize},
	{Name: "usurp", Sends: usurp, Builds: true}, {Name: "unbound", Sends: unbound, Builds: true},
	{Name: "censor", Censors: censor}, {Name: "empty", Censors: func(*chain.Message) bool { return true }}, {Name: "gullible", Gullible: true},
}, spoilers)

// Named is the deviation of a name; nil if there is none.
func Named(name string) *Deviation {
	if i := slices.IndexFunc(All, func(d *Deviation) bool { return d.Name == name }); i >= 0 {
		return All[i]
	}
	return nil
}

// censor leaves out the messages of every second account.
func censor(m *chain.Message) bool { return m.From[len(m.From)-1]%2 == 0 }
