package bft_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/wire"
)

var seedFlag = flag.Uint64("seed", 0, "run this seed alone")

// tags stand in for signatures: a hash of who signed what, added up by xor. Nobody in a test forges one but on purpose.
type tags struct{}

func tagOf(seat int, d keys.BLSDomain, message []byte) (p keys.BLSPoint) {
	h := wire.Sum(wire.TagLeaf, []byte{byte(seat), byte(seat >> 8), byte(d)}, message)
	copy(p[:], h[:])
	return p
}

func xor[P ~[]byte](to, p P) {
	for i := range to {
		to[i] ^= p[i]
	}
}

func (tags) sum(d keys.BLSDomain, signed []keys.BLSSigned) (s keys.BLSPoint) {
	for _, g := range signed {
		for _, seat := range g.Seats {
			t := tagOf(seat, d, g.Message)
			xor(s[:], t[:])
		}
	}
	return s
}

func (t tags) Verify(d keys.BLSDomain, signature keys.BLSSignature, signed ...keys.BLSSigned) error {
	if s := t.sum(d, signed); [48]byte(s[:48]) != [48]byte(signature) {
		return fmt.Errorf("no signature")
	}
	return nil
}

func (t tags) Collect(d keys.BLSDomain, votes []keys.BLSVote) (signature keys.BLSSignature, bad []int) {
	for i, v := range votes {
		if t.sum(d, []keys.BLSSigned{v.BLSSigned}) != v.Point {
			bad = append(bad, i)
		}
		xor(signature[:], v.Point[:48])
	}
	return signature, bad
}

func (t tags) part(d keys.BLSDomain, message []byte, seats chain.Seats) committee.Part {
	return committee.Part{Seats: seats, Point: t.sum(d, []keys.BLSSigned{light.Signed(message, seats)})}
}

// net is a network of replicas on virtual time: a list of things that will happen, each at its time.
type net struct {
	t         testing.TB
	rand      *rand.Rand
	committee *light.Committee
	leaders   *committee.Leaders
	genesis   bft.Head
	nodes     []*node
	now       uint64
	queue     []happening
	count     uint64
	final     []chain.BlockHash // by height
	drop      float64
	delay     uint64
	cut       func(from, to int) bool
	seed      uint64
	proposals int
	evidence  int
	early     int
	maxRound  uint32
	judge     func(nd *node, p bft.Proposed) bft.Verdict // nil: by what the block contains
}

type happening struct {
	at, number uint64
	node       int
	life       int
	any        bool // in any life
	do         func(*node)
}

// node is a replica with its disk and its timers.
type node struct {
	net     *net
	me      int
	replica *bft.Replica
	safety  bft.Safety
	bodies  map[chain.BlockHash]bft.Body
	chain   []bft.Final
	life    int // events of an earlier life are void
	down    bool
	timers  map[bft.Kind]uint64
	said    []bft.Send
	forgets bool // its disk, or some of it, in a crash
	evil    func(n *node, s bft.Send) []bft.Send
}

func seats(perNode ...int) (s []chain.Seat) {
	for i, n := range perNode {
		for range n {
			var seat chain.Seat
			seat.Node[0], seat.Key[0], seat.Node[1] = byte(i+1), byte(i+1), 1
			s = append(s, seat)
		}
	}
	return s
}

func newNet(t testing.TB, seed uint64, silent uint32, perNode ...int) *net {
	t.Helper()
	c, err := light.NewCommitteeWith(chain.NetworkID{1}, chain.Committee{Chain: 1, Silent: silent, Seats: seats(perNode...)}, tags{})
	if err != nil {
		t.Fatal(err)
	}
	header := chain.Header{Network: chain.NetworkID{1}, Chain: 1}
	n := &net{
		t: t, rand: rand.New(rand.NewPCG(seed, 7)), committee: c, leaders: committee.NewLeaders(chain.Hash{byte(seed)}, c.Quorums().Seats),
		genesis: bft.Head{Header: header, Hash: header.Hash()}, delay: 20, final: []chain.BlockHash{header.Hash()},
	}
	for i := range perNode {
		nd := &node{net: n, me: i, bodies: map[chain.BlockHash]bft.Body{}}
		n.nodes = append(n.nodes, nd)
		nd.boot(bft.Safety{})
	}
	return n
}

func (n *net) at(after uint64, node int, do func(*node)) {
	n.count++
	n.queue = append(n.queue, happening{n.now + after, n.count, node, n.nodes[node].life, false, do})
}

// run lets things happen until time is over or ok holds.
func (n *net) run(until uint64, ok func() bool) bool {
	for len(n.queue) > 0 && !ok() {
		i := 0
		for k, h := range n.queue {
			if h.at < n.queue[i].at || h.at == n.queue[i].at && h.number < n.queue[i].number {
				i = k
			}
		}
		h := n.queue[i]
		if h.at > until {
			n.now = until
			break
		}
		n.queue = slices.Delete(n.queue, i, i+1)
		n.now = h.at
		if h.node < 0 { // comes up again
			if nd := n.nodes[-1-h.node]; nd.down && nd.life == h.life {
				if nd.forgets {
					nd.safety, nd.bodies = bft.Lost(), map[chain.BlockHash]bft.Body{}
					nd.chain = nd.chain[:n.rand.IntN(len(nd.chain)+1)]
				}
				nd.boot(nd.safety)
			}
		} else if nd := n.nodes[h.node]; !nd.down && (nd.life == h.life || h.any) {
			h.do(nd)
		}
	}
	return ok()
}

func (nd *node) boot(s bft.Safety) {
	nd.life++
	nd.down, nd.timers = false, map[bft.Kind]uint64{}
	head := nd.net.genesis
	if k := len(nd.chain); k > 0 {
		h, err := chain.DecodeBlockHeader(nd.chain[k-1].Raw)
		if err != nil {
			nd.net.t.Fatal(err)
		}
		head = bft.Head{Header: h, Hash: h.Hash(), Certificate: &nd.chain[k-1].Certificate}
	}
	var bodies []bft.Body
	for _, b := range nd.bodies {
		bodies = append(bodies, b)
	}
	slices.SortFunc(bodies, func(a, b bft.Body) int { return strings.Compare(string(a.Hash[:]), string(b.Hash[:])) })
	own := bft.Members(nd.net.committee)[nd.me]
	nd.replica = bft.New(bft.Config{
		Committee: nd.net.committee, Leaders: nd.net.leaders, Me: bft.Peer(nd.me), PatienceMillis: 200, ResendMillis: 100,
		Sign: func(d keys.BLSDomain, m []byte) committee.Part { return tags{}.part(d, m, own) },
	}, head, s, bodies)
	nd.net.at(0, nd.me, func(nd *node) { nd.step(bft.Start{}); nd.step(bft.Due{}) })
}

func (nd *node) step(ev bft.Event) {
	e := nd.replica.Step(ev)
	n := nd.net
	if e.Persist != nil {
		s, err := bft.DecodeSafety(e.Persist.Encode())
		if err != nil {
			n.t.Fatal(err)
		}
		nd.safety = s
		if r := max(s.Prepared.Round, s.Confirmed.Round); r > 0 && s.Why == nil && (s.Certificate == nil || s.Certificate.Round < r) {
			n.t.Fatalf("node %d signs in round %d and doesn't keep why it is there (seed %d)", nd.me, r, n.seed) // R12
		}
	}
	if e.Body != nil {
		nd.bodies[e.Body.Hash] = *e.Body
	}
	n.evidence += len(e.Evidence)
	for _, ev := range e.Evidence {
		if n.nodes[ev.From].evil == nil {
			n.t.Fatalf("node %d accuses node %d, which is honest: %+v (seed %d)", nd.me, ev.From, ev.Evidence, n.seed)
		}
	}
	if e.Halt != nil {
		n.t.Fatalf("node %d halts: %s (seed %d)", nd.me, e.Halt.Reason, n.seed)
	}
	for _, s := range e.Send {
		for _, s := range nd.twist(s) {
			nd.send(s)
		}
	}
	for _, f := range e.Commit {
		nd.commit(f)
	}
	for _, p := range e.Verify {
		verdict := bft.Valid
		if strings.Contains(string(p.Raw), "bad") {
			verdict = bft.Invalid
		}
		if n.judge != nil {
			verdict = n.judge(nd, p)
		}
		n.at(1+n.rand.Uint64N(10), nd.me, func(nd *node) { nd.step(bft.Verified{Block: p.Hash, Verdict: verdict}) })
	}
	if b := e.Build; b != nil {
		raw := nd.build(b)
		n.at(1+n.rand.Uint64N(10), nd.me, func(nd *node) { nd.step(bft.Built{Parent: b.Parent, Round: b.Round, Raw: raw}) })
	}
	for _, t := range e.Timers {
		n.count++
		id := n.count
		nd.timers[t.Kind] = id
		n.at(t.Millis, nd.me, func(nd *node) {
			if nd.timers[t.Kind] == id {
				nd.step(bft.Expired{Timer: t})
			}
		})
	}
	for _, s := range e.Serve {
		if k := s.From - 1; k < uint64(len(nd.chain)) {
			nd.send(bft.Send{To: s.To, Message: &bft.Finals{Blocks: slices.Clone(nd.chain[k:min(k+3, uint64(len(nd.chain)))])}})
		}
	}
	if len(e.Commit) > 0 {
		nd.step(bft.Due{})
	}
}

func (nd *node) twist(s bft.Send) []bft.Send {
	if nd.evil == nil {
		return []bft.Send{s}
	}
	return nd.evil(nd, s)
}

func (nd *node) build(b *bft.Build) []byte {
	nd.net.proposals++
	p := nd.replica.Head().Header
	h := chain.Header{
		Network: p.Network, Chain: p.Chain, Height: b.Height, Round: b.Round, Proposer: b.Proposer, Parent: b.Parent,
		TimeMillis: nd.net.now + uint64(nd.net.proposals)<<20,
	}
	h.Term = committee.Began(&p, &h)
	return (&chain.Block{Header: h, Failed: b.Failed, Equivocations: b.Equivocations}).Append(nil)
}

// commit holds I2 over the whole net.
func (nd *node) commit(f bft.Final) {
	n := nd.net
	nd.chain = append(nd.chain, f)
	height := len(nd.chain)
	if height == len(n.final) {
		n.final = append(n.final, f.Certificate.Block)
	}
	if n.final[height] != f.Certificate.Block {
		n.t.Fatalf("node %d has block %s at height %d, another has %s (seed %d)", nd.me, f.Certificate.Block, height, n.final[height], n.seed)
	}
	n.maxRound = max(n.maxRound, f.Certificate.Round)
	if f.Certificate.Step == chain.Preparation {
		n.early++
	}
}

func (nd *node) send(s bft.Send) {
	n := nd.net
	raw := bft.Encode(s.Message)
	for to := range n.nodes {
		if to == nd.me || s.To != bft.Everyone && s.To != bft.Peer(to) {
			continue
		}
		for range 1 + n.rand.IntN(20)/19 {
			if n.rand.Float64() < n.drop || n.cut != nil && n.cut(nd.me, to) {
				continue
			}
			from := bft.Peer(nd.me)
			n.at(1+n.rand.Uint64N(n.delay), to, func(nd *node) {
				m, err := bft.Decode(raw)
				if err != nil {
					n.t.Fatal(err)
				}
				nd.step(bft.Received{From: from, Message: m})
			})
		}
	}
}

// atLeast says whether all nodes that are up have some height.
func (n *net) atLeast(height int) func() bool {
	return func() bool {
		for _, nd := range n.nodes {
			if nd.evil == nil && (nd.down || len(nd.chain) < height) {
				return false
			}
		}
		return true
	}
}

func TestGoesWell(t *testing.T) {
	for _, c := range [][]int{{1}, {1, 1}, {1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1}, {3, 2, 1, 1}} {
		n := newNet(t, 1, 0, c...)
		if !n.run(60_000, n.atLeast(150)) {
			t.Fatalf("%v: %d blocks", c, len(n.final)-1)
		}
		if n.maxRound > 0 || n.early == 0 {
			t.Errorf("%v: round %d, %d early", c, n.maxRound, n.early)
		}
	}
}
