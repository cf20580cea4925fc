package relay

import (
	"cmp"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// source is a chain whose relays are being brought.
type source struct {
	*looked
	wanted
	next    uint64 // number
	done    bool   // it has no more for this block
	refused bool   // something of it was
}

// planned is what one source has for a block. Its proof is made.
type planned struct {
	*source
	is    chain.Import
	bytes int
	gas   uint64
}

// imports brings relays. What may arrive is shared out evenly, and then what is left of that among those who have more: a chain that
// floods this one keeps out nobody else's. Where so little may arrive that not all get a part, another one is first in every block.
func (b *bringing) imports() error {
	var sources []*source
	err := b.reach(func(l *looked, w wanted) error {
		if w.relays {
			sources = append(sources, &source{looked: l, wanted: w, next: w.first})
		}
		return nil
	})
	if err != nil || len(sources) == 0 {
		return err
	}
	turn := int(b.Height() % uint64(len(sources)))
	plan, err := b.plan(slices.Concat(sources[turn:], sources[:turn]))
	if err != nil {
		return err
	}
	slices.SortStableFunc(plan, func(x, y planned) int { return cmp.Compare(x.chain, y.chain) })
	for i := range plan {
		if err := b.bringImport(&plan[i]); err != nil {
			return err
		}
	}
	return nil
}

// bringImport adds what is planned, unless something before it of the same source was refused.
func (b *bringing) bringImport(p *planned) error {
	if p.source.refused {
		return nil
	}
	fault, err := b.Import(&p.is)
	for fault != nil && err == nil && len(p.is.Messages) > 1 {
		p.source.refused = true
		if p, err = b.half(p); p == nil || err != nil {
			return err
		}
		fault, err = b.Import(&p.is)
	}
	if b.refuse(fault); fault != nil || err != nil {
		p.source.refused = true
		if err != nil {
			return err
		}
		need, err := b.lacks(p)
		b.inVain(b.self, p.chain, p.is.First, p.shown.Digest.Last().Height, need)
		return err
	}
	b.taken(b.self, p.chain)
	return nil
}

// lacks is what must have left the branch of a source for its relays to be right; zero if as much has.
func (b *bringing) lacks(p *planned) (need chain.Amount, err error) {
	left, err := p.left(&p.wanted)
	if err != nil || p.chain == p.top {
		return need, err
	}
	taken, err := b.Taken(b.tree.Toward(p.chain, p.top))
	if err != nil {
		return need, err
	}
	need, err = taken.Add(exec.Value(p.is.Messages[0]))
	if err != nil || !left.Less(need) {
		return chain.Amount{}, nil
	}
	return need, nil
}

// half is about half of planned relays that were refused: those before the one at fault are right, and not to be held up by it.
func (b *bringing) half(p *planned) (*planned, error) {
	s := *p.source
	s.next = p.is.First
	fewer, err := b.next(&s, Room{p.bytes + pathRoom, p.gas / 2}, Room{p.bytes, p.gas})
	if fewer != nil {
		fewer.source = p.source
	}
	return fewer, err
}

// plan shares out what may arrive, in rounds.
func (b *bringing) plan(sources []*source) (plan []planned, err error) {
	bytes, gas, err := b.Left()
	if err != nil {
		return nil, err
	}
	for len(sources) > 0 && len(plan) < chain.MaxImports {
		each := Room{bytes / len(sources), gas / uint64(len(sources))}
		for _, s := range sources {
			p, err := b.next(s, each, Room{bytes, gas})
			switch {
			case err != nil:
				return nil, err
			case p == nil || len(plan) == chain.MaxImports:
				s.done = true
				continue
			}
			plan = append(plan, *p)
			bytes, gas = bytes-p.bytes, gas-p.gas
			s.next += uint64(len(p.is.Messages))
		}
		sources = slices.DeleteFunc(sources, func(s *source) bool { return s.done })
	}
	return plan, nil
}

// pathRoom is what the path of a proof takes, mostly.
const pathRoom = 8 << 10

// next is what a source has for its part of the room, one relay at least if there is room for that at all; nil if there is nothing.
func (b *bringing) next(s *source, part, all Room) (*planned, error) {
	d, err := b.Get(s.chain).Departed(b.self, s.next, Room{part.Bytes - pathRoom, part.Gas})
	if err != nil || d == nil {
		return nil, err
	}
	way, err := b.way(s.looked, s.wanted, d.Header.Height)
	if err != nil || way == nil {
		return nil, err
	}
	p := light.ImportProof{Steps: way.steps, Places: d.Places}
	if light.Carry(d.Messages) {
		p.Left = way.left
	}
	is := &planned{source: s, is: chain.Import{Source: s.chain, First: s.next, Proof: p.Append(nil), Messages: d.Messages}}
	if len(is.is.Proof) > chain.MaxImportProof { // of few among many
		return b.next(s, Room{part.Bytes / 2, part.Gas / 2}, all)
	}
	for _, m := range d.Messages {
		is.gas += block.ImportGas(m)
	}
	if is.bytes = len(is.is.Append(nil)); is.bytes > all.Bytes || is.gas > all.Gas {
		return nil, nil
	}
	return is, nil
}
