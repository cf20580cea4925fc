package node

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/keys"
)

// questions is how many questions for blocks of one peer may wait: as many as its replica is answered between two ticks. More are lost, and
// asked again.
const questions = 4

// question is what blocks a node asks for; found are those blocks. Nodes are named by their keys: numbers are an epoch's.
type question struct {
	from   keys.PublicKey
	height uint64
	beside bool // the replica: it is answered by a node's key, and counts for no epoch
}

type found struct {
	of     keys.PublicKey
	blocks []bft.Final
}

// Find implements driver.Ledger. Blocks are read beside the replica: who asks for many delays its own answers.
func (m *member) Find(s bft.Serve) error {
	node, ok := m.epoch.Roster.Node(s.To)
	if ok && !m.asked.put(node, question{from: node, height: s.From}, 0, func() {}) {
		m.watch.unserved.Inc()
	}
	return nil
}

// findAll reads the blocks that peers have asked for, one answer at a time: the next is read when the replica has sent the one before.
func (m *member) findAll() {
	defer m.node.stopOnPanic()
	defer m.asked.close()
	for {
		select {
		case <-m.ended:
			return
		case <-m.asked.wake:
		}
		for q, ok := m.asked.next(); ok; q, ok = m.asked.next() {
			blocks, err := m.node.kept.Finals(q.height)
			if err != nil {
				m.node.fatal(err)
				return
			}
			if q.beside {
				m.answer(q.from, blocks)
				continue
			}
			select {
			case <-m.ended:
				return
			case m.found <- found{q.from, blocks}:
			}
		}
	}
}

// serve sends what was found.
func (m *member) serve(f found) {
	if to, ok := m.epoch.Roster.Number(f.of); ok {
		m.driver.Serve(to, f.blocks)
	}
}
