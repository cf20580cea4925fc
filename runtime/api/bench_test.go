package api_test

import (
	"testing"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// What a message costs from client to lane: encoding, HTTP, decoding, its signature, its lane. The same messages are
// submitted again and again, which costs the same and changes nothing.
func BenchmarkSubmit(b *testing.B) {
	r := start(b, setup{node: func(c *node.Config) { c.Lane.Ahead, c.Lane.Messages = 1000, 1000 }})
	var ms []*chain.Message
	for i := range uint64(100) {
		for _, name := range client.DevNames() {
			ms = append(ms, r.transfer(name, "bob", i))
		}
	}
	for _, c := range []struct {
		name string
		n    int
	}{{"one", 1}, {"thousand", len(ms)}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				r.submit(ms[:c.n]...)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*c.n), "ns/message")
		})
	}
}

// What an answer costs that needs a block, here of 2000 messages, which is kept.
func BenchmarkRead(b *testing.B) {
	r := start(b, setup{node: func(c *node.Config) { c.Lane.Ahead, c.Lane.Messages = 1000, 1000 }})
	var ms []*chain.Message
	for i := range uint64(100) {
		for _, name := range client.DevNames() {
			ms = append(ms, r.transfer(name, "bob", i))
		}
	}
	r.submit(ms...)
	r.mine(1)
	b.Run("info", func(b *testing.B) {
		for b.Loop() {
			r.info()
		}
	})
	b.Run("message", func(b *testing.B) {
		for b.Loop() {
			r.message(ms[7].ID())
		}
	})
	b.Run("trace", func(b *testing.B) {
		for b.Loop() {
			r.trace(ms[7].ID())
		}
	})
	b.Run("proven account", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.client.ProvenAccount(b.Context(), address("bob")); err != nil {
				b.Fatal(err)
			}
		}
	})
}
