package block

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// scene is a chain with a valid next block that has some of everything: carried-in messages, payments, a bounce, storage,
// events, a new account, gas that is paid for.
type scene struct {
	*ledger
	alice, bob, carol wallet
	block             *chain.Block
	raw               []byte
}

func newScene(t testing.TB) *scene {
	t.Helper()
	all := wallets(3)
	p := chain.DefaultParams()
	p.DepositPerAccount, p.DepositPerByte = 10, 1
	s := &scene{ledger: newLedger(t, genesis(p, chain.NewAmount(100_000_000), all...)), alice: all[0], bob: all[1], carol: all[2]}
	v := s.live(t)
	v.admit(t, s.paid(s.alice, 0, s.bob.address, 7), s.paid(s.bob, 0, s.carol.address, 8))
	s.commit(t, s.build(t, v.play(t, 2))) // both are sent, none is taken
	v = s.live(t)
	v.carryIn(t, toTheEnd)
	v.admit(t,
		s.paid(s.alice, 1, s.bob.address, 100), s.paid(s.alice, 2, newWallet(50).address, 1000),
		s.asked(s.bob, 1, s.carol.address, "no such method", "why"), s.asked(s.carol, 0, s.bob.address, methodPut, "k and value"),
		s.asked(s.carol, 1, s.alice.address, methodSay, "hello"),
	)
	res := s.build(t, v.play(t, toTheEnd))
	s.discard(t, res)
	s.block, s.raw = res.Block, res.Raw
	return s
}

// live takes turns: every account its external messages first, in the order in which they came.
func (s *scene) live(t testing.TB) *live {
	v := newLive(t, s.ledger, nil)
	v.pick = func([]*actor) int { return 0 }
	v.fresh = func(*actor) bool { return true }
	return v
}

func (s *scene) paid(w wallet, nonce uint64, to chain.Address, amount uint64) *chain.Message {
	m := s.pay(w, nonce, to, amount)
	m.GasPrice = 3
	return signed(m, w)
}

func (s *scene) asked(w wallet, nonce uint64, to chain.Address, method, input string) *chain.Message {
	m := s.call(w, nonce, chain.CallInput{To: to, Method: method, GasLimit: 60_000, Input: []byte(input)})
	m.Amount, m.GasPrice = chain.NewAmount(5), 2
	return signed(m, w)
}

// wants checks that the bytes are refused for one of the parts, and that nothing of the attempt is left in the tree.
func (s *scene) wants(t *testing.T, raw []byte, parts ...Part) *Fault {
	t.Helper()
	fault := mustFault(t, s.ledger, raw)
	if !slices.Contains(parts, fault.Part) {
		t.Errorf("the fault is %q, want %q: %v", fault.Part, parts, fault)
	}
	if fault.Error() == "" || fault.Part == PartOrder && fault.Order == nil {
		t.Errorf("the fault has no witness: %+v", fault)
	}
	good := s.verify(t, s.raw) // and the tree is as it was
	s.discard(t, good)
	return fault
}

func (s *scene) copy(t testing.TB) *chain.Block { return copyBlock(t, s.block) }

// TestHeaderFields: every field of the header is held to something, and the fault says which (SPEC 4.4 e, 4.6). The
// table is read against the struct, so that a new field without a check fails here.
func TestHeaderFields(t *testing.T) {
	s := newScene(t)
	want := map[string]Part{
		"Network": PartNetwork, "Chain": PartChain, "Height": PartHeight, "Round": PartRound, "Proposer": PartProposer, "Term": PartTerm,
		"Epoch": PartEpoch, "Parent": PartParent, "GasUsed": PartGasUsed, "Load": PartLoad, "Committee": PartCommittee,
		"Next": PartNext, "Views": PartViews, "Leaving": PartLeaving,
		"Roots.Inputs": PartInputs, "Roots.Order": PartOrderRoot, "Roots.Receipts": PartReceipts, "Roots.Outbox": PartOutbox, "Roots.State": PartState,
	}
	b := s.copy(t)
	for i, f := range leaves("", reflect.ValueOf(&b.Header).Elem()) {
		t.Run(f.name, func(t *testing.T) {
			b := s.copy(t)
			leaves("", reflect.ValueOf(&b.Header).Elem())[i].change(t)
			if f.name == "TimeMillis" { // any later time makes another valid block
				res := s.verify(t, b.Append(nil))
				s.discard(t, res)
				if res.Hash == s.block.Header.Hash() {
					t.Error("two times, one hash")
				}
				for _, early := range []uint64{0, s.header.TimeMillis - 1, s.header.TimeMillis} {
					b.Header.TimeMillis = early
					s.wants(t, b.Append(nil), PartTime)
				}
				return
			}
			part, ok := want[f.name]
			if !ok {
				t.Fatal("no part is named for this field")
			}
			s.wants(t, b.Append(nil), part)
		})
	}
}

// TestInputFields: every field of an input, signature bytes too, with all roots made to fit.
func TestInputFields(t *testing.T) {
	s := newScene(t)
	unsigned := map[string][]Part{
		"Network": {PartInput}, "Kind": {PartEncoding, PartInput}, "From": {PartInput}, "To": {PartInput}, "Payer": {PartInput},
		"Nonce": {PartSignature}, "ValidUntil": {PartSignature}, "Amount": {PartSignature}, "GasLimit": {PartSignature},
		"GasPrice": {PartSignature}, "Method": {PartSignature}, "Input": {PartSignature}, "Proof": {PartSignature},
		"Parent": nil, "Index": nil, "Origin": nil, "Depth": nil, // of relays: not encoded here
	}
	for n := range s.block.Inputs {
		for i, f := range leaves("", reflect.ValueOf(s.block.Inputs[n].Message).Elem()) {
			t.Run(fmt.Sprint(n, f.name), func(t *testing.T) {
				parts, ok := unsigned[f.name]
				if !ok {
					t.Fatal("no part is named for this field")
				}
				b := s.copy(t)
				leaves("", reflect.ValueOf(b.Inputs[n].Message).Elem())[i].change(t)
				raw := b.Append(nil)
				if parts == nil {
					if !bytes.Equal(raw, s.raw) {
						t.Error("the field is encoded: name a part")
					}
					return
				}
				b.Inputs[n].Message.Seal()
				s.wants(t, forge(t, s.ledger, b), parts...)
			})
		}
	}
	for i := range chain.SignedBytes {
		b := s.copy(t)
		b.Inputs[0].Message.Proof[i] ^= 0x40
		s.wants(t, forge(t, s.ledger, b), PartSignature)
	}
	for _, n := range []int{0, 95, 97} {
		b := s.copy(t)
		b.Inputs[0].Message.Proof = make([]byte, n)
		s.wants(t, forge(t, s.ledger, b), PartSignature)
	}
}

// TestSignedAnew: the signer itself is the attacker's friend, and signs what was changed. What σ and the receipts say
// must still follow from it.
func TestSignedAnew(t *testing.T) {
	s := newScene(t)
	for name, c := range map[string]struct {
		change func(m *chain.Message)
		part   Part
	}{
		"amount":            {func(m *chain.Message) { m.Amount = chain.NewAmount(101) }, PartReplay},
		"amount over all":   {func(m *chain.Message) { m.Amount = chain.MaxAmount }, PartReplay},
		"receiver":          {func(m *chain.Message) { m.Input = chain.TransferInput{To: s.carol.address}.Encode() }, PartReplay},
		"method":            {func(m *chain.Message) { m.Method = "transfers" }, PartReplay},
		"nonce":             {func(m *chain.Message) { m.Nonce++ }, PartPlace},
		"nonce taken":       {func(m *chain.Message) { m.Nonce-- }, PartPlace},
		"expired":           {func(m *chain.Message) { m.ValidUntil = 1 }, PartPlace},
		"gas limit low":     {func(m *chain.Message) { m.GasLimit = 1000 }, PartPlace},
		"gas limit high":    {func(m *chain.Message) { m.GasLimit = chain.MaxMessageGas + 1 }, PartPlace},
		"gas over balance":  {func(m *chain.Message) { m.GasPrice = 1 << 60 }, PartPlace},
		"gas does not do":   {func(m *chain.Message) { m.GasLimit = exec.ExternalGas(m) }, PartReplay},
		"another gas limit": {func(m *chain.Message) { m.GasLimit-- }, PartReceipts},
		"another gas price": {func(m *chain.Message) { m.GasPrice-- }, PartReceipts},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.copy(t)
			n := slices.IndexFunc(b.Inputs, func(in chain.Input) bool { return in.Message.From == s.alice.address })
			m := b.Inputs[n].Message
			c.change(m)
			m.Sign(s.alice.key)
			b.Header.Roots.Inputs = InputsRoot(b, nil)
			s.wants(t, b.Append(nil), c.part)
			if c.part != PartReceipts { // there, all that follows made to fit, it is another valid block
				s.wants(t, forge(t, s.ledger, b), c.part)
			}
		})
	}
}

// TestSentFields: every field of everything that σ says was sent, with receipts, state and roots made to fit the lie.
func TestSentFields(t *testing.T) {
	s := newScene(t)
	want := map[string][]Part{
		"To": {PartOrder, PartReplay}, "Method": {PartReplay}, "Input": {PartReplay}, "Amount": {PartReplay}, "GasLimit": {PartReplay},
	}
	changed := 0
	eachSent(s.block, func(i, j, k int) {
		for n, f := range leaves("", reflect.ValueOf(&s.block.Order[i].Events[j].Sent[k]).Elem()) {
			t.Run(fmt.Sprint(i, j, k, f.name), func(t *testing.T) {
				if want[f.name] == nil {
					t.Fatal("no part is named for this field")
				}
				b := s.copy(t)
				leaves("", reflect.ValueOf(&b.Order[i].Events[j].Sent[k]).Elem())[n].change(t)
				s.wants(t, forge(t, s.ledger, b), want[f.name]...)
			})
			changed++
		}
	})
	if changed < 5*5 {
		t.Errorf("only %d fields were changed", changed)
	}
}

// TestSentMethod: a method exchanged for one that ends as well, and sends as little, is still another message.
func TestSentMethod(t *testing.T) {
	s := newScene(t)
	changed := 0
	eachSent(s.block, func(i, j, k int) {
		for _, method := range []string{chain.MethodAdd, methodPut, methodSay} {
			b := s.copy(t)
			sent := &b.Order[i].Events[j].Sent[k]
			if sent.Method != method && slices.Contains([]string{methodPut, methodSay}, sent.Method) {
				sent.Method = method
				s.wants(t, forge(t, s.ledger, b), PartReplay)
				changed++
			}
		}
	})
	if changed != 4 {
		t.Errorf("%d methods were exchanged, want 4", changed)
	}
}

func eachSent(b *chain.Block, f func(sequence, event, sent int)) {
	for i := range b.Order {
		for j := range b.Order[i].Events {
			for k := range b.Order[i].Events[j].Sent {
				f(i, j, k)
			}
		}
	}
}

// TestTakenFromOrSlippedIn: parts of the body removed, repeated, exchanged, moved.
func TestTakenFromOrSlippedIn(t *testing.T) {
	s := newScene(t)
	type change struct {
		name  string
		do    func(b *chain.Block, n int)
		count int
		parts []Part
	}
	all := 0
	for i := range s.block.Order {
		all += len(s.block.Order[i].Events)
	}
	event := func(b *chain.Block, n int) (*chain.Sequence, int) {
		for i := range b.Order {
			if n < len(b.Order[i].Events) {
				return &b.Order[i], n
			}
			n -= len(b.Order[i].Events)
		}
		panic("no such event")
	}
	for _, c := range []change{
		{"event removed", func(b *chain.Block, n int) {
			q, i := event(b, n)
			q.Events = slices.Delete(q.Events, i, i+1)
		}, all, []Part{PartEncoding, PartOrder, PartReplay, PartGasUsed}}, // an add may be left to do, but then the gas is less
		{"event repeated", func(b *chain.Block, n int) {
			q, i := event(b, n)
			q.Events = append(q.Events, q.Events[i])
		}, all, []Part{PartOrder}},
		{"event moved to its end", func(b *chain.Block, n int) {
			q, i := event(b, n)
			e := q.Events[i]
			q.Events = append(slices.Delete(q.Events, i, i+1), e)
		}, all, []Part{PartOrder, PartPlace, PartReplay, PartReceipts}},
		{"received is the next number", func(b *chain.Block, n int) {
			q, i := event(b, n)
			q.Events[i].Received++
		}, all, []Part{PartOrder}},
		{"received is out of range", func(b *chain.Block, n int) {
			q, i := event(b, n)
			q.Events[i].Received = 1 << 31
		}, all, []Part{PartOrder}},
		{"nothing sent", func(b *chain.Block, n int) {
			q, i := event(b, n)
			q.Events[i].Sent = nil
		}, all, []Part{PartOrder, PartReplay}},
		{"something sent", func(b *chain.Block, n int) {
			q, i := event(b, n)
			q.Events[i].Sent = append(q.Events[i].Sent, chain.Sent{To: s.bob.address, Method: chain.MethodAdd, GasLimit: gas.Add})
		}, all, []Part{PartOrder, PartReplay}},
		{"account removed", func(b *chain.Block, n int) { b.Order = slices.Delete(b.Order, n, n+1) }, len(s.block.Order), []Part{PartOrder, PartReplay, PartGasUsed}},
		{"account repeated", func(b *chain.Block, n int) { b.Order = slices.Insert(b.Order, n, b.Order[n]) }, len(s.block.Order), []Part{PartEncoding}},
		{"account without events", func(b *chain.Block, n int) { b.Order[n].Events = nil }, len(s.block.Order), []Part{PartEncoding}},
		{"accounts exchanged", func(b *chain.Block, n int) { b.Order[n], b.Order[0] = b.Order[0], b.Order[n] }, len(s.block.Order), []Part{PartEncoding}},
		{"another account's name", func(b *chain.Block, n int) { b.Order[n].Account[23] ^= 1 }, len(s.block.Order), []Part{PartOrder, PartEncoding}},
		{"input repeated", func(b *chain.Block, n int) { b.Inputs = append(b.Inputs, b.Inputs[n]) }, len(s.block.Inputs), []Part{PartOrder}},
		{"input removed", func(b *chain.Block, n int) { b.Inputs = slices.Delete(b.Inputs, n, n+1) }, len(s.block.Inputs), []Part{PartOrder}},
		{"inputs exchanged", func(b *chain.Block, n int) { b.Inputs[n], b.Inputs[0] = b.Inputs[0], b.Inputs[n] }, len(s.block.Inputs), []Part{PartOrder, PartPlace}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for n := range c.count {
				b := s.copy(t)
				c.do(b, n)
				if bytes.Equal(b.Append(nil), s.raw) {
					continue
				}
				b.Header.Roots.Inputs, b.Header.Roots.Order = InputsRoot(b, nil), OrderRoot(b.Order, nil)
				s.wants(t, b.Append(nil), c.parts...)
			}
		})
	}
}

// TestForm: the fields of an external message that are wrong whatever the state, each named; and a relay, which is no
// input where there is one chain.
func TestForm(t *testing.T) {
	s := newScene(t)
	elsewhere := s.alice.address
	elsewhere[3] = 2
	for name, c := range map[string]struct {
		change func(m *chain.Message)
		want   FormErrorKind
	}{
		"relay":          {func(m *chain.Message) { m.Kind = chain.Relay }, FormKind},
		"network":        {func(m *chain.Message) { m.Network[0] ^= 1 }, FormNetwork},
		"chain":          {func(m *chain.Message) { m.From, m.To, m.Payer = elsewhere, elsewhere, elsewhere }, FormChain},
		"receiver":       {func(m *chain.Message) { m.To = s.bob.address }, FormReceiver},
		"payer":          {func(m *chain.Message) { m.Payer = s.bob.address }, FormPayer},
		"payer of chain": {func(m *chain.Message) { m.Payer = chain.SystemAddress(here) }, FormPayer},
		"method":         {func(m *chain.Message) { m.Method = "" }, FormMethod},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.copy(t)
			n := slices.IndexFunc(b.Inputs, func(in chain.Input) bool { return in.Message.From == s.alice.address })
			m := b.Inputs[n].Message
			if err := CheckForm(s.header.Network, here, m); err != nil {
				t.Fatal(err)
			}
			c.change(m)
			if err := CheckForm(s.header.Network, here, m); err == nil || err.Kind != c.want || err.Error() == "" {
				t.Errorf("the fault is %v, want kind %d", err, c.want)
			}
			want := PartInput
			if m.Kind == chain.Relay {
				m.Proof = nil
				m.Seal()
				want = PartEncoding // inputs are external, all relays stand among what arrived
			} else {
				m.Sign(s.alice.key)
			}
			b.Header.Roots.Inputs = InputsRoot(b, nil)
			s.wants(t, b.Append(nil), want)
		})
	}
}

// TestInputProcessedTwice: a message that stands in the inputs twice is refused at its second place: its nonce is taken.
func TestInputProcessedTwice(t *testing.T) {
	s := newScene(t)
	b := &chain.Block{Header: s.block.Header, Inputs: []chain.Input{s.block.Inputs[0], s.block.Inputs[0]}}
	signer := b.Inputs[0].Message.From
	sent := []chain.Sent{}
	for _, q := range s.block.Order {
		if q.Account == signer {
			i := slices.IndexFunc(q.Events, func(e chain.Event) bool { return e.Received == 2 }) // behind two carried in
			sent = q.Events[i].Sent
		}
	}
	b.Order = chain.Order{{Account: signer, Events: []chain.Event{{Received: 2, Sent: sent}, {Received: 3, Sent: sent}}}}
	s.wants(t, forge(t, s.ledger, b), PartPlace)
}

// TestFrame: size, and a state that is not the parent's.
func TestFrame(t *testing.T) {
	s := newScene(t)
	t.Run("cut", func(t *testing.T) {
		for n := 0; n < len(s.raw); n += 1 + n/8 {
			s.wants(t, s.raw[:n], PartEncoding)
		}
	})
	t.Run("trailing", func(t *testing.T) { s.wants(t, append(bytes.Clone(s.raw), 0), PartEncoding) })
	t.Run("another parent state", func(t *testing.T) {
		res := s.verify(t, s.raw)
		s.commit(t, res)
		other := newScene(t)
		slot := exec.Slot{Account: other.carol.address}
		a, err := other.state.Account(slot.Account)
		if err != nil {
			t.Fatal(err)
		}
		a.Balance = chain.NewAmount(1)
		other.state[slot] = a.Encode() // but not in its tree: there is no witness of what comes of that
		if _, fault, err := Verify(other.before(), other.rules, other.raw); err != nil || fault == nil || fault.Part != PartPlace {
			t.Error(fault, err)
		}
	})
	t.Run("next to its own child", func(t *testing.T) { // s stands a block later now
		if fault := mustFault(t, s.ledger, s.raw); fault.Part != PartHeight {
			t.Error(fault)
		}
	})
}
