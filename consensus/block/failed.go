package block

import (
	"fmt"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Records is what a block can carry of the rounds that failed at its parent's height, given by round: as many as fit.
func Records(failed []chain.Timeouts) (list []chain.Timeouts) {
	size := 4
	for i := range failed {
		if size += len(failed[i].Append(nil)); len(list) == chain.MaxFailedRounds || size > chain.MaxFailedBytes {
			break
		}
		list = append(list, failed[i])
	}
	return list
}

// checkFailed holds every record to the parent's height, and to the seats that signed it: those who agreed on the parent, which
// are others than agree on this block if the parent was the last of its epoch (SPEC 5.9, 6.7).
func (r *run) checkFailed() (*Fault, error) {
	if len(r.failed) == 0 {
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
	return nil, nil
}

// count adds the records to what the state says of the seats that led the rounds: the parent's proposer led its round, and
// every round that fails moves the lead on.
func (r *run) count(change func(key string, before, after []byte)) error {
	if len(r.failed) == 0 {
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
		more[leaders.From(p.Proposer, int64(round)-int64(p.Round))]++
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
