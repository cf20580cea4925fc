package relay_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/actors/host"
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// forest is a tree of chains on virtual time: live accounts make the blocks, which are verified from their bytes, kept in a store in
// memory, and carried by this package. Each chain has one seat, and nothing happens but what a test asks for.
type forest struct {
	t      testing.TB
	all    *relay.Chains
	trunks map[chain.ID]*trunk
	ids    []chain.ID
	now    uint64 // milliseconds
	// refused are digests that a parent refused, unasked what carriers were told when another was faster.
	refused []string
	// programs, if set, stand before those that every chain has.
	programs func(exec.Programs) exec.Programs
	// unverified leaves out the second look at each block.
	unverified bool
	// dir is where the chains are kept; memory if it is empty.
	dir string
}

// trunk is a chain of the forest. What it has kept is keep.Chain's, what its head shows its own.
type trunk struct {
	keep.Chain
	*forest
	id       chain.ID
	tree     *merkle.Tree
	header   *chain.Header
	hash     chain.BlockHash
	host     *host.Host
	rules    block.Rules
	secret   keys.BLSSecret
	seats    *light.Committee
	attempts uint64
	nonces   map[chain.Address]uint64
	carrier  *relay.Carrier // to the parent; nil for the main chain
	stopped  bool           // makes no block
	bag      *relay.Bag
	last     *block.Result
	door     *ingress.Door
	seen     func(*block.Result) // is told of each block
}

// Offer, Waits and Admit implement ingress.Mempool.
func (c *trunk) Offer(x *exec.Context, messages []*chain.Message) []error {
	return c.host.Offer(x, messages)
}

func (c *trunk) Waits(chain.MessageID) bool { return false }

func (c *trunk) Admit(x *exec.Context, m *chain.Message) error {
	record, err := c.State().Account(m.From)
	if err != nil {
		return err
	}
	return account.Admit(x, account.DefaultLimits(), record, m)
}

func wallet(id chain.ID, n byte) chain.Address {
	return chain.KeyAddress(id, keys.FromSeed([32]byte{n}).Public())
}

// seatOf is the node that has a chain's one seat.
func seatOf(id chain.ID) keys.PublicKey { return keys.FromSeed([32]byte{200, byte(id)}).Public() }

// carrierWallet pays for digests, with gas that costs nothing.
const carrierWallet = 250

// newForest plants the chains of a tree, each with wallets 1, 2, 3 that have what has says.
func newForest(t testing.TB, tree chain.Tree, has func(chain.ID) uint64, change func(*forest)) *forest {
	f := &forest{t: t, all: relay.NewChains(), trunks: map[chain.ID]*trunk{}, now: 1_000_000}
	if change != nil {
		change(f)
	}
	g := origin(f, tree, has)
	s, err := store.Open(store.Options{Dir: f.dir, Volatile: f.dir != "", CacheBytes: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, c := range f.trunks { // any order: each ends its own
			c.door.Close()
			c.host.Close()
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, l := range tree {
		f.ids = append(f.ids, l.ID)
		of, err := g.Of(l.ID)
		if err != nil {
			t.Fatal(err)
		}
		f.plant(s, of, l)
	}
	for _, id := range f.ids {
		f.trunks[id].grow() // a block that is certified: nothing shows the one at height 0
	}
	return f
}

func origin(f *forest, tree chain.Tree, has func(chain.ID) uint64) *chain.Genesis {
	on := func(l chain.Limb) chain.Genesis {
		g := chain.Genesis{Name: fmt.Sprint("forest ", l.ID), Chain: l.ID, Under: l.Parent, TimeMillis: f.now, Params: chain.DefaultParams()}
		g.Committee = chain.Committee{Chain: l.ID, Seed: chain.Hash{1}}
		g.AddSeat(seatOf(l.ID), keys.BLSFromSeed([32]byte{200, byte(l.ID)}))
		for _, n := range []byte{1, 2, 3, carrierWallet} {
			amount := has(l.ID)
			if n == carrierWallet {
				amount = 1
			}
			g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: wallet(l.ID, n), Balance: chain.NewAmount(amount)})
		}
		slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
		return g
	}
	g := on(tree[0])
	for _, l := range tree[1:] {
		g.Chains = append(g.Chains, on(l))
	}
	if err := g.Check(); err != nil {
		f.t.Fatal(err)
	}
	return &g
}

// plant begins a chain.
func (f *forest) plant(s *store.Store, g *chain.Genesis, l chain.Limb) {
	committees := &keep.Committees{}
	c := &trunk{
		Chain: keep.Of(s, l.ID), forest: f, id: l.ID, tree: merkle.New(), secret: keys.BLSFromSeed([32]byte{200, byte(l.ID)}),
		rules: block.Rules{Programs: native.Programs{Committees: committees}, Committees: committees.Committee}, nonces: map[chain.Address]uint64{},
		bag: relay.NewBag(f.all),
	}
	if f.programs != nil {
		c.rules.Programs = f.programs(c.rules.Programs)
	}
	header, changes, err := block.Genesis(g, c.tree, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := c.Create(g, header, changes, &bft.Safety{}); err != nil {
		f.t.Fatal(err)
	}
	c.header, c.hash = header, header.Hash()
	if c.seats, err = light.NewCommittee(header.Network, g.Committee); err != nil {
		f.t.Fatal(err)
	}
	c.host, err = host.New(host.Config{Chain: l.ID, State: c.State(), Workers: 1, Fatal: func(err error) { f.t.Error(err) }})
	if err != nil {
		f.t.Fatal(err)
	}
	c.door = ingress.New(ingress.Config{Network: header.Network, Chain: l.ID, Mempool: c, Context: c.context, Latest: func(to chain.ID) (chain.Anchor, error) { return f.all.Latest(c.context().Tree, to) }})
	f.trunks[l.ID] = c
	f.all.Add(l.ID, c)
	if parent := f.trunks[l.Parent]; parent != nil {
		c.carrier = &relay.Carrier{Post: parent.post, Courier: relay.Courier{
			Chains: f.all, Child: l.ID, Parent: l.Parent, Hurry: func() {},
			Tree: func() chain.Tree { return c.context().Tree }, Entry: parent.entry,
		}}
	}
}

func (c *trunk) before() *block.Before {
	return &block.Before{Header: c.header, Hash: c.hash, State: c.State(), Tree: c.tree}
}

func (c *trunk) context() *exec.Context {
	context, err := c.before().Context(c.rules, max(c.now, c.header.TimeMillis+1))
	if err != nil {
		c.t.Fatal(err)
	}
	return context
}

// entry is what the chain's final state holds in a slot.
func (c *trunk) entry(s exec.Slot) ([]byte, error) { return c.State().Entry(s.Account, s.Key) }

// Show implements relay.Chain, which keep.Chain does but for the head.
func (c *trunk) Show(slots []exec.Slot) (*relay.Shown, error) {
	if c.header.Height == 0 {
		return nil, nil
	}
	s := &relay.Shown{}
	for _, slot := range slots {
		value, err := c.State().Entry(slot.Account, slot.Key)
		if err != nil {
			return nil, err
		}
		proof, err := c.tree.Prove(nil, block.SlotPath(slot))
		if err != nil {
			return nil, err
		}
		s.Values, s.Proofs = append(s.Values, value), append(s.Proofs, proof)
	}
	d, err := c.Sealed(c.header)
	if err != nil {
		return nil, err
	}
	s.Digest = *d
	return s, nil
}

// grow makes a block final, and returns what other chains brought in vain.
func (c *trunk) grow() []*block.Fault {
	c.t.Helper()
	before := c.before()
	tag, r, faults := c.make()
	if !c.unverified {
		c.verify(before, r)
	}
	c.commit(tag, r)
	return faults
}

// make makes a block, and returns it with what other chains brought in vain, and the tag under which it is open in the live accounts.
func (c *trunk) make() (account.Tag, *block.Result, []*block.Fault) {
	c.t.Helper()
	before, context := c.before(), c.context()
	queue, carried, err := before.Queue()
	if err != nil {
		c.t.Fatal(err)
	}
	arrival := block.NewArrival(before, c.rules, context)
	faults, err := c.bag.Bring(arrival)
	if err != nil {
		c.t.Fatal(err)
	}
	c.attempts++
	tag := account.Tag{Parent: before.Hash, Attempt: c.attempts}
	fresh := ^uint64(0)
	if len(carried) > 0 {
		fresh = block.FreshGas(context.Params, queue)
	}
	run, err := c.host.Produce(host.Job{
		Context: context, Tag: tag, Carried: carried, Imports: arrival.Messages, Gas: block.GasBudget(context.Params), FreshGas: fresh,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := block.Build(before, c.rules, &block.Run{Context: context, Queue: queue, Carried: carried, Arrival: arrival, Accounts: run.Accounts})
	if err != nil {
		c.t.Fatal(err)
	}
	return tag, r, faults
}

// verify holds the block to what a member sees who has its bytes alone.
func (c *trunk) verify(before *block.Before, r *block.Result) {
	c.t.Helper()
	got, fault, err := block.Verify(before, c.rules, r.Raw)
	if err != nil || fault != nil || got.Hash != r.Hash {
		c.t.Fatalf("chain %d, block %d: %v, %v", c.id, r.Block.Header.Height, fault, err)
	}
	if err := c.tree.Discard(got.Version); err != nil {
		c.t.Fatal(err)
	}
}

// certified is the certificate of a block by the chain's committee.
func (c *trunk) certified(h *chain.Header) chain.Certificate {
	c.t.Helper()
	v := chain.Vote{Step: chain.Confirmation, Network: h.Network, Chain: c.id, Epoch: h.Epoch, Height: h.Height, Round: h.Round, Block: h.Hash()}
	cert, bad := committee.Collect(c.seats, &v, []committee.Part{committee.Sign(c.secret, v.Domain(), v.Append(nil), chain.SeatsOf(0))})
	if bad != nil {
		c.t.Fatalf("certificate: %v are bad", bad)
	}
	return cert
}

// commit makes a block final.
func (c *trunk) commit(tag account.Tag, r *block.Result) {
	c.t.Helper()
	h, cert := &r.Block.Header, c.certified(&r.Block.Header)
	prove := func(s exec.Slot) (merkle.StateProof, error) { return c.tree.Prove(r.Version, block.SlotPath(s)) }
	if err := c.Commit(r, cert.Append(nil), prove); err != nil {
		c.t.Fatal(err)
	}
	if err := c.tree.Commit(r.Version); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.host.Commit(tag, r.Records); err != nil {
		c.t.Fatal(err)
	}
	c.header, c.hash, c.last = h, r.Hash, r
	if c.seen != nil {
		c.seen(r)
	}
}

// post is the carriers' to this chain: it makes the block that handles the message.
func (c *trunk) post(_ context.Context, call chain.CallInput) error {
	m := c.message(carrierWallet, chain.MethodCall, 0, 0, call.Encode())
	m.GasLimit = exec.ExternalGas(m) + exec.SendGas(&chain.Sent{Method: call.Method, Input: call.Input}) + call.GasLimit + gas.Bounce
	m.Sign(keys.FromSeed([32]byte{carrierWallet}))
	c.offer(m)
	c.now++
	c.grow()
	for _, e := range c.last.Journal.Receipts {
		if e.Status != chain.StatusOK && len(e.Reason) > 6 && e.Reason[:6] == "chain " {
			c.refused = append(c.refused, e.Reason)
			return fmt.Errorf("%s", e.Reason)
		}
	}
	return nil
}

// message is an external one, not signed yet, with the next nonce.
func (c *trunk) message(n byte, method string, amount, price uint64, input []byte) *chain.Message {
	from := wallet(c.id, n)
	m := &chain.Message{
		Network: c.header.Network, Kind: chain.External, From: from, To: from, Payer: from, Nonce: c.nonces[from], ValidUntil: 1 << 40,
		Amount: chain.NewAmount(amount), GasPrice: price, Method: method, Input: input,
	}
	c.nonces[from]++
	return m
}

func (c *trunk) offer(m *chain.Message) {
	c.t.Helper()
	if err := c.host.Offer(c.context(), []*chain.Message{m})[0]; err != nil {
		c.t.Fatalf("chain %d: %v", c.id, err)
	}
}

// pay sends an amount from wallet n to wallet to of another chain. Gas costs what price says.
func (c *trunk) pay(n byte, amount, price uint64, to chain.Address) {
	c.t.Helper()
	m := c.message(n, chain.MethodTransfer, amount, price, chain.TransferInput{To: to}.Encode())
	m.GasLimit = exec.TransferGas(m)
	c.offer(m.Sign(keys.FromSeed([32]byte{n})))
}

// round lets every chain that isn't stopped make a block if there is something to do, and carries all digests. It says whether
// anything happened.
func (f *forest) round(order []chain.ID) (busy bool) {
	f.t.Helper()
	for _, id := range order {
		c := f.trunks[id]
		if c.stopped {
			continue
		}
		f.now += 10
		ready, err := f.all.Ready(block.NewArrival(c.before(), c.rules, c.context()))
		if err != nil {
			f.t.Fatal(err)
		}
		if ready || c.host.Ready() > 0 || c.last != nil && c.last.Queued > 0 {
			c.grow()
			busy = true
		}
		busy = c.carry(false) || busy
	}
	return busy
}

// carry carries the chain's digests to its parent, as far as that records them.
func (c *trunk) carry(due bool) (did bool) {
	c.t.Helper()
	for c.carrier != nil && !c.trunks[c.carrier.Parent].stopped {
		more, err := c.carrier.Carry(context.Background(), due)
		if !more {
			_ = err // what the parent refused stands in refused
			return did
		}
		did = true
	}
	return did
}

// settle goes on until nothing is under way any more.
func (f *forest) settle() {
	f.t.Helper()
	for n := 0; f.round(f.ids); n++ {
		if n > 1_000 {
			for _, id := range f.ids {
				c := f.trunks[id]
				f.t.Logf("chain %d: block %d, %d imports, %d facts, %d views, leaving %v, waiting %d", id, c.header.Height, len(c.last.Block.Arrived.Imports),
					len(c.last.Block.Arrived.Facts), len(c.last.Block.Arrived.Views), c.header.Leaving, c.host.Waiting())
			}
			f.t.Fatal("there is no end to it")
		}
	}
}

// accountTag is one under which nothing is open in the live accounts.
func accountTag(parent chain.BlockHash) account.Tag { return account.Tag{Parent: parent} }

func sorted(updates []merkle.Update) []merkle.Update {
	slices.SortFunc(updates, func(x, y merkle.Update) int { return slices.Compare(x.Path[:], y.Path[:]) })
	return updates
}

// remember is the chain's history with its head, and the nodes that it got.
func remember(c *trunk, before []byte) ([]byte, []merkle.Node) {
	c.t.Helper()
	past, err := merkle.Accumulator{}, error(nil)
	if before != nil {
		past, err = merkle.DecodeAccumulator(before)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	anchor := c.header.Anchor()
	nodes := past.Append(light.AnchorLeaf(anchor))
	return past.Encode(), nodes
}
