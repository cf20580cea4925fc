package node

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/cluster/mesh"
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
	wires     wires
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

// link connects node i.
func (r *linked) link(i int) *Links {
	r.t.Helper()
	c := LinksConfig{
		Key: keys.FromSeed([32]byte{200, byte(i)}), Network: r.genesis, Listen: "127.0.0.1:0", Gossip: "127.0.0.1:0",
		File: filepath.Join(r.dirs[i], "known"), Trusted: []keys.PublicKey{r.follows}, Software: "test", Log: slog.New(slog.DiscardHandler),
		Dial: func(ctx context.Context, addr string) (net.Conn, error) { return r.wires.dial(ctx, i, addr) },
	}
	if r.seed != "" {
		c.Seeds = []string{r.seed}
	}
	links, err := OpenLinks(c)
	if err != nil {
		r.t.Fatal(err)
	}
	r.links[i] = links
	nodes, _ := links.Addresses()
	r.wires.set(nodes, i)
	if r.seed == "" {
		_, r.seed = links.Addresses()
	}
	return links
}

func (r *linked) start(i int, founding bool) {
	r.t.Helper()
	public, secret := memberKeys(i)
	links := r.link(i)
	config := testConfig(r.t, nil, r.dirs[i], Pace{})
	config.Workers, config.Heartbeat = 1, time.Hour
	var carrier *keys.PrivateKey
	if i == 0 && len(r.genesis.Chains) > 0 {
		carrier = &carrierKey
	}
	p, err := OpenProcess(ProcessConfig{Config: config, Network: r.genesis, Carrier: carrier, Seat: func(id chain.ID) *Member {
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
	ctx, cancel := context.WithTimeout(context.Background(), patience)
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

// wires are the connections between processes, which a test can cut.
type wires struct {
	mu   sync.Mutex
	at   map[string]int // who listens there
	cut  func(from, to int) bool
	open []cable
}

type cable struct {
	net.Conn
	from, to int
}

var errCut = errors.New("cut")

func (w *wires) set(addr string, i int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.at == nil {
		w.at = map[string]int{}
	}
	w.at[addr] = i
}

func (w *wires) dial(ctx context.Context, from int, addr string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	to := w.at[addr]
	if w.cut != nil && w.cut(from, to) {
		return nil, errCut
	}
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err == nil {
		w.open = append(w.open, cable{c, from, to})
	}
	return c, err
}

// only lets connections be between those of whom one function says the same; nil lets all be.
func (w *wires) only(side func(i int) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = nil
	if side == nil {
		return
	}
	w.cut = func(from, to int) bool { return side(from) != side(to) }
	for _, c := range w.open {
		if w.cut(c.from, c.to) {
			c.Close()
		}
	}
}

// Halves decide nothing, however much they are given; three of four go on. When the wires are whole again all agree, by themselves, and
// what was given to either half isn't lost.
func TestLinksPartition(t *testing.T) {
	r := newLinked(t, 4, 4)
	for i := range r.links {
		r.start(i, true)
	}
	r.pay(0, 0)
	connected := func(i int) (n int) {
		for _, x := range r.links[i].Neighbours() {
			if x.Connected {
				n++
			}
		}
		return n
	}
	r.wires.only(func(i int) bool { return i < 2 })
	for i := range r.links {
		r.until("each half is alone", func() bool { return connected(i) == 1 })
	}
	height := r.processes[0].Node(chain.Main).Head().Header.Height
	give := func(at int, from byte, nonce uint64) *chain.Message {
		n := r.processes[at].Node(chain.Main)
		m := payment(n, from, 3, 5, nonce)
		if a := n.Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
			t.Fatal(a.Refused)
		}
		return m
	}
	left, right := give(0, 1, 1), give(3, 2, 0)
	r.until("both halves have tried, in several rounds", func() bool {
		return r.tried(1) && r.tried(2)
	})
	for i, p := range r.processes {
		if now := p.Node(chain.Main).Head().Header.Height; now != height {
			t.Errorf("node %d has decided block %d in a half", i, now)
		}
	}
	r.wires.only(func(i int) bool { return i < 3 })
	r.final(0, left)
	if now := r.processes[3].Node(chain.Main).Head().Header.Height; now != height {
		t.Errorf("node 3 has decided block %d alone", now)
	}
	r.wires.only(nil)
	r.final(3, right)
	r.final(1, right)
	r.pay(2, 2)
}

// tried says whether a node has sent more than one round's worth.
func (r *linked) tried(i int) bool {
	for _, x := range r.links[i].Neighbours() {
		if x.Connected && x.Sent > 20 {
			return true
		}
	}
	return false
}

// final waits until a node has a message in a block.
func (r *linked) final(at int, m *chain.Message) {
	r.t.Helper()
	linkedFinal(r.t, r.processes[at].Node(chain.Main), m)
}

func linkedFinal(t *testing.T, n *Node, m *chain.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		height := n.Head().Header.Height
		if is, err := n.Message(m.ID()); err == nil && is.Final != nil {
			return
		}
		if err := n.AwaitAbove(ctx, height); err != nil {
			t.Fatalf("never final: message %s: %v", m.ID(), err)
		}
	}
}

func (r *linked) until(what string, is func() bool) {
	r.t.Helper()
	until(r.t, what, is)
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !is(); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("never: %s", what)
		}
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

// A node that was given a seat of the next epoch is a stranger until the main chain has it registered. From then on it gets the blocks, and
// votes when the epoch begins; who leaves stays a member in the epoch after, and follows, and then is a stranger again.
func TestLinksHandover(t *testing.T) {
	r := newLinked(t, 4, 5)
	r.follows = keys.PublicKey{}
	under := *r.genesis
	under.Name, under.Chain, under.Under, under.Accounts = "under", 2, chain.Main, nil
	under.Committee.Chain = 2
	for _, n := range []byte{1, 2, 250} {
		under.Accounts = append(under.Accounts, chain.GenesisAccount{Address: chain.KeyAddress(2, keys.FromSeed([32]byte{n}).Public()), Balance: chain.NewAmount(1_000_000)})
	}
	r.genesis.Accounts = nil
	for _, n := range []byte{3, 250} {
		r.genesis.Accounts = append(r.genesis.Accounts, chain.GenesisAccount{Address: chain.KeyAddress(chain.Main, keys.FromSeed([32]byte{n}).Public()), Balance: chain.NewAmount(1 << 40)})
	}
	for _, g := range []*chain.Genesis{r.genesis, &under} {
		slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	}
	r.genesis.Chains, r.genesis.Owner = []chain.Genesis{under}, chain.KeyAddress(chain.Main, ownerKey.Public())
	if err := r.genesis.Check(); err != nil {
		t.Fatal(err)
	}
	for i := range r.links {
		r.start(i, true)
	}
	new := keys.FromSeed([32]byte{200, 4}).Public()
	if r.links[0].isMember(new) || !r.links[4].isMember(new) && r.links[4].Counts()[transport.CountForbidden] > 0 {
		t.Error("a node without a seat is a member")
	}
	f := &forest{t: t, genesis: r.genesis, runs: r.processes, nonces: map[chain.ID]uint64{}}
	f.change(2, 0, 1, 2, 4)
	f.reaches(2, 1)
	r.until("others are told of the seats", func() bool {
		return r.does(new) == [2]mesh.Roles{mesh.Data | mesh.Common, mesh.Data | mesh.Seat | mesh.Common}
	})
	f.change(2, 0, 1, 2, 3)
	f.reaches(2, 2)
	r.until("others are told that it left", func() bool { return r.does(new) == [2]mesh.Roles{mesh.Data | mesh.Common, mesh.Data | mesh.Common} })
	for i := range 4 {
		if !r.links[i].isMember(new) {
			t.Errorf("node %d calls who has just left a stranger", i)
		}
	}
	five := f.runs[4]
	f.runs[4] = nil // it hears of no more
	f.change(2, 0, 1, 3)
	f.reaches(2, 3)
	for i := range 4 {
		r.until("who left is a stranger", func() bool { return !r.links[i].isMember(new) })
	}
	f.runs[4] = five
	f.change(2, 0, 1, 2, 4)
	f.reaches(2, 4)
	c, _, err := r.processes[4].Node(2).Committee()
	if err != nil || len(c.Held(new)) == 0 {
		t.Errorf("%+v, %v", c, err)
	}
	r.stop(0) // three of four decide, and the new one is one of them; the one that left follows, though it was connected to it just now
	f.pay(4)
}

// does is what node 0 was told that another does for the main chain and the one under it.
func (r *linked) does(k keys.PublicKey) (roles [2]mesh.Roles) {
	for _, n := range r.links[0].Neighbours() {
		if n.Key == k {
			roles = [2]mesh.Roles{n.Record.Does(chain.Main), n.Record.Does(2)}
		}
	}
	return roles
}

// Chains with the same roles that follow each other are one run, and more runs than a record has room for are left out.
func TestRuns(t *testing.T) {
	var list []chainRoles
	var want []mesh.Served
	for i := range chain.ID(mesh.MaxServed + 1) {
		list = append(list, chainRoles{10 + 3*i, mesh.Data}, chainRoles{11 + 3*i, mesh.Data})
		want = append(want, mesh.Served{First: 10 + 3*i, Count: 2, Roles: mesh.Data})
	}
	if got := runs(list); !slices.Equal(got, want[:mesh.MaxServed]) {
		t.Errorf("%v", got)
	}
	if got := runs([]chainRoles{{1, mesh.Data}, {2, mesh.Data | mesh.Seat}, {3, mesh.Data | mesh.Seat}}); !slices.Equal(got, []mesh.Served{{First: 1, Count: 1, Roles: mesh.Data}, {First: 2, Count: 2, Roles: mesh.Data | mesh.Seat}}) {
		t.Errorf("%v", got)
	}
}

// A node without a seat, that nobody trusts, follows the chains once it has put up its deposit on the main chain (SPEC 6.2).
func TestLinksRegistered(t *testing.T) {
	r := newLinked(t, 4, 5)
	r.follows = keys.PublicKey{}
	key := keys.FromSeed([32]byte{200, 4})
	account := chain.KeyAddress(chain.Main, key.Public())
	r.genesis.Accounts = append(r.genesis.Accounts, chain.GenesisAccount{Address: account, Balance: chain.NewAmount(1 << 40)})
	slices.SortFunc(r.genesis.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	for i := range r.links {
		r.start(i, true)
	}
	r.until("the others have met it, as a stranger", func() bool {
		return slices.ContainsFunc(r.links[0].Neighbours(), func(n Neighbour) bool { return n.Key == key.Public() && n.Connected && !n.Member })
	})
	five := r.processes[4]
	r.processes[4] = nil // as a stranger it is told of nothing, and asks only now and then
	r.pay(0, 0)
	_, secret := memberKeys(4)
	root := r.processes[0].Node(chain.Main)
	in := chain.NewNodeInput(r.genesis.Network(), "five", key.Public(), secret)
	id, err := root.submit(key, account, chain.CallInput{To: chain.NodesAddress(), Method: chain.MethodRegister, GasLimit: 10_000_000, Input: in.Encode()}, chain.NewAmount(chain.NodeDeposit))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := root.posted(ctx, id); err != nil {
		t.Fatal(err)
	}
	r.processes[4] = five
	r.pay(1, 1)
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

// One key that runs on two machines is seen by the others.
func TestTwinElsewhere(t *testing.T) {
	r := newLinked(t, 3, 3)
	for i := range 3 {
		r.start(i, true)
	}
	r.pay(0, 0)                                  // they are connected
	if err := r.links[2].release(); err != nil { // another machine knows nothing of who runs here
		t.Fatal(err)
	}
	r.links[2].alone = nil
	twin, err := OpenLinks(LinksConfig{
		Key: keys.FromSeed([32]byte{200, 2}), Network: r.genesis, Listen: "127.0.0.1:0", Gossip: "127.0.0.1:0", Seeds: []string{r.seed}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := twin.Close(); err != nil {
			t.Error(err)
		}
	}()
	r.until("others see it", func() bool {
		return slices.ContainsFunc(r.links[0].Neighbours(), func(n Neighbour) bool { return n.Key == r.links[2].Self().Key && n.Conflicts > 0 })
	})
	if r.links[0].Self().Conflicts > 0 {
		t.Error("it is held against another node")
	}
}

// SPEC 10.2: who is not registered follows a network all the same, and what is submitted to it becomes final; members take nothing else
// of it.
func TestStrangerFollows(t *testing.T) {
	r := newLinked(t, 4, 5)
	r.follows = keys.PublicKey{}
	for i := range r.links {
		r.start(i, true)
	}
	r.pay(0, 0)
	r.pay(4, 1)
	r.pay(1, 2)
	stranger, _ := memberKeys(4)
	if r.links[0].isMember(stranger) {
		t.Fatal("it is registered")
	}
	net := r.processes[4].Node(chain.Main).member.Net
	member, _ := memberKeys(0)
	n := r.processes[0].Node(chain.Main)
	before := counted(t, n, "thinkey_consensus_forwarded_lost_total")
	net.Send(member, []byte{frameName, 1}) // for this it has no room
	for range 6 {                          // as who is registered since the member stopped, and is told of that later, sends it
		net.Send(member, []byte{frameEnvelope, 1})
	}
	r.until("what is not public is lost", func() bool { return counted(t, n, "thinkey_consensus_forwarded_lost_total") == before+6 })
	if c := r.links[0].Counts(); c[transport.CountJunk] > 0 || counted(t, n, "thinkey_consensus_rejected_total") > 0 {
		t.Errorf("an honest node may send it, and it is held against it: %v", c)
	}
	for _, kind := range []byte{frameConsensus, frameEvidence, frameBlock, frameName, frameAsk, frameFinals} { // in another class than theirs
		n.member.hear(stranger, []byte{kind, 1}, func() {})
	}
	if refused := counted(t, n, "thinkey_consensus_rejected_total"); refused != 6 || r.links[0].Counts()[transport.CountBans] != 1 {
		t.Errorf("%g of 6 lies are refused", refused)
	}
	r.pay(1, 3)
}
