package light_test

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

var network = chain.NetworkID{1}

// house is a committee for tests, with its secrets by seat.
type house struct {
	*light.Committee
	secrets []keys.BLSSecret
}

// newHouse gives each seat to the node with the number that stands in its place.
func newHouse(t testing.TB, silent uint32, nodes ...int) house {
	t.Helper()
	var h house
	c := chain.Committee{Chain: 2, Epoch: 3, Silent: silent}
	for _, n := range nodes {
		s := keys.BLSFromSeed([32]byte{byte(n), byte(n >> 8), 7})
		h.secrets = append(h.secrets, s)
		c.Seats = append(c.Seats, chain.Seat{Node: keys.PublicKey{byte(n), byte(n >> 8)}, Key: s.Public()})
	}
	var err error
	if h.Committee, err = light.NewCommittee(network, c); err != nil {
		t.Fatal(err)
	}
	return h
}

func upTo(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

func (h house) header() chain.Header {
	return chain.Header{Network: network, Chain: 2, Height: 4, Round: 1, Epoch: 3, Committee: h.Hash()}
}

func (h house) vote(step chain.Step) chain.Vote {
	header := h.header()
	return chain.Vote{Step: step, Network: network, Chain: 2, Epoch: 3, Height: 4, Round: 5, Block: header.Hash()}
}

// sign is the certificate of the seats for v, however many they are.
func (h house) sign(t testing.TB, v chain.Vote, seats ...int) chain.Certificate {
	t.Helper()
	var parts []committee.Part
	for _, seat := range seats {
		parts = append(parts, committee.Sign(h.secrets[seat], v.Domain(), v.Append(nil), chain.SeatsOf(seat)))
	}
	cert, bad := committee.Collect(h.Committee, &v, parts)
	if bad != nil {
		t.Fatalf("bad are %v", bad)
	}
	return cert
}

// L3: one seat less than the quorum proves nothing.
func TestQuorums(t *testing.T) {
	for _, x := range []struct{ n, silent, prepared, early int }{{1, 0, 1, 1}, {4, 0, 3, 4}, {5, 0, 4, 5}, {7, 0, 5, 7}, {6, 1, 4, 5}} {
		h := newHouse(t, uint32(x.silent), upTo(x.n)...)
		for n := 1; n <= x.n; n++ {
			preparation, confirmation := h.sign(t, h.vote(chain.Preparation), upTo(n)...), h.sign(t, h.vote(chain.Confirmation), upTo(n)...)
			for name, c := range map[string]struct {
				err  error
				need int
			}{
				"prepared":  {h.Prepared(&preparation), x.prepared},
				"early":     {h.Final(&preparation), x.early},
				"confirmed": {h.Final(&confirmation), x.prepared},
				"all":       {h.AllFinal([]*chain.Certificate{&preparation, &confirmation}), x.early},
			} {
				if n >= c.need && c.err != nil || n < c.need && !errors.Is(c.err, light.ErrQuorum) {
					t.Errorf("%s by %d of %d (it takes %d): %v", name, n, x.n, c.need, c.err)
				}
			}
			if err := h.Prepared(&confirmation); !errors.Is(err, light.ErrScope) {
				t.Errorf("confirmations prepare: %v", err)
			}
		}
	}
}

// Every field of a certificate is signed or checked (L2, L4).
func TestCertificateRefused(t *testing.T) {
	h := newHouse(t, 0, upTo(4)...)
	good := h.sign(t, h.vote(chain.Confirmation), 0, 1, 3)
	if err := errors.Join(h.Final(&good), h.AllFinal([]*chain.Certificate{&good, &good})); err != nil {
		t.Fatal(err)
	}
	other := newHouse(t, 0, 4, 5, 6, 7)
	for name, c := range map[string]struct {
		edit func(*chain.Certificate)
		want error
	}{
		"another network":           {func(c *chain.Certificate) { c.Network[0]++ }, light.ErrScope},
		"another chain":             {func(c *chain.Certificate) { c.Chain++ }, light.ErrScope},
		"another epoch":             {func(c *chain.Certificate) { c.Epoch++ }, light.ErrScope},
		"no step":                   {func(c *chain.Certificate) { c.Step = 0 }, light.ErrScope},
		"a step that is none":       {func(c *chain.Certificate) { c.Step = 3 }, light.ErrScope},
		"another step":              {func(c *chain.Certificate) { c.Step, c.Bitmap = chain.Preparation, chain.SeatsOf(0, 1, 2, 3) }, keys.ErrBLSAggregate},
		"another height":            {func(c *chain.Certificate) { c.Height++ }, keys.ErrBLSAggregate},
		"another round":             {func(c *chain.Certificate) { c.Round++ }, keys.ErrBLSAggregate},
		"another block":             {func(c *chain.Certificate) { c.Block[0]++ }, keys.ErrBLSAggregate},
		"a seat exchanged":          {func(c *chain.Certificate) { c.Bitmap = chain.SeatsOf(0, 1, 2) }, keys.ErrBLSAggregate},
		"a seat more":               {func(c *chain.Certificate) { c.Bitmap = chain.SeatsOf(0, 1, 2, 3) }, keys.ErrBLSAggregate},
		"a seat less":               {func(c *chain.Certificate) { c.Bitmap = chain.SeatsOf(0, 1) }, light.ErrQuorum},
		"a seat past the last":      {func(c *chain.Certificate) { c.Bitmap = chain.SeatsOf(0, 1, 3, 4) }, light.ErrSeats},
		"seats far past the last":   {func(c *chain.Certificate) { c.Bitmap = chain.SeatsOf(0, 1, 4095) }, light.ErrSeats},
		"no seats":                  {func(c *chain.Certificate) { c.Bitmap = nil }, light.ErrQuorum},
		"no signature":              {func(c *chain.Certificate) { c.Signature = keys.BLSSignature{} }, keys.ErrBLSPoint},
		"infinity as the signature": {func(c *chain.Certificate) { c.Signature = keys.BLSSignature{0xc0} }, keys.ErrBLSPoint},
		"other members' signature":  {func(c *chain.Certificate) { *c = other.sign(t, h.vote(chain.Confirmation), 0, 1, 3) }, keys.ErrBLSAggregate},
	} {
		bad := good
		bad.Bitmap = slices.Clone(good.Bitmap)
		c.edit(&bad)
		if err := h.Final(&bad); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
		if err := h.AllFinal([]*chain.Certificate{&good, &bad}); !errors.Is(err, c.want) {
			t.Errorf("%s, with a good one: error %v, want %v", name, err, c.want)
		}
	}
}

func TestBlock(t *testing.T) {
	h := newHouse(t, 0, upTo(4)...)
	header := h.header()
	cert := h.sign(t, h.vote(chain.Confirmation), 0, 1, 2)
	if err := h.Block(&header, &cert); err != nil {
		t.Fatal(err)
	}
	few := h.sign(t, h.vote(chain.Preparation), 0, 1, 2)
	if err := h.Block(&header, &few); !errors.Is(err, light.ErrQuorum) {
		t.Errorf("a block is final by too few preparations: %v", err)
	}
	for name, edit := range map[string]func(*chain.Header, *chain.Certificate){
		"another network":             func(h *chain.Header, _ *chain.Certificate) { h.Network[0]++ },
		"another chain":               func(h *chain.Header, _ *chain.Certificate) { h.Chain++ },
		"another epoch":               func(h *chain.Header, _ *chain.Certificate) { h.Epoch++ },
		"another height":              func(h *chain.Header, _ *chain.Certificate) { h.Height++ },
		"another root":                func(h *chain.Header, _ *chain.Certificate) { h.Roots.State[0]++ },
		"another committee":           func(h *chain.Header, c *chain.Certificate) { h.Committee[0]++; c.Block = h.Hash() },
		"a round after that agreed":   func(h *chain.Header, c *chain.Certificate) { h.Round = 6; c.Block = h.Hash() },
		"a height the votes are of":   func(h *chain.Header, c *chain.Certificate) { h.Height++; c.Block = h.Hash() },
		"an epoch the seats can't do": func(h *chain.Header, c *chain.Certificate) { h.Epoch++; c.Block = h.Hash() },
	} {
		badHeader, badCert := header, cert
		edit(&badHeader, &badCert)
		if err := h.Block(&badHeader, &badCert); !errors.Is(err, light.ErrHeader) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// A node of several seats counts for each of them, by one signature that is added up, and for no more.
func TestWeightedSeats(t *testing.T) {
	h := newHouse(t, 0, 1, 2, 1, 1) // node 1 has the quorum
	v := h.vote(chain.Confirmation)
	held := h.Held(h.Seat(0).Node)
	part := committee.Sign(h.secrets[0], v.Domain(), v.Append(nil), held)
	cert, bad := committee.Collect(h.Committee, &v, []committee.Part{part})
	if bad != nil || h.Final(&cert) != nil {
		t.Fatalf("seats %v: bad are %v, error %v", held, bad, h.Final(&cert))
	}
	single := h.sign(t, v, 0)
	single.Bitmap = held
	if err := h.Final(&single); !errors.Is(err, keys.ErrBLSAggregate) {
		t.Errorf("one seat's signature counts for three: %v", err)
	}
	apart := h.sign(t, v, 0, 2, 3) // its seats' votes, one by one, are the same certificate
	if apart.Signature != cert.Signature || !slices.Equal(apart.Bitmap, cert.Bitmap) {
		t.Error("votes of each seat make another certificate")
	}
}

func TestVoted(t *testing.T) {
	h := newHouse(t, 0, upTo(4)...)
	v := h.vote(chain.Confirmation)
	s, err := h.secrets[2].Sign(keys.BLSConfirmation, v.Append(nil)).Signature()
	if err != nil || h.Voted(&v, s, chain.SeatsOf(2)) != nil {
		t.Fatalf("a vote is refused: %v", h.Voted(&v, s, chain.SeatsOf(2)))
	}
	if err := h.Voted(&v, s, chain.SeatsOf(1)); !errors.Is(err, keys.ErrBLSAggregate) {
		t.Errorf("as another seat's: %v", err)
	}
	as := v
	as.Step = chain.Preparation
	if err := h.Voted(&as, s, chain.SeatsOf(2)); !errors.Is(err, keys.ErrBLSAggregate) {
		t.Errorf("as a preparation: %v", err)
	}
	if err := h.Voted(&v, s, nil); !errors.Is(err, light.ErrSeats) {
		t.Errorf("as nobody's: %v", err)
	}
}

func (h house) timeout(last byte) chain.Timeout {
	o := chain.Timeout{Network: network, Chain: 2, Epoch: 3, Height: 4, Round: 5}
	if last > 0 {
		o.Last = chain.Mark{Round: 2, Block: chain.BlockHash{last}}
	}
	return o
}

// timeouts are those of the seats from 0 on; each number is what the seat prepared last.
func (h house) timeouts(t *testing.T, last ...byte) chain.Timeouts {
	t.Helper()
	var parts []committee.TimeoutPart
	for seat, l := range last {
		o := h.timeout(l)
		parts = append(parts, committee.TimeoutPart{Timeout: o, Part: committee.Sign(h.secrets[seat], keys.BLSTimeout, o.Append(nil), chain.SeatsOf(seat))})
	}
	all, bad := committee.CollectTimeouts(h.Committee, parts)
	if bad != nil {
		t.Fatalf("bad are %v", bad)
	}
	return all
}

func TestTimedOut(t *testing.T) {
	h := newHouse(t, 0, upTo(7)...)
	for _, last := range [][]byte{{0, 0, 0, 0, 0}, {1, 0, 1, 2, 0}, {1, 2, 3, 4, 5}, {0, 0, 0, 0, 0, 1, 1}} {
		all := h.timeouts(t, last...)
		if err := h.TimedOut(&all, 4, 5); err != nil {
			t.Errorf("%v: %v", last, err)
		}
		seen := map[byte]bool{}
		for _, l := range last {
			seen[l] = true
		}
		if len(all.Said) != len(seen) {
			t.Errorf("%v: %d statements", last, len(all.Said))
		}
	}
	few := h.timeouts(t, 0, 0, 1, 0)
	if err := h.TimedOut(&few, 4, 5); !errors.Is(err, light.ErrQuorum) {
		t.Errorf("4 of 7 end a round: %v", err)
	}
	for name, c := range map[string]struct {
		edit func(*chain.Timeouts)
		want error
	}{
		"another network":         {func(o *chain.Timeouts) { o.Said[0].Timeout.Network[0]++ }, light.ErrScope},
		"another chain":           {func(o *chain.Timeouts) { o.Said[1].Timeout.Chain++ }, light.ErrScope},
		"another epoch":           {func(o *chain.Timeouts) { o.Said[1].Timeout.Epoch++ }, light.ErrScope},
		"another height":          {func(o *chain.Timeouts) { o.Said[1].Timeout.Height++ }, light.ErrScope},
		"another round":           {func(o *chain.Timeouts) { o.Said[1].Timeout.Round++ }, light.ErrScope},
		"another last block":      {func(o *chain.Timeouts) { o.Said[1].Timeout.Last.Block[0]++ }, keys.ErrBLSAggregate},
		"a last block left out":   {func(o *chain.Timeouts) { o.Said[1].Timeout.Last = chain.Mark{} }, keys.ErrBLSAggregate},
		"a highest put in":        {func(o *chain.Timeouts) { o.Said[0].Timeout.Highest = chain.Mark{Round: 1, Block: chain.BlockHash{1}} }, keys.ErrBLSAggregate},
		"seats exchanged":         {func(o *chain.Timeouts) { o.Said[0].Seats, o.Said[1].Seats = o.Said[1].Seats, o.Said[0].Seats }, keys.ErrBLSAggregate},
		"a seat twice":            {func(o *chain.Timeouts) { o.Said[1].Seats = chain.SeatsOf(0, 1, 2) }, light.ErrSeats},
		"a statement twice":       {func(o *chain.Timeouts) { o.Said = append(o.Said, o.Said[0]) }, light.ErrSeats},
		"a statement of nobody":   {func(o *chain.Timeouts) { o.Said = append(o.Said, chain.Said{Timeout: h.timeout(9)}) }, light.ErrSeats},
		"a seat past the last":    {func(o *chain.Timeouts) { o.Said[1].Seats = chain.SeatsOf(1, 2, 7) }, light.ErrSeats},
		"a statement left out":    {func(o *chain.Timeouts) { o.Said = o.Said[:1] }, light.ErrQuorum},
		"nothing":                 {func(o *chain.Timeouts) { o.Said = nil }, light.ErrQuorum},
		"a seat that didn't sign": {func(o *chain.Timeouts) { o.Said[0].Seats = o.Said[0].Seats.With(6) }, keys.ErrBLSAggregate},
	} {
		all := h.timeouts(t, 0, 1, 1, 0, 0)
		c.edit(&all)
		if err := h.TimedOut(&all, 4, 5); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
	all := h.timeouts(t, 0, 1, 1, 0, 0)
	if h.TimedOut(&all, 4, 6) == nil || h.TimedOut(&all, 3, 5) == nil {
		t.Error("they end another round")
	}
}

func TestNewCommitteeRefuses(t *testing.T) {
	c := chain.Committee{Chain: 1, Seats: []chain.Seat{{Node: keys.PublicKey{1}, Key: keys.BLSPublicKey{0xc0}}}}
	if _, err := light.NewCommittee(network, c); !errors.Is(err, keys.ErrBLSKey) {
		t.Errorf("infinity as a key: %v", err)
	}
	if _, err := light.NewCommittee(network, chain.Committee{Chain: 1}); !errors.Is(err, chain.ErrCommittee) {
		t.Errorf("nobody: %v", err)
	}
}

// What the caller does with its committee afterwards changes nothing.
func TestCommitteeIsItsOwn(t *testing.T) {
	secret := keys.BLSFromSeed([32]byte{1})
	c := chain.Committee{Chain: 2, Epoch: 3, Seed: chain.Hash{4}, Seats: []chain.Seat{{Node: keys.PublicKey{5}, Key: secret.Public()}}}
	l, err := light.NewCommittee(network, c)
	if err != nil {
		t.Fatal(err)
	}
	hash, seat := c.Hash(), c.Seats[0]
	c.Seats[0] = chain.Seat{}
	if l.Hash() != hash || l.Seat(0) != seat || l.Network() != network || l.Chain() != 2 || l.Epoch() != 3 || l.Seed() != (chain.Hash{4}) {
		t.Error("the committee changed")
	}
}

// The cost of a certificate is flat in the number of seats.
func BenchmarkCertificate(b *testing.B) {
	for _, n := range []int{4, 16, 64, 128, 512} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := newHouse(b, 0, upTo(n)...)
			cert := h.sign(b, h.vote(chain.Confirmation), upTo(n)[:h.Quorums().Certificate]...)
			start := cpuNanos(b)
			for b.Loop() {
				if h.Final(&cert) != nil {
					b.Fatal("refused")
				}
			}
			b.ReportMetric(float64(cpuNanos(b)-start)/float64(b.N)/1e3, "cpu-µs/op")
		})
	}
}

// Junk that names seats that there are not, or too few, costs next to nothing.
func BenchmarkCertificateOfTooFew(b *testing.B) {
	h := newHouse(b, 0, upTo(64)...)
	cert := h.sign(b, h.vote(chain.Confirmation), 0, 1)
	for b.Loop() {
		if h.Final(&cert) == nil {
			b.Fatal("accepted")
		}
	}
}

func cpuNanos(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
