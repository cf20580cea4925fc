package native_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

var network = chain.NetworkID{7}

// panel is a committee with its secrets.
type panel struct {
	chain.Committee
	secrets []keys.BLSSecret
}

// newPanel is a committee of n nodes with a seat each; salt tells it from others of the chain.
func newPanel(id chain.ID, epoch uint64, n int, salt byte) panel {
	p := panel{Committee: chain.Committee{Chain: id, Epoch: epoch, Seed: chain.Hash{salt}}}
	for i := range n {
		secret := keys.BLSFromSeed([32]byte{byte(id), salt, byte(i)})
		p.secrets = append(p.secrets, secret)
		p.Seats = append(p.Seats, chain.Seat{Node: keys.PublicKey{byte(id), salt, byte(i)}, Key: secret.Public()})
	}
	return p
}

// certify is the certificate of the first seats that confirm a header.
func (p *panel) certify(t testing.TB, h *chain.Header, seats int) chain.Certificate {
	t.Helper()
	c, err := light.NewCommittee(h.Network, p.Committee)
	if err != nil {
		t.Fatal(err)
	}
	v := chain.Vote{Step: chain.Confirmation, Network: h.Network, Chain: p.Chain, Epoch: p.Epoch, Height: h.Height, Round: h.Round, Block: h.Hash()}
	var parts []committee.Part
	for i := range seats {
		parts = append(parts, committee.Sign(p.secrets[i], v.Domain(), v.Append(nil), chain.SeatsOf(i)))
	}
	cert, bad := committee.Collect(c, &v, parts)
	if bad != nil {
		t.Fatalf("bad are %v", bad)
	}
	return cert
}

// line is a child with its blocks from height 1 on, and who certifies the next.
type line struct {
	t       testing.TB
	panel   panel
	headers []chain.Header
	panels  []panel // of the headers
}

func newLine(t testing.TB, p panel) *line { return &line{t: t, panel: p} }

// grow makes a block more, which sends values away.
func (l *line) grow(leaving ...chain.Leaving) *line {
	h := chain.Header{
		Network: network, Chain: l.panel.Chain, Height: uint64(len(l.headers)) + 1, Epoch: l.panel.Epoch, Parent: chain.BlockHash{9},
		Roots: chain.Roots{State: chain.Hash{byte(len(l.headers))}}, Committee: l.panel.Hash(), Next: l.panel.Hash(), Leaving: leaving,
	}
	if n := len(l.headers); n > 0 {
		h.Parent = l.headers[n-1].Hash()
	}
	l.headers, l.panels = append(l.headers, h), append(l.panels, l.panel)
	return l
}

// handOver makes a block more, behind which another committee follows.
func (l *line) handOver(next panel) *line {
	l.grow()
	l.headers[len(l.headers)-1].Next = next.Hash()
	l.panel = next
	return l
}

// fork is the line up to a height; what grows on it is another branch.
func (l *line) fork(height int) *line {
	return &line{l.t, l.panel, slices.Clone(l.headers[:height]), slices.Clone(l.panels[:height])}
}

// digest shows the blocks from one height to another, with a certificate of all seats.
func (l *line) digest(from, to int) chain.Digest {
	p := l.panels[to-1]
	d := chain.Digest{Headers: slices.Clone(l.headers[from-1 : to]), Certificate: p.certify(l.t, &l.headers[to-1], len(p.Seats))}
	if next := l.headers[to-1].Next; next != p.Hash() {
		d.Next = l.panel.Committee
		for _, other := range l.panels[to:] {
			if other.Hash() == next {
				d.Next = other.Committee
				break
			}
		}
	}
	return d
}

// branch is the chain of a panel as the registry tells its parent of it.
func branch(p panel, parent chain.ID, issued uint64) chain.Branch {
	return chain.Branch{Registration: chain.Registration{
		Limb: chain.Limb{ID: p.Chain, Parent: parent}, Name: fmt.Sprint("chain ", p.Chain), Params: chain.DefaultParams(), Issued: chain.NewAmount(issued), Committee: p.Hash(),
	}, Seats: p.Committee}
}

// family is the main chain, 1, with the children 2 and 3; 4 is under 2.
var family = chain.Tree{{ID: 1}, {ID: 2, Parent: 1}, {ID: 3, Parent: 1}, {ID: 4, Parent: 2}}

// records is the main chain of the family, with the panel's chain as its child.
func records(t testing.TB, p panel, issued uint64) *world {
	w := newWorld(t, chain.Main, family).rich(alice)
	w.ok(w.send(chain.RegistryAddress(), chain.DigestsAddress(1), chain.MethodChild, 0, branch(p, 1, issued).Encode()))
	return w
}

func (w *world) digest(d chain.Digest) exec.Outcome {
	w.t.Helper()
	if c, err := chain.DecodeCommittee(w.at(chain.DigestsAddress(w.context.Chain)).entries[chain.ChildCommitteeKey(d.Last().Chain)]); err == nil {
		w.limit = native.DigestGas(&d, &c, w.gate(d.Last().Chain))
		defer func() { w.limit = 0 }()
	}
	return w.send(alice, chain.DigestsAddress(w.context.Chain), chain.MethodDigest, 0, d.Append(nil))
}

func (w *world) child(id chain.ID) chain.Child {
	w.t.Helper()
	c, err := chain.DecodeChild(w.at(chain.DigestsAddress(w.context.Chain)).entries[chain.ChildKey(id)])
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// recorded holds what a digest left: the child, its accumulator, the event, and what the block is told.
func (w *world) recorded(l *line, o exec.Outcome, first, last int) {
	w.t.Helper()
	w.ok(o)
	id := l.panel.Chain
	if c := w.child(id); c.Anchor != l.headers[last-1].Anchor() || c.Committee != l.headers[last-1].Next {
		w.t.Fatalf("child %+v, want block %d", c, last)
	}
	var want merkle.Accumulator
	var nodes []merkle.Node
	var anchors []chain.Anchor
	for i := range l.headers[:last] {
		anchor := l.headers[i].Anchor()
		made := want.Append(light.AnchorLeaf(anchor))
		if i+1 >= first {
			nodes, anchors = append(nodes, made...), append(anchors, anchor)
		}
	}
	if got := w.at(chain.DigestsAddress(w.context.Chain)).entries[chain.AccumulatorKey(id)]; !bytes.Equal(got, want.Encode()) {
		w.t.Fatalf("accumulator %x, want %x", got, want.Encode())
	}
	list := o.Recorded()
	if len(list) != 1 || list[0].Child != id || list[0].First != uint64(first) || !slices.Equal(list[0].Nodes, nodes) || !slices.Equal(list[0].Anchors, anchors) {
		w.t.Fatalf("recorded %+v, want blocks %d to %d", list, first, last)
	}
	e := chain.RecordedEvent{Child: id, First: uint64(first), Last: uint64(last)}
	if len(o.Events) != 1 || o.Events[0].Topic != chain.EventRecorded || !bytes.Equal(o.Events[0].Body, e.Encode()) {
		w.t.Fatalf("events %+v, want %+v", o.Events, e)
	}
}

// nothing fails unless a digest changed nothing: it told what is known.
func (w *world) nothing(o exec.Outcome) {
	w.t.Helper()
	w.ok(o)
	if o.Writes != nil || o.Events != nil || o.Recorded() != nil {
		w.t.Fatalf("%+v, want nothing", o)
	}
}

// A child's whole life: blocks one by one and in runs, shown twice, overlapping, over two changes of committee.
func TestDigests(t *testing.T) {
	for _, seats := range []int{1, 4} {
		first, second, third := newPanel(2, 0, seats, 1), newPanel(2, 1, 4, 2), newPanel(2, 2, 1, 3)
		l := newLine(t, first).grow().grow().grow().handOver(second).grow().handOver(third).grow()
		w := records(t, first, 0)
		w.recorded(l, w.digest(l.digest(1, 1)), 1, 1)
		w.nothing(w.digest(l.digest(1, 1)))
		w.recorded(l, w.digest(l.digest(1, 3)), 2, 3) // the first is known
		w.nothing(w.digest(l.digest(2, 3)))
		w.unchanged(func() {
			w.want(w.digest(l.digest(1, 2)), chain.StatusRefused, "recorded up to 3, and the digest ends at 2")
		})
		w.unchanged(func() { w.want(w.digest(l.digest(4, 5)), chain.StatusRefused, "change of committee") })
		w.recorded(l, w.digest(l.digest(4, 4)), 4, 4)
		w.nothing(w.digest(l.digest(3, 4)))
		w.recorded(l, w.digest(l.digest(5, 6)), 5, 6)
		w.recorded(l, w.digest(l.digest(7, 7)), 7, 7)
		if c := w.child(2); c.Epoch != 2 || c.Committee != third.Hash() || c.Forked {
			t.Errorf("at the end %+v", c)
		}
	}
}

// What is no proof of the next blocks records nothing, and what came with it is back.
func TestDigestRefused(t *testing.T) {
	p := newPanel(2, 0, 4, 1)
	l := newLine(t, p).grow().grow().grow().grow()
	edit := func(change func(h *chain.Header)) chain.Digest {
		k := l.fork(3)
		change(&k.headers[2])
		return k.digest(3, 3)
	}
	stranger := newPanel(2, 0, 4, 9)
	strange := l.fork(2)
	strange.panel = stranger
	strange.grow()
	others := l.digest(3, 3)
	others.Certificate = stranger.certify(t, &l.headers[2], 4)
	few := l.digest(3, 3)
	few.Certificate = p.certify(t, &l.headers[2], 2)
	unsigned := l.digest(3, 3)
	unsigned.Certificate.Signature[5] ^= 1
	earlier := l.digest(3, 4)
	earlier.Certificate = l.digest(3, 3).Certificate
	unlinked := l.digest(3, 4)
	unlinked.Headers[0].GasUsed++
	next := l.digest(3, 3)
	next.Next = newPanel(2, 1, 4, 2).Committee
	hidden := l.fork(2).handOver(newPanel(2, 1, 4, 2)).digest(3, 3)
	hidden.Next = chain.Committee{}
	for _, x := range []struct {
		name   string
		digest chain.Digest
		words  string
	}{
		{"gap", l.digest(4, 4), "leaves out blocks behind 2"},
		{"another network", edit(func(h *chain.Header) { h.Network[0]++ }), "another network"},
		{"another chain", edit(func(h *chain.Header) { h.Chain = 3 }), "chain 3 is no child of chain 1"},
		{"this chain", edit(func(h *chain.Header) { h.Chain = 1 }), "chain 1 is no child of chain 1"},
		{"a grandchild", edit(func(h *chain.Header) { h.Chain = 4 }), "chain 4 is no child of chain 1"},
		{"another epoch", edit(func(h *chain.Header) { h.Epoch++ }), "another network, chain, epoch"},
		{"another committee named", edit(func(h *chain.Header) { h.Committee[0]++ }), "names committee"},
		{"another committee", strange.digest(3, 3), "names committee"},
		{"certified by others", others, "block 3"},
		{"too few seats", few, "has too few seats"},
		{"bad signature", unsigned, "block 3"},
		{"certificate of another block", earlier, "not of one block"},
		{"unlinked", unlinked, "no run of linked blocks"},
		{"a committee that does not follow", next, "change of committee"},
		{"a handover without the committee", hidden, "change of committee"},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := records(t, p, 0)
			w.ok(w.digest(l.digest(1, 2)))
			w.unchanged(func() { w.want(w.digest(x.digest), chain.StatusRefused, x.words) })
		})
	}
}

// What is said of another message than a digest.
func TestDigestInputs(t *testing.T) {
	w := records(t, newPanel(2, 0, 1, 1), 0)
	one := newLine(t, newPanel(2, 0, 1, 1)).grow().digest(1, 1)
	digest := one.Append(nil)
	for _, x := range []struct {
		name, method string
		amount       uint64
		input        []byte
		status       chain.Status
		words        string
	}{
		{"nothing", chain.MethodDigest, 0, nil, chain.StatusBadInput, "digest: "},
		{"more", chain.MethodDigest, 0, append(bytes.Clone(digest), 0), chain.StatusBadInput, "behind its end"},
		{"with money", chain.MethodDigest, 5, digest, chain.StatusBadInput, "takes no amount"},
		{"another method", "dance", 5, digest, chain.StatusUnknownMethod, `"dance" is no method of the system actor`},
		{"no method", "", 5, digest, chain.StatusUnknownMethod, "no method"},
		{"the registry's", chain.MethodCreate, 5, digest, chain.StatusUnknownMethod, "no method"},
		{"init", chain.MethodInit, 5, digest, chain.StatusUnknownMethod, "no method"},
		{"child from anybody", chain.MethodChild, 0, branch(newPanel(3, 0, 1, 1), 1, 0).Encode(), chain.StatusRefused, "only the registry"},
	} {
		w.unchanged(func() { w.want(w.send(alice, chain.DigestsAddress(1), x.method, x.amount, x.input), x.status, x.words) })
	}
}

// Money that is given to a system actor stays there, as with every account; what bounces to it, and what is left of gas, too.
func TestCommonMessages(t *testing.T) {
	for _, to := range []chain.Address{chain.DigestsAddress(1), chain.RegistryAddress(), chain.NodesAddress()} {
		w := newWorld(t, chain.Main, family).rich(alice)
		for _, method := range []string{chain.MethodAdd, chain.MethodBounce, chain.MethodRefund} {
			w.ok(w.send(alice, to, method, 7, nil))
		}
		if got := w.at(to).account; got != (chain.Account{Balance: chain.NewAmount(21)}) {
			t.Errorf("%+v", got)
		}
	}
}

// The registry alone says which chains are children, of this chain alone, and saying it twice changes nothing.
func TestAdopt(t *testing.T) {
	p := newPanel(2, 0, 4, 1)
	w := records(t, p, 50)
	want := chain.Child{Known: chain.Known{Committee: p.Hash()}, Issued: chain.NewAmount(50)}
	if c := w.child(2); c != want {
		t.Fatalf("%+v, want %+v", c, want)
	}
	w.ok(w.send(alice, chain.RegistryAddress(), chain.MethodAdd, 5, nil))
	tell := func(amount uint64, b []byte) exec.Outcome {
		return w.send(chain.RegistryAddress(), chain.DigestsAddress(1), chain.MethodChild, amount, b)
	}
	l := newLine(t, p).grow()
	w.ok(w.digest(l.digest(1, 1)))
	w.nothing(tell(0, branch(newPanel(2, 0, 1, 5), 1, 70).Encode()))
	other := branch(newPanel(3, 0, 1, 1), 1, 0)
	other.Committee[0]++
	w.unchanged(func() {
		w.want(tell(0, branch(newPanel(4, 0, 1, 1), 2, 0).Encode()), chain.StatusRefused, "chain 4 is under chain 2, and this is chain 1")
		w.want(tell(0, nil), chain.StatusBadInput, "child: ")
		w.want(tell(5, branch(newPanel(3, 0, 1, 1), 1, 0).Encode()), chain.StatusBadInput, "takes no amount")
		w.want(tell(0, other.Encode()), chain.StatusBadInput, "is not the committee whose hash is registered")
	})
	if c := w.child(2); c.Anchor.Height != 1 || c.Issued != chain.NewAmount(50) {
		t.Errorf("%+v", c)
	}
}

// Two blocks that one committee certified at the last height recorded are evidence: the recorded one counts, and the child goes on
// (SPEC 4.9). What one of another committee says, or nobody certified, is none.
func TestFork(t *testing.T) {
	p := newPanel(2, 0, 4, 1)
	l := newLine(t, p).grow().grow().grow()
	branch := l.fork(1)
	branch.grow(chain.Leaving{Chain: 3, Amount: chain.NewAmount(0)}).grow().grow()
	forked := chain.ForkedEvent{Child: 2, Height: 2, Recorded: l.headers[1].Hash(), Other: branch.headers[1].Hash()}
	for _, x := range []struct {
		name     string
		from, to int
	}{{"at the height", 2, 2}, {"at it and behind", 2, 4}, {"before and behind it", 1, 4}, {"behind it", 3, 4}} {
		t.Run(x.name, func(t *testing.T) {
			w := records(t, p, 0)
			w.ok(w.digest(l.digest(1, 2)))
			before := w.child(2)
			o := w.ok(w.digest(branch.digest(x.from, x.to)))
			if len(o.Events) != 1 || o.Events[0].Topic != chain.EventForked || !bytes.Equal(o.Events[0].Body, forked.Encode()) || o.Recorded() != nil {
				t.Fatalf("events %+v, recorded %+v", o.Events, o.Recorded())
			}
			before.Forked = true
			if c := w.child(2); c != before {
				t.Fatalf("%+v, want %+v", c, before)
			}
			w.nothing(w.digest(branch.digest(x.from, x.to)))
			w.recorded(l, w.digest(l.digest(2, 3)), 3, 3)
		})
	}
	stranger := newLine(t, newPanel(2, 0, 4, 9)).grow().grow()
	uncertified := branch.digest(2, 4)
	uncertified.Certificate.Signature[5] ^= 1
	few := branch.digest(2, 2)
	few.Certificate = p.certify(t, &branch.headers[1], 2)
	unlinked := branch.digest(2, 4)
	unlinked.Headers[0].GasUsed++
	w := records(t, p, 0)
	w.ok(w.digest(l.digest(1, 2)))
	for _, d := range []chain.Digest{stranger.digest(2, 2), uncertified, few, unlinked, branch.digest(4, 4)} {
		w.unchanged(func() { w.want(w.digest(d), chain.StatusRefused, "") })
	}
}

// two is a fork message's input: the block of a line at a height that is recorded up to another one, and a run of another line.
func (l *line) two(height, recorded int, other chain.Digest) chain.ForkInput {
	l.t.Helper()
	var anchors merkle.Accumulator
	kept := map[[2]uint64]merkle.Hash{}
	for i := range recorded {
		for _, n := range anchors.Append(light.AnchorLeaf(l.headers[i].Anchor())) {
			kept[[2]uint64{uint64(n.Level), n.Index}] = n.Hash
		}
	}
	place, err := merkle.ProvePlace(uint64(recorded), uint64(height-1), func(level uint8, index uint64) (merkle.Hash, error) {
		return kept[[2]uint64{uint64(level), index}], nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return chain.ForkInput{Recorded: l.headers[height-1], Place: place.Append(nil), Committee: l.panels[height-1].Committee, Other: other}
}

func (w *world) fork(in chain.ForkInput) exec.Outcome {
	return w.send(alice, chain.DigestsAddress(w.context.Chain), chain.MethodFork, 0, in.Encode())
}

// Two blocks of one height are evidence however old they are, and whoever certifies by now (SPEC 4.9, 7.2).
func TestOldFork(t *testing.T) {
	first, second := newPanel(2, 0, 4, 1), newPanel(2, 1, 4, 2)
	l := newLine(t, first).grow().grow()
	branch := l.fork(1)
	branch.grow(chain.Leaving{Chain: 3, Amount: chain.NewAmount(0)}).grow()
	l.handOver(second).grow().grow().grow()
	late := l.fork(5)
	late.grow(chain.Leaving{Chain: 3, Amount: chain.NewAmount(0)}).grow()
	handed := l.fork(2).grow() // goes on with the old committee where the recorded block hands over
	handed.panel, handed.panels[2] = first, first
	handed.headers[2].Epoch, handed.headers[2].Committee, handed.headers[2].Next = 0, first.Hash(), first.Hash()
	for _, x := range []struct {
		name     string
		branch   *line
		height   int
		from, to int
	}{
		{"old", branch, 2, 2, 2}, {"old, by what descends from it", branch, 2, 2, 3}, {"old, behind it", branch, 2, 3, 3},
		{"at a handover", handed, 3, 3, 3}, {"of the committee now", late, 6, 6, 7}, {"of the committee now, behind it", late, 6, 7, 7},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := records(t, first, 0)
			w.ok(w.digest(l.digest(1, 3)))
			w.ok(w.digest(l.digest(4, 6)))
			want := w.child(2)
			in := l.two(x.height, 6, x.branch.digest(x.from, x.to))
			forked := chain.ForkedEvent{Child: 2, Height: uint64(x.height), Recorded: l.headers[x.height-1].Hash(), Other: x.branch.headers[x.height-1].Hash()}
			o := w.ok(w.fork(in))
			if len(o.Events) != 1 || o.Events[0].Topic != chain.EventForked || !bytes.Equal(o.Events[0].Body, forked.Encode()) || o.Recorded() != nil {
				t.Fatalf("events %+v, recorded %+v", o.Events, o.Recorded())
			}
			want.Forked = true
			if c := w.child(2); c != want {
				t.Fatalf("%+v, want %+v", c, want)
			}
			w.nothing(w.fork(in))
		})
	}
}

// What shows less than two certified blocks of one height is none: each part of a fork message is checked.
func TestNoFork(t *testing.T) {
	p := newPanel(2, 0, 4, 1)
	l := newLine(t, p).grow().grow().grow().grow()
	branch := l.fork(1)
	branch.grow(chain.Leaving{Chain: 3, Amount: chain.NewAmount(0)}).grow().grow()
	w := records(t, p, 0)
	w.ok(w.digest(l.digest(1, 4)))
	good := func() chain.ForkInput { return l.two(2, 4, branch.digest(2, 3)) }
	for _, x := range []struct {
		name, words string
		change      func(in *chain.ForkInput)
	}{
		{"the same block", "no other block of that height", func(in *chain.ForkInput) { in.Other = l.digest(2, 3) }},
		{"behind the same block", "no other block of that height", func(in *chain.ForkInput) { in.Other = l.digest(3, 3) }},
		{"of a later height", "no other block of that height", func(in *chain.ForkInput) { in.Other = branch.digest(4, 4) }},
		{"of an earlier height", "no other block of that height", func(in *chain.ForkInput) { in.Other = l.digest(1, 1) }},
		{"not recorded", "is not shown to be recorded", func(in *chain.ForkInput) { in.Recorded, in.Other = branch.headers[1], l.digest(2, 3) }},
		{"of another height", "is recorded as leaf", func(in *chain.ForkInput) { in.Recorded = l.headers[2] }},
		{"of height 0", "is recorded as leaf", func(in *chain.ForkInput) { in.Recorded.Height = 0 }},
		{"of another chain", "is no child", func(in *chain.ForkInput) { in.Recorded.Chain = 3 }},
		{"place of before", "is not shown to be recorded", func(in *chain.ForkInput) { in.Place = l.two(2, 2, in.Other).Place }},
		{"no place", "fork: ", func(in *chain.ForkInput) { in.Place = nil }},
		{"committee of others", "another one is shown", func(in *chain.ForkInput) { in.Committee = newPanel(2, 0, 4, 9).Committee }},
		{"not certified", "another one is not proven", func(in *chain.ForkInput) { in.Other.Certificate.Signature[5] ^= 1 }},
		{"too few", "another one is not proven", func(in *chain.ForkInput) {
			in.Other = branch.digest(2, 2)
			in.Other.Certificate = p.certify(t, &branch.headers[1], 2)
		}},
		{"not linked", "another one is not proven", func(in *chain.ForkInput) { in.Other.Headers[0].GasUsed++ }},
	} {
		t.Run(x.name, func(t *testing.T) {
			in := good()
			x.change(&in)
			w.unchanged(func() {
				if o := w.fork(in); o.Status != chain.StatusRefused && o.Status != chain.StatusBadInput || !strings.Contains(o.Reason, x.words) {
					t.Errorf("status %q (%s), want %q", o.Status, o.Reason, x.words)
				}
			})
		})
	}
	w.unchanged(func() {
		w.want(w.send(alice, chain.DigestsAddress(1), chain.MethodFork, 5, good().Encode()), chain.StatusBadInput, "takes no amount")
		w.want(w.send(alice, chain.DigestsAddress(1), chain.MethodFork, 0, nil), chain.StatusBadInput, "fork: ")
	})
	w.ok(w.fork(good()))
}

// Where the recorded block handed over, the digest of another one shows nothing by itself: who certified it is not known any more.
func TestForkAtAHandover(t *testing.T) {
	first, second := newPanel(2, 0, 4, 1), newPanel(2, 1, 4, 2)
	l := newLine(t, first).grow()
	other := l.fork(1).grow()
	l.handOver(second).grow()
	w := records(t, first, 0)
	w.ok(w.digest(l.digest(1, 2)))
	w.unchanged(func() { w.want(w.digest(other.digest(2, 2)), chain.StatusRefused, "another one is not proven") })
	w.ok(w.fork(l.two(2, 2, other.digest(2, 2))))
	w.recorded(l, w.digest(l.digest(3, 3)), 3, 3)
}

// A committee with keys that are none has lost its chain's say, and stops nothing else.
func TestUndecodableCommittee(t *testing.T) {
	first, second := newPanel(2, 0, 1, 1), newPanel(2, 1, 1, 2)
	second.Seats[0].Key = keys.BLSPublicKey{1}
	l := newLine(t, first).handOver(second)
	w := records(t, first, 0)
	w.recorded(l, w.digest(l.digest(1, 1)), 1, 1)
	d := l.digest(1, 1)
	d.Headers[0].Height = 2
	w.unchanged(func() { w.want(w.digest(d), chain.StatusRefused, "chain 2: committee: seat 0") })
}

// A digest without gas for the whole of it changes nothing, wherever it ends.
func TestDigestGas(t *testing.T) {
	p := newPanel(2, 0, 4, 1)
	w := records(t, p, 100)
	d := newLine(t, p).grow(chain.Leaving{Chain: 3, Amount: chain.NewAmount(5)}).grow().digest(1, 2)
	m := w.message(alice, chain.DigestsAddress(1), chain.MethodDigest, chain.Amount{}, d.Append(nil))
	h := w.at(m.To)
	o, err := exec.Apply(&w.context, m.To, h.account, h, m.Seal())
	if err != nil || o.Status != chain.StatusOK {
		t.Fatalf("%+v, error %v", o, err)
	}
	for _, limit := range []uint64{o.GasUsed, o.GasUsed - 1, o.GasUsed / 2, 2_000_000, 1_000_000, 10_000, 0} {
		m = m.Clone()
		m.GasLimit = limit
		got, err := exec.Apply(&w.context, m.To, h.account, h, m.Seal())
		want := chain.StatusOutOfGas
		if limit == o.GasUsed {
			want = chain.StatusOK
		}
		if err != nil || got.Status != want {
			t.Errorf("gas limit %d: %q (%s), error %v", limit, got.Status, got.Reason, err)
		}
	}
}

// The longest runs that a message brings are recorded, whoever certifies them: a chain of the genesis with the most nodes, and of a node's
// seats apart, isn't cut off by the gas of its digests.
func TestMostNodesAreRecorded(t *testing.T) {
	c := chain.Committee{Chain: 2, Seats: make([]chain.Seat, chain.MaxSeats)}
	for i := range c.Seats {
		n := i * chain.MaxChildNodes / chain.MaxSeats
		c.Seats[i] = chain.Seat{Node: keys.PublicKey{byte(n), byte(n >> 8)}, Key: keys.BLSPublicKey{byte(n), byte(n >> 8)}}
	}
	if c.Nodes() != chain.MaxChildNodes {
		t.Fatalf("%d nodes", c.Nodes())
	}
	for _, leaving := range []int{0, 1, 10, chain.MaxDestinations} {
		h := chain.Header{Chain: 2, Next: chain.Hash{1}}
		for i := range leaving {
			h.Leaving = append(h.Leaving, chain.Leaving{Chain: chain.ID(i + 1), Amount: chain.MaxAmount})
		}
		d := chain.Digest{Certificate: chain.Certificate{Step: chain.Confirmation, Chain: 2, Bitmap: chain.SeatsOf(chain.MaxSeats - 1)}}
		for len(d.Headers) < chain.MaxDigestHeaders {
			more := d
			more.Headers = append(more.Headers, h)
			if len(more.Append(nil)) > chain.MaxInputBytes {
				break
			}
			d = more
		}
		if len(d.Headers) == 0 {
			t.Fatalf("no header with %d values fits", leaving)
		}
		if units := native.DigestGas(&d, &c, nil); units >= chain.MaxMessageGas-8<<20 {
			t.Errorf("%d headers with %d values each take %d gas", len(d.Headers), leaving, units)
		}
	}
}
