package node

import (
	"log/slog"
	"slices"
	"time"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/cluster/transport"
	"github.com/thinkey/thinkey/sdk/keys"
)

// dialing has the transport reach members that the mesh knows of: as many as it may, those with a seat first.
type dialing struct {
	host    *transport.Host
	member  func(keys.PublicKey) bool
	seated  func(keys.PublicKey) bool // of members
	log     *slog.Logger
	reached map[keys.PublicKey]bool
	said    time.Time // when it was last told that there are too many
}

// tooManyPause is how long after a line about too many members there is no other.
const tooManyPause = 10 * time.Minute

// look reaches those of the nodes that are to be reached now, and no others any more.
func (d *dialing) look(known []mesh.Member, now time.Time) {
	members := slices.DeleteFunc(slices.Clone(known), func(m mesh.Member) bool { return !d.member(m.Node) })
	chosen := choose(members, d.seated, d.reached, transport.MaxTargets)
	next := make(map[keys.PublicKey]bool, len(chosen))
	for _, m := range chosen {
		next[m.Node] = true
	}
	for k := range d.reached { // any order: each by itself, and before others are reached: they need the room
		if !next[k] {
			d.host.Forget(k)
		}
	}
	for _, m := range chosen {
		if err := d.host.Reach(m.Node, m.Transport); err != nil {
			d.log.Warn("a node is not connected", "error", err)
		}
	}
	d.reached = next
	if len(chosen) < len(members) && (d.said.IsZero() || now.Sub(d.said) >= tooManyPause) {
		d.said = now
		d.log.Warn("there are more members than a node dials: it dials those with a seat first", "members", len(members), "dialed", len(chosen))
	}
}

// choose is which of the members to reach, where there is room for so many: those with a seat, then those that are reached already, then others; of each
// kind those that come first.
func choose(members []mesh.Member, seated func(keys.PublicKey) bool, reached map[keys.PublicKey]bool, most int) []mesh.Member {
	var kinds [3][]mesh.Member
	for _, m := range members {
		switch {
		case seated(m.Node):
			kinds[0] = append(kinds[0], m)
		case reached[m.Node]:
			kinds[1] = append(kinds[1], m)
		default:
			kinds[2] = append(kinds[2], m)
		}
	}
	list := slices.Concat(kinds[:]...)
	return list[:min(len(list), most)]
}
