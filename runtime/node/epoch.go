package node

import (
	"fmt"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// term is a node's part in one epoch of its chain; run's alone.
type term struct {
	seats     chain.Committee // as the state has it
	committee *light.Committee
	roster    *bft.Roster
	me        bft.Peer // Outside while the node has no seat: it follows then
}

// heard is a message of a peer, from its replica of an epoch.
type heard struct {
	from    keys.PublicKey
	epoch   uint64
	message bft.Message
}

// listen hands the replica what a peer said.
func (m *member) listen(h heard) error {
	from, ok := m.roster.Number(h.from)
	if !ok {
		return nil
	}
	return m.driver.Apply(bft.Received{From: from, Epoch: h.epoch, Message: h.message})
}

// Next implements driver.Epochs: the replica of the epoch that the head is in, or begins (SPEC 6.7). Who agrees stands in the
// state; so a node that starts again, wherever it stopped, has the same replica as one that went on.
func (m *member) Next() (bft.Config, error) {
	n := m.node
	n.mu.RLock()
	before := n.before()
	n.mu.RUnlock()
	seats, err := before.Committee()
	if err != nil {
		return bft.Config{}, err
	}
	former, err := before.Former()
	if err != nil {
		return bft.Config{}, err
	}
	t := term{seats: seats}
	if t.committee, err = n.committees.Committee(n.network, seats); err != nil {
		return bft.Config{}, fmt.Errorf("committee of epoch %d: %w", seats.Epoch, err)
	}
	t.roster = bft.NewRoster(t.committee)
	t.me = t.roster.Member(m.Node)
	own := t.committee.Held(m.Node)
	c := bft.Config{
		Committee: t.committee, Leaders: committee.NewLeaders(seats.Seed, len(seats.Seats)), Me: t.me,
		Sign: func(d keys.BLSDomain, message []byte) committee.Part {
			return committee.Sign(m.Secret, d, message, own)
		},
		PatienceMillis: millis(m.Patience, defaultPatience), ResendMillis: millis(m.Resend, defaultResend),
	}
	if len(former.Seats) > 0 {
		if c.Former, err = n.committees.Committee(n.network, former.Committee); err != nil {
			return bft.Config{}, fmt.Errorf("committee of epoch %d: %w", former.Epoch, err)
		}
		c.Begins = former.Last + 1
	}
	if m.term.committee != nil {
		n.config.Log.Info("an epoch begins", "chain", n.chain, "epoch", seats.Epoch, "height", c.Begins, "seats", len(seats.Seats), "own", own.Count())
	}
	m.term = t
	return c, nil
}
