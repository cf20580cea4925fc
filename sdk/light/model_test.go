package light_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// A world is a tree of chains with real trees and accumulators and without blocks' contents: what proofs are made from.
type world struct {
	t      testing.TB
	tree   chain.Tree
	chains map[chain.ID]*modelChain
}

// modelChain keeps all that it ever had: its state at every height, and every node of its accumulators.
type modelChain struct {
	house   house
	next    house // agrees on the next block; house unless a handover is due
	state   map[merkle.Path]merkle.Hash
	history *growing
	records map[chain.ID]*record // by child
	numbers map[chain.ID]uint64  // by destination
	// passing is what was recorded of children's blocks since the last block and goes beyond the chain's branch.
	passing map[chain.ID]chain.Amount
	blocks  []modelBlock
}

type modelBlock struct {
	header chain.Header
	state  map[merkle.Path]merkle.Hash
	// sizes and accumulators are those in the state.
	history  merkle.Accumulator
	children map[chain.ID]merkle.Accumulator
	left     map[leaving]chain.Amount
	outbox   *merkle.Fixed
	sent     []sent
	next     chain.Committee // if the block hands over
}

type sent struct {
	to      chain.ID
	number  uint64
	message *chain.Message
}

type leaving struct{ child, to chain.ID }

// growing is an accumulator with its nodes.
type growing struct {
	merkle.Accumulator
	nodes map[merkle.Node]merkle.Hash // by node without its hash
}

type record struct {
	growing
	left map[chain.ID]chain.Amount
}

func newGrowing() growing { return growing{nodes: map[merkle.Node]merkle.Hash{}} }

func (g *growing) append(a chain.Anchor) {
	for _, n := range g.Append(light.AnchorLeaf(a)) {
		g.nodes[merkle.Node{Level: n.Level, Index: n.Index}] = n.Hash
	}
}

func (g *growing) place(t testing.TB, count, index uint64) merkle.Place {
	p, err := merkle.ProvePlace(count, index, func(level uint8, i uint64) (merkle.Hash, error) {
		return g.nodes[merkle.Node{Level: level, Index: i}], nil
	})
	if err != nil {
		t.Helper()
		t.Fatal(err)
	}
	return p
}

// seatOf is a committee of one seat, which is its own.
func seatOf(t testing.TB, id chain.ID, epoch uint64) (h house) {
	s := keys.BLSFromSeed([32]byte{byte(id), byte(epoch), 9})
	c := chain.Committee{Chain: id, Epoch: epoch, Seats: []chain.Seat{{Node: keys.PublicKey{byte(id)}, Key: s.Public()}}}
	l, err := light.NewCommittee(network, c)
	if err != nil {
		t.Fatal(err)
	}
	return house{l, []keys.BLSSecret{s}}
}

// committeeOf is the committee as the chain has it.
func committeeOf(h house) chain.Committee {
	return chain.Committee{Chain: h.Chain(), Epoch: h.Epoch(), Seats: []chain.Seat{h.Seat(0)}}
}

// newWorld has a genesis block on each chain.
func newWorld(t testing.TB, tree chain.Tree) *world {
	w := &world{t: t, tree: tree, chains: map[chain.ID]*modelChain{}}
	for _, l := range tree {
		history := newGrowing()
		c := &modelChain{
			house: seatOf(t, l.ID, 0), state: map[merkle.Path]merkle.Hash{}, history: &history,
			records: map[chain.ID]*record{}, numbers: map[chain.ID]uint64{}, passing: map[chain.ID]chain.Amount{},
		}
		c.next = c.house
		for _, child := range tree.Children(l.ID) {
			c.records[child] = &record{newGrowing(), map[chain.ID]chain.Amount{}}
		}
		w.chains[l.ID] = c
		w.set(l.ID, chain.SystemAddress(l.ID), chain.KeyParams, chain.DefaultParams().Encode())
		w.block(l.ID)
	}
	return w
}

func (w *world) set(id chain.ID, account chain.Address, key string, value []byte) {
	w.chains[id].state[merkle.SlotPath(account, []byte(key))] = merkle.ValueHash(value)
}

// block makes the chain's next block, with these messages in its outbox; what was recorded before shows in its state.
func (w *world) block(id chain.ID, messages ...*chain.Message) *modelBlock {
	c := w.chains[id]
	b := modelBlock{history: c.history.Accumulator, children: map[chain.ID]merkle.Accumulator{}, left: map[leaving]chain.Amount{}}
	h := &b.header
	*h = chain.Header{Network: network, Chain: id, Height: uint64(len(c.blocks)), Epoch: c.house.Epoch(), Committee: c.house.Hash(), Next: c.next.Hash(), Load: 7}
	if h.Height > 0 {
		before := c.blocks[h.Height-1].header
		h.Parent = before.Hash()
		w.set(id, chain.SystemAddress(id), chain.KeyHistory, c.history.Encode())
	}
	for child, r := range c.records {
		if r.Count == 0 {
			continue
		}
		b.children[child] = r.Accumulator
		w.set(id, chain.DigestsAddress(id), chain.AccumulatorKey(child), r.Encode())
		for to, amount := range r.left {
			b.left[leaving{child, to}] = amount
			w.set(id, chain.DigestsAddress(id), chain.LeftKey(child, to), chain.EncodeAmount(amount))
		}
	}
	b.post(c, messages)
	b.state = maps.Clone(c.state)
	h.Roots.State = chain.Hash(treeOf(b.state).Root())
	if c.next.Hash() != c.house.Hash() {
		b.next, c.house = committeeOf(c.next), c.next
	}
	c.blocks = append(c.blocks, b)
	c.history.append(h.Anchor())
	return &c.blocks[h.Height]
}

// post fills the outbox, and the header with it.
func (b *modelBlock) post(c *modelChain, messages []*chain.Message) {
	var leaves []merkle.Hash
	total := c.passing
	for _, m := range messages {
		to := m.To.Chain()
		b.sent = append(b.sent, sent{to, c.numbers[to], m})
		leaves = append(leaves, light.OutboxLeaf(to, c.numbers[to], m.ID()))
		c.numbers[to]++
		carried, err := m.Carried()
		assert.That(err == nil, "a model's amounts are small")
		total[to] = plus(total[to], carried)
	}
	b.outbox = merkle.NewFixed(leaves)
	b.header.Roots.Outbox = chain.Hash(b.outbox.Root())
	for _, to := range slices.Sorted(maps.Keys(total)) {
		if amount := total[to]; !amount.IsZero() {
			b.header.Leaving = append(b.header.Leaving, chain.Leaving{Chain: to, Amount: amount})
		}
	}
	c.passing = map[chain.ID]chain.Amount{}
}

func plus(a, b chain.Amount) chain.Amount {
	s, err := a.Add(b)
	assert.That(err == nil, "a model's amounts are small")
	return s
}

// record makes the parent record all blocks of the child.
func (w *world) record(child chain.ID) {
	parent := w.tree.Parent(child)
	r, c := w.chains[parent].records[child], w.chains[child]
	for h := r.Count + 1; h < uint64(len(c.blocks)); h++ {
		header := &c.blocks[h].header
		r.append(header.Anchor())
		for _, l := range header.Leaving {
			r.left[l.Chain] = plus(r.left[l.Chain], l.Amount)
			if passing := w.chains[parent].passing; !w.tree.Below(l.Chain, parent) {
				passing[l.Chain] = plus(passing[l.Chain], l.Amount)
			}
		}
	}
	w.block(parent)
}

func treeOf(state map[merkle.Path]merkle.Hash) *merkle.Tree {
	t := merkle.New()
	var updates []merkle.Update
	for _, path := range slices.SortedFunc(maps.Keys(state), func(a, b merkle.Path) int { return bytes.Compare(a[:], b[:]) }) {
		updates = append(updates, merkle.Update{Path: path, Value: state[path]})
	}
	v, err := t.Update(nil, updates, nil)
	if err == nil {
		err = t.Commit(v)
	}
	assert.That(err == nil, "a model's state has a tree")
	return t
}

func (w *world) prove(b *modelBlock, account chain.Address, key string) merkle.StateProof {
	p, err := treeOf(b.state).Prove(nil, merkle.SlotPath(account, []byte(key)))
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) at(id chain.ID, height uint64) *modelBlock { return &w.chains[id].blocks[height] }

func (w *world) tip(id chain.ID) *modelBlock { return w.at(id, uint64(len(w.chains[id].blocks)-1)) }

func (w *world) start(id chain.ID) *light.Start {
	return &light.Start{Network: network, Tree: w.tree, Chain: id, Anchor: w.tip(id).header.Anchor()}
}

// back is the step from a block to an earlier one of its chain, down that to a child's.
func (w *world) back(from *modelBlock, height uint64) light.Step {
	id := from.header.Chain
	return light.Step{
		Chain: id, Entry: from.history, State: w.prove(from, chain.SystemAddress(id), chain.KeyHistory),
		Place: w.chains[id].history.place(w.t, from.history.Count, height), Anchor: w.at(id, height).header.Anchor(),
	}
}

func (w *world) down(from *modelBlock, child chain.ID, height uint64) light.Step {
	id := from.header.Chain
	entry := from.children[child]
	return light.Step{
		Chain: child, Entry: entry, State: w.prove(from, chain.DigestsAddress(id), chain.AccumulatorKey(child)),
		Place: w.chains[id].records[child].place(w.t, entry.Count, height-1), Anchor: w.at(child, height).header.Anchor(),
	}
}

// path leads from a block down to one of a chain below it: over the last recorded blocks, or by the history of its own chain.
// It returns the blocks that the steps start from too.
func (w *world) path(from *modelBlock, target chain.ID, height uint64) (steps []light.Step, starts []*modelBlock) {
	for from.header.Chain != target {
		child := w.tree.Toward(target, from.header.Chain)
		h := from.children[child].Count
		if child == target {
			h = height
		}
		steps, starts = append(steps, w.down(from, child, h)), append(starts, from)
		from = w.at(child, h)
	}
	if from.header.Height != height {
		steps, starts = append(steps, w.back(from, height)), append(starts, from)
	}
	return steps, starts
}

// imports are n relays of a block for a chain, from the given number on, as a block of the lowest common ancestor shows them.
func (w *world) imports(from *modelBlock, source chain.ID, height uint64, to chain.ID, first uint64, n int) (chain.Import, light.ImportProof) {
	b := w.at(source, height)
	im := chain.Import{Source: source, First: first}
	var p light.ImportProof
	var indexes []uint32
	carried := chain.Amount{}
	for i, s := range b.sent {
		if s.to == to && s.number >= first && s.number < first+uint64(n) {
			indexes, im.Messages = append(indexes, uint32(i)), append(im.Messages, s.message)
			c, _ := s.message.Carried()
			carried = plus(carried, c)
		}
	}
	var err error
	if p.Places, err = b.outbox.ProveAll(indexes); err != nil {
		w.t.Fatal(err)
	}
	var starts []*modelBlock
	p.Steps, starts = w.path(from, source, height)
	for i, s := range starts {
		if id := s.header.Chain; !carried.IsZero() && p.Steps[i].Chain != id {
			key := leaving{p.Steps[i].Chain, to}
			p.Left = append(p.Left, light.Left{Value: s.left[key], State: w.prove(s, chain.DigestsAddress(id), chain.LeftKey(key.child, to))})
		}
	}
	im.Proof = p.Append(nil)
	return im, p
}

// digest shows the blocks of a chain from one height up to another.
func (w *world) digest(id chain.ID, from, to uint64) chain.Digest {
	d := chain.Digest{Next: w.at(id, to).next}
	for h := from; h <= to; h++ {
		d.Headers = append(d.Headers, w.at(id, h).header)
	}
	w.certify(&d)
	return d
}

func (w *world) certify(d *chain.Digest) {
	h := d.Last()
	v := chain.Vote{Step: chain.Confirmation, Network: h.Network, Chain: h.Chain, Epoch: h.Epoch, Height: h.Height, Block: h.Hash()}
	d.Certificate = seatOf(w.t, h.Chain, h.Epoch).sign(w.t, v, 0)
}

// known is what a reader knows of a chain after that block.
func (w *world) known(id chain.ID, height uint64) (chain.Known, house) {
	h := w.at(id, height).header
	k := chain.Known{Anchor: h.Anchor(), Epoch: h.Epoch, Committee: h.Next}
	if h.Next != h.Committee {
		k.Epoch++
	}
	return k, seatOf(w.t, id, k.Epoch)
}

// message is a relay between accounts that nobody has.
func message(from, to chain.ID, n int, amount uint64) *chain.Message {
	m := &chain.Message{
		Network: network, Kind: chain.Relay, From: account(from, 1), To: account(to, 2), Amount: chain.NewAmount(amount),
		Payer: account(from, 1), Method: "bid", Input: []byte("input"), Index: uint32(n), Depth: 1,
		Parent: chain.MessageID{byte(from)}, Origin: chain.MessageID{byte(from)},
	}
	return m.Seal()
}

func account(id chain.ID, n byte) chain.Address {
	return chain.MadeAddress(id, chain.Address{}, [32]byte{n}, chain.CodeHash{})
}

func messages(from, to chain.ID, n int, amount uint64) (list []*chain.Message) {
	for i := range n {
		list = append(list, message(from, to, i, amount))
	}
	return list
}
