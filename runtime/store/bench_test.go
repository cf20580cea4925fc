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
)

const (
	benchAccounts = 1_000_000
	benchPayments = 10_000
)

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchAddresses are sorted.
func benchAddresses() []chain.Address {
	rng := rand.NewChaCha8([32]byte{1})
	list := make([]chain.Address, benchAccounts)
	for i := range list {
		rng.Read(list[i][4:])
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

// benchGenesis is of few accounts: its own length isn't what is measured.
func benchGenesis() (*chain.Genesis, *chain.Header) {
	g := &chain.Genesis{Name: "bench", Chain: 1, Params: chain.DefaultParams()}
	return g, &chain.Header{Network: g.Network(), Chain: 1, Parent: g.Parent()}
}

// benchCommits makes commits of the size of 10,000 payments.
type benchCommits struct {
	rng       *rand.ChaCha8
	rand      *rand.Rand
	addresses []chain.Address
	block     []byte
	head      Head
}

func newBenchCommits(addresses []chain.Address, head Head) *benchCommits {
	src := rand.NewChaCha8([32]byte{2})
	b := &benchCommits{rng: src, rand: rand.New(src), addresses: addresses, head: head, block: make([]byte, 5<<20)}
	src.Read(b.block)
	return b
}

func (b *benchCommits) next() *Commit {
	h := &chain.Header{Chain: 1, Height: b.head.Height + 1, Parent: b.head.Hash}
	c := &Commit{Chain: 1, Header: h, Hash: h.Hash(), Block: b.block[:4<<20], Receipts: b.block[4<<20:], Certificate: b.block[:200]}
	c.Messages = make([]chain.MessageID, 2*benchPayments)
	for i := range c.Messages {
		b.rng.Read(c.Messages[i][:])
	}
	before, after := benchRecord(h.Height), benchRecord(h.Height+1)
	touched := make(map[int]struct{}, 2*benchPayments)
	for len(touched) < 2*benchPayments {
		touched[b.rand.IntN(len(b.addresses))] = struct{}{}
	}
	for i := range touched {
		c.Changes = append(c.Changes, exec.Change{Slot: exec.Slot{Account: b.addresses[i]}, Before: before, After: after})
	}
	slices.SortFunc(c.Changes, func(x, y exec.Change) int { return x.Account.Compare(y.Account) })
	b.head = Head{Height: h.Height, Hash: c.Hash}
	return c
}

func openBench(b testing.TB, tune func(*pebble.Options)) (*Store, []chain.Address) {
	s, err := Open(Options{Dir: b.TempDir(), tune: tune})
	if err != nil {
		b.Fatal(err)
	}
	list := benchAddresses()
	g, h := benchGenesis()
	start, used := time.Now(), cpu()
	if err := s.Init(g, h, benchState(list)); err != nil {
		b.Fatal(err)
	}
	b.Logf("init of %d accounts: %v, %v cpu", len(list), time.Since(start).Round(time.Millisecond), (cpu() - used).Round(time.Millisecond))
	return s, list
}
