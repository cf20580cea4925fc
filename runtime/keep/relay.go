package keep

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// What a kept proof is of. A number keeps its meaning for good.
const (
	// ofRecorded: what is recorded of a child, by the first of its blocks that were recorded then.
	ofRecorded byte = 1
	// ofCount: how many blocks of a child are recorded, by the height here.
	ofCount byte = 2
	// ofExpected: the number that is expected next from another chain, by the height here.
	ofExpected byte = 3
	// ofReleased: what of a child's value was let through its valve without a block of it, by the height here.
	ofReleased byte = 4
)

// Records are the final blocks of chains with what goes with them: a store's, or what stands in for one. What isn't there is
// store.ErrNotFound.
type Records interface {
	Head(id chain.ID) (store.Head, error)
	Header(id chain.ID, height uint64) (chain.Header, error)
	Certificate(id chain.ID, height uint64) ([]byte, error)
	Block(id chain.ID, height uint64) (raw, certificate []byte, err error)
	Outbox(id chain.ID, height uint64) ([]byte, error)
	Departures(id, to chain.ID, first uint64, limit int) ([]store.Departed, error)
	Node(id, list chain.ID, level uint8, index uint64) (merkle.Hash, error)
	Proof(id chain.ID, of byte, c chain.ID, most uint64) (at uint64, raw []byte, err error)
}

// Relays is what a node that has a chain's records can show other chains: relay.Chain, but for the head.
type Relays struct {
	records Records
	id      chain.ID
	last    *outbox
}

// RelaysOf are those of the chain with the id.
func RelaysOf(r Records, id chain.ID) Relays { return Relays{r, id, &outbox{}} }

// Prove shows what a block's state has in a slot.
type Prove func(exec.Slot) (merkle.StateProof, error)

// Departures are the places of what leaves, by destination and number.
func Departures(outbox []block.Outgoing) []store.Departure {
	list := make([]store.Departure, len(outbox))
	for i, o := range outbox {
		list[i] = store.Departure{To: o.To, Number: o.Number, Place: uint32(i)}
	}
	return list
}

// Nodes are those that the accumulators got.
func Nodes(r *block.Result) []store.Nodes {
	list := []store.Nodes{{List: r.Block.Header.Chain, Nodes: r.History}}
	for _, recorded := range r.Recorded {
		list = append(list, store.Nodes{List: recorded.Child, Nodes: recorded.Nodes})
	}
	return list
}

// Proofs are kept for who shows later what the state after this block had: it is gone then.
func Proofs(r *block.Result, prove Prove) ([]store.Proof, error) {
	k := keeping{result: r, prove: prove, after: map[exec.Slot][]byte{}}
	if len(r.Recorded) == 0 && r.Block.Arrived.IsEmpty() {
		return nil, nil
	}
	for _, c := range r.Changes {
		k.after[c.Slot] = c.After
	}
	for _, run := range together(r.Recorded) {
		if err := k.recorded(&run); err != nil {
			return nil, err
		}
	}
	seen := map[chain.ID]bool{}
	for i := range r.Block.Arrived.Imports {
		from := r.Block.Arrived.Imports[i].Source
		if seen[from] {
			continue
		}
		seen[from] = true
		if err := k.expected(from); err != nil {
			return nil, err
		}
	}
	return k.list, nil
}

// together are runs, with all releases of a child as one, in which each chain stands once: so there are chain.MaxDestinations at most.
func together(list []exec.Recorded) (runs []exec.Recorded) {
	at := map[chain.ID]int{}
	for _, r := range list {
		i, ok := at[r.Child]
		switch {
		case r.Released == nil:
		case ok:
			runs[i].Leaving = slices.Clip(runs[i].Leaving)
			for _, l := range r.Leaving {
				if !slices.ContainsFunc(runs[i].Leaving, func(x chain.Leaving) bool { return x.Chain == l.Chain }) {
					runs[i].Leaving = append(runs[i].Leaving, l)
				}
			}
			continue
		default:
			at[r.Child] = len(runs)
		}
		runs = append(runs, r)
	}
	return runs
}

type keeping struct {
	result *block.Result
	prove  Prove
	after  map[exec.Slot][]byte
	list   []store.Proof
}

func (k *keeping) keep(of byte, c chain.ID, at uint64, raw []byte) {
	k.list = append(k.list, store.Proof{Of: of, Chain: c, At: at, Raw: raw})
}

// recorded keeps what is recorded of a child with a run: height here, accumulator, its proof, and what left the branch.
func (k *keeping) recorded(run *exec.Recorded) error {
	header := &k.result.Block.Header
	digests := chain.DigestsAddress(header.Chain)
	slot := exec.Slot{Account: digests, Key: chain.AccumulatorKey(run.Child)}
	proof, err := k.prove(slot)
	if err != nil {
		return err
	}
	anchors := k.after[slot]
	if anchors == nil {
		anchors = run.Released
	}
	b := proof.Append(wire.AppendBytes(wire.AppendU64(nil, header.Height), anchors))
	b = wire.AppendU32(b, uint32(len(run.Leaving)))
	for _, l := range run.Leaving {
		slot := exec.Slot{Account: digests, Key: chain.LeftKey(run.Child, l.Chain)}
		if proof, err = k.prove(slot); err != nil {
			return err
		}
		b = proof.Append(wire.AppendBytes(wire.AppendU32(b, uint32(l.Chain)), k.after[slot]))
	}
	if run.Released != nil {
		k.keep(ofReleased, run.Child, header.Height, b)
		return nil
	}
	k.keep(ofRecorded, run.Child, run.First, b)
	k.keep(ofCount, run.Child, header.Height, wire.AppendU64(nil, run.First+uint64(len(run.Anchors))-1))
	return nil
}

func (k *keeping) expected(from chain.ID) error {
	header := &k.result.Block.Header
	slot := exec.Slot{Account: chain.SystemAddress(header.Chain), Key: chain.InKey(from)}
	proof, err := k.prove(slot)
	if err != nil {
		return err
	}
	k.keep(ofExpected, from, header.Height, proof.Append(wire.AppendBytes(nil, k.after[slot])))
	return nil
}

// keptBy is a proof that was kept by the last of the chain's blocks that did, up to a height; nil if there is none. Of blocks that are not durable
// yet, while the chain catches up, nothing is shown: what a proof leads to isn't either.
func (c Relays) keptBy(of byte, of2 chain.ID, most uint64) (at uint64, raw []byte, err error) {
	head, err := c.records.Head(c.id)
	if err != nil {
		return 0, nil, err
	}
	return c.kept(of, of2, min(most, head.Height))
}

// kept is a proof that was kept; nil if there is none.
func (c Relays) kept(of byte, of2 chain.ID, most uint64) (at uint64, raw []byte, err error) {
	at, raw, err = c.records.Proof(c.id, of, of2, most)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil, nil
	}
	return at, raw, err
}

func (c Relays) damaged(err error) error {
	return fmt.Errorf("%w: kept proof: %w", store.ErrDamaged, err)
}

// Header implements relay.Chain.
func (c Relays) Header(height uint64) (*chain.Header, error) {
	h, err := c.records.Header(c.id, height)
	return &h, orNotHere(err)
}

// orNotHere tells what was before the state that the chain began with here from what should be there.
func orNotHere(err error) error {
	if errors.Is(err, store.ErrPruned) {
		return fmt.Errorf("%w: %w", relay.ErrNotHere, err)
	}
	return err
}

// Recorded implements relay.Chain.
func (c Relays) Recorded(child chain.ID, height uint64) (*relay.Recorded, error) {
	first, raw, err := c.kept(ofRecorded, child, height)
	if raw == nil || err != nil {
		return nil, err
	}
	is, err := c.readRecorded(raw)
	if err != nil || is.Entry.Count < height {
		return nil, err
	}
	if head, err := c.records.Head(c.id); err != nil || is.Height > head.Height { // as in keptBy
		return nil, err
	}
	is.First = first
	return is, nil
}

// Released implements relay.Chain.
func (c Relays) Released(child chain.ID, height uint64) (*relay.Recorded, error) {
	_, raw, err := c.keptBy(ofReleased, child, height)
	if raw == nil || err != nil {
		return nil, err
	}
	is, err := c.readRecorded(raw)
	if err == nil {
		is.First = is.Entry.Count + 1
	}
	return is, err
}

func (c Relays) readRecorded(raw []byte) (is *relay.Recorded, err error) {
	r := wire.NewReader(raw)
	is = &relay.Recorded{Height: r.U64("height"), Left: map[chain.ID]light.Left{}}
	entry := r.Bytes("accumulator", len(raw))
	is.State = merkle.ReadStateProof(r)
	for range r.Count("branches", chain.MaxDestinations, 4) {
		to, value := chain.ID(r.U32("destination")), r.Bytes("left", len(raw))
		left := light.Left{State: merkle.ReadStateProof(r)}
		if left.Value, err = chain.DecodeAmount(value); err != nil {
			return nil, c.damaged(err)
		}
		is.Left[to] = left
	}
	if err := r.Done(); err != nil {
		return nil, c.damaged(err)
	}
	if is.Entry, err = merkle.DecodeAccumulator(entry); err != nil {
		return nil, c.damaged(err)
	}
	return is, nil
}

// LastRecorded implements relay.Chain.
func (c Relays) LastRecorded(child chain.ID, height uint64) (uint64, error) {
	_, raw, err := c.keptBy(ofCount, child, height)
	if raw == nil || err != nil {
		return 0, err
	}
	return chain.DecodeNumber(raw)
}

// Expects implements relay.Chain.
func (c Relays) Expects(from chain.ID, height uint64) (*relay.Expects, error) {
	at, raw, err := c.keptBy(ofExpected, from, height)
	if raw == nil || err != nil {
		return nil, err
	}
	r := wire.NewReader(raw)
	value := r.Bytes("number", len(raw))
	is := &relay.Expects{Height: at, State: merkle.ReadStateProof(r)}
	if err := r.Done(); err != nil {
		return nil, c.damaged(err)
	}
	is.Next, err = chain.DecodeNumber(value)
	return is, err
}

// Place implements relay.Chain.
func (c Relays) Place(list chain.ID, count, index uint64) (merkle.Place, error) {
	return merkle.ProvePlace(count, index, func(level uint8, index uint64) (merkle.Hash, error) {
		h, err := c.records.Node(c.id, list, level, index)
		return h, orNotHere(err)
	})
}

// Departure implements relay.Chain.
func (c Relays) Departure(to chain.ID, number uint64) (uint64, error) {
	list, err := c.records.Departures(c.id, to, number, 1)
	if len(list) == 0 || err != nil {
		return 0, err
	}
	if head, err := c.records.Head(c.id); err != nil || list[0].Height > head.Height { // as in keptBy
		return 0, err
	}
	return list[0].Height, nil
}

// mostDeparted bounds the relays that are looked through at once.
const mostDeparted = chain.MaxImported

// Departed implements relay.Chain.
func (c Relays) Departed(to chain.ID, first uint64, room relay.Room) (*relay.Departed, error) {
	list, err := c.records.Departures(c.id, to, first, mostDeparted)
	if len(list) == 0 || err != nil {
		return nil, err
	}
	if head, err := c.records.Head(c.id); err != nil || list[0].Height > head.Height { // as in keptBy
		return nil, err
	}
	outbox, tree, err := c.outbox(list[0].Height)
	if err != nil {
		return nil, err
	}
	h, err := c.Header(list[0].Height)
	if err != nil {
		return nil, err
	}
	d := &relay.Departed{Header: *h}
	var places []uint32
	for _, x := range list {
		if x.Height != list[0].Height || int(x.Place) >= len(outbox) {
			break
		}
		m := outbox[x.Place].Message
		size, gas := len(m.Encode())+perRelay, block.ImportGas(m)
		if len(places) > 0 && (size > room.Bytes || gas > room.Gas) {
			break
		}
		room.Bytes, room.Gas = room.Bytes-size, room.Gas-min(gas, room.Gas)
		d.Messages, places = append(d.Messages, m), append(places, x.Place)
	}
	d.Places, err = tree.ProveAll(places)
	return d, err
}

// outbox is that of the block which was asked for last: every destination asks for the same one after the other.
type outbox struct {
	mu     sync.Mutex // guards the rest
	height uint64     // 0: of none
	list   []block.Outgoing
	tree   *merkle.Fixed
}

// outbox is that of a final block, with its tree.
func (c Relays) outbox(height uint64) ([]block.Outgoing, *merkle.Fixed, error) {
	o := c.last
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.height == height {
		return o.list, o.tree, nil
	}
	raw, err := c.records.Outbox(c.id, height)
	if err != nil {
		return nil, nil, err
	}
	list, err := block.DecodeOutbox(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	o.height, o.list, o.tree = height, list, merkle.NewFixed(block.OutboxLeaves(list))
	return o.list, o.tree, nil
}

// perRelay is what a relay takes beside its own bytes: its length, and its part of the proof.
const perRelay = 4 + 4 + 20*32

// A digest is the input of a message, inside the input of a call: runBytes bounds its headers, sealedBytes all of it.
const (
	runBytes    = chain.MaxInputBytes - 4<<10
	sealedBytes = chain.MaxInputBytes - 1<<10
)

// Run implements relay.Chain.
func (c Relays) Run(from uint64) (*chain.Digest, error) {
	head, err := c.records.Head(c.id)
	if err != nil || from > head.Height {
		return nil, err
	}
	d := &chain.Digest{}
	size := 0
	for height := from; height <= head.Height && len(d.Headers) < chain.MaxDigestHeaders; height++ {
		h, err := c.Header(height)
		if err != nil {
			return nil, err
		}
		if size += len(h.Append(nil)); size > runBytes && len(d.Headers) > 0 {
			break
		}
		d.Headers = append(d.Headers, *h)
		if h.Next != h.Committee {
			break
		}
	}
	if err := c.seal(d); err != nil {
		return nil, err
	}
	if n := len(d.Headers); n > 1 && len(d.Append(nil)) > sealedBytes { // with the committee that follows: that block goes alone
		d = &chain.Digest{Headers: d.Headers[:n-1]}
		return d, c.seal(d)
	}
	return d, nil
}

// seal adds the certificate of the last header, and the committee that follows if that changes.
func (c Relays) seal(d *chain.Digest) error {
	last := d.Last()
	cert, err := c.Certificate(last.Height)
	if err != nil {
		return err
	}
	if cert == nil {
		return fmt.Errorf("block %d of chain %d has no certificate: nothing shows it to another chain", last.Height, c.id)
	}
	d.Certificate = *cert
	if last.Next == last.Committee {
		return nil
	}
	d.Next, err = c.next(last)
	return err
}

// next is the committee that a block handed over to. It is read from the block: the states of long ago are gone, and who was away for as
// long can go on from there alone.
func (c Relays) next(h *chain.Header) (next chain.Committee, err error) {
	raw, _, err := c.records.Block(c.id, h.Height)
	if err != nil {
		return next, err
	}
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		return next, fmt.Errorf("%w: block %d: %w", store.ErrDamaged, h.Height, err)
	}
	for i := range b.Arrived.Facts {
		if f := &b.Arrived.Facts[i]; f.Kind == chain.FactCharter {
			c, err := chain.DecodeCharter(f.Value)
			next = c.Seats
			next.Epoch = h.Epoch + 1
			return next, err
		}
	}
	return next, fmt.Errorf("%w: block %d hands over and takes no charter over", store.ErrDamaged, h.Height)
}

// Sealed is the digest of one block.
func (c Relays) Sealed(h *chain.Header) (*chain.Digest, error) {
	d := &chain.Digest{Headers: []chain.Header{*h}}
	return d, c.seal(d)
}

// Certificate is what made the block at a height final; nil at height 0 and on a chain that one validator runs.
func (c Relays) Certificate(height uint64) (*chain.Certificate, error) {
	raw, err := c.records.Certificate(c.id, height)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	cert, err := chain.DecodeCertificate(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: certificate of block %d: %w", store.ErrDamaged, height, err)
	}
	return &cert, nil
}
