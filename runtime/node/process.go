package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// ProcessConfig is what the nodes of several chains in one process are made of.
type ProcessConfig struct {
	// Config is that of each, but for Dir, Genesis, Member and what connects them.
	Config
	// Network is the genesis of the main chain, with all others.
	Network *chain.Genesis
	// Chains are those that the process runs; nil for all of the genesis.
	Chains []chain.ID
	// Seat is the process's place in the committee of a chain; nil where it has none.
	Seat func(chain.ID) *Member
	// Engines, if set, makes what runs the code of a chain; else Engine does for each.
	Engines func(chain.ID) Compile
	// Checkpoints are blocks that chains must have, of each chain one at most. Config.Checkpoint is not used.
	Checkpoints []Checkpoint
	// Carrier, if set, is the key of an account on every chain that pays for carrying its children's digests.
	Carrier *keys.PrivateKey
}

// Process is one validator: the nodes of several chains that share a directory, and carry between each other what the chains send.
type Process struct {
	config ProcessConfig
	store  *store.Store
	chains *relay.Chains
	wants  *wants
	memory keep.Memory     // certificates that held: that of one chain is shown to its neighbours in the tree
	ctx    context.Context // of the carriers
	stop   context.CancelFunc
	work   sync.WaitGroup

	mu       sync.RWMutex // guards all below
	nodes    map[chain.ID]*Node
	carriers []*relay.Carrier
}

// lazily is how often digests are carried that have relays for nobody: as often as an idle chain makes a block.
const lazily = 10 * time.Second

// OpenProcess starts the nodes, from the root of the tree down, and then the carrying.
func OpenProcess(c ProcessConfig) (*Process, error) {
	p := &Process{config: c, chains: relay.NewChains(), nodes: map[chain.ID]*Node{}}
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.wants = newWants(p)
	var err error
	p.store, err = store.Open(store.Options{
		Dir: c.Dir, KeepStates: c.KeepStates, CacheBytes: c.CacheBytes, Volatile: c.Volatile, Log: c.Log, Fatal: func(err error) { c.Fatal(err) },
	})
	if err != nil {
		return nil, err
	}
	ids := c.Chains
	if ids == nil {
		for _, l := range c.Network.Tree() {
			ids = append(ids, l.ID)
		}
	}
	for _, id := range ids {
		g, err := c.Network.Of(id)
		if err == nil {
			err = p.open(g)
		}
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
	}
	p.work.Go(p.wants.askAll)
	p.work.Go(p.wants.judgeAll)
	for _, n := range p.Nodes() {
		p.carry(n)
	}
	return p, nil
}

// Start runs a chain that was made by a message, as the main chain, which must be here, has it registered. Nothing else may be
// started meanwhile, and Close not be called.
func (p *Process) Start(id chain.ID) error {
	root := p.Node(chain.Main)
	if root == nil {
		return fmt.Errorf("chain %d: the main chain is not here", id)
	}
	g, err := p.store.Origin(id) // it ran here before
	if errors.Is(err, store.ErrNotFound) {
		g, err = root.later(id)
	}
	if err != nil {
		return fmt.Errorf("chain %d: %w", id, err)
	}
	if err := p.open(g); err != nil {
		return err
	}
	p.carry(p.Node(id))
	return nil
}

// Kept are the chains of the directory, whether they run or not.
func (p *Process) Kept() ([]chain.ID, error) { return p.store.Raw().Chains() }

// open starts the node of a chain.
func (p *Process) open(g *chain.Genesis) error {
	id := g.Chain
	c := p.config.Config
	c.Store, c.Genesis, c.Inbound = p.store, g, relay.NewBag(p.chains)
	c.Elected = func() chain.Committee {
		root := p.Node(chain.Main)
		if root == nil {
			return chain.Committee{}
		}
		next, _ := root.Branch(id) // none is registered: it keeps the one it has
		return next.Seats
	}
	c.Checkpoint = nil
	for i := range p.config.Checkpoints {
		if p.config.Checkpoints[i].Chain == id {
			c.Checkpoint = &p.config.Checkpoints[i]
		}
	}
	c.Committed, c.process = func() { p.committed(id) }, p
	if p.config.Engines != nil {
		c.Engine = p.config.Engines(id)
	}
	if p.config.Seat != nil {
		c.Member = p.config.Seat(id)
	}
	if tree := p.config.Network.Tree(); !tree.Has(id) {
		c.Join = nil // of a chain that was made the process already serves when it begins
	} else if parent := p.Node(tree.Parent(id)); c.Join != nil && parent != nil {
		join := *c.Join
		join.Anchored = func(h *chain.Header) (is, known bool, err error) { return parent.anchors(h) }
		c.Join = &join
	}
	n, err := Open(c)
	if err != nil {
		return fmt.Errorf("chain %d: %w", id, err)
	}
	p.mu.Lock()
	p.nodes[id] = n
	p.mu.Unlock()
	p.chains.Add(id, n.Relay())
	n.Look()
	return nil
}

// Node is the node of a chain; nil if the process doesn't run it.
func (p *Process) Node(id chain.ID) *Node {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.nodes[id]
}

// Nodes are all of them, by chain.
func (p *Process) Nodes() (list []*Node) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, n := range p.nodes { // any order: sorted below
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b *Node) int { return int(a.chain) - int(b.chain) })
	return list
}

// committed tells who may wait for a block of a chain: those below it, who see more through it, and the carriers of digests.
func (p *Process) committed(id chain.ID) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	n := p.nodes[id]
	if n == nil {
		return // it is starting
	}
	for _, other := range p.nodes { // any order: each is only told
		if t := other.limbs(); t.Below(other.chain, id) {
			other.Look()
		}
	}
	for _, c := range p.carriers {
		if c.Child == id || c.Parent == id {
			c.Wake()
		}
	}
	p.wants.wake()
}

// limbs is which chains there are, as the chain knows.
func (n *Node) limbs() chain.Tree { return n.nextContext().Tree }

// carry starts the carrier of a chain whose parent is here.
func (p *Process) carry(n *Node) {
	p.mu.Lock()
	defer p.mu.Unlock()
	parent := p.nodes[n.limbs().Parent(n.chain)]
	if p.config.Carrier == nil || parent == nil {
		return
	}
	c := &relay.Carrier{
		Courier: relay.Courier{
			Chains: p.chains, Child: n.chain, Parent: parent.chain, Tree: n.limbs, Entry: parent.slot, Hurry: parent.Look,
		},
		Post: parent.post(*p.config.Carrier), Lazily: lazily, Log: n.config.Log, Leave: n.leave,
	}
	c.Start()
	p.carriers = append(p.carriers, c)
	p.work.Go(func() { c.Run(p.ctx) })
}

// leave is how long the others of the chain's committee may carry blocks from a height on before this node does.
func (n *Node) leave(first uint64) time.Duration {
	switch own, members, err := n.turns(); {
	case err != nil:
		return 0 // the node stops, and says why
	case own < 0:
		return relay.Last
	default:
		return relay.Turn(first, own, members)
	}
}

// turns is the node's place among those who have a seat on its chain, and how many they are; below 0 if it has none.
func (n *Node) turns() (own, of int, err error) {
	if n.config.Member == nil {
		return 0, 1, nil
	}
	c, _, err := n.Committee()
	if err != nil {
		return 0, 0, err
	}
	var members []keys.PublicKey // each once, however many seats it has
	for _, s := range c.Seats {
		if !slices.Contains(members, s.Node) {
			members = append(members, s.Node)
		}
	}
	return slices.Index(members, n.config.Member.Node), len(members), nil
}

// Endow gives the carrier's account on a chain money from that on the parent, if it has none yet: with that it pays for digests of the
// chain's children. It waits until the parent knows the chain, and returns when the parent has sent the money.
func (p *Process) Endow(ctx context.Context, id chain.ID, amount chain.Amount) error {
	n := p.Node(id)
	parent := p.Node(n.limbs().Parent(id))
	if p.config.Carrier == nil || parent == nil {
		return nil
	}
	key := *p.config.Carrier
	to := chain.KeyAddress(id, key.Public())
	if at, err := n.Account(to); err != nil || at.Account.Exists() {
		return err
	}
	for height := parent.Head().Header.Height; !parent.limbs().Has(id); height = parent.Head().Header.Height {
		if err := parent.AwaitAbove(ctx, height); err != nil {
			return err
		}
	}
	add := chain.CallInput{To: to, Method: chain.MethodAdd, GasLimit: gas.Add}
	sent, err := parent.submit(key, chain.KeyAddress(parent.chain, key.Public()), add, amount)
	if err != nil {
		return fmt.Errorf("chain %d: the carrier's account there: %w", id, err)
	}
	return parent.posted(ctx, sent)
}

// Close stops the carrying and then the nodes, children first.
func (p *Process) Close() (err error) {
	p.stop()
	p.work.Wait()
	for _, n := range slices.Backward(p.Nodes()) {
		err = errors.Join(err, n.Close())
	}
	return errors.Join(err, p.store.Close())
}

// post makes calls on the node's chain in the name of a key's account.
func (n *Node) post(key keys.PrivateKey) relay.Post {
	from := chain.KeyAddress(n.chain, key.Public())
	return func(ctx context.Context, call chain.CallInput) error {
		id, err := n.submit(key, from, call, chain.Amount{})
		if err != nil {
			return fmt.Errorf("account %s: %w", from, err)
		}
		return n.posted(ctx, id)
	}
}

// submit makes a call the next message of a key's account. Carriers of several children share the account, so one at a time asks for
// the nonce.
func (n *Node) submit(key keys.PrivateKey, from chain.Address, call chain.CallInput, amount chain.Amount) (chain.MessageID, error) {
	n.posting.Lock()
	defer n.posting.Unlock()
	at, err := n.Account(from)
	if err != nil {
		return chain.MessageID{}, err
	}
	m := &chain.Message{
		Network: n.network, Kind: chain.External, From: from, To: from, Payer: from, Nonce: at.Next, ValidUntil: at.Head.Header.Height + postBlocks, Amount: amount,
		Method: chain.MethodCall, Input: call.Encode(), GasPrice: n.nextContext().Params.MinGasPrice,
	}
	m.GasLimit = exec.ExternalGas(m) + exec.SendGas(&chain.Sent{Method: call.Method, Input: call.Input}) + call.GasLimit + gas.Bounce
	m.Sign(key)
	return m.ID(), n.Submit([][]byte{m.Encode()})[0].Refused
}

// postBlocks is how many blocks a digest's message may wait.
const postBlocks = 1000

// posted waits for a call, and says why what it sent failed, if it did at once.
func (n *Node) posted(ctx context.Context, id chain.MessageID) error {
	m, err := n.Await(ctx, id)
	switch {
	case err != nil:
		return err
	case m.Final == nil:
		return fmt.Errorf("message %s: %w", id, m.Dropped)
	}
	h, _, err := n.Block(m.Final.Height)
	if err != nil {
		return err
	}
	for _, e := range h.Events {
		if (e.Message.ID() == id || e.Message.Parent == id) && e.Receipt.Status != chain.StatusOK {
			return fmt.Errorf("%w: %s: %s: %s", relay.ErrPaid, e.Message.Method, e.Receipt.Status, e.Receipt.Reason)
		}
	}
	return nil
}
