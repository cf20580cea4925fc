package evidence

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// Case shows what one member did. Contradiction and OfBlock make it.
type Case struct {
	// Committee has the member's seats.
	Committee chain.Committee
	// Exactly one of the two is there.
	Contradiction *Contradiction
	Backing       *Backing
}

// Contradiction are two claims of which an honest seat signs one at most.
type Contradiction struct {
	// Before is the header of the last final block before the height that they are about. It names the committee to who
	// knows it to be final, and proves nothing to others.
	Before chain.Header
	light.Evidence
}

// Backing is a member's preparation of a block that is not valid, with what shows that it isn't.
type Backing struct {
	Round     uint32
	Seats     chain.Seats
	Signature keys.BLSSignature
	Shown
}

// Shown is the witness of a fault, and the code that a replay of it runs, in ascending order of its hashes.
type Shown struct {
	Witness *block.Witness
	Codes   []chain.PublishInput
}

// Against makes the case of two claims.
func Against(c chain.Committee, before chain.Header, e light.Evidence) (*Case, error) {
	first, second := e, light.Evidence{First: e.Second, Second: e.First}
	if bytes.Compare(first.Encode(), second.Encode()) > 0 {
		e = second // G3: who was heard first doesn't matter
	}
	k := &Case{Committee: c, Contradiction: &Contradiction{before, e}}
	return k, k.check()
}

// AgainstBacker makes the case of a preparation of the block that a witness is about.
func AgainstBacker(c chain.Committee, claim *light.Claim, shown *Shown) (*Case, error) {
	v := claim.Vote
	if v == nil {
		return nil, fmt.Errorf("%w: it takes a preparation", ErrCase)
	}
	k := &Case{Committee: c, Backing: &Backing{v.Round, claim.Seats, claim.Signature, *shown}}
	if err := k.check(); err != nil {
		return nil, err
	}
	if made, err := k.Backing.claim(); err != nil || *made.Vote != *v {
		return nil, fmt.Errorf("%w: what was signed is no preparation of the block", ErrCase)
	}
	return k, nil
}

// claim is the preparation: all that was signed but the round follows from the block.
func (b *Backing) claim() (*light.Claim, error) {
	h, err := chain.DecodeBlockHeader(b.Witness.Raw)
	if err != nil {
		return nil, fmt.Errorf("%w: block: %w", ErrCase, err)
	}
	v := &chain.Vote{
		Step: chain.Preparation, Network: h.Network, Chain: h.Chain, Epoch: h.Epoch, Height: h.Height, Round: b.Round, Block: h.Hash(),
	}
	return &light.Claim{Vote: v, Seats: b.Seats, Signature: b.Signature}, nil
}

// Kind is what a member did.
type Kind string

// The kinds.
const (
	TwoVotes           Kind = "two-votes"            // for two blocks in one step of one round
	TwoTimeouts        Kind = "two-timeouts"         // of one round
	TimeoutAgainstVote Kind = "timeout-against-vote" // that conceals the vote
	InvalidBlock       Kind = "invalid-block"        // prepared
)

// About is what a case says, whether it is true or not.
type About struct {
	Kind   Kind
	Chain  chain.ID
	Epoch  uint64
	Height uint64
	Round  uint32
	Guilty []Seat // ascending
}

// Seat is a seat with the node that holds it.
type Seat struct {
	Seat   int            `json:"seat"`
	Member keys.PublicKey `json:"member"`
}

// About says what the case is about.
func (k *Case) About() About {
	a := About{Chain: k.Committee.Chain, Epoch: k.Committee.Epoch}
	seats := k.accused(&a)
	for s := range seats.Ascending() {
		if s < len(k.Committee.Seats) {
			a.Guilty = append(a.Guilty, Seat{s, k.Committee.Seats[s].Node})
		}
	}
	return a
}

// accused are the seats that are said to be guilty; it fills in the rest of what the case is about.
func (k *Case) accused(a *About) (seats chain.Seats) {
	if b := k.Backing; b != nil {
		a.Kind, a.Height, a.Round = InvalidBlock, b.Witness.Before.Height+1, b.Round
		return b.Seats
	}
	e := &k.Contradiction.Evidence
	a.Kind, a.Height = TimeoutAgainstVote, k.Contradiction.Before.Height+1
	if e.First.Vote != nil && e.Second.Vote != nil {
		a.Kind = TwoVotes
	} else if e.First.Timeout != nil && e.Second.Timeout != nil {
		a.Kind = TwoTimeouts
	}
	for _, c := range []*light.Claim{&e.First, &e.Second} {
		if c.Vote != nil {
			a.Round = max(a.Round, c.Vote.Round)
		} else {
			a.Round = max(a.Round, c.Timeout.Round)
		}
	}
	for s := range e.First.Seats.Ascending() {
		if e.Second.Seats.Has(s) {
			seats = seats.With(s)
		}
	}
	return seats
}

// ErrCase is what is no case, whoever may be guilty: its parts don't belong together.
var ErrCase = errors.New("is no case against anybody")

// check holds the parts together: one committee, one height, seats that there are.
func (k *Case) check() error {
	if err := k.Committee.Check(); err != nil {
		return err
	}
	before := k.before()
	switch {
	case before.Chain != k.Committee.Chain || before.Next != k.Committee.Hash():
		return fmt.Errorf("%w: the header before does not name its committee", ErrCase)
	case before.Height+1 == 0:
		return fmt.Errorf("%w: there is no height behind the last", ErrCase)
	}
	if c := k.Contradiction; c != nil {
		if !c.Contradicts() {
			return light.ErrNoContradiction
		}
		for _, claim := range []*light.Claim{&c.First, &c.Second} {
			if !k.concerns(claim) {
				return fmt.Errorf("%w: a claim is about another network, chain, epoch or height", ErrCase)
			}
		}
	}
	seats := k.accused(&About{})
	if n := seats.Bound(); n == 0 || n > len(k.Committee.Seats) {
		return fmt.Errorf("%w: it names no seat of the committee", ErrCase)
	}
	return nil
}

// concerns says whether a claim is about the height after Before.
func (k *Case) concerns(c *light.Claim) bool {
	t := c.Timeout
	if v := c.Vote; v != nil {
		t = &chain.Timeout{Network: v.Network, Chain: v.Chain, Epoch: v.Epoch, Height: v.Height}
	}
	before := k.before()
	return t.Network == before.Network && t.Chain == before.Chain && t.Epoch == k.Committee.Epoch && t.Height == before.Height+1
}

// before is the header of the last final block before the height.
func (k *Case) before() *chain.Header {
	if k.Backing != nil {
		return &k.Backing.Witness.Before
	}
	return &k.Contradiction.Before
}
