package node

import (
	"slices"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// served is what this node does now (SPEC 6.8): everything for the chains that run here, and a vote where it has a seat in this epoch. Before the
// process is known it does nothing.
func (l *Links) served() []mesh.Served {
	l.reading.Lock()
	defer l.reading.Unlock()
	if l.process == nil {
		return nil
	}
	var roles []chainRoles
	for _, n := range l.process.Nodes() {
		r := chainRoles{n.Chain(), mesh.Common}
		if n.First() == 1 { // it has the chain's history
			r.roles |= mesh.Data
		}
		if c, _, err := n.committeesNow(); err == nil && sits(&c, l.config.Key.Public()) {
			r.roles |= mesh.Seat
		}
		roles = append(roles, r)
	}
	return runs(roles)
}

// chainRoles is what a node does for one chain.
type chainRoles struct {
	chain chain.ID
	roles mesh.Roles
}

// sits says whether a node has a seat.
func sits(c *chain.Committee, k keys.PublicKey) bool {
	return slices.ContainsFunc(c.Seats, func(s chain.Seat) bool { return s.Node == k })
}

// runs puts chains, in order, together where they follow each other. A record has no room for more than the first runs: others still learn of
// the rest from the node itself, when it opens the chain's channel.
func runs(list []chainRoles) (out []mesh.Served) {
	for _, c := range list {
		if n := len(out); n > 0 && out[n-1].Roles == c.roles && out[n-1].First+chain.ID(out[n-1].Count) == c.chain {
			out[n-1].Count++
			continue
		}
		if len(out) == mesh.MaxServed {
			break
		}
		out = append(out, mesh.Served{First: c.chain, Count: 1, Roles: c.roles})
	}
	return out
}
