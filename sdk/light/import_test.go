package light_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// forest is a tree of three levels: main(2(4, 5), 3(6)).
func forest() chain.Tree {
	return chain.Tree{{ID: 1}, {ID: 2, Parent: 1}, {ID: 3, Parent: 1}, {ID: 4, Parent: 2}, {ID: 5, Parent: 2}, {ID: 6, Parent: 3}}
}

// story is a world in which block 3 of each chain sent three relays of value 10 to every other, and two of value 0 behind them;
// all is recorded up to the main chain.
func story(t testing.TB) *world {
	w := newWorld(t, forest())
	for range 2 {
		for _, l := range w.tree {
			w.block(l.ID)
		}
	}
	for _, from := range w.tree {
		var list []*chain.Message
		for _, to := range w.tree {
			if to.ID != from.ID {
				list = append(append(list, messages(from.ID, to.ID, 3, 10)...), messages(from.ID, to.ID, 2, 0)...)
			}
		}
		w.block(from.ID, list...)
	}
	for _, id := range []chain.ID{6, 5, 4, 3, 2} {
		w.block(id)
		w.record(id)
	}
	w.block(1)
	return w
}

// through are the branches on the way from the ancestor down to the source.
func (w *world) through(ancestor, source chain.ID) (list []chain.ID) {
	for id := source; id != ancestor; id = w.tree.Parent(id) {
		list = append([]chain.ID{id}, list...)
	}
	return list
}

// From every chain to every other, from above, from below and from aside, whatever part of a block's relays.
func TestImport(t *testing.T) {
	w := story(t)
	for _, from := range w.tree {
		for _, to := range w.tree {
			if from.ID == to.ID {
				continue
			}
			common := w.tree.Common(from.ID, to.ID)
			for _, x := range []struct {
				first uint64
				n     int
			}{{0, 5}, {0, 1}, {1, 2}, {2, 3}, {4, 1}} {
				im, p := w.imports(w.tip(common), from.ID, 3, to.ID, x.first, x.n)
				f, err := p.Verify(w.start(common), to.ID, &im)
				if err != nil {
					t.Fatalf("%d to %d, %d from %d on: %v", from.ID, to.ID, x.n, x.first, err)
				}
				value := chain.NewAmount(10 * uint64(max(0, min(3, int(x.first)+x.n)-int(x.first))))
				var through []chain.ID
				for i, o := range f.Through {
					through = append(through, o.Branch)
					if after, err := f.Taken(i, chain.Amount{}); err != nil || after != value {
						t.Errorf("%d to %d: %s taken through %d, error %v", from.ID, to.ID, after, o.Branch, err)
					}
				}
				want := w.through(common, from.ID)
				if value.IsZero() {
					want = nil
				}
				if f.Carried != value || !slices.Equal(through, want) {
					t.Errorf("%d to %d: %s carried through %v, want %s through %v", from.ID, to.ID, f.Carried, through, value, want)
				}
				if got, err := light.DecodeImportProof(im.Proof); err != nil || !bytes.Equal(got.Append(nil), im.Proof) {
					t.Errorf("decoded as %+v, error %v", got, err)
				}
			}
		}
	}
}

// sample is an import over two steps with all that a proof can have.
func sample(w *world) (*light.Start, chain.ID, chain.Import, light.ImportProof) {
	im, p := w.imports(w.tip(1), 4, 3, 6, 1, 3)
	return w.start(1), 6, im, p
}

func reverify(s *light.Start, to chain.ID, im *chain.Import) error {
	p, err := light.DecodeImportProof(im.Proof)
	if err != nil {
		return err
	}
	_, err = p.Verify(s, to, im)
	return err
}

// Whatever bit is changed, of the proof, of the relays, or of what the reader starts from: nothing is proven.
func TestImportFlipped(t *testing.T) {
	s, to, im, _ := sample(story(t))
	if err := reverify(s, to, &im); err != nil {
		t.Fatal(err)
	}
	raw := im.Append(nil)
	for i := range 8 * len(raw) {
		b := bytes.Clone(raw)
		b[i/8] ^= 1 << (i % 8)
		r := wire.NewReader(b)
		bad := chain.ReadImport(r)
		if r.Done() == nil && reverify(s, to, &bad) == nil {
			t.Errorf("bit %d of %d flipped: accepted", i, 8*len(raw))
		}
	}
	for i := range 8 * len(s.Anchor.State) {
		bad := *s
		bad.Anchor.State[i/8] ^= 1 << (i % 8)
		if err := reverify(&bad, to, &im); !errors.Is(err, merkle.ErrMismatch) {
			t.Errorf("bit %d of the state root flipped: %v", i, err)
		}
	}
	for n := range im.Proof {
		if _, err := light.DecodeImportProof(im.Proof[:n]); err == nil {
			t.Errorf("the first %d of %d bytes of the proof are read", n, len(im.Proof))
		}
	}
	if _, err := light.DecodeImportProof(append(bytes.Clone(im.Proof), 0)); !errors.Is(err, wire.ErrTrailing) {
		t.Errorf("with a byte behind it: %v", err)
	}
	if _, err := light.DecodeImportProof(make([]byte, chain.MaxImportProof+1)); !errors.Is(err, wire.ErrLimit) {
		t.Errorf("too long: %v", err)
	}
}

// claim is all that a reader of relays looks at.
type claim struct {
	s  *light.Start
	to chain.ID
	im *chain.Import
	p  *light.ImportProof
}

// reseal makes the messages the claim's own, with a change to each.
func (c *claim) reseal(edit func(m *chain.Message)) {
	for i, m := range c.im.Messages {
		m = m.Clone()
		edit(m)
		c.im.Messages[i] = m.Seal()
	}
}

func TestImportRefused(t *testing.T) {
	w := story(t)
	for name, x := range map[string]struct {
		edit func(c *claim)
		want error
	}{
		"as another number":     {func(c *claim) { c.im.First++ }, merkle.ErrMismatch},
		"numbers past the last": {func(c *claim) { c.im.First = math.MaxUint64 - 1 }, merkle.ErrIndex},
		"for another chain":     {func(c *claim) { c.to = 3 }, light.ErrAlien},
		"another chain's number": {func(c *claim) {
			other, p := w.imports(w.tip(1), 4, 3, 3, 1, 3)
			c.im.Proof, *c.p = other.Proof, p
		}, merkle.ErrMismatch},
		"for its source":            {func(c *claim) { c.to = 4 }, light.ErrPath},
		"for a sibling of the same": {func(c *claim) { c.to = 5 }, light.ErrPath},
		"of a chain that isn't":     {func(c *claim) { c.im.Source = 9 }, light.ErrPath},
		"of another source":         {func(c *claim) { c.im.Source = 2 }, light.ErrAlien},
		"of its parent": {func(c *claim) {
			c.im.Source = 2
			c.reseal(func(m *chain.Message) { m.From = account(2, 1) })
		}, light.ErrPath},
		"a gap":             {func(c *claim) { c.im.Messages = slices.Delete(c.im.Messages, 1, 2) }, merkle.ErrForm},
		"a repeat":          {func(c *claim) { c.im.Messages[1] = c.im.Messages[0] }, merkle.ErrMismatch},
		"exchanged":         {func(c *claim) { m := c.im.Messages; m[0], m[1] = m[1], m[0] }, merkle.ErrMismatch},
		"one less":          {func(c *claim) { c.im.Messages = c.im.Messages[:2] }, merkle.ErrForm},
		"one more":          {func(c *claim) { c.im.Messages = append(c.im.Messages, message(4, 6, 9, 0)) }, merkle.ErrForm},
		"none":              {func(c *claim) { c.im.Messages = nil }, merkle.ErrForm},
		"another message":   {func(c *claim) { c.im.Messages[1] = message(4, 6, 9, 10) }, merkle.ErrMismatch},
		"another network":   {func(c *claim) { c.s.Network[0]++ }, light.ErrAlien},
		"a zero state root": {func(c *claim) { c.s.Anchor.State = chain.Hash{} }, merkle.ErrZero},
		"an earlier root":   {func(c *claim) { c.s.Anchor = w.at(1, 1).header.Anchor() }, merkle.ErrMismatch},
		"a later root": {func(c *claim) {
			w.block(1)
			c.s.Anchor = w.tip(1).header.Anchor()
		}, merkle.ErrMismatch},
		"from another chain's block": {func(c *claim) { c.s.Anchor = w.tip(2).header.Anchor() }, merkle.ErrMismatch},
		"from a lower chain":         {func(c *claim) { c.s = w.start(2); c.p.Steps, c.p.Left = c.p.Steps[1:], c.p.Left[1:] }, light.ErrPath},
		"from nowhere":               {func(c *claim) { c.s.Chain = 0 }, light.ErrPath},
		"without a tree":             {func(c *claim) { c.s.Tree = nil }, light.ErrPath},
		"no steps":                   {func(c *claim) { c.p.Steps, c.p.Left = nil, nil }, light.ErrPath},
		"a step less":                {func(c *claim) { c.p.Steps, c.p.Left = c.p.Steps[:1], c.p.Left[:1] }, light.ErrPath},
		"the first step left out":    {func(c *claim) { c.p.Steps = c.p.Steps[1:] }, light.ErrPath},
		"the steps exchanged":        {func(c *claim) { s := c.p.Steps; s[0], s[1] = s[1], s[0] }, light.ErrPath},
		"another outbox root":        {func(c *claim) { c.p.Steps[1].Anchor.Outbox[0]++ }, merkle.ErrMismatch},
		"another block of the source": {func(c *claim) {
			other, _ := w.path(w.tip(1), 4, 2)
			c.p.Steps = other
		}, merkle.ErrMismatch},
		"a height that its place isn't": {func(c *claim) { c.p.Steps[1].Anchor.Height++ }, merkle.ErrIndex},
		"a place past the last": {func(c *claim) {
			s := &c.p.Steps[1]
			s.Place.Index, s.Anchor.Height = s.Entry.Count, s.Entry.Count+1
		}, merkle.ErrIndex},
		"height 0": {func(c *claim) {
			s := &c.p.Steps[1]
			s.Place.Index, s.Anchor.Height = math.MaxUint64, 0
		}, merkle.ErrIndex},
		"a node as an anchor": {func(c *claim) { // the place is that of the peak which is over two leaves
			s := &c.p.Steps[1]
			s.Place.Path = s.Place.Path[1:]
		}, merkle.ErrHeight},
		"a hash more on a place":   {func(c *claim) { s := &c.p.Steps[1]; s.Place.Path = append(s.Place.Path, merkle.Hash{1}) }, merkle.ErrHeight},
		"the wrong side":           {func(c *claim) { p := c.p.Places.Path; p[0], p[1] = p[1], p[0] }, merkle.ErrMismatch},
		"a hash more in an outbox": {func(c *claim) { c.p.Places.Path = append(c.p.Places.Path, merkle.Hash{1}) }, merkle.ErrHeight},
		"a hash less in an outbox": {func(c *claim) { c.p.Places.Path = c.p.Places.Path[1:] }, merkle.ErrHeight},
		"an index past the last":   {func(c *claim) { c.p.Places.Indexes[2] = c.p.Places.Count }, merkle.ErrIndex},
		"an index twice":           {func(c *claim) { c.p.Places.Indexes[2] = c.p.Places.Indexes[1] }, merkle.ErrForm},
		"a smaller outbox":         {func(c *claim) { c.p.Places.Count-- }, merkle.ErrHeight},
		"a larger outbox":          {func(c *claim) { c.p.Places.Count++ }, merkle.ErrMismatch},
		"more than an amount":      {func(c *claim) { c.reseal(func(m *chain.Message) { m.Amount = chain.MaxAmount }) }, chain.ErrOverflow},
		"gas for more than one": {func(c *claim) {
			c.reseal(func(m *chain.Message) { m.Amount, m.GasLimit, m.GasPrice = chain.MaxAmount, 1, 1 })
		}, chain.ErrOverflow},
		"an accumulator of another count": {func(c *claim) {
			a := newGrowing()
			a.Accumulator = c.p.Steps[1].Entry
			a.append(chain.Anchor{})
			c.p.Steps[1].Entry = a.Accumulator
		}, merkle.ErrMismatch},
		"an empty accumulator":          {func(c *claim) { c.p.Steps[1].Entry = merkle.Accumulator{} }, merkle.ErrMismatch},
		"a peak too few":                {func(c *claim) { e := &c.p.Steps[1].Entry; e.Peaks = e.Peaks[:len(e.Peaks)-1] }, merkle.ErrMismatch},
		"nothing of what has left":      {func(c *claim) { c.p.Left = nil }, merkle.ErrForm},
		"less of what has left":         {func(c *claim) { c.p.Left = c.p.Left[:1] }, merkle.ErrForm},
		"more of what has left":         {func(c *claim) { c.p.Left = append(c.p.Left, c.p.Left[0]) }, merkle.ErrForm},
		"more that has left":            {func(c *claim) { c.p.Left[1].Value = chain.MaxAmount }, merkle.ErrMismatch},
		"that nothing has left":         {func(c *claim) { c.p.Left[1].Value = chain.Amount{} }, merkle.ErrForm},
		"what has left another branch":  {func(c *claim) { c.p.Left[0], c.p.Left[1] = c.p.Left[1], c.p.Left[0] }, merkle.ErrMismatch},
		"what has left for another one": {func(c *claim) { c.p.Left[1].State = w.prove(w.at(2, 5), chain.DigestsAddress(2), chain.LeftKey(4, 3)) }, merkle.ErrMismatch},
		"too many steps":                {func(c *claim) { c.p.Steps = slices.Repeat(c.p.Steps, light.MaxSteps) }, light.ErrPath},
	} {
		t.Run(name, func(t *testing.T) {
			s, to, im, p := sample(w)
			im.Messages = slices.Clone(im.Messages)
			c := claim{s, to, &im, &p}
			if f, err := p.Verify(s, to, &im); err != nil || len(f.Through) != 2 {
				t.Fatal(err)
			}
			x.edit(&c)
			if f, err := c.p.Verify(c.s, c.to, c.im); !errors.Is(err, x.want) || !reflect.DeepEqual(f, light.Inflow{}) {
				t.Fatalf("error %v, want %v; %+v", err, x.want, f)
			}
		})
	}
}

// rottenOutbox is a world in which chain 4 posts what no honest chain does, and what its header doesn't say.
func rottenOutbox(t testing.TB, header uint64, list ...*chain.Message) *world {
	w := newWorld(t, forest())
	b := w.block(4, list...)
	b.header.Leaving = []chain.Leaving{{Chain: 6, Amount: chain.NewAmount(header)}}
	w.chains[4].history = nil // its own is of no use any more
	w.record(4)
	w.record(2)
	return w
}

// L9: a rotten chain can't speak for others, not even in an outbox of its own.
func TestImportAlien(t *testing.T) {
	for name, edit := range map[string]func(m *chain.Message){
		"from another chain's account": func(m *chain.Message) { m.From = account(5, 1) },
		"from the registry":            func(m *chain.Message) { m.From = chain.RegistryAddress() },
		"of another network":           func(m *chain.Message) { m.Network[0]++ },
		"external":                     func(m *chain.Message) { m.Kind = chain.External },
	} {
		m := message(4, 6, 0, 1)
		edit(m)
		w := rottenOutbox(t, 1, m.Seal())
		im, p := w.imports(w.tip(1), 4, 1, 6, 0, 1)
		if _, err := p.Verify(w.start(1), 6, &im); !errors.Is(err, light.ErrAlien) {
			t.Errorf("%s: %v", name, err)
		}
	}
	elsewhere := message(4, 6, 0, 1)
	w := rottenOutbox(t, 1, elsewhere)
	w.at(4, 1).sent[0].message.To = account(3, 1) // numbered for chain 6, and addressed to chain 3
	im, p := w.imports(w.tip(1), 4, 1, 6, 0, 1)
	if _, err := p.Verify(w.start(1), 6, &im); !errors.Is(err, light.ErrAlien) {
		t.Errorf("to another chain: %v", err)
	}
}

// L10: what a rotten chain's outbox holds beyond its header is not taken in, in one import or many, by one destination's count.
func TestImportOverLeft(t *testing.T) {
	w := rottenOutbox(t, 25, messages(4, 6, 5, 10)...)
	taken := map[chain.ID]chain.Amount{}
	for number := range uint64(5) {
		im, p := w.imports(w.tip(1), 4, 1, 6, number, 1)
		f, err := p.Verify(w.start(1), 6, &im)
		if err != nil || len(f.Through) != 2 {
			t.Fatal(err)
		}
		for i, o := range f.Through {
			after, err := f.Taken(i, taken[o.Branch])
			if fits := number < 2; fits != (err == nil) || !fits && !errors.Is(err, light.ErrOverLeft) {
				t.Fatalf("relay %d through chain %d: %v", number, o.Branch, err)
			}
			if err == nil {
				taken[o.Branch] = after
			}
		}
	}
	full := light.Inflow{Carried: chain.NewAmount(1), Through: []light.Outflow{{Branch: 4, Left: chain.MaxAmount}}}
	if _, err := full.Taken(0, chain.MaxAmount); !errors.Is(err, light.ErrOverLeft) {
		t.Errorf("more than there can be: %v", err)
	}
}

// L10: a chain above that hides what its children send pays with its own branch: chain 2 is rotten too, and main knows of nothing
// that left it.
func TestImportHiddenAbove(t *testing.T) {
	w := newWorld(t, forest())
	w.block(4, messages(4, 6, 1, 10)...)
	w.record(4)
	w.tip(2).header.Leaving = nil
	w.record(2)
	im, p := w.imports(w.tip(1), 4, 1, 6, 0, 1)
	f, err := p.Verify(w.start(1), 6, &im)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Taken(1, chain.Amount{}); err != nil {
		t.Errorf("through chain 4: %v", err)
	}
	if _, err := f.Taken(0, chain.Amount{}); !errors.Is(err, light.ErrOverLeft) {
		t.Errorf("through chain 2: %v", err)
	}
}

// L8: chain 3 is rotten and records blocks of chain 4, which is not its child, with relays that chain 4 never sent.
func TestImportFalseChild(t *testing.T) {
	lie := slices.Clone(forest())
	lie[3].Parent = 3
	w := newWorld(t, lie)
	w.block(4, messages(4, 5, 1, 10)...)
	w.record(4)
	w.record(3)
	im, p := w.imports(w.tip(1), 4, 1, 5, 0, 1)
	s := w.start(1)
	if _, err := p.Verify(s, 5, &im); err != nil {
		t.Fatalf("as chain 3 would have it: %v", err)
	}
	for _, at := range []chain.ID{1, 2} {
		s.Tree, s.Chain = forest(), at
		if _, err := p.Verify(s, 5, &im); !errors.Is(err, light.ErrPath) {
			t.Errorf("from chain %d: %v", at, err)
		}
	}
	w.block(4, messages(4, 6, 1, 10)...)
	w.record(4)
	w.record(3)
	im, p = w.imports(w.tip(1), 4, 2, 6, 0, 1)
	s = w.start(1)
	s.Tree = forest()
	if _, err := p.Verify(s, 6, &im); !errors.Is(err, light.ErrPath) {
		t.Errorf("for a chain whose way from there leads over main: %v", err)
	}
}

func TestOutboxLeaf(t *testing.T) {
	seen := map[merkle.Hash]string{}
	for _, to := range []chain.ID{1, 2, 1 << 8} {
		for _, number := range []uint64{0, 1, 1 << 8, 1 << 32} {
			for _, id := range []chain.MessageID{{}, {1}, {31: 1}} {
				name := fmt.Sprint(to, number, id)
				leaf := light.OutboxLeaf(to, number, id)
				if other, ok := seen[leaf]; ok {
					t.Errorf("%s has the leaf of %s", name, other)
				}
				seen[leaf] = name
			}
		}
	}
}

func FuzzImportProof(f *testing.F) {
	s, to, im, _ := sample(story(f))
	f.Add(im.Proof)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := light.DecodeImportProof(b)
		if err != nil {
			return
		}
		if again := p.Append(nil); !bytes.Equal(again, b) {
			t.Fatalf("%x is encoded as %x", b, again)
		}
		if _, err := p.Verify(s, to, &im); err == nil && !bytes.Equal(b, im.Proof) {
			t.Fatalf("another proof of the same is accepted: %x", b)
		}
	})
}

// What one import costs and weighs: from a chain two levels below main, a block of a thousand relays, a hundred blocks recorded, in
// states of 64 thousand keys.
func BenchmarkImport(b *testing.B) {
	w := newWorld(b, forest())
	for i := range 1 << 16 {
		for _, id := range []chain.ID{1, 2} {
			w.set(id, account(id, byte(i>>8)), fmt.Sprint(i), []byte{1})
		}
	}
	for range 100 {
		w.block(4)
	}
	w.block(4, messages(4, 6, 1024, 10)...)
	w.record(4)
	w.record(2)
	for _, n := range []int{1, 16, 256, 1024} {
		im, _ := w.imports(w.tip(1), 4, 101, 6, 0, n)
		s := w.start(1)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			start := cpuNanos(b)
			for b.Loop() {
				if err := reverify(s, 6, &im); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpuNanos(b)-start)/float64(b.N)/1e3, "cpu-µs/op")
			b.ReportMetric(float64(len(im.Proof))/float64(n), "proof-B/msg")
		})
	}
}
