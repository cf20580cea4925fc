package keep

import (
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// A digest whose last block hands over to a large committee fits into a message, however many blocks stand before that one.
func TestRunFits(t *testing.T) {
	const blocks = 150
	c, header := begun(t, nil)
	former := chain.Committee{Chain: chain.Main, Seats: make([]chain.Seat, 1)}
	next := chain.Committee{Chain: chain.Main, Epoch: 1, Seats: make([]chain.Seat, chain.MaxRegisteredSeats)}
	prove := func(exec.Slot) (merkle.StateProof, error) { return merkle.StateProof{}, nil }
	h := *header
	for range blocks {
		h.Parent, h.Height = h.Hash(), h.Height+1
		h.Committee, h.Next = former.Hash(), former.Hash()
		r := &block.Result{Block: &chain.Block{}}
		if h.Height == blocks {
			h.Next = next.Hash()
			registered := next
			registered.Epoch = 9 // whatever it is registered with
			r.Block.Arrived.Facts = []chain.Fact{{Kind: chain.FactCharter, From: chain.Main, Of: chain.Main, Value: chain.Charter{Seats: registered, Params: chain.DefaultParams()}.Encode()}}
		}
		r.Block.Header, r.Hash = h, h.Hash()
		r.Raw = r.Block.Append(nil)
		cert := chain.Certificate{Step: chain.Confirmation, Chain: chain.Main, Height: h.Height, Bitmap: chain.SeatsOf(0)}
		if err := c.Commit(r, cert.Append(nil), prove); err != nil {
			t.Fatal(err)
		}
	}
	for from, last := range map[uint64]uint64{1: blocks - 1, blocks: blocks} {
		d, err := c.Run(from)
		if err != nil || d.Last().Height != last {
			t.Fatalf("from %d: %v, %+v", from, err, d)
		}
		if got := d.Next.Hash(); last == blocks && got != next.Hash() {
			t.Errorf("committee %s follows, want %s", got, next.Hash())
		}
		in := chain.CallInput{To: chain.DigestsAddress(chain.Main), Method: chain.MethodDigest, Input: d.Append(nil)}
		if n := len(in.Encode()); n > chain.MaxInputBytes || (len(d.Next.Seats) > 0) != (last == blocks) {
			t.Errorf("from %d: a call of %d bytes, %d seats follow", from, n, len(d.Next.Seats))
		}
	}
}
