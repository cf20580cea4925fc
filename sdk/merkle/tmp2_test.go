package merkle

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

func TestTiming(t *testing.T) {
	for _, n := range []int{1 << 14, 1 << 16, 1 << 18, 1 << 20} {
		rnd := rand.New(rand.NewPCG(1, 1))
		leaves := randomLeaves(rnd, n)
		tr := New()
		tr.Load(from(leaves))
		for k := range 6 {
			var ups []Update
			for _, i := range rnd.Perm(len(leaves))[:10000] {
				u := Update(leaves[i])
				u.Value[0]++
				u.Value[1] = byte(k)
				ups = append(ups, u)
			}
			sortUpdates(ups)
			t0 := time.Now()
			v, _ := tr.Update(nil, ups, nil)
			d := time.Since(t0)
			nodes := 0
			for _, f := range v.fresh {
				nodes += len(f)
			}
			// pure hashing
			t0 = time.Now()
			var l, r Hash
			for range nodes {
				l = (&pair{l, r}).hash()
			}
			d2 := time.Since(t0)
			t0 = time.Now()
			tr.Commit(v)
			fmt.Println(n, k, d, nodes, d2, time.Since(t0))
		}
	}
}
