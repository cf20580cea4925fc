package node

import "github.com/thinkey/thinkey/cluster/transport"

// Standing is where a member stands in the agreement on its chain.
type Standing struct {
	// Round of the height after the head; more than 0 if leaders failed.
	Round uint32
	// Silent: it signs nothing until it can't contradict what it may have signed (SPEC 5.6).
	Silent bool
}

// Standing is where this node stands; zero without a committee.
func (n *Node) Standing() Standing {
	if at := n.standing.Load(); at != nil {
		return *at
	}
	return Standing{}
}

// Self is the process as others know it.
func (l *Links) Self() Neighbour {
	k, r := l.config.Key.Public(), l.mesh.Self()
	return Neighbour{
		Peer:  transport.Peer{Key: k, Member: l.isMember(k), Addr: r.Transport, Software: l.config.Software},
		Known: true, Alive: true, Record: r, Conflicts: l.mesh.Conflicts()[k],
	}
}
