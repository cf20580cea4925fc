package bft

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// block is one that a seat makes in a round; the Byzantine one makes two.
func (x *explorer) block(round, proposer uint32, which uint64) []byte {
	genesis := chain.Header{Network: chain.NetworkID{1}, Chain: 1}
	raw := (&chain.Block{Header: chain.Header{
		Network: genesis.Network, Chain: 1, Height: 1, Round: round, Proposer: proposer, Parent: genesis.Hash(), TimeMillis: 1 + which,
	}}).Append(nil)
	return raw
}

func (x *explorer) vote(step chain.Step, round uint32, block chain.BlockHash) *Vote {
	s := chain.Vote{Step: step, Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: round, Block: block}
	return &Vote{step, 1, round, block, marks{}.part(s.Domain(), s.Append(nil), evil)}
}

// menu is what can be delivered when these messages were sent: they, and what the Byzantine member makes of them.
func (x *explorer) menu(sent []int) []int {
	key := x.sum(sent, 0)
	if m, ok := x.menus[key]; ok {
		return m
	}
	list := slices.Clone(sent)
	var blocks []chain.BlockHash
	for _, n := range sent {
		if p, ok := x.events[n].Message.(*Proposal); ok && !slices.Contains(blocks, p.Vote.Block) {
			blocks = append(blocks, p.Vote.Block)
		}
	}
	for r := range x.rounds {
		list = append(list, x.proposals(sent, r, &blocks)...)
	}
	for _, b := range blocks {
		list = append(list, x.event(0, &Fetched{x.blocks[b]}))
		for r := range x.rounds {
			list = append(list, x.event(evil, x.vote(chain.Preparation, r, b)), x.event(evil, x.vote(chain.Confirmation, r, b)))
		}
	}
	for _, t := range x.timeouts(blocks) {
		list = append(list, x.event(evil, t))
	}
	slices.Sort(list)
	list = slices.Compact(list)
	x.menus[key] = list
	return list
}

// timeouts are those of the Byzantine member: that it prepared nothing, or any block in the round.
func (x *explorer) timeouts(blocks []chain.BlockHash) (list []*Timeout) {
	for r := range x.rounds - 1 {
		claims := []chain.Mark{{}}
		for _, b := range blocks {
			claims = append(claims, chain.Mark{Round: r, Block: b})
		}
		for _, last := range claims {
			t := &Timeout{Timeout: chain.Timeout{Network: chain.NetworkID{1}, Chain: 1, Height: 1, Round: r, Last: last}}
			t.Part = marks{}.part(keys.BLSTimeout, t.Timeout.Append(nil), evil)
			list = append(list, t)
		}
	}
	return list
}

// proposals are those of the Byzantine member where it leads: two blocks, whatever the justification, and the one that it demands.
func (x *explorer) proposals(sent []int, round uint32, blocks *[]chain.BlockHash) (list []int) {
	if x.leader[round] != evil {
		return nil
	}
	for _, why := range x.justifications(sent, round, *blocks) {
		raws := [][]byte{x.block(round, evil, 1), x.block(round, evil, 2)}
		if b, bound := x.replica(0).bound(why); bound {
			raws = append(raws, x.blocks[b])
		}
		for _, raw := range raws {
			h, err := chain.DecodeBlockHeader(raw)
			if err != nil {
				continue // it is bound to a block that nobody has shown
			}
			x.blocks[h.Hash()] = raw
			if !slices.Contains(*blocks, h.Hash()) {
				*blocks = append(*blocks, h.Hash())
			}
			list = append(list, x.event(evil, &Proposal{Raw: raw, Why: why, Vote: *x.vote(chain.Preparation, round, h.Hash())}))
		}
	}
	return list
}

// justifications are all of three timeouts of the round before, one of them the Byzantine member's own.
func (x *explorer) justifications(sent []int, round uint32, blocks []chain.BlockHash) (list []*Justification) {
	if round == 0 {
		return []*Justification{nil}
	}
	var honest []*Timeout
	for _, n := range sent {
		if t, ok := x.events[n].Message.(*Timeout); ok && t.Round == round-1 {
			honest = append(honest, t)
		}
	}
	for i, a := range honest {
		for _, b := range honest[i+1:] {
			for _, own := range x.timeouts(blocks) {
				if own.Round != round-1 || a.Seats.Overlaps(b.Seats) {
					continue
				}
				j := &Justification{}
				var parts []committee.TimeoutPart
				for _, t := range []*Timeout{a, b, own} {
					parts = append(parts, committee.TimeoutPart{Timeout: t.Timeout, Part: t.Part})
					if c := t.Certificate; c != nil && (j.Certificate == nil || c.Round > j.Certificate.Round) {
						j.Certificate = c
					}
				}
				j.Timeouts, _ = committee.CollectTimeouts(x.committee, parts)
				list = append(list, j)
			}
		}
	}
	return list
}
