package block

import (
	"reflect"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// TestRead: a block and its journal give back, without the state, every event with its message, its receipt and what it
// sent, and what was carried out.
func TestRead(t *testing.T) {
	s := newScene(t)
	v := s.live(t)
	v.carryIn(t, 1) // of two
	v.admit(t, s.pay(s.carol, 0, s.alice.address, 5), s.asked(s.carol, 1, s.bob.address, methodSay, "hello"))
	did := v.play(t, toTheEnd)
	res := s.build(t, did)
	s.discard(t, res)
	j, err := DecodeJournal(res.Journal.Encode())
	if err != nil {
		t.Fatal(err)
	}
	h, err := Read(res.Raw, j)
	if err != nil {
		t.Fatal(err)
	}
	n, said := 0, 0
	accounts := slices.Clone(did.Accounts)
	slices.SortFunc(accounts, func(a, b *exec.Overlay) int { return a.Account.Compare(b.Account) })
	for _, a := range accounts {
		for place, e := range a.Events {
			got := h.Events[n]
			n++
			if got.Account != a.Account || got.Place != place || got.Message.ID() != e.Received.Message.ID() || got.Number != e.Received.Number {
				t.Errorf("event %d is %+v", n, got)
			}
			want := chain.Receipt{Message: e.Received.Message.ID(), Status: e.Outcome.Status, GasUsed: e.Outcome.GasUsed, Reason: e.Outcome.Reason, Events: e.Outcome.Events}
			if !reflect.DeepEqual(*got.Receipt, want) {
				t.Errorf("receipt %d is %+v, want %+v", n, *got.Receipt, want)
			}
			said += len(got.Receipt.Events)
			sent := make([]*chain.Message, len(e.Sent))
			for k, d := range e.Sent {
				sent[k] = d.Message
			}
			if !slices.EqualFunc(got.Sent, sent, func(a, b *chain.Message) bool { return a.ID() == b.ID() }) {
				t.Errorf("event %d sent %v, want %v", n, got.Sent, sent)
			}
		}
	}
	if n != len(h.Events) || said != 1 || len(h.Messages) != 6 {
		t.Errorf("%d events of %d, %d said, %d messages", len(h.Events), n, said, len(h.Messages))
	}
	if !slices.Equal(h.Queued, []uint32{1}) || h.Messages[1].ID() != res.Journal.Carried[1].ID() {
		t.Errorf("left in the queue: %v", h.Queued)
	}
}

// TestReadRefuses: a journal that isn't this block's, in whatever respect.
func TestReadRefuses(t *testing.T) {
	s := newScene(t)
	res := s.verify(t, s.raw)
	s.discard(t, res)
	for name, change := range map[string]func(j *Journal){
		"no receipts":        func(j *Journal) { j.Receipts = nil },
		"a receipt less":     func(j *Journal) { j.Receipts = j.Receipts[1:] },
		"the last one less":  func(j *Journal) { j.Receipts = j.Receipts[:len(j.Receipts)-1] },
		"a receipt more":     func(j *Journal) { j.Receipts = append(j.Receipts, j.Receipts[0]) },
		"receipts exchanged": func(j *Journal) { j.Receipts[0], j.Receipts[1] = j.Receipts[1], j.Receipts[0] },
		"another status":     func(j *Journal) { j.Receipts[0].Status = chain.StatusTrap },
		"another gas":        func(j *Journal) { j.Receipts[0].GasUsed++ },
		"nothing carried":    func(j *Journal) { j.Carried = nil },
		"one carried less":   func(j *Journal) { j.Carried = j.Carried[1:] },
		"one carried more":   func(j *Journal) { j.Carried = append(j.Carried, j.Carried[0]) },
		"carried exchanged":  func(j *Journal) { j.Carried[0], j.Carried[1] = j.Carried[1], j.Carried[0] },
	} {
		t.Run(name, func(t *testing.T) {
			j, err := DecodeJournal(res.Journal.Encode())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Read(s.raw, j); err != nil {
				t.Fatal(err)
			}
			change(j)
			if h, err := Read(s.raw, j); err == nil || h != nil {
				t.Errorf("history %v, error %v", h, err)
			}
		})
	}
	if _, err := Read(s.raw[1:], &res.Journal); err == nil {
		t.Error("bytes that are no block were read")
	}
	external := &Journal{Carried: []*chain.Message{s.block.Inputs[0].Message}}
	if _, err := DecodeJournal(external.Encode()); err == nil {
		t.Error("an external message waited in the queue")
	}
}
