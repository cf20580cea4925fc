package merkle

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

const million = 1 << 20

// BenchmarkStateUpdate makes and commits a version with 10,000 updates of a state of a million leaves. The least of all
// rounds is reported as well: it says more on a machine that has other work.
func BenchmarkStateUpdate(b *testing.B) {
	benchUpdate(b, randomLeaves(rand.New(rand.NewPCG(1, 1)), million), nil)
}

// BenchmarkStateUpdateParallel does it with a goroutine for every slot.
func BenchmarkStateUpdateParallel(b *testing.B) {
	benchUpdate(b, randomLeaves(rand.New(rand.NewPCG(1, 1)), million), parallel)
}

// BenchmarkStateUpdateSlots has accounts with four storage entries each, of which any may be updated: it holds M5's
// promise that one costs about what a leaf of BenchmarkStateUpdate does.
func BenchmarkStateUpdateSlots(b *testing.B) { benchUpdate(b, slotLeaves(), nil) }

// slotLeaves is a million leaves: accounts with four storage entries each, below the 24 bytes of the account.
func slotLeaves() []Leaf {
	leaves := randomLeaves(rand.New(rand.NewPCG(1, 1)), million)
	for i := range leaves {
		account := i - i%5
		copy(leaves[i].Path[:24], leaves[account].Path[:24])
		if i == account {
			clear(leaves[i].Path[24:])
		}
	}
	sortLeaves(leaves)
	return leaves
}

func benchUpdate(b *testing.B, leaves []Leaf, each Each) {
	tree := New()
	if err := tree.Load(from(leaves)); err != nil {
		b.Fatal(err)
	}
	const batch = 10_000
	batches := randomBatches(leaves, 16, batch)
	i, least := 0, time.Hour
	for b.Loop() {
		updates := batches[i%len(batches)]
		i++
		for k := range updates {
			updates[k].Value[0]++
		}
		start := time.Now()
		v, err := tree.Update(nil, updates, each)
		if err != nil {
			b.Fatal(err)
		}
		if err := tree.Commit(v); err != nil {
			b.Fatal(err)
		}
		least = min(least, time.Since(start))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/leaf")
	b.ReportMetric(float64(least.Nanoseconds())/batch, "least-ns/leaf")
}

// randomBatches returns n batches of size updates of leaves, sorted.
func randomBatches(leaves []Leaf, n, size int) [][]Update {
	rnd := rand.New(rand.NewPCG(2, 2))
	batches := make([][]Update, n)
	for i := range batches {
		for _, k := range rnd.Perm(len(leaves))[:size] {
			u := Update(leaves[k])
			u.Value[1] = byte(i)
			batches[i] = append(batches[i], u)
		}
		sortUpdates(batches[i])
	}
	return batches
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

func BenchmarkProve(b *testing.B) { benchProve(b, randomLeaves(rand.New(rand.NewPCG(1, 1)), million)) }

func BenchmarkProveSlots(b *testing.B) { benchProve(b, slotLeaves()) }

func benchProve(b *testing.B, leaves []Leaf) {
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
		p, _ := tree.Prove(nil, leaves[1].Path)
		for b.Loop() {
			if err := p.Verify(root, leaves[1].Path, leaves[1].Value); err != nil {
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
