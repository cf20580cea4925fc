package node

import (
	"math"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/audit"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

func auditedIn(t *testing.T, dir string) audit.Report {
	t.Helper()
	r, err := audit.Run(t.Context(), audit.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What a node holds that began with a state is audited from there on, alone and beside one that has all blocks; and from the lowest state that can be
// made, where older ones aren't kept.
func TestAuditJoined(t *testing.T) {
	for _, keep := range []uint64{0, 4} {
		r := stated(t, nil)
		c := r.joinConfig(nil)
		c.KeepStates = keep
		r.joined(c)
		for nonce := uint64(testStep + 10); nonce < 2*testStep+store.PruneStep+10; nonce++ {
			r.pay(0, payment(r.nodes[0], 1, 2, 1, nonce))
		}
		for i := range r.nodes {
			r.stop(i)
		}
		got := auditedIn(t, r.dirs[3])
		if !got.OK() || got.Base != testStep || got.Height < 2*testStep+store.PruneStep || (got.From == got.Base) != (keep == 0) || got.Blocks != got.Height-got.From {
			t.Errorf("keeping %d states: %+v", keep, got)
		}
		if _, err := audit.Replay(t.Context(), audit.Options{Dir: r.dirs[3]}, got.From); err == nil {
			t.Error("the block of the state is replayed")
		}
		if again, err := audit.Replay(t.Context(), audit.Options{Dir: r.dirs[3]}, got.Height); err != nil || !again.OK() {
			t.Errorf("%+v, %v", again, err)
		}
		for _, dirs := range [][]string{{r.dirs[3]}, {r.dirs[0], r.dirs[3]}, {r.dirs[3], r.dirs[1]}} {
			if all, err := audit.RunTree(t.Context(), audit.Options{}, dirs...); err != nil || !all.OK() || len(all.Cuts) > 0 {
				t.Errorf("%v: %v %+v", dirs, err, all)
			}
		}
	}
}

// beginsAt has a chain begin with the state after a block that another directory has, as the caller changes it.
func beginsAt(t *testing.T, s, to *store.Store, g *chain.Genesis, height uint64, change func(b *store.Base, leaves []exec.Write)) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	id := g.Chain
	view, err := s.StateAt(id, height)
	must(err)
	var leaves []exec.Write
	must(view.Leaves(func(_ merkle.Path, slot exec.Slot, value []byte) error {
		leaves = append(leaves, exec.Write{Slot: slot, Value: append([]byte(nil), value...)})
		return nil
	}))
	b := &store.Base{Genesis: g}
	header, err := s.Header(id, height)
	must(err)
	b.Header = &header
	b.Certificate, err = s.Certificate(id, height)
	must(err)
	shown, err := keep.Of(s, id).Trail(b.Header, 0, nil)
	must(err)
	b.Shown = keep.AppendShown(nil, shown)
	b.Nodes, err = keep.Peaks(view, id)
	must(err)
	must(view.Close())
	if change != nil {
		change(b, leaves)
	}
	joined, _, err := foldLeaves(leaves)
	must(err)
	must(to.JoinPiece(id, joined, leaves))
	must(to.JoinEnd(b))
}

func opened(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(store.Options{Dir: dir, CacheBytes: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closed(t *testing.T, list ...*store.Store) {
	t.Helper()
	for _, s := range list {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// fed gives a chain the blocks after its head, up to a height, as another directory has them.
func fed(t *testing.T, s, to *store.Store, g *chain.Genesis, height uint64) {
	t.Helper()
	fedWith(t, s, to, g, height, func(_ uint64, certificate []byte) []byte { return certificate })
}

// fedWith is fed with other certificates.
func fedWith(t *testing.T, s, to *store.Store, g *chain.Genesis, height uint64, certify func(height uint64, certificate []byte) []byte) {
	t.Helper()
	c := testConfig(t, g, "", Pace{Manual: true})
	c.Store = to
	n := open(t, c)
	for at := n.Head().Header.Height + 1; at <= height; at++ {
		raw, certificate, err := s.Block(g.Chain, at)
		if err != nil {
			t.Fatal(err)
		}
		r, fault, err := n.Verify(raw)
		if fault != nil || err != nil {
			t.Fatal(fault, err)
		}
		n.turn.Lock()
		err = n.commit(account.Tag{Parent: r.Block.Header.Parent}, r, certify(at, certificate))
		n.turn.Unlock()
		if err != nil {
			t.Fatal(err)
		}
	}
	closeNode(t, n)
}

// A certificate that nobody signed is found by an audit of all blocks, and by one of its block alone.
func TestAuditCertificate(t *testing.T) {
	r := stated(t, nil)
	for i := range r.nodes {
		r.stop(i)
	}
	dir := t.TempDir()
	s, to := opened(t, r.dirs[0]), opened(t, dir)
	fedWith(t, s, to, r.genesis, 5, func(height uint64, certificate []byte) []byte {
		c, err := chain.DecodeCertificate(certificate)
		if err != nil {
			t.Fatal(err)
		}
		if height == 3 {
			c.Round++
		}
		return c.Append(nil)
	})
	closed(t, s, to)
	if all := auditedIn(t, dir); all.Check(audit.Certificates).Result != audit.Failed {
		t.Errorf("%+v", all.Checks)
	}
	for height, want := range map[uint64]audit.Result{2: audit.OK, 3: audit.Failed, 4: audit.OK} {
		one, err := audit.Replay(t.Context(), audit.Options{Dir: dir}, height)
		if got := one.Check(audit.Certificates); err != nil || got.Result != want || got.Looked != 1 {
			t.Errorf("block %d: %v %+v", height, err, got)
		}
	}
}

// What crosses between chains is followed where copies of them began with states: over the blocks that are here alone, and over all where another
// copy has those before, though that is behind.
func TestAuditJoinedTree(t *testing.T) {
	r := newTree(t, map[chain.ID]chain.ID{2: 1, 3: 1})
	nonces := map[chain.ID]uint64{}
	heads := func(payments int) map[chain.ID]uint64 {
		for range payments {
			for from := chain.ID(1); from <= 3; from++ {
				to := from%3 + 1
				x := r.transfer(from, 1, to, 2, 7*uint64(from), nonces[from])
				nonces[from]++
				if a := r.process.Node(from).Submit([][]byte{x.Encode()})[0]; a.Refused != nil {
					t.Fatal(a.Refused)
				}
				r.arrives(to, r.relayOf(x))
			}
		}
		at := map[chain.ID]uint64{}
		for id := chain.ID(1); id <= 3; id++ {
			at[id] = r.process.Node(id).Head().Header.Height
		}
		return at
	}
	low, middle, top := heads(2), heads(2), heads(2)
	whole, behind, joined, uneven := r.process.config.Dir, t.TempDir(), t.TempDir(), t.TempDir()
	third, late, before := t.TempDir(), t.TempDir(), t.TempDir() // chain 3 as it was early; the others from later on, and up to there
	r.close()
	s, b, j, u := opened(t, whole), opened(t, behind), opened(t, joined), opened(t, uneven)
	e, l, p := opened(t, third), opened(t, late), opened(t, before)
	for id := chain.ID(1); id <= 3; id++ {
		g, err := r.genesis.Of(id)
		if err != nil {
			t.Fatal(err)
		}
		fed(t, s, b, g, middle[id])
		beginsAt(t, s, j, g, low[id], nil)
		fed(t, s, j, g, top[id])
		begins := low[id]
		if id == 2 { // what it sent before, and others took in after their states, is not there
			begins = middle[id]
		}
		beginsAt(t, s, u, g, begins, nil)
		fed(t, s, u, g, top[id])
		if id == 3 {
			fed(t, s, e, g, low[id])
			continue
		}
		beginsAt(t, s, l, g, middle[id], nil)
		fed(t, s, l, g, top[id])
		fed(t, s, p, g, middle[id])
	}
	closed(t, s, b, j, u, e, l, p)
	looked := map[string]uint64{}
	for _, c := range []struct {
		name string
		dirs []string
	}{{"whole", []string{whole}}, {"joined", []string{joined}}, {"both", []string{joined, whole}}, {"one behind", []string{behind, joined}}, {"uneven", []string{uneven}}, {"uneven and one behind", []string{uneven, behind}}} {
		got, err := audit.RunTree(t.Context(), audit.Options{CacheBytes: 8 << 20}, c.dirs...)
		if err != nil || !got.OK() || len(got.Cuts) > 0 {
			t.Errorf("%s: %v %+v", c.name, err, got)
		}
		looked[c.name] = got.Check(audit.Crossings).Looked
	}
	if all := looked["whole"]; all < 18 || looked["joined"] == 0 || looked["joined"] >= all || looked["both"] != all || looked["one behind"] != all || looked["uneven and one behind"] != all {
		t.Errorf("relays looked at: %v", looked)
	}
	got, err := audit.RunTree(t.Context(), audit.Options{CacheBytes: 8 << 20}, third, late, before)
	if err != nil || !got.OK() || len(got.Cuts) != 2 || got.Cuts[0].Height >= middle[1] || got.Cuts[1].Height >= middle[2] {
		t.Errorf("cut back in the copies with what came before: %v %+v", err, got)
	}
	got, err = audit.RunTree(t.Context(), audit.Options{CacheBytes: 8 << 20}, third, late)
	if err != nil || got.OK() || got.Check(audit.Recorded).Result != audit.Failed {
		t.Errorf("without these: %v %+v", err, got)
	}
}

// A state that a chain is said to begin with, and that says how much left before, costs no time for each of what it says.
func TestAuditOfEndlessRelays(t *testing.T) {
	r := newTree(t, map[chain.ID]chain.ID{2: 1})
	x := r.transfer(1, 1, 2, 2, 7, 0)
	if a := r.process.Node(1).Submit([][]byte{x.Encode()})[0]; a.Refused != nil {
		t.Fatal(a.Refused)
	}
	r.arrives(2, r.relayOf(x))
	height := r.process.Node(1).Head().Header.Height
	whole, dir := r.process.config.Dir, t.TempDir()
	r.close()
	s, to := opened(t, whole), opened(t, dir)
	main, err := r.genesis.Of(1)
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.genesis.Of(2)
	if err != nil {
		t.Fatal(err)
	}
	beginsAt(t, s, to, main, height, func(b *store.Base, leaves []exec.Write) {
		slot := exec.Slot{Account: chain.SystemAddress(1), Key: chain.OutKey(2)}
		i := slices.IndexFunc(leaves, func(w exec.Write) bool { return w.Slot == slot })
		leaves[i].Value = chain.Outward{Next: math.MaxUint64, Consumed: 1}.Encode()
		j, _, err := foldLeaves(leaves)
		if err != nil {
			t.Fatal(err)
		}
		b.Header.Roots.State = chain.Hash(j.Hash)
	})
	fed(t, s, to, second, 1)
	closed(t, s, to)
	if got, err := audit.RunTree(t.Context(), audit.Options{CacheBytes: 8 << 20}, dir); err != nil || got.OK() {
		t.Errorf("%v %+v", err, got)
	}
}

// A parent says which block of a child it has recorded at a height; of what it recorded before the state that it began with it says nothing
// against any.
func TestAnchors(t *testing.T) {
	r := newTree(t, map[chain.ID]chain.ID{2: 1})
	var heads [3][3]uint64 // by time and chain
	nonce := uint64(0)
	for at := range heads {
		for range 3 {
			x := r.transfer(2, 1, 1, 2, 7, nonce)
			nonce++
			if a := r.process.Node(2).Submit([][]byte{x.Encode()})[0]; a.Refused != nil {
				t.Fatal(a.Refused)
			}
			r.arrives(1, r.relayOf(x))
		}
		for id := chain.ID(1); id <= 2; id++ {
			heads[at][id] = r.process.Node(id).Head().Header.Height
		}
	}
	whole := r.process.config.Dir
	r.close()
	g, err := r.genesis.Of(chain.Main)
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range []uint64{0, heads[1][1]} {
		s, store := opened(t, whole), opened(t, t.TempDir())
		if base == 0 {
			fed(t, s, store, g, heads[2][1])
		} else {
			beginsAt(t, s, store, g, base, nil)
			fed(t, s, store, g, heads[2][1])
		}
		c := testConfig(t, g, "", Pace{Manual: true})
		c.Store = store
		n := open(t, c)
		against := 0
		for height := uint64(1); height <= heads[2][2]; height++ {
			h, err := s.Header(2, height)
			if err != nil {
				t.Fatal(err)
			}
			other := h
			other.Round++
			is, known, err := n.anchors(&h)
			wrong, same, e := n.anchors(&other)
			if err != nil || e != nil || is != known || same != known || !known && height < heads[2][2]-1 {
				t.Errorf("from block %d: child's block %d: %t, %t, %v; another: %t, %t, %v", base, height, is, known, err, wrong, same, e)
			}
			if known && !wrong {
				against++
			} else if known && (base == 0 || height > heads[1][2]) {
				t.Errorf("from block %d: another block than the child's %d is taken for it", base, height)
			}
		}
		if against == 0 || base > 0 && against == int(heads[2][2]) {
			t.Errorf("from block %d: %d others are refused", base, against)
		}
		closeNode(t, n)
		closed(t, s, store)
	}
}

// forged is a directory that begins with a state that the caller changes.
func forged(t *testing.T, g *chain.Genesis, from string, change func(s *store.Store, b *store.Base, leaves []exec.Write)) string {
	t.Helper()
	dir := t.TempDir()
	s, to := opened(t, from), opened(t, dir)
	beginsAt(t, s, to, g, testStep, func(b *store.Base, leaves []exec.Write) { change(s, b, leaves) })
	closed(t, s, to)
	return dir
}

// A state that a chain is said to begin with is believed only if the header has its root, and committees certified the header, from the genesis on.
func TestAuditForgedJoin(t *testing.T) {
	r := stated(t, nil)
	for i := range r.nodes {
		r.stop(i)
	}
	richer := func(leaves []exec.Write) {
		for i := range leaves {
			if leaves[i].Key == "" {
				a, err := chain.DecodeAccount(leaves[i].Value)
				if err != nil {
					t.Fatal(err)
				}
				a.Balance, _ = a.Balance.Add(chain.NewAmount(1))
				leaves[i].Value = a.Encode()
				return
			}
		}
	}
	for _, c := range []struct {
		name, fails string
		change      func(s *store.Store, b *store.Base, leaves []exec.Write)
	}{
		{"as it is", "", func(*store.Store, *store.Base, []exec.Write) {}},
		{"money", audit.StateRoot, func(_ *store.Store, _ *store.Base, leaves []exec.Write) { richer(leaves) }},
		{"money, and a header with its root", audit.HashChain, func(_ *store.Store, b *store.Base, leaves []exec.Write) {
			richer(leaves)
			j, _, err := foldLeaves(leaves)
			if err != nil {
				t.Fatal(err)
			}
			b.Header.Roots.State = chain.Hash(j.Hash)
		}},
		{"another certificate", audit.Certificates, func(s *store.Store, b *store.Base, _ []exec.Write) { b.Certificate, _ = s.Certificate(1, testStep-1) }},
		{"nothing that shows it", audit.Certificates, func(_ *store.Store, b *store.Base, _ []exec.Write) { b.Shown = nil }},
		{"what shows another block", audit.Certificates, func(s *store.Store, b *store.Base, _ []exec.Write) {
			h, _ := s.Header(1, testStep-1)
			list, _ := keep.Of(s, 1).Trail(&h, 0, nil)
			b.Shown = keep.AppendShown(nil, list)
		}},
		{"a list of blocks without peaks", audit.Accumulators, func(_ *store.Store, b *store.Base, _ []exec.Write) { b.Nodes = nil }},
		{"a list of blocks with another one", audit.Accumulators, func(_ *store.Store, b *store.Base, _ []exec.Write) {
			b.Nodes[0].Nodes = append(b.Nodes[0].Nodes, merkle.Node{Index: 3, Hash: merkle.Hash{9}})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := auditedIn(t, forged(t, r.genesis, r.dirs[0], c.change))
			if c.fails == "" && !got.OK() || c.fails != "" && (got.OK() || got.Check(c.fails).Result != audit.Failed) {
				t.Errorf("%+v", slices.DeleteFunc(got.Checks, func(c audit.Check) bool { return c.Result == audit.OK }))
			}
		})
	}
}
