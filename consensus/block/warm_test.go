package block

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// checkWarm: the state's sums are those of its code, and bounded.
func (c *world) checkWarm(t *testing.T) {
	t.Helper()
	w, err := c.builder.before().warm()
	if err != nil {
		t.Fatal(err)
	}
	var codes []chain.CodeEntry
	for slot, raw := range c.builder.state { // any order: summed up
		if !slot.Account.IsSystem() || !strings.HasPrefix(slot.Key, "code/") {
			continue
		}
		entry, err := chain.DecodeCodeEntry(raw)
		if err != nil {
			t.Fatal(err)
		}
		if codes = append(codes, entry); !w.Has(entry.Ran) {
			c.seen["cold code"]++
		}
	}
	if err := w.Check(slices.Values(codes)); err != nil {
		t.Fatal(err)
	}
	if w.Total() > chain.MaxWarm {
		t.Fatalf("%d are warm", w.Total())
	}
	if w.Given > 0 {
		c.seen["hook loads for nothing"]++
	}
}

// largeText is a module of which not all can be warm.
func largeText(n int) []byte { return fmt.Appendf(nil, "large %d", n) }

const larges = 12

// writeLarge is a random message that publishes, deploys or calls such code, mostly with gas for loading it.
func (c *world) writeLarge(w wallet, nonce uint64) *chain.Message {
	in := chain.PublishInput{Code: largeText(c.rnd.IntN(larges))}
	gasLimit := uint64(largeLoad + 40_000_000)
	if c.rnd.IntN(4) == 0 {
		gasLimit = 500_000
	}
	salt := [32]byte{byte(c.rnd.IntN(2))}
	m := c.builder.message(w, nonce, chain.MethodPublish, in.Encode())
	m.GasLimit = gasLimit + 5_000_000
	switch c.rnd.IntN(6) {
	case 0:
	case 1:
		m.Method, m.Input = chain.MethodDeploy, chain.DeployInput{Code: in.Hash(), Salt: salt, GasLimit: gasLimit, Input: []byte{}}.Encode()
	case 2:
		m.Method, m.Input = chain.MethodSetCode, chain.SetCodeInput{Code: in.Hash()}.Encode()
	case 3: // sends on, and the receiver refuses: a bounce comes
		m.Method, m.Input = "x", []byte{6}
	default:
		to := c.wallets[c.rnd.IntN(len(c.wallets))].address
		if c.rnd.IntN(2) == 0 {
			to = chain.MadeAddress(here, w.address, salt, in.Hash())
		}
		m.Method, m.Input = chain.MethodCall, chain.CallInput{To: to, Method: "ask", GasLimit: gasLimit, Input: randomInput(c.rnd)}.Encode()
	}
	return m.Sign(w.key)
}

// TestWarmChains is TestRandomChains with more code than can be warm: Build and Verify agree on what is, and on who pays for the rest.
func TestWarmChains(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(8) {
		p := chain.DefaultParams()
		p.BlockGas, p.FreshShare = chain.MaxBlockGas, 64
		c := newWorldOf(t, rand.New(rand.NewPCG(seed, 7)), p)
		c.write = c.writeLarge
		for range 40 {
			c.block(t)
		}
		for k, n := range c.seen { // any order: summed up
			seen[k] += n
		}
	}
	t.Log(seen)
	for _, what := range []string{"cold code", "loaded", "not enough to load", "bounce", "hook loads for nothing", "hook not loaded"} {
		if seen[what] == 0 {
			t.Errorf("never %q: the test has lost its bite", what)
		}
	}
}

// warmScene is a chain with more code than can be warm, each at an account of its own; the oldest is cold.
type warmScene struct {
	*ledger
	owner wallet
	next  uint64
	at    []chain.Address
}

func newWarmScene(t *testing.T) *warmScene {
	t.Helper()
	w := newWallet(1)
	p := chain.DefaultParams()
	p.BlockGas = 4 * chain.MinBlockGas
	s := &warmScene{ledger: newLedger(t, genesis(p, chain.NewAmount(1000), w)), owner: w}
	for i := range 8 {
		in := chain.PublishInput{Code: largeText(i)}
		s.commit(t, s.do(t, s.send(chain.MethodPublish, in.Encode())))
		s.commit(t, s.do(t))
		s.commit(t, s.do(t, s.send(chain.MethodDeploy, chain.DeployInput{Code: in.Hash(), GasLimit: 200_000}.Encode())))
		s.at = append(s.at, chain.MadeAddress(here, w.address, [32]byte{}, in.Hash()))
	}
	return s
}

func (s *warmScene) send(method string, input []byte) *chain.Message {
	m := s.message(s.owner, s.next, method, input)
	m.GasLimit = 220_000_000
	s.next++
	return m.Sign(s.owner.key)
}

// ask calls account i, with gas for loading its code.
func (s *warmScene) ask(i int) *chain.Message {
	return s.send(chain.MethodCall, chain.CallInput{To: s.at[i], Method: "ask", GasLimit: 200_000_000}.Encode())
}

// play lets live actors handle the messages; change may change what they know.
func (s *warmScene) play(t *testing.T, change func(c *exec.Context), messages ...*chain.Message) *Run {
	t.Helper()
	v := newLive(t, s.ledger, rand.New(rand.NewPCG(1, 1)))
	change(v.context)
	v.join = nil
	v.carryIn(t, len(v.run.Carried))
	v.admit(t, messages...)
	return v.play(t, toTheEnd)
}

func (s *warmScene) do(t *testing.T, messages ...*chain.Message) *Result {
	t.Helper()
	return s.build(t, s.play(t, func(*exec.Context) {}, messages...))
}

// gasOf is what the handling at account i used.
func (s *warmScene) gasOf(t *testing.T, res *Result, i int) uint64 {
	t.Helper()
	h, err := Read(res.Raw, &res.Journal)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range h.Events {
		if e.Account == s.at[i] {
			return e.Receipt.GasUsed
		}
	}
	t.Fatal("no event")
	return 0
}

// Who runs code that has not run lately pays for it, whoever else does in the block; in the next block it is warm.
func TestColdThenWarm(t *testing.T) {
	s := newWarmScene(t)
	res := s.do(t, s.ask(0), s.ask(0), s.ask(7))
	s.verify(t, res.Raw)
	if cold, warm := s.gasOf(t, res, 0), s.gasOf(t, res, 7); cold < largeLoad || warm > 100_000 {
		t.Errorf("code that is cold: %d gas; warm: %d", cold, warm)
	}
	s.commit(t, res)
	res = s.do(t, s.ask(0))
	if again := s.gasOf(t, res, 0); again > 100_000 {
		t.Errorf("in the next block: %d gas", again)
	}
	s.commit(t, res)
}

// A block that claims that code was warm which is not, or that leaves out or adds what ran, is refused.
func TestWarmClaims(t *testing.T) {
	s := newWarmScene(t)
	start := s.next
	free := func(c *exec.Context) {
		c.Loading = func(chain.CodeHash) (exec.Loading, error) { return exec.Loading{}, nil }
	}
	for _, x := range []struct {
		name   string
		change func(c *exec.Context)
		after  func(did *Run)
		part   Part
	}{
		{"warm", free, func(*Run) {}, PartGasUsed},
		{"ran less", func(*exec.Context) {}, func(did *Run) {
			for _, o := range did.Accounts {
				o.Loads.Ran = nil
			}
		}, PartState},
		{"ran more", func(*exec.Context) {}, func(did *Run) {
			did.Accounts[0].Loads.Ran = append(did.Accounts[0].Loads.Ran, chain.PublishInput{Code: largeText(1)}.Hash())
		}, PartState},
		{"paid more", func(*exec.Context) {}, func(did *Run) { did.Accounts[0].Loads.Given += largeLoad }, PartState},
	} {
		t.Run(x.name, func(t *testing.T) {
			s.next = start
			did := s.play(t, x.change, s.ask(0))
			x.after(did)
			res := s.build(t, did)
			s.discard(t, res)
			if fault := mustFault(t, s.ledger, res.Raw); fault.Part != x.part {
				t.Errorf("%v", fault)
			}
		})
	}
}

// A chain's state may name code that ran and is not published only if it is damaged.
func TestWarmDamage(t *testing.T) {
	s := newWarmScene(t)
	hash := chain.PublishInput{Code: largeText(0)}.Hash()
	m := s.ask(0)
	delete(s.state, exec.Slot{Account: chain.SystemAddress(here), Key: chain.CodeKey(hash)})
	v := newLive(t, s.ledger, rand.New(rand.NewPCG(1, 1)))
	if _, err := v.context.Loading(hash); err == nil {
		t.Error("code that is not published can be loaded")
	}
	s.state[exec.Slot{Account: chain.SystemAddress(here), Key: chain.KeyWarm}] = []byte{1}
	if _, err := s.before().Context(s.rules, 1); err == nil {
		t.Errorf("a damaged entry is taken: %v", m)
	}
}

// What loads for hooks cost that nobody paid for is paid back by those who pay for theirs.
func TestGivenIsPaidBack(t *testing.T) {
	s := newWarmScene(t)
	did := s.play(t, func(*exec.Context) {}, s.ask(7))
	did.Accounts[0].Loads.Given += largeLoad + chain.MaxGiven
	s.commit(t, s.build(t, did))
	given := func() (uint64, bool) {
		w, err := s.before().warm()
		if err != nil {
			t.Fatal(err)
		}
		return w.Given, w.Gives()
	}
	if n, gives := given(); n != largeLoad+chain.MaxGiven || gives {
		t.Fatalf("%d were given, and more may be: %v", n, gives)
	}
	s.commit(t, s.do(t, s.ask(7))) // that is warm
	if n, gives := given(); n != largeLoad+chain.MaxGiven || gives {
		t.Errorf("nobody paid, and %d are left of what was given", n)
	}
	s.commit(t, s.do(t, s.ask(0), s.ask(1)))
	if n, gives := given(); n >= chain.MaxGiven || !gives {
		t.Errorf("two loads of %d were paid, and %d are left of what was given", uint64(largeLoad), n)
	}
}
