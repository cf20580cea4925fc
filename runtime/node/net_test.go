package node

import (
	"bytes"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
)

// What peers send is read as what they wrote, or refused.
func FuzzPost(f *testing.F) {
	f.Add(encodeMessages([][]byte{{1, 2, 3}, nil, bytes.Repeat([]byte{4}, 300)})[1:])
	f.Add(encodeConsensus(3, &bft.Want{From: 7})[1:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if raws, err := decodeMessages(b); err == nil && (len(raws) > forwardCount || !bytes.Equal(encodeMessages(raws)[1:], b)) {
			t.Errorf("%x is read as messages %x", b, raws)
		}
		if epoch, m, err := decodeConsensus(b); err == nil && !bytes.Equal(encodeConsensus(epoch, m)[1:], b) {
			t.Errorf("%x is read as %+v of epoch %d", b, m, epoch)
		}
	})
}
