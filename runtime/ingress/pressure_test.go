package ingress

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// source is chain 2 as its ingress sees it, which sends to chain 3.
type source struct {
	t       *testing.T
	p       *pressure
	out     chain.Outward
	seen    chain.Anchor
	context exec.Context
}

func newSource(t *testing.T) *source {
	s := &source{t: t, p: newPressure()}
	s.context = exec.Context{
		Chain: 2, Height: 1, TimeMillis: 1_000_000, Tree: chain.Tree{{ID: 1}, {ID: 2, Parent: 1}, {ID: 3, Parent: 1}},
		System: func(key string) ([]byte, error) {
			if key != chain.OutKey(3) {
				t.Errorf("key %q", key)
			}
			return s.out.Encode(), nil
		},
	}
	return s
}

// admits is how many of a number of messages to chain 3 are taken, and what the last one that was not was told.
func (s *source) admits(n int) (taken int, told *Refusal) {
	s.t.Helper()
	for range n {
		err := s.p.admit(&s.context, 3, s.seen)
		if err == nil {
			taken++
		} else if !errors.As(err, &told) || told.Code != CodeChainLoaded || told.After < leastWait*time.Millisecond || told.After > mostWait*time.Millisecond {
			s.t.Fatal(err)
		}
	}
	return taken, told
}

// block is the next, a second later, in which chain 3 is known to have taken in so many more, and so many were sent.
func (s *source) block(sent, taken uint64) {
	s.context.Height++
	s.context.TimeMillis += 1000
	s.out.Next += sent
	s.out.Consumed += taken
}

// Nobody waits for a chain that keeps up, however much is sent to it, nor for this chain or for one that there is not.
func TestPressureIdle(t *testing.T) {
	s := newSource(t)
	s.out = chain.Outward{Next: muchWaiting - 1, Load: chain.BusyLoad - 1}
	if taken, told := s.admits(10_000); taken != 10_000 {
		t.Errorf("%d taken: %v", taken, told)
	}
	s.out.Load = 1 << 20
	for _, to := range []chain.ID{2, 9} {
		if err := s.p.admit(&s.context, to, s.seen); err != nil {
			t.Error(err)
		}
	}
}

// A loaded chain gets as much as it takes in, and a little whatever it takes in; who must wait is told for how long.
func TestPressureLoaded(t *testing.T) {
	s := newSource(t)
	s.out.Load = chain.BusyLoad
	if taken, _ := s.admits(10_000); taken != minWindow {
		t.Errorf("%d taken when nothing is known", taken)
	}
	for range 200 { // it takes in 50 in a block
		taken, _ := s.admits(1000)
		s.block(uint64(taken), min(50, s.out.Waiting()))
	}
	if under := s.out.Waiting(); under < 50*windowBlocks/2 || under > 50*windowBlocks*2 {
		t.Errorf("%d under way to a chain that takes in 50 in a block", under)
	}
	_, early := s.admits(1000)
	_, late := s.admits(1000)
	if early == nil || late == nil || late.After <= early.After {
		t.Errorf("the later one is told %v, the earlier one %v", late, early)
	}
	for range 200 { // it stands still
		s.block(0, 0)
	}
	if taken, told := s.admits(100); taken != chain.MinInflow || told == nil {
		t.Errorf("%d taken by a chain that stands still: %v", taken, told)
	}
}

// The newest block that is known of a chain says whether it is loaded, whoever told of it.
func TestPressureKnowsTheNewest(t *testing.T) {
	const busy, idle = chain.BusyLoad, chain.BusyLoad - 1
	for _, x := range []struct {
		name     string
		at, seen uint64 // heights
		acked    uint32
		known    uint32
		slowed   bool
	}{
		{"nothing is known", 0, 0, idle, idle, false},
		{"its parent knows that it is loaded", 0, 5, 0, busy, true},
		{"its parent knows that it is idle", 0, 5, 0, idle, false},
		{"it was loaded when it acknowledged, and is idle since", 4, 5, busy, idle, false},
		{"it was idle when it acknowledged, and is loaded since", 4, 5, idle, busy, true},
		{"it was loaded, as its parent knows, and is idle since", 6, 5, idle, busy, false},
		{"it was idle, as its parent knows, and is loaded since", 6, 5, busy, idle, true},
		{"both know of one block", 5, 5, busy, busy, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newSource(t)
			s.out = chain.Outward{At: x.at, Load: x.acked}
			s.seen = chain.Anchor{Height: x.seen, Load: x.known}
			taken, told := s.admits(1000)
			if slowed := told != nil; slowed != x.slowed || slowed && taken != minWindow {
				t.Errorf("%d taken, slowed %t", taken, slowed)
			}
			s.seen = chain.Anchor{} // it is looked for once a block, and is not forgotten
			s.block(uint64(taken), 0)
			if _, told = s.admits(1000); (told != nil) != x.slowed {
				t.Errorf("in the next block: %v", told)
			}
		})
	}
}

// Whatever is known of a chain, some messages of each block may go to it, while what they send would not bounce.
func TestPressureMinimum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		s := newSource(t)
		for range 1 + r.IntN(20) {
			s.seen = chain.Anchor{Height: s.seen.Height + r.Uint64N(3), Load: r.Uint32N(2 * chain.BusyLoad)}
			s.out.Load = r.Uint32N(2 * chain.BusyLoad)
			s.out.At += r.Uint64N(3)
			s.block(min(r.Uint64N(200), chain.MaxUnconsumed-1-s.out.Waiting()), 0)
			s.out.Consumed += r.Uint64N(s.out.Waiting() + 1)
			if taken, _ := s.admits(200); taken < chain.MinInflow {
				t.Fatalf("%d taken: %+v, %+v", taken, s.out, s.seen)
			}
		}
	}
}

// What could only bounce is not taken.
func TestPressureFull(t *testing.T) {
	s := newSource(t)
	s.out.Next = chain.MaxUnconsumed
	if taken, told := s.admits(10); taken != 0 || told == nil {
		t.Errorf("%d taken", taken)
	}
	s.block(0, 1)
	if taken, _ := s.admits(10); taken != chain.MinInflow {
		t.Errorf("%d taken with room for one", taken)
	}
}

// What its lane refuses counts for nothing: nobody uses up what others may send for want of an account, or makes the node look at other chains.
func TestPressureForgets(t *testing.T) {
	s := newSource(t)
	s.out.Load = chain.BusyLoad
	l := &lanes{taken: map[chain.MessageID]int{}}
	d := New(Config{Network: chain.NetworkID{1}, Chain: 2, Mempool: l, Context: func() *exec.Context { return &s.context }})
	t.Cleanup(d.Close)
	submit := func(nonce uint64) error {
		from := chain.KeyAddress(2, doorKey.Public())
		m := &chain.Message{
			Network: chain.NetworkID{1}, Kind: chain.External, From: from, To: from, Payer: from, Nonce: nonce, ValidUntil: 9,
			GasLimit: 1_000_000, Method: chain.MethodTransfer, Input: chain.TransferInput{To: chain.KeyAddress(3, doorKey.Public())}.Encode(),
		}
		return d.Submit([][]byte{m.Sign(doorKey).Encode()})[0].Refused
	}
	looked := 0
	d.Latest = func(chain.ID) (chain.Anchor, error) { looked++; return chain.Anchor{}, nil }
	none := errors.New("no account")
	l.admit = func(*chain.Message) error { return none }
	l.offer = func(*chain.Message) error { return none }
	for i := range uint64(2 * minWindow) {
		if err := submit(i); !errors.Is(err, none) {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if looked > 0 {
		t.Errorf("the other chain was looked at %d times for who has no account", looked)
	}
	l.admit = nil
	for i := range uint64(2 * minWindow) { // what its lane finds out later
		if err := submit(i); !errors.Is(err, none) {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	l.offer = nil
	for i := range uint64(minWindow) {
		for range 3 { // what waits already and is offered again is not counted again
			if err := submit(i); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
		}
	}
	if err := submit(minWindow); code(err) != CodeChainLoaded {
		t.Errorf("one too many: %v", err)
	}
}
