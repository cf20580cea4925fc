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

// listen hands the replica what a peer said. A member that is in the next epoch already is heard again when this node is: its
// proposal would come again only after a while.
func (m *member) listen(h heard) error {
	from, ok := m.epoch.Roster.Number(h.from)
	if !ok {
		return nil
	}
	if h.epoch == m.epoch.Seats.Epoch+1 && m.epoch.Roster.Member(h.from) != bft.Outside {
		m.ahead.add(h)
	}
	return m.driver.Apply(bft.Received{From: from, Epoch: h.epoch, Message: h.message})
}

// ahead are messages of the epoch after this one, of nodes that have a seat in this one.
type ahead []heard

// aheadPerNode bounds them for each node, as package bft does for the next height: a proposal, a vote of each step, a timeout.
const aheadPerNode = 4

// Whole blocks are kept as little, and not of all nodes together: an epoch is long.
func (a *ahead) add(h heard) {
	proposal := false
	switch h.message.(type) {
	case *bft.Proposal:
		proposal = true
	case *bft.Vote, *bft.Timeout, *bft.Justification, *bft.Certified:
	default: // it is asked for, or an answer
		return
	}
	same := 0
	for i := range *a {
		if (*a)[i].from != h.from {
			continue
		}
		if _, also := (*a)[i].message.(*bft.Proposal); also && proposal {
			return
		}
		same++
	}
	if same < aheadPerNode {
		*a = bft.Keep(*a, h, func(h heard) bft.Message { return h.message })
	}
}

// hearAgain hands the replica what was said too early, in its order, once their epoch has begun.
func (m *member) hearAgain() (err error) {
	for err == nil && len(m.ahead) > 0 && m.ahead[0].epoch <= m.epoch.Seats.Epoch {
		h := m.ahead[0]
		m.ahead[0], m.ahead = heard{}, m.ahead[1:]
		err = m.listen(h)
	}
	return err
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
	m.spread.epoch.Store(e)
	c := e.Config
	c.Sign = func(d keys.BLSDomain, message []byte) committee.Part {
		return committee.Sign(m.Secret, d, message, e.Own)
	}
	c.PatienceMillis, c.ResendMillis = millis(m.Patience, defaultPatience), millis(m.Resend, defaultResend)
	return c, nil
}
