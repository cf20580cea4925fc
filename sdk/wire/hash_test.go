package wire_test

import (
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Sum is SHA-256 over the tag and the parts, on both sides of the size up to which it copies them.
func TestSum(t *testing.T) {
	long := make([]byte, 1200)
	for i := range long {
		long[i] = byte(i * 7)
	}
	for _, n := range []int{0, 1, 64, 509, 510, 511, 512, 513, 1200} {
		want := sha256.Sum256(slices.Concat([]byte{5}, long[:n]))
		for _, cut := range []int{0, n / 2, n} {
			if wire.Sum(wire.TagHeader, long[:cut], long[cut:n]) != want {
				t.Errorf("%d bytes cut at %d: wrong sum", n, cut)
			}
		}
	}
}

// W4: the same bytes under two tags have two sums, and no tag can be imitated by the bytes of another's.
func TestTagsAreApart(t *testing.T) {
	body := []byte{byte(wire.TagGenesis), 1, 2, 3}
	seen := map[[32]byte]wire.Tag{}
	for tag := wire.TagNetwork; tag <= wire.TagAdoption; tag++ {
		for _, parts := range [][][]byte{nil, {body}, {{byte(tag)}, body}} {
			sum := wire.Sum(tag, parts...)
			if other, ok := seen[sum]; ok {
				t.Fatalf("tags %d and %d meet", other, tag)
			}
			seen[sum] = tag
		}
	}
}

func TestSumAllocatesNothing(t *testing.T) {
	a, b := make([]byte, 32), make([]byte, 32)
	if n := testing.AllocsPerRun(100, func() { wire.Sum(wire.TagNode, a, b) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
