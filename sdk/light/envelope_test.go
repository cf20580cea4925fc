package light_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// letter is an envelope with relays of chain 4 for chain 6, and what a reader knows who knows main from block 1 on.
func letter(t testing.TB) (*world, light.Envelope, light.Trust) {
	w := story(t)
	im, _ := w.imports(w.tip(1), 4, 3, 6, 1, 3)
	last := w.tip(1).header.Height
	known, c := w.known(1, 1)
	return w, light.Envelope{Views: []chain.Digest{w.digest(1, last, last)}, Import: im}, light.Trust{Tree: forest(), Known: known, Committee: c.Committee}
}

func TestEnvelope(t *testing.T) {
	w, e, trust := letter(t)
	shown, err := e.Verify(&trust)
	want, _ := w.known(1, w.tip(1).header.Height)
	if err != nil || shown.To != 6 || shown.Known != want || shown.Carried != chain.NewAmount(20) || len(shown.Through) != 2 {
		t.Fatalf("%+v, error %v", shown, err)
	}
	up, _ := w.imports(w.tip(2), 4, 3, 2, 0, 5) // to the ancestor itself, which knows its own block
	known, c := w.known(2, w.tip(2).header.Height)
	own := light.Envelope{Import: up}
	if shown, err := own.Verify(&light.Trust{Tree: forest(), Known: known, Committee: c.Committee}); err != nil || shown.Known != known {
		t.Fatalf("to the ancestor: %+v, error %v", shown, err)
	}
	lower, _ := w.known(2, 1)
	for name, x := range map[string]struct {
		edit func(e *light.Envelope, t *light.Trust)
		want error
	}{
		"no relays":          {func(e *light.Envelope, _ *light.Trust) { e.Import.Messages = nil }, wire.ErrValue},
		"no proof":           {func(e *light.Envelope, _ *light.Trust) { e.Import.Proof = nil }, wire.ErrShort},
		"not certified":      {func(e *light.Envelope, _ *light.Trust) { e.Views[0].Headers[0].Load++ }, light.ErrHeader},
		"known already":      {func(e *light.Envelope, t *light.Trust) { t.Known = want }, light.ErrKnown},
		"another tree":       {func(_ *light.Envelope, t *light.Trust) { t.Tree = chain.Alone(1) }, light.ErrPath},
		"another's chain":    {func(_ *light.Envelope, t *light.Trust) { t.Known, t.Committee = lower, c.Committee }, light.ErrScope},
		"another first one":  {func(e *light.Envelope, _ *light.Trust) { e.Import.First++ }, nil},
		"no block that knew": {func(e *light.Envelope, _ *light.Trust) { e.Views = nil }, nil},
	} {
		e := e
		e.Views = []chain.Digest{w.digest(1, want.Anchor.Height, want.Anchor.Height)}
		mine := trust
		x.edit(&e, &mine)
		if _, err := e.Verify(&mine); err == nil || x.want != nil && !errors.Is(err, x.want) {
			t.Errorf("%s: error %v, want %v", name, err, x.want)
		}
	}
	if again, err := light.DecodeEnvelope(e.Encode()); err != nil || !bytes.Equal(again.Encode(), e.Encode()) {
		t.Errorf("decoded as %+v, error %v", again, err)
	}
	if _, err := light.DecodeEnvelope(make([]byte, chain.MaxBlockBytes+1)); !errors.Is(err, wire.ErrLimit) {
		t.Errorf("too long: %v", err)
	}
}

// An envelope is a file that anybody may have touched. Each bit of an import is flipped elsewhere; here, each costs a certificate.
func TestEnvelopeFlipped(t *testing.T) {
	_, e, trust := letter(t)
	raw := e.Encode()
	flipped(t, raw, 29, func(b []byte) error {
		e, err := light.DecodeEnvelope(b)
		if err == nil {
			_, err = e.Verify(&trust)
		}
		return err
	})
}

func FuzzEnvelope(f *testing.F) {
	_, e, _ := letter(f)
	f.Add(e.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := light.DecodeEnvelope(b); err == nil && !bytes.Equal(e.Encode(), b) {
			t.Fatalf("%x is encoded as %x", b, e.Encode())
		}
	})
}

// FuzzTrail: what decodes has one encoding.
func FuzzTrail(f *testing.F) {
	t := light.Trail{Tree: chain.Tree{{ID: 1}, {ID: 2, Parent: 1}}, Down: []light.Generation{{Committee: chain.Committee{Chain: 2, Seats: make([]chain.Seat, 1)}}}}
	f.Add(t.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if x, err := light.DecodeTrail(b); err == nil && !bytes.Equal(x.Encode(), b) {
			t.Fatalf("%x is encoded as %x", b, x.Encode())
		}
	})
}

// FuzzHandled: what decodes has one encoding.
func FuzzHandled(f *testing.F) {
	w, e, _ := letter(f)
	header := w.tip(2).header
	receipt := chain.Receipt{Message: chain.MessageID{1}, Status: chain.StatusOK, GasUsed: 5, Events: []chain.ContractEvent{{Topic: "paid", Body: []byte{1}}}}
	steps, _ := w.path(w.tip(1), 2, 1)
	for _, h := range []light.Handled{
		{Header: header, Receipt: receipt, Place: merkle.Proof{Count: 1}, From: 3, Steps: steps},
		{Header: header, Receipt: receipt, Views: e.Views, Down: []light.Generation{{Committee: chain.Committee{Chain: 2, Seats: make([]chain.Seat, 1)}, Views: e.Views}}},
	} {
		if again, err := light.DecodeHandled(h.Encode()); err != nil || !bytes.Equal(again.Encode(), h.Encode()) {
			f.Fatal(err)
		}
		f.Add(h.Encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if x, err := light.DecodeHandled(b); err == nil && !bytes.Equal(x.Encode(), b) {
			t.Fatalf("%x is encoded as %x", b, x.Encode())
		}
	})
}
