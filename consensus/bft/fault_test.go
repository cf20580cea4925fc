package bft_test

import (
	"math/rand/v2"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// shapes are committees: silent seats allowed for, seats of each node, and how many nodes may be faulty.
var shapes = []struct {
	silent uint32
	nodes  []int
	faulty int
}{
	{0, []int{1, 1, 1, 1}, 1}, {0, []int{1, 1, 1, 1, 1}, 1}, {0, []int{1, 1, 1, 1, 1, 1}, 1}, {0, []int{1, 1, 1, 1, 1, 1, 1}, 2},
	{0, []int{2, 2, 1, 1, 1}, 1}, {1, []int{1, 1, 1, 1, 1, 1}, 1}, {0, []int{1, 1, 1}, 0},
}

// evils are what a faulty member does to what it sends.
var evils = []func(n *node, s bft.Send) []bft.Send{
	func(*node, bft.Send) []bft.Send { return nil }, // silent
	selective, equivocate, forge, stale,
}

// selective sends to some only.
func selective(n *node, s bft.Send) (list []bft.Send) {
	for to := range n.net.nodes {
		if n.net.rand.IntN(2) == 0 {
			list = append(list, bft.Send{To: bft.Peer(to), Message: s.Message})
		}
	}
	return list
}

// equivocate proposes two blocks and votes for both, and for what it was never shown.
func equivocate(n *node, s bft.Send) []bft.Send {
	own := bft.Members(n.net.committee)[n.me]
	other := func(v bft.Vote) bft.Vote {
		v.Block[0] ^= 1
		s := chain.Vote{Step: v.Step, Network: chain.NetworkID{1}, Chain: 1, Height: v.Height, Round: v.Round, Block: v.Block}
		v.Part = tags{}.part(s.Domain(), s.Append(nil), own)
		return v
	}
	half := func(m bft.Message, odd int) (list []bft.Send) {
		for to := range n.net.nodes {
			if to%2 == odd {
				list = append(list, bft.Send{To: bft.Peer(to), Message: m})
			}
		}
		return list
	}
	switch m := s.Message.(type) {
	case *bft.Vote:
		v := other(*m)
		return append(half(m, 0), half(&v, 1)...)
	case *bft.Proposal:
		k, err := chain.DecodeBlock(m.Raw)
		if err != nil || k.Header.Round != m.Vote.Round {
			return []bft.Send{s}
		}
		k.Header.TimeMillis++
		p := *m
		p.Raw, p.Vote.Block = k.Append(nil), k.Header.Hash()
		v := chain.Vote{Step: chain.Preparation, Network: chain.NetworkID{1}, Chain: 1, Height: m.Vote.Height, Round: m.Vote.Round, Block: p.Vote.Block}
		p.Vote.Part = tags{}.part(v.Domain(), v.Append(nil), own)
		return append(half(m, 0), half(&p, 1)...)
	case *bft.Timeout:
		t := *m // forgets what it knows
		t.Certificate, t.Highest, t.Last = nil, chain.Mark{}, chain.Mark{}
		t.Part = tags{}.part(keys.BLSTimeout, t.Timeout.Append(nil), own)
		return append(half(m, 0), half(&t, 1)...)
	}
	return []bft.Send{s}
}

// R13, SPEC 5.9: that a leader proposed two blocks in a round which the others decide all the same is recorded by the next leader, who was
// shown the other one; not by who saw one of them alone.
func TestEquivocationIsRecorded(t *testing.T) {
	n := newNet(t, 1, 0, 1, 1, 1, 1)
	places := []int{}
	for round := range uint32(4) {
		places = append(places, int(n.leaders.Leader(committee.Turn{Height: 1, Round: round})))
	}
	n.nodes[places[0]].evil = func(nd *node, s bft.Send) (list []bft.Send) {
		p, ok := s.Message.(*bft.Proposal)
		if !ok || p.Vote.Height > 1 {
			return nil
		}
		twice := equivocate(nd, bft.Send{To: bft.Everyone, Message: p})
		for _, to := range places[1:] {
			list = append(list, bft.Send{To: bft.Peer(to), Message: twice[0].Message})
		}
		list[0].Message = twice[len(twice)-1].Message
		return list
	}
	if !n.run(60_000, n.atLeast(2)) {
		t.Fatal("no second block")
	}
	for height, want := range []int{0, 1} {
		k, err := chain.DecodeBlock(n.nodes[places[1]].chain[height].Raw)
		if err != nil || len(k.Equivocations) != want {
			t.Fatalf("block %d: %+v, %v", height+1, k, err)
		}
		for _, e := range k.Equivocations {
			evidence := light.Evidence{First: light.ClaimOf(&e.First), Second: light.ClaimOf(&e.Second)}
			if guilty, err := n.committee.Guilty(&evidence); err != nil || !guilty.Has(places[0]) || e.Round() != 0 || k.Header.Round == 0 {
				t.Errorf("%+v shows seats %v guilty, %v", e, guilty, err)
			}
		}
	}
}

// forge sends what nobody signed.
func forge(n *node, s bft.Send) []bft.Send {
	switch m := s.Message.(type) {
	case *bft.Vote:
		v := *m
		v.Point[3] ^= 1
		return []bft.Send{{To: s.To, Message: &v}}
	case *bft.Timeout:
		t := *m
		t.Last = chain.Mark{Round: t.Round, Block: chain.BlockHash{9}}
		return []bft.Send{{To: s.To, Message: &t}}
	case *bft.Justification:
		j := *m
		j.Said = j.Said[:1]
		return []bft.Send{{To: s.To, Message: &j}}
	case *bft.Certified:
		c := *m
		c.Certificate.Block[0]++
		return []bft.Send{{To: s.To, Message: &c}}
	case *bft.Finals:
		f := bft.Finals{}
		for _, b := range m.Blocks {
			b.Certificate.Signature[0]++
			f.Blocks = append(f.Blocks, b)
		}
		return []bft.Send{{To: s.To, Message: &f}}
	case *bft.Proposal:
		p := *m
		if n.net.rand.IntN(2) == 0 {
			p.Raw = append([]byte("bad"), p.Raw...)
		} else {
			p.Vote.Round++
		}
		return []bft.Send{{To: s.To, Message: &p}}
	}
	return []bft.Send{s}
}

// stale says again what it said before.
func stale(n *node, s bft.Send) []bft.Send {
	n.said = append(n.said, s)
	return []bft.Send{s, n.said[n.net.rand.IntN(len(n.said))]}
}

// trouble is what goes on in a network until it heals.
func (n *net) trouble(r *rand.Rand, faulty int) {
	n.drop, n.delay = []float64{0, 0.05, 0.3}[r.IntN(3)], []uint64{20, 150, 600}[r.IntN(3)]
	evil := r.Perm(len(n.nodes))[:faulty]
	for _, i := range evil {
		if r.IntN(4) == 0 {
			n.nodes[i].forgets = true
		} else {
			n.nodes[i].evil = evils[r.IntN(len(evils))]
		}
	}
	if r.IntN(2) == 0 {
		split := r.IntN(1 << len(n.nodes))
		from, to := r.Uint64N(8000), r.Uint64N(8000)
		n.cut = func(a, b int) bool { return n.now >= from && n.now < to && split>>a&1 != split>>b&1 }
	}
	for range r.IntN(6) {
		i, at, gone := r.IntN(len(n.nodes)), r.Uint64N(10_000), r.Uint64N(3000)
		n.count++
		n.queue = append(n.queue, happening{at, n.count, i, 0, true, func(nd *node) { nd.crash(gone) }})
	}
}

// crash ends a life; what is durable is there in the next one.
func (nd *node) crash(gone uint64) {
	n := nd.net
	nd.down = true
	nd.life++
	n.count++
	life := nd.life
	n.queue = append(n.queue, happening{n.now + gone, n.count, -1 - nd.me, life, false, nil})
}

func (n *net) heal() {
	n.drop, n.delay, n.cut = 0, 20, nil
}

// I2, I11: up to f faulty members, disks that are lost among them, a network that loses, delays and repeats, crashes: never two final blocks at a height, and
// once it heals all honest members go on.
func TestFaults(t *testing.T) {
	seeds := uint64(150)
	if testing.Short() {
		seeds = 40
	}
	var sum struct{ blocks, early, late, evidence int }
	for seed := uint64(1); seed <= seeds; seed++ {
		if *seedFlag != 0 {
			seed = *seedFlag
		}
		r := rand.New(rand.NewPCG(seed, 1))
		shape := shapes[r.IntN(len(shapes))]
		n := newNet(t, seed, shape.silent, shape.nodes...)
		n.seed = seed
		n.trouble(r, min(shape.faulty, r.IntN(3)))
		n.run(10_000, func() bool { return false })
		n.heal()
		target := len(n.final) + 3
		if !n.run(n.now+120_000, n.atLeast(target)) {
			for _, nd := range n.nodes {
				t.Logf("node %d (evil %t): height %d round %d silent %t", nd.me, nd.evil != nil, nd.replica.Head().Header.Height, nd.replica.Round(), nd.replica.Silent())
			}
			t.Fatalf("stuck below height %d; repeat with: go test ./consensus/bft -run '^TestFaults$' -seed %d", target, seed)
		}
		sum.blocks, sum.early, sum.late, sum.evidence = sum.blocks+len(n.final), sum.early+n.early, sum.late+int(n.maxRound), sum.evidence+n.evidence
		if *seedFlag != 0 {
			return
		}
	}
	t.Logf("%+v", sum)
	if sum.early == 0 || sum.late == 0 || sum.evidence == 0 {
		t.Errorf("something never happened: %+v", sum)
	}
}

// R12: when all members have lost at once what was on its way, and start again, they say what they signed without being asked: the height
// is decided before any timer runs out.
func TestAllStartAgain(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
		n := newNet(t, seed, 0, 1, 1, 1, 1)
		prepared := func() bool {
			for _, nd := range n.nodes {
				if nd.safety.Prepared.IsZero() {
					return false
				}
			}
			return true
		}
		for _, nd := range n.nodes {
			nd.evil = func(_ *node, s bft.Send) []bft.Send {
				if _, ok := s.Message.(*bft.Vote); ok {
					return nil // it doesn't come to that
				}
				return []bft.Send{s}
			}
		}
		if !n.run(1000, prepared) || len(n.final) > 1 {
			t.Fatalf("seed %d: %d blocks", seed, len(n.final)-1)
		}
		for i, nd := range n.nodes {
			nd.evil = nil
			nd.crash(uint64(1 + i))
		}
		if !n.run(n.now+95, n.atLeast(1)) {
			t.Errorf("seed %d: nothing is final before anything is said again", seed)
		}
	}
}
