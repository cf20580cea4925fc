package keys

import (
	"fmt"
	"testing"
)

// signed returns n valid items of 200 bytes by n keys.
func signed(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		key := FromSeed([32]byte{byte(i), byte(i >> 8), 7})
		message := make([]byte, 200)
		copy(message, fmt.Sprint("message ", i))
		items[i] = Item{key.Public(), message, key.Sign(message)}
	}
	return items
}

func BenchmarkSign(b *testing.B) {
	key := FromSeed([32]byte{1})
	message := make([]byte, 200)
	b.ReportAllocs()
	for b.Loop() {
		key.Sign(message)
	}
}

func BenchmarkVerify(b *testing.B) {
	item := signed(1)[0]
	b.ReportAllocs()
	for b.Loop() {
		if err := Verify(item.Public, item.Message, item.Signature); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyBatch(b *testing.B) {
	for _, n := range []int{16, 256, 1024} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkBatch(b, signed(n), 0) })
	}
	b.Run("1024-one-bad", func(b *testing.B) {
		items := signed(1024)
		items[500].Message = nil
		benchmarkBatch(b, items, 1)
	})
}

func benchmarkBatch(b *testing.B, items []Item, bad int) {
	b.ReportAllocs()
	for b.Loop() {
		if got := VerifyBatch(items); len(got) != bad {
			b.Fatalf("bad: %v", got)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(items))/1000, "µs/sig")
}
