package block

import (
	"fmt"
	"maps"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Arrival is what a block takes in from other chains, each part checked as it is added (SPEC 8): the proposer adds what it was
// brought and leaves out what doesn't fit, a verifier adds what the block has and refuses the block at the first fault. What was
// refused has changed nothing.
type Arrival struct {
	// Arrived is what was added; Messages are the relays among it, in the order of the block.
	Arrived  chain.Arrived
	Messages []*exec.Delivery

	before  *Before
	rules   Rules
	context *exec.Context

	views   map[chain.ID]*view // of ancestors, as far as they were asked for
	tree    chain.Tree         // nil if unchanged
	next    *chain.Committee   // nil if unchanged
	params  *chain.Params      // with next
	outward map[chain.ID]chain.Outward
	inward  map[chain.ID]uint64       // the number that is expected next
	taken   map[chain.ID]chain.Amount // that came from a branch
	// credited is what came to a child's branch from above, where a fact changed it.
	credited map[chain.ID]chain.Amount
	held     *chain.Amount // all that is on the chain, what came so far included; nil if nobody asked
	gas      uint64        // that the relays bought
	most     *uint64       // gas that they may buy; nil if nobody asked
	bytes    int           // of Arrived
}

// NewArrival takes in nothing yet. The context is that of the block.
func NewArrival(before *Before, rules Rules, context *exec.Context) *Arrival {
	return &Arrival{
		before: before, rules: rules, context: context, bytes: 4 * 4,
		views: map[chain.ID]*view{}, outward: map[chain.ID]chain.Outward{}, inward: map[chain.ID]uint64{},
		taken: map[chain.ID]chain.Amount{}, credited: map[chain.ID]chain.Amount{},
	}
}

// all adds everything in the order of the block, up to the first fault.
func (a *Arrival) all(said *chain.Arrived) (*Fault, error) {
	for i := range said.Views {
		if fault, err := a.View(&said.Views[i]); fault != nil || err != nil {
			return fault, err
		}
	}
	for i := range said.Facts {
		if fault, err := a.Fact(&said.Facts[i]); fault != nil || err != nil {
			return fault, err
		}
	}
	for i := range said.Acks {
		if fault, err := a.Ack(&said.Acks[i]); fault != nil || err != nil {
			return fault, err
		}
	}
	for i := range said.Imports {
		if fault, err := a.Import(&said.Imports[i]); fault != nil || err != nil {
			return fault, err
		}
	}
	return nil, nil
}

func refuse(part Part, id chain.ID, format string, args ...any) *Fault {
	return &Fault{Part: part, Got: fmt.Sprintf("chain %d: ", id) + fmt.Sprintf(format, args...)}
}

// room says whether so many bytes more may arrive.
func (a *Arrival) room(n int) *Fault {
	if limit := int(a.context.Params.BlockBytes) / chain.ArrivedShare; a.bytes+n > limit {
		return &Fault{Part: PartArrived, Want: fmt.Sprintf("at most %d bytes from other chains", limit), Got: fmt.Sprint(a.bytes + n)}
	}
	return nil
}

func (a *Arrival) entry(key string) ([]byte, error) {
	return a.before.State.Entry(chain.SystemAddress(a.context.Chain), key)
}

// amount is an entry of the chain's own that holds one.
func (a *Arrival) amount(key string) (chain.Amount, error) {
	raw, err := a.entry(key)
	if err != nil {
		return chain.Amount{}, err
	}
	n, err := chain.DecodeAmount(raw)
	if err != nil {
		return n, fmt.Errorf("%q in the state: %w", key, err)
	}
	return n, nil
}

// start is where proofs from the side of another chain begin: what is known here of the lowest common ancestor (SPEC 8.1).
func (a *Arrival) start(part Part, other chain.ID) (*light.Start, *Fault, error) {
	self := a.context.Chain
	s := &light.Start{Network: a.context.Network, Tree: a.context.Tree, Chain: a.context.Tree.Common(self, other)}
	switch {
	case other == self || s.Chain == 0:
		return nil, refuse(part, other, "it is no other chain of the tree"), nil
	case s.Chain == self:
		s.Anchor = a.before.anchor()
		return s, nil, nil
	}
	v, err := a.view(s.Chain)
	if err != nil {
		return nil, nil, err
	}
	if s.Anchor = v.Anchor; s.Anchor.Height == 0 {
		return nil, refuse(part, other, "nothing is known of chain %d, above both", s.Chain), nil
	}
	return s, nil, nil
}

func (b *Before) anchor() chain.Anchor {
	a := b.Header.Anchor()
	a.Hash = b.Hash
	return a
}

// Chain is the chain whose block it is, Tree which chains there are.
func (a *Arrival) Chain() chain.ID  { return a.context.Chain }
func (a *Arrival) Tree() chain.Tree { return a.context.Tree }

// Height is that of the block.
func (a *Arrival) Height() uint64 { return a.context.Height }

// Left is what further relays may take: their bytes, with their proof, and the gas that they bought.
func (a *Arrival) Left() (bytes int, gas uint64, err error) {
	most, err := a.importGas()
	return int(a.context.Params.BlockBytes)/chain.ArrivedShare - a.bytes, most - a.gas, err
}

// Out is what is known of relays to another chain at this point of the block.
func (a *Arrival) Out(to chain.ID) (chain.Outward, error) {
	if o, ok := a.outward[to]; ok {
		return o, nil
	}
	raw, err := a.entry(chain.OutKey(to))
	if err != nil {
		return chain.Outward{}, err
	}
	return chain.DecodeOutward(raw)
}

// Ack notes how far another chain has taken in what this one sent it (SPEC 8.6).
func (a *Arrival) Ack(k *chain.Ack) (*Fault, error) {
	if n := len(a.Arrived.Acks); n > 0 && a.Arrived.Acks[n-1].Chain >= k.Chain || len(a.Arrived.Imports) > 0 {
		return refuse(PartAcks, k.Chain, "not in order"), nil
	}
	size := len(k.Append(nil))
	if fault := a.room(size); fault != nil {
		return fault, nil
	}
	start, fault, err := a.start(PartAcks, k.Chain)
	if fault != nil || err != nil {
		return fault, err
	}
	p, err := light.DecodeAckProof(k.Proof)
	if err != nil {
		return refuse(PartAcks, k.Chain, "%v", err), nil
	}
	anchor, err := p.Verify(start, a.context.Chain, k.Chain)
	if err != nil {
		return refuse(PartAcks, k.Chain, "%v", err), nil
	}
	o, err := a.Out(k.Chain)
	if err != nil {
		return nil, err
	}
	switch {
	case p.Next > o.Next: // its committee is rotten
		return refuse(PartAcks, k.Chain, "it took in %d relays, and %d were sent", p.Next, o.Next), nil
	case p.Next < o.Consumed || p.Next == o.Consumed && anchor.Load == o.Load:
		return refuse(PartAcks, k.Chain, "%d of %d relays taken in, and %d were known to be", p.Next, o.Next, o.Consumed), nil
	case anchor.Height <= o.At: // by a block that is not later it could tell an old load
		return refuse(PartAcks, k.Chain, "block %d, and what was taken in is known from block %d", anchor.Height, o.At), nil
	}
	o.Consumed, o.At, o.Load = p.Next, anchor.Height, anchor.Load
	a.outward[k.Chain] = o
	a.bytes += size
	a.Arrived.Acks = append(a.Arrived.Acks, *k)
	return nil, nil
}

// In is the number of the relay that is expected next from another chain, at this point of the block.
func (a *Arrival) In(from chain.ID) (uint64, error) {
	if in, ok := a.inward[from]; ok {
		return in, nil
	}
	raw, err := a.entry(chain.InKey(from))
	if err != nil {
		return 0, err
	}
	return chain.DecodeNumber(raw)
}

// Taken is the value that has come from a branch so far, at this point of the block.
func (a *Arrival) Taken(branch chain.ID) (chain.Amount, error) {
	if sum, ok := a.taken[branch]; ok {
		return sum, nil
	}
	return a.amount(chain.TakenKey(branch))
}

// take holds what relays carry to what has left each branch that they come through (SPEC 8.7), and counts it.
func (a *Arrival) take(in *light.Inflow) (*Fault, error) {
	sums := make([]chain.Amount, len(in.Through))
	for i := range sums {
		before, err := a.Taken(in.Through[i].Branch)
		if err != nil {
			return nil, err
		}
		if sums[i], err = in.Taken(i, before); err != nil {
			return &Fault{Part: PartImports, Got: err.Error()}, nil
		}
	}
	for i, sum := range sums {
		a.taken[in.Through[i].Branch] = sum
	}
	return nil, nil
}

// Import takes relays in (SPEC 8.3): those whose numbers are next, proven to stand in an outbox that the lowest common ancestor
// covers.
func (a *Arrival) Import(im *chain.Import) (*Fault, error) {
	size := len(im.Append(nil))
	if fault := a.room(size); fault != nil {
		return fault, nil
	}
	start, fault, err := a.start(PartImports, im.Source)
	if fault != nil || err != nil {
		return fault, err
	}
	expected, err := a.In(im.Source)
	if err != nil {
		return nil, err
	}
	switch n := len(a.Arrived.Imports); {
	case n > 0 && a.Arrived.Imports[n-1].Source > im.Source:
		return refuse(PartImports, im.Source, "not in order"), nil
	case n >= chain.MaxImports:
		return refuse(PartImports, im.Source, "more than %d imports", chain.MaxImports), nil
	case len(im.Messages) > chain.MaxImported:
		return refuse(PartImports, im.Source, "%d relays in one import (limit %d)", len(im.Messages), chain.MaxImported), nil
	}
	if im.First != expected {
		return refuse(PartImports, im.Source, "relay %d, and %d is expected", im.First, expected), nil
	}
	bought := a.gas
	for _, m := range im.Messages {
		bought += ImportGas(m)
	}
	if limit, err := a.importGas(); err != nil {
		return nil, err
	} else if bought > limit {
		return &Fault{Part: PartImports, Want: fmt.Sprintf("relays with at most %d gas", limit), Got: fmt.Sprint(bought)}, nil
	}
	in, fault := a.proven(start, im)
	if fault != nil {
		return fault, nil
	}
	held, fault, err := a.hold(im.Source, in.Carried)
	if fault != nil || err != nil {
		return fault, err
	}
	if fault, err := a.take(&in); fault != nil || err != nil {
		return fault, err
	}
	a.held, a.gas, a.inward[im.Source], a.bytes = &held, bought, im.First+uint64(len(im.Messages)), a.bytes+size
	a.Arrived.Imports = append(a.Arrived.Imports, *im)
	for _, m := range im.Messages {
		a.Messages = append(a.Messages, &exec.Delivery{Message: m})
	}
	return nil, nil
}

// proven holds that relays stand in an outbox that a path from start leads to.
func (a *Arrival) proven(start *light.Start, im *chain.Import) (light.Inflow, *Fault) {
	p, err := light.DecodeImportProof(im.Proof)
	if err != nil {
		return light.Inflow{}, refuse(PartImports, im.Source, "%v", err)
	}
	in, err := p.Verify(start, a.context.Chain, im)
	if err != nil {
		return light.Inflow{}, &Fault{Part: PartImports, Got: err.Error()}
	}
	return in, nil
}

// Shows says whether relays that are not next yet are proven at this point of the block. It takes nothing in.
func (a *Arrival) Shows(im *chain.Import) (*Fault, error) {
	start, fault, err := a.start(PartImports, im.Source)
	if fault != nil || err != nil {
		return fault, err
	}
	_, fault = a.proven(start, im)
	return fault, nil
}

// ImportGas is the gas that an imported relay can use, and all that it leads to: more than a message may have it can't.
func ImportGas(m *chain.Message) uint64 { return min(m.GasLimit, chain.MaxMessageGas) + gas.Bounce }

// importGas is the bound on the gas of a block's imported relays (SPEC 4.5): their share, and one message's at least, as far as the
// pending queue has room for them. Nothing else that waits makes it less. How much of the queue a block gets done depends on time, so
// that an honest proposer could be forced past queueBlocks otherwise; and a queue with no room for imports drains by itself.
func (a *Arrival) importGas() (uint64, error) {
	if a.most == nil {
		p := a.context.Params
		raw, err := a.entry(chain.KeyQueue)
		if err != nil {
			return 0, err
		}
		queue, err := chain.DecodeQueue(raw)
		if err != nil {
			return 0, fmt.Errorf("queue in the state: %w", err)
		}
		room := queueBlocks * p.BlockGas
		room -= min(room, queue.Gas)
		most := min(room, max(p.BlockGas/importShare, chain.MaxMessageGas+gas.Bounce))
		a.most = &most
	}
	return *a.most, nil
}

// importShare is the part of a block's gas, one in so many, that is kept for imported relays.
const importShare = 4

// entries writes what arrived into the chain's own entries.
func (a *Arrival) entries(change func(key string, after []byte) error) error {
	for _, id := range slices.Sorted(maps.Keys(a.views)) {
		v := a.views[id]
		if !v.raised {
			continue
		}
		if err := change(chain.ViewKey(id), v.Known.Encode()); err != nil {
			return err
		}
		if !v.handed {
			continue
		}
		if err := change(chain.ViewCommitteeKey(id), v.committee.Append(nil)); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(a.inward)) {
		if err := change(chain.InKey(id), chain.EncodeNumber(a.inward[id])); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(a.taken)) {
		if err := change(chain.TakenKey(id), chain.EncodeAmount(a.taken[id])); err != nil {
			return err
		}
	}
	for i := range a.Arrived.Facts {
		if f := &a.Arrived.Facts[i]; f.Kind == chain.FactCredit {
			if err := change(chain.CreditKey(f.From, f.Of), f.Value); err != nil {
				return err
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(a.credited)) {
		if err := change(chain.CreditedKey(id), chain.EncodeAmount(a.credited[id])); err != nil {
			return err
		}
	}
	return a.handOver(change)
}

// handOver notes the next committee and attributes, and the committee that has agreed on its last block with this one.
func (a *Arrival) handOver(change func(key string, after []byte) error) error {
	if a.next == nil {
		return nil
	}
	now, err := a.before.Committee()
	if err != nil {
		return err
	}
	if err := change(chain.KeyFormer, chain.Former{Last: a.context.Height, Committee: now}.Encode()); err != nil {
		return err
	}
	if err := change(chain.KeyCommittee, a.next.Append(nil)); err != nil || a.params.Equal(a.context.Params) {
		return err
	}
	return change(chain.KeyParams, a.params.Encode())
}
