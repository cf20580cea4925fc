package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thinkey/thinkey/cluster/overlay"
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

const (
	// mostLinks is how many peers blocks are spread to; others ask for them.
	mostLinks = 256
	// fullCopies is to how many of them a block goes in full, from who made it and from who got it so; the others get its name (SPEC 10.2).
	fullCopies = 1
	// spreadBytes bounds the blocks that can still be given to who asks by name; the latest can be, however long it is.
	spreadBytes = 8 << 20
	// spreads and spreadShare bound what a peer sent of them and nobody has looked at.
	spreads, spreadShare = 64, chain.MaxBlockBytes + 1<<20
	// mostEarly and earlyBytes bound the blocks that wait for those before them. More are asked for when their time comes.
	mostEarly, earlyBytes = 8, 16 << 20
	// mostDone is how many blocks that became final here may wait to be spread.
	mostDone = 64
)

// spreading passes final blocks on to nodes without a seat (SPEC 10.2): members have them by agreeing on them.
//
//	committed here, with a seat ──► overlay ──► in full to one, its name to the others
//	a block of a peer ──► its certificate holds ──► overlay ──► likewise; and to the replica, in the order of heights
//
// What is lost of it is asked for by who misses it (follow).
type spreading struct {
	of      *member
	epoch   atomic.Pointer[keep.Epoch] // the replica's
	waiting *shares[spread]            // what peers sent
	expired chan overlay.ID
	wake    chan struct{} // holds one if something is done

	mu   sync.Mutex // guards done
	done []done

	// The rest is spreadAll's.
	node  *overlay.Node
	links map[keys.PublicKey]overlay.Link
	peers []keys.PublicKey // by link; zero where there is none
	quiet bool             // there is nobody to tell
	names map[overlay.ID]uint64
	good  map[uint64]chain.BlockHash // by height: what was passed on before it is final here, of mostDone heights at most
	early map[uint64]soon
	bytes int // of early
}

// spread is a frame of a peer: a block, a name, or a question.
type spread struct {
	from keys.PublicKey
	raw  []byte
}

// done is a block that became final here, in an epoch.
type done struct {
	final    *bft.Final
	height   uint64
	epoch    *keep.Epoch
	proposer int
}

// soon is a block whose certificate holds, before its time.
type soon struct {
	from  keys.PublicKey
	final bft.Final
}

func newSpreading(m *member) *spreading {
	me := binary.LittleEndian.Uint64(m.Node[:8])
	return &spreading{
		of: m, waiting: newShares[spread](spreads, spreadShare), expired: make(chan overlay.ID), wake: make(chan struct{}, 1),
		node: overlay.New(overlay.Config{
			Links: mostLinks, Full: fullCopies, Me: me, PatienceMillis: overlay.NodePatienceMillis, AnswerMillis: overlay.NodeAnswerMillis, Bytes: spreadBytes,
		}),
		links: map[keys.PublicKey]overlay.Link{}, peers: make([]keys.PublicKey, mostLinks), names: map[overlay.ID]uint64{}, good: map[uint64]chain.BlockHash{}, early: map[uint64]soon{},
	}
}

// committed notes that a block is final here; run calls it.
func (s *spreading) committed(f *bft.Final, h *chain.Header, e *keep.Epoch) {
	s.mu.Lock()
	if len(s.done) == mostDone {
		s.done = s.done[1:]
	}
	s.done = append(s.done, done{f, h.Height, e, int(h.Proposer)})
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *spreading) nextDone() (d done, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.done) == 0 {
		return d, false
	}
	d, s.done = s.done[0], s.done[1:]
	return d, true
}

// spreadAll works until the member ends. A Net that doesn't know who is connected carries nothing of it.
func (s *spreading) spreadAll() {
	m := s.of
	defer m.node.stopOnPanic()
	defer s.waiting.close()
	for {
		select {
		case <-m.ended:
			return
		case <-s.wake:
			for d, ok := s.nextDone(); ok; d, ok = s.nextDone() {
				s.publish(&d)
			}
		case <-s.waiting.wake:
			if x, ok := s.waiting.next(); ok { // one: who sends without end doesn't keep this node from spreading, nor from asking
				s.receive(&x)
				s.waiting.poke()
			}
		case id := <-s.expired:
			s.expire(id)
		}
	}
}

// look brings the links up to date.
func (s *spreading) look() {
	net, ok := s.of.Net.(peersNet)
	e := s.epoch.Load()
	if !ok || e == nil {
		s.quiet = true
		return
	}
	here := map[keys.PublicKey]bool{}
	s.quiet = true
	for _, k := range net.Peers() {
		if !s.of.node.mayRead(k) {
			continue
		}
		here[k] = true
		l, known := s.links[k]
		if !known {
			if l, known = s.free(); !known {
				continue
			}
			s.links[k], s.peers[l] = l, k
		}
		seated := e.Roster.Seated(k)
		s.quiet = s.quiet && seated
		s.node.Step(overlay.Joined{Link: l, Informed: seated})
	}
	for k, l := range s.links { // any order: each by itself
		if !here[k] {
			s.node.Step(overlay.Left{Link: l})
			delete(s.links, k)
			s.peers[l] = keys.PublicKey{}
		}
	}
}

func (s *spreading) free() (overlay.Link, bool) {
	for l := range s.peers {
		if s.peers[l] == (keys.PublicKey{}) {
			return overlay.Link(l), true
		}
	}
	return 0, false
}

// publish spreads a block that became final here, if this node had a part in that, and hands on the one that waited for it. Who proposed it
// sends it in full; of the others the name is enough, lest each of them pushes its own copy: their certificates differ.
func (s *spreading) publish(d *done) {
	s.look()
	if !s.quiet && d.epoch.Own.Count() > 0 {
		raw := bft.Append([]byte{frameBlock}, &bft.Finals{Blocks: []bft.Final{*d.final}})
		s.perform(s.node.Step(overlay.Published{Raw: raw, NameOnly: !d.epoch.Own.Has(d.proposer)}), d.height)
	}
	maps.DeleteFunc(s.good, func(h uint64, _ chain.BlockHash) bool { return h <= d.height })
	for h, x := range s.early { // any order: each by itself
		switch {
		case h <= d.height:
			s.drop(h)
		case h == d.height+1:
			s.drop(h)
			s.give(x.from, x.final.Certificate.Epoch, &bft.Finals{Blocks: []bft.Final{x.final}})
		}
	}
}

func (s *spreading) drop(height uint64) {
	s.bytes -= len(s.early[height].final.Raw)
	delete(s.early, height)
}

// receive takes a frame.
func (s *spreading) receive(x *spread) {
	l, ok := s.links[x.from]
	if !ok {
		if s.look(); s.quiet && len(s.links) == 0 {
			return
		}
		if l, ok = s.links[x.from]; !ok {
			return // it is no peer any more, or there are too many
		}
	}
	switch x.raw[0] {
	case frameBlock:
		s.block(l, x)
	case frameName:
		height, id, err := decodeName(x.raw[1:])
		switch {
		case err != nil:
			s.of.watch.refused(x.from, undecodable, err)
		case height > s.of.node.committed.Load():
			s.named(l, id, height)
		}
	case frameAsk:
		id, err := decodeAsk(x.raw[1:])
		if err != nil {
			s.of.watch.refused(x.from, undecodable, err)
			return
		}
		s.perform(s.node.Step(overlay.Asked{From: l, ID: id}), 0)
	}
}

// named takes a name. Its height is kept until its timer runs out, which it has if the block isn't here.
func (s *spreading) named(l overlay.Link, id overlay.ID, height uint64) {
	e := s.node.Step(overlay.Announced{From: l, ID: id})
	if _, known := s.names[id]; known || len(e.Timers) > 0 {
		s.names[id] = max(s.names[id], height)
	}
	s.perform(e, height)
}

// block takes a block. It is passed on as soon as its certificate shows it: before it is replayed here.
func (s *spreading) block(l overlay.Link, x *spread) {
	e := s.node.Step(overlay.Received{From: l, Raw: x.raw})
	if e.Judge == nil {
		return
	}
	verdict, final, height, err := s.judge(x.raw[1:])
	again := verdict == overlay.Void && s.again(&final)
	if verdict == overlay.Good && len(s.good) < mostDone {
		s.good[height] = final.Certificate.Block
	}
	if err != nil {
		s.of.watch.refused(x.from, unspreadable, err)
	}
	e = s.node.Step(overlay.Judged{ID: e.Judge.ID, Verdict: verdict})
	e.Reject = nil // it was told why
	s.perform(e, height)
	head := s.of.node.committed.Load()
	switch c := &final.Certificate; {
	case verdict == overlay.Bad || height <= head:
	case height == head+1 && (verdict == overlay.Good || again): // the replica looks for itself
		s.give(x.from, c.Epoch, &bft.Finals{Blocks: []bft.Final{final}})
	case verdict == overlay.Good && len(s.early) < mostEarly && s.bytes+len(final.Raw) <= earlyBytes && s.early[height].final.Raw == nil:
		s.early[height] = soon{x.from, final}
		s.bytes += len(final.Raw)
	case again: // it is known
	default: // what is before it is missed, too
		s.give(x.from, c.Epoch, &bft.Status{Head: height, Certificate: c})
	}
}

// again says whether a block was passed on already. Who holds the votes of all seats can make very many certificates of one block.
func (s *spreading) again(f *bft.Final) bool {
	block, ok := s.good[f.Certificate.Height]
	return ok && block == f.Certificate.Block
}

var errSpread = errors.New("a block that is spread")

// judge says whether bytes are a final block. One of a height that is final here, or of another epoch, isn't judged, nor one that was passed on
// with another certificate.
func (s *spreading) judge(raw []byte) (v overlay.Verdict, final bft.Final, height uint64, err error) {
	bad := func(what string, err error) (overlay.Verdict, bft.Final, uint64, error) {
		return overlay.Bad, bft.Final{}, 0, fmt.Errorf("%w: %s: %w", errSpread, what, err)
	}
	message, err := bft.Decode(raw)
	if err != nil {
		return bad("it doesn't decode", err)
	}
	list, ok := message.(*bft.Finals)
	if !ok || len(list.Blocks) != 1 {
		return bad("it is none", wire.ErrLimit)
	}
	final = list.Blocks[0]
	h, err := chain.DecodeBlockHeader(final.Raw)
	if err != nil {
		return bad("its header", err)
	}
	c, e := &final.Certificate, s.epoch.Load()
	if h.Height <= s.of.node.committed.Load() || c.Epoch != e.Seats.Epoch || h.Height < e.Config.Begins {
		return overlay.Void, final, h.Height, nil
	}
	if c.Block != h.Hash() || c.Height != h.Height {
		return bad("its certificate", errors.New("it is another block's"))
	}
	if s.again(&final) {
		return overlay.Void, final, h.Height, nil
	}
	if err := e.Config.Committee.Final(c); err != nil {
		return bad("its certificate", err)
	}
	if !block.Whole(final.Raw) {
		return bad("its bytes", errors.New("they are not those that its header names"))
	}
	return overlay.Good, final, h.Height, nil
}

// give hands the replica what a peer sent.
func (s *spreading) give(from keys.PublicKey, epoch uint64, message bft.Message) {
	select {
	case s.of.heard <- heard{from, epoch, message}:
	case <-s.of.ended:
	}
}

// expire: a name has waited. Whoever got the block otherwise wants it no more.
func (s *spreading) expire(id overlay.ID) {
	height := s.names[id]
	if height <= s.of.node.committed.Load() {
		s.node.Step(overlay.Forget{ID: id})
		delete(s.names, id)
		return
	}
	e := s.node.Step(overlay.Expired{ID: id})
	if len(e.Timers) == 0 {
		delete(s.names, id)
	}
	s.perform(e, height)
}

// perform sends what a step of the overlay wants to be sent, of a block of a height.
func (s *spreading) perform(e overlay.Effects, height uint64) {
	m := s.of
	for _, x := range e.Full {
		m.watch.pushed.Inc()
		m.Net.Send(s.peers[x.To], x.Raw)
	}
	for _, x := range e.Announce {
		m.Net.Send(s.peers[x.To], encodeName(height, x.ID))
	}
	for _, x := range e.Ask {
		m.watch.fetched.Inc()
		m.Net.Send(s.peers[x.To], append([]byte{frameAsk}, x.ID[:]...))
	}
	for _, t := range e.Timers {
		time.AfterFunc(time.Duration(t.Millis)*time.Millisecond, func() {
			select {
			case s.expired <- t.ID:
			case <-m.ended:
			}
		})
	}
	for _, r := range e.Reject {
		m.watch.refused(s.peers[r.From], unspreadable, fmt.Errorf("%w: %s", errSpread, r.Reason))
	}
}

func encodeName(height uint64, id overlay.ID) []byte {
	return append(wire.AppendU64([]byte{frameName}, height), id[:]...)
}

// decodeName reads what encodeName wrote, behind the first byte.
func decodeName(b []byte) (height uint64, id overlay.ID, err error) {
	r := wire.NewReader(b)
	height = r.U64("height")
	r.Into("name", id[:])
	return height, id, r.Done()
}

func decodeAsk(b []byte) (id overlay.ID, err error) {
	r := wire.NewReader(b)
	r.Into("name", id[:])
	return id, r.Done()
}
