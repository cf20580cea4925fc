package node

import (
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Of the next epoch a member is heard with one block, however many it sends and in whatever message, and with some votes beside it.
func TestAheadOfTheEpoch(t *testing.T) {
	var a ahead
	for from := range byte(2) {
		for range 5 {
			for _, m := range []bft.Message{
				&bft.Finals{}, &bft.Fetched{}, &bft.Fetch{}, &bft.Want{}, &bft.Status{}, &bft.Proposal{}, &bft.Proposal{}, &bft.Vote{},
			} {
				a.add(heard{from: keys.PublicKey{from}, epoch: 1, message: m})
			}
		}
	}
	blocks, votes := 0, 0
	for _, h := range a {
		switch h.message.(type) {
		case *bft.Proposal:
			blocks++
		case *bft.Vote:
			votes++
		}
	}
	if blocks != 2 || votes != 2*(aheadPerNode-1) || len(a) != blocks+votes {
		t.Errorf("%d blocks, %d votes of %d messages", blocks, votes, len(a))
	}
}

// Nor with more bytes than two of the largest blocks, however many members send theirs.
func TestAheadOfTheEpochBytes(t *testing.T) {
	var a ahead
	whole := make([]byte, chain.MaxBlockBytes-1<<20)
	for from := range byte(7) {
		a.add(heard{from: keys.PublicKey{from}, epoch: 1, message: &bft.Proposal{Raw: whole}})
		a.add(heard{from: keys.PublicKey{from}, epoch: 1, message: &bft.Vote{}})
	}
	if len(a) != 2+7 {
		t.Errorf("%d messages are kept, want two blocks and all votes", len(a))
	}
}
