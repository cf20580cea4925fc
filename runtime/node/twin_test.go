package node

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
)

// twinned is the node that runs twice.
const twinned = 3

// twins are a committee of four, and another machine on which one of its nodes runs once more: with the same key, from a copy of its directory.
type twins struct {
	*linked
	elsewhere *linked   // in it only the twin is up
	paid      [4]uint64 // how many payments each account has made
}

// newTwins starts the committee, with a seat that leads first, and the twin, and waits until all others have seen both. The copy is older than
// what the node has signed since.
func newTwins(t *testing.T, leader uint32) *twins {
	t.Helper()
	r := &twins{linked: newLinked(t, 4, 4), elsewhere: newLinked(t, 4, 4)}
	for k := byte(1); committee.NewLeaders(r.genesis.Committee.Seed, len(r.links)).Leader(committee.Turn{Height: 1}) != leader; k++ {
		r.genesis.Committee.Seed = chain.Hash{k}
	}
	for i := range r.links {
		r.start(i, true)
	}
	r.pay(0, 0)
	r.stop(twinned)
	if err := os.CopyFS(r.elsewhere.dirs[twinned], os.DirFS(r.dirs[twinned])); err != nil {
		t.Fatal(err)
	}
	r.start(twinned, false)
	r.pay(twinned, 1)
	r.paid[1] = 2
	before := r.conflicts()                            // it has moved, which some may have seen as one
	if err := r.links[twinned].release(); err != nil { // another machine knows nothing of who runs here
		t.Fatal(err)
	}
	r.links[twinned].alone = nil
	r.elsewhere.genesis, r.elsewhere.seed = r.genesis, r.seed
	r.elsewhere.start(twinned, false)
	r.until("all others see its key at two addresses", func() bool {
		for i, seen := range r.conflicts() {
			if seen == before[i] {
				return false
			}
		}
		return true
	})
	return r
}

// conflicts is how often each node that runs once has seen the key of the one that runs twice at another address. No other key may be seen so.
func (r *twins) conflicts() (seen [twinned]uint64) {
	r.t.Helper()
	key, _ := memberKeys(twinned)
	for i := range seen {
		for _, n := range r.links[i].Neighbours() {
			switch {
			case n.Key == key:
				seen[i] = n.Conflicts
			case n.Conflicts > 0:
				r.t.Fatalf("node %d has seen another node at two addresses: %s", i, n.Key)
			}
		}
	}
	return seen
}

// running are all nodes that are up: first those that run once.
func (r *twins) running() (list []*Node) {
	for _, p := range append(slices.Clone(r.processes), r.elsewhere.processes[twinned]) {
		if p != nil {
			list = append(list, p.Node(chain.Main))
		}
	}
	return list
}

// give submits an account's next payment at a node.
func (r *twins) give(at *Node, from byte) *chain.Message {
	r.t.Helper()
	m := payment(at, from, from%3+1, 5, r.paid[from])
	if a := at.Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
		r.t.Fatal(a.Refused)
	}
	r.paid[from]++
	return m
}

// agree holds that no two nodes have different blocks at one height, however far each of them is.
func (r *twins) agree() {
	r.t.Helper()
	var blocks [][]byte // from height 1 on, as the first node that has it says
	for i, n := range r.running() {
		for k := range int(n.Head().Header.Height) {
			raw, err := n.RawBlock(uint64(k) + 1)
			if err != nil {
				r.t.Fatalf("node %d, block %d: %v", i, k+1, err)
			}
			if k == len(blocks) {
				blocks = append(blocks, raw)
			}
			if !bytes.Equal(raw, blocks[k]) {
				r.t.Fatalf("node %d has another block %d", i, k+1)
			}
		}
	}
}

// forked says of a test that has failed, mostly as it waited in vain, whether that is because nodes have different blocks.
func (r *twins) forked() {
	if r.t.Failed() {
		r.agree()
	}
}

// level waits until all that are up have the same head, and holds that they have the same blocks below it, and that what any of them keeps
// as evidence convicts the key that runs twice and no other.
func (r *twins) level() {
	r.t.Helper()
	r.until("all have the same head", func() bool {
		list := r.running()
		return !slices.ContainsFunc(list, func(n *Node) bool { return n.Head().Hash != list[0].Head().Hash })
	})
	r.agree()
	judge := &committeeRig{t: r.t, genesis: r.genesis}
	for _, n := range r.running() {
		judge.convicted(n, twinned)
	}
}

// Starting the same key twice on two hosts is survived and seen: the two are one faulty member. The others decide, whoever is given payments
// and though both propose, and see the key at two addresses; when one of the two ends, the other goes on.
func TestTwinSurvived(t *testing.T) {
	for _, c := range []struct {
		name   string
		leader uint32
		end    func(r *twins)
	}{
		{"it leads and the first ends", twinned, func(r *twins) { r.stop(twinned) }},
		{"it follows and the twin ends", 0, func(r *twins) { r.elsewhere.stop(twinned) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTwins(t, c.leader)
			defer r.forked()
			all := r.running()
			for range 5 {
				// Neither of the two knows yet what the other is given: if they lead they propose different blocks.
				for _, m := range []*chain.Message{r.give(all[0], 1), r.give(all[3], 2), r.give(all[4], 3)} {
					for _, n := range all[:twinned] {
						linkedFinal(t, n, m)
					}
				}
				r.agree()
			}
			r.level()
			c.end(r)
			left := r.running()
			m := r.give(left[twinned], 1)
			for _, n := range left {
				linkedFinal(t, n, m)
			}
			r.level()
		})
	}
}
