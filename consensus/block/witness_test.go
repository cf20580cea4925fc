package block

import (
	"bytes"
	"errors"
	"testing"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// shown holds every fault that a test of this package finds against its witness: a third party finds the same one, from bytes
// and without the state (SPEC 6.6). It is called by mustFault.
func shown(t testing.TB, l *ledger, raw []byte, fault *Fault) {
	t.Helper()
	w, err := Show(l.before(), l.rules, raw, fault)
	if errors.Is(err, ErrShowsNothing) || errors.Is(err, ErrUnproven) {
		switch fault.Part {
		case PartOrder, PartReplay, PartPlace, PartInput, PartSignature, PartTime:
			if Whole(raw) && !errors.Is(err, ErrUnproven) {
				t.Errorf("there is no witness of %v: %v", fault, err)
			}
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := DecodeWitness(w.Encode())
	if err != nil || !bytes.Equal(again.Encode(), w.Encode()) {
		t.Fatalf("the witness of %v: %v", fault, err)
	}
	if judged, err := again.Judge(l.rules); err != nil || judged.Error() != fault.Error() {
		t.Errorf("the fault is %v, a third party finds %v, %v", fault, judged, err)
	}
}

// A valid block can't be convicted, whatever the witness leaves out or makes up.
func TestWitnessOfNothing(t *testing.T) {
	s := newScene(t)
	if _, err := Show(s.before(), s.rules, s.raw, &Fault{Part: PartReplay, Account: s.alice.address}); !errors.Is(err, ErrShowsNothing) {
		t.Errorf("a valid block: %v", err)
	}
	b := s.copy(t)
	eachSent(b, func(i, j, k int) { b.Order[i].Events[j].Sent[k].Amount = chain.NewAmount(7_000) })
	raw := forge(t, s.ledger, b)
	fault := s.wants(t, raw, PartReplay)
	w, err := Show(s.before(), s.rules, raw, fault)
	if err != nil || len(w.Reads) < 3 {
		t.Fatalf("%+v, %v", w, err)
	}
	for name, edit := range map[string]func(w *Witness){
		"a valid block":            func(w *Witness) { w.Raw = s.raw },
		"another header before":    func(w *Witness) { w.Before.TimeMillis++ },
		"another value":            func(w *Witness) { w.Reads[len(w.Reads)-1].Value = append([]byte{0}, w.Reads[len(w.Reads)-1].Value...) },
		"a value that is not":      func(w *Witness) { w.Reads[len(w.Reads)-1].Value = nil },
		"less of the state":        func(w *Witness) { w.Reads = w.Reads[:len(w.Reads)-1] },
		"nothing of the state":     func(w *Witness) { w.Reads = nil },
		"an account without fault": func(w *Witness) { w.Account = s.carol.address },
		"no account":               func(w *Witness) { w.Account = chain.Address{} },
		"damaged bytes": func(w *Witness) {
			d, err := chain.DecodeBlock(w.Raw)
			if err != nil {
				t.Fatal(err)
			}
			d.Inputs = d.Inputs[1:]
			w.Raw = d.Append(nil)
		},
	} {
		bad, err := DecodeWitness(w.Encode())
		if err != nil {
			t.Fatal(err)
		}
		edit(bad)
		if fault, err := bad.Judge(s.rules); err == nil && fault.Account == (chain.Address{}) {
			t.Errorf("%s: %v", name, fault)
		} else if err == nil && name != "an account without fault" {
			t.Errorf("%s: %v", name, fault)
		}
	}
}

// Seats that prepared the block are guilty; who did not is not.
func TestConvict(t *testing.T) {
	s := duel(t)
	b := s.copy(t)
	s.sequence(b, s.bob).Events[2].Joined = true
	raw := forge(t, s.ledger, b)
	w, err := Show(s.before(), s.rules, raw, s.wants(t, raw, PartReplay))
	if err != nil {
		t.Fatal(err)
	}
	secrets := []keys.BLSSecret{keys.BLSFromSeed([32]byte{1}), keys.BLSFromSeed([32]byte{2})}
	c, err := light.NewCommittee(s.header.Network, chain.Committee{Chain: here, Seats: []chain.Seat{
		{Node: keys.PublicKey{1}, Key: secrets[0].Public()}, {Node: keys.PublicKey{2}, Key: secrets[1].Public()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	claim := func(step chain.Step, block chain.BlockHash, seat int) *light.Claim {
		v := chain.Vote{Step: step, Network: s.header.Network, Chain: here, Height: b.Header.Height, Block: block}
		signature, err := committee.Sign(secrets[seat], v.Domain(), v.Append(nil), chain.SeatsOf(seat)).Point.Signature()
		if err != nil {
			t.Fatal(err)
		}
		return &light.Claim{Vote: &v, Seats: chain.SeatsOf(seat), Signature: signature}
	}
	header, err := chain.DecodeBlockHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	guilty, fault, err := w.Convict(c, claim(chain.Preparation, header.Hash(), 1), s.rules)
	if err != nil || !guilty.Has(1) || guilty.Count() != 1 || fault.Part != PartReplay {
		t.Errorf("%v, %v, %v", guilty, fault, err)
	}
	stolen := claim(chain.Preparation, header.Hash(), 1)
	stolen.Seats = chain.SeatsOf(0)
	for name, bad := range map[string]*light.Claim{
		"another block": claim(chain.Preparation, chain.BlockHash{1}, 1), "another step": claim(chain.Confirmation, header.Hash(), 1), "another's seat": stolen,
	} {
		if guilty, _, err := w.Convict(c, bad, s.rules); err == nil {
			t.Errorf("%s: %v are guilty", name, guilty)
		}
	}
}

func FuzzWitness(f *testing.F) {
	s := newScene(f)
	b := s.copy(f)
	eachSent(b, func(i, j, k int) { b.Order[i].Events[j].Sent[k].Amount = chain.NewAmount(7_000) })
	raw := forge(f, s.ledger, b)
	w, err := Show(s.before(), s.rules, raw, mustFault(f, s.ledger, raw))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(w.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if w, err := DecodeWitness(b); err == nil {
			if !bytes.Equal(w.Encode(), b) {
				t.Fatalf("%x is encoded as %x", b, w.Encode())
			}
			_, _ = w.Judge(s.rules)
		}
	})
}
