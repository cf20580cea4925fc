package block

import (
	"bytes"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// What FuzzVerify does to a block that it can decode, before Verify sees it.
const (
	signAnew  = 1 << iota // the signers are the attacker's friends
	makeRoots             // inputs and σ are what the header says
	makeAll               // receipts, state and all that follows are what the header says
)

// FuzzVerify: whatever the bytes, Verify ends with a verdict (B3); and it accepts no bytes but the block's own, or those of
// a block that is as good: the same at another time, or one whose makers signed and derived all of it anew.
func FuzzVerify(f *testing.F) {
	s := newScene(f)
	all := []wallet{s.alice, s.bob, s.carol}
	for how := range uint8(8) {
		f.Add(s.raw, how)
	}
	for _, b := range lyingBlocks(f, s) {
		f.Add(b.Append(nil), uint8(makeRoots))
	}
	f.Fuzz(func(t *testing.T, raw []byte, how uint8) {
		if b, err := chain.DecodeBlock(bytes.Clone(raw)); err == nil {
			raw = retouched(t, s.ledger, b, how, all)
		}
		res, fault, err := Verify(s.before(), s.rules, raw)
		switch {
		case err != nil:
			t.Fatal(err)
		case fault != nil:
			_ = fault.Error()
			return
		}
		s.discard(t, res)
		if !bytes.Equal(res.Block.Append(nil), raw) {
			t.Fatal("one block, two encodings")
		}
		if how&(signAnew|makeAll) != 0 {
			return
		}
		same := copyBlock(t, res.Block)
		same.Header.TimeMillis = s.block.Header.TimeMillis
		if !bytes.Equal(same.Append(nil), s.raw) {
			t.Fatal("another block was accepted")
		}
	})
}

// retouched is the block's encoding with what an attacker can make good made good.
func retouched(t testing.TB, l *ledger, b *chain.Block, how uint8, signers []wallet) (raw []byte) {
	if how&signAnew != 0 {
		for i := range b.Inputs {
			m := b.Inputs[i].Message.Clone()
			if n := slices.IndexFunc(signers, func(w wallet) bool { return w.address == m.From }); n >= 0 && m.Kind == chain.External {
				m.Sign(signers[n].key)
			}
			b.Inputs[i].Message = m
		}
	}
	if how&makeRoots != 0 {
		b.Header.Roots.Inputs, b.Header.Roots.Order = InputsRoot(b, nil), OrderRoot(b.Order, nil)
	}
	if how&makeAll != 0 {
		defer func() { // who believes in money from nowhere meets our assertions: the liar's trouble
			if recover() != nil {
				raw = b.Append(nil)
			}
		}()
		return forge(t, l, b)
	}
	return b.Append(nil)
}

// lyingBlocks are some wrong bodies to start from.
func lyingBlocks(t testing.TB, s *scene) (list []*chain.Block) {
	for n := range s.block.Order {
		b := copyBlock(t, s.block)
		b.Order[n].Events[0].Received++
		list = append(list, b)
		b = copyBlock(t, s.block)
		b.Order = slices.Delete(b.Order, n, n+1)
		list = append(list, b)
	}
	eachSent(s.block, func(i, j, k int) {
		b := copyBlock(t, s.block)
		b.Order[i].Events[j].Sent[k].Amount = chain.MaxAmount
		list = append(list, b)
	})
	return list
}

// FuzzJournal: what DecodeJournal accepts has one encoding, and Read takes it or refuses it, whatever it says.
func FuzzJournal(f *testing.F) {
	s := newScene(f)
	res := s.verify(f, s.raw)
	f.Add(res.Journal.Encode(), s.raw)
	f.Add((&Journal{}).Encode(), s.raw)
	f.Add((&Journal{Carried: res.Journal.Carried}).Encode(), s.raw)
	f.Add((&Journal{Receipts: res.Journal.Receipts}).Encode(), s.raw)
	s.discard(f, res)
	f.Fuzz(func(t *testing.T, journal, raw []byte) {
		j, err := DecodeJournal(journal)
		if err != nil {
			return
		}
		if !bytes.Equal(j.Encode(), journal) {
			t.Fatal("one journal, two encodings")
		}
		h, err := Read(raw, j)
		if (h == nil) != (err != nil) {
			t.Fatalf("history %v, error %v", h, err)
		}
	})
}
