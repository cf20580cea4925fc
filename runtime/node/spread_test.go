package node

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/thinkey/thinkey/cluster/overlay"
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// newFollowed is a committee of four, and so many nodes without a seat, that don't ask for blocks by themselves.
func newFollowed(t *testing.T, followers int) *committeeRig {
	r := newCommittee(t, 4+followers)
	r.genesis.Committee.Seats, r.genesis.Possession = r.genesis.Committee.Seats[:4], r.genesis.Possession[:4]
	return r
}

func (r *committeeRig) openDeaf(i int, wrap func(Net) Net) {
	c := r.config(i, true)
	if i >= 4 {
		c.Member.Resend = time.Hour
	}
	if wrap != nil {
		c.Member.Net = wrap(c.Member.Net)
	}
	r.nodes[i] = open(r.t, c)
}

// SPEC 10.2: nodes without a seat have every block at once, without asking the members for any, and less than two full copies on average.
func TestSpread(t *testing.T) {
	const followers, blocks = 6, 8
	r := newFollowed(t, followers)
	for i := range r.nodes {
		r.openDeaf(i, nil)
	}
	for k := range uint64(blocks) {
		r.pay(0, payment(r.nodes[0], 1, 2, 1, k)) // until all have it
	}
	r.agree()
	copies := 0.0
	for _, n := range r.nodes {
		copies += counted(t, n, "thinkey_spread_full_total")
	}
	if made := float64(r.nodes[0].Head().Header.Height); copies > 2*followers*made {
		t.Errorf("%g full copies of %g blocks to %d followers", copies, made, followers)
	}
}

// mute loses the blocks that a node spreads in full, or their names as well.
type mute struct {
	Net
	names bool
}

func (m mute) Peers() []keys.PublicKey { return m.Net.(peersNet).Peers() }

func (m mute) Send(to keys.PublicKey, raw []byte) {
	if raw[0] == frameBlock || m.names && raw[0] == frameName {
		return
	}
	m.Net.Send(to, raw)
}

// Who proposed a block sends it to nobody in full, or to nobody at all: who hears its name asks those who say they have it.
func TestSpreadWithoutPush(t *testing.T) {
	r := newFollowed(t, 3)
	for i := range r.nodes {
		r.openDeaf(i, func(n Net) Net {
			if i < 3 {
				return mute{n, i < 2}
			}
			return n
		})
	}
	for k := range uint64(6) {
		r.pay(0, payment(r.nodes[0], 1, 2, 1, k))
	}
	r.agree()
	asked := 0.0
	for _, n := range r.nodes[4:] {
		asked += counted(t, n, "thinkey_spread_asked_total")
	}
	if asked == 0 {
		t.Error("nobody asked")
	}
}

// Bytes that no certificate shows are passed on to nobody, and held against who sent them. What is final here already is nobody's fault.
func TestSpreadLies(t *testing.T) {
	r := newFollowed(t, 3)
	liar := r.wires.Port(memberKey(6))
	for i := range r.nodes[:6] {
		r.openDeaf(i, nil)
	}
	r.pay(0, payment(r.nodes[0], 1, 2, 1, 0))
	list, err := r.nodes[0].kept.Finals(1)
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	frame := func(f bft.Final) []byte {
		return append([]byte{frameBlock}, bft.Encode(&bft.Finals{Blocks: []bft.Final{f}})...)
	}
	higher := func(change func(f *bft.Final, h *chain.Header)) []byte {
		f := list[0]
		b, err := chain.DecodeBlock(f.Raw)
		if err != nil {
			t.Fatal(err)
		}
		b.Header.Height, b.Header.Parent = 2, f.Certificate.Block
		f.Certificate.Height, f.Certificate.Block = 2, b.Header.Hash()
		f.Raw = b.Append(nil)
		change(&f, &b.Header)
		return frame(f)
	}
	lies := [][]byte{
		{frameBlock}, append([]byte{frameBlock}, "junk"...), {frameName, 1}, {frameAsk},
		append([]byte{frameBlock}, bft.Encode(&bft.Status{Head: 9})...),
		append([]byte{frameBlock}, bft.Encode(&bft.Finals{})...),
		higher(func(*bft.Final, *chain.Header) {}),                                               // the certificate of another height
		higher(func(f *bft.Final, _ *chain.Header) { f.Certificate.Block = chain.BlockHash{1} }), // of another block
		higher(func(f *bft.Final, _ *chain.Header) { f.Raw = append(f.Raw, 0) }),
	}
	before := counted(t, r.nodes[4], "thinkey_consensus_rejected_total")
	for _, raw := range append(lies, frame(list[0])) {
		liar.Send(memberKey(4), raw)
	}
	r.pay(4, payment(r.nodes[4], 1, 2, 1, 1)) // what was sent before was looked at before, or is with the block that follows
	r.pay(4, payment(r.nodes[4], 1, 2, 1, 2))
	deadline, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for counted(t, r.nodes[4], "thinkey_consensus_rejected_total")-before < float64(len(lies)) {
		if err := r.nodes[4].AwaitAbove(deadline, r.nodes[4].Head().Header.Height-1); err != nil || deadline.Err() != nil {
			t.Fatalf("%g of %d lies were seen: %v", counted(t, r.nodes[4], "thinkey_consensus_rejected_total")-before, len(lies), err)
		}
	}
	if n := counted(t, r.nodes[5], "thinkey_consensus_rejected_total"); n > 0 {
		t.Errorf("%g lies were passed on", n)
	}
}

// deaf hears nothing.
type deaf struct{ Net }

func (d deaf) Peers() []keys.PublicKey { return d.Net.(peersNet).Peers() }

func (d deaf) Hold(func(from keys.PublicKey, raw []byte, taken func())) {}

// A block is passed on for its certificate, before its time too; not if a byte of it is another's.
func TestSpreadJudges(t *testing.T) {
	r := newFollowed(t, 1)
	for i := range r.nodes[:4] {
		r.openDeaf(i, nil)
	}
	r.pay(0, payment(r.nodes[0], 1, 2, 1, 0))
	r.pay(0, payment(r.nodes[0], 1, 2, 1, 1))
	r.openDeaf(4, func(n Net) Net { return deaf{n} })
	list, err := r.nodes[0].kept.Finals(1)
	if err != nil || len(list) < 2 {
		t.Fatalf("%d blocks, %v", len(list), err)
	}
	judged := func(at int, f bft.Final) overlay.Verdict {
		v, _, _, _ := r.nodes[at].member.spread.judge(bft.Encode(&bft.Finals{Blocks: []bft.Final{f}}))
		return v
	}
	for _, f := range list[:2] {
		if v := judged(4, f); v != overlay.Good {
			t.Errorf("height %d: %d", f.Certificate.Height, v)
		}
		if v := judged(0, f); v != overlay.Void {
			t.Errorf("height %d, where it is final: %d", f.Certificate.Height, v)
		}
		for at := range f.Raw {
			other := f
			other.Raw = slices.Clone(f.Raw)
			other.Raw[at] ^= 1
			if v := judged(4, other); v == overlay.Good {
				t.Fatalf("height %d with another byte %d: %d", f.Certificate.Height, at, v)
			}
		}
		other := f
		other.Certificate.Signature[7] ^= 1
		if v := judged(4, other); v != overlay.Bad {
			t.Errorf("height %d with another signature: %d", f.Certificate.Height, v)
		}
	}
	r.stop(4)
}

// certified is a block with a certificate of some of the four members' votes.
func (r *committeeRig) certified(f bft.Final, members ...int) bft.Final {
	r.t.Helper()
	c := r.nodes[4].member.epoch.Config.Committee
	v := chain.Vote{Step: chain.Confirmation, Network: c.Network(), Chain: c.Chain(), Epoch: c.Epoch(), Height: f.Certificate.Height, Round: f.Certificate.Round, Block: f.Certificate.Block}
	var parts []committee.Part
	for _, i := range members {
		node, secret := memberKeys(i)
		parts = append(parts, committee.Sign(secret, v.Domain(), v.Append(nil), c.Held(node)))
	}
	cert, bad := committee.Collect(c, &v, parts)
	if bad != nil {
		r.t.Fatal(bad)
	}
	return bft.Final{Raw: f.Raw, Certificate: cert}
}

// One block is passed on once, with whichever certificate it came first: who has all votes can't make others send it round without end.
func TestSpreadsOneCertificate(t *testing.T) {
	r := newFollowed(t, 3)
	for i := range r.nodes[:4] {
		r.openDeaf(i, nil)
	}
	r.pay(0, payment(r.nodes[0], 1, 2, 1, 0))
	r.pay(0, payment(r.nodes[0], 1, 2, 1, 1))
	r.openDeaf(4, func(n Net) Net { return deaf{n} })
	for i := 5; i < 7; i++ {
		r.wires.Port(memberKey(i))
	}
	list, err := r.nodes[0].kept.Finals(1)
	if err != nil || len(list) < 2 {
		t.Fatalf("%d blocks, %v", len(list), err)
	}
	m := r.nodes[4].member
	s := newSpreading(m) // of which nobody else knows
	s.epoch.Store(m.epoch)
	for _, members := range [][]int{{0, 1, 2}, {1, 2, 3}, {0, 2, 3}, {0, 1, 2, 3}} {
		f := r.certified(list[1], members...)
		if v, _, _, err := s.judge(bft.Encode(&bft.Finals{Blocks: []bft.Final{f}})); v == overlay.Bad {
			t.Fatal(err)
		}
		s.receive(&spread{memberKey(5), append([]byte{frameBlock}, bft.Encode(&bft.Finals{Blocks: []bft.Final{f}})...)})
	}
	if n := counted(t, r.nodes[4], "thinkey_spread_full_total"); n != 1 {
		t.Errorf("it is passed on %g times", n)
	}
	if len(s.early) != 1 || len(s.good) != 1 {
		t.Errorf("%d blocks wait, %d are known", len(s.early), len(s.good))
	}
	s.publish(&done{final: &list[1], height: 2, epoch: m.epoch})
	if len(s.early) != 0 || len(s.good) != 0 {
		t.Errorf("%d blocks wait, %d are known, of heights that are final", len(s.early), len(s.good))
	}
	r.stop(4)
}

func memberKey(i int) keys.PublicKey {
	k, _ := memberKeys(i)
	return k
}

// Frames come from outside.
func FuzzSpread(f *testing.F) {
	f.Add(encodeName(7, overlay.ID{1}))
	f.Add([]byte{frameAsk, 1})
	f.Add(append([]byte{frameAsk}, make([]byte, 32)...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) == 0 {
			return
		}
		switch raw[0] {
		case frameName:
			if height, id, err := decodeName(raw[1:]); err == nil && string(encodeName(height, id)) != string(raw) {
				t.Errorf("%x is read as %d %x", raw, height, id)
			}
		case frameAsk:
			if id, err := decodeAsk(raw[1:]); err == nil && string(id[:]) != string(raw[1:]) {
				t.Errorf("%x is read as %x", raw, id)
			}
		}
	})
}

// Of what is announced nothing is left once it was asked for in vain, nor of a name whose block is here: else the names that are kept would fill up,
// and no block be asked for any more.
func TestNamesAreForgotten(t *testing.T) {
	r := newFollowed(t, 1)
	r.openDeaf(0, nil)
	m := r.nodes[0].member
	s := newSpreading(m) // of which nobody else knows
	s.epoch.Store(m.epoch)
	from := memberKey(4)
	r.wires.Port(from)
	here := []byte{frameBlock, 1}
	id := overlay.IDOf(here)
	say := func(raw []byte) { s.receive(&spread{from, raw}) }
	say(here)
	for i := range 2 * mostLinks * mostDone {
		say(encodeName(2, id))
		say(encodeName(2, overlay.ID{1, byte(i), byte(i >> 8), byte(i >> 16)}))
	}
	if len(s.names) == 0 || len(s.names) > mostLinks {
		t.Fatalf("%d names are kept", len(s.names))
	}
	for name := range s.names {
		for _, kept := s.names[name]; kept; _, kept = s.names[name] {
			s.expire(name)
		}
	}
	asked := counted(t, r.nodes[0], "thinkey_spread_asked_total")
	missed := overlay.ID{2}
	say(encodeName(2, missed))
	if s.expire(missed); counted(t, r.nodes[0], "thinkey_spread_asked_total") != asked+1 {
		t.Error("what is missed is not asked for")
	}
	r.stop(0)
}
