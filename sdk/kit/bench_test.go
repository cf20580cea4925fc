package kit_test

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/kit"
)

// BenchmarkExplore runs 5,040 orders of 19 events each time.
func BenchmarkExplore(b *testing.B) {
	k, scenario, _ := trapOf(b, 6, 5)
	orders := 0
	for b.Loop() {
		orders += k.Explore(20, scenario, nothing).Orders
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(orders), "ns/order")
}

// BenchmarkSend is a transfer in a block of its own.
func BenchmarkSend(b *testing.B) {
	k := kit.New(b)
	alice, bob := k.Account("alice", kit.Balance(1)), k.Account("bob", kit.Balance(1))
	start := k.Snapshot()
	for b.Loop() {
		k.Transfer(alice, bob, 1)
		k.Restore(start)
	}
}

// BenchmarkNew is what a test begins with.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		auctionOf(b)
	}
}
