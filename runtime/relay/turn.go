package relay

import "time"

const (
	// turnTime is how long a carrier whose turn it is has until the next one does it: a block of the parent, and some.
	turnTime = 500 * time.Millisecond
	// maxTurns is after how many turns all that are left carry at once: most of them may carry nothing at all.
	maxTurns = 3
	// Last is how long others are waited for by who has no turn.
	Last = maxTurns * turnTime
)

// Turn is how long the member with the number own, of n, leaves it to others to carry blocks that begin at a height. One of them goes at
// once, which one changes from run to run; so a digest costs its fee once, and not once for each member, as long as those
// whose turn it is are there. Whoever may carry does so in the end: nothing depends on who is first (R1).
func Turn(first uint64, own, n int) time.Duration {
	if n <= 1 {
		return 0
	}
	behind := (uint64(own%n) + uint64(n) - first%uint64(n)) % uint64(n)
	return time.Duration(min(behind, maxTurns)) * turnTime
}
