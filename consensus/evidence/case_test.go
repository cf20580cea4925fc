package evidence

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// court is a chain at genesis, with a committee of four whose keys are at hand.
type court struct {
	genesis *chain.Genesis
	scene   Scene
	secrets []keys.BLSSecret
}

type entries map[exec.Slot][]byte

func (s entries) Account(a chain.Address) (chain.Account, error) {
	raw := s[exec.Slot{Account: a}]
	if raw == nil {
		return chain.Account{}, nil
	}
	return chain.DecodeAccount(raw)
}

func (s entries) Entry(a chain.Address, key string) ([]byte, error) {
	return s[exec.Slot{Account: a, Key: key}], nil
}

func (s entries) Next(chain.Address, string, string) (string, error) { return "", nil }

func newCourt(t testing.TB) *court {
	t.Helper()
	g := &chain.Genesis{Name: "court", Chain: chain.Main, TimeMillis: 1000, Params: chain.DefaultParams(), Committee: chain.Committee{Chain: chain.Main}}
	c := &court{genesis: g}
	for i := range byte(4) {
		c.secrets = append(c.secrets, keys.BLSFromSeed([32]byte{i, 'c'}))
		g.AddSeat(keys.PublicKey{i + 1}, c.secrets[i])
	}
	tree := merkle.New()
	header, changes, err := block.Genesis(g, tree, nil)
	if err != nil {
		t.Fatal(err)
	}
	state := entries{}
	for i := range changes {
		state[changes[i].Slot] = changes[i].After
	}
	c.scene.Before = &block.Before{Header: header, Hash: header.Hash(), State: state, Tree: tree}
	c.scene.Rules = block.Rules{Programs: native.Programs{}}
	return c
}

// trust is that of who has the genesis.
func (c *court) trust() Trust {
	return Trust{Network: c.genesis.Network(), Committee: c.genesis.Committee.Hash()}
}

func (c *court) voted(t testing.TB, step chain.Step, round uint32, hash byte, seat int) light.Claim {
	t.Helper()
	h := c.scene.Before.Header
	return c.sign(t, chain.Vote{Step: step, Network: h.Network, Chain: h.Chain, Height: 1, Round: round, Block: chain.BlockHash{hash}}, seat)
}

func (c *court) sign(t testing.TB, v chain.Vote, seat int) light.Claim {
	t.Helper()
	s, err := committee.Sign(c.secrets[seat], v.Domain(), v.Append(nil), chain.SeatsOf(seat)).Point.Signature()
	if err != nil {
		t.Fatal(err)
	}
	return light.Claim{Vote: &v, Seats: chain.SeatsOf(seat), Signature: s}
}

func (c *court) timedOut(t testing.TB, round uint32, last chain.Mark, seat int) light.Claim {
	t.Helper()
	h := c.scene.Before.Header
	v := chain.Timeout{Network: h.Network, Chain: h.Chain, Height: 1, Round: round, Last: last}
	s, err := committee.Sign(c.secrets[seat], keys.BLSTimeout, v.Append(nil), chain.SeatsOf(seat)).Point.Signature()
	if err != nil {
		t.Fatal(err)
	}
	return light.Claim{Timeout: &v, Seats: chain.SeatsOf(seat), Signature: s}
}

// bad is a block that is no later than the one before it, with its hash.
func (c *court) bad(t testing.TB) ([]byte, chain.Header) {
	t.Helper()
	before := c.scene.Before
	context, err := before.Context(c.scene.Rules, before.Header.TimeMillis+1)
	if err != nil {
		t.Fatal(err)
	}
	res, err := block.Build(before, c.scene.Rules, &block.Run{Context: context, Accounts: []*exec.Overlay{}, Proposer: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := before.Tree.Discard(res.Version); err != nil {
		t.Fatal(err)
	}
	k := *res.Block
	k.Header.TimeMillis = before.Header.TimeMillis
	return k.Append(nil), k.Header
}

// shown is what shows that it isn't valid.
func (c *court) shown(t testing.TB, raw []byte) *Shown {
	t.Helper()
	_, fault, err := block.Verify(c.scene.Before, c.scene.Rules, raw)
	if err != nil || fault == nil {
		t.Fatal(fault, err)
	}
	shown, err := c.scene.Show(raw, fault)
	if err != nil {
		t.Fatal(err)
	}
	return shown
}

func (c *court) backing(t testing.TB, seat int) *Case {
	t.Helper()
	raw, h := c.bad(t)
	claim := c.sign(t, chain.Vote{Step: chain.Preparation, Network: h.Network, Chain: h.Chain, Height: 1, Round: 3, Block: h.Hash()}, seat)
	k, err := AgainstBacker(c.genesis.Committee, &claim, c.shown(t, raw))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (c *court) against(t testing.TB, a, b light.Claim) *Case {
	t.Helper()
	k, err := Against(c.genesis.Committee, *c.scene.Before.Header, light.Evidence{First: a, Second: b})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// cases is one of each kind, against seat 2.
func (c *court) cases(t testing.TB) map[Kind]*Case {
	t.Helper()
	mark := chain.Mark{Round: 1, Block: chain.BlockHash{1}}
	return map[Kind]*Case{
		TwoVotes:           c.against(t, c.voted(t, chain.Confirmation, 4, 1, 2), c.voted(t, chain.Confirmation, 4, 2, 2)),
		TwoTimeouts:        c.against(t, c.timedOut(t, 4, chain.Mark{}, 2), c.timedOut(t, 4, mark, 2)),
		TimeoutAgainstVote: c.against(t, c.timedOut(t, 4, mark, 2), c.voted(t, chain.Preparation, 3, 2, 2)),
		InvalidBlock:       c.backing(t, 2),
	}
}

// SPEC 6.6: from the bytes, and what the judge trusts, each case convicts the seat that signed, and says of what.
func TestJudge(t *testing.T) {
	c := newCourt(t)
	words := map[Kind]string{
		TwoVotes:           "seat 2 of node 0300000000000000000000000000000000000000000000000000000000000000 confirmed two blocks in round 4 of height 1: ",
		TwoTimeouts:        " signed two timeouts of round 4 of height 1: one with the highest certificate none and the last preparation ",
		TimeoutAgainstVote: " prepared block 0200000000000000000000000000000000000000000000000000000000000000 in round 3 of height 1, and concealed it in a timeout of round 4, with ",
		InvalidBlock:       " prepared a block in round 3 of height 1 that is not valid: time: expected 1001 at least",
	}
	for kind, made := range c.cases(t) {
		raw := made.Encode()
		k, err := Decode(raw)
		if err != nil || !bytes.Equal(k.Encode(), raw) {
			t.Fatalf("%s: %v", kind, err)
		}
		for _, trust := range []Trust{c.trust(), {Block: c.scene.Before.Hash}} {
			v, err := k.Judge(trust, nil)
			if err != nil {
				t.Errorf("%s: %v", kind, err)
				continue
			}
			if v.Kind != kind || v.Height != 1 || len(v.Guilty) != 1 || v.Guilty[0] != (Seat{2, keys.PublicKey{3}}) || !strings.Contains(v.Words, words[kind]) {
				t.Errorf("%s: %+v", kind, v)
			}
		}
		if Name(raw) != chain.Hash(wire.Sum(wire.TagEvidence, raw[:len(raw)-32])) {
			t.Errorf("%s is called %s", kind, Name(raw))
		}
	}
}

// G3: who of two was heard first makes no other case.
func TestOneCase(t *testing.T) {
	c := newCourt(t)
	a, b := c.voted(t, chain.Preparation, 4, 1, 2), c.voted(t, chain.Preparation, 4, 2, 2)
	if x, y := c.against(t, a, b).Encode(), c.against(t, b, a).Encode(); !bytes.Equal(x, y) {
		t.Error("the order of claims makes two cases")
	}
	raw := c.against(t, a, b).Encode()
	content := raw[:len(raw)-32]
	k, err := decode(content)
	if err != nil {
		t.Fatal(err)
	}
	k.Contradiction.First, k.Contradiction.Second = k.Contradiction.Second, k.Contradiction.First
	if _, err := Decode(k.Encode()); !errors.Is(err, wire.ErrValue) {
		t.Errorf("claims in the other order: %v", err)
	}
	if !bytes.Equal(c.backing(t, 2).Encode(), c.backing(t, 2).Encode()) {
		t.Error("a block makes two cases")
	}
}

// Who trusts something else than the case is about is told so, and nobody is guilty.
func TestNotTrusted(t *testing.T) {
	c := newCourt(t)
	other := c.genesis.Committee
	other.Seed[0]++
	for kind, k := range c.cases(t) {
		for name, trust := range map[string]Trust{
			"nothing":           {},
			"another network":   {Network: chain.NetworkID{1}, Committee: c.genesis.Committee.Hash()},
			"another committee": {Network: c.genesis.Network(), Committee: other.Hash()},
			"another block":     {Block: chain.BlockHash{1}, Network: c.genesis.Network(), Committee: c.genesis.Committee.Hash()},
		} {
			if v, err := k.Judge(trust, nil); !errors.Is(err, ErrNotTrusted) {
				t.Errorf("%s, %s: %+v, %v", kind, name, v, err)
			}
		}
		// A committee of the liar's own making, which a header of its own making names.
		k.Committee.Seats = slices.Clone(k.Committee.Seats)
		k.Committee.Seats[2].Key = keys.BLSFromSeed([32]byte{9}).Public()
		k.before().Next = k.Committee.Hash()
		if v, err := k.Judge(c.trust(), nil); !errors.Is(err, ErrNotTrusted) {
			t.Errorf("%s, a committee that is made up: %+v, %v", kind, v, err)
		}
	}
}

// Whoever didn't sign is not guilty, and what doesn't belong together is no case.
func TestNoCase(t *testing.T) {
	c := newCourt(t)
	h := *c.scene.Before.Header
	prepared := c.voted(t, chain.Preparation, 4, 1, 2)
	stolen := c.voted(t, chain.Preparation, 4, 2, 3)
	stolen.Seats = chain.SeatsOf(2)
	k := c.against(t, prepared, stolen)
	if v, err := k.Judge(c.trust(), nil); !errors.Is(err, keys.ErrBLSAggregate) {
		t.Errorf("another's signature: %+v, %v", v, err)
	}
	later := h
	later.Height++
	stray := h
	stray.Next[0]++
	same, otherSeat, beyond := prepared, c.voted(t, chain.Preparation, 4, 2, 3), prepared
	beyond.Seats = chain.SeatsOf(4)
	second := c.voted(t, chain.Preparation, 4, 2, 2)
	secondBeyond := second
	secondBeyond.Seats = chain.SeatsOf(4)
	for name, x := range map[string]struct {
		before chain.Header
		e      light.Evidence
		want   error
	}{
		"another height":     {later, light.Evidence{First: prepared, Second: second}, ErrCase},
		"another committee":  {stray, light.Evidence{First: prepared, Second: second}, ErrCase},
		"twice the same":     {h, light.Evidence{First: prepared, Second: same}, light.ErrNoContradiction},
		"of two seats":       {h, light.Evidence{First: prepared, Second: otherSeat}, ErrCase},
		"a seat that is not": {h, light.Evidence{First: beyond, Second: secondBeyond}, ErrCase},
	} {
		if _, err := Against(c.genesis.Committee, x.before, x.e); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	raw, header := c.bad(t)
	v := chain.Vote{Step: chain.Preparation, Network: header.Network, Chain: header.Chain, Height: 1, Round: 3, Block: header.Hash()}
	confirmed, elsewhere := v, v
	confirmed.Step = chain.Confirmation // which says nothing about the block
	elsewhere.Block[0]++
	for name, v := range map[string]chain.Vote{"a confirmation": confirmed, "of another block": elsewhere} {
		claim := c.sign(t, v, 2)
		if _, err := AgainstBacker(c.genesis.Committee, &claim, c.shown(t, raw)); !errors.Is(err, ErrCase) {
			t.Errorf("%s: %v", name, err)
		}
	}
	timeout := c.timedOut(t, 4, chain.Mark{}, 2)
	if _, err := AgainstBacker(c.genesis.Committee, &timeout, c.shown(t, raw)); !errors.Is(err, ErrCase) {
		t.Errorf("a timeout: %v", err)
	}
	claim := c.sign(t, v, 1)
	claim.Seats = chain.SeatsOf(2)
	k, err := AgainstBacker(c.genesis.Committee, &claim, c.shown(t, raw))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := k.Judge(c.trust(), nil); !errors.Is(err, keys.ErrBLSAggregate) {
		t.Errorf("another's preparation: %+v, %v", v, err)
	}
}

// G4: no byte can be changed, and none left out or added. G2: whoever changes some and sums them up again convicts nobody but
// who is guilty.
func TestEveryByte(t *testing.T) {
	c := newCourt(t)
	for kind, k := range c.cases(t) {
		raw := k.Encode()
		for i := range raw {
			b := bytes.Clone(raw)
			b[i] ^= 1 << (i % 8)
			if _, err := Decode(b); !errors.Is(err, ErrDamaged) {
				t.Fatalf("%s, byte %d: %v", kind, i, err)
			}
			if i < len(raw)-32 && i%3 == 0 {
				c.holds(t, b[:len(b)-32])
			}
		}
		for _, b := range [][]byte{nil, raw[1:], raw[:len(raw)-1], append(bytes.Clone(raw), 0), raw[:31]} {
			if _, err := Decode(b); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s, %d bytes: %v", kind, len(b), err)
			}
		}
	}
	if _, err := Decode(make([]byte, chain.MaxEvidenceBytes+1)); !errors.Is(err, wire.ErrLimit) {
		t.Errorf("too much: %v", err)
	}
}

// holds that content, if it is a case, convicts nobody but seat 2.
func (c *court) holds(t *testing.T, content []byte) {
	t.Helper()
	k, err := decode(content)
	if err != nil {
		return
	}
	for _, trust := range []Trust{c.trust(), {Block: c.scene.Before.Hash}} {
		if v, err := k.Judge(trust, nil); err == nil && (len(v.Guilty) != 1 || v.Guilty[0].Seat != 2) {
			t.Fatalf("%x convicts %+v", content, v)
		}
	}
}

// FuzzDecode holds the decoder behind the sum: a case has one encoding, and says what it is about. What it proves costs
// pairings, which TestEveryByte pays for.
func FuzzDecode(f *testing.F) {
	c := newCourt(f)
	for _, k := range c.cases(f) {
		raw := k.Encode()
		f.Add(raw[:len(raw)-32])
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		k, err := decode(content)
		if err != nil {
			return
		}
		raw := k.Encode()
		if !bytes.Equal(raw[:len(raw)-32], content) {
			t.Fatalf("%x is encoded as %x", content, raw)
		}
		if a := k.About(); len(a.Guilty) == 0 || a.Height == 0 || a.Kind == "" {
			t.Fatalf("%x is about %+v", content, a)
		}
	})
}
