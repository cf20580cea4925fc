package sim

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// justice holds that evidence is evidence, to who knows the committee alone, and that it is never against an honest member.
type justice struct{ blind }

func (o *justice) accused(n *node, e bft.Evidence) {
	if role := o.w.plan.role(int(e.From)); role == nil || role.Class == LostDisk {
		o.w.violate("justice", n, "it accuses member %d, which is honest", e.From)
		return
	}
	if !o.votes(e) && !o.timeouts(e) {
		o.w.violate("justice", n, "its evidence against member %d shows nothing", e.From)
	}
}

func (o *justice) votes(e bft.Evidence) bool {
	if len(e.Votes) != 2 {
		return false
	}
	a, b := &e.Votes[0], &e.Votes[1]
	if a.Step != b.Step || a.Height != b.Height || a.Round != b.Round || a.Block == b.Block {
		return false
	}
	return !slices.ContainsFunc(e.Votes, func(v bft.Vote) bool {
		s := chain.Vote{Step: v.Step, Network: o.w.origin.header.Network, Chain: here, Height: v.Height, Round: v.Round, Block: v.Block}
		return !o.signed(e.From, s.Domain(), s.Append(nil), v.Seats, v.Point)
	})
}

func (o *justice) timeouts(e bft.Evidence) bool {
	if len(e.Timeouts) != 2 {
		return false
	}
	a, b := &e.Timeouts[0], &e.Timeouts[1]
	if a.Height != b.Height || a.Round != b.Round || a.Timeout == b.Timeout {
		return false
	}
	return !slices.ContainsFunc(e.Timeouts, func(t bft.Timeout) bool {
		return !o.signed(e.From, keys.BLSTimeout, t.Timeout.Append(nil), t.Seats, t.Point)
	})
}

func (o *justice) signed(from bft.Peer, d keys.BLSDomain, message []byte, seats chain.Seats, point keys.BLSPoint) bool {
	_, bad := o.w.origin.committee.Signatures().Collect(d, []keys.BLSVote{{BLSSigned: light.Signed(message, seats), Point: point}})
	return len(bad) == 0 && string(seats) == string(o.w.origin.members[from])
}
