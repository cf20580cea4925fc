package block

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/order"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// duel is a chain on which Alice and Bob pay each other, at the same time.
func duel(t *testing.T) *scene {
	t.Helper()
	all := wallets(3)
	s := &scene{ledger: newLedger(t, genesis(chain.DefaultParams(), chain.NewAmount(1000), all...)), alice: all[0], bob: all[1], carol: all[2]}
	v := s.live(t)
	v.admit(t, s.pay(s.alice, 0, s.bob.address, 1), s.pay(s.alice, 1, s.bob.address, 2), s.pay(s.bob, 0, s.alice.address, 3))
	s.propose(t, v.play(t, toTheEnd))
	return s
}

func (s *scene) propose(t *testing.T, did *Run) {
	t.Helper()
	res := s.build(t, did)
	s.discard(t, res)
	s.block, s.raw = res.Block, res.Raw
}

func (s *scene) sequence(b *chain.Block, w wallet) *chain.Sequence {
	i := slices.IndexFunc(b.Order, func(q chain.Sequence) bool { return q.Account == w.address })
	return &b.Order[i]
}

// lies checks that σ, changed so, is refused for that kind, and that the words name an account or a message.
func (s *scene) lies(t *testing.T, kind order.FaultKind, change func(b *chain.Block)) {
	t.Helper()
	b := s.copy(t)
	change(b)
	fault := s.wants(t, forge(t, s.ledger, b), PartOrder)
	if fault.Order == nil || fault.Order.Kind != kind {
		t.Fatalf("the fault is %v, want %s", fault, kind)
	}
	if text := fault.Error(); !strings.Contains(text, kind.String()) || !strings.Contains(text, "message") && !strings.Contains(text, "tk1") && !strings.Contains(text, "input") {
		t.Errorf("nothing is named: %s", text)
	}
}

// TestImpossibleOrders: what a proposer could claim that can't have happened, each named as package order names it (I4).
func TestImpossibleOrders(t *testing.T) {
	s := duel(t)
	// Alice: a0 a1 (each sends an add to Bob), then Bob's add. Bob: b0 (sends an add to Alice), then Alice's two.
	alice, bob := s.sequence(s.block, s.alice), s.sequence(s.block, s.bob)
	if len(alice.Events) != 3 || len(bob.Events) != 3 {
		t.Fatalf("%d and %d events", len(alice.Events), len(bob.Events))
	}
	t.Run("cycle", func(t *testing.T) {
		s.lies(t, order.Cycle, func(b *chain.Block) { // each waits for the other's payment
			q, p := s.sequence(b, s.alice), s.sequence(b, s.bob)
			q.Events = []chain.Event{q.Events[2], q.Events[0], q.Events[1]}
			p.Events = []chain.Event{p.Events[1], p.Events[2], p.Events[0]}
		})
	})
	t.Run("received twice", func(t *testing.T) {
		s.lies(t, order.ReceivedTwice, func(b *chain.Block) {
			q := s.sequence(b, s.bob)
			q.Events[2].Received = q.Events[1].Received
		})
	})
	t.Run("received twice by two", func(t *testing.T) {
		s.lies(t, order.ReceivedTwice, func(b *chain.Block) {
			s.sequence(b, s.alice).Events[2].Received = s.sequence(b, s.bob).Events[1].Received
		})
	})
	t.Run("out of order", func(t *testing.T) {
		s.lies(t, order.OutOfOrder, func(b *chain.Block) {
			q := s.sequence(b, s.bob)
			q.Events[1], q.Events[2] = q.Events[2], q.Events[1]
		})
	})
	t.Run("out of order, the first left over", func(t *testing.T) {
		s.lies(t, order.OutOfOrder, func(b *chain.Block) {
			q := s.sequence(b, s.bob)
			q.Events = slices.Delete(q.Events, 1, 2)
		})
	})
	t.Run("the wrong account's payment", func(t *testing.T) {
		s.lies(t, order.WrongAccount, func(b *chain.Block) {
			q, p := s.sequence(b, s.alice), s.sequence(b, s.bob)
			q.Events[2].Received, p.Events[1].Received = p.Events[1].Received, q.Events[2].Received
		})
	})
	t.Run("the wrong account's input", func(t *testing.T) {
		s.lies(t, order.WrongAccount, func(b *chain.Block) {
			q, p := s.sequence(b, s.alice), s.sequence(b, s.bob)
			q.Events[0].Received, p.Events[0].Received = p.Events[0].Received, q.Events[0].Received
		})
	})
	t.Run("input not processed", func(t *testing.T) {
		s.lies(t, order.InputNotProcessed, func(b *chain.Block) {
			b.Inputs = append(b.Inputs, chain.Input{Message: s.pay(s.carol, 0, s.bob.address, 1)})
			for i := range b.Order {
				for j := range b.Order[i].Events {
					if e := &b.Order[i].Events[j]; int(e.Received) >= len(b.Inputs)-1 {
						e.Received++
					}
				}
			}
		})
	})
	t.Run("out of range", func(t *testing.T) {
		s.lies(t, order.OutOfRange, func(b *chain.Block) { b.Order[0].Events[0].Received = ^uint32(0) })
	})
}

// TestJoined: what is no group can't be claimed to have been handled as one (SPEC 9.2).
func TestJoined(t *testing.T) {
	s := duel(t)
	b := s.copy(t)
	s.sequence(b, s.bob).Events[2].Joined = true // two payments: of no contract's method
	if fault := s.wants(t, forge(t, s.ledger, b), PartReplay); !strings.Contains(fault.Error(), "2 handled as one") {
		t.Error(fault)
	}
	b = s.copy(t)
	s.sequence(b, s.bob).Events[0].Joined = true
	s.wants(t, forge(t, s.ledger, b), PartEncoding)
}

// TestReplyBeforeRequest: a bounce that is handled before the call that it answers.
func TestReplyBeforeRequest(t *testing.T) {
	s := duel(t)
	v := s.live(t)
	v.admit(t, s.call(s.alice, 0, chain.CallInput{To: s.bob.address, Method: "no such method", GasLimit: 10_000}))
	s.propose(t, v.play(t, toTheEnd))
	s.lies(t, order.Cycle, func(b *chain.Block) {
		q := s.sequence(b, s.alice)
		q.Events[0], q.Events[1] = q.Events[1], q.Events[0]
	})
}

// carrying is a chain with four messages in its queue: three from Alice to Bob, Bob and Carol, and one from Bob to Carol.
func carrying(t *testing.T) *scene {
	t.Helper()
	s := duel(t)
	v := s.live(t)
	v.admit(t, s.pay(s.alice, 0, s.bob.address, 1), s.pay(s.alice, 1, s.bob.address, 2), s.pay(s.alice, 2, s.carol.address, 3), s.pay(s.bob, 0, s.carol.address, 4))
	s.commit(t, s.build(t, v.play(t, 4)))
	return s
}

// TestCarried: the queue goes first, in its order (SPEC 4.5).
func TestCarried(t *testing.T) {
	s := carrying(t)
	v := s.live(t)
	v.carryIn(t, toTheEnd)
	v.admit(t, s.pay(s.bob, 1, s.alice.address, 1), s.pay(s.carol, 0, s.alice.address, 1))
	s.propose(t, v.play(t, toTheEnd))
	t.Run("skipped", func(t *testing.T) {
		s.lies(t, order.CarriedSkipped, func(b *chain.Block) {
			q := s.sequence(b, s.bob)
			q.Events = slices.DeleteFunc(q.Events, func(e chain.Event) bool { return e.Received == 0 })
		})
	})
	t.Run("out of queue order", func(t *testing.T) {
		s.lies(t, order.CarriedNotFirst, func(b *chain.Block) {
			q := s.sequence(b, s.bob)
			q.Events[0], q.Events[1] = q.Events[1], q.Events[0]
		})
	})
	t.Run("behind an input", func(t *testing.T) {
		s.lies(t, order.CarriedNotFirst, func(b *chain.Block) {
			q := s.sequence(b, s.bob)
			q.Events[1], q.Events[2] = q.Events[2], q.Events[1]
		})
	})
	t.Run("by the wrong account", func(t *testing.T) {
		s.lies(t, order.WrongAccount, func(b *chain.Block) {
			q, p := s.sequence(b, s.bob), s.sequence(b, s.carol)
			q.Events[0].Received, p.Events[0].Received = p.Events[0].Received, q.Events[0].Received
		})
	})
}

// TestMoneyFromNowhere: relays that a lying σ lets an account send reach their receivers' replay before the lie is found.
// No amount may break a sum there (B3).
func TestMoneyFromNowhere(t *testing.T) {
	s := duel(t)
	most := chain.MaxAmount
	rest, err := most.Sub(chain.NewAmount(999))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name          string
		first, second chain.Amount
	}{
		{"all that there can be", most, chain.NewAmount(2)},
		{"one too much for the receiver", rest, chain.NewAmount(2)},
		{"too much in two parts", chain.Mul(1<<63, ^uint64(0)), chain.Mul(1<<63, ^uint64(0))},
		{"more than was issued", chain.NewAmount(1_000_000), chain.NewAmount(2)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, account := range []chain.Address{s.bob.address, newWallet(99).address, chain.SystemAddress(here)} {
				for _, method := range []string{chain.MethodAdd, chain.MethodBounce, methodPut, "ask"} {
					b := s.copy(t)
					q := s.sequence(b, s.alice)
					for i, amount := range []chain.Amount{c.first, c.second} {
						sent := &q.Events[i].Sent[0]
						sent.To, sent.Amount, sent.Method, sent.GasLimit, sent.Input = account, amount, method, 1<<63, []byte("k")
					}
					if account != s.bob.address { // who takes it comes into σ
						p := s.sequence(b, s.bob)
						taken := chain.Sequence{Account: account, Events: slices.Clone(p.Events[1:])}
						p.Events = p.Events[:1]
						b.Order = append(b.Order, taken)
						slices.SortFunc(b.Order, func(a, b chain.Sequence) int { return a.Account.Compare(b.Account) })
						b = renumbered(s.block, b)
					}
					b.Header.Roots.Inputs, b.Header.Roots.Order = InputsRoot(b, nil), OrderRoot(b.Order, nil)
					s.wants(t, b.Append(nil), PartReplay)
				}
			}
		})
	}
}

// renumbered gives the sent messages of b, which has the events of was in other places, the numbers they have there.
func renumbered(was, b *chain.Block) *chain.Block {
	numbers := func(k *chain.Block) map[uint32]uint32 { // by received number of the sender's event, the first that it sent
		first, next := map[uint32]uint32{}, uint32(len(k.Inputs))
		for _, q := range k.Order {
			for _, e := range q.Events {
				first[e.Received] = next
				next += uint32(len(e.Sent))
			}
		}
		return first
	}
	old, now := numbers(was), numbers(b)
	moved := map[uint32]uint32{}
	for received, n := range old {
		if int(received) < len(was.Inputs) {
			moved[n] = now[received]
		}
	}
	for i := range b.Order {
		for j := range b.Order[i].Events {
			if e := &b.Order[i].Events[j]; int(e.Received) >= len(b.Inputs) {
				e.Received = moved[e.Received]
			}
		}
	}
	return b
}

// claimed is the block that live actors without scruples make: no limit stops them.
func (s *scene) claimed(t *testing.T, did *Run) []byte {
	t.Helper()
	r := &run{before: s.before(), rules: s.rules, context: did.Context, queue: did.Queue, arrival: NewArrival(s.before(), s.rules, did.Context)}
	r.take(did.Accounts)
	r.number(did.Carried)
	if fault := r.check(); fault != nil {
		t.Fatal(fault)
	}
	r.header = r.frame(&chain.Header{TimeMillis: did.Context.TimeMillis})
	res, err := r.conclude()
	if err != nil {
		t.Fatal(err)
	}
	r.finish(res)
	s.discard(t, res)
	return res.Raw
}

func (s *scene) refuses(t *testing.T, raw []byte, part Part) {
	t.Helper()
	if fault := mustFault(t, s.ledger, raw); fault.Part != part {
		t.Errorf("the fault is %v, want %q", fault, part)
	}
}

// burning are n calls of Alice's to methodBurn of Bob's.
func (s *scene) burning(n int) (list []*chain.Message) {
	for i := range n {
		m := s.message(s.alice, uint64(i), chain.MethodCall, chain.CallInput{To: s.bob.address, Method: methodBurn, GasLimit: 249_000_000}.Encode())
		m.GasLimit = chain.MaxMessageGas
		list = append(list, m.Sign(s.alice.key))
	}
	return list
}

// TestGasLimit: four messages of the largest gas limit fit into any chain's block (SPEC 2.6), a fifth doesn't.
func TestGasLimit(t *testing.T) {
	s := duel(t)
	for n, parts := range map[int]Part{4: "", 5: PartGasLimit} {
		v := s.live(t)
		v.admit(t, s.burning(n)...)
		raw := s.claimed(t, v.play(t, toTheEnd))
		if parts == "" {
			s.discard(t, s.verify(t, raw))
		} else {
			s.refuses(t, raw, parts)
		}
	}
}

// TestWorkIsBounded: a block that claims far more work than its gas limit is left before most of it is done (B3), whether
// few accounts claim it or many.
func TestWorkIsBounded(t *testing.T) {
	all := wallets(3 * replayWave * replayChunk)
	s := &scene{ledger: newLedger(t, genesis(chain.DefaultParams(), chain.NewAmount(1), all...))}
	limit := s.params(t).BlockGas
	var burnt uint64
	s.rules.Programs = countingPrograms{&burnt}
	for _, each := range []uint64{limit / 5, limit / replayChunk * 9 / 10} { // five accounts are too many; a piece is not
		v := s.live(t)
		for _, w := range all {
			m := s.message(w, 0, chain.MethodCall, chain.CallInput{To: w.address, Method: methodBurn, GasLimit: each}.Encode())
			m.GasLimit = each + 1_000_000
			v.admit(t, m.Sign(w.key))
		}
		burnt = 0
		raw := s.claimed(t, v.play(t, toTheEnd))
		most := replayWave*(limit+chain.MaxMessageGas) + limit
		if burnt < 2*most {
			t.Fatalf("only %d gas claimed", burnt)
		}
		burnt = 0
		s.refuses(t, raw, PartGasLimit)
		if burnt == 0 || burnt > most {
			t.Errorf("%d gas were used to find it, at most %d should be", burnt, most)
		}
	}
}

// TestSignaturesArePaidFor: inputs that can't all be in one block for their gas are not looked at for their signatures,
// each of which costs more than its bytes (B3).
func TestSignaturesArePaidFor(t *testing.T) {
	s := newScene(t)
	forged := s.message(s.alice, 1, chain.MethodTransfer, make([]byte, chain.MaxInputBytes-1000))
	forged.Proof = make([]byte, chain.SignedBytes)
	n := int(s.params(t).BlockGas / exec.ExternalGas(forged))
	for inputs, part := range map[int]Part{n: PartSignature, n + 1: PartGasLimit} {
		b := s.copy(t)
		b.Inputs = slices.Repeat([]chain.Input{{Message: forged}}, inputs)
		s.wants(t, b.Append(nil), part)
	}
}

// countingPrograms adds up the gas that methodBurn uses.
type countingPrograms struct{ burnt *uint64 }

func (c countingPrograms) Program(self chain.Address, account chain.Account, m *chain.Message) (exec.Program, error) {
	if m.Method == methodBurn {
		return program(func(e *exec.Env) error {
			*c.burnt += e.GasLeft() - 10_000
			return e.Charge(e.GasLeft() - 10_000)
		}), nil
	}
	return programs{}.Program(self, account, m)
}

func (countingPrograms) Group(self chain.Address, account chain.Account, method string) (exec.Program, error) {
	return programs{}.Group(self, account, method)
}

func (countingPrograms) View(self chain.Address, account chain.Account) (exec.Program, error) {
	return programs{}.View(self, account)
}

// TestBuildKeepsItsPromises: what live actors must not do stops the node before anybody sees the block.
func TestBuildKeepsItsPromises(t *testing.T) {
	s := duel(t)
	for name, did := range map[string]func() *Run{
		"over gas": func() *Run {
			v := s.live(t)
			v.admit(t, s.burning(5)...)
			return v.play(t, toTheEnd)
		},
		"not later": func() *Run {
			v := s.live(t)
			v.context.TimeMillis = s.header.TimeMillis
			return v.play(t, toTheEnd)
		},
		"two accounts of one address": func() *Run {
			v := s.live(t)
			v.admit(t, s.pay(s.alice, 0, s.bob.address, 1))
			did := v.play(t, toTheEnd)
			did.Accounts = append(did.Accounts, did.Accounts[0])
			return did
		},
		"out of order": func() *Run {
			v := s.live(t)
			v.admit(t, s.pay(s.alice, 0, s.bob.address, 1), s.pay(s.alice, 1, s.bob.address, 2))
			did := v.play(t, toTheEnd)
			i := slices.IndexFunc(did.Accounts, func(o *exec.Overlay) bool { return o.Account == s.bob.address })
			slices.Reverse(did.Accounts[i].Events)
			return did
		},
		"sent and lost": func() *Run {
			v := s.live(t)
			v.admit(t, s.pay(s.alice, 0, s.bob.address, 1))
			did := v.play(t, 1)
			did.Accounts[0].Events[0].Sent = nil
			return did
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := did()
			defer func() {
				if f, ok := recover().(assert.Failure); !ok {
					t.Errorf("Build did not stop: %v", f)
				}
			}()
			_, _ = Build(s.before(), s.rules, run)
		})
	}
}

// TestFreshShare: while carried-in messages are left over, external inputs have their share and no more (SPEC 4.5).
func TestFreshShare(t *testing.T) {
	s := carrying(t)
	share := FreshGas(s.params(t), chain.Queue{})
	for _, c := range []struct {
		carry int
		gas   uint64
		ok    bool
	}{{3, share, true}, {3, share + 1, false}, {4, share + 1, true}, {0, share + 1, false}} {
		t.Run(fmt.Sprintf("%d carried in, %d gas", c.carry, c.gas), func(t *testing.T) {
			v := s.live(t)
			v.carryIn(t, c.carry)
			for i, left := uint64(0), c.gas; left > 0; i++ {
				m := s.message(s.carol, i, chain.MethodTransfer, chain.TransferInput{To: s.alice.address}.Encode())
				m.GasLimit = min(left, chain.MaxMessageGas)
				if left -= m.GasLimit; left > 0 && left < 1_000_000 {
					m.GasLimit -= 1_000_000
					left += 1_000_000
				}
				v.admit(t, m.Sign(s.carol.key))
			}
			raw := s.claimed(t, v.play(t, toTheEnd))
			if c.ok {
				s.discard(t, s.verify(t, raw))
			} else {
				s.refuses(t, raw, PartFresh)
			}
		})
	}
}

// TestBytes: a block is no longer than its chain allows.
func TestBytes(t *testing.T) {
	p := chain.DefaultParams()
	p.BlockBytes = chain.MinBlockBytes
	all := wallets(3)
	s := &scene{ledger: newLedger(t, genesis(p, chain.NewAmount(1000), all...)), alice: all[0], bob: all[1]}
	large := func(n int) []byte {
		v := s.live(t)
		for i := range n {
			m := s.message(s.alice, uint64(i), "nothing", make([]byte, chain.MaxInputBytes))
			m.GasLimit = 10_000_000
			v.admit(t, m.Sign(s.alice.key))
		}
		return s.claimed(t, v.play(t, toTheEnd))
	}
	each := len(large(2)) - len(large(1))
	fits := 1 + (chain.MinBlockBytes-len(large(1)))/each
	s.discard(t, s.verify(t, large(fits)))
	s.refuses(t, large(fits+1), PartSize)
}

// TestQueueLimit: what waits holds no more gas than queueBlocks blocks, so no more messages wait than a later block can
// carry in. What waited already, as the chain's gas limit was lowered with an epoch, may wait still: else no block could ever follow.
func TestQueueLimit(t *testing.T) {
	r := &run{context: &exec.Context{Params: chain.DefaultParams()}}
	most := uint64(queueBlocks * chain.MinBlockGas)
	for _, x := range []struct {
		before, held uint64
		part         Part
	}{{0, most, ""}, {0, most + 1, PartQueue}, {most - 1, most, ""}, {3 * most, 3 * most, ""}, {3 * most, 3*most + 1, PartQueue}} {
		held, part := x.held, x.part
		r.queue = chain.Queue{Gas: x.before}
		r.messages = nil
		r.sequence.CarriedOut = nil
		for left := held; left > 0; {
			limit := min(left, chain.MaxMessageGas) - gas.Bounce
			left -= limit + gas.Bounce
			if left > 0 && left < gas.Bounce {
				limit, left = limit-gas.Bounce, left+gas.Bounce
			}
			r.sequence.CarriedOut = append(r.sequence.CarriedOut, uint32(len(r.messages)))
			r.messages = append(r.messages, &exec.Delivery{Message: &chain.Message{GasLimit: limit}})
		}
		fault := r.checkLimits(&Result{})
		if fault == nil && part != "" || fault != nil && fault.Part != part {
			t.Errorf("%d gas waits, and %d did: %v", held, x.before, fault)
		}
	}
	if most := queueBlocks * uint64(chain.MaxBlockGas) / gas.Bounce; most > chain.MaxBlockEvents {
		t.Errorf("%d messages could wait", most)
	}
}

// TestGivenLimit: what a block gives to hooks is bounded, and who replays more than that stops (B3).
func TestGivenLimit(t *testing.T) {
	r := &run{context: &exec.Context{Params: chain.DefaultParams()}}
	for given, want := range map[uint64]bool{chain.MaxBlockGiven: true, chain.MaxBlockGiven + 1: false} {
		r.accounts = nil
		for _, part := range []uint64{given / 2, given - given/2} {
			r.accounts = append(r.accounts, &exec.Overlay{Loads: exec.Loads{Given: part}})
		}
		fault := r.checkLimits(&Result{})
		if ok := fault == nil; ok != want || !ok && fault.Part != PartGiven {
			t.Errorf("%d are given: %v", given, fault)
		}
		if fault := r.over(spent{given: given}, spent{given: chain.MaxBlockGiven}); (fault == nil) != want {
			t.Errorf("%d are given in a replay: %v", given, fault)
		}
	}
}

// TestImportRoom: imports have their share whatever else waits, but no more than the queue has room for: a block that an honest
// proposer has no time for must not break TestQueueLimit. A relay of a rotten chain counts as what it can use.
func TestImportRoom(t *testing.T) {
	p := chain.DefaultParams()
	whole := uint64(chain.MaxMessageGas + gas.Bounce)
	for n, want := range map[uint64]uint64{0: whole, 6: whole, 7: queueBlocks*p.BlockGas - 7*whole, 8: 0} {
		s := memory{}
		put := func(key string, value []byte) { s[exec.Slot{Account: chain.SystemAddress(here), Key: key}] = value }
		queue := chain.Queue{Head: 3, Tail: 3 + n}
		for i := range n {
			queue.Gas += ImportGas(&chain.Message{GasLimit: []uint64{chain.MaxMessageGas, 1 << 63}[i%2]})
		}
		put(chain.KeyQueue, queue.Encode())
		before := &Before{Header: &chain.Header{Chain: here}, State: s}
		a := NewArrival(before, Rules{}, &exec.Context{Chain: here, Params: p})
		if _, got, err := a.Left(); got != want || err != nil {
			t.Errorf("%d messages wait: room for %d gas, want %d: %v", n, got, want, err)
		}
	}
}

// TestFreshStops: when what waits holds more than a block's gas, no fresh input comes in before some of it is done.
func TestFreshStops(t *testing.T) {
	p := chain.DefaultParams()
	for n, want := range map[uint64]uint64{0: p.BlockGas / 2, 3: p.BlockGas / 2, 4: 0} {
		if got := FreshGas(p, chain.Queue{Tail: n, Gas: n * (chain.MaxMessageGas + gas.Bounce)}); got/256 != want/256 {
			t.Errorf("%d messages wait: %d gas for fresh inputs, want %d", n, got, want)
		}
	}
}
