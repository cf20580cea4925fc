package keys

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"

	gnark "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// panel is a committee for tests: secret i holds seat i.
type panel struct {
	secrets []BLSSecret
	public  []BLSPublicKey
	keys    *BLSKeys
}

func newPanel(t testing.TB, secrets ...BLSSecret) panel {
	t.Helper()
	p := panel{secrets: secrets}
	for _, s := range secrets {
		p.public = append(p.public, s.Public())
	}
	var err error
	if p.keys, err = NewBLSKeys(p.public); err != nil {
		t.Fatal(err)
	}
	return p
}

func seeded(n int) (secrets []BLSSecret) {
	for i := range n {
		secrets = append(secrets, BLSFromSeed([32]byte{byte(i), byte(i >> 8), 1}))
	}
	return secrets
}

func upTo(n int) (seats []int) {
	for i := range n {
		seats = append(seats, i)
	}
	return seats
}

// votes are those of all seats for one message.
func (p panel) votes(d BLSDomain, message []byte) (votes []BLSVote) {
	for i, s := range p.secrets {
		votes = append(votes, BLSVote{BLSSigned{message, []int{i}}, s.Sign(d, message)})
	}
	return votes
}

func (p panel) collect(t testing.TB, d BLSDomain, votes []BLSVote) BLSSignature {
	t.Helper()
	s, bad := p.keys.Collect(d, votes)
	if bad != nil {
		t.Fatalf("votes %v are bad", bad)
	}
	return s
}

func TestAggregateAgainstReference(t *testing.T) {
	r := random(t)
	p := newPanel(t, seeded(40)...)
	var message []byte
	var all []BLSVote
	var d BLSDomain
	for i := range 300 * *timesFlag {
		if i%10 == 0 { // to sign takes longer than all else
			message, d = randomBytes(r, make([]byte, r.IntN(100))), blsDomains[r.IntN(3)]
			all = p.votes(d, message)
		}
		seats := r.Perm(len(all))[:1+r.IntN(len(all))]
		var votes []BLSVote
		var public []BLSPublicKey
		for _, seat := range seats {
			votes, public = append(votes, all[seat]), append(public, p.public[seat])
		}
		signature := p.collect(t, d, votes)
		if !refVerifyBLS(public, d, message, signature) {
			t.Fatalf("the reference refuses the sum of %v", seats)
		}
		if err := p.keys.Verify(d, signature, BLSSigned{message, seats}); err != nil {
			t.Fatalf("%v: %v", seats, err)
		}
		changed := slices.Clone(seats)
		changed[r.IntN(len(changed))] = r.IntN(len(all))
		public = nil
		for _, seat := range changed {
			public = append(public, p.public[seat])
		}
		got := p.keys.Verify(d, signature, BLSSigned{message, changed}) == nil
		if want := refVerifyBLS(public, d, message, signature); got != want {
			t.Fatalf("%v signed, %v are said to: valid %v, want %v", seats, changed, got, want)
		}
	}
}

// A signature is for its kind, its message, its seats, each as often as named, and no other.
func TestVerifyRefuses(t *testing.T) {
	p := newPanel(t, seeded(4)...)
	message := []byte("text")
	signature := p.collect(t, BLSPreparation, p.votes(BLSPreparation, message))
	good := BLSSigned{message, upTo(4)}
	if err := p.keys.Verify(BLSPreparation, signature, good); err != nil {
		t.Fatal(err)
	}
	for _, d := range blsDomains {
		if err := p.keys.Verify(d, signature, good); (err == nil) != (d == BLSPreparation) {
			t.Errorf("domain %d: error %v", d, err)
		}
	}
	for name, c := range map[string]struct {
		signed []BLSSigned
		want   error
	}{
		"another message":    {[]BLSSigned{{[]byte("texts"), upTo(4)}}, ErrBLSAggregate},
		"no message":         {[]BLSSigned{{nil, upTo(4)}}, ErrBLSAggregate},
		"a seat less":        {[]BLSSigned{{message, upTo(3)}}, ErrBLSAggregate},
		"a seat twice":       {[]BLSSigned{{message, []int{0, 1, 2, 3, 3}}}, ErrBLSAggregate},
		"the claim twice":    {[]BLSSigned{good, good}, ErrBLSAggregate},
		"a seat too many":    {[]BLSSigned{{message, upTo(5)}}, ErrBLSSeat},
		"a seat below":       {[]BLSSigned{{message, []int{-1}}}, ErrBLSSeat},
		"nobody":             {[]BLSSigned{{message, nil}}, ErrBLSSeat},
		"nobody, and others": {[]BLSSigned{good, {[]byte("more"), nil}}, ErrBLSSeat},
		"nothing":            {nil, ErrBLSSeat},
	} {
		if err := p.keys.Verify(BLSPreparation, signature, c.signed...); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
	for name, s := range map[string]BLSSignature{"no signature": {}, "infinity": {0xc0}} {
		if err := p.keys.Verify(BLSPreparation, s, good); !errors.Is(err, ErrBLSPoint) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// Infinity as a key or a signature would verify anything, and so would seats whose keys sum up to it: each is refused.
func TestInfinityIsRefused(t *testing.T) {
	if _, err := NewBLSKeys([]BLSPublicKey{{0xc0}}); !errors.Is(err, ErrBLSKey) {
		t.Errorf("infinity is a key: %v", err)
	}
	s := BLSFromSeed([32]byte{1})
	p := newPanel(t, s, negatedSecret(s), BLSFromSeed([32]byte{2}))
	message := []byte("text")
	votes := p.votes(BLSTimeout, message)
	third := BLSSignature{}
	third, _ = votes[2].Point.Signature()
	if err := p.keys.Verify(BLSTimeout, third, BLSSigned{[]byte("anything"), []int{0, 1}}, BLSSigned{message, []int{2}}); !errors.Is(err, ErrBLSAggregate) {
		t.Errorf("seats whose keys cancel out sign anything: %v", err)
	}
	if err := p.keys.Verify(BLSTimeout, BLSSignature{0xc0}, BLSSigned{message, []int{0, 1}}); !errors.Is(err, ErrBLSPoint) {
		t.Errorf("nothing is the signature of seats whose keys cancel out: %v", err)
	}
	// each of the votes is good; those that cancel out are the bad ones all the same
	if _, bad := p.keys.Collect(BLSTimeout, votes[:2]); !slices.Equal(bad, []int{0, 1}) {
		t.Errorf("two that cancel out: bad are %v", bad)
	}
	other := []byte("the others' timeout")
	apart := []BLSVote{{BLSSigned{other, []int{2}}, p.secrets[2].Sign(BLSTimeout, other)}, votes[0], votes[1]}
	if _, bad := p.keys.Collect(BLSTimeout, apart); !slices.Equal(bad, []int{1, 2}) {
		t.Errorf("two of three that cancel out: bad are %v", bad)
	}
	if s, bad := p.keys.Collect(BLSTimeout, votes); bad != nil || !refVerifyBLS(p.public, BLSTimeout, message, s) {
		t.Errorf("with a third: bad are %v", bad)
	}
}

// negatedSecret is the secret of the negated key.
func negatedSecret(s BLSSecret) BLSSecret {
	pair := &blsPair{public: negated(s.Public())}
	n := scalarOf(s)
	n.Sub(blsOrder, n).FillBytes(pair.scalar[:])
	return BLSSecret{pair: func() *blsPair { return pair }}
}

// Statements that differ have one signature together, and a seat can stand in several.
func TestSeveralMessages(t *testing.T) {
	p := newPanel(t, seeded(7)...)
	var votes []BLSVote
	for i, seats := range [][]int{{0}, {1, 2}, {3}, {4}, {5}, {6}} {
		message := fmt.Appendf(nil, "statement %d", i%3)
		var points []BLSPoint
		for _, seat := range seats {
			points = append(points, p.secrets[seat].Sign(BLSTimeout, message))
		}
		sum, err := BLSSum(points...)
		if err != nil {
			t.Fatal(err)
		}
		votes = append(votes, BLSVote{BLSSigned{message, seats}, sum})
	}
	signature := p.collect(t, BLSTimeout, votes)
	claims := []BLSSigned{{[]byte("statement 0"), []int{0, 4}}, {[]byte("statement 1"), []int{1, 2, 5}}, {[]byte("statement 2"), []int{3, 6}}}
	if err := p.keys.Verify(BLSTimeout, signature, claims...); err != nil {
		t.Error(err)
	}
	if err := p.keys.Verify(BLSTimeout, signature, claims[2], claims[1], claims[0]); err != nil {
		t.Errorf("in another order: %v", err)
	}
	claims[0].Seats, claims[1].Seats = []int{1, 4}, []int{0, 2, 5}
	if err := p.keys.Verify(BLSTimeout, signature, claims...); !errors.Is(err, ErrBLSAggregate) {
		t.Errorf("with two seats exchanged: %v", err)
	}
}

// A node of several seats signs once, and its signature counts once for each.
func TestWeightedSeats(t *testing.T) {
	heavy, light := BLSFromSeed([32]byte{1}), BLSFromSeed([32]byte{2})
	p := newPanel(t, heavy, light, heavy, heavy)
	message := []byte("text")
	one := heavy.Sign(BLSPreparation, message)
	three, err := BLSSum(one, one, one)
	if err != nil {
		t.Fatal(err)
	}
	signature := p.collect(t, BLSPreparation, []BLSVote{{BLSSigned{message, []int{0, 2, 3}}, three}, {BLSSigned{message, []int{1}}, light.Sign(BLSPreparation, message)}})
	if err := p.keys.Verify(BLSPreparation, signature, BLSSigned{message, upTo(4)}); err != nil {
		t.Error(err)
	}
	if _, bad := p.keys.Collect(BLSPreparation, []BLSVote{{BLSSigned{message, []int{0, 2, 3}}, one}}); !slices.Equal(bad, []int{0}) {
		t.Errorf("one signature for three seats: bad are %v", bad)
	}
}

// Whatever is bad is found, and only that: votes of other messages, kinds and keys, points off the curve and outside of the
// group, seats that there are not.
func TestCollectFindsTheBad(t *testing.T) {
	r := random(t)
	p := newPanel(t, seeded(12)...)
	message := []byte("text")
	good := p.votes(BLSPreparation, message)
	torsion := ofOrder(3)
	spoil := []func(v *BLSVote){
		func(v *BLSVote) { v.Point = p.secrets[v.Seats[0]].Sign(BLSPreparation, []byte("another text")) },
		func(v *BLSVote) { v.Point = p.secrets[v.Seats[0]].Sign(BLSConfirmation, message) },
		func(v *BLSVote) { v.Point = p.secrets[(v.Seats[0]+1)%12].Sign(BLSPreparation, message) },
		func(v *BLSVote) { v.Point = BLSPoint{} },
		func(v *BLSVote) { v.Point = BLSPoint{0x40} },
		func(v *BLSVote) { v.Point[50] ^= 1 },
		func(v *BLSVote) { v.Point = plus(t, v.Point, torsion) },
		func(v *BLSVote) { v.Point = torsion.RawBytes() },
		func(v *BLSVote) { v.Seats = []int{12} },
		func(v *BLSVote) { v.Seats = nil },
	}
	for i, f := range spoil {
		votes := slices.Clone(good)
		at := r.IntN(len(votes))
		f(&votes[at])
		if s, bad := p.keys.Collect(BLSPreparation, votes); !slices.Equal(bad, []int{at}) || s != (BLSSignature{}) {
			t.Errorf("fault %d at %d: bad are %v, signature %s", i, at, bad, s)
		}
	}
	votes := slices.Clone(good)
	var want []int
	for i := range votes {
		if r.IntN(2) == 0 {
			spoil[r.IntN(len(spoil))](&votes[i])
			want = append(want, i)
		}
	}
	if _, bad := p.keys.Collect(BLSPreparation, votes); !slices.Equal(bad, want) {
		t.Errorf("bad are %v, want %v", bad, want)
	}
	breaks(t, "collecting no votes", func() { p.keys.Collect(BLSPreparation, nil) })
}

// The one check of the group is that of the sum: a part outside of it, which the pairing does not see, makes the sum
// another signature for the same, so it is refused. Faults that cancel out leave a sum that is as good as any.
func TestSubgroupOfTheSum(t *testing.T) {
	p := newPanel(t, seeded(4)...)
	message := []byte("text")
	good := p.votes(BLSPreparation, message)
	for _, order := range factors1 {
		torsion := ofOrder(order)
		votes := slices.Clone(good)
		votes[1].Point = plus(t, votes[1].Point, torsion)
		if _, bad := p.keys.Collect(BLSPreparation, votes); !slices.Equal(bad, []int{1}) {
			t.Errorf("a part of order %d: bad are %v", order, bad)
		}
		votes[2].Point = plus(t, votes[2].Point, *new(gnark.G1Affine).Neg(&torsion))
		cancelled := p.collect(t, BLSPreparation, votes)
		if cancelled != p.collect(t, BLSPreparation, good) {
			t.Errorf("order %d: faults that cancel out change the sum", order)
		}
		if _, bad := p.keys.Collect(BLSPreparation, votes[:2]); !slices.Equal(bad, []int{1}) {
			t.Errorf("order %d: without the other: bad are %v", order, bad)
		}
	}
}

// Engines compute within themselves, and points that they are given change where they lie: many at once must not meet.
func TestBLSConcurrently(t *testing.T) {
	p := newPanel(t, seeded(8)...)
	before, sum := slices.Clone(p.keys.points), p.keys.all
	message := []byte("text")
	votes := p.votes(BLSPreparation, message)
	want := p.collect(t, BLSPreparation, votes)
	spoiled := slices.Clone(votes)
	spoiled[3].Point = votes[2].Point
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for range 8 {
				s, bad := p.keys.Collect(BLSPreparation, votes)
				if bad != nil || s != want {
					t.Errorf("sum %s, bad are %v", s, bad)
				}
				if err := p.keys.Verify(BLSPreparation, want, BLSSigned{message, upTo(8)}); err != nil {
					t.Error(err)
				}
				if p.secrets[g].Sign(BLSPreparation, message) != votes[g].Point {
					t.Error("another signature")
				}
			}
			if _, bad := p.keys.Collect(BLSPreparation, spoiled); !slices.Equal(bad, []int{3}) {
				t.Errorf("bad are %v", bad)
			}
		})
	}
	all.Wait()
	if !slices.Equal(before, p.keys.points) || sum != p.keys.all {
		t.Error("the decoded keys changed")
	}
}

// What our own values lie in is not what the library is given: its calls change their arguments.
func TestTheLibraryChangesItsArguments(t *testing.T) {
	e := newPairing()
	k := e.g2.New()
	e.g2.Double(k, e.g2.One())
	before := *k
	e.add(e.g1.One(), k)
	if before == *k {
		t.Error("a pairing leaves its argument alone: what BLSKeys says of the library is outdated")
	}
}

// A key that stands at several seats is decoded once, and a bad one is named by its seat.
func TestNewBLSKeys(t *testing.T) {
	s := seeded(2)
	p := newPanel(t, s[0], s[1], s[0])
	if p.keys.Len() != 3 || p.keys.points[0] != p.keys.points[2] || p.keys.points[0] == p.keys.points[1] {
		t.Error("the keys are others")
	}
	outside := outsideG2(t)
	for _, bad := range []BLSPublicKey{{}, {0xc0}, outside} {
		_, err := NewBLSKeys([]BLSPublicKey{s[0].Public(), bad})
		if !errors.Is(err, ErrBLSKey) || err.Error() != "seat 1: "+ErrBLSKey.Error() {
			t.Errorf("%s: error %v", bad, err)
		}
	}
}

// cpu reports the CPU time of this process for each iteration: the wall's is that of everybody here.
func cpu(b *testing.B, f func()) {
	b.Helper()
	now := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	start := now()
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(now()-start)/float64(b.N)/1e3, "cpu-µs/op")
}

func benchPanel(b *testing.B, n int) (panel, []BLSVote) {
	p := newPanel(b, seeded(n)...)
	votes := p.votes(BLSPreparation, []byte("text"))
	rand.Shuffle(n, func(i, j int) { votes[i], votes[j] = votes[j], votes[i] })
	return p, votes
}

func BenchmarkBLSVerify(b *testing.B) {
	for _, n := range []int{4, 16, 64, 128, 512} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, votes := benchPanel(b, n)
			s := p.collect(b, BLSPreparation, votes)
			signed := BLSSigned{[]byte("text"), upTo(n)}
			cpu(b, func() {
				if p.keys.Verify(BLSPreparation, s, signed) != nil {
					b.Fatal("refused")
				}
			})
		})
	}
}

func BenchmarkBLSVerifyAll(b *testing.B) {
	for _, n := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := newPanel(b, seeded(4)...)
			claims := make([]BLSClaim, n)
			for i := range claims {
				message := fmt.Append(nil, "block ", i)
				votes := slices.Delete(p.votes(BLSConfirmation, message), i%4, i%4+1)
				claims[i] = p.claim(b, BLSConfirmation, message, votes)
			}
			cpu(b, func() {
				if err := p.keys.VerifyAll(claims); err != nil {
					b.Fatal(err)
				}
			})
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n)/1000, "µs/claim")
		})
	}
}

func BenchmarkBLSCollect(b *testing.B) {
	for _, n := range []int{4, 16, 64, 128, 512} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, votes := benchPanel(b, n)
			cpu(b, func() { p.collect(b, BLSPreparation, votes) })
		})
	}
}

func BenchmarkBLSCollectOneBad(b *testing.B) {
	p, votes := benchPanel(b, 64)
	votes[40].Point = votes[41].Point
	cpu(b, func() {
		if _, bad := p.keys.Collect(BLSPreparation, votes); len(bad) != 1 {
			b.Fatal(bad)
		}
	})
}

func BenchmarkBLSSign(b *testing.B) {
	s := BLSFromSeed([32]byte{1})
	cpu(b, func() { s.Sign(BLSPreparation, []byte("text")) })
}

func BenchmarkNewBLSKeys(b *testing.B) {
	p, _ := benchPanel(b, 64)
	cpu(b, func() { _, _ = NewBLSKeys(p.public) })
}
