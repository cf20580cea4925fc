package node

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/keys"
)

// heard is a message of a peer, from its replica of an epoch.
type heard struct {
	from    keys.PublicKey
	epoch   uint64
	message bft.Message
}

// listen hands the replica what a peer said.
func (m *member) listen(h heard) error {
	from, ok := m.epoch.Roster.Number(h.from)
	if !ok {
		return nil
	}
	return m.driver.Apply(bft.Received{From: from, Epoch: h.epoch, Message: h.message})
}

// Next implements driver.Epochs. A node that has no seat in the epoch follows.
func (m *member) Next() (bft.Config, error) {
	n := m.node
	n.mu.RLock()
	before := n.before()
	n.mu.RUnlock()
	e, err := keep.EpochOf(before, n.committees.Committee, m.Node)
	if err != nil {
		return bft.Config{}, err
	}
	if m.epoch != nil {
		n.config.Log.Info("an epoch begins", "chain", n.chain, "epoch", e.Seats.Epoch, "height", e.Config.Begins, "seats", len(e.Seats.Seats), "own", e.Own.Count())
	}
	m.epoch = e
	c := e.Config
	c.Sign = func(d keys.BLSDomain, message []byte) committee.Part {
		return committee.Sign(m.Secret, d, message, e.Own)
	}
	c.PatienceMillis, c.ResendMillis = millis(m.Patience, defaultPatience), millis(m.Resend, defaultResend)
	return c, nil
}
