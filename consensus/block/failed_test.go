package block

import (
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// seated is a chain with a committee of four whose keys are at hand.
type seated struct {
	*ledger
	secrets   []keys.BLSSecret
	committee *light.Committee
}

func newSeated(t testing.TB) *seated {
	t.Helper()
	s := &seated{}
	g := &chain.Genesis{Name: "seats", Chain: here, TimeMillis: 1, Params: chain.DefaultParams(), Committee: chain.Committee{Chain: here, Seed: chain.Hash{1}}}
	for i := range byte(4) {
		s.secrets = append(s.secrets, keys.BLSFromSeed([32]byte{9, i}))
		g.AddSeat([32]byte{1, i}, s.secrets[i])
	}
	s.ledger = newLedger(t, g)
	var err error
	if s.committee, err = light.NewCommittee(s.header.Network, g.Committee); err != nil {
		t.Fatal(err)
	}
	return s
}

// timedOut are the timeouts of a round at the head's height by some seats.
func (s *seated) timedOut(t testing.TB, round uint32, seats ...int) chain.Timeouts {
	t.Helper()
	var parts []committee.TimeoutPart
	for _, i := range seats {
		said := chain.Timeout{Network: s.header.Network, Chain: here, Epoch: s.committee.Epoch(), Height: s.header.Height, Round: round}
		parts = append(parts, committee.TimeoutPart{Timeout: said, Part: committee.Sign(s.secrets[i], keys.BLSTimeout, said.Append(nil), chain.SeatsOf(i))})
	}
	all, bad := committee.CollectTimeouts(s.committee, parts)
	if bad != nil {
		t.Fatal(bad)
	}
	return all
}

// twice is what the leader of a round at the head's height signed twice: with the given seats the one, with those of last the other.
func (s *seated) twice(t testing.TB, round uint32, last []int, seats ...int) chain.Equivocation {
	t.Helper()
	var both []chain.Certificate
	for k, seats := range [][]int{seats, last} {
		v := chain.Vote{
			Step: chain.Preparation, Network: s.header.Network, Chain: here, Epoch: s.committee.Epoch(), Height: s.header.Height, Round: round,
			Block: chain.BlockHash{byte(k + 1)},
		}
		var parts []committee.Part
		for _, i := range seats {
			parts = append(parts, committee.Sign(s.secrets[i], v.Domain(), v.Append(nil), chain.SeatsOf(i)))
		}
		c, bad := committee.Collect(s.committee, &v, parts)
		if bad != nil {
			t.Fatal(bad)
		}
		both = append(both, c)
	}
	return chain.Equivocation{First: both[0], Second: both[1]}
}

func (s *seated) build(t testing.TB, round, proposer uint32, failed ...chain.Timeouts) *Result {
	t.Helper()
	return s.record(t, &Run{Round: round, Proposer: proposer, Failed: failed})
}

func (s *seated) record(t testing.TB, did *Run) *Result {
	t.Helper()
	did.Context, did.Accounts = s.context(t), []*exec.Overlay{}
	res, err := Build(s.before(), s.rules, did)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// SPEC 5.9: a block records the rounds that failed before its parent was decided, and they count against the seats that led
// them: those before and after the seat that proposed the parent.
func TestFailedRounds(t *testing.T) {
	s := newSeated(t)
	first := s.build(t, 2, 1) // two rounds failed before it was proposed
	s.discard(t, first)
	s.commit(t, s.verify(t, first.Raw))
	leaders := committee.NewLeaders(chain.Hash{1}, 4)
	liar := int(leaders.From(1, 1)) // of round 3
	res := s.record(t, &Run{
		Proposer: 3, Failed: []chain.Timeouts{s.timedOut(t, 0, 0, 1, 2), s.timedOut(t, 2, 1, 2, 3), s.timedOut(t, 4, 0, 1, 2, 3)},
		Equivocations: []chain.Equivocation{s.twice(t, 3, []int{liar}, 0, 1, 2, 3)},
	})
	s.discard(t, res)
	good := s.verify(t, res.Raw)
	s.commit(t, good)
	want := map[uint32]uint64{}
	for _, places := range []int64{-2, 0, 1, 2} { // the first and the last are one seat of four
		want[leaders.From(1, places)]++
	}
	for seat := range uint32(4) {
		raw, err := s.before().State.Entry(chain.SystemAddress(here), chain.FailedKey(0, seat))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := chain.DecodeFailed(raw); err != nil || n != want[seat] {
			t.Errorf("seat %d led %d failed rounds, want %d (%v)", seat, n, want[seat], err)
		}
	}
}

// A record is the seats' own, of the parent's height, and of enough of them.
func TestFailedRoundsRefused(t *testing.T) {
	s := newSeated(t)
	s.commit(t, s.build(t, 2, 1))
	good := s.timedOut(t, 0, 0, 1, 2)
	for name, c := range map[string]struct {
		edit  func(b *chain.Block)
		part  Part
		words string
	}{
		"too few seats":  {func(b *chain.Block) { b.Failed[0] = s.timedOut(t, 0, 0, 1) }, PartFailed, "too few seats"},
		"another height": {func(b *chain.Block) { b.Failed[0].Said[0].Timeout.Height++ }, PartFailed, "another"},
		"another round":  {func(b *chain.Block) { b.Failed[0].Said[0].Timeout.Round++ }, PartFailed, "round 1"},
		"another seat":   {func(b *chain.Block) { b.Failed[0].Said[0].Seats = chain.SeatsOf(0, 1, 3) }, PartFailed, "does not fit"},
		"twice":          {func(b *chain.Block) { b.Failed = append(b.Failed, b.Failed[0]) }, PartEncoding, "order"},
		"of nobody":      {func(b *chain.Block) { b.Failed[0].Said = nil }, PartEncoding, "timeouts"},
		"one left out":   {func(b *chain.Block) { b.Failed = nil }, PartState, ""},
	} {
		res := s.build(t, 0, 3, good)
		s.discard(t, res)
		b := copyBlock(t, res.Block)
		c.edit(b)
		b.Header.Roots.Inputs = InputsRoot(b, nil)
		if fault := mustFault(t, s.ledger, b.Append(nil)); fault.Part != c.part || !strings.Contains(fault.Error(), c.words) {
			t.Errorf("%s: %v", name, fault)
		}
	}
	res := s.build(t, 0, 3, good)
	s.discard(t, res)
	if b := copyBlock(t, res.Block); true {
		b.Failed = nil
		if fault := mustFault(t, s.ledger, b.Append(nil)); fault.Part != PartState && fault.Part != PartInputs {
			t.Errorf("records that the header names and the block leaves out: %v", fault)
		}
	}
	b := copyBlock(t, res.Block)
	s.header.Committee, s.header.Next = NoCommittee, NoCommittee
	b.Header.Committee, b.Header.Next, b.Header.Proposer, b.Header.Term = NoCommittee, NoCommittee, 0, 0
	if fault := mustFault(t, s.ledger, b.Append(nil)); fault.Part != PartFailed {
		t.Errorf("on a chain without a committee: %v", fault)
	}
}

// An equivocation is of a seat that led, in a round of the parent's height that has no other record, and signed twice.
func TestEquivocationsRefused(t *testing.T) {
	s := newSeated(t)
	s.commit(t, s.build(t, 2, 1))
	leaders := committee.NewLeaders(chain.Hash{1}, 4)
	first, second := int(leaders.From(1, -2)), int(leaders.From(1, -1))
	good := s.twice(t, 1, []int{second}, second)
	for name, c := range map[string]struct {
		edit  func(b *chain.Block)
		part  Part
		words string
	}{
		"who did not lead": {func(b *chain.Block) { b.Equivocations[0] = s.twice(t, 1, []int{first}, first, second) }, PartFailed, "led the round"},
		"another height":   {func(b *chain.Block) { b.Equivocations[0].First.Height++; b.Equivocations[0].Second.Height++ }, PartFailed, "height 1"},
		"not signed":       {func(b *chain.Block) { b.Equivocations[0].First.Block[3]++ }, PartFailed, "does not fit"},
		"one block":        {func(b *chain.Block) { b.Equivocations[0].Second = b.Equivocations[0].First }, PartFailed, "can't have said"},
		"another step": {func(b *chain.Block) {
			e := &b.Equivocations[0]
			e.First.Step, e.Second.Step = chain.Confirmation, chain.Confirmation
		}, PartFailed, "not about proposals"},
		"the round failed": {func(b *chain.Block) { b.Failed = []chain.Timeouts{s.timedOut(t, 1, 0, 1, 2)} }, PartFailed, "recorded twice"},
		"twice":            {func(b *chain.Block) { b.Equivocations = append(b.Equivocations, b.Equivocations[0]) }, PartEncoding, "order"},
		"left out":         {func(b *chain.Block) { b.Equivocations = nil }, PartState, ""},
	} {
		res := s.record(t, &Run{Proposer: 3, Equivocations: []chain.Equivocation{good}})
		s.discard(t, res)
		b := copyBlock(t, res.Block)
		c.edit(b)
		b.Header.Roots.Inputs = InputsRoot(b, nil)
		if fault := mustFault(t, s.ledger, b.Append(nil)); fault.Part != c.part || !strings.Contains(fault.Error(), c.words) {
			t.Errorf("%s: %v", name, fault)
		}
	}
}

// What doesn't fit into a block is left out, from the latest round on.
func TestRecords(t *testing.T) {
	var many []chain.Timeouts
	for round := range uint32(chain.MaxFailedRounds + 3) {
		one := chain.Timeouts{Said: []chain.Said{{Timeout: chain.Timeout{Chain: here, Round: round}, Seats: chain.SeatsOf(1)}}}
		for range round * 20 {
			one.Said = append(one.Said, one.Said[0])
		}
		many = append(many, one)
	}
	twice := make([]chain.Equivocation, 3)
	list, both := Records(many, twice)
	size := 0
	for i := range list {
		size += len(list[i].Append(nil))
	}
	for i := range both {
		size += len(both[i].Append(nil))
	}
	if len(list) == 0 || len(list) > chain.MaxFailedRounds || size > chain.MaxFailedBytes || size+len(many[len(list)].Append(nil)) < chain.MaxFailedBytes || len(both) != 3 {
		t.Errorf("%d records and %d of equivocations, of %d bytes", len(list), len(both), size)
	}
	if list, both := Records(many[:3], make([]chain.Equivocation, 2*chain.MaxFailedRounds)); len(list) != 3 || len(both) != chain.MaxFailedRounds {
		t.Errorf("%d of three, %d of equivocations", len(list), len(both))
	}
}
