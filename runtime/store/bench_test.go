package store

import (
	"encoding/binary"
	"iter"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

const (
	benchAccounts = 1_000_000
	benchPayments = 10_000
)

// cpu is what the process has used, in all threads and in the kernel.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchAddresses ascend.
func benchAddresses() []chain.Address {
	rng := rand.NewChaCha8([32]byte{1})
	list := make([]chain.Address, benchAccounts)
	for i := range list {
		_, _ = rng.Read(list[i][4:]) // can't fail
		binary.BigEndian.PutUint32(list[i][:], 1)
	}
	slices.SortFunc(list, chain.Address.Compare)
	return list
}

func benchRecord(n uint64) []byte {
	return chain.Account{Balance: chain.NewAmount(n), Nonce: n}.Encode()
}

func benchState(list []chain.Address) iter.Seq[exec.Write] {
	return func(yield func(exec.Write) bool) {
		value := benchRecord(1)
		for i := range list {
			if !yield(exec.Write{Slot: exec.Slot{Account: list[i]}, Value: value}) {
				return
			}
		}
	}
}

// openBench is a store on disk with a million accounts.
func openBench(b testing.TB, tune func(*pebble.Options)) (*Store, []chain.Address) {
	s, err := Open(Options{Dir: b.TempDir(), tune: tune})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closeStore(b, s) })
	list := benchAddresses()
	g := &chain.Genesis{Name: "bench", Chain: 1, Params: chain.DefaultParams()}
	header := &chain.Header{Network: g.Network(), Chain: 1}
	start, used := time.Now(), cpu()
	if err := s.Init(g, header, benchState(list), nil); err != nil {
		b.Fatal(err)
	}
	b.Logf("init of %d accounts: %v, %v of CPU", len(list), time.Since(start).Round(time.Millisecond), (cpu() - used).Round(time.Millisecond))
	return s, list
}

// benchCommits makes commits of the size of 10,000 payments: two accounts and two messages each, 400 bytes of block.
type benchCommits struct {
	bytes     *rand.ChaCha8
	rand      *rand.Rand
	addresses []chain.Address
	touched   []bool
	bulk      []byte
	head      Head
}

func newBenchCommits(addresses []chain.Address, head Head) *benchCommits {
	src := rand.NewChaCha8([32]byte{2})
	b := &benchCommits{
		bytes: src, rand: rand.New(src), addresses: addresses, head: head,
		touched: make([]bool, len(addresses)), bulk: make([]byte, 5<<20),
	}
	_, _ = src.Read(b.bulk) // can't fail
	return b
}

func (b *benchCommits) next() *Commit {
	h := &chain.Header{Chain: 1, Height: b.head.Height + 1, Parent: b.head.Hash}
	c := &Commit{
		Chain: 1, Header: h, Hash: h.Hash(), Block: b.bulk[:4<<20], Receipts: b.bulk[4<<20:], Certificate: b.bulk[:200],
		Messages: make([]chain.MessageID, 2*benchPayments), Changes: make([]exec.Change, 0, 2*benchPayments),
	}
	for i := range c.Messages {
		_, _ = b.bytes.Read(c.Messages[i][:])
	}
	clear(b.touched)
	for range 2 * benchPayments {
		b.touched[b.rand.IntN(len(b.addresses))] = true
	}
	before, after := benchRecord(h.Height), benchRecord(h.Height+1)
	for i, touched := range b.touched {
		if touched {
			c.Changes = append(c.Changes, exec.Change{Slot: exec.Slot{Account: b.addresses[i]}, Before: before, After: after})
		}
	}
	b.head = Head{Height: h.Height, Hash: c.Hash}
	return c
}

// settle waits until no flush and no compaction runs.
func settle(b testing.TB, s *Store) {
	if err := s.db.Flush(); err != nil {
		b.Fatal(err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for m := s.db.Metrics(); m.Compact.NumInProgress > 0 || m.Flush.NumInProgress > 0; m = s.db.Metrics() {
		<-tick.C
	}
}

// BenchmarkCommit: one operation is a block of 10,000 payments among a million accounts. cpu-µs/payment counts all of the
// process, flushes and compactions included, and the kernel; it wants -benchtime 100x or more.
func BenchmarkCommit(b *testing.B) {
	s, list := openBench(b, nil)
	head, err := s.Head(1)
	if err != nil {
		b.Fatal(err)
	}
	settle(b, s)
	const probe = 5
	source := newBenchCommits(list, head)
	start := cpu()
	for range probe {
		source.next()
	}
	making := (cpu() - start) / probe
	source = newBenchCommits(list, head)
	b.ReportAllocs()
	start = cpu()
	for b.Loop() {
		b.StopTimer()
		c := source.next()
		b.StartTimer()
		if err := s.Commit(c); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	settle(b, s)
	used := cpu() - start - time.Duration(b.N)*making
	b.ReportMetric(float64(used.Nanoseconds())/1e3/float64(b.N*benchPayments), "cpu-µs/payment")
}

// BenchmarkAccountRead reads accounts at random, after some commits.
func BenchmarkAccountRead(b *testing.B) {
	s, list := openBench(b, nil)
	head, err := s.Head(1)
	if err != nil {
		b.Fatal(err)
	}
	source := newBenchCommits(list, head)
	for range 20 {
		if err := s.Commit(source.next()); err != nil {
			b.Fatal(err)
		}
	}
	settle(b, s)
	state, rng := s.State(1), rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		if a, err := state.Account(list[rng.IntN(len(list))]); err != nil || !a.Exists() {
			b.Fatal(a, err)
		}
	}
}

// BenchmarkLeaves reads a state of a million accounts.
func BenchmarkLeaves(b *testing.B) {
	s, _ := openBench(b, nil)
	settle(b, s)
	for b.Loop() {
		n := 0
		err := s.Leaves(1, func(merkle.Path, exec.Slot, []byte) error {
			n++
			return nil
		})
		if err != nil || n != benchAccounts {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkNext walks the keys of an account with 10,000 entries among 1,000 such accounts' smaller ones.
func BenchmarkNext(b *testing.B) {
	s, err := Open(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closeStore(b, s) })
	g := &chain.Genesis{Name: "bench", Chain: 1, Params: chain.DefaultParams()}
	header := &chain.Header{Network: g.Network(), Chain: 1}
	state := func(yield func(exec.Write) bool) {
		for i := range 200_000 {
			slot := exec.Slot{Account: chain.Address{3: 1, 4: byte(i % 100), 5: 1}, Key: string(binary.BigEndian.AppendUint64(nil, uint64(i)))}
			if !yield(exec.Write{Slot: slot, Value: []byte("value")}) {
				return
			}
		}
	}
	if err := s.Init(g, header, state, nil); err != nil {
		b.Fatal(err)
	}
	for range 5 {
		h, err := s.Head(1)
		if err != nil {
			b.Fatal(err)
		}
		next := &chain.Header{Chain: 1, Height: h.Height + 1, Parent: h.Hash}
		if err := s.Commit(&Commit{Chain: 1, Header: next, Hash: next.Hash()}); err != nil {
			b.Fatal(err)
		}
		settle(b, s)
	}
	account, key := chain.Address{3: 1, 4: 7, 5: 1}, ""
	b.ReportAllocs()
	for b.Loop() {
		if key, err = s.State(1).Next(account, "", key); err != nil {
			b.Fatal(err)
		}
	}
}
