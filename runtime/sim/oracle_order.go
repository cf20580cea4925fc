package sim

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// causal holds I4 by an algorithm that has nothing in common with package order: it plays σ. An account handles its next
// message when that is there, until nothing moves: all that σ says must have happened then, and every input is used up.
type causal struct{ blind }

func (o *causal) final(res *block.Result, f *bft.Final) {
	k := res.Block
	came := slices.Clone(res.Journal.Carried) // from the queue and from other chains
	for i := range k.Arrived.Imports {
		came = append(came, k.Arrived.Imports[i].Messages...)
	}
	carried := len(came)
	p := play{at: make([]int, len(k.Order)), there: map[uint32]bool{}, used: map[uint32]bool{}, sender: map[uint32]chain.Address{}}
	for n := range carried + len(k.Inputs) {
		p.there[uint32(n)] = true
	}
	for n, m := range came {
		p.sender[uint32(n)] = m.From
	}
	p.number(k.Order, uint32(carried+len(k.Inputs)))
	for p.move(k.Order) {
	}
	for i := range k.Order {
		if p.at[i] < len(k.Order[i].Events) {
			o.w.violate("I4 order", nil, "height %d: account %s never gets to its event %d", f.Certificate.Height, k.Order[i].Account, p.at[i])
			return
		}
	}
	for n := carried; n < carried+len(k.Inputs); n++ {
		if !p.used[uint32(n)] {
			o.w.violate("I4 order", nil, "height %d: input %d is in no σ", f.Certificate.Height, n-carried)
		}
	}
	if p.twice {
		o.w.violate("I4 order", nil, "height %d: a message is handled twice", f.Certificate.Height)
	}
	if p.overtaken {
		o.w.violate("I4 order", nil, "height %d: of two messages between the same accounts the later one came first", f.Certificate.Height)
	}
}

// play is σ while it is played.
type play struct {
	at        []int // by account: the event that is next
	first     [][]uint32
	there     map[uint32]bool
	used      map[uint32]bool
	twice     bool
	overtaken bool
	sender    map[uint32]chain.Address
	last      []map[chain.Address]uint32
}

// number names what every event sends, as the block does.
func (p *play) number(order chain.Order, next uint32) {
	for i := range order {
		first := make([]uint32, len(order[i].Events))
		for j := range order[i].Events {
			first[j] = next
			for range order[i].Events[j].Sent {
				p.sender[next] = order[i].Account
				next++
			}
		}
		p.first = append(p.first, first)
		p.last = append(p.last, map[chain.Address]uint32{})
	}
}

// move lets every account handle what it can, and says whether one could.
func (p *play) move(order chain.Order) (moved bool) {
	for i := range order {
		last := p.last[i] // by sender: the last message of this account's that was handled, plus one
		for ; p.at[i] < len(order[i].Events); p.at[i]++ {
			e := &order[i].Events[p.at[i]]
			if !p.there[e.Received] {
				break
			}
			moved = true
			p.twice = p.twice || p.used[e.Received]
			p.used[e.Received] = true
			if from, ok := p.sender[e.Received]; ok {
				p.overtaken = p.overtaken || last[from] > e.Received
				last[from] = e.Received + 1
			}
			for k := range e.Sent {
				p.there[p.first[i][p.at[i]]+uint32(k)] = true
			}
		}
	}
	return moved
}
