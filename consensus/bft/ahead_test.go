package bft

import (
	"testing"

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
