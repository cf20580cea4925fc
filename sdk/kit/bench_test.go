package kit_test

import (
	"testing"
	"time"

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

// BenchmarkSendAcross is a transfer to another chain: a block there, one here, and one between them that records a digest.
func BenchmarkSendAcross(b *testing.B) {
	k := kit.New(b, kit.Chains(2))
	alice, bob := k.Account("alice@a", kit.Balance(1)), k.Account("bob@b", kit.Balance(1))
	start := k.Snapshot()
	for n := uint64(0); b.Loop(); n++ {
		k.AdvanceTime(time.Duration(1+n) * time.Millisecond) // other blocks than before: no signature is known
		k.Transfer(alice, bob, 1)
		k.Restore(start)
	}
}

// BenchmarkExploreArrivals runs the orders in which three bids and the end of an auction come to its chain from two others.
func BenchmarkExploreArrivals(b *testing.B) {
	k, house, scenario := farBids(b)
	orders := 0
	for b.Loop() {
		orders += k.Explore(20, func(k *kit.Chain) {
			scenario(k)
			k.Send(k.Account("seller@c"), house, "close")
		}, nothing).Orders
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(orders), "µs/order")
}
