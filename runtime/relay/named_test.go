package relay_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// proposed is a block that was made and is not final, and where it was made.
type proposed struct {
	*trunk
	*chain.Block
	before *block.Before
}

// proposal is the chain's next block, of which nothing is kept.
func (c *trunk) proposal() *proposed {
	c.t.Helper()
	before := c.before()
	tag, r, faults := c.make()
	if len(faults) > 0 {
		c.t.Fatal(faults)
	}
	c.verify(before, r)
	if err := c.host.Discard(tag); err != nil {
		c.t.Fatal(err)
	}
	if err := c.tree.Discard(r.Version); err != nil {
		c.t.Fatal(err)
	}
	return &proposed{c, r.Block, before}
}

// with is the block's bytes with other imports, under a header that names them.
func (p *proposed) with(change func([]chain.Import) []chain.Import) []byte {
	p.t.Helper()
	b, err := chain.DecodeBlock(p.Append(nil))
	if err != nil {
		p.t.Fatal(err)
	}
	b.Arrived.Imports = change(b.Arrived.Imports)
	b.Header.Roots.Inputs = block.InputsRoot(b, nil)
	return b.Append(nil)
}

// prepared is what the chain's one seat signs that prepares a block.
func (p *proposed) prepared(raw []byte) *light.Claim {
	p.t.Helper()
	h, err := chain.DecodeBlockHeader(raw)
	if err != nil {
		p.t.Fatal(err)
	}
	v := chain.Vote{Step: chain.Preparation, Network: h.Network, Chain: p.id, Epoch: h.Epoch, Height: h.Height, Round: h.Round, Block: h.Hash()}
	signature, err := committee.Sign(p.secret, v.Domain(), v.Append(nil), chain.SeatsOf(0)).Point.Signature()
	if err != nil {
		p.t.Fatal(err)
	}
	return &light.Claim{Vote: &v, Seats: chain.SeatsOf(0), Signature: signature}
}

// named is what somebody finds who has the bytes of a case against who prepared a block, knows the committee, and has no state.
func (p *proposed) named(raw []byte, fault *block.Fault) (*evidence.Verdict, error) {
	p.t.Helper()
	shown, err := (&evidence.Scene{Before: p.before, Rules: p.rules}).Show(raw, fault)
	if err != nil {
		return nil, err
	}
	seats, err := p.before.Committee()
	if err != nil {
		p.t.Fatal(err)
	}
	k, err := evidence.AgainstBacker(seats, p.prepared(raw), shown)
	if err != nil {
		return nil, err
	}
	if k, err = evidence.Decode(k.Encode()); err != nil {
		return nil, err
	}
	return k.Judge(evidence.Trust{Network: p.header.Network, Committee: seats.Hash()}, nil)
}

// A block that takes in what it must not is invalid whatever is wrong with it, and who proposed it is named to anybody who knows the committee
// alone (SPEC 6.6, 8.3).
func TestFalseImportsNameTheProposer(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	for range 2 {
		f.trunks[a].pay(1, 5, 0, wallet(b, 1))
		f.trunks[a].pay(2, 5, 0, wallet(b, 1))
		f.trunks[a].shown()
	}
	f.trunks[a1].pay(1, 5, 0, wallet(b, 2))
	f.trunks[a1].shown()
	p := f.trunks[b].proposal()
	if list := p.Arrived.Imports; len(list) != 3 || list[0].Source != a || len(list[0].Messages) != 2 || list[2].Source != a1 {
		t.Fatalf("imports %+v", list)
	}
	edit := func(change func(*chain.Import)) func([]chain.Import) []chain.Import {
		return func(list []chain.Import) []chain.Import { change(&list[0]); return list }
	}
	message := func(change func(*chain.Message)) func([]chain.Import) []chain.Import {
		return edit(func(im *chain.Import) {
			m := im.Messages[0].Clone()
			change(m)
			im.Messages[0] = m.Seal()
		})
	}
	for _, x := range []struct {
		name, says string
		change     func([]chain.Import) []chain.Import
	}{
		{"one left out", "relay 2, and 0 is expected", func(list []chain.Import) []chain.Import { return list[1:] }},
		{"one again under the next numbers", "outbox", func(list []chain.Import) []chain.Import {
			again := list[0]
			again.First += uint64(len(again.Messages))
			return []chain.Import{list[0], again}
		}},
		{"more money", "outbox", message(func(m *chain.Message) { m.Amount, _ = m.Amount.Add(chain.NewAmount(1)) })},
		{"to somebody else", "outbox", message(func(m *chain.Message) { m.To = wallet(b, 3) })},
		{"from an account of another chain", "does not belong", message(func(m *chain.Message) { m.From = wallet(main, 1) })},
		{"for another chain", "does not belong", message(func(m *chain.Message) { m.To = wallet(main, 1) })},
		{"of another network", "does not belong", message(func(m *chain.Message) { m.Network[0] ^= 1 })},
		{"the last one cut off", "outbox", edit(func(im *chain.Import) { im.Messages = im.Messages[:1] })},
		{"turned round", "outbox", edit(func(im *chain.Import) { slices.Reverse(im.Messages) })},
		{"a proof cut short", "", edit(func(im *chain.Import) { im.Proof = im.Proof[:len(im.Proof)-1] })},
		{"no proof", "", edit(func(im *chain.Import) { im.Proof = nil })},
		{"a proof with more behind it", "", edit(func(im *chain.Import) { im.Proof = append(bytes.Clone(im.Proof), 0) })},
		{"the longest proof", "", edit(func(im *chain.Import) {
			im.Proof = append(bytes.Clone(im.Proof), make([]byte, chain.MaxImportProof-len(im.Proof))...)
		})},
		{"the proof of others", "outbox", func(list []chain.Import) []chain.Import { list[0].Proof = list[1].Proof; return list }},
		{"the proof of another chain", "", func(list []chain.Import) []chain.Import { list[0].Proof = list[2].Proof; return list }},
		{"said to be of another chain", "", func(list []chain.Import) []chain.Import { list[1].Source, list[1].First = a2, 0; return list[1:2] }},
	} {
		t.Run(x.name, func(t *testing.T) { p.isNamed(t, p.with(x.change), x.says) })
	}
	f.trunks[b].grow() // takes all of it in
	late := f.trunks[b].proposal()
	late.isNamed(t, late.with(func([]chain.Import) []chain.Import { return p.Arrived.Imports[:1] }), "relay 0, and 4 is expected")
}

// isNamed holds that a block is invalid for its imports, and that this is shown against who prepared it.
func (p *proposed) isNamed(t *testing.T, raw []byte, says string) {
	t.Helper()
	_, fault, err := block.Verify(p.before, p.rules, raw)
	if err != nil || fault == nil || fault.Part != block.PartImports || !strings.Contains(fault.Got, says) {
		t.Fatalf("the fault is %v, want one of %s that says %q; %v", fault, block.PartImports, says, err)
	}
	v, err := p.named(raw, fault)
	if err != nil || v.Kind != evidence.InvalidBlock || v.Fault.Error() != fault.Error() {
		t.Fatalf("%v is shown as %+v, %v", fault, v, err)
	}
	if len(v.Guilty) != 1 || v.Guilty[0].Member != seatOf(p.id) {
		t.Errorf("guilty are %+v", v.Guilty)
	}
}
