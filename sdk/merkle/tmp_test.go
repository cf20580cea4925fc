package merkle

import (
	"github.com/thinkey/thinkey/sdk/wire"
	"testing"
)

func BenchmarkHashSum(b *testing.B) {
	var l, r Hash
	for b.Loop() {
		l = wire.Sum(wire.TagBranch, l[:], r[:])
	}
}
func BenchmarkHashDirect(b *testing.B) {
	var l, r Hash
	for b.Loop() {
		l = (&pair{l, r}).hash()
	}
}
