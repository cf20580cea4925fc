package node

import (
	"sync"

	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// forwards are the external messages that came in here and are not final: this node passes them on to all members, and again
// while the height makes no progress, so that the next leader has them whatever was lost (SPEC 5.10).
type forwards struct {
	queue chan [][]byte

	mu   *sync.Mutex // guards open
	open map[chain.MessageID][]byte
}

const (
	// forwarded is how many submissions may wait to be passed on.
	forwarded = 1024
	// arrivals is how many frames of messages may wait to be taken in. More are lost; their senders offer them again.
	arrivals = 256
)

func newForwards() forwards {
	return forwards{make(chan [][]byte, forwarded), new(sync.Mutex), map[chain.MessageID][]byte{}}
}

// forward passes on what was taken in of raws.
func (m *member) forward(raws [][]byte, answers []ingress.Answer) {
	taken := make([][]byte, 0, len(raws))
	m.sent.mu.Lock()
	for i, a := range answers {
		if a.Refused == nil {
			taken = append(taken, raws[i])
			m.sent.open[a.ID] = raws[i]
		}
	}
	m.sent.mu.Unlock()
	if len(taken) == 0 {
		return
	}
	select {
	case m.sent.queue <- taken:
	case <-m.ended:
	}
}

// final forgets messages that became final; forget one that was dropped.
func (f *forwards) final(ids []chain.MessageID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.open) == 0 {
		return
	}
	for _, id := range ids {
		delete(f.open, id)
	}
}

func (f *forwards) forget(id chain.MessageID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, id)
}

// passOn sends what was submitted: all that waits together.
func (m *member) passOn() {
	for {
		select {
		case <-m.ended:
			return
		case raws := <-m.sent.queue:
			for more := true; more && len(raws) < forwardCount; {
				select {
				case next := <-m.sent.queue:
					raws = append(raws, next...)
				default:
					more = false
				}
			}
			m.sendMessages(raws)
		}
	}
}

// sendMessages sends messages to all members, in as many frames as they need.
func (m *member) sendMessages(raws [][]byte) {
	for len(raws) > 0 {
		n, size := 1, len(raws[0])
		for n < len(raws) && n < forwardCount && size+len(raws[n]) <= forwardBytes {
			size += len(raws[n])
			n++
		}
		m.Net.Spread(encodeMessages(raws[:n]))
		raws = raws[n:]
	}
}

// offerAgain sends some of the messages that are not final yet once more.
func (m *member) offerAgain() {
	var raws [][]byte
	size := 0
	m.sent.mu.Lock()
	for _, raw := range m.sent.open { // any order, and another one each time
		if size += len(raw); size > forwardBytes && len(raws) > 0 {
			break
		}
		raws = append(raws, raw)
	}
	m.sent.mu.Unlock()
	m.sendMessages(raws)
}

// hear takes what a peer sent. What doesn't decode is counted.
func (m *member) hear(from keys.PublicKey, raw []byte) {
	if len(raw) == 0 {
		return
	}
	switch raw[0] {
	case frameConsensus:
		epoch, message, err := decodeConsensus(raw[1:])
		if err != nil {
			m.watch.refused(from, err)
			return
		}
		select {
		case m.heard <- heard{from, epoch, message}:
		case <-m.ended:
		}
	case frameMessages:
		raws, err := decodeMessages(raw[1:])
		if err != nil {
			m.watch.refused(from, err)
			return
		}
		select {
		case m.arrived <- raws:
		default:
			m.watch.lost(len(raws))
		}
	case frameEvidence:
		m.accused(from, raw[1:])
	}
}

// admit takes in what others took in. They don't wait for an answer.
func (m *member) admit() {
	for {
		select {
		case <-m.ended:
			return
		case raws := <-m.arrived:
			for more := true; more && len(raws) < forwardCount; { // signatures are verified together
				select {
				case next := <-m.arrived:
					raws = append(raws, next...)
				default:
					more = false
				}
			}
			m.node.door.Submit(raws) // not counted: it was, where it was submitted
		}
	}
}
