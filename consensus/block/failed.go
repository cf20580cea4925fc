package block

import (
	"errors"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Records is what a block can carry of the rounds that failed at its parent's height, and of its leaders' equivocations in other rounds,
// each given by round: as many as fit.
func Records(failed []chain.Timeouts, twice []chain.Equivocation) (list []chain.Timeouts, both []chain.Equivocation) {
	size := 8
	for i := range twice {
		if size += len(twice[i].Append(nil)); len(both) == chain.MaxFailedRounds || size > chain.MaxFailedBytes {
			break
		}
		both = append(both, twice[i])
	}
	for i := range failed {
		if size += len(failed[i].Append(nil)); len(list) == chain.MaxFailedRounds || size > chain.MaxFailedBytes {
			break
		}
		list = append(list, failed[i])
	}
	return list, both
}

// checkFailed holds every record to the parent's height, and to the seats that signed it: those who agreed on the parent, which
// are others than agree on this block if the parent was the last of its epoch (SPEC 5.9, 6.7).
func (r *run) checkFailed() (*Fault, error) {
	if len(r.failed)+len(r.twice) == 0 {
		return nil, nil
	}
	p := r.before.Header
	if p.Committee == NoCommittee {
		return &Fault{Part: PartFailed, Got: fmt.Sprintf("rounds at height %d, where no committee agrees", p.Height)}, nil
	}
	agreed, err := r.before.Agreed()
	if err != nil {
		return nil, err
	}
	c, err := r.rules.committee(p.Network, agreed)
	if err != nil {
		return nil, fmt.Errorf("committee in the state: %w", err)
	}
	for i := range r.failed {
		height, round := r.failed[i].Failed()
		if err := c.TimedOut(&r.failed[i], p.Height, round); err != nil {
			return &Fault{Part: PartFailed, Got: fmt.Sprintf("round %d at height %d: %v", round, height, err)}, nil
		}
	}
	leaders := committee.NewLeaders(agreed.Seed, len(agreed.Seats))
	for i := range r.twice {
		if err := r.checkTwice(c, leaders, &r.twice[i]); err != nil {
			return &Fault{Part: PartFailed, Got: fmt.Sprintf("equivocation in round %d at height %d: %v", r.twice[i].Round(), r.twice[i].First.Height, err)}, nil
		}
	}
	return nil, nil
}

// checkTwice says why an equivocation is none of a leader at the parent's height, or its round is recorded already.
func (r *run) checkTwice(c *light.Committee, leaders *committee.Leaders, e *chain.Equivocation) error {
	if slices.ContainsFunc(r.failed, func(t chain.Timeouts) bool { _, round := t.Failed(); return round == e.Round() }) {
		return errors.New("the round is recorded twice")
	}
	if e.First.Height != r.before.Header.Height || e.First.Step != chain.Preparation {
		return fmt.Errorf("%w: it is not about proposals of height %d", light.ErrScope, r.before.Header.Height)
	}
	both, err := c.Guilty(&light.Evidence{First: light.ClaimOf(&e.First), Second: light.ClaimOf(&e.Second)})
	if err != nil {
		return err
	}
	if seat := r.led(leaders, e.Round()); !both.Has(int(seat)) {
		return fmt.Errorf("%w: seat %d led the round", light.ErrSeats, seat)
	}
	return nil
}

// led is the seat that led a round of the parent's height: the parent's proposer led its round, and every round that fails moves the
// lead on.
func (r *run) led(leaders *committee.Leaders, round uint32) uint32 {
	p := r.before.Header
	return leaders.From(p.Proposer, int64(round)-int64(p.Round))
}

// count adds the records to what the state says of the seats that led the rounds.
func (r *run) count(change func(key string, before, after []byte)) error {
	if len(r.failed)+len(r.twice) == 0 {
		return nil
	}
	p := r.before.Header
	agreed, err := r.before.Agreed()
	if err != nil {
		return err
	}
	leaders := committee.NewLeaders(agreed.Seed, len(agreed.Seats))
	more := map[uint32]uint64{}
	for i := range r.failed {
		_, round := r.failed[i].Failed()
		more[r.led(leaders, round)]++
	}
	for i := range r.twice {
		more[r.led(leaders, r.twice[i].Round())]++
	}
	system := chain.SystemAddress(r.context.Chain)
	for seat, n := range more { // any order: the changes are sorted by key
		before, err := r.before.State.Entry(system, chain.FailedKey(p.Epoch, seat))
		if err != nil {
			return err
		}
		count, err := chain.DecodeFailed(before)
		if err != nil {
			return err
		}
		change(chain.FailedKey(p.Epoch, seat), before, wire.AppendU64(nil, count+n))
	}
	return nil
}
