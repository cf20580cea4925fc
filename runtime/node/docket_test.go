package node

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// twoVotes is the case of a member that voted for two blocks at height 1.
func (r *committeeRig) twoVotes(member int, round uint32) *evidence.Case {
	r.t.Helper()
	_, secret := memberKeys(member)
	claim := func(block byte) light.Claim {
		v := chain.Vote{Step: chain.Preparation, Network: r.genesis.Network(), Chain: r.genesis.Chain, Height: 1, Round: round, Block: chain.BlockHash{block}}
		s, err := committee.Sign(secret, v.Domain(), v.Append(nil), chain.SeatsOf(member)).Point.Signature()
		if err != nil {
			r.t.Fatal(err)
		}
		return light.Claim{Vote: &v, Seats: chain.SeatsOf(member), Signature: s}
	}
	before, err := r.nodes[0].store.Header(chain.Main, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	k, err := evidence.Against(r.genesis.Committee, before, light.Evidence{First: claim(1), Second: claim(2)})
	if err != nil {
		r.t.Fatal(err)
	}
	return k
}

// convicted holds that each case a node keeps convicts the one seat, from its bytes and the genesis.
func (r *committeeRig) convicted(n *Node, seat int) (kinds map[evidence.Kind]bool) {
	r.t.Helper()
	kinds = map[evidence.Kind]bool{}
	for _, f := range n.Evidence() {
		raw, err := n.RawEvidence(f.Hash)
		if err != nil || len(raw) != f.Bytes {
			r.t.Fatal(err)
		}
		k, err := evidence.Decode(raw)
		if err != nil {
			r.t.Fatal(err)
		}
		codes, _ := withCode(Config{}, nil)
		engine, err := codes.Engine(k.Code)
		if err != nil {
			r.t.Fatal(err)
		}
		v, err := k.Judge(evidence.Trust{Network: r.genesis.Network(), Committee: r.genesis.Committee.Hash()}, engine)
		if err != nil || len(v.Guilty) != 1 || v.Guilty[0].Seat != seat {
			r.t.Fatalf("%+v: %+v, %v", f, v, err)
		}
		kinds[v.Kind] = true
	}
	return kinds
}

// awaitEvidence waits until every node but one has a case.
func (r *committeeRig) awaitEvidence(evil int) {
	r.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for i, n := range r.nodes {
		for i != evil && n != nil && len(n.Evidence()) == 0 {
			select {
			case <-tick.C:
			case <-deadline:
				r.t.Fatalf("node %d has no case", i)
			}
		}
	}
}

// A case is kept once, and over a restart; a file that is none, or was changed, is nobody's guilt.
func TestDocket(t *testing.T) {
	r := newCommittee(t, 4)
	r.openAll()
	n := r.nodes[0]
	k := r.twoVotes(2, 0)
	fresh, where, err := n.docket.file(k)
	if err != nil || !fresh || filepath.Dir(where) != filepath.Join(r.dirs[0], "faults") {
		t.Fatal(fresh, where, err)
	}
	if again, other, err := n.docket.file(k); err != nil || again || other != where {
		t.Error("kept twice", other, err)
	}
	list := n.Evidence()
	if len(list) != 1 || list[0].Kind != evidence.TwoVotes || list[0].Height != 1 || list[0].Guilty[0].Seat != 2 {
		t.Fatalf("%+v", list)
	}
	r.convicted(n, 2)
	if _, err := n.RawEvidence(chain.Hash{1}); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	r.stop(0)
	for name, content := range map[string]string{".part-7": "half", "evidence-of-nothing": "", "evidence-" + chain.Hash{1}.String(): "junk"} {
		if err := os.WriteFile(filepath.Join(r.dirs[0], "faults", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.open(0, false)
	n = r.nodes[0]
	if got := n.Evidence(); len(got) != 1 || got[0].Hash != list[0].Hash {
		t.Fatalf("after a restart: %+v", got)
	}
	r.convicted(n, 2)
	if _, err := os.Stat(filepath.Join(r.dirs[0], "faults", ".part-7")); !errors.Is(err, os.ErrNotExist) {
		t.Error("half a file is left")
	}
	raw, err := os.ReadFile(where)
	if err != nil {
		t.Fatal(err)
	}
	raw[9] ^= 1
	if err := os.WriteFile(where, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := n.RawEvidence(list[0].Hash); !errors.Is(err, store.ErrDamaged) || !errors.Is(err, evidence.ErrDamaged) {
		t.Errorf("a file that was changed: %v", err)
	}
}

// One member can't fill the docket, and all of them together not the disk.
func TestDocketBounds(t *testing.T) {
	r := newCommittee(t, 4)
	r.openAll()
	d, err := openDocket("", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for round := range uint32(2 * chain.MaxEvidenceOf) {
		fresh, _, err := d.file(r.twoVotes(2, round))
		if err != nil || fresh != (round < chain.MaxEvidenceOf) {
			t.Fatalf("case %d: %t, %v", round, fresh, err)
		}
	}
	if fresh, _, err := d.file(r.twoVotes(1, 0)); !fresh || err != nil {
		t.Error("another's guilt is hidden", err)
	}
	d.size = chain.MaxEvidenceKept
	if fresh, where, err := d.file(r.twoVotes(0, 0)); fresh || err != nil {
		t.Error("it takes all of the disk", where, err)
	}
	d.size = 0
	for len(d.cases) < chain.MaxEvidence {
		d.cases = append(d.cases, Filed{})
	}
	if fresh, where, err := d.file(r.twoVotes(0, 0)); fresh || err != nil {
		t.Error("it keeps them without number", where, err)
	}
}

// Who is told of a case tells the others: who found it out may not reach them.
func TestAccusationsGoOn(t *testing.T) {
	r := newCommittee(t, 4)
	r.openAll()
	k := r.twoVotes(2, 0)
	if err := r.nodes[1].member.believe(k.Encode()); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 2, 3} {
		r.awaitCase(i, k)
	}
}

// What one member finds out the others learn of. What proves nothing convicts nobody, and who shows such things is not
// listened to for ever.
func TestAccusations(t *testing.T) {
	r := newCommittee(t, 4)
	r.openAll()
	k := r.twoVotes(2, 0)
	r.nodes[0].member.accuse(k)
	r.awaitEvidence(0)
	m := r.nodes[1].member
	again := r.twoVotes(3, 0)
	false1, false2, false3 := r.twoVotes(2, 1), r.twoVotes(2, 1), r.twoVotes(2, 1)
	false1.Contradiction.First.Signature = again.Contradiction.First.Signature
	false2.Contradiction.Before.TimeMillis++ // not this chain's
	false3.Committee.Seed[0]++
	false3.Contradiction.Before.Next = false3.Committee.Hash()
	for i, bad := range [][]byte{false1.Encode(), false2.Encode(), false3.Encode(), []byte("junk")} {
		if err := m.believe(bad); !errors.Is(err, errFalse) {
			t.Errorf("accusation %d: %v", i, err)
		}
	}
	if got := len(r.nodes[1].Evidence()); got != 1 {
		t.Fatalf("%d cases", got)
	}
	one, _ := memberKeys(1)
	for range maxFalse + 1 { // not even read: what waits to be read is bounded in bytes
		m.accused(one, make([]byte, accusationBytes+1), func() {})
	}
	m.accused(one, r.twoVotes(2, 2).Encode(), func() {})
	r.awaitCase(1, r.twoVotes(2, 2))
	rejected := counted(t, r.nodes[1], "thinkey_consensus_rejected_total")
	zero, _ := memberKeys(0)
	two, _ := memberKeys(2)
	for range maxFalse {
		m.mustAccuse(t, zero, []byte("junk"))
	}
	m.mustAccuse(t, zero, again.Encode()) // proven, and too late
	m.mustAccuse(t, two, r.twoVotes(0, 0).Encode())
	r.awaitCase(1, r.twoVotes(0, 0))
	if got := counted(t, r.nodes[1], "thinkey_consensus_rejected_total"); got != rejected+maxFalse {
		t.Errorf("%v rejected, and %v before", got, rejected)
	}
	if r.nodes[1].docket.has(evidence.Name(again.Encode())) {
		t.Error("who lied four times is listened to")
	}
	for round := range uint32(2 * chain.MaxEvidenceOf) {
		if err := m.believe(r.twoVotes(2, round).Encode()); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.believe(false1.Encode()); err != nil {
		t.Errorf("what would not be kept costs pairings: %v", err)
	}
}

// mustAccuse accuses as a peer, as soon as there is room for it.
func (m *member) mustAccuse(t *testing.T, from keys.PublicKey, raw []byte) {
	t.Helper()
	taken := make(chan struct{})
	if !m.accused(from, raw, func() { close(taken) }) {
		t.Fatal("an accusation finds no room")
	}
	select {
	case <-taken:
	case <-time.After(patience):
		t.Fatal("an accusation is not looked at")
	}
}

func (r *committeeRig) awaitCase(node int, k *evidence.Case) {
	r.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !r.nodes[node].docket.has(evidence.Name(k.Encode())) {
		select {
		case <-tick.C:
		case <-deadline:
			r.t.Fatalf("node %d has no such case", node)
		}
	}
}

// Whoever says two things is convicted by every honest member, whichever of them found out (SPEC 6.6).
func TestEvidenceOfEquivocation(t *testing.T) {
	r, evil := byzantineRig(t, "equivocate", nil)
	honest := (evil + 1) % 4
	r.payHonest(honest, evil, payment(r.nodes[honest], 1, 2, 1, 0))
	r.awaitEvidence(evil)
	for i, n := range r.nodes {
		if i != evil && !r.convicted(n, evil)[evidence.TwoVotes] {
			t.Errorf("node %d has %+v", i, n.Evidence())
		}
	}
}

// Whoever proposes an invalid block is convicted by every honest member, by σ alone or from the state that the replay of one
// account read, and all of them make the same file of it.
func TestEvidenceOfInvalidBlocks(t *testing.T) {
	for _, mode := range []string{"bad-order", "bad-output"} {
		t.Run(mode, func(t *testing.T) {
			r, evil := byzantineRig(t, mode, nil)
			honest := (evil + 1) % 4
			r.payHonest(honest, evil, payment(r.nodes[honest], 1, 2, 1, 0))
			r.awaitEvidence(evil)
			for i, n := range r.nodes {
				if i != evil && !r.convicted(n, evil)[evidence.InvalidBlock] {
					t.Errorf("node %d has %+v", i, n.Evidence())
				}
			}
			a, b := r.nodes[honest].Evidence()[0], r.nodes[(evil+2)%4].Evidence()[0]
			if a.Hash != b.Hash {
				t.Errorf("one deed makes two cases: %+v, %+v", a, b)
			}
			x, _ := r.nodes[honest].RawEvidence(a.Hash)
			y, _ := r.nodes[(evil+2)%4].RawEvidence(a.Hash)
			if !bytes.Equal(x, y) {
				t.Error("they are not the same bytes")
			}
		})
	}
}

// byzantineRig is a committee whose first leader breaks a rule.
func byzantineRig(t *testing.T, mode string, change func(c *Config)) (r *committeeRig, evil int) {
	r = newCommittee(t, 4)
	evil = int(firstLeader(t, r))
	for i := range r.nodes {
		c := r.config(i, true)
		if i == evil {
			c.Member.Twist = byzantine.Twist(mode, byzantine.Self{Network: r.genesis.Network(), Secret: c.Member.Secret})
		}
		if change != nil {
			change(&c)
		}
		r.nodes[i] = open(t, c)
	}
	return r, evil
}

// A block in which code sends what it didn't: the case has the module, and is judged by an engine that has nothing else.
func TestEvidenceWithCode(t *testing.T) {
	r := newCommittee(t, 1)
	r.genesis.Params.MinGasPrice = 1
	for i := range r.genesis.Accounts {
		r.genesis.Accounts[i].Balance = chain.NewAmount(rich)
	}
	c, _ := withCode(r.config(0, true), nil)
	n := open(t, c)
	r.nodes[0] = n
	code := module("tally", "one", 9_000)
	r.pay(0, publishing(n, 1, 0, code))
	r.pay(0, payment(n, 2, 3, 1, 0))
	deploy, made := deploying(n, 1, 1, code.Hash(), 1)
	r.pay(0, deploy)
	paid := testAddress(9)
	var raw []byte
	var fault *block.Fault
	work := func() (bft.Event, error) {
		if a := n.Submit([][]byte{calling(n, 1, 2, 30, made, "pay", string(paid[:])).Encode()})[0]; a.Refused != nil {
			return nil, a.Refused
		}
		b, err := n.build(wish{need: Always})
		if err != nil {
			return nil, err
		}
		n.member.open = b
		raw = moreFrom(t, b.result.Block, made)
		if _, fault, err = n.verify(raw); err != nil || fault == nil || fault.Part != block.PartReplay || fault.Account != made {
			t.Errorf("the fault is %v, %v", fault, err)
		}
		return nil, n.member.show(&chain.Header{}, bft.Proposed{Hash: chain.BlockHash{1}, Raw: raw}, fault)
	}
	if _, err := n.member.inTurn(work); err != nil {
		t.Fatal(err)
	}
	replaysAlone(t, r.dirs[0], fault)
	shown := n.docket.showing(chain.BlockHash{1})
	if shown == nil || len(shown.Codes) != 1 || shown.Codes[0].Hash() != code.Hash() {
		t.Fatalf("shown by %+v", shown)
	}
	_, secret := memberKeys(0)
	h, err := chain.DecodeBlockHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	v := chain.Vote{Step: chain.Preparation, Network: h.Network, Chain: h.Chain, Height: h.Height, Block: h.Hash()}
	s, err := committee.Sign(secret, v.Domain(), v.Append(nil), chain.SeatsOf(0)).Point.Signature()
	if err != nil {
		t.Fatal(err)
	}
	k, err := evidence.AgainstBacker(r.genesis.Committee, &light.Claim{Vote: &v, Seats: chain.SeatsOf(0), Signature: s}, shown)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.docket.file(k); err != nil {
		t.Fatal(err)
	}
	r.convicted(n, 0)
	k.Backing.Codes = nil
	engine, err := (&fake{behaviours: map[string]func(*exec.Env, string) error{"tally": tally}}).open(k.Code)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := k.Judge(evidence.Trust{Network: r.genesis.Network(), Committee: r.genesis.Committee.Hash()}, engine); !errors.Is(err, block.ErrUnproven) {
		t.Errorf("without the module: %+v, %v", v, err)
	}
}

// replaysAlone holds the one block that is kept in a directory to be found to have a fault by its file alone, with the code in it.
func replaysAlone(t *testing.T, dir string, fault *block.Fault) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, faultsDir, blockPrefix+"*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("kept are %v, %v", files, err)
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	k, err := evidence.DecodeRecording(raw)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := (&fake{behaviours: map[string]func(*exec.Env, string) error{"tally": tally}}).open(k.Code)
	if err != nil {
		t.Fatal(err)
	}
	if _, again, err := k.Replay(engine); err != nil || again == nil || again.Error() != fault.Error() {
		t.Errorf("replayed as %v, %v; it was %v", again, err, fault)
	}
}

// moreFrom is the block in which an account sends a unit of money more.
func moreFrom(t *testing.T, b *chain.Block, who chain.Address) []byte {
	t.Helper()
	k, err := chain.DecodeBlock(b.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	for i := range k.Order {
		if k.Order[i].Account == who {
			k.Order[i].Events[0].Sent[0].Amount = chain.NewAmount(31)
		}
	}
	k.Header.Roots.Order = block.OrderRoot(k.Order, nil)
	return k.Append(nil)
}
