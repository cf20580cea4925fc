package api

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

var treeSeed = flag.Uint64("tree.seed", 0, "seed of TestTreeOrder; 0 takes any")

// forest is a tree of messages that was handled in some blocks.
type forest struct {
	root   *chain.Message
	places map[chain.MessageID]store.Place
	blocks []*kept // by height
	size   int
	reads  map[uint64]int
}

// grow makes a tree of up to size messages over a few blocks: each is handled in the block of its sender or a later one,
// some after the last.
func grow(r *rand.Rand, size int) *forest {
	f := &forest{places: map[chain.MessageID]store.Place{}, reads: map[uint64]int{}}
	for h := range 6 {
		b := &chain.Block{Header: chain.Header{Chain: chain.Main, Height: uint64(h)}}
		f.blocks = append(f.blocks, &kept{height: uint64(h), History: &block.History{Block: b}})
	}
	a := chain.Address{3: 1, 9: 1}
	f.root = (&chain.Message{Kind: chain.External, From: a, To: a, Payer: a, Nonce: r.Uint64()}).Seal()
	type sent struct {
		m    *chain.Message
		from int
	}
	for todo := []sent{{f.root, 1}}; len(todo) > 0; {
		i := r.IntN(len(todo))
		m, h := todo[i].m, todo[i].from+max(0, r.IntN(4)-1)
		todo = slices.Delete(todo, i, i+1)
		if h >= len(f.blocks) {
			continue // queued
		}
		e := block.Event{Message: m, Receipt: &chain.Receipt{Status: chain.StatusOK}}
		for n := range uint32(r.IntN(4)) {
			if f.size++; f.size < size {
				child := (&chain.Sent{To: a, Method: "m"}).Relay(a, m, n)
				e.Sent = append(e.Sent, child)
				todo = append(todo, sent{child, h})
			}
		}
		f.places[m.ID()] = store.Place{Height: uint64(h), Event: uint32(len(f.blocks[h].Events))}
		f.blocks[h].Events = append(f.blocks[h].Events, e)
	}
	return f
}

// last is the height of the last block.
func (f *forest) last() uint64 { return uint64(len(f.blocks) - 1) }

// follow advances to each of the heights and returns the steps. All blocks are committed before.
func (f *forest) follow(t *testing.T, heights ...uint64) (steps []string, open int) {
	head := f.last()
	tree := f.tree(t, &steps, func() uint64 { return head })
	for _, h := range heights {
		rand.Shuffle(len(tree.open), func(i, j int) { tree.open[i], tree.open[j] = tree.open[j], tree.open[i] })
		if err := tree.advance(heads{1: h}); err != nil {
			t.Fatal(err)
		}
	}
	return steps, len(tree.open)
}

// chase follows to the head again and again, while blocks are committed between any two looks.
func (f *forest) chase(t *testing.T, r *rand.Rand) (steps []string, open int) {
	head := uint64(0)
	tree := f.tree(t, &steps, func() uint64 {
		if head < f.last() && r.IntN(5) == 0 {
			head++
		}
		return head
	})
	for {
		upto := head
		if err := tree.advance(heads{1: upto}); err != nil {
			t.Fatal(err)
		}
		if upto == f.last() {
			return steps, len(tree.open)
		}
		if upto == head { // nothing was looked for
			head++
		}
	}
}

// tree follows f, where the blocks up to head are committed, and notes its steps.
func (f *forest) tree(t *testing.T, steps *[]string, head func() uint64) *tree {
	clear(f.reads)
	return &tree{
		limit: 1 << 20, count: 1, open: []*branch{{id: f.root.ID(), at: 1}},
		where: func(_ chain.ID, id chain.MessageID) (node.Message, error) {
			if p, ok := f.places[id]; ok && p.Height <= head() {
				return node.Message{Final: &p}, nil
			}
			return node.Message{}, node.ErrUnknown
		},
		read: func(at spot) (*kept, error) { f.reads[at.height]++; return f.blocks[at.height], nil },
		final: func(b *branch, m client.Message) {
			if b.id != m.ID {
				t.Errorf("%s is described as %s", b.id, m.ID)
			}
			*steps = append(*steps, fmt.Sprint("final ", m.Place.Height, " ", b.id))
		},
		sent: func(from, b *branch) { *steps = append(*steps, fmt.Sprint("sent ", from.id, " ", b.id)) },
	}
}

// N5: the steps of a tree are the same however its blocks became known, in the order of the blocks, each message once;
// and a block is read once each time.
func TestTreeOrder(t *testing.T) {
	s := *treeSeed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("repeat with: go test ./runtime/api -run TestTreeOrder -tree.seed=%d", s)
	r := rand.New(rand.NewPCG(s, 1))
	for range 500 {
		f := grow(r, 1+r.IntN(60))
		once, open := f.follow(t, 5)
		for h, n := range f.reads {
			if n != 1 {
				t.Fatalf("block %d is read %d times", h, n)
			}
		}
		var finals []uint64
		seen := map[string]bool{}
		for _, step := range once {
			if seen[step] {
				t.Fatalf("twice: %s", step)
			}
			seen[step] = true
			var h uint64
			if n, _ := fmt.Sscanf(step, "final %d", &h); n == 1 {
				finals = append(finals, h)
			}
		}
		if len(finals) != len(f.places) || !slices.IsSorted(finals) {
			t.Fatalf("%d of %d messages are final, at %v", len(finals), len(f.places), finals)
		}
		for _, heights := range [][]uint64{{0, 1, 2, 3, 4, 5}, {2, 5}, {1, 1, 4, 5}, {5, 5}} {
			steps, left := f.follow(t, heights...)
			if !slices.Equal(steps, once) || left != open {
				t.Fatalf("by way of %v: %d steps, %d open; at once: %d steps, %d open", heights, len(steps), left, len(once), open)
			}
		}
		if steps, left := f.chase(t, r); !slices.Equal(steps, once) || left != open {
			t.Fatalf("while blocks come: %d steps, %d open; at once: %d steps, %d open", len(steps), left, len(once), open)
		}
	}
}

func TestTreeReadError(t *testing.T) {
	broken := errors.New("disk")
	tree := &tree{
		limit: 1, open: []*branch{{}}, where: func(chain.ID, chain.MessageID) (node.Message, error) { return node.Message{}, broken },
	}
	if err := tree.advance(heads{1: 1}); !errors.Is(err, broken) {
		t.Error(err)
	}
}
