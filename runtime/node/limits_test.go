package node

import (
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/runtime/docs"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
)

// The table of a node's limits in the docs has the numbers of the code.
func TestNodeLimitsTable(t *testing.T) {
	lane := account.DefaultLimits()
	if cap(hearing().heard) != 0 {
		t.Error("messages of consensus wait in the node")
	}
	for row, want := range map[string]string{
		"frames of forwarded messages of one peer that wait; their bytes":                     fmt.Sprintf("%d; %d MiB", arrivals, arrivalBytes>>20),
		"forwarded messages of one member that wait for room in the mempool; of all members":  fmt.Sprintf("%d frames, %d MiB; %d MiB", arrivals, roomBytes>>20, roomInAll>>20),
		"messages of such a frame; bytes of one with several":                                 fmt.Sprintf("%d; %d MiB", forwardCount, forwardBytes>>20),
		"accusations of one peer that wait; bytes of one":                                     fmt.Sprintf("%d; %d MiB", accusations, accusationBytes>>20),
		"accusations that prove nothing":                                                      fmt.Sprint(maxFalse),
		"questions for blocks of one peer that wait":                                          fmt.Sprint(questions),
		"time of a block before this node's clock":                                            fmt.Sprintf("%.0f s", maxAhead.Seconds()),
		"lines in the log of one kind of fault of one node":                                   fmt.Sprintf("one in %.0f s", grudgePause.Seconds()),
		"kinds of fault of nodes that are remembered for that":                                fmt.Sprint(maxGrudges),
		"nodes without a seat that are heard in an epoch":                                     fmt.Sprint(chain.MaxSeats),
		"messages of an account that wait; publications among them; nonces ahead of the next": fmt.Sprintf("%d; %d; %d", lane.Messages, lane.Publications, lane.Ahead),
		"messages that wait in all; their bytes":                                              fmt.Sprintf("%d,000; %d MiB", lane.Total/1000, lane.Bytes>>20),
		"submissions that wait to be passed on to other members":                              fmt.Sprint(forwarded),
		"gas of a view; views at once; that wait for each of these":                           fmt.Sprintf("%d,000,000; half of the cores; %d", defaultQueryGas/1_000_000, maxAsking),
		"lines of contracts' logs that are kept":                                              fmt.Sprintf("%d, %d MiB", maxLogLines, maxLogBytes>>20),
		"messages of a member kept for the next height; for the next epoch":                   fmt.Sprintf("%d; %[1]d", aheadPerNode),
		"blocks, names and questions of a peer that nobody has looked at; their bytes":        fmt.Sprintf("%d; %d MiB", spreads, spreadShare>>20),
		"peers that a chain's blocks are spread to":                                           fmt.Sprint(mostLinks),
		"answers of one node that wait to be judged; their bytes":                             fmt.Sprintf("%d; %d MiB", gifts, giftShare>>20),
		"questions of one peer that wait":                                                     fmt.Sprint(wantsWaiting),
		"bytes of answers in a second, to all; what each counts beside its own":               fmt.Sprintf("%d MiB; %d KiB", giveRate>>20, giveCost>>10),
		"an answer to a stranger":                                                             fmt.Sprintf("%d KiB", publicGift>>10),
		"envelopes of an answer; their bytes":                                                 fmt.Sprintf("%d; %d MiB, or one envelope", relay.MaxGiven, relay.GivenBytes>>20),
	} {
		docs.Limit(t, row, want)
	}
}
