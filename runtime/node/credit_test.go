package node

import (
	"math/rand/v2"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// digestsRefused are the reasons why digests were refused on a chain.
func (r *treeRig) digestsRefused(id chain.ID) (list []string) {
	n := r.process.Node(id)
	for height := uint64(1); height <= n.Head().Header.Height; height++ {
		h, _, err := n.Block(height)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, e := range h.Events {
			if e.Message.Method == chain.MethodDigest && e.Message.Kind == chain.Relay && e.Receipt.Status != chain.StatusOK {
				list = append(list, e.Receipt.Reason)
			}
		}
	}
	return list
}

// TestCredits sends on what came from elsewhere, in a tree of three levels whose lower chains began with next to nothing: what came to
// them from above the chain that records them is all that they have (SPEC 8.7).
func TestCredits(t *testing.T) {
	const main, a, b, a1, a2 = 1, 2, 3, 4, 5
	const fortune = 1_000_000
	r := newTreeOf(t, map[chain.ID]chain.ID{a: main, b: main, a1: a, a2: a}, func(id chain.ID) uint64 {
		if id == main || id == b {
			return fortune
		}
		return 1
	})
	nonces := map[chain.ID]uint64{}
	has := map[chain.ID]uint64{main: fortune, b: fortune, a: 1, a1: 1, a2: 1}
	pay := func(from, to chain.ID, amount uint64) {
		x := r.transfer(from, 1, to, 1, amount, nonces[from])
		nonces[from]++
		has[from] -= amount
		has[to] += amount
		if s := r.process.Node(from).Submit([][]byte{x.Encode()})[0]; s.Refused != nil {
			t.Fatal(s.Refused)
		}
		r.arrives(to, r.relayOf(x))
	}
	// The first steps are those that need a credit each; then all the money there is goes round.
	pay(main, a1, fortune)
	pay(b, a1, fortune)
	pay(a1, a2, fortune)
	pay(a1, b, fortune)
	pay(a2, main, fortune)
	pay(main, a2, fortune/2)
	pay(a2, a, fortune/2)
	pay(a, b, fortune/2)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		from, to := chain.ID(1+rnd.IntN(5)), chain.ID(1+rnd.IntN(5))
		if from != to && has[from] > 0 {
			pay(from, to, has[from]-rnd.Uint64N(has[from])/2)
		}
	}
	for _, id := range []chain.ID{main, a} {
		if refused := r.digestsRefused(id); len(refused) > 0 {
			t.Errorf("chain %d: digests were refused: %v", id, refused)
		}
	}
	for id, amount := range has {
		if got := r.balance(id, 1); got != chain.NewAmount(amount) {
			t.Errorf("chain %d: %s, want %d", id, got, amount)
		}
	}
}

// A parent that has made no block shows nothing yet; its first child's digest is a message to it, and so makes it make one. Nobody waits
// for a parent that has nothing to do, whatever level it is on.
func TestParentsWithoutBlocks(t *testing.T) {
	const main, a, b, a1, a2 = 1, 2, 3, 4, 5
	for _, way := range [][2]chain.ID{{a1, a2}, {a1, a}, {a1, main}, {a1, b}, {a, a1}, {a, main}, {main, a1}} {
		r := newTree(t, map[chain.ID]chain.ID{a: main, b: main, a1: a, a2: a})
		x := r.transfer(way[0], 1, way[1], 2, 7, 0)
		if s := r.process.Node(way[0]).Submit([][]byte{x.Encode()})[0]; s.Refused != nil {
			t.Fatal(s.Refused)
		}
		r.arrives(way[1], r.relayOf(x))
	}
}
