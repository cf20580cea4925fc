package node

import (
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/keys"
)

// questions is how many questions for blocks of one peer may wait: as many as its replica is answered between two ticks. More are lost, and
// asked again.
const questions = 4

// rangeAnswers is how many questions for ranges of one peer are answered in the while in which others are answered as often as they may wait:
// 64 MiB a second, of what is not urgent.
const rangeAnswers = 32

// question is what blocks a node asks for; found are those blocks. Nodes are named by their keys: numbers are an epoch's.
type question struct {
	from   keys.PublicKey
	height uint64
	count  uint64 // 0 for as many as an answer holds
	beside bool   // the replica: it is answered by a node's key, and counts for no epoch
}

// most is how many blocks are asked for.
func (q *question) most() int {
	if q.count == 0 {
		return bft.MaxFinals
	}
	return int(min(q.count, bft.MaxFinals))
}

type found struct {
	of     keys.PublicKey
	blocks []bft.Final
}

// Find implements driver.Ledger. Blocks are read beside the replica: who asks for many delays its own answers.
func (m *member) Find(s bft.Serve) error {
	node, ok := m.epoch.Roster.Node(s.To)
	if ok && (!m.node.mayRead(node) || !m.asked.put(node, question{from: node, height: s.From}, 0, func() {})) {
		m.watch.unserved.Inc()
	}
	return nil
}

// findAll reads the blocks that peers have asked for, one answer at a time: the next is read when the replica has sent the one before.
func (m *member) findAll() {
	defer m.node.stopOnPanic()
	defer m.asked.close()
	given := pace{of: map[keys.PublicKey]int{}}
	for {
		select {
		case <-m.ended:
			return
		case <-m.asked.wake:
		}
		for q, ok := m.asked.next(); ok; q, ok = m.asked.next() {
			if q.beside && !given.allows(q.from, time.Now(), m.resendPause(), q.answers()) {
				m.watch.unserved.Inc()
				continue
			}
			blocks, err := m.finals(&q, rangeBytes)
			if err != nil {
				m.node.fatal(err)
				return
			}
			if q.count > 0 {
				m.answerRange(&q, blocks)
				continue
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

// answers is how many of its kind are answered in a while.
func (q *question) answers() int {
	if q.count > 0 {
		return rangeAnswers
	}
	return questions
}

// answerRange sends a node blocks of a range that it asked for, and says which ones it can ask for.
func (m *member) answerRange(q *question, blocks []bft.Final) {
	m.Net.Send(q.from, encodeRun(&answer{q.height, m.node.first, m.node.Head().Header.Height, blocks}))
}

// finals are the blocks that a question is for; none if this node doesn't have them.
func (m *member) finals(q *question, most int) ([]bft.Final, error) {
	if q.height < m.node.first {
		return nil, nil
	}
	return m.node.kept.FinalsWithin(q.height, q.most(), most)
}

// pace is how often peers were answered beside the replica in a while: a question has some bytes, and an answer megabytes. The replica has its own.
type pace struct {
	of   map[keys.PublicKey]int
	ends time.Time // of the while
}

// allows says whether one is answered once more: as often as its questions may wait, or more often if it asks for ranges, which are short.
func (p *pace) allows(node keys.PublicKey, now time.Time, while time.Duration, most int) bool {
	if !now.Before(p.ends) {
		clear(p.of)
		p.ends = now.Add(while)
	}
	if p.of[node] >= most {
		return false
	}
	p.of[node]++
	return true
}

// serve sends what was found.
func (m *member) serve(f found) {
	if to, ok := m.epoch.Roster.Number(f.of); ok {
		m.driver.Serve(to, f.blocks)
	}
}
