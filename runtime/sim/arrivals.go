package sim

import (
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// falseArrivals is a proposer that takes in what it must not. Where nobody would see that, its block would be as good as any.
var falseArrivals = &deviation{Deviation: byzantine.Deviation{Name: "false-arrivals"}, brings: func(n *node, a *block.Arrival) error {
	switch n.w.random.evil.IntN(3) {
	case 0:
		return n.falseFact(a)
	default:
		return n.falseImport(a)
	}
}}

// arrivalDeviations are those that there are between chains alone. They are drawn apart: a seed of one chain is what it was without them.
var arrivalDeviations = []*deviation{falseArrivals}

// falseImport tries relays once more, too early, or changed, from the first chain that has such.
func (n *node) falseImport(a *block.Arrival) error {
	r := n.w.random.evil
	for _, i := range r.Perm(len(n.w.worlds)) {
		from := n.w.worlds[i].id
		if from == n.w.id || n.process.chains.Get(from) == nil {
			continue
		}
		for _, kind := range append([]int{1}, r.Perm(3)...) { // those that leave out some are there least
			e, err := n.falseEnvelope(a, from, kind)
			if err != nil {
				return err
			}
			if e != nil {
				n.deviates()
				return n.smuggle(a, e)
			}
		}
	}
	return nil
}

// falseEnvelope is of relays that came before, that are not next, or that were never sent; nil if there is none.
func (n *node) falseEnvelope(a *block.Arrival, from chain.ID, kind int) (*light.Envelope, error) {
	r := n.w.random.evil
	first, err := a.In(from)
	switch {
	case err != nil || kind == 0 && first == 0:
		return nil, err
	case kind == 0:
		first = r.Uint64N(first)
	case kind == 1:
		first += 1 + r.Uint64N(2)
	}
	e, err := n.process.chains.Envelope(n.w.tree, from, n.w.id, first)
	switch {
	case unready(err):
		return nil, nil
	case err == nil && kind == 2:
		return tamper(n.w.stage, e), nil
	}
	return e, err
}

// smuggle adds an envelope to a block, in as far as that is let in.
func (n *node) smuggle(a *block.Arrival, e *light.Envelope) error {
	for i := range e.Views {
		if e.Views[i].Last().Chain == n.w.id {
			continue
		}
		if _, err := a.View(&e.Views[i]); err != nil {
			return err
		}
	}
	_, err := a.Import(&e.Import)
	return err
}

// falseFact tries a committee of its own, or to have been sent more.
func (n *node) falseFact(a *block.Arrival) error {
	r := n.w.random.evil
	if n.w.id == chain.Main {
		return nil
	}
	of, from := n.w.id, n.process.chains.Get(chain.Main)
	f := chain.Fact{Kind: chain.FactCharter, From: chain.Main, Of: of}
	slot := registered(of)
	if children := n.w.tree.Children(of); len(children) > 0 && r.IntN(2) == 0 {
		f.Kind, f.Of = chain.FactCredit, children[r.IntN(len(children))]
		slot = exec.Slot{Account: chain.SystemAddress(chain.Main), Key: chain.SentKey(f.Of)}
	}
	shown, err := from.Show([]exec.Slot{slot})
	if err != nil || shown == nil {
		return err
	}
	known, err := a.Known(chain.Main)
	if err != nil {
		return err
	}
	if known.Anchor.Height < shown.Digest.Last().Height {
		if fault, err := a.View(&shown.Digest); fault != nil || err != nil {
			return err
		}
	}
	f.Value = chain.EncodeAmount(chain.NewAmount(1 << 60))
	if f.Kind == chain.FactCharter {
		own := chain.Committee{Chain: of, Seed: chain.Hash{byte(r.Uint32()), 7}, Seats: []chain.Seat{{Node: nodeKey(int(n.peer)), Key: n.epoch.Seats.Seats[0].Key}}}
		f.Value = chain.Charter{Seats: own, Params: chain.DefaultParams()}.Encode()
	}
	p := light.EntryProof{State: shown.Proofs[0]}
	f.Proof = p.Append(nil)
	n.deviates()
	_, err = a.Fact(&f)
	return err
}
