package relay

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// What was refused is tried again after ever more blocks of the ancestor, and at once when enough has left its branch, or it begins with another
// relay.
func TestVain(t *testing.T) {
	const self, source, number = 2, 3, 5
	c := NewChains()
	height := uint64(100)
	for _, wait := range []uint64{1, 2, 4, 8} {
		c.inVain(self, source, number, height, chain.NewAmount(7))
		for h := height; h < height+wait; h++ {
			if !c.isVain(self, source, number, h, chain.NewAmount(6)) {
				t.Errorf("it is tried at %d, and was refused at %d", h, height)
			}
			if c.isVain(self, source, number, h, chain.NewAmount(7)) || c.isVain(self, source, number+1, h, chain.NewAmount(6)) || c.isVain(self, source+1, number, h, chain.NewAmount(6)) {
				t.Errorf("at %d what is another case waits, too", h)
			}
		}
		if height += wait; c.isVain(self, source, number, height, chain.NewAmount(6)) {
			t.Errorf("it is not tried at %d", height)
		}
	}
	c.inVain(self, source, number, height, chain.Amount{}) // enough had left
	if !c.isVain(self, source, number, height, chain.NewAmount(1<<40)) {
		t.Error("more has left, which is not what it lacks, and it is tried")
	}
	c.taken(self, source)
	if c.isVain(self, source, number, height, chain.NewAmount(6)) {
		t.Error("it was taken in, and waits")
	}
}
