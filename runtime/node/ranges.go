package node

import (
	"cmp"
	"slices"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/keys"
)

const (
	// rangeBytes is how many bytes of blocks an answer to a question for a range has, but for a first block that is longer: short beside a
	// peer's room for what is not urgent, long beside what goes with it.
	rangeBytes = 1 << 20
	// peerRanges is how many ranges are asked of one peer at a time: while one is on its way it reads the next.
	peerRanges = 2
	// leastRange and mostRange bound the blocks of a question; how many make rangeBytes is learnt from the answers.
	leastRange, mostRange = 4, bft.MaxFinals
	// inputBytes is what an input with a signature takes at least, about: so many may be in a part that is being looked at.
	inputBytes = 200
	// heldBytes bounds the blocks that were fetched and not handed on, but for the last of them, and those that are asked for.
	heldBytes = 16 << 20
	// rangePatience is how long an answer may take at first; it doubles with each that doesn't come, so that a slow link is no silent peer.
	rangePatience, mostPatience = 2 * time.Second, 32 * time.Second
	// liarPause is how long who sent what is no block isn't asked again, lackPause who hasn't what was asked for.
	liarPause, lackPause = time.Minute, 500 * time.Millisecond
)

// ranges says which blocks are asked of whom while a node catches up, and which are here: several peers are asked at once, each for a share,
// and what they answer is put in order. It knows no clock and no network, and is told the time.
//
//	          next                                            target
//	handed on  │ held │ here │ asked of a │ asked of b │  gap  │
//
// A peer that is slow, or lies, costs time alone: what it doesn't answer, or what doesn't hold, is asked of others.
type ranges struct {
	next    uint64  // the lowest height that was not handed on
	ceiling uint64  // nothing above it can be judged yet; 0 for no bound
	length  uint64  // of a question
	parts   []*part // ascending, none overlaps another
	peers   map[keys.PublicKey]*supplier
}

// part is a run of blocks: asked for while it has none.
type part struct {
	from, count uint64
	peer        keys.PublicKey // asked, or who sent it
	until       time.Time      // asked: when it is given up
	blocks      []bft.Final
	bytes       int
	checking    bool
	held        bool // each block to its certificate
	inputs      int  // of its blocks
}

// supplier is a peer as far as ranges know it.
type supplier struct {
	first, head uint64 // what it said that it has; 0 and 0 if it hasn't said
	said        time.Time
	asked       int
	ceiling     uint64    // what it has above it can't be judged yet, as it says; of no meaning below next
	strikes     int       // answers that didn't come, since one did
	idle        time.Time // it isn't asked before
}

// ask is a question.
type ask struct {
	peer  keys.PublicKey
	from  uint64
	count uint64
}

func newRanges() ranges {
	return ranges{length: 4 * leastRange, peers: map[keys.PublicKey]*supplier{}}
}

// meet sets who can be asked.
func (r *ranges) meet(list []keys.PublicKey) {
	now := map[keys.PublicKey]*supplier{}
	for _, k := range list {
		if now[k] = r.peers[k]; now[k] == nil {
			now[k] = &supplier{}
		}
	}
	r.peers = now
	for _, p := range slices.Clone(r.parts) {
		if p.blocks == nil && now[p.peer] == nil {
			r.drop(p)
		}
	}
}

// moved drops what is final here.
func (r *ranges) moved(head uint64) {
	r.next = max(r.next, head+1)
	for len(r.parts) > 0 && r.parts[0].from+r.parts[0].count <= r.next {
		r.drop(r.parts[0])
	}
	if r.ceiling != 0 && r.next > r.ceiling {
		r.ceiling = 0
	}
}

// again begins once more behind a head: what was handed on came to nothing.
func (r *ranges) again(head uint64) {
	r.next = head + 1
	r.parts = nil
	for _, s := range r.peers { // any order: each by itself
		s.asked = 0
	}
}

// drop forgets a part; it is a gap then.
func (r *ranges) drop(p *part) {
	if s := r.peers[p.peer]; s != nil && p.blocks == nil && s.asked > 0 {
		s.asked--
	}
	r.parts = slices.DeleteFunc(r.parts, func(x *part) bool { return x == p })
}

// expire gives up what was not answered in time.
func (r *ranges) expire(now time.Time) {
	for _, p := range slices.Clone(r.parts) {
		if p.blocks != nil || now.Before(p.until) {
			continue
		}
		if s := r.peers[p.peer]; s != nil {
			s.strikes++
			s.idle = now.Add(patienceOf(s.strikes) / 2)
		}
		r.drop(p)
	}
}

func patienceOf(strikes int) time.Duration { return min(rangePatience<<min(strikes, 10), mostPatience) }

// asks are the questions to be sent now, for what is missing up to a height.
func (r *ranges) asks(now time.Time, target uint64) (list []ask) {
	if r.ceiling != 0 {
		target = min(target, r.ceiling)
	}
	for room := r.room(); room > 0; room -= rangeBytes {
		from, count := r.gap(target)
		if count == 0 {
			return list
		}
		k, ok := r.whom(now, from)
		if !ok {
			return list
		}
		s := r.peers[k]
		s.asked++
		r.insert(&part{from: from, count: count, peer: k, until: now.Add(patienceOf(s.strikes))})
		list = append(list, ask{k, from, count})
	}
	return list
}

// room is how many bytes may be asked for.
func (r *ranges) room() int {
	room := heldBytes
	for _, p := range r.parts {
		room -= max(p.bytes, rangeBytes)
	}
	if len(r.parts) == 0 || r.parts[0].from > r.next {
		room = max(room, 1) // what is next is always asked for
	}
	return room
}

// gap is the first run of blocks that is neither here nor asked for; of none if there is none.
func (r *ranges) gap(target uint64) (from, count uint64) {
	from = r.next
	for _, p := range r.parts {
		if p.from > from {
			return from, min(r.length, p.from-from)
		}
		from = max(from, p.from+p.count)
	}
	if from > target {
		return from, 0
	}
	return from, min(r.length, target-from+1)
}

// whom is the peer to be asked for a height: of those that may have it the one with the fewest questions, and of those by its key.
func (r *ranges) whom(now time.Time, height uint64) (best keys.PublicKey, ok bool) {
	for k, s := range r.peers { // any order: the least is looked for
		if s.asked >= peerRanges || now.Before(s.idle) || s.lacks(height, now) || s.ceiling >= r.next && height > s.ceiling {
			continue
		}
		b := r.peers[best]
		if !ok || cmp.Or(cmp.Compare(s.strikes, b.strikes), cmp.Compare(s.asked, b.asked), slices.Compare(k[:], best[:])) < 0 {
			best, ok = k, true
		}
	}
	return best, ok
}

// lacks says whether a peer hasn't a block, as far as can be told: a while after it said how many it has it may have more.
func (s *supplier) lacks(height uint64, now time.Time) bool {
	return s.head != 0 && (height < s.first || height > s.head && now.Before(s.said.Add(lackPause)))
}

// insert puts a part in its place.
func (r *ranges) insert(p *part) {
	at, _ := slices.BinarySearchFunc(r.parts, p.from, func(x *part, from uint64) int { return cmp.Compare(x.from, from) })
	r.parts = slices.Insert(r.parts, at, p)
}

// take takes blocks from a height on that a peer sent, asked for or not, as far as they are missing: false if they are not.
func (r *ranges) take(peer keys.PublicKey, from uint64, blocks []bft.Final) bool {
	at, here := slices.BinarySearchFunc(r.parts, from, func(x *part, from uint64) int { return cmp.Compare(x.from, from) })
	count := uint64(len(blocks))
	if here {
		if r.parts[at].blocks != nil || r.parts[at].peer != peer { // else whoever is faster could keep out an answer
			return false
		}
		count = min(count, r.parts[at].count)
		r.drop(r.parts[at])
	} else {
		if from < r.next || at > 0 && r.parts[at-1].from+r.parts[at-1].count > from || r.room() < rangeBytes {
			return false
		}
		if at < len(r.parts) {
			count = min(count, r.parts[at].from-from)
		}
	}
	p := &part{from: from, count: count, peer: peer, blocks: blocks[:count:count]}
	for i := range p.blocks {
		p.bytes += len(p.blocks[i].Raw)
	}
	r.insert(p)
	r.learn(p)
	if s := r.peers[peer]; s != nil {
		s.strikes, s.idle = 0, time.Time{}
	}
	return true
}

// learn moves the length of questions towards that of rangeBytes.
func (r *ranges) learn(p *part) {
	each := uint64(max(1, p.bytes/len(p.blocks)))
	r.length = min(mostRange, max(leastRange, (r.length+rangeBytes/each)/2))
}

// lacks notes what a peer says it has, which it was asked for in vain.
func (r *ranges) lacks(peer keys.PublicKey, from, first, head uint64, now time.Time) {
	s := r.peers[peer]
	if s == nil {
		return
	}
	r.says(peer, first, head, now)
	s.idle = now.Add(lackPause)
	for _, p := range r.parts {
		if p.from == from && p.peer == peer && p.blocks == nil {
			r.drop(p)
			return
		}
	}
}

// fitRange says whether blocks can be an answer to a question for a range: one of any length, or as many as are sent at once. What is longer is not
// kept: a question would otherwise cost who asks as much as a peer likes.
func fitRange(blocks []bft.Final) bool {
	size := 0
	for i := range blocks {
		size += len(blocks[i].Raw)
	}
	return len(blocks) <= 1 || size <= rangeBytes
}

// later notes that what a peer has above a height is of a later epoch, as it says: it isn't asked for that before the height is passed. Others are.
func (r *ranges) later(peer keys.PublicKey, height uint64) {
	if s := r.peers[peer]; s != nil {
		s.ceiling = height
	}
}

// exceeds notes that a peer answered with more than fits: it isn't asked again before others are.
func (r *ranges) exceeds(peer keys.PublicKey, from uint64, now time.Time) {
	s := r.peers[peer]
	if s == nil {
		return
	}
	s.idle = now.Add(liarPause)
	for _, p := range r.parts {
		if p.from == from && p.peer == peer && p.blocks == nil {
			r.drop(p)
			return
		}
	}
}

// says notes how far a peer says it is.
func (r *ranges) says(peer keys.PublicKey, first, head uint64, now time.Time) {
	if s := r.peers[peer]; s != nil {
		s.first, s.head, s.said = first, head, now
	}
}

// unchecked is the first part that nobody looks at or has looked at; nil if there is none, or so many inputs are ahead that what is known of
// them would be forgotten before it is of use.
func (r *ranges) unchecked(most int) *part {
	for _, p := range r.parts {
		switch {
		case p.blocks == nil:
		case p.checking:
			most -= p.bytes / inputBytes
		case p.held:
			most -= p.inputs
		case most <= 0:
			return nil
		default:
			p.checking = true
			return p
		}
	}
	return nil
}

// judged says that the first n blocks of a part hold; lied that its sender is to blame for the next one. Others than those are a gap again.
func (r *ranges) judged(p *part, n int, lied bool, now time.Time) {
	p.checking = false
	if !slices.Contains(r.parts, p) {
		return
	}
	switch s := r.peers[p.peer]; {
	case s == nil:
	case lied:
		s.idle = now.Add(liarPause)
	case n == 0: // nobody can say yet what it is worth: another may have what is next
		s.idle = now.Add(lackPause)
	}
	if n == 0 {
		r.drop(p)
		return
	}
	p.blocks, p.count, p.held = p.blocks[:n:n], uint64(n), true
}

// due takes out the part that is next, if it holds; nil if it isn't here.
func (r *ranges) due() *part {
	for len(r.parts) > 0 && r.parts[0].from+r.parts[0].count <= r.next { // a check left it shorter than the head has moved meanwhile
		r.drop(r.parts[0])
	}
	if len(r.parts) == 0 || !r.parts[0].held || r.parts[0].from > r.next {
		return nil
	}
	p := r.parts[0]
	r.parts = r.parts[1:]
	if before := r.next - p.from; before > 0 {
		p.from, p.count, p.blocks = p.from+before, p.count-before, p.blocks[before:]
	}
	r.next = p.from + p.count
	return p
}
