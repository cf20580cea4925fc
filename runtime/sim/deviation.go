package sim

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
)

// deviation is the one decision that a Byzantine member takes otherwise (package byzantine). Each is counted when it happens.
type deviation struct {
	byzantine.Deviation
	// brings adds what it must not to what a block takes in from other chains.
	brings func(n *node, a *block.Arrival) error
}

// deviationNamed is that of a name, which is one that plans draw.
func deviationNamed(name string) *deviation {
	for _, d := range arrivalDeviations {
		if d.Name == name {
			return d
		}
	}
	if d := byzantine.Named(name); d != nil {
		return &deviation{Deviation: *d}
	}
	return nil
}

// member is what a node's lies are made of.
func (n *node) member() *byzantine.Member {
	return &byzantine.Member{
		Network: n.w.origin.header.Network, Rand: n.w.random.evil, MaxPacket: maxPacket, Sign: n.signature, Deviates: n.deviates,
		Peers: func() int { return len(n.w.plan.Nodes) },
		Epoch: func() *keep.Epoch { return n.epoch },
		At: func(height uint64, round uint32) bool {
			r := n.driver.Replica()
			return r.Head().Header.Height+1 == height && r.Round() == round
		},
		Another: n.another,
	}
}

// deviates counts that a member did what its name says.
func (n *node) deviates() { n.w.census.add("byzantine: " + n.deviation.Name) }

// another is a proposal of a block that this node has made just now; nil if it can't.
func (n *node) another(round uint32) *bft.Proposal {
	own := slices.Collect(n.epoch.Own.Ascending())
	head := n.driver.Replica().Head()
	if len(own) == 0 || head.Hash != n.ledger.head.Hash || n.ledger.discard() != nil {
		return nil
	}
	raw, err := n.ledger.build(bft.Build{Parent: head.Hash, Height: head.Header.Height + 1, Round: round, Proposer: uint32(own[0]), Demanded: true})
	if err != nil || raw == nil {
		return nil
	}
	h, err := chain.DecodeBlockHeader(raw)
	if err != nil {
		return nil
	}
	p := &bft.Proposal{Raw: raw, Parent: head.Certificate, Vote: bft.Vote{Step: chain.Preparation, Height: h.Height, Round: round, Block: h.Hash()}}
	s := chain.Vote{Step: p.Vote.Step, Network: h.Network, Chain: h.Chain, Epoch: n.epoch.Seats.Epoch, Height: h.Height, Round: round, Block: p.Vote.Block}
	p.Vote.Part = n.signature(s.Domain(), s.Append(nil))
	return p
}
