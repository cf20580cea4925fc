package node

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/actors/host"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Node runs one chain. Open starts it, Close stops it; every other method may be called from many goroutines.
type Node struct {
	config   Config
	network  chain.NetworkID
	first    uint64 // the lowest block that is here
	chain    chain.ID
	origin   chain.Genesis // without its accounts
	store    *store.Store
	kept     keep.Chain // of the store
	host     *host.Host
	door     *ingress.Door
	known    *ingress.Known // signatures that were verified
	rules    block.Rules
	engine   Engine // nil for a chain without code
	logs     logs
	docket   *docket
	asking   asking
	metrics  *metrics
	grudges  *grudges
	started  time.Time
	standing atomic.Pointer[Standing]

	// turn is held by whoever makes, replays or commits a block, one at a time; it guards attempts, and the head against
	// changes. trunk guards the tree, mu the head as others see it. They are taken in this order.
	turn     sync.Mutex
	attempts uint64 // blocks that the live accounts were asked for
	trunk    sync.Mutex
	tree     *merkle.Tree
	mu       sync.RWMutex // guards head and next
	head     Head
	next     *exec.Context // of the block after head, but for its time

	durable   atomic.Pointer[Head] // the head, or, while the node catches up, one before it; set before anybody is told of it
	committed atomic.Uint64        // the height of the head

	committees keep.Committees
	look       atomic.Bool // other chains may have something
	arriving   atomic.Bool // they have

	posting sync.Mutex // held from asking for a nonce until the message with it is submitted

	syncs  *syncs
	target atomic.Uint64 // the height that the node catches up with; 0 if it does not

	member  *member // nil on a chain that one validator runs
	early   early
	pause   *time.Timer // tooSoon's
	queued  uint64      // messages in the pending queue at the head; the producer's
	waiting *waiting    // messages taken in and not final, and who waits for them
	wake    chan struct{}
	demand  chan demand
	stop    chan struct{} // closed by Close
	done    chan struct{} // closed when the producer has ended

	failure failure
}

// Head is the last final block.
type Head struct {
	Header *chain.Header
	Hash   chain.BlockHash
}

// Open starts a node: it opens or makes the data, rebuilds the state tree, checks that it is the head's, and begins to make
// blocks.
func Open(config Config) (*Node, error) {
	n := &Node{
		grudges: newGrudges(),
		config:  config, started: time.Now(), known: ingress.NewKnown(), waiting: newWaiting(), wake: make(chan struct{}, 1), demand: make(chan demand),
		stop: make(chan struct{}), done: make(chan struct{}), syncs: newSyncs(),
	}
	n.failure.report = config.Fatal
	var err error
	if n.store = config.Store; n.store == nil {
		n.store, err = store.Open(store.Options{
			Dir: config.Dir, KeepStates: config.KeepStates, CacheBytes: config.CacheBytes, Volatile: config.Volatile, Log: config.Log, Fatal: n.fatal,
		})
	}
	if err != nil {
		return nil, err
	}
	go n.syncs.run(n.fatal)
	for _, step := range []func() error{n.openEngine, n.load, n.openDocket, n.start} {
		if err := step(); err != nil {
			return nil, errors.Join(err, n.closeData())
		}
	}
	return n, nil
}

// openEngine makes what runs code.
func (n *Node) openEngine() (err error) {
	n.chain = chain.Main
	if n.config.Genesis != nil {
		n.chain = n.config.Genesis.Chain
	}
	n.kept = keep.Of(n.store, n.chain)
	n.asking = newAsking(&n.config)
	if n.committees.Memory = new(keep.Memory); n.config.process != nil {
		n.committees.Memory = &n.config.process.memory
	}
	n.rules = block.Rules{
		Programs: native.Programs{Committees: &n.committees}, Committees: n.committees.Committee,
		Each: Parallel(n.config.Workers), Loads: loadings,
	}
	if n.config.Engine == nil {
		return nil
	}
	source := func(h chain.CodeHash) ([]byte, error) { return n.store.Code(n.chain, h) }
	if n.engine, err = n.config.Engine(source); err != nil {
		return err
	}
	n.rules.Programs = native.Programs{Codes: n.engine, Committees: &n.committees}
	return nil
}

func (n *Node) openDocket() (err error) {
	n.docket, err = openDocket(n.config.Dir, n.config.Log)
	return err
}

// closeData closes what reads and holds the chain. Nothing runs any more but queries, which end first.
func (n *Node) closeData() (err error) {
	n.syncs.close()
	if n.engine != nil {
		err = n.engine.Close()
	}
	n.asking.end()
	if n.config.Store != nil {
		return err
	}
	return errors.Join(err, n.store.Close())
}

// load brings the chain into memory: genesis, head, state tree.
func (n *Node) load() error {
	want := n.config.Genesis
	origin, err := n.store.Origin(n.chain)
	switch {
	case errors.Is(err, store.ErrNotFound) && want == nil:
		return fmt.Errorf("no data and no genesis: %w", err)
	case errors.Is(err, store.ErrNotFound):
		if err := errors.Join(want.Check(), want.CheckPossession()); err != nil {
			return err
		}
		if err := n.begin(want); err != nil {
			return err
		}
		origin = want
	case err != nil:
		return err
	}
	n.origin = *origin
	n.origin.Accounts = nil
	if err := n.loadHead(); err != nil {
		return err
	}
	base, _, err := n.store.Base(n.chain)
	if err != nil {
		return err
	}
	n.first, n.network = base+1, n.head.Header.Network
	if want != nil && want.Network() != n.network {
		return fmt.Errorf("network %s is stored, %s is asked for: %w", n.network, want.Network(), ErrOtherGenesis)
	}
	n.config.Genesis = nil // its accounts can be many
	return n.checkStored()
}

// begin makes the chain: of a state that others have, if that is wanted and there is one, else of the genesis.
func (n *Node) begin(g *chain.Genesis) error {
	if m := n.config.Member; n.config.Join == nil || m == nil || len(g.Committee.Seats) == 0 {
		return n.create(g)
	}
	err := n.joinState(g)
	if errors.Is(err, errNoState) {
		n.config.Log.Info("the node begins with the genesis", "chain", g.Chain, "reason", err)
		return n.create(g)
	}
	return err
}

// create writes the block at height 0.
func (n *Node) create(g *chain.Genesis) error {
	n.tree = merkle.New()
	header, changes, err := block.Genesis(g, n.tree, n.rules.Each)
	if err != nil {
		return err
	}
	return n.kept.Create(g, header, changes, n.config.firstVotes(g))
}

// loadHead reads the head, and rebuilds the tree unless it was just made. A tree that is not the head's is damage: nothing
// may be built on it.
func (n *Node) loadHead() error {
	head, err := n.kept.Head()
	if err != nil {
		return err
	}
	if n.tree == nil {
		n.tree, err = n.kept.Tree(&head.Header)
	} else {
		err = keep.Agree(n.tree, &head.Header)
	}
	if err != nil {
		return err
	}
	if err := n.setHead(Head{&head.Header, head.Hash}); err != nil {
		return err
	}
	n.durable.Store(&Head{&head.Header, head.Hash})
	q, _, err := n.before().Queue()
	n.queued = q.Tail - q.Head
	return err
}

// setHead moves the head, and the context of the next block with it. The caller holds mu, or is alone.
func (n *Node) setHead(h Head) error {
	n.head = h
	n.committed.Store(h.Header.Height)
	context, err := n.before().Next(n.rules, h.Header.TimeMillis+1)
	n.next = context
	return err
}

// before is the chain as the next block finds it.
func (n *Node) before() *block.Before {
	return &block.Before{Header: n.head.Header, Hash: n.head.Hash, State: n.store.State(n.chain), Tree: n.tree}
}

// start brings the live parts up.
func (n *Node) start() error {
	n.metrics = newMetrics(n)
	h, err := host.New(host.Config{
		Chain: n.chain, State: n.store.State(n.chain), Workers: n.config.Workers, MaxResident: n.config.MaxResident,
		Lane: n.config.Lane, Fatal: n.fatal, Dropped: n.dropped, Log: n.config.Log, Ready: n.readiness(),
	})
	if err != nil {
		return err
	}
	n.host = h
	door := ingress.Config{
		Network: n.network, Chain: n.chain, Mempool: mempool{n}, Context: n.nextContext, Known: n.known, Each: n.rules.Each, Mark: n.config.Mark,
	}
	if n.engine != nil {
		door.Validate = n.engine.Validate
	}
	if bag, ok := n.config.Inbound.(*relay.Bag); ok {
		door.Latest = func(to chain.ID) (chain.Anchor, error) { return bag.Latest(n.limbs(), to) }
	}
	n.door = ingress.New(door)
	n.rules.Known = n.known.Has
	n.rules.Mark = n.config.Mark
	if n.origin.Committee.Chain == 0 {
		go n.produceAll()
		return nil
	}
	return n.join()
}

// dropped is told of a message that will not come into a block.
func (n *Node) dropped(id chain.MessageID, reason error) {
	n.waiting.drop(id, reason)
}

// superseded drops those messages that still wait after a block of another node used their nonces.
func (n *Node) superseded(used []*chain.Message) {
	for _, m := range used {
		if waits, _ := n.waiting.state(m.ID()); waits {
			n.dropped(m.ID(), account.UsedBy(m))
		}
	}
}

func (n *Node) nextContext() *exec.Context {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.next
}

// Close stops the node: no message is taken in any more, the block under way is finished or given up, and all goroutines
// have ended when it returns.
func (n *Node) Close() error {
	close(n.stop)
	<-n.done
	n.waiting.close()
	n.door.Close()
	n.host.Close()
	return n.closeData()
}

// failure keeps the first reason why the node can't go on.
type failure struct {
	once   sync.Once
	report func(error)
}

// fatal is the end of the node: our own promise is broken, or the disk is. It reports once.
func (n *Node) fatal(err error) {
	n.failure.once.Do(func() {
		n.config.Log.Error("the node can't go on", "error", err)
		if n.failure.report != nil {
			n.failure.report(err)
		}
	})
}
