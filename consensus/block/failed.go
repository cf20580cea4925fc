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

// checkFailed holds every record to the parent's height, and to the seats that signed it (SPEC 5.9).
func (r *run) checkFailed() *Fault {
	p := r.before.Header
	for i := range r.failed {
		height, round := r.failed[i].Failed()
		if r.rules.Committee == nil || r.rules.Committee.Hash() != p.Committee {
			return &Fault{Part: PartFailed, Got: fmt.Sprintf("round %d at height %d, where no committee agrees", round, height)}
		}
		if err := r.rules.Committee.TimedOut(&r.failed[i], p.Height, round); err != nil {
			return &Fault{Part: PartFailed, Got: fmt.Sprintf("round %d at height %d: %v", round, height, err)}
		}
	}
	return nil
}

// count adds the records to what the state says of the seats that led the rounds: the parent's proposer led its round, and
// every round that fails moves the lead on.
func (r *run) count(change func(key string, before, after []byte)) error {
	if len(r.failed) == 0 {
		return nil
	}
	p := r.before.Header
	leaders := committee.NewLeaders(r.rules.Committee.Seed(), r.rules.Committee.Quorums().Seats)
	more := map[uint32]uint64{}
	for i := range r.failed {
		_, round := r.failed[i].Failed()
		more[leaders.From(p.Proposer, int64(round)-int64(p.Round))]++
	}
	system := chain.SystemAddress(r.context.Chain)
	for seat, n := range more { // any order: the changes are sorted by key
		before, err := r.before.State.Entry(system, chain.FailedKey(seat))
		if err != nil {
			return err
		}
		count, err := chain.DecodeFailed(before)
		if err != nil {
			return err
		}
		change(chain.FailedKey(seat), before, wire.AppendU64(nil, count+n))
	}
	return nil
}
