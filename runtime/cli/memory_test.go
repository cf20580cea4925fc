package cli

import (
	"slices"
	"testing"
	"time"
)

// Memory is given back when little was allocated for a while, and there is some to give; a load that goes on keeps it.
func TestGiveBack(t *testing.T) {
	const mib = 1 << 20
	states := []memory{
		{0, 0},
		{100 * mib, 500 * mib}, {900 * mib, 500 * mib}, // a load
		{910 * mib, 500 * mib}, // it is over
		{920 * mib, 10 * mib},  // given back
		{925 * mib, 63 * mib},  // not worth it
		{957 * mib, 65 * mib},  // too much to do
		{960 * mib, 65 * mib},
	}
	ticks := make(chan time.Time, len(states))
	for range states[1:] {
		ticks <- time.Time{}
	}
	close(ticks)
	at := -1
	var freed []int
	giveBack(ticks, func() memory { at++; return states[at] }, func() { freed = append(freed, at) })
	if !slices.Equal(freed, []int{3, 7}) {
		t.Errorf("given back after %v", freed)
	}
}

// What the runtime says is believable: what was allocated grows, and garbage is spare.
func TestReadMemory(t *testing.T) {
	before := readMemory()
	kept := make([]byte, 64<<20)
	after := readMemory()
	if grown := after.allocated - before.allocated; grown < uint64(len(kept)) || grown > 128<<20 {
		t.Errorf("%d bytes more are allocated", grown)
	}
}
