package relay

import (
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// ackEvery is how many relays may be under way to a chain before it is asked how many it has taken in: few enough that who slows down
// messages to it sees it become loaded, many enough that the proof costs each a few bytes. One that is loaded is asked in every block if it
// is here, and else once it has taken in ackSoon.
const ackEvery = chain.MaxUnconsumed / 64

// ackWorth is how many relays must turn out to be taken in for a block of its own, where half of all that may be under way is.
const ackWorth = chain.MaxUnconsumed / 8

// muchWaiting is how many that may be.
const muchWaiting = chain.MaxUnconsumed / 2

// ackSoon is how many relays may be under way to a chain before its head is looked at for its load, and how many one that is loaded and not here
// must have taken in before it is asked: half of what is let in to it at least (package ingress).
const ackSoon = 32

// frees says whether it turns out that a chain which much is under way to has taken in a good part: more may be sent then.
func (b *bringing) frees(l *looked) (bool, error) {
	for _, w := range l.ways {
		if w.out.Waiting() < muchWaiting {
			continue
		}
		if p, err := b.ack(l, w); err != nil || p != nil && frees(w.out, p.Next) {
			return err == nil, err
		}
	}
	return false, nil
}

// frees says whether it is worth a block that a chain turns out to expect a number.
func frees(out chain.Outward, next uint64) bool {
	return out.Waiting() >= muchWaiting && next >= out.Consumed+ackWorth && next <= out.Next
}

// acks brings what other chains have taken in, by chain.
func (b *bringing) acks() error {
	return b.reach(func(l *looked, w wanted) error {
		if !w.acks {
			return nil
		}
		p, err := b.ack(l, w)
		if err != nil || p == nil || p.Next == w.out.Consumed {
			return err
		}
		fault, err := b.Ack(&chain.Ack{Chain: w.chain, Proof: p.Append(nil)})
		b.refuse(fault)
		return err
	})
}

// ack shows how many relays w's chain expects to have taken in; nil if that is not covered yet.
func (b *bringing) ack(l *looked, w wanted) (*light.AckProof, error) {
	if w.chain == l.top {
		next, err := chain.DecodeNumber(l.shown.Values[w.taken])
		return &light.AckProof{Next: next, EntryProof: light.EntryProof{State: l.shown.Proofs[w.taken]}}, err
	}
	covered, err := b.covered(l, w)
	if err != nil || covered[w.chain] == 0 {
		return nil, err
	}
	expects, err := b.Get(w.chain).Expects(b.self, covered[w.chain])
	if err != nil || expects == nil {
		return nil, err
	}
	way, err := b.way(l, w, expects.Height)
	if err != nil || way == nil {
		return nil, err
	}
	return &light.AckProof{Next: expects.Next, EntryProof: light.EntryProof{Steps: way.steps, State: expects.State}}, nil
}
