package node

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/keys"
)

// What somebody brought to one member alone is told to all (relay.Bag): else it would wait until that one leads, and be lost if it stops
// before.

// envelopes is how many frames with an envelope of one peer may wait to be looked at. More are lost; their senders tell of them again.
const envelopes = 2

// carried is an envelope that a node tells of.
type carried struct {
	from keys.PublicKey
	raw  []byte
}

// delivered says that an envelope was brought here.
func (m *member) delivered() {
	select {
	case m.brought <- struct{}{}:
	default:
	}
}

// sendEnvelopes tells the others of envelopes, if it is time for that; sooner than else after a failed round.
func (m *member) sendEnvelopes(failed bool) {
	bag, ok := m.node.config.Inbound.(*relay.Bag)
	if !ok {
		return
	}
	now := m.node.waiting.millis()
	if failed {
		bag.Failed(now)
	}
	raws, err := bag.Again(m.node.nextArrival, now)
	if err != nil {
		m.node.fatal(fmt.Errorf("envelopes that wait: %w", err))
		return
	}
	for _, raw := range raws {
		m.Net.Spread(append([]byte{frameEnvelope}, raw...))
	}
}

// isTold hears of an envelope that a peer has, and says whether it waits to be looked at.
func (m *member) isTold(from keys.PublicKey, raw []byte, taken func()) (waits bool) {
	if waits = m.told.put(from, carried{from, raw}, len(raw), taken); !waits {
		m.watch.lost(1)
	}
	return waits
}

// hearEnvelopes looks at what others tell of.
func (m *member) hearEnvelopes() {
	defer m.told.close()
	bag, ok := m.node.config.Inbound.(*relay.Bag)
	for {
		select {
		case <-m.ended:
			return
		case <-m.told.wake:
		}
		for c, more := m.told.next(); more && !m.hasEnded(); c, more = m.told.next() {
			if ok {
				m.hearEnvelope(bag, c)
			}
		}
	}
}

func (m *member) hearEnvelope(bag *relay.Bag, c carried) {
	n := m.node
	kept, fault, err := bag.Told(n.nextArrival, c.from, c.raw, n.waiting.millis())
	switch {
	case errors.Is(err, relay.ErrNotTold):
		m.watch.refused(c.from, undecodable, fmt.Errorf("it tells of an envelope: %w", err))
	case err != nil:
		n.fatal(fmt.Errorf("an envelope from another member: %w", err))
	case fault != nil:
		n.config.Log.Debug("an envelope that another member tells of shows nothing here", "chain", n.chain, "from", c.from, "reason", fault.Error())
	case kept:
		n.Look()
	}
}
