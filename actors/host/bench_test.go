package host

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
)

var (
	benchAccounts  = flag.Int("accounts", 100_000, "accounts of BenchmarkProduce")
	benchWorkers   = flag.Int("workers", 0, "workers of BenchmarkProduce, 0 for one per core")
	benchTransfers = flag.Int("transfers", 100_000, "transfers in a block of BenchmarkProduce")
)

// memory is an exec.State of equal accounts; reading it costs nothing.
type memory struct{ account chain.Account }

func (m memory) Account(chain.Address) (chain.Account, error)       { return m.account, nil }
func (m memory) Entry(chain.Address, string) ([]byte, error)        { return nil, nil }
func (m memory) Next(chain.Address, string, string) (string, error) { return "", nil }

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchAddress(i int) (a chain.Address) {
	binary.BigEndian.PutUint32(a[:], 1)
	binary.LittleEndian.PutUint64(a[4:], uint64(i+1)*0x9e3779b97f4a7c15)
	return a
}

// transfers makes blocks of random transfers with right nonces.
func transfers(n int, nonces []uint64, random *rand.Rand) []*chain.Message {
	ms := make([]*chain.Message, n)
	for i := range ms {
		from, to := random.IntN(len(nonces)), random.IntN(len(nonces))
		a := benchAddress(from)
		m := &chain.Message{
			Kind: chain.External, From: a, To: a, Payer: a, Nonce: nonces[from], ValidUntil: 1 << 40, Amount: chain.NewAmount(1),
			Method: chain.MethodTransfer, Input: chain.TransferInput{To: benchAddress(to)}.Encode(),
		}
		m.GasLimit = exec.TransferGas(m)
		nonces[from]++
		ms[i] = m.Seal()
	}
	return ms
}

// pure does the same work in a plain loop.
func pure(c *exec.Context, overlays map[chain.Address]*exec.Overlay, state exec.State, ms []*chain.Message, final map[chain.Address]chain.Account) {
	open := func(a chain.Address) *exec.Overlay {
		o := overlays[a]
		if o == nil {
			o = exec.NewOverlay(a, final[a], state)
			overlays[a] = o
		}
		return o
	}
	for _, m := range ms {
		h, _, _ := open(m.From).Handle(c, &exec.Delivery{Message: m})
		h.Sent = make([]*exec.Delivery, len(h.Outcome.Sent))
		for i := range h.Outcome.Sent {
			d := &exec.Delivery{Message: h.Outcome.Sent[i].Relay(m.From, m, uint32(i))}
			h.Sent[i] = d
			if _, _, err := open(d.Message.To).Handle(c, d); err != nil {
				panic(err)
			}
		}
	}
}

// BenchmarkProduce measures what the actors cost: random transfers between accounts, two messages each. Its unit is a
// block. overhead-ns/msg is the CPU time of Produce and Commit beyond a plain loop over the same handlings.
func BenchmarkProduce(b *testing.B) {
	rich := chain.Account{Balance: chain.NewAmount(1 << 60)}
	c := &exec.Context{Chain: 1, Height: 1, Params: chain.DefaultParams(), Programs: native.Programs{}, Tree: chain.Alone(1)}
	random := rand.New(rand.NewPCG(1, 2))
	nonces := make([]uint64, *benchAccounts)
	state := memory{rich}
	h, err := New(Config{Chain: 1, State: state, MaxResident: 2 * *benchAccounts, Workers: *benchWorkers, Fatal: func(err error) { panic(err) },
		Lane: account.Limits{Ahead: 1 << 20, Messages: 1 << 20, Total: 1 << 30}})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	final := make(map[chain.Address]chain.Account, *benchAccounts)
	for i := range *benchAccounts {
		final[benchAddress(i)] = rich
	}
	var live, loop, offer time.Duration
	messages := 0
	b.ResetTimer()
	b.StopTimer()
	for n := range b.N + 1 {
		ms := transfers(*benchTransfers, nonces, random)
		runtime.GC()
		t := cpu()
		overlays := make(map[chain.Address]*exec.Overlay, *benchAccounts)
		pure(c, overlays, state, ms, final)
		for a, o := range overlays {
			final[a] = o.Now
		}
		overlays = nil
		if n > 0 {
			loop += cpu() - t
		}
		runtime.GC()
		t = cpu()
		for i, err := range h.Offer(c, ms) {
			if err != nil {
				b.Fatal(i, err)
			}
		}
		if n > 0 {
			offer += cpu() - t
		}
		runtime.GC()
		if n > 0 {
			b.StartTimer()
		}
		t = cpu()
		tag := account.Tag{Attempt: uint64(n)}
		run, err := h.Produce(Job{Context: c, Tag: tag, Gas: 1 << 62, FreshGas: 1 << 62})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := h.Commit(tag, nil); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if n > 0 {
			live += cpu() - t
		}
		events := 0
		for _, o := range run.Accounts {
			events += len(o.Events)
		}
		if events != 2*len(ms) {
			b.Fatal(events)
		}
		if n > 0 {
			messages += events
		}
	}
	per := func(d time.Duration) float64 { return float64(d) / float64(messages) }
	b.ReportMetric(per(live), "cpu-ns/msg")
	b.ReportMetric(per(loop), "loop-ns/msg")
	b.ReportMetric(per(live-loop), "overhead-ns/msg")
	b.ReportMetric(2*per(offer), "offer-ns/external")
	b.ReportMetric(float64(b.Elapsed())/float64(messages), "wall-ns/msg")
	b.Log(fmt.Sprint(h.Stats()))
}

// BenchmarkActivate measures what it costs to bring an account into memory and to let it go, and the memory it takes while
// it is there. Its unit is an account.
func BenchmarkActivate(b *testing.B) {
	h, err := New(Config{Chain: 1, State: memory{chain.Account{Nonce: 1}}, MaxResident: 1 << 30, IdleBlocks: 1, Fatal: func(err error) { panic(err) }})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	free := heap()
	b.ResetTimer()
	start := cpu()
	all := newCountdown()
	nodes := make([]node, b.N)
	for i := range b.N {
		nodes[i].task = settleNothing{all}
		all.left.Add(1)
		h.post(nil, benchAddress(i), &nodes[i])
	}
	if err := all.wait(h); err != nil {
		b.Fatal(err)
	}
	activated := cpu() - start
	b.StopTimer()
	nodes = nil
	b.ReportMetric(float64(heap()-free)/float64(b.N), "B/account")
	start = cpu()
	for h.Stats().Resident > 0 {
		h.sweep()
	}
	b.ReportMetric(float64(cpu()-start)/float64(b.N), "passivate-cpu-ns")
	b.ReportMetric(float64(activated)/float64(b.N), "activate-cpu-ns")
}

type settleNothing struct{ all *countdown }

func (s settleNothing) run(*worker, *mailbox, *node) { s.all.done(1) }

// BenchmarkAccount measures a query by way of proto.actor.
func BenchmarkAccount(b *testing.B) {
	h, err := New(Config{Chain: 1, State: memory{chain.Account{Nonce: 1}}, Fatal: func(err error) { panic(err) }})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	for i := range b.N {
		if _, err := h.Account(benchAddress(i % 100)); err != nil {
			b.Fatal(err)
		}
	}
}
