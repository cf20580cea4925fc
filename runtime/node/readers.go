package node

import (
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Restricted says whether the chain serves its blocks and state to readers alone (SPEC 7.3, 13.4). Its relays go to those who take them in, too
// (mayTake); what its digests and envelopes show stays public where these carry it, and messages are taken as from everybody: who may write is
// another list.
func (n *Node) Restricted() bool { return len(n.nextContext().Params.Readers) > 0 }

// mayRead says whether a node is served: it is listed as a reader or as one that may validate, or has a seat, or will have one, and so must have the
// state when its epoch begins. A node proves its key when it connects.
func (n *Node) mayRead(node keys.PublicKey) bool {
	p := n.nextContext().Params
	if chain.Allows(p.Readers, node) || len(p.Validators) > 0 && chain.Allows(p.Validators, node) {
		return true
	}
	raw, err := n.Entry(chain.SystemAddress(n.chain), chain.KeyCommittee)
	if err != nil {
		return false
	}
	c, err := chain.DecodeCommittee(raw)
	if err == nil && n.config.Elected != nil {
		c.Seats = slices.Concat(c.Seats, n.config.Elected().Seats)
	}
	return err == nil && slices.ContainsFunc(c.Seats, func(s chain.Seat) bool { return s.Node == node })
}
