package node

import (
	"testing"

	"github.com/thinkey/thinkey/runtime/byzantine"
)

// Whatever rule one member of four breaks, the others agree and go on, as leader and as voter.
func TestCommitteeByzantine(t *testing.T) {
	for _, mode := range byzantine.Names() {
		t.Run(mode, func(t *testing.T) {
			r := newCommittee(t, 4)
			for i := range r.nodes {
				c := r.config(i, true)
				if i == int(firstLeader(t, r)) {
					node, secret := memberKeys(i)
					c.Member.Twist = byzantine.Twist(mode, byzantine.Self{
						Network: r.genesis.Network(), Committee: r.genesis.Committee, Secret: secret, Seats: r.genesis.Committee.Held(node), Peers: 4,
					})
				}
				r.nodes[i] = open(t, c)
			}
			evil := int(firstLeader(t, r))
			honest := (evil + 1) % 4
			for k := range uint64(5) {
				r.payHonest(honest, evil, payment(r.nodes[honest], 1, 2, 1, k))
			}
		})
	}
}
