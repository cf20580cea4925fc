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

// entry proves what a block that a path leads to has under a key.
func (w *world) entry(from *modelBlock, target chain.ID, height uint64, account chain.Address, key string) light.EntryProof {
	steps, _ := w.path(from, target, height)
	return light.EntryProof{Steps: steps, State: w.prove(w.at(target, height), account, key)}
}

// L7: a path leads to every block before, of the chain's own and of all below, and nowhere else.
func TestWalk(t *testing.T) {
	w := story(t)
	for _, from := range w.tree {
		top := w.tip(from.ID)
		for _, to := range w.tree {
			if !w.tree.Below(to.ID, from.ID) {
				continue
			}
			last := top.header.Height
			for b := top; b.header.Chain != to.ID; b = w.at(w.tree.Toward(to.ID, b.header.Chain), last) {
				last = b.children[w.tree.Toward(to.ID, b.header.Chain)].Count
			}
			for h := range last + 1 {
				if h == 0 && to.ID != from.ID {
					continue
				}
				steps, _ := w.path(top, to.ID, h)
				at, anchor, err := light.Walk(w.start(from.ID), steps)
				if want := w.at(to.ID, h).header.Anchor(); err != nil || at != to.ID || anchor != want {
					t.Errorf("from chain %d to block %d of chain %d: %+v of %d, error %v", from.ID, h, to.ID, anchor, at, err)
				}
			}
		}
	}
}

func TestWalkRefused(t *testing.T) {
	w := story(t)
	top, old := w.tip(1), w.at(1, 5)
	back := w.back(top, 5)
	down, _ := w.path(old, 4, 2)
	steps := append([]light.Step{back}, down...)
	if at, _, err := light.Walk(w.start(1), steps); err != nil || at != 4 {
		t.Fatalf("by the history, then down: chain %d, error %v", at, err)
	}
	direct, _ := w.path(top, 4, 2)
	for name, x := range map[string]struct {
		steps []light.Step
		want  error
	}{
		"back twice":           {[]light.Step{back, w.back(old, 3)}, light.ErrPath},
		"back after a step":    {append(direct[:2:2], w.back(w.at(4, 2), 1)), light.ErrPath},
		"to a grandchild":      {direct[1:], light.ErrPath},
		"to the parent":        {[]light.Step{direct[0], back}, light.ErrPath},
		"to the block itself":  {[]light.Step{{Chain: 1, Entry: back.Entry, State: back.State, Place: merkle.Place{Index: top.header.Height}, Anchor: top.header.Anchor()}}, merkle.ErrIndex},
		"a child as history":   {[]light.Step{{Chain: 1, Entry: down[0].Entry, State: down[0].State, Place: down[0].Place, Anchor: down[0].Anchor}}, merkle.ErrIndex},
		"history as a child's": {[]light.Step{{Chain: 2, Entry: back.Entry, State: back.State, Place: back.Place, Anchor: back.Anchor}}, merkle.ErrIndex},
	} {
		if _, anchor, err := light.Walk(w.start(1), x.steps); !errors.Is(err, x.want) || anchor != (chain.Anchor{}) {
			t.Errorf("%s: error %v, want %v", name, err, x.want)
		}
	}
}

func TestEntry(t *testing.T) {
	w := story(t)
	params := chain.DefaultParams().Encode()
	p := w.entry(w.tip(1), 4, 3, chain.SystemAddress(4), chain.KeyParams)
	e := light.Entry{Account: chain.SystemAddress(4), Key: chain.KeyParams, Value: params}
	anchor, err := p.Verify(w.start(1), 4, e)
	if want := w.at(4, 3).header; err != nil || anchor != want.Anchor() {
		t.Fatalf("%+v, error %v", anchor, err)
	}
	absent := w.entry(w.tip(1), 4, 3, chain.SystemAddress(4), chain.KeyTree)
	if _, err := absent.Verify(w.start(1), 4, light.Entry{Account: chain.SystemAddress(4), Key: chain.KeyTree}); err != nil {
		t.Fatalf("absence: %v", err)
	}
	own := w.entry(w.tip(1), 1, w.tip(1).header.Height, chain.SystemAddress(1), chain.KeyParams)
	if _, err := own.Verify(w.start(1), 1, light.Entry{Account: chain.SystemAddress(1), Key: chain.KeyParams, Value: params}); err != nil || len(own.Steps) > 0 {
		t.Fatalf("of the block itself: %v", err)
	}
	for name, x := range map[string]struct {
		p    light.EntryProof
		want chain.ID
		e    light.Entry
		err  error
	}{
		"another chain's":   {p, 5, e, light.ErrPath},
		"another value":     {p, 4, light.Entry{Account: e.Account, Key: e.Key, Value: params[:3]}, merkle.ErrMismatch},
		"an empty value":    {p, 4, light.Entry{Account: e.Account, Key: e.Key, Value: []byte{}}, merkle.ErrMismatch},
		"no value":          {p, 4, light.Entry{Account: e.Account, Key: e.Key}, merkle.ErrForm},
		"another key":       {p, 4, light.Entry{Account: e.Account, Key: chain.KeyTree, Value: params}, merkle.ErrMismatch},
		"another account":   {p, 4, light.Entry{Account: chain.SystemAddress(1), Key: e.Key, Value: params}, merkle.ErrMismatch},
		"what is absent":    {absent, 4, light.Entry{Account: e.Account, Key: chain.KeyTree, Value: params}, merkle.ErrForm},
		"of the start":      {light.EntryProof{State: p.State}, 4, e, light.ErrPath},
		"of a block before": {w.entry(w.at(1, 5), 4, 3, e.Account, e.Key), 4, e, merkle.ErrMismatch},
	} {
		if _, err := x.p.Verify(w.start(1), x.want, x.e); !errors.Is(err, x.err) {
			t.Errorf("%s: error %v, want %v", name, err, x.err)
		}
	}
	p.Steps[0].Chain = 0
	if _, err := light.DecodeEntryProof(p.Append(nil)); !errors.Is(err, wire.ErrValue) {
		t.Errorf("a step to chain 0: %v", err)
	}
	p.Steps[0].Chain = 2
	flipped(t, p.Append(nil), 1, func(b []byte) error {
		p, err := light.DecodeEntryProof(b)
		if err == nil {
			_, err = p.Verify(w.start(1), 4, e)
		}
		return err
	})
}

// flipped holds that read takes good, and refuses it with any bit changed (of each so many), cut off anywhere, and with a byte behind.
func flipped(t *testing.T, good []byte, each int, read func(b []byte) error) {
	t.Helper()
	if err := read(good); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 8*len(good); i += each {
		b := bytes.Clone(good)
		b[i/8] ^= 1 << (i % 8)
		if read(b) == nil {
			t.Errorf("bit %d of %d flipped: accepted", i, 8*len(good))
		}
	}
	for n := range good {
		if read(good[:n]) == nil {
			t.Errorf("the first %d of %d bytes are accepted", n, len(good))
		}
	}
	if err := read(append(bytes.Clone(good), 0)); !errors.Is(err, wire.ErrTrailing) {
		t.Errorf("with a byte behind: %v", err)
	}
}

// acked is a world in which chain 5 expects relay 3 of chain 4's next, and chain 4 knows of it by their parent.
func acked(t testing.TB) (*world, light.AckProof) {
	w := newWorld(t, forest())
	w.set(5, chain.SystemAddress(5), chain.InKey(4), chain.EncodeNumber(3))
	w.block(5)
	w.record(5)
	return w, light.AckProof{Next: 3, EntryProof: w.entry(w.tip(2), 5, 1, chain.SystemAddress(5), chain.InKey(4))}
}

func TestAck(t *testing.T) {
	w, p := acked(t)
	anchor, err := p.Verify(w.start(2), 4, 5)
	if err != nil || anchor.Height != 1 || anchor.Load != 7 {
		t.Fatalf("%+v, error %v", anchor, err)
	}
	none := light.AckProof{EntryProof: w.entry(w.tip(2), 5, 1, chain.SystemAddress(5), chain.InKey(2))}
	if _, err := none.Verify(w.start(2), 2, 5); err != nil {
		t.Errorf("nothing taken in, for the parent: %v", err)
	}
	itself := light.AckProof{EntryProof: w.entry(w.tip(5), 5, 1, chain.SystemAddress(5), chain.InKey(5))}
	if _, err := itself.Verify(w.start(5), 5, 5); !errors.Is(err, light.ErrPath) {
		t.Errorf("of itself, from its own block: %v", err)
	}
	nowhere := w.start(2)
	nowhere.Chain = 0
	nothing := light.AckProof{EntryProof: w.entry(w.tip(2), 2, 1, chain.SystemAddress(0), chain.InKey(4))}
	if _, err := nothing.Verify(nowhere, 4, 0); !errors.Is(err, light.ErrPath) {
		t.Errorf("of no chain, from a block of none: %v", err)
	}
	for name, x := range map[string]struct {
		start       *light.Start
		self, other chain.ID
		next        uint64
		err         error
	}{
		"more":               {w.start(2), 4, 5, 4, merkle.ErrMismatch},
		"less":               {w.start(2), 4, 5, 2, merkle.ErrMismatch},
		"nothing":            {w.start(2), 4, 5, 0, merkle.ErrForm},
		"for another chain":  {w.start(2), 2, 5, 3, merkle.ErrMismatch},
		"of another chain":   {w.start(2), 5, 4, 3, light.ErrPath},
		"of itself":          {w.start(2), 5, 5, 3, light.ErrPath},
		"of a chain aside":   {w.start(2), 4, 6, 3, light.ErrPath},
		"from a chain above": {w.start(1), 4, 5, 3, light.ErrPath},
		"of no chain":        {w.start(2), 4, 0, 3, light.ErrPath},
	} {
		bad := p
		bad.Next = x.next
		if _, err := bad.Verify(x.start, x.self, x.other); !errors.Is(err, x.err) {
			t.Errorf("%s: error %v, want %v", name, err, x.err)
		}
	}
	flipped(t, p.Append(nil), 1, func(b []byte) error {
		p, err := light.DecodeAckProof(b)
		if err == nil {
			_, err = p.Verify(w.start(2), 4, 5)
		}
		return err
	})
}

// acknowledgement is that of acked, and what a reader knows who knows chain 2 from block 1 on.
func acknowledgement(t testing.TB) (light.Acknowledgement, light.Trust) {
	w, p := acked(t)
	w.block(2)
	p.EntryProof = w.entry(w.tip(2), 5, 1, chain.SystemAddress(5), chain.InKey(4))
	last := w.tip(2).header.Height
	known, c := w.known(2, 1)
	e := light.Acknowledgement{Views: []chain.Digest{w.digest(2, last, last)}, To: 4, Ack: chain.Ack{Chain: 5, Proof: p.Append(nil)}}
	return e, light.Trust{Tree: forest(), Known: known, Committee: c.Committee}
}

func TestAcknowledgement(t *testing.T) {
	e, trust := acknowledgement(t)
	raw := e.Encode()
	if shown, err := e.Verify(&trust); err != nil || shown.Next != 3 || shown.By.Height != 1 || shown.Known.Anchor.Height != e.Views[0].Last().Height {
		t.Fatalf("%+v, error %v", shown, err)
	}
	if _, err := light.DecodeEnvelope(raw); err == nil || !light.IsAcknowledgement(raw) {
		t.Errorf("as an envelope: %v", err)
	}
	flipped(t, raw, 29, func(b []byte) error {
		e, err := light.DecodeAcknowledgement(b)
		if err == nil {
			_, err = e.Verify(&trust)
		}
		return err
	})
}

func FuzzAcknowledgement(f *testing.F) {
	e, _ := acknowledgement(f)
	f.Add(e.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := light.DecodeAcknowledgement(b); err == nil && !bytes.Equal(e.Encode(), b) {
			t.Fatalf("%x is encoded as %x", b, e.Encode())
		}
	})
}

func FuzzAckProof(f *testing.F) {
	w, p := acked(f)
	f.Add(p.Append(nil))
	s := w.start(2)
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := light.DecodeAckProof(b)
		if err != nil {
			return
		}
		if again := q.Append(nil); !bytes.Equal(again, b) {
			t.Fatalf("%x is encoded as %x", b, again)
		}
		if _, err := q.Verify(s, 4, 5); err == nil && !bytes.Equal(b, p.Append(nil)) {
			t.Fatalf("another proof of the same is accepted: %x", b)
		}
	})
}

func FuzzEntryProof(f *testing.F) {
	w := story(f)
	p := w.entry(w.tip(1), 4, 3, chain.SystemAddress(4), chain.KeyParams)
	f.Add(p.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := light.DecodeEntryProof(b); err == nil && !bytes.Equal(p.Append(nil), b) {
			t.Fatalf("%x is encoded as %x", b, p.Append(nil))
		}
	})
}
