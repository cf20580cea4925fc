package sim

import (
	"errors"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/light"
)

// bring takes in what other chains have for the block. What is refused is nobody's loss.
func (l *ledger) bring(before *block.Before, c *exec.Context) (*block.Arrival, error) {
	a := block.NewArrival(before, l.rules, c)
	if d := l.n.deviation; d != nil && d.brings != nil {
		if err := d.brings(l.n, a); err != nil {
			return nil, err
		}
	}
	refused, err := l.n.bag.Bring(a)
	for _, f := range refused {
		l.n.w.census.add("refused: " + string(f.Part))
		l.n.w.tell(l.n, "doesn't take in: %v", f)
	}
	l.arriving, l.look = false, true
	return a, err
}

// arrives says whether something has come from other chains that makes a block worth its while. It looks again only when it was told to.
func (l *ledger) arrives() bool {
	if !l.look {
		return l.arriving
	}
	l.look = false
	c, err := l.context()
	if err == nil {
		l.arriving, err = l.n.bag.Ready(block.NewArrival(l.before(), l.rules, c))
	}
	return err == nil && l.arriving // what can't be read is met elsewhere
}

// deliver keeps an envelope that somebody brought, or another member tells of, and tells the others of what was brought.
func (n *node) deliver(from bft.Peer, raw []byte) error {
	if from != n.peer {
		kept, fault, err := n.bag.Told(n.ledger.fresh, nodeKey(int(from)), raw, n.w.now/millis)
		switch {
		case errors.Is(err, relay.ErrNotTold):
			n.w.census.add("rejected: told of no envelope")
			return nil
		case fault != nil:
			n.w.census.add("rejected: told of an envelope that shows nothing")
		case kept:
			n.w.census.add("envelope told of")
			n.look()
		}
		return err
	}
	e, err := light.DecodeEnvelope(raw)
	if err != nil {
		n.w.census.add("rejected: undecodable envelope")
		return nil
	}
	switch fault, err := n.bag.Put(n.ledger.fresh, &e); {
	case errors.Is(err, relay.ErrBag):
		n.w.census.add("rejected: too many envelopes")
		return nil
	case err != nil:
		return err
	case fault != nil:
		n.w.census.add("rejected: envelope that shows nothing")
		return nil
	}
	n.look()
	return n.tellAgain(false)
}

// tellAgain tells the other members of envelopes, if it is time for that; sooner than else after a failed round.
func (n *node) tellAgain(failed bool) error {
	now := n.w.now / millis
	if failed {
		n.bag.Failed(now)
	}
	raws, err := n.bag.Again(n.ledger.fresh, now)
	for _, raw := range raws {
		n.w.carry(n, bft.Everyone, packet{envelope: true, raw: raw})
	}
	return err
}

// fresh is what the next block takes in: nothing yet.
func (l *ledger) fresh() *block.Arrival {
	c, err := l.context()
	if err != nil {
		panic(unreadable{err})
	}
	return block.NewArrival(l.before(), l.rules, c)
}

// relayed is the chain as other nodes of the process see it.
func (n *node) relayed() relay.Chain {
	if n.w.rotten {
		return n.w.liar.shows(n)
	}
	return relayed{n.disk.relays(), n.ledger}
}

type relayed struct {
	keep.Relays
	ledger *ledger
}

// Show implements relay.Chain.
func (r relayed) Show(slots []exec.Slot) (*relay.Shown, error) {
	l := r.ledger
	if l.head.Header.Height == 0 {
		return nil, nil // nothing certifies it
	}
	s := &relay.Shown{}
	for _, slot := range slots {
		value, err := l.n.disk.state().Entry(slot.Account, slot.Key)
		if err != nil {
			return nil, err
		}
		proof, err := l.tree.Prove(nil, block.SlotPath(slot))
		if err != nil {
			return nil, err
		}
		s.Values, s.Proofs = append(s.Values, value), append(s.Proofs, proof)
	}
	d, err := r.Sealed(&l.head.Header)
	if err != nil {
		return nil, err
	}
	s.Digest = *d
	return s, nil
}
