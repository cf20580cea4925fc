package bft

import (
	"fmt"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/runtime/docs"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Of the height after this one a member is heard with one block, however often it sends some, and with its votes and timeout
// beside it; who has no seat is not.
func TestAhead(t *testing.T) {
	r := &Replica{members: []chain.Seats{chain.SeatsOf(0), chain.SeatsOf(1)}}
	for range 3 {
		r.keepAhead(Received{From: 0, Message: &Proposal{Raw: []byte("a block")}})
	}
	for from := range Peer(3) {
		for _, m := range []Message{&Vote{Step: chain.Preparation}, &Vote{Step: chain.Confirmation}, &Timeout{}, &Vote{}, &Timeout{}} {
			r.keepAhead(Received{From: from, Message: m})
		}
	}
	kept, blocks := map[Peer]int{}, 0
	for _, ev := range r.ahead {
		kept[ev.From]++
		if _, ok := ev.Message.(*Proposal); ok {
			blocks++
		}
	}
	if blocks != 1 || kept[0] != aheadPerPeer || kept[1] != aheadPerPeer || kept[2] != 0 {
		t.Errorf("%d blocks; messages kept of each: %v", blocks, kept)
	}
	if last, ok := r.ahead[aheadPerPeer-1].Message.(*Timeout); !ok || r.ahead[aheadPerPeer-1].From != 0 {
		t.Errorf("the first member's timeout has no place: %+v", last)
	}
}

// All members together can't make one hold more than two of the largest blocks for the height after this one. What is long gives way: the
// block of a leader that keeps the rules is kept, however many members send longer ones, before it or after.
func TestAheadBytes(t *testing.T) {
	r := &Replica{}
	for i := range 12 {
		r.members = append(r.members, chain.SeatsOf(i))
	}
	whole := make([]byte, chain.MaxBlockBytes)
	give := func(from Peer, n int) {
		r.keepAhead(Received{From: from, Message: &Proposal{Raw: whole[:n]}})
		held := 0
		for _, ev := range r.ahead {
			if p, ok := ev.Message.(*Proposal); ok {
				held += len(p.Raw)
			}
		}
		if held > maxAheadBytes {
			t.Fatalf("%d bytes are held", held)
		}
	}
	for from := range Peer(5) {
		give(from, len(whole)-1-int(from))
		r.keepAhead(Received{From: from, Message: &Vote{}})
	}
	give(5, 1<<20)
	for from := Peer(6); from < 11; from++ {
		give(from, len(whole)-1)
	}
	give(11, 2<<20)
	var blocks []Peer
	votes := 0
	for _, ev := range r.ahead {
		if _, ok := ev.Message.(*Proposal); ok {
			blocks = append(blocks, ev.From)
		} else {
			votes++
		}
	}
	if votes != 5 || !slices.Contains(blocks, 5) || !slices.Contains(blocks, 11) || len(blocks) < 3 {
		t.Errorf("%d votes, and the blocks of %d are kept", votes, blocks)
	}
}

// The table of a node's limits in the docs has the numbers of the code.
func TestLimitsTable(t *testing.T) {
	for row, want := range map[string]string{
		"answers with blocks for one peer between two ticks; blocks of one; their bytes": fmt.Sprintf("%d; %d; 8 MiB, or one block", maxGiven, MaxFinals),
		"timeouts and heads of a peer that are looked at between two ticks":              fmt.Sprint(maxLooks),
		"messages of a member kept for the next height; for the next epoch":              fmt.Sprintf("%d; 4", aheadPerPeer),
		"bytes of all that is kept for the next height; for the next epoch":              fmt.Sprintf("%d MiB; %[1]d MiB", maxAheadBytes>>20),
		"blocks of a height":                              fmt.Sprint(maxBodies),
		"nodes without a seat that are heard in an epoch": fmt.Sprint(maxOthers),
	} {
		docs.Limit(t, row, want)
	}
}
