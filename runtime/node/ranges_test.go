package node

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// zeros are the bytes of all blocks here: nobody changes them.
var zeros [1 << 20]byte

func rangeBlocksOf(from, count uint64, size int) []bft.Final {
	list, raw := make([]bft.Final, count), zeros[:size]
	for i := range list {
		list[i] = bft.Final{Raw: raw, Certificate: chain.Certificate{Height: from + uint64(i)}}
	}
	return list
}

// Whatever peers do, as long as one of them answers, all blocks are handed on once and in order; nobody is asked for more at a time than its
// share, and no more is held than there is room for.
func TestRangesRandom(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	for round := range 200 {
		r := newRanges()
		target := 1 + random.Uint64N(2000)
		size := 1 << random.IntN(21)
		peers := []keys.PublicKey{{1}, {2}, {3}, {4}}
		r.meet(peers)
		r.moved(0)
		now, handed := time.Unix(0, 0), uint64(0)
		var open []ask
		for steps := 0; handed < target; steps++ {
			if steps > 100_000 {
				t.Fatalf("seed %d, round %d: %d of %d blocks after %v", seed, round, handed, target, now)
			}
			now = now.Add(50 * time.Millisecond)
			r.expire(now)
			open = append(open, r.asks(now, target)...)
			for k, s := range r.peers {
				if s.asked > peerRanges {
					t.Fatalf("seed %d: %d questions at %x", seed, s.asked, k[:1])
				}
			}
			if held := heldBytes - r.room(); held > heldBytes+mostRange*size {
				t.Fatalf("seed %d: %d bytes are held", seed, held)
			}
			for len(open) > 0 && random.IntN(3) > 0 {
				i := random.IntN(len(open))
				q := open[i]
				open = append(open[:i], open[i+1:]...)
				n := min(q.count, 1+random.Uint64N(q.count), uint64(max(1, rangeBytes/size)))
				switch {
				case q.peer == peers[0]: // never answers
				case q.peer == peers[1] && random.IntN(2) == 0:
					r.lacks(q.peer, q.from, 1, q.from-1, now)
				default:
					r.take(q.peer, q.from, rangeBlocksOf(q.from, n, size))
				}
			}
			for p := r.unchecked(aheadInputs); p != nil; p = r.unchecked(aheadInputs) {
				lies := p.peer == peers[2] && random.IntN(4) == 0
				n := len(p.blocks)
				if lies {
					n = random.IntN(n)
				}
				r.judged(p, n, lies, now)
			}
			for p := r.due(); p != nil; p = r.due() {
				for i := range p.blocks {
					if handed++; p.blocks[i].Certificate.Height != handed || p.from+uint64(i) != handed {
						t.Fatalf("seed %d: block %d is handed on in the place of %d", seed, p.blocks[i].Certificate.Height, handed)
					}
				}
			}
		}
		if r.asks(now, target); len(r.parts) > 0 {
			t.Fatalf("seed %d: blocks are asked for that are known", seed)
		}
	}
}

// Nothing is asked for that can't be judged yet; and what is final meanwhile is dropped.
func TestRangesCeiling(t *testing.T) {
	r := newRanges()
	r.meet([]keys.PublicKey{{1}})
	r.moved(10)
	r.ceiling = 12
	now := time.Unix(0, 0)
	if list := r.asks(now, 100); len(list) != 1 || list[0].from != 11 || list[0].count != 2 {
		t.Fatalf("%+v", list)
	}
	r.moved(12)
	if list := r.asks(now, 100); len(list) == 0 || list[0].from != 13 || r.ceiling != 0 {
		t.Fatalf("%+v, ceiling %d", list, r.ceiling)
	}
}

// Who says that what it has is of a later epoch isn't asked for that before it can be judged, and nobody else is held up by it.
func TestRangesLater(t *testing.T) {
	r := newRanges()
	one, two := keys.PublicKey{1}, keys.PublicKey{2}
	r.meet([]keys.PublicKey{one})
	r.moved(10)
	r.later(one, 11)
	now := time.Unix(0, 0)
	if list := r.asks(now, 100); len(list) != 1 || list[0].from != 11 { // up to where it may: what is above in the answer is judged as it comes
		t.Fatalf("%+v", list)
	}
	r.meet([]keys.PublicKey{one, two})
	list := r.asks(now, 1000)
	if len(list) == 0 {
		t.Fatal("nobody is asked")
	}
	for _, q := range list {
		if q.peer != two {
			t.Errorf("%+v", q)
		}
	}
	r.moved(12)
	r.meet([]keys.PublicKey{one})
	if list := r.asks(now, 1000); len(list) == 0 || list[0].peer != one {
		t.Errorf("%+v", list)
	}
}

// Blocks that come too often, too early or from nowhere take no place of others.
func TestRangesTake(t *testing.T) {
	r := newRanges()
	r.meet([]keys.PublicKey{{1}})
	r.moved(10)
	r.asks(time.Unix(0, 0), 1000)
	for _, c := range []struct {
		peer        byte
		from, count uint64
		taken       bool
	}{
		{9, 10, 3, false}, {9, 12, 3, false}, {9, 11, 3, false}, {1, 11, 3, true}, {1, 11, 3, false}, {9, 14, 1, true}, {9, 13, 1, false}, {9, 500, 2, true}, {9, 499, 4, true},
		{9, 500, 1, false},
	} {
		if taken := r.take(keys.PublicKey{c.peer}, c.from, rangeBlocksOf(c.from, c.count, 10)); taken != c.taken {
			t.Errorf("%d blocks from %d on, of peer %d: %v", c.count, c.from, c.peer, taken)
		}
	}
	for i := range r.parts[1:] {
		if a, b := r.parts[i], r.parts[i+1]; a.from+a.count > b.from {
			t.Errorf("blocks %d to %d, and from %d on", a.from, a.from+a.count-1, b.from)
		}
	}
}

// What a peer said that it has was so then: a node that is behind once more asks it for what came since.
func TestRangesAgain(t *testing.T) {
	r := newRanges()
	peer := keys.PublicKey{1}
	r.meet([]keys.PublicKey{peer})
	r.moved(10)
	now := time.Unix(0, 0)
	r.says(peer, 5, 10, now)
	r.again(10)
	if list := r.asks(now, 20); len(list) != 0 {
		t.Errorf("asked for what it has just said that it lacks: %v", list)
	}
	now = now.Add(lackPause)
	if list := r.asks(now, 20); len(list) == 0 || list[0].from != 11 {
		t.Errorf("asked a while later: %v", list)
	}
	r.again(3)
	if list := r.asks(now.Add(time.Hour), 20); len(list) != 0 {
		t.Errorf("asked for what is from before it began: %v", list)
	}
}

// Who answers at once with blocks of an epoch that nobody knows yet isn't asked for the same again before others are.
func TestRangesUnknownEpoch(t *testing.T) {
	r := newRanges()
	r.meet([]keys.PublicKey{{1}, {2}})
	r.moved(10)
	now := time.Unix(0, 0)
	for range 3 {
		for _, q := range r.asks(now, 11) {
			if q.peer == (keys.PublicKey{2}) {
				return
			}
			r.take(q.peer, q.from, rangeBlocksOf(q.from, 1, 10))
			r.judged(r.unchecked(1), 0, false, now)
		}
	}
	t.Error("it is asked again and again")
}

// Parts are looked at beside each other, and what may be in those that nobody has judged counts among what is ahead, as what is in the others does.
func TestRangesAhead(t *testing.T) {
	r := newRanges()
	r.meet([]keys.PublicKey{{1}, {2}})
	r.moved(10)
	now := time.Unix(0, 0)
	for _, q := range r.asks(now, 10_000) {
		r.take(q.peer, q.from, rangeBlocksOf(q.from, 2, 50*inputBytes))
	}
	first, second, third := r.unchecked(200), r.unchecked(200), r.unchecked(200)
	if first == nil || second == nil || second == first || third != nil {
		t.Fatalf("looked at with room for 200 inputs, 100 in each part: %v, %v, %v", first, second, third)
	}
	first.inputs = 10
	r.judged(first, 2, false, now)
	if third = r.unchecked(200); third == nil {
		t.Error("a part with few inputs makes no room")
	}
}

// Blocks before the present epoch are no more of use, and no fault of who sent them: the replica came there by other ways. Those of it are held to it.
func TestCheckOverAnEpoch(t *testing.T) {
	m := &member{}
	m.spread = &spreading{}
	m.spread.epoch.Store(&keep.Epoch{Seats: chain.Committee{Epoch: 1}, Config: bft.Config{Begins: 10}})
	c := &catching{of: m, ranges: newRanges()}
	for from, blamed := range map[uint64]bool{8: false, 9: false, 10: true, 11: true} {
		blocks := rangeBlocksOf(from, 3, 0)
		for i := range blocks {
			h := chain.Header{Network: chain.NetworkID{1}, Chain: 1, Height: from + uint64(i)}
			blocks[i].Raw = (&chain.Block{Header: h}).Append(nil)
		}
		if n, _, err := c.check(&part{from: from, count: 3, blocks: blocks}); n != 0 || (err != nil) != blamed {
			t.Errorf("from block %d on: %d hold, %v", from, n, err)
		}
	}
}

// Blocks of a height that nobody can see from here say nothing of how far others are.
func TestTakeFarAhead(t *testing.T) {
	c := &catching{wake: make(chan struct{}, 1), ranges: newRanges(), head: 10, target: 10}
	for _, x := range []struct{ first, target uint64 }{{1 << 60, 10}, {^uint64(0) - 2, 10}, {12, 10}, {11, 10 + fewBehind + 1}} {
		blocks := rangeBlocksOf(x.first, fewBehind+1, 0)
		for i := range blocks {
			h := chain.Header{Network: chain.NetworkID{1}, Chain: 1}
			h.Height = x.first + uint64(i)
			blocks[i].Raw = (&chain.Block{Header: h}).Append(nil)
		}
		if c.take(keys.PublicKey{1}, blocks); c.target != x.target {
			t.Errorf("blocks from %d on: %d is aimed at", x.first, c.target)
		}
	}
}

func FuzzRange(f *testing.F) {
	f.Add(encodeRange(7, 3)[1:])
	f.Add(encodeRun(&answer{from: 7, first: 1, head: 9, blocks: rangeBlocksOf(7, 2, 3)})[1:])
	f.Add(encodeRun(&answer{from: 7})[1:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if from, count, err := decodeRange(b); err == nil && string(encodeRange(from, count)[1:]) != string(b) {
			t.Error("a question has two forms")
		}
		if a, err := decodeRun(b); err == nil && string(encodeRun(&a)[1:]) != string(b) {
			t.Error("an answer has two forms")
		}
	})
}

// A part that a check cut short, while the head moved on past what is left of it, is dropped, and no more.
func TestRangesCutBehindHead(t *testing.T) {
	r := newRanges()
	r.next = 5
	r.parts = []*part{{from: 1, count: 3, held: true, blocks: make([]bft.Final, 3)}, {from: 4, count: 3, held: true, blocks: make([]bft.Final, 3)}}
	if p := r.due(); p == nil || p.from != 5 || p.count != 2 || len(p.blocks) != 2 || len(r.parts) != 0 || r.next != 7 {
		t.Errorf("%+v, next %d, %d parts", p, r.next, len(r.parts))
	}
}
