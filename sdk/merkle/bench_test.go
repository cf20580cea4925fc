package merkle

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

const million = 1 << 20

// BenchmarkStateUpdate makes and commits a version with 10,000 updates of a state of a million leaves.
func BenchmarkStateUpdate(b *testing.B) { benchUpdate(b, nil) }

// BenchmarkStateUpdateParallel does it with a goroutine for every slot.
func BenchmarkStateUpdateParallel(b *testing.B) { benchUpdate(b, parallel) }

func benchUpdate(b *testing.B, each Each) {
	rnd := rand.New(rand.NewPCG(1, 1))
	leaves := randomLeaves(rnd, million)
	benchBatches(b, leaves, each)
}

// BenchmarkStateUpdateSlots has four storage entries to an account: every account is a subtree 192 bits deep.
func BenchmarkStateUpdateSlots(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	leaves := randomLeaves(rnd, million)
	for i := range leaves {
		copy(leaves[i].Path[:24], leaves[i&^3].Path[:24])
	}
	sortLeaves(leaves)
	benchBatches(b, leaves, nil)
}

func benchBatches(b *testing.B, leaves []Leaf, each Each) {
	tree := New()
	if err := tree.Load(from(leaves)); err != nil {
		b.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(2, 2))
	const batch = 10_000
	updates := make([]Update, 0, batch)
	for b.Loop() {
		b.StopTimer()
		updates = updates[:0]
		for _, i := range rnd.Perm(len(leaves))[:batch] {
			u := Update(leaves[i])
			u.Value[0]++
			leaves[i].Value = u.Value
			updates = append(updates, u)
		}
		sortUpdates(updates)
		b.StartTimer()
		v, err := tree.Update(nil, updates, each)
		if err != nil {
			b.Fatal(err)
		}
		if err := tree.Commit(v); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/leaf")
}

func BenchmarkStateLoad1M(b *testing.B) {
	leaves := randomLeaves(rand.New(rand.NewPCG(1, 1)), million)
	b.ReportAllocs()
	for b.Loop() {
		if err := New().Load(from(leaves)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProve(b *testing.B) {
	leaves := randomLeaves(rand.New(rand.NewPCG(1, 1)), million)
	tree := New()
	if err := tree.Load(from(leaves)); err != nil {
		b.Fatal(err)
	}
	b.Run("Prove", func(b *testing.B) {
		bytes, i := 0, 0
		for b.Loop() {
			i = (i + 7919) % len(leaves)
			p, _ := tree.Prove(nil, leaves[i].Path)
			bytes += len(p.Siblings)*32 + len(p.Levels) + 2
		}
		b.ReportMetric(float64(bytes)/float64(b.N), "proof-B")
	})
	b.Run("Verify", func(b *testing.B) {
		root := tree.Root()
		p, _ := tree.Prove(nil, leaves[0].Path)
		for b.Loop() {
			if err := p.Verify(root, leaves[0].Path, leaves[0].Value); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkFixedRoot10k(b *testing.B) {
	leaves := make([]Hash, 10_000)
	for i := range leaves {
		leaves[i] = LeafHash([]byte{byte(i), byte(i >> 8)})
	}
	for b.Loop() {
		Root(leaves)
	}
}

func parallel(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func from(leaves []Leaf) func() (Path, Hash, bool) {
	return func() (Path, Hash, bool) {
		if len(leaves) == 0 {
			return Path{}, Hash{}, false
		}
		l := leaves[0]
		leaves = leaves[1:]
		return l.Path, l.Value, true
	}
}

func randomLeaves(rnd *rand.Rand, n int) []Leaf {
	leaves := make([]Leaf, n)
	for i := range leaves {
		leaves[i] = Leaf{Path: randomPath(rnd), Value: randomHash(rnd)}
	}
	sortLeaves(leaves)
	return leaves
}

func sortLeaves(leaves []Leaf) {
	slices.SortFunc(leaves, func(a, b Leaf) int { return comparePaths(a.Path, b.Path) })
}

func sortUpdates(updates []Update) {
	slices.SortFunc(updates, func(a, b Update) int { return comparePaths(a.Path, b.Path) })
}
