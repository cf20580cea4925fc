package committee

import (
	"fmt"
	"math"
	"math/big"
)

// Population is what seats are drawn from, without putting back: so many nodes, of which so many may be faulty.
type Population struct{ Nodes, Faulty int }

// Failure is the probability that a committee of n seats has more than ⌊(n-1)/3⌋ faulty ones, exactly: the tail of the
// hypergeometric distribution. There must be n nodes at least.
func (p Population) Failure(n int) *big.Rat {
	honest := p.Nodes - p.Faulty
	k := max((n-1)/3+1, n-honest)
	sum := new(big.Int)
	if k <= min(n, p.Faulty) {
		term := new(big.Int).Mul(binomial(p.Faulty, k), binomial(honest, n-k))
		for ; k <= n && k <= p.Faulty; k++ {
			sum.Add(sum, term)
			// from the ways to have k faulty seats to those to have one more; both divisions leave nothing over
			term.Mul(term, big.NewInt(int64(p.Faulty-k)*int64(n-k)))
			term.Quo(term, big.NewInt(int64(k+1)*int64(honest-n+k+1)))
		}
	}
	return new(big.Rat).SetFrac(sum, binomial(p.Nodes, n))
}

func binomial(n, k int) *big.Int { return new(big.Int).Binomial(int64(n), int64(k)) }

// Goal is how seldom any of all committees may fail: with a probability below 2^-Bits over so many draws (SPEC 6.5).
type Goal struct {
	Committees uint64
	Bits       uint
}

// Size is the smallest n = 3f+1 that meets the goal. It fails if not even a committee of nearly all nodes does.
func (p Population) Size(g Goal) (int, error) {
	if p.Faulty < 0 || p.Nodes < 1 || p.Faulty > p.Nodes {
		return 0, fmt.Errorf("%d faulty nodes of %d: there must be at least one node, and no more faulty ones than nodes", p.Faulty, p.Nodes)
	}
	one := new(big.Int).Lsh(new(big.Int).SetUint64(max(g.Committees, 1)), g.Bits)
	for n := 1; n <= p.Nodes; n += 3 {
		f := p.Failure(n)
		if new(big.Int).Mul(f.Num(), one).Cmp(f.Denom()) < 0 {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%d faulty nodes of %d are too many: no committee fails with a probability below 2^-%d over %d draws",
		p.Faulty, p.Nodes, g.Bits, g.Committees)
}

// Log2 is the binary logarithm of a probability, for people to read; -Inf of zero.
func Log2(p *big.Rat) float64 {
	if p.Sign() == 0 {
		return math.Inf(-1)
	}
	mantissa := new(big.Float)
	exponent := new(big.Float).SetRat(p).MantExp(mantissa)
	m, _ := mantissa.Float64()
	return math.Log2(m) + float64(exponent)
}
