package block

import (
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// registers writes a committee of other keys where the registry has the chain's.
func (s *seated) registers(first byte, seats int) (c chain.Committee, secrets []keys.BLSSecret) {
	c = chain.Committee{Chain: here, Epoch: 40, Seed: chain.Hash{first}} // the registry's count is its own
	for i := range byte(seats) {
		secret := keys.BLSFromSeed([32]byte{9, first + i})
		secrets = append(secrets, secret)
		c.Seats = append(c.Seats, chain.Seat{Node: keys.PublicKey{1, first + i}, Key: secret.Public()})
	}
	s.state[exec.Slot{Account: chain.RegistryAddress(), Key: chain.RegisteredCharter(here)}] = chain.Charter{Seats: c, Params: chain.DefaultParams()}.Encode()
	return c, secrets
}

// handsOver commits the block that takes over what is registered.
func (s *seated) handsOver(t *testing.T) *Result {
	t.Helper()
	context := s.context(t)
	a := NewArrival(s.before(), s.rules, context)
	raw := s.state[exec.Slot{Account: chain.RegistryAddress(), Key: chain.RegisteredCharter(here)}]
	if fault, err := a.Fact(&chain.Fact{Kind: chain.FactCharter, From: chain.Main, Of: here, Value: raw}); fault != nil || err != nil {
		t.Fatal(fault, err)
	}
	res, err := Build(s.before(), s.rules, &Run{Context: context, Arrival: a, Accounts: []*exec.Overlay{}})
	if err != nil {
		t.Fatal(err)
	}
	s.discard(t, res)
	good := s.verify(t, res.Raw)
	s.commit(t, good)
	return good
}

// SPEC 6.7: the block that takes a change over is the last of its epoch. The next one is the new committee's; what the old one
// let fail is recorded there, counts against its seats, and is checked with its keys.
func TestHandover(t *testing.T) {
	s := newSeated(t)
	old := s.header.Next
	registered, secrets := s.registers(50, 3)
	last := s.handsOver(t)
	next := registered
	next.Epoch = 1
	if h := &last.Block.Header; h.Committee != old || h.Next != next.Hash() || h.Epoch != 0 {
		t.Fatalf("the last block of the epoch: %+v", h)
	}
	former, err := s.before().Former()
	if err != nil || former.Last != s.header.Height || former.Hash() != old {
		t.Fatalf("former %+v, %v", former, err)
	}
	record := s.timedOut(t, 0, 0, 1, 2)
	res := s.build(t, 0, 2, record)
	s.discard(t, res)
	if h := &res.Block.Header; h.Epoch != 1 || h.Committee != next.Hash() || h.Next != next.Hash() {
		t.Fatalf("the first block of the epoch: %+v", h)
	}

	// Of the old committee nothing more is valid but the record.
	for part, edit := range map[Part]func(b *chain.Block){
		PartEpoch:     func(b *chain.Block) { b.Header.Epoch = 0 },
		PartCommittee: func(b *chain.Block) { b.Header.Committee = old },
		PartProposer:  func(b *chain.Block) { b.Header.Proposer = 3 }, // a seat that there was
	} {
		b := copyBlock(t, res.Block)
		edit(b)
		if fault := mustFault(t, s.ledger, b.Append(nil)); fault.Part != part {
			t.Errorf("%s: %v", part, fault)
		}
	}
	forged := *s
	forged.secrets = secrets
	if forged.committee, err = light.NewCommittee(s.header.Network, next); err != nil {
		t.Fatal(err)
	}
	b := copyBlock(t, res.Block)
	b.Failed = []chain.Timeouts{forged.timedOut(t, 0, 0, 1, 2)}
	b.Header.Roots.Inputs = InputsRoot(b, nil)
	if fault := mustFault(t, s.ledger, b.Append(nil)); fault.Part != PartFailed {
		t.Errorf("rounds that the new seats say failed for the old ones: %v", fault)
	}

	s.commit(t, s.verify(t, res.Raw))
	count := 0
	for seat := range uint32(4) {
		raw, err := s.before().State.Entry(chain.SystemAddress(here), chain.FailedKey(0, seat))
		if n, bad := chain.DecodeFailed(raw); err != nil || bad != nil {
			t.Fatal(err, bad)
		} else {
			count += int(n)
		}
	}
	if count != 1 {
		t.Errorf("%d failed rounds are counted in epoch 0, want 1", count)
	}
	if agreed, err := s.before().Agreed(); err != nil || agreed.Hash() != next.Hash() {
		t.Errorf("who agreed: %+v, %v", agreed, err)
	}
}

// Where several changes were registered before the chain took one, the last is taken; one more in the next block makes an epoch of
// one block. What agrees already is no change.
func TestHandoverTwice(t *testing.T) {
	s := newSeated(t)
	s.registers(50, 3)
	second, _ := s.registers(60, 4)
	s.handsOver(t)
	if second.Epoch = 1; s.header.Next != second.Hash() {
		t.Fatal("it is not the last that was registered")
	}
	a := NewArrival(s.before(), s.rules, s.context(t))
	if fault, err := a.Fact(&chain.Fact{Kind: chain.FactCharter, From: chain.Main, Of: here, Value: s.state[exec.Slot{Account: chain.RegistryAddress(), Key: chain.RegisteredCharter(here)}]}); err != nil || fault == nil {
		t.Errorf("the same committee again: %v, %v", fault, err)
	}
	third, _ := s.registers(70, 1)
	s.handsOver(t)
	third.Epoch = 2
	former, err := s.before().Former()
	if err != nil || s.header.Epoch != 1 || s.header.Next != third.Hash() || former.Hash() != second.Hash() || former.Last != 2 {
		t.Errorf("epoch %d, former %+v, %v", s.header.Epoch, former, err)
	}
}

// A chain takes changed attributes over with the end of an epoch, of the same seats too; they hold from the next block on: a block that is
// earlier than the interval allows is invalid (SPEC 7.1, 7.3).
func TestHandoverParams(t *testing.T) {
	s := newSeated(t)
	now, err := s.before().Committee()
	if err != nil {
		t.Fatal(err)
	}
	p := s.context(t).Params
	p.BlockMillis, p.MinGasPrice = 5000, 3
	s.state[exec.Slot{Account: chain.RegistryAddress(), Key: chain.RegisteredCharter(here)}] = chain.Charter{Seats: now, Params: p}.Encode()
	s.handsOver(t)
	if now.Epoch++; s.header.Next != now.Hash() || s.header.Epoch != now.Epoch-1 {
		t.Fatalf("the last block of the epoch: %+v", s.header)
	}
	context, err := s.before().Next(s.rules, s.header.TimeMillis+1)
	if err != nil || !context.Params.Equal(p) || context.TimeMillis != s.header.TimeMillis+5000 {
		t.Fatalf("%+v, %v", context, err)
	}
	res, err := Build(s.before(), s.rules, &Run{Context: context, Accounts: []*exec.Overlay{}})
	if err != nil {
		t.Fatal(err)
	}
	s.discard(t, res)
	b := copyBlock(t, res.Block)
	b.Header.TimeMillis--
	if fault := mustFault(t, s.ledger, b.Append(nil)); fault.Part != PartTime {
		t.Errorf("a block before its time: %v", fault)
	}
	s.commit(t, s.verify(t, res.Raw))
	if s.header.Epoch != now.Epoch {
		t.Errorf("epoch %d", s.header.Epoch)
	}
	a := NewArrival(s.before(), s.rules, s.context(t))
	if fault, err := a.Fact(&chain.Fact{Kind: chain.FactCharter, From: chain.Main, Of: here, Value: s.state[exec.Slot{Account: chain.RegistryAddress(), Key: chain.RegisteredCharter(here)}]}); err != nil || fault == nil {
		t.Errorf("the same charter again: %v, %v", fault, err)
	}
}
