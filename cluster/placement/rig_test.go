package placement

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/cluster/transport"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// rig is nodes in one process that know each other's records, and reach each other over sockets alone.
type rig struct {
	t testing.TB

	mu      sync.Mutex // guards the rest
	nodes   []*rigNode
	host    string // that others are told; where nodes listen if it is empty
	leaders map[chain.ID]int
	members map[keys.PublicKey]bool
	cut     map[[2]int]bool // of these, in order, the first has no connection to the second; true: it doesn't know it either
}

type rigNode struct {
	*Placement
	key    keys.PrivateKey
	record mesh.Record
	up     bool
	answer func(context.Context, Asked) ([]byte, error)
}

func rigKey(i int) keys.PrivateKey { return keys.FromSeed([32]byte{77, byte(i)}) }

// pool is the nodes that tests share. proto.actor sets gRPC's log, without a lock, whenever it starts, so under the race detector all
// nodes of a process must have started before one of them does anything.
var pool = struct {
	sync.Mutex
	*rig
}{}

const poolNodes = 4

// newRig makes nodes of the pool those of the test, one for each list of chains, as if they were new.
func newRig(t testing.TB, chains ...[]chain.ID) *rig {
	pool.Lock()
	t.Cleanup(pool.Unlock)
	if pool.rig == nil {
		pool.rig = &rig{t: t}
		pool.rig.reset()
		var quiet []net.Conn
		for i := range poolNodes {
			quiet = append(quiet, pool.meets(pool.start(i, nil)))
		}
		for _, c := range quiet {
			c.Close()
		}
	}
	r := pool.rig
	r.t = t
	r.reset()
	for i, has := range chains {
		r.nodes[i].serve(has)
	}
	r.tell()
	return r
}

// meets waits until a node's port answers, and so has logged that it does.
func (r *rig) meets(n *rigNode) net.Conn {
	secured, err := transport.Secured(rigKey(0))
	if err != nil {
		r.t.Fatal(err)
	}
	c, err := tls.Dial("tcp", n.Addr(), secured)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// reset makes the nodes that there are new.
func (r *rig) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = map[[2]int]bool{}
	r.leaders, r.members = map[chain.ID]int{}, map[keys.PublicKey]bool{rigKey(0).Public(): true}
	for i, n := range r.nodes {
		r.members[n.key.Public()] = true
		n.up = true
		n.record.Serves = nil
		n.says(i)
		n.forgive()
		n.lookup.mu.Lock()
		clear(n.lookup.leaders)
		clear(n.lookup.avoided)
		n.lookup.mu.Unlock()
	}
}

// says is the answer of node i.
func (n *rigNode) says(i int) {
	n.answer = func(_ context.Context, a Asked) ([]byte, error) {
		return fmt.Appendf(nil, "node %d of %s: %s", i, a.Account, a.Body), nil
	}
}

// forgive lets everybody in again.
func (n *rigNode) forgive() {
	n.bans.mu.Lock()
	clear(n.bans.until)
	n.bans.mu.Unlock()
}

func (n *rigNode) serve(has []chain.ID) {
	for _, id := range has {
		n.record.Serves = append(n.record.Serves, mesh.Served{First: id, Count: 1, Roles: mesh.Data})
	}
}

// start starts node i.
func (r *rig) start(i int, has []chain.ID) *rigNode {
	n := &rigNode{key: rigKey(i), up: true}
	n.record = mesh.Record{Node: n.key.Public(), Gossip: "127.0.0.1:1", Transport: net.JoinHostPort(cmp.Or(r.host, "127.0.0.1"), "1")}
	n.serve(has)
	n.says(i)
	p, err := Open(Config{
		Key: n.key, Listen: "127.0.0.1:0", Host: r.host, Nodes: func() []Node { return r.others(n) }, Member: r.member,
		Has: func(id chain.ID) bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			return n.record.Does(id) != 0
		}, Leader: r.leader,
		Answer: func(ctx context.Context, a Asked) ([]byte, error) {
			r.mu.Lock()
			answer := n.answer
			r.mu.Unlock()
			return answer(ctx, a)
		},
		Patience: 2 * time.Second, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	n.Placement, n.record.Actors = p, p.Port()
	r.nodes = append(r.nodes, n)
	r.members[n.key.Public()] = true
	r.mu.Unlock()
	return n
}

// tell lets all nodes look, and waits until they have.
func (r *rig) tell() {
	for _, n := range r.nodes {
		n.provider.look()
	}
}

func (r *rig) others(self *rigNode) (list []Node) {
	r.mu.Lock()
	defer r.mu.Unlock()
	me := slices.Index(r.nodes, self)
	for i, n := range r.nodes {
		unknown, away := r.cut[[2]int{me, i}]
		if n != self && r.members[n.key.Public()] && !unknown {
			list = append(list, Node{n.record, n.up && !away})
		}
	}
	return list
}

func (r *rig) member(k keys.PublicKey) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.members[k]
}

func (r *rig) leader(id chain.ID) (keys.PublicKey, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.leaders[id]
	return rigKey(i).Public(), ok
}

// set changes what is guarded.
func (r *rig) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func (r *rig) ask(i int, account chain.Address, kind string, body string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second)
	defer cancel()
	got, err := r.nodes[i].Request(ctx, account, kind, []byte(body))
	return string(got), err
}

func rigAccount(id chain.ID, n byte) chain.Address {
	return chain.KeyAddress(id, keys.FromSeed([32]byte{n}).Public())
}

func (r *rig) expect(i int, account chain.Address, kind string, from int) {
	r.t.Helper()
	got, err := r.ask(i, account, kind, "?")
	if want := fmt.Sprintf("node %d of %s: ?", from, account); err != nil || got != want {
		r.t.Fatalf("node %d is answered %q, %v; want %q", i, got, err, want)
	}
}

// awaits polls until is holds.
func awaits(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(2 * time.Minute); !is(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}
