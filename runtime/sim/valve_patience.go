package sim

import "github.com/thinkey/thinkey/sdk/chain"

// mostDrained is how many blocks of a parent at most are waited for until what waits at a valve has passed: more is not demanded of a run.
const mostDrained = 64

// drain is how many blocks of parents, at most, it takes until all value that one chain has sent to another has passed the valves on its way;
// 0 where there are none.
func (v *valves) drain(from, to chain.ID) (blocks uint64) {
	for root := from; root != chain.Main && root != 0 && !v.tree.Below(to, root); root = v.tree.Parent(root) {
		blocks += v.slowest(root)
	}
	return blocks
}

// slowest is drain for one valve, the slowest of those that the chain ever has: which of them the parent has, and since when, is not asked.
func (v *valves) slowest(root chain.ID) (blocks uint64) {
	waits := v.waits(root)
	for _, x := range v.ever(root) {
		blocks = max(blocks, needs(x, waits))
	}
	return blocks
}

// needs is how many blocks of the parent a valve may let so much wait: twice the delay (chain.Valve), and then as many windows as hold it. The
// message that lets it through, where no digest does, takes a block more each time, and one for the time that it is made.
func needs(v chain.Valve, waits chain.Amount) uint64 {
	const release = 2
	blocks := uint64(0)
	if v.Delay > 0 {
		blocks = 2*uint64(v.Delay) + release
	}
	for n := uint64(0); !v.Limit.IsZero() && !waits.IsZero(); n++ {
		if n > mostDrained {
			return n
		}
		blocks += uint64(v.Window) + release
		if waits.Less(v.Limit) {
			break
		}
		waits, _ = waits.Sub(v.Limit)
	}
	return blocks
}

// waits is the value that a branch has sent to others, and that has not arrived.
func (v *valves) waits(root chain.ID) (sum chain.Amount) {
	for _, w := range v.worlds {
		for _, x := range v.worlds {
			p := pairOf{w.id, x.id}
			if !v.tree.Below(w.id, root) || v.tree.Below(x.id, root) {
				continue
			}
			for _, s := range v.sent[p][min(v.arrived[p], uint64(len(v.sent[p]))):] {
				sum = v.add(sum, s.value)
			}
		}
	}
	return sum
}

// patience is how long, in milliseconds, valves may let that wait which is demanded: an idle parent makes its blocks at heartbeats, and one
// that has an interval may be so much later each time.
func (v *valves) patience(sent map[pairOf]uint64) uint64 {
	most := uint64(0)
	for p := range sent { // any order: the highest
		most = max(most, v.drain(p.from, p.to))
	}
	return most * (heartbeatMillis + mostInterval)
}
