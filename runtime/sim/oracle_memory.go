package sim

import (
	"bytes"

	"github.com/thinkey/thinkey/consensus/bft"
)

// remembered holds SPEC 5.6 across lives: the record that an honest node comes back with is the one that was durable last, or
// the one that it was writing when it crashed; unless it has another disk.
type remembered struct {
	blind
	last map[int][]byte // by node
}

func newRemembered(b blind) *remembered { return &remembered{b, map[int][]byte{}} }

func (o *remembered) kept(n *node, s *bft.Safety) { o.last[n.number] = s.Encode() }

func (o *remembered) restarted(n *node, p *past) {
	last, ok := o.last[n.number]
	if n.forgot {
		delete(o.last, n.number)
		return
	}
	got := p.safety.Encode()
	if ok && !bytes.Equal(got, last) && !bytes.Equal(got, n.attempt.Encode()) {
		o.w.violate("5.6 memory", n, "it comes back with another record of what it signed than was durable: of height %d, prepared in round %d", p.safety.Height, p.safety.Prepared.Round)
	}
	if ok {
		o.last[n.number] = got
	}
}
