package store_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

var cutSeed = flag.Uint64("cut-seed", 0, "repeat TestAuditOfCopiesMadeApart with this seed")

// TestAuditOfCopiesMadeApart: however far apart copies of the chains were made, while money went between them, there is a cut at which all of it is
// there: what chains held then and what was under way is what was issued.
func TestAuditOfCopiesMadeApart(t *testing.T) {
	const stages, picks = 4, 12
	seed := *cutSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat it with: go test ./runtime/store -run TestAuditOfCopiesMadeApart -cut-seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	g, dir := treeOf(t), t.TempDir()
	var copies [stages][5]string // by chain
	var nonces [5]uint64
	for i := range copies {
		runTree(t, g, dir, carrier(), func(p *node.Process) {
			allToAll(t, p, g, uint64(3*i))
			from := chain.ID(1 + rnd.IntN(4))
			paid, _ := payAcross(t, p, g, from, 3, 1+(from+chain.ID(rnd.IntN(3)))%4, 7, nonces[from])
			nonces[from]++
			arrives(t, p, from, paid) // and is on its way
		})
		for id := chain.ID(1); id <= 4; id++ {
			copies[i][id] = t.TempDir()
			if err := os.CopyFS(copies[i][id], os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			inDir(t, copies[i][id], func(p *planted) {
				for other := chain.ID(1); other <= 4; other++ {
					if other != id {
						p.lose(p.Keys(other)...)
					}
				}
			})
		}
	}
	cuts, underWay := 0, 0
	for range picks {
		var at [5]int
		var dirs []string
		for id := 1; id <= 4; id++ {
			at[id] = rnd.IntN(stages)
			dirs = append(dirs, copies[at[id]][id])
		}
		r := auditAll(t, dirs...)
		if !r.OK() || r.Issued != chain.NewAmount(4*4*1_000_000) {
			t.Errorf("chains as they were after stages %v: %s", at[1:], words(t, r))
		}
		cuts += len(r.Cuts)
		looked := map[chain.ID]uint64{} // the greatest that fit: the next block of each knows one that is not looked at
		for _, c := range r.Chains {
			looked[c.Chain] = c.Height
		}
		for _, c := range r.Cuts {
			looked[c.Chain] = c.Height
		}
		for _, c := range r.Cuts {
			if looked[c.Of] >= c.Knows || c.Height >= c.Head {
				t.Errorf("chains as they were after stages %v: %+v, and others are looked at up to %v", at[1:], c, looked)
			}
		}
		if chain.NewAmount(0).Less(r.UnderWay) {
			underWay++
		}
	}
	if cuts == 0 || underWay == 0 {
		t.Errorf("%d chains were cut, with money under way %d times: it tests nothing", cuts, underWay)
	}
	t.Logf("%d chains were cut, in %d of %d picks money was under way", cuts, underWay, picks)
}
