package node

import (
	"errors"
	"fmt"
	"time"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/light"
)

// Inbound has what comes from other chains (package relay).
type Inbound interface {
	// Bring adds to a block in the making what there is for it, and returns what was refused.
	Bring(*block.Arrival) (refused []*block.Fault, err error)
	// Ready says whether that makes a block worth its while.
	Ready(*block.Arrival) (bool, error)
}

// Look makes the node see whether something has come from other chains: one of their blocks is final.
func (n *Node) Look() {
	n.look.Store(true)
	n.due()
}

// ErrNoEnvelopes: the node's chain is alone, and takes in nothing.
var ErrNoEnvelopes = errors.New("takes in nothing from other chains")

// Deliver keeps an envelope that somebody carried until a block takes its relays in, and tells the other members of it. A *block.Fault says
// why none of its relays can be: it is forged, or the node doesn't know yet what it starts from.
func (n *Node) Deliver(e *light.Envelope) error {
	bag, ok := n.config.Inbound.(*relay.Bag)
	if !ok {
		return fmt.Errorf("chain %d %w", n.chain, ErrNoEnvelopes)
	}
	switch fault, err := bag.Put(n.nextArrival, e); {
	case err != nil:
		return err
	case fault != nil:
		return fault
	}
	n.arrived()
	return nil
}

// Acknowledge keeps an acknowledgement that somebody brought for the next block, and says whether it does: not where the chain knows about as
// much. Why it can't be taken in is a block.Fault.
func (n *Node) Acknowledge(e *light.Acknowledgement) (kept bool, err error) {
	bag, ok := n.config.Inbound.(*relay.Bag)
	if !ok {
		return false, fmt.Errorf("chain %d %w", n.chain, ErrNoEnvelopes)
	}
	kept, fault, err := bag.PutAck(n.nextArrival, e)
	switch {
	case err != nil:
		return false, err
	case fault != nil:
		return false, fault
	case kept:
		n.arrived()
	}
	return kept, nil
}

// arrived says that something was brought here: it may be worth a block, and the other members are told.
func (n *Node) arrived() {
	n.Look()
	if n.member != nil {
		n.member.delivered()
	}
}

// nextArrival is what the next block takes in: nothing yet.
func (n *Node) nextArrival() *block.Arrival {
	n.mu.RLock()
	before, context := n.before(), n.next
	n.mu.RUnlock()
	return block.NewArrival(before, n.rules, context)
}

// arrives says whether something has come from other chains. It looks after them again only when it was told to.
func (n *Node) arrives() bool {
	if n.config.Inbound == nil || !n.look.Swap(false) {
		return n.arriving.Load()
	}
	ready, err := n.config.Inbound.Ready(n.nextArrival())
	if err != nil {
		n.fatal(err)
		return false
	}
	n.arriving.Store(ready)
	return ready
}

// bring takes in what other chains have for the block. What is refused is nobody's loss: it is logged, and carried again.
func (n *Node) bring(before *block.Before, context *exec.Context) (*block.Arrival, error) {
	a := block.NewArrival(before, n.rules, context)
	if n.config.Inbound == nil {
		return a, nil
	}
	refused, err := n.config.Inbound.Bring(a)
	for _, f := range refused {
		if unsaid, ok := n.grudges.say("", string(f.Part), time.Now()); ok { // anybody may bring it, as often as they like
			n.config.Log.Warn("something from another chain was not taken in", "chain", n.chain, "reason", f.Error(), "unsaid", unsaid)
		}
	}
	n.arriving.Store(false)
	n.look.Store(true)
	return a, err
}

// show is the part of relay.Chain that the head is needed for; package keep has the rest.
func (n *Node) show(slots []exec.Slot) (*relay.Shown, error) {
	n.trunk.Lock()
	defer n.trunk.Unlock()
	n.see()
	defer n.mu.RUnlock()
	if n.head.Header.Height == 0 {
		return nil, nil // nothing certifies it
	}
	s := &relay.Shown{}
	state := n.kept.State()
	for _, slot := range slots {
		value, err := state.Entry(slot.Account, slot.Key)
		if err != nil {
			return nil, err
		}
		proof, err := n.tree.Prove(nil, block.SlotPath(slot))
		if err != nil {
			return nil, err
		}
		s.Values, s.Proofs = append(s.Values, value), append(s.Proofs, proof)
	}
	d, err := n.kept.Sealed(n.head.Header)
	if err != nil {
		return nil, err
	}
	s.Digest = *d
	return s, nil
}

// Relay is the chain as package relay sees it.
func (n *Node) Relay() relay.Chain { return relayed{n.kept, n} }

// relayed is what is kept of a chain, and what its head shows.
type relayed struct {
	keep.Chain
	node *Node
}

func (r relayed) Show(slots []exec.Slot) (*relay.Shown, error) { return r.node.show(slots) }
