package mesh

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Config is what a Mesh is made of. Zero stands for the default in brackets.
type Config struct {
	Key     keys.PrivateKey
	Network chain.NetworkID
	Bind    string // ip:port for UDP and TCP; port 0 takes a free one
	// Advertise is where others reach the mesh, ip:port; Bind's if it is empty.
	Advertise string
	// From is the IP address that connections to others are made from; any of the machine's if it is empty.
	From string
	// Self is what the node says of itself; Node, Sequence and Gossip are filled in.
	Self Record
	// Seeds are addresses of meshes that are asked: all while nobody else is there, and then in turn those where nobody is.
	Seeds []string
	// File keeps the nodes that are known; none if it is empty.
	File string
	// Secrets, if there are any, encrypt gossip: 16, 24 or 32 bytes each. The first encrypts, all decrypt.
	Secrets [][]byte
	// Registered says whether a key is registered; nil if there is no telling. It must not wait, nor call the Mesh.
	Registered func(keys.PublicKey) bool
	// Seated says whether one that is registered has a seat: where too many nodes are known, others make room for it; nil if there is no telling. It must
	// not wait, nor call the Mesh.
	Seated func(keys.PublicKey) bool
	// Changed, if set, is told that Members may answer otherwise. It must not wait, nor call the Mesh.
	Changed func()
	// Rejoin is how often nodes that seem away are asked again [5 s].
	Rejoin time.Duration
	Log    *slog.Logger

	tune func(*memberlist.Config) // tests
}

// Member is a node that is known.
type Member struct {
	Record
	// Alive is what gossip says now. It may be wrong either way.
	Alive bool
}

// Mesh is a node's place in the membership. All methods may be called from many goroutines.
type Mesh struct {
	config  Config
	list    *memberlist.Memberlist
	keyring *memberlist.Keyring // nil without secrets
	known   known
	stop    context.CancelFunc
	work    sync.WaitGroup
	closing sync.Once
	saying  sync.Mutex // held by Update: two changes at once are both said
	seeds   seeding    // of rejoin

	mu     sync.Mutex // guards the rest
	self   Record
	raw    []byte
	counts map[string]uint64
	// conflicts are those of registered nodes.
	conflicts map[keys.PublicKey]*conflict
	// foreignSaid is when a node of another version was last told of.
	foreignSaid time.Time
}

// What Counts names.
const (
	CountRefused  = "records refused"
	CountVersions = "records of another version" // refused like all of those
	CountConflict = "other addresses claimed for a node"
	CountRejoins  = "nodes asked again"
	CountPackets  = "gossip packets refused"
	CountStreams  = "gossip connections refused"
	CountSecrets  = "gossip under another secret"
)

// Label is what all gossip of a network begins with, packets and connections: what has none, or another, is for another network.
func Label(n chain.NetworkID) string { return "thinkey " + n.String() }

// Start joins the membership; it doesn't wait for others. Close leaves.
func Start(c Config) (*Mesh, error) {
	c.Rejoin = cmp.Or(c.Rejoin, 5*time.Second)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Registered == nil {
		c.Registered = func(keys.PublicKey) bool { return true }
	}
	if c.Seated == nil {
		c.Seated = func(keys.PublicKey) bool { return false }
	}
	if c.Changed == nil {
		c.Changed = func() {}
	}
	m := &Mesh{config: c, counts: map[string]uint64{}, conflicts: map[keys.PublicKey]*conflict{}}
	m.known = known{network: c.Network, registered: c.Registered, seated: c.Seated, nodes: map[keys.PublicKey]*entry{}}
	m.seeds = seeding{list: c.Seeds, answered: map[string]time.Time{}}
	if err := m.known.load(c.File, time.Now()); err != nil {
		return nil, err
	}
	conf, err := m.gossip()
	if err != nil {
		return nil, err
	}
	if m.list, err = memberlist.Create(conf); err != nil {
		if transport, ok := conf.Transport.(*sockets); ok {
			err = errors.Join(err, transport.Shutdown())
		}
		return nil, fmt.Errorf("mesh at %s: %w", c.Bind, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.work.Go(func() { m.rejoin(ctx) })
	return m, nil
}

// gossip opens the sockets, as the record names their address, and configures memberlist.
func (m *Mesh) gossip() (*memberlist.Config, error) {
	c := &m.config
	ip, port, err := splitAddress(c.Bind)
	if err != nil {
		return nil, fmt.Errorf("mesh: %w", err)
	}
	conf := memberlist.DefaultLANConfig()
	conf.Logger = log.New(logWriter{m}, "", 0)
	conf.Label = Label(c.Network)
	transport, err := openSockets(
		c.From, &memberlist.NetTransportConfig{BindAddrs: []string{ip.String()}, BindPort: port, Logger: conf.Logger},
		looks{conf.Label, len(c.Secrets) > 0}, m.known.isAt, m.count,
	)
	if err != nil {
		return nil, fmt.Errorf("mesh at %s: %w", c.Bind, err)
	}
	conf.Transport = transport
	conf.BindAddr, conf.BindPort = ip.String(), transport.GetAutoBindPort()
	conf.AdvertiseAddr, conf.AdvertisePort = conf.BindAddr, conf.BindPort
	if c.Advertise != "" {
		if ip, port, err = splitAddress(c.Advertise); err != nil {
			return nil, errors.Join(fmt.Errorf("mesh: advertised %w", err), transport.Shutdown())
		}
		conf.AdvertiseAddr, conf.AdvertisePort = ip.String(), port
	}
	conf.Name = c.Key.Public().String()
	conf.EnableCompression = false // records are keys and signatures; and who unpacks doesn't know how much it will be
	conf.Delegate, conf.Alive, conf.Events, conf.Conflict = delegate{m}, delegate{m}, delegate{m}, delegate{m}
	// A false suspicion must be over soon, and a change be known in less than a second.
	conf.SuspicionMaxTimeoutMult, conf.GossipInterval = 2, 100*time.Millisecond
	conf.TCPTimeout, conf.DeadNodeReclaimTime = 3*time.Second, time.Second
	if len(c.Secrets) > 0 {
		if m.keyring, err = memberlist.NewKeyring(c.Secrets, c.Secrets[0]); err != nil {
			return nil, errors.Join(fmt.Errorf("mesh: secret: %w", err), transport.Shutdown())
		}
		conf.Keyring = m.keyring
	}
	if c.tune != nil {
		c.tune(conf)
	}
	self := c.Self
	self.Gossip = fmt.Sprintf("%s:%d", conf.AdvertiseAddr, conf.AdvertisePort)
	if strings.Contains(conf.AdvertiseAddr, ":") {
		self.Gossip = fmt.Sprintf("[%s]:%d", conf.AdvertiseAddr, conf.AdvertisePort)
	}
	if err := m.say(self); err != nil {
		return nil, errors.Join(err, transport.Shutdown())
	}
	return conf, nil
}

// say makes a record the node's own. Its sequence follows the clock, and never goes back.
func (m *Mesh) say(self Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	self.Sequence = max(uint64(time.Now().UnixMilli()), m.self.Sequence+1)
	if before := m.known.get(m.config.Key.Public()); before != nil {
		self.Sequence = max(self.Sequence, before.Sequence+1)
	}
	raw, err := self.Sign(m.config.Network, m.config.Key)
	if err != nil {
		return err
	}
	m.self, m.raw = self, raw
	return nil
}

// Update tells others what the node says of itself now. It returns when it is on its way; others know within a second or so.
func (m *Mesh) Update(change func(*Record)) error {
	m.saying.Lock()
	defer m.saying.Unlock()
	m.mu.Lock()
	self := m.self
	m.mu.Unlock()
	change(&self)
	if err := m.say(self); err != nil {
		return err
	}
	_ = m.list.UpdateNode(leaveTime) // what was not said in time is said later
	return nil
}

// Addr is where the mesh is reached.
func (m *Mesh) Addr() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.self.Gossip
}

// Members are all nodes that are known but this one, by key, alive or not: where they may be reached, by their own word.
func (m *Mesh) Members() (list []Member) {
	alive := m.alive()
	for _, r := range m.known.all() {
		if r.Node != m.config.Key.Public() {
			list = append(list, Member{*r, alive[r.Node.String()]})
		}
	}
	return list
}

func (m *Mesh) alive() map[string]bool {
	alive := map[string]bool{}
	for _, n := range m.list.Members() {
		alive[n.Name] = n.State == memberlist.StateAlive || n.State == memberlist.StateSuspect
	}
	return alive
}

// Self is what the node says of itself.
func (m *Mesh) Self() Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.self
}

// Counts is how often what happened.
func (m *Mesh) Counts() map[string]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := make(map[string]uint64, len(m.counts))
	for what, n := range m.counts {
		counts[what] = n
	}
	return counts
}

func (m *Mesh) count(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[what]++
}

// ErrNoSecrets is a change of secrets where there are none.
var ErrNoSecrets = errors.New("the mesh was started without secrets: restart it with one")

// SetSecrets changes what gossip is encrypted with, without a stop: the first secret encrypts, all decrypt. To change one, give all nodes the new
// one behind the old, then before it, then alone.
func (m *Mesh) SetSecrets(list [][]byte) error {
	if m.keyring == nil {
		return ErrNoSecrets
	}
	if len(list) == 0 {
		return errors.New("no secrets")
	}
	for _, s := range list {
		if err := m.keyring.AddKey(s); err != nil {
			return err
		}
	}
	if err := m.keyring.UseKey(list[0]); err != nil {
		return err
	}
	for _, old := range m.keyring.GetKeys() {
		if !slices.ContainsFunc(list, func(s []byte) bool { return bytes.Equal(s, old) }) {
			if err := m.keyring.RemoveKey(old); err != nil {
				return err
			}
		}
	}
	return nil
}

// rejoin asks nodes again that seem away: memberlist forgets who was dead for a while, so that after a partition two halves would
// never look for each other.
func (m *Mesh) rejoin(ctx context.Context) {
	tick := time.NewTicker(m.config.Rejoin)
	defer tick.Stop()
	for {
		for _, addr := range append(m.away(), m.seedsAway(time.Now())...) {
			if ctx.Err() != nil {
				return
			}
			m.count(CountRejoins)
			if _, err := m.list.Join([]string{addr}); err != nil {
				m.config.Log.Debug("a node is not there", "mesh", addr, "error", err)
				continue
			}
			m.seeds.heard(addr, time.Now())
		}
		if err := m.known.save(m.config.File); err != nil {
			m.config.Log.Warn("the list of known nodes is not kept", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// rejoinEach is how many nodes are asked between two ticks: each that is really away costs a timeout.
const rejoinEach = 4

// away are some of the addresses where somebody should be and nobody is, in any order, those of registered nodes first: anybody can make up others.
func (m *Mesh) away() (addrs []string) {
	alive := m.alive()
	var others []string
	for _, r := range m.known.all() {
		switch {
		case alive[r.Node.String()] || r.Node == m.config.Key.Public():
		case m.config.Registered(r.Node):
			addrs = append(addrs, r.Gossip)
		default:
			others = append(others, r.Gossip)
		}
	}
	for _, list := range [][]string{addrs, others} {
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	addrs = append(addrs, others...)
	return addrs[:min(len(addrs), rejoinEach)]
}

// leaveTime is how long others may take to be told that this node goes.
const leaveTime = 500 * time.Millisecond

// Close leaves; the first call counts.
func (m *Mesh) Close() (err error) {
	m.closing.Do(func() {
		m.stop()
		m.work.Wait()
		_ = m.list.Leave(leaveTime) // who doesn't hear it finds out
		err = errors.Join(m.list.Shutdown(), m.known.save(m.config.File))
	})
	return err
}

// logWriter passes on what memberlist logs, as something for who looks closely. What comes under a secret that this node doesn't have is said nowhere else.
type logWriter struct{ *Mesh }

func (w logWriter) Write(b []byte) (int, error) {
	if bytes.Contains(bytes.ToLower(b), []byte("could decrypt")) {
		w.count(CountSecrets)
	}
	w.config.Log.Debug(strings.TrimSpace(string(b)))
	return len(b), nil
}
