package node

import (
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

const (
	// wantsWaiting is how many questions for relays of one peer may wait: as many as a node asks another at once. Peers take turns.
	wantsWaiting = 4
	// giveRate is how many bytes of relays a second are sent in answer, to all together; giveCost is what the work for an answer counts beside
	// them, so that no more than 256 are made in a second. Strangers are answered at publicRate.
	giveRate, giveCost = 16 << 20, 64 << 10
	// publicGift is how long an answer to a stranger is: it takes no longer message. Longer relays come to who is registered, or asks an API.
	publicGift = 64 << 10
)

// wantedTime is how long who asks waits for an answer.
const wantedTime = relay.AnswerMillis * time.Millisecond

// wanted is what a node wants.
type wanted struct {
	from keys.PublicKey
	came time.Time
	relay.Want
}

// isWanted takes a question for relays, and says whether it waits.
func (m *member) isWanted(from keys.PublicKey, raw []byte, taken func()) bool {
	w, err := decodeWant(raw)
	if err != nil {
		m.watch.refused(from, undecodable, err)
		return false
	}
	if m.wanted.putAs(from, m.stranger(from), wanted{from, time.Now(), w}, 0, taken) {
		return true
	}
	m.watch.ungiven.Inc()
	return false
}

// giveAll answers who wants relays of chains that are here, one after the other, and no more than giveRate.
func (m *member) giveAll() {
	defer m.node.stopOnPanic()
	defer m.wanted.close()
	for {
		select {
		case <-m.ended:
			return
		case <-m.wanted.wake:
		}
		for w, ok := m.wanted.next(); ok && !m.hasEnded(); w, ok = m.wanted.next() {
			if time.Since(w.came) >= wantedTime { // who has more to do than there is time for would else do all of it in vain
				m.watch.ungiven.Inc()
				continue
			}
			strange := m.stranger(w.from)
			raw := m.give(&w, strange)
			m.Net.Send(w.from, raw)
			rate := giveRate
			if strange {
				rate = publicRate
			}
			pause := time.NewTimer(time.Duration(len(raw)+giveCost) * time.Second / time.Duration(rate))
			select {
			case <-pause.C:
			case <-m.ended:
				pause.Stop()
			}
		}
	}
}

// give is the answer to who wants something. Whether the asker's chain lacks it is not looked at: it is its to judge.
func (m *member) give(w *wanted, strange bool) []byte {
	g := given{Errand: w.Errand, from: w.From}
	p := m.node.config.process
	n := p.Node(w.Of)
	if n == nil || !p.mayTake(n, w.To, w.from) {
		return g.encode()
	}
	most := relay.GivenBytes
	if strange {
		most = publicGift
	}
	var err error
	g.raws, g.more, err = p.chains.Give(n.limbs(), &w.Want, most)
	if err != nil {
		if unsaid, ok := m.watch.grudges.say("", "give", time.Now()); ok { // blocks that this node doesn't have any more, or a disk: that stops the node elsewhere
			n.config.Log.Warn("relays can't be given to another node", "of", w.Of, "to", w.To, "from", w.From, "error", err, "unsaid", unsaid)
		}
	}
	if strange && len(g.raws) == 1 && len(g.raws[0]) > publicGift {
		g.raws = nil
	}
	m.watch.gave.Add(float64(len(g.raws)))
	return g.encode()
}

// mayTake says whether a node is given relays from a chain to another one: of a chain that serves its blocks to readers alone they are for these and
// for those who agree on the other chain, which takes them in.
func (p *Process) mayTake(of *Node, to chain.ID, node keys.PublicKey) bool {
	return !of.Restricted() || of.mayRead(node) || p.agrees(of.limbs().Parent(to), to, node)
}

// agrees says whether a node has a seat on a chain, as its parent knows it, or as it is registered where that is not here.
func (p *Process) agrees(parent, id chain.ID, node keys.PublicKey) bool {
	if above := p.Node(parent); above != nil {
		raw, err := above.slot(exec.Slot{Account: chain.DigestsAddress(parent), Key: chain.ChildCommitteeKey(id)})
		if raw == nil || err != nil {
			return false
		}
		c, err := chain.DecodeCommittee(raw)
		return err == nil && sits(&c, node)
	}
	if root := p.Node(chain.Main); root != nil {
		if b, err := root.Branch(id); err == nil && len(b.Seats.Seats) > 0 {
			return sits(&b.Seats, node)
		}
	}
	g, err := p.config.Network.Of(id)
	return err == nil && sits(&g.Committee, node)
}
