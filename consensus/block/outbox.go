package block

import (
	"maps"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Outgoing is a relay that leaves the chain, with its number among all that ever left it for the same chain.
type Outgoing struct {
	To      chain.ID
	Number  uint64
	Message *chain.Message
}

// OutboxRoot is the root over an outbox.
func OutboxRoot(list []Outgoing) chain.Hash { return chain.Hash(merkle.Root(OutboxLeaves(list))) }

// OutboxLeaves are the leaves of an outbox's tree.
func OutboxLeaves(list []Outgoing) []merkle.Hash {
	leaves := make([]merkle.Hash, len(list))
	for i, o := range list {
		leaves[i] = light.OutboxLeaf(o.To, o.Number, o.Message.ID())
	}
	return leaves
}

// leave lists what leaves the chain, in canonical order: what the accounts sent, by sender, place in its σ, and index; then gas
// that goes back to payers elsewhere (SPEC 2.3, 8.1). It numbers them from what the state says.
func (r *run) leave(refunds []*chain.Message) error {
	add := func(m *chain.Message) error {
		to := m.To.Chain()
		o, err := r.arrival.Out(to)
		if err != nil {
			return err
		}
		r.outbox = append(r.outbox, Outgoing{to, o.Next, m})
		o.Next++
		r.arrival.outward[to] = o
		return nil
	}
	t := translation{run: r}
	n := r.firstSent()
	for i := range r.order {
		for j := range r.order[i].Events {
			for k := range r.order[i].Events[j].Sent {
				if _, here := t.route(n, &r.order[i].Events[j].Sent[k]); !here {
					if err := add(r.messages[n].Message); err != nil {
						return err
					}
				}
				n++
			}
		}
	}
	for _, m := range refunds {
		if err := add(m); err != nil {
			return err
		}
	}
	return nil
}

// abroad takes the refunds of payers on other chains out of the settlement and makes them relays of the chain's own account. One
// below its own cost becomes a fee (SPEC 2.3), and so does one for somebody who can't be: on a chain that there is not.
func (r *run) abroad(s *settlement) (list []*chain.Message) {
	price := r.context.Params.MinGasPrice
	system := chain.SystemAddress(r.context.Chain)
	for _, payer := range slices.SortedFunc(maps.Keys(s.others), chain.Address.Compare) {
		left := s.others[payer]
		away := payer.Chain() != r.context.Chain
		if !away && !payer.IsSystem() {
			continue
		}
		delete(s.others, payer)
		m := chain.Message{
			Network: r.context.Network, Kind: chain.Relay, From: system, To: payer, Payer: payer, Method: chain.MethodRefund,
			GasLimit: gas.Add, GasPrice: price, Parent: chain.MessageID(r.before.Hash), Origin: chain.MessageID(r.before.Hash), Index: uint32(len(list)),
		}
		sending := chain.Mul(exec.SendGas(&chain.Sent{Method: chain.MethodRefund}), price)
		cost := sum(sending, chain.Mul(gas.Add, price))
		amount, err := left.Sub(cost)
		if !away || !r.context.Tree.Has(payer.Chain()) || err != nil || amount.IsZero() {
			s.fees = sum(s.fees, left)
			continue
		}
		s.fees = sum(s.fees, sending)
		m.Amount = amount
		list = append(list, m.Seal())
	}
	return list
}

// leaving is what the header says of value on its way to other chains: what this block's outbox carries, and what it records of
// its children's blocks beyond their parent's branch (SPEC 4.6, 8.7). A chain that gets
// relays without value stands there too: who carries digests sees that something is on its way. Below is the part that goes to chains under this one, the
// outbox's and what children send each other.
func (r *run) leaving() (list []chain.Leaving, below map[chain.ID]chain.Amount) {
	out, below := map[chain.ID]chain.Amount{}, map[chain.ID]chain.Amount{}
	self, tree := r.context.Chain, r.context.Tree
	add := func(to chain.ID, amount chain.Amount, own bool) {
		under := tree.Toward(to, self) != 0
		if under {
			below[to] = plenty(below[to], amount)
		}
		if own || !under && to != self {
			out[to] = plenty(out[to], amount)
		}
	}
	for _, o := range r.outbox {
		add(o.To, exec.Value(o.Message), true)
	}
	for _, a := range r.accounts {
		for i := range a.Events {
			for _, recorded := range a.Events[i].Outcome.Recorded() {
				for _, l := range recorded.Leaving {
					add(l.Chain, l.Amount, false)
				}
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(out)) {
		list = append(list, chain.Leaving{Chain: id, Amount: out[id]})
	}
	return list, below
}

// plenty is the sum of sums that other chains claim: it stops at the largest amount.
func plenty(a, b chain.Amount) chain.Amount {
	s, err := a.Add(b)
	if err != nil {
		return chain.MaxAmount
	}
	return s
}
