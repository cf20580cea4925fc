package node

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/thinkey/thinkey/actors/host"
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

const (
	// forwarded is how many submissions may wait to be passed on.
	forwarded = 1024
	// arrivals is how many frames of messages of one peer may wait to be taken in, and arrivalBytes how long they may be together: one
	// with the longest publication, and some more. What goes beyond is lost; its sender offers it again.
	arrivals     = 256
	arrivalBytes = 8 << 20
	// roomBytes is how long the messages of one member may be together that wait for room in the mempool, and roomInAll those of all members: half
	// of what the mempool itself holds, as every registered node is one.
	roomBytes = 2 << 20
	roomInAll = 32 << 20
	// firstPause is after how many of its pauses without progress a member offers for the first time again what waits.
	firstPause = 4
)

// forward passes on what was taken in of raws.
func (m *member) forward(raws [][]byte, answers []ingress.Answer) {
	taken := make([][]byte, 0, len(raws))
	for i, a := range answers {
		if a.Refused == nil {
			taken = append(taken, raws[i])
		}
	}
	if len(taken) == 0 {
		return
	}
	select {
	case m.sent <- taken:
	case <-m.ended:
	}
}

// passOn sends what was submitted, all that waits together; and whatever is not final yet once more, whoever took it in first: at
// times, and after a failed round, so that the next leader has it whatever was lost (SPEC 5.10).
func (m *member) passOn() {
	pulse := time.NewTicker(m.resendPause())
	defer pulse.Stop()
	for {
		select {
		case <-m.ended:
			return
		case <-pulse.C:
			m.sendMessages(m.node.waiting.again(false))
			m.sendEnvelopes(false)
		case <-m.failed:
			m.sendMessages(m.node.waiting.again(true))
			m.sendEnvelopes(true)
		case <-m.brought:
			m.sendEnvelopes(false)
		case raws := <-m.sent:
			for more := true; more && len(raws) < forwardCount; {
				select {
				case next := <-m.sent:
					raws = append(raws, next...)
				default:
					more = false
				}
			}
			m.sendMessages(raws)
		}
	}
}

// sendMessages sends messages to all members, in as many frames as they need. From a stranger some members are enough, who tell the others.
func (m *member) sendMessages(raws [][]byte) {
	send, most := m.Net.Spread, forwardBytes
	if some := m.strange(); len(some) > 0 {
		most = publicBytes
		raws = m.short(raws)
		send = func(raw []byte) {
			for _, node := range some {
				m.Net.Send(node, raw)
			}
		}
	}
	for len(raws) > 0 {
		n, size := 1, len(raws[0])
		for n < len(raws) && n < forwardCount && size+len(raws[n]) <= most {
			size += len(raws[n])
			n++
		}
		send(encodeMessages(raws[:n]))
		raws = raws[n:]
	}
}

// short are the messages that members take from strangers: no publication that is longer than all others. A member hangs up on who sends it one.
func (m *member) short(raws [][]byte) (list [][]byte) {
	for _, raw := range raws {
		if len(raw) <= chain.MaxMessageBytes {
			list = append(list, raw)
		}
	}
	m.watch.lost(len(raws) - len(list))
	return list
}

// watchRounds notices a round that failed.
func (m *member) watchRounds() {
	r := m.driver.Replica()
	at := moment{r.Head().Header.Height, r.Round()}
	if failed := at.round > 0 && at != m.last; failed {
		select {
		case m.failed <- struct{}{}:
		default:
		}
	}
	if at != m.last {
		m.lead()
	}
	m.last = at
	m.catching.note(at.head, r.Known())
	if now := (Standing{Round: at.round, Silent: r.Silent()}); now != m.node.Standing() {
		m.node.standing.Store(&now)
	}
}

// moment is a round of the height after a head.
type moment struct {
	head  uint64
	round uint32
}

// hear takes what a peer sent. What doesn't decode is counted; a frame of a kind that is not known here is passed over.
func (m *member) hear(from keys.PublicKey, raw []byte, taken func()) {
	if len(raw) == 0 || !m.keep(from, raw, taken) {
		taken()
	}
}

// keep says whether what a peer sent waits somewhere, where taken is called.
func (m *member) keep(from keys.PublicKey, raw []byte, taken func()) bool {
	if m.stranger(from) && !m.isPublic(from, raw[0]) {
		return false
	}
	switch raw[0] {
	case frameConsensus:
		epoch, message, err := decodeConsensus(raw[1:])
		if err != nil {
			m.watch.refused(from, undecodable, err)
			return false
		}
		if f, ok := message.(*bft.Finals); ok && m.catching.take(from, f.Blocks) {
			return false
		}
		select {
		case m.heard <- heard{from, epoch, message}:
		case <-m.ended:
		}
	case frameMessages:
		raws, err := decodeMessages(raw[1:])
		if err != nil {
			m.watch.refused(from, undecodable, err)
			return false
		}
		if m.arrived.putAs(from, m.stranger(from), arrival{from, raws}, len(raw), taken) {
			return true
		}
		m.watch.lost(len(raws))
	case frameEvidence:
		return m.accused(from, raw[1:], taken)
	case frameBlock, frameName, frameAsk:
		if m.spread.waiting.put(from, spread{from, raw}, len(raw), taken) {
			return true
		}
		m.watch.unspread.Inc()
	case frameFinals:
		m.answered(from, raw[1:])
	case frameQuestion:
		return m.questioned(from, raw[1:], taken)
	case frameRange:
		return m.askedRange(from, raw[1:], taken)
	case frameState:
		return m.states.heard(from, raw[1:], taken)
	case frameRun:
		m.catching.told(from, raw[1:])
	case frameEnvelope:
		return m.isTold(from, raw[1:], taken)
	case frameWant, frameGiven:
		return m.between(from, raw, taken)
	}
	return false
}

// arrival are messages that a node has passed on together.
type arrival struct {
	from keys.PublicKey
	raws [][]byte
}

// admit takes in what others took in. They don't wait for an answer.
func (m *member) admit() {
	defer m.arrived.close()
	defer m.held.close()
	for {
		select {
		case <-m.ended:
			return
		case <-m.arrived.wake:
			m.takeIn(m.arrived)
		case <-m.room:
			m.takeIn(m.held)
		}
	}
}

// newRoom is where messages wait that the mempool has no room for.
func newRoom() *shares[arrival] { return newShares[arrival](arrivals, roomBytes).within(roomInAll) }

// takeIn offers all messages that wait in from to the mempool, or as many as it has room for if they have been offered before.
func (m *member) takeIn(from *shares[arrival]) {
	for list, raws := m.some(from); len(list) > 0; list, raws = m.some(from) {
		answers := m.node.door.Submit(raws) // not counted: it was, where it was submitted
		m.blameForged(list, answers)
		if full := m.hold(list, answers); full && from == m.held {
			return
		}
	}
}

// hold keeps messages for which there was no room until a block has made some, and says whether that was so for any. Without it whoever leads
// would run out of what a full mempool kept out, and wait for it to be told again.
func (m *member) hold(list []arrival, answers []ingress.Answer) (full bool) {
	for _, a := range list {
		var raws [][]byte
		size := 0
		for i, raw := range a.raws {
			var busy *host.Busy
			if errors.As(answers[i].Refused, &busy) {
				raws, size = append(raws, raw), size+len(raw)
			}
		}
		answers = answers[len(a.raws):]
		if full = full || len(raws) > 0; len(raws) > 0 && (m.stranger(a.from) || !m.held.put(a.from, arrival{a.from, raws}, size, func() {})) {
			m.watch.lost(len(raws))
		}
	}
	return full
}

// roomy says that a block has made room in the mempool.
func (m *member) roomy() {
	select {
	case m.room <- struct{}{}:
	default:
	}
}

// some are as many messages that others took in as are looked at together: their signatures are verified at once.
func (m *member) some(from *shares[arrival]) (list []arrival, raws [][]byte) {
	for len(raws) < forwardCount && !m.hasEnded() {
		next, ok := from.next()
		if !ok {
			break
		}
		list, raws = append(list, next), append(raws, next.raws...)
	}
	return list, raws
}

func (m *member) hasEnded() bool {
	select {
	case <-m.ended:
		return true
	default:
		return false
	}
}

// blameForged holds it against nodes if they passed on what nobody has signed: whoever keeps the rules has verified it first.
func (m *member) blameForged(list []arrival, answers []ingress.Answer) {
	for _, a := range list {
		forged := func(x ingress.Answer) bool {
			var why *ingress.Refusal
			return errors.As(x.Refused, &why) && why.Code == ingress.CodeBadSignature
		}
		if i := slices.IndexFunc(answers[:len(a.raws)], forged); i >= 0 {
			m.watch.refused(a.from, forgery, fmt.Errorf("it passes on message %s: %w", answers[i].ID, answers[i].Refused))
		}
		answers = answers[len(a.raws):]
	}
}
