package node

import (
	"math/rand/v2"
	"slices"

	"github.com/thinkey/thinkey/sdk/keys"
)

// followPauses is how many of its pauses without progress a node without a seat waits for a block before it asks for one.
const followPauses = 2

// peersNet is a Net that knows who is connected.
type peersNet interface{ Peers() []keys.PublicKey }

// follow asks one other how far it is, from a node without a seat that no block has come to for a while: members agree among themselves
// (bft.ForAll). Who is ahead answers with blocks.
func (m *member) follow() error {
	last := m.followed
	if m.followed = m.node.Head().Header.Height; m.epoch.Own.Count() > 0 || m.followed != last {
		return nil
	}
	var list []keys.PublicKey
	if net, ok := m.Net.(peersNet); ok {
		list = net.Peers()
	}
	if len(list) == 0 {
		list = slices.Collect(m.epoch.Roster.Members())
	}
	return m.ask(list[rand.IntN(len(list))])
}
