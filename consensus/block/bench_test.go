package block

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
)

const (
	benchAccounts = 100_000
	benchPayments = 10_000
)

// resident is a state whose records are decoded, as a node has those of its live accounts; the benchmark is not of a store.
type resident struct {
	memory
	accounts map[chain.Address]chain.Account
}

func (s resident) Account(a chain.Address) (chain.Account, error) { return s.accounts[a], nil }

// benchBlock is a ledger and what its live actors did: payments between random pairs at gas price 1.
func benchBlock(b *testing.B) (*Before, Rules, *Run) {
	b.Helper()
	all := wallets(benchAccounts)
	l := newLedger(b, genesis(chain.DefaultParams(), chain.NewAmount(1_000_000_000), all...))
	l.rules.Programs = native.Programs{}
	rnd := rand.New(rand.NewPCG(1, 1))
	nonces := map[chain.Address]uint64{}
	v := newLive(b, l, rnd)
	for range benchPayments {
		from, to := all[rnd.IntN(len(all))], all[rnd.IntN(len(all))]
		m := l.message(from, nonces[from.address], chain.MethodTransfer, chain.TransferInput{To: to.address}.Encode())
		nonces[from.address]++
		m.Amount, m.GasPrice, m.GasLimit = chain.NewAmount(1), 1, exec.TransferGas(m)
		v.admit(b, m.Sign(from.key))
	}
	before := l.before()
	state := resident{l.state, map[chain.Address]chain.Account{}}
	for _, w := range all {
		a, err := l.state.Account(w.address)
		if err != nil {
			b.Fatal(err)
		}
		state.accounts[w.address] = a
	}
	before.State = state
	return before, l.rules, v.play(b, toTheEnd)
}

// stages adds up the time of each stage and reports it per payment.
type stages struct {
	last  time.Time
	spent map[Stage]time.Duration
}

func (s *stages) mark(stage Stage) {
	now := time.Now()
	s.spent[stage] += now.Sub(s.last)
	s.last = now
}

func (s *stages) report(b *testing.B) {
	per := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / float64(b.N*benchPayments) }
	all := time.Duration(0)
	for _, stage := range []Stage{StageSignature, StageExecution, StageOrder, StageState} {
		if d, ok := s.spent[stage]; ok {
			b.ReportMetric(per(d), string(stage)+"-µs/payment")
			all += d
		}
	}
	b.ReportMetric(per(all), "µs/payment")
}

// benchmark times work, which gives a Result that is discarded aside.
func benchmark(b *testing.B, before *Before, rules Rules, work func(Rules) *Result) {
	s := &stages{spent: map[Stage]time.Duration{}}
	rules.Mark = s.mark
	b.ReportAllocs()
	for b.Loop() {
		s.last = time.Now()
		res := work(rules)
		b.StopTimer()
		if len(res.Journal.Receipts) != 2*benchPayments {
			b.Fatalf("%d receipts", len(res.Journal.Receipts))
		}
		if err := before.Tree.Discard(res.Version); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	s.report(b)
}

// BenchmarkBuild is of a block of 10,000 payments between random pairs of 100,000 accounts, on one core.
func BenchmarkBuild(b *testing.B) {
	before, rules, did := benchBlock(b)
	benchmark(b, before, rules, func(rules Rules) *Result {
		res, err := Build(before, rules, did)
		if err != nil {
			b.Fatal(err)
		}
		return res
	})
}

// BenchmarkVerify is of the same block, from its bytes: signatures, replay, order, state, roots.
func BenchmarkVerify(b *testing.B) {
	before, rules, did := benchBlock(b)
	built, err := Build(before, rules, did)
	if err != nil {
		b.Fatal(err)
	}
	if err := before.Tree.Discard(built.Version); err != nil {
		b.Fatal(err)
	}
	benchmark(b, before, rules, func(rules Rules) *Result {
		res, fault, err := Verify(before, rules, built.Raw)
		if fault != nil || err != nil {
			b.Fatal(fault, err)
		}
		return res
	})
}
