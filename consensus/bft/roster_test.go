package bft_test

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// While a replica numbers nodes as they come, others may ask who has a seat: they are the same nodes at all times.
func TestRosterBesideReplica(t *testing.T) {
	roster := bft.NewRoster(newEpochs(t).now)
	want := slices.Collect(roster.Members())
	if len(want) != 4 || roster.Member(want[3]) != 3 {
		t.Fatalf("%d members", len(want))
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 2 * chain.MaxSeats {
			roster.Number(nodeKey(100 + i))
		}
	}()
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
		}
		if got := slices.Collect(roster.Members()); !slices.Equal(got, want) || !roster.Seated(want[0]) || roster.Seated(nodeKey(100)) {
			t.Fatalf("%d members while others come", len(got))
		}
	}
}
