package node

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// apartRig are processes of which one alone has chain a, and the four others, which are chain b's committee, don't: what a sends b must be
// brought.
type apartRig struct {
	t       *testing.T
	genesis *chain.Genesis
	parts   []*Process // the last one is the main chain's and a's
	wires   map[chain.ID]*Switch
	net     func(id chain.ID, member int, n Net) Net
}

const (
	apartA = chain.ID(2)
	apartB = chain.ID(3)
)

// newApart lets net stand between each of b's members and the others. Nobody asks for what is on its way to b: it is brought by hand.
func newApart(t *testing.T, net func(member int, n Net) Net) *apartRig {
	return newApartOf(t, func(id chain.ID, member int, n Net) Net {
		if id == apartB {
			return net(member, n)
		}
		return unasking{n}
	}, nil)
}

// unasking is a Net on which nobody asks for relays.
type unasking struct{ Net }

func (n unasking) Peers() []keys.PublicKey { return n.Net.(peersNet).Peers() }

func (n unasking) Send(to keys.PublicKey, raw []byte) {
	if raw[0] != frameWant {
		n.Net.Send(to, raw)
	}
}

// newApartOf lets net stand between each member of a chain and the others, and changes the genesis before anybody sees it.
func newApartOf(t *testing.T, net func(id chain.ID, member int, n Net) Net, change func(*chain.Genesis)) *apartRig {
	t.Helper()
	const outside = 4
	on := func(id, under chain.ID, members ...int) chain.Genesis {
		g := chain.Genesis{Name: fmt.Sprint("test ", id), Chain: id, Under: under, TimeMillis: 1, Params: chain.DefaultParams()}
		g.Committee = chain.Committee{Chain: id, Seed: chain.Hash{1}}
		for _, i := range members {
			node, secret := memberKeys(i)
			g.AddSeat(node, secret)
		}
		for _, n := range []byte{1, 250} {
			g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: chain.KeyAddress(id, keys.FromSeed([32]byte{n}).Public()), Balance: chain.NewAmount(1_000_000)})
		}
		slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
		return g
	}
	g := on(chain.Main, 0, outside)
	g.Chains = []chain.Genesis{on(apartA, chain.Main, outside), on(apartB, chain.Main, 0, 1, 2, 3)}
	if change != nil {
		change(&g)
	}
	if err := g.Check(); err != nil {
		t.Fatal(err)
	}
	r := &apartRig{t: t, genesis: &g, wires: map[chain.ID]*Switch{}, net: net}
	for id := chain.Main; id <= apartB; id++ {
		r.wires[id] = NewSwitch()
		t.Cleanup(r.wires[id].Close)
	}
	dirs := make([]string, outside+1)
	for i := range dirs {
		dirs[i] = t.TempDir()
	}
	t.Cleanup(func() { // before the directories go: a store may begin a log at any block
		for i := range r.parts {
			r.stop(i)
		}
	})
	for i, dir := range dirs {
		r.open(i, dir, i == outside)
	}
	return r
}

func (r *apartRig) open(i int, dir string, outside bool) {
	r.t.Helper()
	c := testConfig(r.t, nil, dir, Pace{})
	c.Workers, c.Heartbeat = 1, time.Hour
	key := carrierKey
	p := ProcessConfig{Config: c, Network: r.genesis, Chains: []chain.ID{chain.Main, apartB}, Carrier: &key}
	if outside {
		p.Chains = []chain.ID{chain.Main, apartA}
	}
	p.Seat = func(id chain.ID) *Member {
		node, secret := memberKeys(i)
		net := r.net(id, i, r.wires[id].Port(node))
		return &Member{Node: node, Secret: secret, Net: net, Founding: true, Patience: time.Hour, Resend: 100 * time.Millisecond}
	}
	process, err := OpenProcess(p)
	if err != nil {
		r.t.Fatal(err)
	}
	r.parts = append(r.parts, process)
}

func (r *apartRig) stop(i int) {
	if p := r.parts[i]; p != nil {
		r.parts[i] = nil
		if err := p.Close(); err != nil {
			r.t.Error(err)
		}
	}
}

// pays lets account 1 of a pay an account of b, and returns the envelope with that.
func (r *apartRig) pays(nonce uint64) (*light.Envelope, chain.MessageID) {
	r.t.Helper()
	of := treeRig{t: r.t, genesis: r.genesis}
	x := of.transfer(apartA, 1, apartB, 1, 7, nonce)
	last := r.parts[len(r.parts)-1]
	if a := last.Node(apartA).Submit([][]byte{x.Encode()})[0]; a.Refused != nil {
		r.t.Fatal(a.Refused)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		height := last.Node(chain.Main).Head().Header.Height
		e, err := last.chains.Envelope(r.genesis.Tree(), apartA, apartB, nonce)
		if err == nil {
			return e, of.relayOf(x)
		}
		if err := last.Node(chain.Main).AwaitAbove(ctx, height); err != nil {
			r.t.Fatalf("the main chain doesn't cover it: %v", err)
		}
	}
}

// arrives waits until a member of b has taken in a relay.
func (r *apartRig) arrives(at int, relay chain.MessageID) {
	r.t.Helper()
	of := treeRig{t: r.t, genesis: r.genesis, process: r.parts[at]}
	of.arrives(apartB, relay)
}

// leader is the member of b that leads at first.
func (r *apartRig) leader() int {
	return int(committee.NewLeaders(r.genesis.Chains[1].Committee.Seed, 4).Leader(committee.Turn{Height: 1}))
}

// An envelope that was brought to one member, which doesn't lead, and no round of whose ends, is taken in.
func TestEnvelopeToOneMember(t *testing.T) {
	r := newApart(t, func(_ int, n Net) Net { return n })
	near := (r.leader() + 1) % 4
	for nonce := range uint64(3) {
		e, relay := r.pays(nonce)
		if err := r.parts[near].Node(apartB).Deliver(e); err != nil {
			t.Fatal(err)
		}
		r.arrives(near, relay)
	}
}

// The network loses what the member says at first: it says it again.
func TestEnvelopeAgain(t *testing.T) {
	lost := &lostOnce{frame: frameEnvelope}
	r := newApart(t, func(_ int, n Net) Net { return lossyPort{n, lost} })
	near := (r.leader() + 1) % 4
	e, relay := r.pays(0)
	if err := r.parts[near].Node(apartB).Deliver(e); err != nil {
		t.Fatal(err)
	}
	r.arrives(near, relay)
	lost.mu.Lock()
	defer lost.mu.Unlock()
	if !lost.did {
		t.Error("nothing was lost")
	}
}

// lostOnce loses the first frame of a kind that anybody spreads.
type lostOnce struct {
	frame byte
	mu    sync.Mutex // guards did
	did   bool
}

type lossyPort struct {
	Net
	of *lostOnce
}

func (p lossyPort) Spread(raw []byte) {
	p.of.mu.Lock()
	lose := raw[0] == p.of.frame && !p.of.did
	p.of.did = p.of.did || lose
	p.of.mu.Unlock()
	if !lose {
		p.Net.Spread(raw)
	}
}

// What a member is told of, and shows nothing, is not kept, and no member that tells of such things keeps out others.
func TestEnvelopesOfALiar(t *testing.T) {
	r := newApart(t, func(_ int, n Net) Net { return n })
	near := (r.leader() + 1) % 4
	liar := r.wires[apartB].Port(keys.PublicKey{99})
	e, relay := r.pays(0)
	junk := append([]byte{frameEnvelope}, e.Encode()...)
	junk[len(junk)-1] ^= 1 // of a message
	for range 10_000 {
		liar.Spread(junk)
		liar.Spread([]byte{frameEnvelope, 1, 2, 3})
	}
	for i := range 4 { // they are all looked at, or lost
		for r.parts[i].Node(apartB).member.told.waits() {
			runtime.Gosched()
		}
	}
	if err := r.parts[near].Node(apartB).Deliver(e); err != nil {
		t.Fatal(err)
	}
	r.arrives(near, relay)
}

// waits says whether there is something that nobody has taken out.
func (s *shares[T]) waits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.turns) > 0
}
