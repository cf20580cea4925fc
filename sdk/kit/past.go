package kit

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/RaduBerinde/btreemap"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// past is what a chain of a tree has kept of its blocks, to show it to other chains. It never changes: a moment's shares what it can
// with the one before.
type past struct {
	moments  *btreemap.BTreeMap[uint64, *moment] // by height
	sent     *btreemap.BTreeMap[ticket, departure]
	recorded *btreemap.BTreeMap[run, recording]
	released *btreemap.BTreeMap[run, recording] // by height here
	nodes    *btreemap.BTreeMap[node, merkle.Hash]
}

// ticket is the number of a relay to a chain; departure is where it left.
type ticket struct {
	to     chain.ID
	number uint64
}

type departure struct {
	at    *moment
	place int // in the outbox
	all   []block.Outgoing
}

// run is of a child's blocks, by the first of them; recording is where it was recorded.
type run struct {
	child chain.ID
	first uint64
}

type recording struct {
	at      *moment
	last    uint64
	leaving []chain.Leaving
}

func compareRuns(a, b run) int {
	return cmp.Or(cmp.Compare(a.child, b.child), cmp.Compare(a.first, b.first))
}

// node is a place in an accumulator.
type node struct {
	list  chain.ID
	level uint8
	index uint64
}

func newPast() *past {
	const degree = 8
	return &past{
		moments: btreemap.New[uint64, *moment](degree, cmp.Compare[uint64]),
		sent: btreemap.New[ticket, departure](degree, func(a, b ticket) int {
			return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.number, b.number))
		}),
		recorded: btreemap.New[run, recording](degree, compareRuns), released: btreemap.New[run, recording](degree, compareRuns),
		nodes: btreemap.New[node, merkle.Hash](degree, func(a, b node) int {
			return cmp.Or(cmp.Compare(a.list, b.list), cmp.Compare(a.level, b.level), cmp.Compare(a.index, b.index))
		}),
	}
}

// with is the past after one more block, which led to m.
func (p *past) with(m *moment, res *block.Result) *past {
	next := &past{p.moments.Clone(), p.sent, p.recorded, p.released, p.nodes.Clone()}
	next.moments.ReplaceOrInsert(m.header.Height, m)
	if len(res.Outbox) > 0 {
		next.sent = p.sent.Clone()
	}
	for i, o := range res.Outbox {
		next.sent.ReplaceOrInsert(ticket{o.To, o.Number}, departure{m, i, res.Outbox})
	}
	for _, n := range res.History {
		next.nodes.ReplaceOrInsert(node{m.header.Chain, n.Level, n.Index}, n.Hash)
	}
	if len(res.Recorded) > 0 {
		next.recorded, next.released = p.recorded.Clone(), p.released.Clone()
	}
	for _, r := range res.Recorded {
		if r.Released != nil {
			_, was, _ := next.released.Get(run{r.Child, m.header.Height}) // in the same block
			next.released.ReplaceOrInsert(run{r.Child, m.header.Height}, recording{m, 0, slices.Concat(was.leaving, r.Leaving)})
			continue
		}
		next.recorded.ReplaceOrInsert(run{r.Child, r.First}, recording{m, r.First + uint64(len(r.Anchors)) - 1, r.Leaving})
		for _, n := range r.Nodes {
			next.nodes.ReplaceOrInsert(node{r.Child, n.Level, n.Index}, n.Hash)
		}
	}
	return next
}

// carried is a chain as package relay sees it: what it shows now.
type carried struct{ *Chain }

// value is what a moment's state has in a slot, with its proof.
func (k *Chain) value(m *moment, slot exec.Slot) ([]byte, merkle.StateProof, error) {
	v, err := m.Entry(slot.Account, slot.Key)
	if err != nil {
		return nil, merkle.StateProof{}, err
	}
	proof, err := k.tree.Prove(m.version, block.SlotPath(slot))
	return v, proof, err
}

// Show implements relay.Chain.
func (c carried) Show(slots []exec.Slot) (*relay.Shown, error) {
	if c.now.header.Height == 0 {
		return nil, nil
	}
	s := &relay.Shown{Digest: chain.Digest{Headers: []chain.Header{*c.now.header}, Certificate: *c.certificate(c.now)}}
	for _, slot := range slots {
		v, proof, err := c.value(c.now, slot)
		if err != nil {
			return nil, err
		}
		s.Values, s.Proofs = append(s.Values, v), append(s.Proofs, proof)
	}
	return s, nil
}

// certificate shows others that a block is final: the vote of the chain's one seat.
func (k *Chain) certificate(m *moment) *chain.Certificate {
	if m.cert != nil {
		return m.cert
	}
	h := m.header
	cert := chain.Certificate{
		Step: chain.Confirmation, Network: h.Network, Chain: h.Chain, Epoch: h.Epoch, Height: h.Height, Block: m.hash, Bitmap: chain.Seats(nil).With(0),
	}
	vote := cert.Vote()
	signature, err := k.secret.Sign(vote.Domain(), vote.Append(nil)).Signature()
	k.must(err)
	cert.Signature, m.cert = signature, &cert
	return m.cert
}

// at is the moment after the block at a height.
func (k *Chain) at(height uint64) (*moment, error) {
	_, m, ok := k.now.past.moments.Get(height)
	if !ok {
		return nil, fmt.Errorf("chain %s has no block %d", k.name, height)
	}
	return m, nil
}

// Header implements relay.Chain.
func (c carried) Header(height uint64) (*chain.Header, error) {
	m, err := c.at(height)
	if err != nil {
		return nil, err
	}
	return m.header, nil
}

// Run implements relay.Chain. The committees of a kit don't change.
func (c carried) Run(from uint64) (*chain.Digest, error) {
	head := c.now.header.Height
	if from > head {
		return nil, nil
	}
	const most = chain.MaxInputBytes - 4<<10 // a digest is the input of a message, inside the input of a call
	d := &chain.Digest{}
	size := 0
	for height := from; height <= head && len(d.Headers) < chain.MaxDigestHeaders; height++ {
		m, err := c.at(height)
		if err != nil {
			return nil, err
		}
		if size += len(m.header.Append(nil)); size > most && len(d.Headers) > 0 {
			break
		}
		d.Headers, d.Certificate = append(d.Headers, *m.header), chain.Certificate{}
	}
	last, err := c.at(d.Last().Height)
	if err != nil {
		return nil, err
	}
	d.Certificate = *c.certificate(last)
	return d, nil
}

// Place implements relay.Chain.
func (c carried) Place(list chain.ID, count, index uint64) (merkle.Place, error) {
	return merkle.ProvePlace(count, index, func(level uint8, index uint64) (merkle.Hash, error) {
		_, hash, ok := c.now.past.nodes.Get(node{list, level, index})
		if !ok {
			return hash, fmt.Errorf("chain %s has no node %d of level %d of chain %d", c.name, index, level, list)
		}
		return hash, nil
	})
}

// Recorded implements relay.Chain.
func (c carried) Recorded(child chain.ID, height uint64) (*relay.Recorded, error) {
	for first, r := range c.now.past.recorded.Descend(btreemap.LE(run{child, height}), btreemap.GE(run{child, 0})) {
		if r.last < height {
			break
		}
		return c.shows(child, first.first, &r)
	}
	return nil, nil
}

// Released implements relay.Chain.
func (c carried) Released(child chain.ID, height uint64) (*relay.Recorded, error) {
	for _, r := range c.now.past.released.Descend(btreemap.LE(run{child, height}), btreemap.GE(run{child, 0})) {
		return c.shows(child, 0, &r)
	}
	return nil, nil
}

// shows is what the state after a recording shows of it.
func (c carried) shows(child chain.ID, first uint64, r *recording) (*relay.Recorded, error) {
	digests := chain.DigestsAddress(c.id)
	is := &relay.Recorded{Height: r.at.header.Height, First: first, Left: map[chain.ID]light.Left{}}
	entry, proof, err := c.value(r.at, exec.Slot{Account: digests, Key: chain.AccumulatorKey(child)})
	if err != nil {
		return nil, err
	}
	is.State = proof
	if is.Entry, err = merkle.DecodeAccumulator(entry); err != nil {
		return nil, err
	}
	for _, l := range r.leaving {
		raw, proof, err := c.value(r.at, exec.Slot{Account: digests, Key: chain.LeftKey(child, l.Chain)})
		if err != nil {
			return nil, err
		}
		left := light.Left{State: proof}
		if left.Value, err = chain.DecodeAmount(raw); err != nil {
			return nil, err
		}
		is.Left[l.Chain] = left
	}
	return is, nil
}

// LastRecorded implements relay.Chain.
func (c carried) LastRecorded(child chain.ID, height uint64) (uint64, error) {
	for _, r := range c.now.past.recorded.Descend(btreemap.LE(run{child, ^uint64(0)}), btreemap.GE(run{child, 0})) {
		if r.at.header.Height <= height {
			return r.last, nil
		}
	}
	return 0, nil
}

// Expects implements relay.Chain.
func (c carried) Expects(from chain.ID, height uint64) (*relay.Expects, error) {
	for ; height > 0; height-- {
		m, err := c.at(height)
		if err != nil {
			return nil, err
		}
		before, err := c.at(height - 1)
		if err != nil {
			return nil, err
		}
		if m.in[from].relays == before.in[from].relays {
			continue
		}
		raw, proof, err := c.value(m, exec.Slot{Account: chain.SystemAddress(c.id), Key: chain.InKey(from)})
		if err != nil {
			return nil, err
		}
		next, err := chain.DecodeNumber(raw)
		return &relay.Expects{Height: height, Next: next, State: proof}, err
	}
	return nil, nil
}

// Departure implements relay.Chain: relays that are held are not sent yet, as far as others can see.
func (c carried) Departure(to chain.ID, number uint64) (uint64, error) {
	if _, d, ok := c.now.past.sent.Get(ticket{to, number}); ok && number < c.bound(pair{c.id, to}) {
		return d.at.header.Height, nil
	}
	return 0, nil
}

// Departed implements relay.Chain.
func (c carried) Departed(to chain.ID, first uint64, room relay.Room) (*relay.Departed, error) {
	bound := c.bound(pair{c.id, to})
	var d *relay.Departed
	var places []uint32
	var all []block.Outgoing
	for t, x := range c.now.past.sent.Ascend(btreemap.GE(ticket{to, first}), btreemap.LT(ticket{to, bound})) {
		m := x.all[x.place].Message
		if d == nil {
			d, all = &relay.Departed{Header: *x.at.header}, x.all
		}
		size, gas := len(m.Encode())+perRelay, block.ImportGas(m)
		if x.at.header.Height != d.Header.Height || len(places) == chain.MaxImported || t.number > first && (size > room.Bytes || gas > room.Gas) {
			break
		}
		room.Bytes, room.Gas = room.Bytes-size, room.Gas-min(gas, room.Gas)
		d.Messages, places = append(d.Messages, m), append(places, uint32(x.place))
	}
	if d == nil {
		return nil, nil
	}
	var err error
	d.Places, err = merkle.NewFixed(block.OutboxLeaves(all)).ProveAll(places)
	return d, err
}

// perRelay is what a relay takes beside its own bytes: its length, and its part of the proof.
const perRelay = 4 + 4 + 20*32
