package store_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/runtime/audit"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// treeDir holds the chains of treeOf, between which everything arrived, and then 7 left chain 2 for chain 3 and did not.
func treeDir(t *testing.T) (g *chain.Genesis, dir, before string) {
	t.Helper()
	g, dir, before = treeOf(t), t.TempDir(), t.TempDir()
	runTree(t, g, dir, carrier(), func(p *node.Process) { allToAll(t, p, g, 0) })
	if err := os.CopyFS(before, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	runTree(t, g, dir, nil, func(p *node.Process) {
		paid, _ := payAcross(t, p, g, 2, 1, 3, 7, 3)
		arrives(t, p, 2, paid)
	})
	return g, dir, before
}

func auditAll(t *testing.T, dirs ...string) audit.TreeReport {
	t.Helper()
	r, err := audit.RunTree(context.Background(), audit.Options{CacheBytes: 8 << 20}, dirs...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// inDir opens the store of a directory for planting.
func inDir(t *testing.T, dir string, f func(p *planted)) {
	t.Helper()
	s := openStore(t, dir)
	f(&planted{&ledger{t: t, store: s}, store.Planter{Store: s}, map[string][]byte{}})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAuditOfAllChains: nothing is found over all chains of a tree, with money under way; a copy of an earlier time agrees.
func TestAuditOfAllChains(t *testing.T) {
	g, dir, before := treeDir(t)
	r := auditAll(t, dir)
	if !r.OK() || len(r.Cuts) > 0 || len(r.Chains) != 4 || len(r.Crossings) != 4*3 || r.Network != g.Network() {
		t.Fatal(words(t, r))
	}
	for _, c := range r.Checks {
		if c.Looked == 0 {
			t.Errorf("%s looked at nothing", c.Name)
		}
	}
	for _, c := range r.Crossings {
		want := audit.Crossing{From: c.From, To: c.To, Sent: 1, Taken: 1}
		if c.From == 2 && c.To == 3 {
			want.Sent, want.UnderWay = 2, chain.NewAmount(7)
		}
		if c != want {
			t.Errorf("%+v, expected %+v", c, want)
		}
	}
	if want := chain.NewAmount(4 * 4 * 1_000_000); r.Issued != want || r.UnderWay != chain.NewAmount(7) {
		t.Errorf("%s issued, %s held, %s under way", r.Issued, r.Held, r.UnderWay)
	}
	if r = auditAll(t, before, dir); !r.OK() || len(r.Chains) != 8 || r.UnderWay != chain.NewAmount(7) {
		t.Error(words(t, r))
	}
}

// A child whose committee was shown to have certified two blocks of one height is named; that alone is no fault of what is stored.
func TestAuditNamesForkedChildren(t *testing.T) {
	_, dir, _ := treeDir(t)
	if r := auditAll(t, dir); len(r.Chains[0].Forked) != 0 {
		t.Fatalf("forked: %v", r.Chains[0].Forked)
	}
	inDir(t, dir, func(p *planted) {
		at, key := chain.DigestsAddress(chain.Main), chain.ChildKey(2)
		raw, err := p.State(chain.Main).Entry(at, key)
		p.must(err)
		child, err := chain.DecodeChild(raw)
		p.must(err)
		child.Forked = true
		p.entry(at, key, child.Encode())
	})
	if r := auditAll(t, dir); !slices.Equal(r.Chains[0].Forked, []chain.ID{2}) || len(r.Chains[1].Forked) != 0 {
		t.Errorf("forked: %v and %v", r.Chains[0].Forked, r.Chains[1].Forked)
	}
}

// crossingRow is something planted, and what the audit of all chains then finds.
type crossingRow struct {
	name  string
	plant func(p *planted)
	check string
	says  string
}

// imports changes what the first block of chain 1 took in that took in anything.
func imports(p *planted, change func([]chain.Import) []chain.Import) {
	p.t.Helper()
	head, err := p.Head(chain.Main)
	p.must(err)
	for h := uint64(1); h <= head.Height; h++ {
		b, err := chain.DecodeBlock(slices.Clone(p.value(store.PartKey('b', h))))
		p.must(err)
		if len(b.Arrived.Imports) > 0 {
			b.Arrived.Imports = change(b.Arrived.Imports)
			p.put(store.PartKey('b', h), b.Append(nil))
			return
		}
	}
	p.t.Fatal("nothing was taken in")
}

var crossingRows = []crossingRow{
	{"wrong number", func(p *planted) {
		imports(p, func(list []chain.Import) []chain.Import { list[0].First++; return list })
	}, audit.Crossings, "and 0 is the next"},
	{"taken in twice", func(p *planted) {
		var im chain.Import
		imports(p, func(list []chain.Import) []chain.Import { im = list[0]; return list })
		head, err := p.Head(chain.Main)
		p.must(err)
		b, err := chain.DecodeBlock(slices.Clone(p.value(store.PartKey('b', head.Height))))
		p.must(err)
		b.Arrived.Imports = []chain.Import{im}
		p.put(store.PartKey('b', head.Height), b.Append(nil))
	}, audit.Crossings, "is taken in again"},
	{"not taken in", func(p *planted) {
		imports(p, func(list []chain.Import) []chain.Import { return list[1:] })
	}, audit.Crossings, "and its blocks took in those before 0"},
	{"another message", func(p *planted) {
		imports(p, func(list []chain.Import) []chain.Import {
			m := list[0].Messages[0].Clone()
			more(&m.Amount, 1)
			list[0].Messages[0] = m.Seal()
			return list
		})
	}, audit.Crossings, "is taken in as message"},
	{"number that is expected", func(p *planted) { p.own(chain.InKey(2), last) }, audit.Crossings, "expects relay 2 of chain 2"},
	{"nothing left", func(p *planted) { p.lose(p.keyOf("departure 0 to chain 3")) }, audit.Crossings, "and did not leave there"},
	{"lost under way", func(p *planted) { p.lose(p.keyOn(2, "departure 1 to chain 3")) }, audit.Crossings, "relay 1 of chain 2 to chain 3 is under way, and is not kept"},
	{"lost under way, from the total", func(p *planted) { p.lose(p.keyOn(2, "departure 1 to chain 3")) }, audit.Total, "was issued"},
	{"minted", func(p *planted) {
		value, err := p.State(chain.Main).Entry(system, chain.KeyIssued)
		p.must(err)
		p.entry(system, chain.KeyIssued, last(slices.Clone(value)))
	}, audit.Total, "was issued"},
	{"more known to be taken in than was", func(p *planted) {
		p.own(chain.OutKey(2), func([]byte) []byte { return chain.Outward{Next: 5, Consumed: 5}.Encode() })
	}, audit.Crossings, "chain 1 knows that chain 2 took in 5 of its relays"},
	{"another block of an ancestor", func(p *planted) {
		head, err := p.Head(2)
		p.must(err)
		raw, _, err := p.Block(2, head.Height)
		p.must(err)
		b, err := chain.DecodeBlock(slices.Clone(raw))
		p.must(err)
		b.Header.Views[0].Hash[0] ^= 1
		p.put(p.keyOn(2, "body of block"), b.Append(nil))
	}, audit.Recorded, "chain 2 knows another block"},
	{"another block of a child", func(p *planted) { p.flip(p.keyOf("accumulator node, list 2, level 0,")) }, audit.Recorded, "chain 1 knows another block"},
}

// TestAuditFindsWhatCrossedWrong: each relay that a chain took in is held to what its source sent.
func TestAuditFindsWhatCrossedWrong(t *testing.T) {
	_, dir, _ := treeDir(t)
	for _, row := range crossingRows {
		t.Run(row.name, func(t *testing.T) {
			old := map[string][]byte{}
			inDir(t, dir, func(p *planted) {
				row.plant(p)
				old = p.old
			})
			r := auditAll(t, dir)
			if r.OK() {
				t.Error("not found")
			}
			if c := r.Check(row.check); !slices.ContainsFunc(c.Findings, func(f audit.Finding) bool { return strings.Contains(f.Words, row.says) }) {
				t.Errorf("no finding of %q says %q\n%s", row.check, row.says, words(t, r.Checks))
			}
			inDir(t, dir, func(p *planted) {
				p.old = old
				p.restore()
			})
		})
	}
	if r := auditAll(t, dir); !r.OK() {
		t.Fatalf("put back: %s", words(t, r))
	}
}

// TestAuditOfOldCopy: where a chain is there only as it was before others knew of its blocks, these are looked at as they were then, or it is
// said that this can't be done; and chains of two networks are no cut.
func TestAuditOfOldCopy(t *testing.T) {
	g, empty, dir, stuck := treeOf(t), t.TempDir(), t.TempDir(), t.TempDir()
	runTree(t, g, dir, carrier(), func(*node.Process) {})
	if err := os.CopyFS(empty, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	runTree(t, g, dir, carrier(), func(p *node.Process) { allToAll(t, p, g, 0) })
	if err := os.CopyFS(stuck, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	inDir(t, dir, func(p *planted) { p.lose(p.Keys(2)...) })
	inDir(t, stuck, func(p *planted) {
		head, err := p.Head(chain.Main)
		p.must(err)
		p.lose(p.Keys(2)...)
		for h := uint64(1); h <= head.Height; h++ {
			p.lose(store.UndoKey(h))
		}
	})
	inDir(t, empty, func(p *planted) { p.lose(slices.Concat(p.Keys(1), p.Keys(3), p.Keys(4))...) })
	r := auditAll(t, dir, empty)
	if !r.OK() || len(r.Cuts) != 3 {
		t.Error(words(t, r))
	}
	for _, c := range r.Chains {
		if !c.OK() {
			t.Errorf("chain %d in %s alone: %s", c.Chain, c.Dir, words(t, findings(&c.Report)))
		}
	}
	r = auditAll(t, stuck, empty)
	for check, says := range map[string]string{audit.Recorded: "take a later copy of it", audit.Crossings: "did not leave there up to block 0", audit.Total: "was issued"} {
		if c := r.Check(check); !slices.ContainsFunc(c.Findings, func(f audit.Finding) bool { return strings.Contains(f.Words, says) }) {
			t.Errorf("no finding of %q says %q\n%s", check, says, words(t, r.Checks))
		}
	}
	r = auditAll(t, dir)
	if c := r.Check(audit.Total); c.Result != audit.Skipped || c.Skipped != "chain 2 is in none of the directories" {
		t.Error(words(t, c))
	}
	other := treeOf(t)
	other.Name, other.Chains = "other", nil
	alone := t.TempDir()
	runTree(t, other, alone, nil, func(*node.Process) {})
	r = auditAll(t, dir, alone)
	for _, says := range []string{"is of network", "in one directory, and"} {
		if c := r.Check(audit.Network); !slices.ContainsFunc(c.Findings, func(f audit.Finding) bool { return strings.Contains(f.Words, says) }) {
			t.Errorf("nothing says %q: %s", says, words(t, r.Checks))
		}
	}
}
