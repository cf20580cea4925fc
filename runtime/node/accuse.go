package node

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Who says one thing to some members and another thing to others is caught by one of them alone: it has both. So members tell
// each other of two claims that contradict each other. Who prepared an invalid block is found out by whoever replays the
// block, and not told of.

const (
	// accusations is how many accusations of one peer may wait to be looked at. More are lost: there is one of them a height.
	accusations = 4
	// accusationBytes bounds one: the largest committee, and two claims.
	accusationBytes = 1 << 20
	// maxFalse is after how many accusations that prove nothing a peer is not listened to any more: each costs two pairings.
	maxFalse = 4
)

// accusation is a case that a peer has.
type accusation struct {
	from keys.PublicKey
	raw  []byte
}

// errFalse is an accusation that proves nothing.
var errFalse = errors.New("its accusation proves nothing")

// accuse tells the others of a case that is new here.
func (m *member) accuse(k *evidence.Case) {
	if raw := k.Encode(); k.Contradiction != nil && len(raw) <= accusationBytes {
		m.Net.Spread(append([]byte{frameEvidence}, raw...))
	}
}

// accused hears of a case that a peer has, and says whether it waits to be looked at.
func (m *member) accused(from keys.PublicKey, raw []byte, taken func()) (waits bool) {
	if len(raw) > accusationBytes {
		m.watch.refused(from, untrue, fmt.Errorf("%w: it has %d bytes, more than %d", errFalse, len(raw), accusationBytes))
		return false
	}
	if waits = m.charges.put(from, accusation{from, raw}, len(raw), taken); !waits {
		m.watch.unheard.Inc()
	}
	return waits
}

// judgeAll looks at the accusations of others.
func (m *member) judgeAll() {
	defer m.charges.close()
	wrong := map[keys.PublicKey]int{}
	for {
		select {
		case <-m.ended:
			return
		case <-m.charges.wake:
		}
		for a, ok := m.charges.next(); ok && !m.hasEnded(); a, ok = m.charges.next() {
			m.consider(a, wrong)
		}
	}
}

// consider looks at an accusation, unless its maker was wrong too often.
func (m *member) consider(a accusation, wrong map[keys.PublicKey]int) {
	if wrong[a.from] >= maxFalse {
		return
	}
	err := m.believe(a.raw)
	if errors.Is(err, errFalse) {
		wrong[a.from]++
		m.watch.refused(a.from, untrue, err)
	} else if err != nil {
		m.watch.unkept(a.from, err)
	}
}

// believe files what another accuses a member of, and tells the others once, if it is proven and stands on this node's chain.
func (m *member) believe(raw []byte) error {
	n := m.node
	k, err := evidence.Decode(raw)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errFalse, err)
	case n.docket.has(evidence.Name(raw)):
		return nil
	case k.Contradiction == nil:
		return fmt.Errorf("%w: it is not of two claims", errFalse)
	case !n.docket.takes(k):
		return nil // proven or not: a member can contradict itself without end, and each time costs two pairings
	}
	before := &k.Contradiction.Before
	here, err := n.store.Header(n.chain, before.Height)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrPruned) {
		return nil // nobody's fault: this node is not there yet, or has begun behind it
	}
	if err != nil {
		return err
	}
	if here.Hash() != before.Hash() {
		return fmt.Errorf("%w: block %d is another one", errFalse, before.Height)
	}
	c, err := n.committees.Committee(n.network, k.Committee) // the header before names it: that of its epoch, whichever that is
	if err != nil {
		return err
	}
	if _, err := c.Guilty(&k.Contradiction.Evidence); err != nil {
		return fmt.Errorf("%w: %w", errFalse, err)
	}
	fresh, where, err := n.docket.file(k)
	if fresh {
		n.told("a peer has shown a member's guilt", k, where)
		m.accuse(k) // who told of it may not reach all
	}
	return err
}

// told logs a case.
func (n *Node) told(what string, k *evidence.Case, where string) {
	a := k.About()
	n.config.Log.Warn(what, "kind", a.Kind, "height", a.Height, "round", a.Round, "seats", len(a.Guilty), "member", a.Guilty[0].Member, "file", where)
}
