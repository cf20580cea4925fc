package relay

import "testing"

// What was refused is tried again after ever more blocks of the ancestor, and at once when more has left its branch, or it begins with another
// relay.
func TestVain(t *testing.T) {
	const self, source, number = 2, 3, 5
	c := NewChains()
	height := uint64(100)
	for _, wait := range []uint64{1, 2, 4, 8} {
		c.inVain(self, source, number, height, []byte{7})
		for h := height; h < height+wait; h++ {
			if !c.isVain(self, source, number, h, []byte{7}) {
				t.Errorf("it is tried at %d, and was refused at %d", h, height)
			}
			if c.isVain(self, source, number, h, []byte{8}) || c.isVain(self, source, number+1, h, []byte{7}) || c.isVain(self, source+1, number, h, []byte{7}) {
				t.Errorf("at %d what is another case waits, too", h)
			}
		}
		if height += wait; c.isVain(self, source, number, height, []byte{7}) {
			t.Errorf("it is not tried at %d", height)
		}
	}
	c.taken(self, source)
	if c.isVain(self, source, number, height, []byte{7}) {
		t.Error("it was taken in, and waits")
	}
}
