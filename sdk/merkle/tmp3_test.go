package merkle
import ("testing";"math/rand/v2";"time")
func BenchmarkSmall(b *testing.B){ benchN(b, 1<<14) }
func BenchmarkBig(b *testing.B){ benchN(b, 1<<20) }
func benchN(b *testing.B, n int){
	rnd := rand.New(rand.NewPCG(1, 1)); leaves := randomLeaves(rnd, n)
	tr := New(); tr.Load(from(leaves))
	sets := make([][]Update, 30)
	for j := range sets {
	for _, i := range rnd.Perm(len(leaves))[:10000] { u := Update(leaves[i]); u.Value[0]++; u.Value[1]=byte(rnd.Int()); sets[j] = append(sets[j],u)}
	sortUpdates(sets[j])
	}
	best := time.Hour
	k := 0
	for b.Loop() {
	  t0 := time.Now()
		v,_ := tr.Update(nil, sets[k%len(sets)], nil); k++
		tr.Commit(v)
		best = min(best, time.Since(t0))
	}
	b.ReportMetric(float64(best.Nanoseconds())/10000, "min-ns/leaf")
}
