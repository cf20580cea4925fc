package node

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

const (
	// followPauses is how many of its pauses without progress a node without a seat waits for a block before it asks for one.
	followPauses = 2
	// publicBytes is how many bytes of messages a stranger passes on at once: what members take from it.
	publicBytes = 60 << 10
	// publicRate is how many bytes of blocks a second are sent in answer to strangers, to all of them together (SPEC 10.2).
	publicRate = 4 << 20
	// publicAnswer is how many bytes of blocks an answer to a stranger has, answerCost what is beside each.
	publicAnswer, answerCost = 1 << 20, 1 << 10
	// strangeMembers is how many members a stranger passes messages on to.
	strangeMembers = 3
)

// peersNet is a Net that knows who is connected, strangerNet one that knows who is registered.
type (
	peersNet    interface{ Peers() []keys.PublicKey }
	strangerNet interface {
		Stranger(node keys.PublicKey) bool
		Registered() bool // this node itself
	}
)

var errNotPublic = errors.New("a stranger sends what is for registered nodes")

// follow asks one other for the blocks after the head, from a node without a seat that no block has come to for a while: members agree among
// themselves (bft.ForAll). A stranger is told of nothing, so it asks always.
func (m *member) follow() {
	last := m.followed
	m.followed = m.node.Head().Header.Height
	if m.epoch.Own.Count() > 0 {
		return
	}
	list := m.peers()
	if m.registered() && m.followed != last {
		return
	}
	if len(list) == 0 {
		list = slices.Collect(m.epoch.Roster.Members())
	}
	m.Net.Send(list[rand.IntN(len(list))], wire.AppendU64([]byte{frameQuestion}, m.followed))
}

// peers are those who are connected, and registered at each other; none if the Net doesn't know.
func (m *member) peers() []keys.PublicKey {
	if net, ok := m.Net.(peersNet); ok {
		return net.Peers()
	}
	return nil
}

// registered says whether others take more of this node than of strangers.
func (m *member) registered() bool {
	net, ok := m.Net.(strangerNet)
	return !ok || net.Registered()
}

// strange are some members, if this node is a stranger to all; none if it isn't.
func (m *member) strange() []keys.PublicKey {
	if m.registered() {
		return nil
	}
	list := slices.Collect(m.spread.epoch.Load().Roster.Members())
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(len(list), strangeMembers)]
}

// stranger says whether a node that sent something is not registered.
func (m *member) stranger(node keys.PublicKey) bool {
	net, ok := m.Net.(strangerNet)
	return ok && net.Stranger(node)
}

// isPublic says whether strangers may send a frame of a kind. Of the others those of the transport's class Rest are nobody's fault: a node that this
// one, which is behind, doesn't know as registered yet tells it of envelopes. For the rest of them it has no room, so it sends none.
func (m *member) isPublic(from keys.PublicKey, kind byte) bool {
	switch kind {
	case frameQuestion, frameRange, frameMessages, frameWant:
		return true
	case frameConsensus, frameEvidence, frameBlock, frameName, frameAsk, frameFinals:
		m.watch.refused(from, notPublic, fmt.Errorf("%w: kind %d", errNotPublic, kind))
	default:
		m.watch.lost(1)
	}
	return false
}

// questioned takes a question for the blocks after a height, and says whether it waits.
func (m *member) questioned(from keys.PublicKey, raw []byte, taken func()) bool {
	r := wire.NewReader(raw)
	height := r.U64("height")
	if err := r.Done(); err != nil {
		m.watch.refused(from, undecodable, fmt.Errorf("a question for blocks: %w", err))
		return false
	}
	if height >= m.node.Head().Header.Height {
		return false // there are none
	}
	return m.serveLater(question{from: from, height: height + 1, beside: true}, taken)
}

// askedRange takes a question for some blocks from a height on, and says whether it waits.
func (m *member) askedRange(from keys.PublicKey, raw []byte, taken func()) bool {
	height, count, err := decodeRange(raw)
	if err != nil {
		m.watch.refused(from, undecodable, fmt.Errorf("a question for blocks: %w", err))
		return false
	}
	return m.serveLater(question{from: from, height: height, count: count, beside: true}, taken)
}

// serveLater keeps a question until blocks are read for it, and says whether there is room.
func (m *member) serveLater(q question, taken func()) bool {
	at := m.asked
	if !m.node.mayRead(q.from) {
		m.watch.unserved.Inc()
		return false
	}
	if m.stranger(q.from) {
		at = m.public
	}
	if at.put(q.from, q, 0, taken) {
		return true
	}
	m.watch.unserved.Inc()
	return false
}

// answerPublic reads blocks for strangers, one answer at a time, and no more than publicRate, but for what is longer than that in one block.
func (m *member) answerPublic() {
	defer m.node.stopOnPanic()
	defer m.public.close()
	for {
		select {
		case <-m.ended:
			return
		case <-m.public.wake:
		}
		for q, ok := m.public.next(); ok && !m.hasEnded(); q, ok = m.public.next() {
			blocks, err := m.finals(&q, publicAnswer)
			if err != nil {
				m.node.fatal(err)
				return
			}
			m.answer(q.from, blocks)
			pause := time.NewTimer(publicPause(blocks))
			select {
			case <-pause.C:
			case <-m.ended:
				pause.Stop()
			}
		}
	}
}

// publicPause is how long after blocks were read for a stranger the next ones are, whether it was sent them or they are too long for it; a second at
// most, as others wait.
func publicPause(blocks []bft.Final) time.Duration {
	size := answerCost
	for i := range blocks {
		size += len(blocks[i].Raw) + answerCost
	}
	return time.Duration(min(size, publicRate)) * time.Second / publicRate
}

// answer sends blocks to a node. A stranger gets as many as publicAnswer holds: longer ones are for those
// who are registered, and for who asks at the door for users.
func (m *member) answer(to keys.PublicKey, blocks []bft.Final) {
	if m.stranger(to) {
		size, n := 0, 0
		for n < len(blocks) && size+len(blocks[n].Raw)+answerCost <= publicAnswer {
			size += len(blocks[n].Raw) + answerCost
			n++
		}
		blocks = blocks[:n]
	}
	if len(blocks) > 0 {
		m.Net.Send(to, bft.Append([]byte{frameFinals}, &bft.Finals{Blocks: blocks}))
	}
}

// answered hands the replica the blocks that it was sent.
func (m *member) answered(from keys.PublicKey, raw []byte) {
	message, err := bft.Decode(raw)
	if _, ok := message.(*bft.Finals); err == nil && !ok {
		err = fmt.Errorf("an answer: %T", message)
	}
	if err != nil {
		m.watch.refused(from, undecodable, err)
		return
	}
	if !m.catching.take(from, message.(*bft.Finals).Blocks) {
		m.spread.give(from, 0, message)
	}
}
