package node

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Join lets a node with an empty directory begin with the state after a block of some time ago, and not with the genesis (SPEC 6.7, 6.10). It
// fetches the blocks after that, and has none before: who asks it for those is sent to others, which store everything (6.8).
type Join struct {
	// Stop, once closed, ends it: Open returns ErrStopped, and goes on with what is here at the next start.
	Stop <-chan struct{}
	// Told, if set, hears how far it is.
	Told func(id chain.ID, done, total int, bytes uint64)
	// Anchored says whether the parent records the block as the child's at its height; and whether it can say so yet. Nil for a chain
	// without a parent here: its block is shown by the certificate of its committee.
	Anchored func(h *chain.Header) (is, known bool, err error)
	// Patience is how long nobody need offer a state until the node begins with the genesis after all [30 s].
	Patience time.Duration
}

const (
	joinPatience = 30 * time.Second
	joinPulse    = 200 * time.Millisecond
	// joinRetries is how often other states are looked for when one is not to be had any more.
	joinRetries = 10
	// leastPart: more than so small a part of a state's pieces must come in mostPatience, of a state of 4 GiB 144 KiB a second.
	leastPart = 1024
	// joinAnswers and joinBytes are what may wait of each peer: what it is asked for at a time, with an offer. More is dropped, and asked again.
	joinAnswers, joinBytes = 2 * peerRanges, 2 * mostOffer
)

// joining is a node that begins with a state.
//
//	ask all ─► offers ─► shown by certificates from the genesis on? pieces join to the root? ─► the highest
//	   │                                                                                         │
//	   │        several peers, some pieces each ◄── what is not here yet ◄── the checkpoint's chain? (its list of blocks is in one piece)
//	   └──────────────► piece ─► its hash? ─► store, not shown to anybody ─► code ─► root of all? anchored? ─► JoinEnd
//
// What a peer sends is checked by itself, so that a lie is seen at once, is its sender's, and is asked of another.
type joining struct {
	node    *Node
	genesis *chain.Genesis
	member  *Member
	first   *light.Committee
	inbox   *shares[joinAnswer]

	from    map[keys.PublicKey]*offering
	other   error      // why the last state was not taken whose chain is not that of the checkpoint
	offer   chain.Hash // that is taken up
	header  *chain.Header
	digests []chain.Digest
	pieces  []merkle.Piece
	state   []pieceState
	left    int // pieces that are not here
	alone   int // the one piece that is asked for; below 0 if all are
	bytes   uint64
}

// joinAnswer is what a peer sent, and what that is once it is taken up.
type joinAnswer struct {
	from keys.PublicKey
	raw  []byte
	is   stateIs
}

// offering is a peer.
type offering struct {
	offer   chain.Hash // its name; zero if it has offered nothing
	vain    int        // how often what it offered came to nothing
	asked   int
	owes    map[int]bool // pieces that it was asked for and hasn't answered; what comes late is taken, too
	strikes int          // pieces that didn't come in time, since one came
	idle    time.Time    // it isn't asked before
	lied    bool
}

type pieceState struct {
	here  bool
	peer  keys.PublicKey
	until time.Time // of the question under way
}

var errNoState = errors.New("nobody offers a state: the chain is fetched from its first block on")

// joinState fetches a state; errNoState if the node begins with the genesis.
func (n *Node) joinState(g *chain.Genesis) error {
	first, err := n.committees.Committee(g.Network(), g.Committee)
	if err != nil {
		return err
	}
	j := &joining{node: n, genesis: g, member: n.config.Member, first: first, inbox: newShares[joinAnswer](joinAnswers, joinBytes),
		from: map[keys.PublicKey]*offering{}}
	j.member.Net.Hold(j.hear)
	defer j.inbox.close()
	defer j.member.Net.Hold(nil)
	for range joinRetries {
		if err := j.choose(); err != nil {
			return err
		}
		again := false
		for _, step := range []func() (bool, error){j.checkpoint, j.fetch, j.finish} {
			if again, err = step(); again || err != nil {
				break
			}
		}
		if err != nil || !again {
			return err
		}
		for _, o := range j.from { // any order: each by itself
			if o.offer == j.offer {
				o.vain++
			}
		}
	}
	return errNoState
}

// hear keeps what peers answer, if there is room in their share: what is lost is asked for again.
func (j *joining) hear(from keys.PublicKey, raw []byte, taken func()) {
	if len(raw) > 0 && raw[0] == frameState { // it begins as well: neither has anything
		if q, err := decodeStateAsk(raw[1:]); err == nil {
			j.member.Net.Send(from, (&stateIs{kind: q.kind, height: q.height, from: q.from}).encode())
		}
	}
	if len(raw) == 0 || raw[0] != frameStateIs || !j.inbox.put(from, joinAnswer{from: from, raw: raw[1:]}, len(raw), taken) {
		taken()
	}
}

// peers are those who can be asked.
func (j *joining) peers() (list []keys.PublicKey) {
	if net, ok := j.member.Net.(peersNet); ok {
		list = net.Peers()
	} else {
		for _, s := range j.genesis.Committee.Seats {
			if s.Node != j.member.Node && !slices.Contains(list, s.Node) {
				list = append(list, s.Node)
			}
		}
	}
	for _, k := range list {
		if j.from[k] == nil {
			j.from[k] = &offering{owes: map[int]bool{}}
		}
	}
	return slices.DeleteFunc(list, func(k keys.PublicKey) bool { return j.from[k].lied })
}

// blame holds something against a peer, which isn't asked any more.
func (j *joining) blame(from keys.PublicKey, err error) {
	j.from[from].lied = true
	j.node.config.Log.Warn("what a node sent of a state doesn't hold", "node", from, "reason", err)
	if net, ok := j.member.Net.(junkNet); ok {
		net.Junk(from, err.Error())
	}
}

// next is an answer of a peer that may be asked; nil if it is time to look around.
func (j *joining) next(pulse <-chan time.Time) (*joinAnswer, error) {
	select {
	case <-j.node.config.Join.Stop:
		return nil, fmt.Errorf("joining chain %d: %w", j.genesis.Chain, ErrStopped)
	case <-pulse:
		return nil, nil
	case <-j.inbox.wake:
	}
	a, ok := j.inbox.next()
	if !ok {
		return nil, nil
	}
	j.inbox.poke()
	o := j.from[a.from]
	if o == nil || o.lied {
		return nil, nil
	}
	var err error
	if a.is, err = decodeStateIs(a.raw); err != nil {
		j.blame(a.from, err)
		return nil, nil
	}
	return &a, nil
}

// choose asks all for a state and takes the best that is shown, once all have answered or a while after the first (bestOf).
func (j *joining) choose() error {
	patience := j.node.config.Join.Patience
	if patience <= 0 {
		patience = joinPatience
	}
	end, asked := time.Now().Add(patience), time.Time{}
	pulse := time.NewTicker(joinPulse)
	defer pulse.Stop()
	for _, o := range j.from {
		o.offer, o.asked = chain.Hash{}, 0
	}
	answered := map[keys.PublicKey]bool{}
	offers := map[chain.Hash]*offered{}
	highest := uint64(0)
	for now := time.Now(); now.Before(end); now = time.Now() {
		peers := j.peers()
		if now.Sub(asked) > time.Second {
			asked = now
			for _, k := range peers {
				if !answered[k] {
					j.member.Net.Send(k, (&stateAsk{kind: stateOffer}).encode())
				}
			}
		}
		a, err := j.next(pulse.C)
		if err != nil {
			return err
		}
		if a == nil || a.is.kind != stateOffer || answered[a.from] {
			continue
		}
		if len(a.is.digests) > 0 && j.node.config.Checkpoint.above(a.is.height) == 0 { // one from before the checkpoint says nothing of it
			if err := j.offers(offers, a); err != nil {
				j.blame(a.from, err)
				continue
			}
			if a.is.height > highest {
				highest, end = a.is.height, time.Now().Add(2*time.Second)
			}
		}
		answered[a.from] = true
		if j.allAnswered(peers, answered) {
			break
		}
	}
	if len(offers) == 0 && j.other != nil {
		return j.other
	}
	if len(offers) == 0 {
		return errNoState
	}
	j.offer = bestOf(offers)
	return j.begin(offers[j.offer].is)
}

func (j *joining) allAnswered(peers []keys.PublicKey, answered map[keys.PublicKey]bool) bool {
	return len(answered) >= len(peers) && len(peers) >= min(3, len(j.genesis.Committee.Seats)-1)
}

// begin takes up an offer: pieces that are here already need not come again; of other states nothing stays.
func (j *joining) begin(a *stateIs) error {
	n, id := j.node, j.genesis.Chain
	j.digests, j.pieces = a.digests, a.pieces
	j.header = a.digests[len(a.digests)-1].Last()
	j.state, j.left, j.alone = make([]pieceState, len(a.pieces)), len(a.pieces), -1
	have, err := n.store.Joining(id)
	if err != nil {
		return err
	}
	for i := range have {
		h := &have[i]
		at, found := slices.BinarySearchFunc(j.pieces, h.First, func(p merkle.Piece, path merkle.Path) int { return slices.Compare(p.Path[:], path[:]) })
		if found && j.pieces[at].Hash == h.Hash {
			j.state[at].here = true
			j.left--
			continue
		}
		if err := n.store.JoinDrop(id, h); err != nil {
			return err
		}
	}
	for _, o := range j.from { // any order: each by itself
		o.asked, o.owes = 0, map[int]bool{}
	}
	n.config.Log.Info("the node begins with a state", "chain", id, "height", j.header.Height, "pieces", len(j.pieces), "here", len(j.pieces)-j.left)
	j.tell()
	return nil
}

func (j *joining) tell() {
	if told := j.node.config.Join.Told; told != nil {
		told(j.genesis.Chain, len(j.pieces)-j.left, len(j.pieces), j.bytes)
	}
}

// fetch gets the pieces that are missing; again if nobody has the state any more, or so little of it comes that whoever has it holds us up.
func (j *joining) fetch() (again bool, err error) {
	pulse := time.NewTicker(joinPulse)
	defer pulse.Stop()
	since, came := time.Now(), 0
	for j.lacks() {
		now := time.Now()
		if now.Sub(since) > mostPatience || !j.stands() {
			return true, nil
		}
		j.ask(now)
		a, err := j.next(pulse.C)
		if err != nil {
			return false, err
		}
		if a == nil || a.is.kind != statePiece || a.is.height != j.header.Height {
			continue
		}
		got, err := j.take(a)
		if err != nil {
			return false, err
		}
		if !got {
			continue
		}
		j.tell()
		if came++; came > len(j.pieces)/leastPart {
			since, came = now, 0
		}
	}
	return false, nil
}

// fetchOf is fetch of the piece alone in which a path is.
func (j *joining) fetchOf(path merkle.Path) (again bool, err error) {
	at, found := slices.BinarySearchFunc(j.pieces, path, func(p merkle.Piece, path merkle.Path) int { return slices.Compare(p.Path[:], path[:]) })
	if !found {
		at = max(0, at-1)
	}
	j.alone = at
	defer func() { j.alone = -1 }()
	return j.fetch()
}

// lacks says whether a piece is to come yet.
func (j *joining) lacks() bool {
	if j.alone >= 0 {
		return !j.state[j.alone].here
	}
	return j.left > 0
}

// stands says whether somebody made the offer that is taken up who wasn't found to lie.
func (j *joining) stands() bool {
	for _, o := range j.from { // any order: one is enough
		if o.offer == j.offer && !o.lied {
			return true
		}
	}
	return false
}

// ask asks peers for pieces, several at once, those first that answer; what isn't answered is asked of another, before mostPatience is over.
func (j *joining) ask(now time.Time) {
	j.expire(now)
	peers := j.peers()
	if len(peers) == 0 {
		return
	}
	slices.SortStableFunc(peers, func(a, b keys.PublicKey) int { return cmp.Compare(j.from[a].strikes, j.from[b].strikes) })
	turn := 0
	for i := range j.state {
		p := &j.state[i]
		if p.here || !p.until.IsZero() || j.alone >= 0 && i != j.alone {
			continue
		}
		for range peers {
			k := peers[turn%len(peers)]
			turn++
			o := j.from[k]
			if o.asked >= peerRanges || now.Before(o.idle) {
				continue
			}
			o.asked++
			o.owes[i] = true
			p.peer, p.until = k, now.Add(min(2*patienceOf(o.strikes), mostPatience/2))
			q := stateAsk{kind: statePiece, height: j.header.Height, from: j.pieces[i].Path}
			if i+1 < len(j.pieces) {
				q.until = j.pieces[i+1].Path
			}
			j.member.Net.Send(k, q.encode())
			break
		}
		if p.until.IsZero() {
			return // all have enough to do
		}
	}
}

// expire gives up what was not answered in time, though it is taken if it comes.
func (j *joining) expire(now time.Time) {
	for i := range j.state {
		p := &j.state[i]
		if p.until.IsZero() || now.Before(p.until) {
			continue
		}
		p.until = time.Time{}
		o := j.from[p.peer]
		o.asked--
		o.strikes++
		o.idle = now.Add(rangePatience)
	}
}

// take checks a piece and keeps it.
func (j *joining) take(a *joinAnswer) (got bool, err error) {
	at, found := slices.BinarySearchFunc(j.pieces, a.is.from, func(p merkle.Piece, path merkle.Path) int { return slices.Compare(p.Path[:], path[:]) })
	if !found || !j.from[a.from].owes[at] {
		return false, nil
	}
	o, p := j.from[a.from], &j.state[at]
	delete(o.owes, at)
	if p.peer == a.from && !p.until.IsZero() {
		o.asked--
		p.until = time.Time{}
	}
	if p.here { // another one was faster
		return false, nil
	}
	if len(a.is.leaves) == 0 { // it hasn't the state
		o.idle = time.Now().Add(rangePatience)
		return false, nil
	}
	joined, size, err := foldLeaves(a.is.leaves)
	if err == nil && (joined.Hash != j.pieces[at].Hash || joined.First != j.pieces[at].Path) {
		err = errors.New("the leaves of a piece are not those of the state")
	}
	if err != nil && o.offer != j.offer { // who cut the state may have lied about where it is cut
		o.idle = time.Now().Add(rangePatience)
		return false, nil
	}
	if err != nil {
		j.blame(a.from, err)
		return false, nil
	}
	if err := j.node.store.JoinPiece(j.genesis.Chain, joined, a.is.leaves); err != nil {
		return false, err
	}
	p.here, o.strikes = true, 0
	j.left--
	j.bytes += uint64(size)
	return true, nil
}

// foldLeaves is a piece as its leaves make it.
func foldLeaves(leaves []exec.Write) (*store.Joined, int, error) {
	var fold merkle.Fold
	j, size := &store.Joined{}, 0
	for i := range leaves {
		l := &leaves[i]
		path := merkle.AccountPath(l.Account)
		if l.Key != "" {
			path = merkle.SlotPath(l.Account, []byte(l.Key))
		}
		if err := fold.Add(merkle.Leaf{Path: path, Value: merkle.ValueHash(l.Value)}, 0); err != nil {
			return nil, 0, err
		}
		if j.Last = path; i == 0 {
			j.First = path
		}
		size += leafSize(l.Key, l.Value)
	}
	j.Hash, _ = fold.End()
	return j, size, nil
}

// First is the lowest block that is here: 1, or the one after the state that the node began with.
func (n *Node) First() uint64 { return n.first }
