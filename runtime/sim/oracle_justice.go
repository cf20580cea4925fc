package sim

import (
	"fmt"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// justice holds that evidence is evidence, of contradictions and of invalid blocks, to who knows the committee alone and has it as bytes,
// and that it is never against an honest member. Where nobody breaks a rule and no message is damaged, nobody is said to have done so.
type justice struct{ blind }

func (o *justice) rejected(n *node, r bft.Reject) {
	if o.w.plan.blameless() {
		o.w.violate("justice", n, "it rejects what node %d sent, and nobody breaks a rule: %s", r.From, r.Reason)
	}
}

func (o *justice) accused(n *node, e bft.Evidence) {
	if o.isHonest(n, e.From) {
		return
	}
	again, err := light.DecodeEvidence(e.Encode())
	if err == nil {
		_, err = o.of(&again.First).committee.Guilty(&again)
	}
	if err != nil {
		o.w.violate("justice", n, "its evidence against member %d shows nothing: %v", e.From, err)
	}
}

func (o *justice) backed(n *node, b bft.Backed) {
	if o.isHonest(n, b.From) {
		return
	}
	v, e := b.Claim.Vote, o.of(&b.Claim)
	if v == nil || v.Step != chain.Preparation || string(b.Claim.Seats) != string(e.held(b.From)) {
		o.w.violate("justice", n, "what member %d signed is no preparation of its seats: %+v", b.From, b.Claim)
	} else if err := e.committee.Voted(v, b.Claim.Signature, b.Claim.Seats); err != nil {
		o.w.violate("justice", n, "that member %d prepared block %s is not shown: %v", b.From, v.Block, err)
	} else if shown, ok := n.ledger.shown[v.Block]; !ok {
		o.w.violate("justice", n, "block %s, which member %d prepared, was not found invalid here", v.Block, b.From)
	} else if shown == nil {
		o.w.census.add("evidence: it takes the state to see")
	} else if err := o.convicts(e, &b.Claim, shown); err != nil {
		o.w.violate("justice", n, "that block %s, which member %d prepared, is invalid is not shown: %v", v.Block, b.From, err)
	} else {
		o.w.census.add("evidence: an invalid block is shown")
	}
}

// convicts says why a preparation of an invalid block is no case for who has nothing but its bytes, and knows the epoch's committee.
func (o *justice) convicts(e *epoch, claim *light.Claim, shown *evidence.Shown) error {
	k, err := evidence.AgainstBacker(e.seats, claim, shown)
	if err != nil {
		return err
	}
	if k, err = evidence.Decode(k.Encode()); err != nil {
		return err
	}
	seats, fault, err := k.Backing.Witness.Convict(e.committee, claim, o.w.origin.rules)
	if err == nil && (fault == nil || string(seats) != string(claim.Seats)) {
		err = fmt.Errorf("it convicts seats %v of %v", seats, fault)
	}
	return err
}

// of is the epoch that a claim names; the first if there is none such, which has not signed it.
func (o *justice) of(c *light.Claim) *epoch {
	h := chain.Header{}
	if c.Vote != nil {
		h.Epoch = c.Vote.Epoch
	} else if c.Timeout != nil {
		h.Epoch = c.Timeout.Epoch
	}
	if e := o.w.epochOf(&h); e != nil {
		return e
	}
	return o.w.epochs[0]
}

func (o *justice) isHonest(n *node, p bft.Peer) bool {
	if role := o.w.plan.role(int(p)); role != nil && !role.forgets() {
		return false
	}
	o.w.violate("justice", n, "it accuses member %d, which is honest", p)
	return true
}
