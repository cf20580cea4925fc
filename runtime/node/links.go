package node

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/cluster/transport"
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Links connect a process with the others of its network: a channel of the transport for each chain, and the mesh, which says where
// others are.
//
//	mesh: records of nodes ──those that are registered──► transport: Reach ──► Net of each chain
//	chains: who has a seat, now or next ──► registered
type Links struct {
	config LinksConfig
	host   *transport.Host
	mesh   *mesh.Mesh
	alone  net.Listener // nil where the system has no such names
	told   atomic.Pointer[func()]
	first  map[chain.ID]chain.Committee // of each chain's genesis
	wake   chan struct{}
	stop   context.CancelFunc
	work   sync.WaitGroup

	reading sync.Mutex // held while the process is asked; guards it
	process *Process

	mu      sync.RWMutex            // guards the rest; taken after reading
	members map[keys.PublicKey]bool // who has a seat, will have or just had one, or is trusted
	deposit map[keys.PublicKey]bool // of those that were met: who is registered on the main chain now
	api     string                  // where users are served
}

// LinksConfig is what Links are made of.
type LinksConfig struct {
	Key     keys.PrivateKey // the node's
	Network *chain.Genesis  // of the main chain, with all others
	// Listen is host:port for other nodes, Gossip ip:port for the mesh; port 0 takes a free one. Advertised are what others are told
	// instead, where those are not what others reach.
	Listen, Gossip                     string
	AdvertisedListen, AdvertisedGossip string
	From                               string   // the IP address that connections to others are made from; any if it is empty
	Seeds                              []string // meshes that are asked first
	Secrets                            [][]byte // of gossip; none for a public network
	File                               string   // keeps the nodes that are known
	// Trusted are keys that have the rights of members without a seat: nodes of the operator that follow.
	Trusted  []keys.PublicKey
	Software string
	Log      *slog.Logger
	// Dial, if set, makes connections to other nodes (transport.Config).
	Dial func(ctx context.Context, addr string) (net.Conn, error)
	// Lost, if set, says of which chains all that is sent and received is lost now: of a test network, to which harm is done.
	Lost func(chain.ID) bool
}

// OpenLinks listens, and looks for others. Close ends it, after the nodes.
func OpenLinks(c LinksConfig) (*Links, error) {
	l := &Links{config: c, wake: make(chan struct{}, 1), first: map[chain.ID]chain.Committee{}}
	for _, limb := range c.Network.Tree() {
		g, err := c.Network.Of(limb.ID)
		if err != nil {
			return nil, err
		}
		l.first[limb.ID] = g.Committee
	}
	err := l.elect(nil)
	if err != nil {
		return nil, err
	}
	if l.alone, err = claim(c.Key.Public()); err != nil {
		return nil, err
	}
	l.host, err = transport.Listen(transport.Config{
		Key: c.Key, Listen: c.Listen, Network: c.Network.Network(), Software: c.Software, Member: l.isMember, Seated: l.isSeated, Log: c.Log, Dial: c.Dial, From: net.ParseIP(c.From),
	})
	if err != nil {
		return nil, errors.Join(err, l.release())
	}
	l.mesh, err = mesh.Start(mesh.Config{
		Key: c.Key, Network: c.Network.Network(), Bind: c.Gossip, Advertise: c.AdvertisedGossip, From: c.From, Seeds: c.Seeds, Secrets: c.Secrets, File: c.File,
		Self:       mesh.Record{Transport: cmp.Or(c.AdvertisedListen, l.host.Addr()), Software: c.Software},
		Registered: l.isMember, Seated: l.isSeated, Changed: l.look, Log: c.Log,
	})
	if err != nil {
		l.host.Close()
		return nil, errors.Join(err, l.release())
	}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.work.Go(func() { l.acquaint(ctx) })
	return l, nil
}

// isMember says whether a node may use the channels of chains: who has a seat, or will have one, or had one in the epoch before, or is
// registered with a deposit, or trusted.
func (l *Links) isMember(k keys.PublicKey) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.members[k] || l.deposit[k]
}

// isSeated says whether a member is one without regard to a deposit: where there is no room for all, it goes before who has nothing but that.
func (l *Links) isSeated(k keys.PublicKey) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.members[k]
}

func (l *Links) look() {
	if told := l.told.Load(); told != nil {
		(*told)()
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// lookAgain is how often addresses and committees are looked at when nobody says that they changed.
const lookAgain = time.Second

// acquaintPause is the least between two looks: strangers can make the mesh change as often as they like.
const acquaintPause = 50 * time.Millisecond

// acquaint has the transport reach every member that the mesh knows of, whether gossip calls it alive or not.
func (l *Links) acquaint(ctx context.Context) {
	tick, pause := time.NewTicker(lookAgain), time.NewTicker(acquaintPause)
	defer tick.Stop()
	defer pause.Stop()
	dial := dialing{host: l.host, member: l.isMember, seated: l.isSeated, log: l.config.Log}
	said, does := "", []mesh.Served(nil)
	for {
		l.elected()
		if api, now := l.users(), l.served(); api != said || !slices.Equal(now, does) {
			said, does = api, now
			if err := l.mesh.Update(func(r *mesh.Record) { r.API, r.Serves = api, now }); err != nil {
				l.config.Log.Warn("others are not told where users are served, and which chains", "at", api, "error", err)
			}
		}
		dial.look(l.mesh.Members(), time.Now())
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		case <-tick.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// elected looks up who are members now.
func (l *Links) elected() {
	l.reading.Lock()
	defer l.reading.Unlock()
	p := l.process
	if p == nil {
		return
	}
	root := p.Node(chain.Main)
	if root != nil {
		l.registered(root)
	}
	if err := l.elect(p); err != nil {
		l.config.Log.Debug("who has a seat can't be read: those who had stay members", "error", err) // the node stops, and says why
	}
}

// elect makes members of those who have a seat now, or next, on a chain that is here, or had one in the epoch before: who is behind gets the last
// blocks that it agrees on. Who leaves for longer follows as others do, with a deposit, or trusted. Of a chain that is not here the genesis
// says who has seats.
func (l *Links) elect(p *Process) error {
	now := map[keys.PublicKey]bool{}
	add := func(c *chain.Committee) {
		for _, s := range c.Seats {
			now[s.Node] = true
		}
	}
	for _, k := range l.config.Trusted {
		now[k] = true
	}
	for id, c := range l.first { // any order: it makes a set
		if p == nil || p.Node(id) == nil {
			add(&c)
		}
	}
	if p != nil {
		if err := l.seated(p, add); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.members = now
	return nil
}

// seated tells of the committees of all chains that are here.
func (l *Links) seated(p *Process, add func(*chain.Committee)) error {
	root := p.Node(chain.Main)
	for _, n := range p.Nodes() {
		c, former, err := n.committeesNow()
		if err != nil {
			return err
		}
		add(&c)
		add(&former)
		if root != nil {
			next, _ := root.Branch(n.Chain()) // none is registered: it keeps the one it has
			add(&next.Seats)
		}
	}
	return nil
}

// registeredAtOnce is how many are looked up while no block is made final.
const registeredAtOnce = 64

// registered looks up on the main chain which of this node and those that were met have put up a deposit (SPEC 6.2). How many are met is bounded by the mesh and
// the transport.
func (l *Links) registered(root *Node) {
	who := []keys.PublicKey{l.config.Key.Public()}
	for _, n := range l.Neighbours() {
		who = append(who, n.Key)
	}
	var entries []string
	for _, k := range who {
		entries = append(entries, chain.NodeKey(k))
	}
	var has []bool
	for some := range slices.Chunk(entries, registeredAtOnce) {
		list, err := root.Has(chain.NodesAddress(), some)
		if err != nil {
			return // whoever else reads the state says so
		}
		has = append(has, list...)
	}
	now := map[keys.PublicKey]bool{}
	for i, k := range who {
		now[k] = has[i]
	}
	l.mu.Lock()
	l.deposit = now
	l.mu.Unlock()
}

// Serve tells the links which process they connect; nil before that closes: when Serve returns it is asked no more. ServeUsers
// says where the process serves users: others are told.
func (l *Links) Serve(p *Process) {
	l.reading.Lock()
	l.process = p
	l.reading.Unlock()
	l.look()
}

// ServeUsers is described at Serve.
func (l *Links) ServeUsers(addr string) {
	l.mu.Lock()
	l.api = addr
	l.mu.Unlock()
	l.look()
}

// SetSecrets changes what gossip is encrypted with (mesh.SetSecrets).
func (l *Links) SetSecrets(list [][]byte) error { return l.mesh.SetSecrets(list) }

func (l *Links) users() string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.api
}

// Net connects the process's node of a chain with the others.
func (l *Links) Net(id chain.ID) (Net, error) {
	c, err := l.host.Open(uint32(id), transport.ChannelConfig{Classify: urgency, Public: true})
	if err != nil {
		return nil, err
	}
	is := linkNet{c, l}
	if l.config.Lost != nil {
		return lossyNet{is, func() bool { return l.config.Lost(id) }}, nil
	}
	return is, nil
}

// lossyNet is a linkNet that loses all at times.
type lossyNet struct {
	linkNet
	lost func() bool
}

func (n lossyNet) Send(to keys.PublicKey, raw []byte) {
	if !n.lost() {
		n.linkNet.Send(to, raw)
	}
}

func (n lossyNet) Spread(raw []byte) {
	if !n.lost() {
		n.linkNet.Spread(raw)
	}
}

func (n lossyNet) Hold(take func(from keys.PublicKey, raw []byte, taken func())) {
	if take == nil {
		n.linkNet.Hold(nil)
		return
	}
	n.linkNet.Hold(func(from keys.PublicKey, raw []byte, taken func()) {
		if n.lost() {
			taken()
			return
		}
		take(from, raw, taken)
	})
}

// linkNet is a channel that knows whether the node itself is registered.
type linkNet struct {
	*transport.Channel
	links *Links
}

// Serving are the peers that run another chain, too.
func (n linkNet) Serving(id chain.ID) []keys.PublicKey { return n.Also(uint32(id)) }

// Registered says whether others know this node as one that is registered, as far as the chain says.
func (n linkNet) Registered() bool { return n.links.isMember(n.links.config.Key.Public()) }

// mostVote is the longest message of consensus that goes before blocks: justifications and certificates of large committees fit.
const mostVote = 256 << 10

// mostRun is the longest answer to who catches up that goes behind all that is urgent: one with blocks longer than those is rare.
const mostRun = 4 << 20

// urgency of what nodes send each other: what may carry a block is told from votes by its length alone.
func urgency(raw []byte) transport.Class {
	switch {
	case len(raw) > 0 && raw[0] == frameConsensus && len(raw) <= mostVote:
		return transport.Votes
	case len(raw) > 0 && (raw[0] < frameEnvelope && raw[0] != frameMessages || raw[0] == frameFinals):
		return transport.Blocks
	case len(raw) > mostRun && raw[0] == frameRun: // it has no room else
		return transport.Blocks
	}
	return transport.Rest
}

// junkNet is a Net that can hold against a node what it sent.
type junkNet interface {
	Junk(from keys.PublicKey, why string)
}

// metNet is a Net that tells of nodes that are connected anew: what was sent to them, or by them, before was lost.
type metNet interface {
	Met(func(node keys.PublicKey))
}

// meet lets the member ask each node that is connected anew how far it is.
func (m *member) meet() {
	net, ok := m.Net.(metNet)
	if !ok {
		return
	}
	net.Met(func(node keys.PublicKey) {
		select {
		case m.met <- node:
		default: // it asks so many others
		}
	})
}

// ask tells a node how far this one is, and wants to know the same of it: who is behind gets what it lacks, also on an idle chain.
func (m *member) ask(node keys.PublicKey) error {
	to, ok := m.epoch.Roster.Number(node)
	if !ok {
		return nil
	}
	head := m.node.Head().Header.Height
	c, err := m.node.Certificate(head)
	if err != nil {
		return err
	}
	post{m}.Send(to, &bft.Status{Head: head, Certificate: c, Asks: true})
	return nil
}

// Addresses are where the process is reached: by other nodes, and by the mesh.
func (l *Links) Addresses() (nodes, gossip string) { return l.host.Addr(), l.mesh.Addr() }

// Neighbour is another node as this one sees it.
type Neighbour struct {
	transport.Peer
	// Known says whether there is a record of it, which Record is; Alive what gossip says.
	Known, Alive bool
	Record       mesh.Record
	Conflicts    uint64 // how often it claimed two addresses (mesh.Conflicts)
}

// Neighbours are all nodes that are known or connected, by key.
func (l *Links) Neighbours() (list []Neighbour) {
	at := map[keys.PublicKey]int{}
	for _, p := range l.host.Peers() {
		at[p.Key] = len(list)
		list = append(list, Neighbour{Peer: p})
	}
	for _, m := range l.mesh.Members() {
		i, ok := at[m.Node]
		if !ok {
			i = len(list)
			at[m.Node] = i
			list = append(list, Neighbour{Peer: transport.Peer{Key: m.Node}})
		}
		list[i].Known, list[i].Alive, list[i].Record = true, m.Alive, m.Record
		list[i].Member = l.isMember(m.Node)
	}
	for k, seen := range l.mesh.Conflicts() { // any order: each its own
		if i, ok := at[k]; ok {
			list[i].Conflicts = seen
		}
	}
	slices.SortFunc(list, func(a, b Neighbour) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return list
}

// Counts are what was refused or lost, by its name.
func (l *Links) Counts() map[string]uint64 {
	counts := l.host.Counts()
	for what, n := range l.mesh.Counts() {
		counts[what] = n
	}
	return counts
}

// Close ends all connections.
func (l *Links) Close() error {
	l.stop()
	l.work.Wait()
	err := l.mesh.Close()
	l.host.Close()
	if err != nil {
		err = fmt.Errorf("leaving the mesh: %w", err)
	}
	return errors.Join(err, l.release())
}

// ErrTwin is a second process with one node's key: both would sign, and contradict each other.
var ErrTwin = errors.New("a process on this machine runs with this node's key: stop it first, and never start a copy of its directory")

// claim takes a name that the system gives to one process at a time, and takes back when that ends, however it ends. Twins on two
// machines are not found by it; they count as one faulty member, and conflicts in the mesh show them.
func claim(k keys.PublicKey) (net.Listener, error) {
	if runtime.GOOS != "linux" {
		return nil, nil
	}
	l, err := net.Listen("unix", "@thinkey-node-"+k.String())
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, ErrTwin
	}
	return l, err
}

func (l *Links) release() error {
	if l.alone == nil {
		return nil
	}
	return l.alone.Close()
}
