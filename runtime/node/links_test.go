package node

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/thinkey/thinkey/cluster/transport"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// linked is processes that reach each other over sockets alone.
type linked struct {
	t         *testing.T
	genesis   *chain.Genesis
	dirs      []string
	seed      string // of the mesh
	follows   keys.PublicKey
	links     []*Links
	processes []*Process
}

func newLinked(t *testing.T, seats, members int) *linked {
	g := testGenesis(1_000_000_000, 1, 2, 3)
	g.Committee = chain.Committee{Chain: g.Chain, Seed: chain.Hash{1}}
	r := &linked{t: t, genesis: g, links: make([]*Links, members), processes: make([]*Process, members)}
	for i := range members {
		if i < seats {
			g.AddSeat(memberKeys(i))
		} else {
			r.follows, _ = memberKeys(i)
		}
		r.dirs = append(r.dirs, t.TempDir())
	}
	t.Cleanup(func() {
		for i := range members {
			r.stop(i)
		}
	})
	return r
}

func (r *linked) start(i int, founding bool) {
	r.t.Helper()
	public, secret := memberKeys(i)
	c := LinksConfig{
		Key: keys.FromSeed([32]byte{200, byte(i)}), Network: r.genesis, Listen: "127.0.0.1:0", Gossip: "127.0.0.1:0",
		File: filepath.Join(r.dirs[i], "known"), Trusted: []keys.PublicKey{r.follows}, Software: "test", Log: slog.New(slog.DiscardHandler),
	}
	if r.seed != "" {
		c.Seeds = []string{r.seed}
	}
	links, err := OpenLinks(c)
	if err != nil {
		r.t.Fatal(err)
	}
	r.links[i] = links
	if r.seed == "" {
		_, r.seed = links.Addresses()
	}
	config := testConfig(r.t, nil, r.dirs[i], Pace{})
	config.Workers, config.Heartbeat = 1, time.Hour
	p, err := OpenProcess(ProcessConfig{Config: config, Network: r.genesis, Seat: func(id chain.ID) *Member {
		net, err := links.Net(id)
		if err != nil {
			r.t.Fatal(err)
		}
		return &Member{Node: public, Secret: secret, Net: net, Founding: founding, Patience: time.Second, Resend: 100 * time.Millisecond}
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.processes[i] = p
	links.Serve(p)
}

func (r *linked) stop(i int) {
	if p := r.processes[i]; p != nil {
		r.processes[i] = nil
		r.links[i].Serve(nil)
		if err := p.Close(); err != nil {
			r.t.Error(err)
		}
	}
	if l := r.links[i]; l != nil {
		r.links[i] = nil
		if err := l.Close(); err != nil {
			r.t.Error(err)
		}
	}
}

// pay submits at a node, and waits until all that run have the block that it is in.
func (r *linked) pay(at int, nonce uint64) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	n := r.processes[at].Node(chain.Main)
	m := payment(n, 1, 2, 5, nonce)
	if a := n.Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
		r.t.Fatal(a.Refused)
	}
	where, err := n.Await(ctx, m.ID())
	if err != nil || where.Final == nil {
		r.t.Fatalf("%+v, %v", where, err)
	}
	want, err := n.RawBlock(where.Final.Height)
	if err != nil {
		r.t.Fatal(err)
	}
	for i, p := range r.processes {
		if p == nil {
			continue
		}
		other := p.Node(chain.Main)
		if err := other.AwaitAbove(ctx, where.Final.Height-1); err != nil {
			r.t.Fatalf("node %d: %v", i, err)
		}
		if have, err := other.RawBlock(where.Final.Height); err != nil || string(have) != string(want) {
			r.t.Errorf("node %d has another block %d: %v", i, where.Final.Height, err)
		}
	}
}

// Four processes that share nothing but sockets agree on blocks, go on without one of them, and let it catch up, at another address.
func TestLinks(t *testing.T) {
	r := newLinked(t, 4, 5) // the fifth has no seat, and follows
	for i := range r.links {
		r.start(i, true)
	}
	r.pay(0, 0)
	r.pay(3, 1)
	r.stop(2)
	r.pay(1, 2)
	r.pay(1, 3)
	r.start(2, false)
	r.pay(2, 4)
	var seen int
	for _, n := range r.links[0].Neighbours() {
		if n.Connected && n.Member && n.Known {
			seen++
		}
	}
	if seen != 4 {
		t.Errorf("%d neighbours: %+v", seen, r.links[0].Neighbours())
	}
	families, err := r.links[0].Metrics().Gather()
	if err != nil || len(families) < 2 || families[len(families)-1].GetName() != "thinkey_peers" {
		t.Fatal(families, err)
	}
	for _, m := range families[len(families)-1].GetMetric() {
		if m.GetGauge().GetValue() != 4 {
			t.Errorf("%v", m)
		}
	}
	if counts := r.links[0].Counts(); counts["junk"] > 0 || counts["bans"] > 0 {
		t.Errorf("%v", counts)
	}
}

// Votes go before what may carry a block, and that before everything else.
func TestUrgency(t *testing.T) {
	for _, c := range []struct {
		raw  []byte
		want transport.Class
	}{
		{[]byte{frameConsensus}, transport.Votes}, {make1(frameConsensus, mostVote), transport.Votes}, {make1(frameConsensus, mostVote+1), transport.Blocks},
		{make1(frameEvidence, 10), transport.Blocks}, {make1(frameMessages, 10), transport.Rest}, {nil, transport.Rest},
	} {
		if got := urgency(c.raw); got != c.want {
			t.Errorf("%d bytes: class %d, want %d", len(c.raw), got, c.want)
		}
	}
}

func make1(kind byte, n int) []byte {
	b := make([]byte, n)
	b[0] = kind
	return b
}

// One key runs in one process of a machine.
func TestTwin(t *testing.T) {
	r := newLinked(t, 1, 1)
	r.start(0, true)
	c := LinksConfig{Key: keys.FromSeed([32]byte{200, 0}), Network: r.genesis, Listen: "127.0.0.1:0", Gossip: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)}
	if _, err := OpenLinks(c); !errors.Is(err, ErrTwin) {
		t.Error(err)
	}
	r.stop(0)
	l, err := OpenLinks(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
