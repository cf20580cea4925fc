package node

import (
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
)

// tooSoon says whether the chain's block interval has not passed since the head (SPEC 7.1), and sees to it that the node looks again then.
// It is asked by the goroutine alone that makes blocks. A block that is made earlier has the time from which on it may be one, and those
// who vote wait for that: this only keeps it from being made too early to hold what comes until then.
func (n *Node) tooSoon() bool {
	rest := untilNext(n.Head().Header, &n.nextContext().Params, n.config.clock())
	if rest <= 0 {
		return false
	}
	if n.pause == nil {
		n.pause = time.AfterFunc(rest, n.due)
	} else {
		n.pause.Reset(rest)
	}
	return true
}

// untilNext is how long it is until the interval behind the head has passed by a node's clock. A chain without one doesn't wait, though the head
// may be ahead of the clock: by as much as a leader's clock is, or a leader says that it is.
func untilNext(head *chain.Header, p *chain.Params, now time.Time) time.Duration {
	if p.BlockMillis == 0 {
		return 0
	}
	return time.UnixMilli(int64(head.TimeMillis) + int64(p.BlockMillis)).Sub(now)
}
