package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/runtime/audit"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// committeeRig are nodes of a committee in one process, with real keys, over a switch.
type committeeRig struct {
	t       *testing.T
	genesis *chain.Genesis
	dirs    []string
	wires   *Switch
	nodes   []*Node // nil where one is down
}

func memberKeys(i int) (keys.PublicKey, keys.BLSSecret) {
	return keys.FromSeed([32]byte{200, byte(i)}).Public(), keys.BLSFromSeed([32]byte{200, byte(i)})
}

func newCommittee(t *testing.T, members int) *committeeRig {
	g := testGenesis(1_000_000_000, 1, 2, 3)
	g.Committee = chain.Committee{Chain: g.Chain, Seed: chain.Hash{1}}
	r := &committeeRig{t: t, genesis: g, wires: NewSwitch(), nodes: make([]*Node, members)}
	for i := range members {
		node, secret := memberKeys(i)
		g.AddSeat(node, secret)
		r.dirs = append(r.dirs, t.TempDir())
	}
	t.Cleanup(r.close)
	return r
}

func (r *committeeRig) config(i int, founding bool) Config {
	c := testConfig(r.t, r.genesis, r.dirs[i], Pace{})
	node, secret := memberKeys(i)
	c.Workers, c.Heartbeat = 1, time.Hour
	c.Member = &Member{Node: node, Secret: secret, Net: r.wires.Port(node), Founding: founding, Patience: time.Second, Resend: 100 * time.Millisecond}
	return c
}

func (r *committeeRig) open(i int, founding bool) { r.nodes[i] = open(r.t, r.config(i, founding)) }

func (r *committeeRig) openAll() {
	for i := range r.nodes {
		r.open(i, true)
	}
}

func (r *committeeRig) stop(i int) {
	if n := r.nodes[i]; n != nil {
		r.nodes[i] = nil
		if err := n.Close(); err != nil {
			r.t.Error(err)
		}
	}
}

func (r *committeeRig) close() {
	for i := range r.nodes {
		r.stop(i)
	}
	r.wires.Close()
}

// await waits until all nodes that are up have a height; the test's own limit ends it.
func (r *committeeRig) await(height uint64) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for i, n := range r.nodes {
		if n != nil && height > 0 {
			if err := n.AwaitAbove(ctx, height-1); err != nil {
				r.t.Fatalf("node %d has height %d, not %d: %v", i, n.Head().Header.Height, height, err)
			}
		}
	}
}

// pay submits a payment at a node, and waits until it is final at all.
func (r *committeeRig) pay(at int, m *chain.Message) Message {
	r.t.Helper()
	if a := r.nodes[at].Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
		r.t.Fatalf("refused: %v", a.Refused)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	where, err := r.nodes[at].Await(ctx, m.ID())
	if err != nil || where.Final == nil {
		r.t.Fatalf("node %d: %+v, %v", at, where, err)
	}
	r.await(where.Final.Height)
	for i, n := range r.nodes {
		if n == nil {
			continue
		}
		if there, err := n.Message(m.ID()); err != nil || there.Final == nil || *there.Final != *where.Final {
			r.t.Fatalf("node %d says %+v, %v, and node %d %+v", i, there.Final, err, at, where.Final)
		}
	}
	return where
}

// firstLeader is the seat that leads at genesis.
func firstLeader(t *testing.T, r *committeeRig) uint32 {
	t.Helper()
	return committee.NewLeaders(r.genesis.Committee.Seed, len(r.nodes)).Leader(committee.Turn{Height: 1})
}

// payHonest is pay where one member can't be relied upon.
func (r *committeeRig) payHonest(at, evil int, m *chain.Message) {
	r.t.Helper()
	bad := r.nodes[evil]
	r.nodes[evil] = nil
	r.pay(at, m)
	r.agree()
	r.nodes[evil] = bad
}

// agree holds I2 and I3 over the nodes that are up, up to the height that all have, with their certificates.
func (r *committeeRig) agree() {
	r.t.Helper()
	var first *Node
	for i, n := range r.nodes {
		if n == nil {
			continue
		}
		if first == nil {
			first = n
		}
		for height := uint64(1); height <= min(first.Head().Header.Height, n.Head().Header.Height); height++ {
			a, _ := first.store.Header(1, height)
			b, err := n.store.Header(1, height)
			if err != nil || a.Hash() != b.Hash() {
				r.t.Fatalf("block %d at node %d is %s, and elsewhere %s (%v)", height, i, b.Hash(), a.Hash(), err)
			}
			cert, err := n.Certificate(height)
			if err == nil {
				err = r.committee(n, &b).Block(&b, cert)
			}
			if err != nil {
				r.t.Fatalf("block %d at node %d: %v", height, i, err)
			}
		}
	}
}

// committee is the one that a block names, as the state has it or the genesis.
func (r *committeeRig) committee(n *Node, h *chain.Header) *light.Committee {
	r.t.Helper()
	c := r.genesis.Committee
	if h.Epoch > 0 {
		state, err := n.store.StateAt(1, h.Height-1)
		if err != nil {
			r.t.Fatal(err)
		}
		raw, err := state.Entry(chain.SystemAddress(1), chain.KeyCommittee)
		if err = errors.Join(err, state.Close()); err == nil {
			c, err = chain.DecodeCommittee(raw)
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
	known, err := n.committees.Committee(h.Network, c)
	if err != nil {
		r.t.Fatal(err)
	}
	return known
}

// Payments become final at all members, whichever they are submitted to; live accounts of all of them know.
func TestCommittee(t *testing.T) {
	r := newCommittee(t, 4)
	r.openAll()
	for k := range uint64(12) {
		r.pay(int(k%4), payment(r.nodes[0], byte(1+k%3), byte(1+(k+1)%3), 10, k/3))
	}
	r.agree()
	for who := byte(1); who <= 3; who++ {
		want, err := r.nodes[0].Account(testAddress(who))
		if err != nil || want.Account.Nonce != 4 {
			t.Fatalf("account %d: %+v, %v", who, want, err)
		}
		for i, n := range r.nodes {
			if got, err := n.Account(testAddress(who)); err != nil || got.Account != want.Account || got.Waiting != 0 {
				t.Errorf("node %d has account %d as %+v, %v; want %+v", i, who, got, err, want.Account)
			}
		}
	}
	if h := r.nodes[0].Head().Header; h.Committee != r.genesis.Committee.Hash() {
		t.Errorf("header names %s", h.Committee)
	}
}

// One of four may be down: the others go on, and it catches up when it is back. All may be.
func TestCommitteeRestarts(t *testing.T) {
	r := newCommittee(t, 4)
	r.openAll()
	nonce := uint64(0)
	pay := func(at int) {
		t.Helper()
		r.pay(at, payment(r.nodes[at], 1, 2, 1, nonce))
		nonce++
	}
	pay(0)
	for down := range 4 {
		r.stop(down)
		for range 3 {
			pay((down + 1) % 4)
		}
		r.open(down, false)
		r.await(r.nodes[(down+1)%4].Head().Header.Height)
		pay(down)
	}
	for i := range r.nodes {
		r.stop(i)
	}
	for i := range r.nodes {
		r.open(i, false)
	}
	pay(2)
	r.agree()
	for i := range r.nodes {
		r.stop(i)
		report, err := audit.Run(context.Background(), audit.Options{Dir: r.dirs[i]})
		if err != nil || !report.OK() || report.Blocks < 17 {
			t.Errorf("audit of node %d: %v\n%s", i, err, fmt.Sprint(report.Checks))
		}
	}
}

// A member that lost its disk follows from genesis, and votes only two heights above what the others had (SPEC 5.6). So does
// one whose directory was restored from a backup.
func TestCommitteeLostDisk(t *testing.T) {
	t.Run("lost", func(t *testing.T) {
		losesVotes(t, func(r *committeeRig) {
			r.dirs[3] = t.TempDir()
			r.open(3, false)
		})
	})
	t.Run("restored", func(t *testing.T) {
		losesVotes(t, func(r *committeeRig) {
			c := r.config(3, false)
			c.Member.Restored = true
			r.nodes[3] = open(t, c)
		})
	})
}

// A directory that was restored from a backup has votes of then, and not those that were signed since. Who is told so forgets
// them before it says a word, and need not be told again when it starts once more.
func TestCommitteeRestored(t *testing.T) {
	r := newCommittee(t, 4)
	r.openAll()
	r.pay(0, payment(r.nodes[0], 1, 2, 1, 0))
	r.stop(3)
	backup := t.TempDir()
	if err := os.CopyFS(backup, os.DirFS(r.dirs[3])); err != nil {
		t.Fatal(err)
	}
	r.open(3, false)
	for k := range uint64(3) {
		r.pay(0, payment(r.nodes[0], 1, 2, 1, k+1))
	}
	height := r.nodes[0].Head().Header.Height
	for i := range r.nodes {
		r.stop(i)
	}
	r.dirs[3] = backup
	if old, _, err := bftVotes(t, backup); err != nil || old.Lost {
		t.Fatalf("the backup says %+v, %v", old, err)
	}
	c := r.config(3, false)
	c.Member.Restored = true
	r.nodes[3] = open(t, c) // hears nobody
	r.stop(3)
	if kept, bodies, err := bftVotes(t, backup); err != nil || !kept.Lost || kept.ResumeAt > 0 {
		t.Fatalf("it keeps %+v, %v, %v", kept, bodies, err)
	}
	for i := range r.nodes {
		r.open(i, false)
	}
	for k := range uint64(4) {
		r.pay(0, payment(r.nodes[0], 1, 2, 1, k+4))
	}
	r.agree()
	for h := height + 1; h <= height+2; h++ {
		if cert, err := r.nodes[0].Certificate(h); err != nil || cert.Bitmap.Has(3) {
			t.Errorf("block %d, %v: seat 3 voted, and does not know what it signed", h, err)
		}
	}
}

func losesVotes(t *testing.T, reopen func(r *committeeRig)) {
	r := newCommittee(t, 4)
	r.openAll()
	for k := range uint64(4) {
		r.pay(0, payment(r.nodes[0], 1, 2, 1, k))
	}
	height := r.nodes[0].Head().Header.Height
	r.stop(3)
	reopen(r)
	r.await(height)
	for k := uint64(4); k < 9; k++ {
		r.pay(0, payment(r.nodes[0], 1, 2, 1, k))
	}
	r.agree()
	votes := map[uint64]bool{}
	for h := height + 1; h <= r.nodes[0].Head().Header.Height; h++ {
		cert, err := r.nodes[0].Certificate(h)
		if err != nil {
			t.Fatal(err)
		}
		if votes[h] = cert.Bitmap.Has(3); h <= height+2 && votes[h] {
			t.Errorf("seat 3 voted at height %d, and block %d was final when its disk was lost", h, height)
		}
	}
	r.stop(3)
	safety, _, err := bftVotes(t, r.dirs[3])
	if err != nil || safety.Lost || safety.Height <= height+2 {
		t.Errorf("its record is %+v, %v; it voted at %v", safety, err, votes)
	}
}

// An idle chain makes the heartbeat and nothing else (SPEC 5.7), whoever leads.
func TestCommitteeHeartbeat(t *testing.T) {
	r := newCommittee(t, 4)
	for i := range r.nodes {
		c := r.config(i, true)
		c.Heartbeat = 50 * time.Millisecond
		r.nodes[i] = open(t, c)
	}
	r.await(4)
	r.agree()
	for height := uint64(1); height <= 4; height++ {
		h, _, err := r.nodes[0].Block(height)
		if err != nil || len(h.Events) != 0 {
			t.Fatalf("block %d: %v", height, err)
		}
		before, err := r.nodes[0].store.Header(1, height-1)
		if gap := h.Block.Header.TimeMillis - before.TimeMillis; err != nil || height > 1 && gap < 50 {
			t.Errorf("block %d came %d ms after the one before (%v)", height, gap, err)
		}
	}
}

// A node without a seat follows, and what is submitted to it becomes final all the same.
func TestCommitteeFollower(t *testing.T) {
	r := newCommittee(t, 5)
	r.genesis.Committee.Seats, r.genesis.Possession = r.genesis.Committee.Seats[:4], r.genesis.Possession[:4]
	r.openAll()
	for k := range uint64(4) {
		r.pay(4, payment(r.nodes[4], 1, 2, 1, k))
	}
	r.stop(4)
	r.pay(0, payment(r.nodes[0], 1, 2, 1, 4))
	r.open(4, false)
	r.await(r.nodes[0].Head().Header.Height)
	r.pay(4, payment(r.nodes[4], 1, 2, 1, 5))
	r.agree()
	if !r.nodes[4].member.driver.Replica().Silent() && r.nodes[4].member.epoch.Config.Me != bft.Outside {
		t.Error("it thinks that it has a seat")
	}
}

// eavesdropper counts the frames of consensus that come to a node.
type eavesdropper struct {
	Net
	votes, heads atomic.Int64
}

func (e *eavesdropper) Hold(take func(from keys.PublicKey, raw []byte, taken func())) {
	if take == nil {
		e.Net.Hold(nil)
		return
	}
	e.Net.Hold(func(from keys.PublicKey, raw []byte, taken func()) {
		if raw[0] == frameConsensus {
			switch _, m, _ := decodeConsensus(raw[1:]); m.(type) {
			case *bft.Status:
				e.heads.Add(1)
			case *bft.Proposal, *bft.Vote, *bft.Timeout, *bft.Certified, *bft.Justification:
				e.votes.Add(1)
			}
		}
		take(from, raw, taken)
	})
}

// What members agree with goes to those with a seat alone. Who has none comes by every block all the same, also by the last one of a
// chain that is idle then: it asks.
func TestFollowersAsk(t *testing.T) {
	r := newCommittee(t, 5)
	r.genesis.Committee.Seats, r.genesis.Possession = r.genesis.Committee.Seats[:4], r.genesis.Possession[:4]
	for i := range 4 {
		r.open(i, true)
	}
	c := r.config(4, true)
	ear := &eavesdropper{Net: c.Member.Net}
	c.Member.Net = ear
	r.nodes[4] = open(t, c)
	for k := range uint64(5) {
		r.pay(0, payment(r.nodes[0], 1, 2, 1, k)) // it waits until the follower has it, too
	}
	r.agree()
	if v := ear.votes.Load(); v > 0 || ear.heads.Load() == 0 { // heads are for all
		t.Errorf("the follower is sent %d messages that members agree with, and %d heads", v, ear.heads.Load())
	}
}

// A genesis with a seat whose key nobody has proven to hold is refused, by the seat's number: one such key can sign for all
// (SPEC 6.2). Nothing is left of it.
func TestGenesisNotProven(t *testing.T) {
	r := newCommittee(t, 4)
	_, secret := memberKeys(1)
	node, _ := memberKeys(2)
	proven := r.genesis.Possession[2]
	r.genesis.Possession[2] = chain.ProveSeat(node, secret)
	if n, err := Open(r.config(0, true)); !errors.Is(err, chain.ErrPossession) || !strings.Contains(err.Error(), "seat 2 of node "+node.String()) {
		if err == nil {
			r.nodes[0] = n
		}
		t.Fatal(err)
	}
	r.genesis.Possession[2] = proven
	r.open(0, true)
}

// bftVotes reads what a directory says that its member signed.
func bftVotes(t *testing.T, dir string) (bft.Safety, []bft.Body, error) {
	t.Helper()
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	safety, bodies, err := keep.Of(s, chain.Main).Votes()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return safety, bodies, err
}

// Bytes that somebody changed on their way are not the block that they are named for: they say nothing about its proposer,
// whether the block itself was seen before or not. They are replayed once at most.
func TestDamagedBlock(t *testing.T) {
	r := newCommittee(t, 4)
	var replays atomic.Int32 // that have come to the inputs
	c := r.config(0, true)
	c.Mark = func(s block.Stage) {
		if s == block.StageSignature {
			replays.Add(1)
		}
	}
	r.nodes[0] = open(t, c)
	for i := 1; i < 4; i++ {
		r.open(i, true)
	}
	m := r.nodes[0].member
	work := func() (bft.Event, error) {
		made, err := m.node.build(wish{need: Always})
		if err != nil {
			return nil, err
		}
		m.open = made
		good := bft.Proposed{Hash: made.result.Hash, Raw: made.result.Raw}
		k, err := chain.DecodeBlock(good.Raw)
		if err != nil {
			return nil, err
		}
		k.Inputs = append(k.Inputs, chain.Input{Message: payment(r.nodes[0], 1, 2, 10, 0)})
		bad := bft.Proposed{Hash: good.Hash, Raw: k.Append(nil)}
		worse := bft.Proposed{Hash: good.Hash, Raw: append(slices.Clone(good.Raw), 1)}
		for i, c := range []struct {
			p       bft.Proposed
			want    bft.Verdict
			replays int32
		}{{bad, bft.Damaged, 1}, {bad, bft.Damaged, 1}, {worse, bft.Damaged, 1}, {good, bft.Valid, 2}, {bad, bft.Damaged, 2}, {good, bft.Valid, 2}} {
			if got, err := m.judge(c.p); err != nil || got != c.want || replays.Load() != c.replays {
				t.Errorf("%d: verdict %d, %v, want %d; %d replays, want %d", i, got, err, c.want, replays.Load(), c.replays)
			}
		}
		return nil, m.discard()
	}
	if _, err := m.inTurn(work); err != nil {
		t.Fatal(err)
	}
}
