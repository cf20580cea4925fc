package sim

import "github.com/thinkey/thinkey/consensus/bft"

// waiting holds SPEC 5.10: a message that an honest node has taken waits there, for as long as the node lives, until it is
// final, expires, or is found at its turn to be none that can be handled; and of nothing else it tells the others again.
type waiting struct{ blind }

func (o *waiting) committed(n *node, f *bft.Final) {
	if !n.honest() {
		return
	}
	for _, m := range n.pool.taken {
		a := n.pool.account(m.From)
		if a.Final().Nonce > m.Nonce || m.ValidUntil <= f.Certificate.Height {
			continue
		}
		if w := a.At(m.Nonce); w == nil || w.ID() != m.ID() {
			o.w.violate("5.10 waiting", n, "message %s, which it has taken, is neither final at height %d nor does it wait", m.ID(), f.Certificate.Height)
		}
	}
	n.pool.forget()
	if offers, waits := n.pool.offers.Len(), n.pool.waiting(); offers != waits {
		o.w.violate("5.10 waiting", n, "%d messages wait, and it offers %d to the others", waits, offers)
	}
}
