package cli

import (
	"slices"
	"testing"
)

// Memory is given back once after each load, when little was allocated for a while; a load that goes on keeps it.
func TestRested(t *testing.T) {
	r := rested{}
	now := uint64(0)
	var given []int
	for i, mib := range []uint64{1, 1, 500, 31, 900, 10, 31, 1, 1, 32, 1, 40, 1, 1} {
		now += mib << 20
		if r.after(now) {
			given = append(given, i)
		}
	}
	if !slices.Equal(given, []int{6, 13}) {
		t.Errorf("given back after %v", given)
	}
}

// What the runtime says is believable.
func TestAllocated(t *testing.T) {
	before := allocated()
	kept := make([]byte, 64<<20)
	if grown := allocated() - before; grown < uint64(len(kept)) {
		t.Errorf("%d bytes more are allocated", grown)
	}
}
