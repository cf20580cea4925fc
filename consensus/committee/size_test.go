package committee_test

import (
	"encoding/json"
	"math"
	"math/big"
	"os"
	"testing"

	"github.com/thinkey/thinkey/consensus/committee"
)

// faulty is the share of the nodes, rounded up.
func faulty(t *testing.T, nodes int, share string) int {
	t.Helper()
	r, ok := new(big.Rat).SetString(share)
	if !ok {
		t.Fatalf("share %q", share)
	}
	r.Mul(r, big.NewRat(int64(nodes), 1))
	q, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return int(q.Int64())
}

func TestFailureVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/committee.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Nodes     int
			Share     string `json:"faulty_share"`
			Seats     int
			Tolerated int
			Log2      float64 `json:"log2_probability"`
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Cases) < 5 {
		t.Fatalf("%d cases, error %v", len(file.Cases), err)
	}
	for _, c := range file.Cases {
		p := committee.Population{Nodes: c.Nodes, Faulty: faulty(t, c.Nodes, c.Share)}
		if got := committee.Log2(p.Failure(c.Seats)); math.Abs(got-c.Log2) > 1e-6 || (c.Seats-1)/3 != c.Tolerated {
			t.Errorf("%d of %d nodes, share %s: 2^%f, want 2^%f", c.Seats, c.Nodes, c.Share, got, c.Log2)
		}
	}
}

// Every committee of every small population, counted one by one.
func TestFailureCounted(t *testing.T) {
	for nodes := 1; nodes <= 11; nodes++ {
		for bad := 0; bad <= nodes; bad++ {
			for n := 1; n <= nodes; n++ {
				failed, all := int64(0), int64(0)
				for set := range 1 << nodes { // the first bad nodes are faulty
					seats, faulty := ones(set), ones(set&(1<<bad-1))
					if seats != n {
						continue
					}
					all++
					if 3*faulty >= n { // n >= 3f+1 does not hold
						failed++
					}
				}
				got := committee.Population{Nodes: nodes, Faulty: bad}.Failure(n)
				if want := big.NewRat(failed, all); got.Cmp(want) != 0 {
					t.Fatalf("%d seats of %d nodes, %d faulty: %s, want %s", n, nodes, bad, got, want)
				}
			}
		}
	}
}

func ones(n int) (count int) {
	for ; n > 0; n &= n - 1 {
		count++
	}
	return count
}

// SPEC 6.5: the smallest n = 3f+1, and none smaller.
func TestSize(t *testing.T) {
	for _, c := range []struct {
		p    committee.Population
		g    committee.Goal
		want int
	}{
		{committee.Population{Nodes: 4, Faulty: 0}, committee.Goal{Committees: 1, Bits: 40}, 1},
		{committee.Population{Nodes: 4, Faulty: 1}, committee.Goal{Committees: 1, Bits: 40}, 4},
		{committee.Population{Nodes: 1000, Faulty: 200}, committee.Goal{Committees: 1, Bits: 40}, 319},
		{committee.Population{Nodes: 4000, Faulty: 800}, committee.Goal{Committees: 1, Bits: 40}, 442},
		{committee.Population{Nodes: 4000, Faulty: 800}, committee.Goal{Committees: 10_000, Bits: 40}, 580},
	} {
		got, err := c.p.Size(c.g)
		if err != nil || got != c.want {
			t.Errorf("%+v, %+v: %d seats, error %v; want %d", c.p, c.g, got, err, c.want)
			continue
		}
		limit := -float64(c.g.Bits) - math.Log2(float64(c.g.Committees))
		for n := 1; n <= got; n += 3 {
			if meets := committee.Log2(c.p.Failure(n)) < limit; meets != (n == got) {
				t.Errorf("%+v, %+v: %d seats fail with 2^%f", c.p, c.g, n, committee.Log2(c.p.Failure(n)))
			}
		}
	}
	for _, p := range []committee.Population{{Nodes: 100, Faulty: 50}, {Nodes: 0, Faulty: 0}, {Nodes: 3, Faulty: 4}, {Nodes: 3, Faulty: -1}} {
		if n, err := p.Size(committee.Goal{Committees: 1, Bits: 40}); err == nil {
			t.Errorf("%+v: %d seats", p, n)
		}
	}
}
