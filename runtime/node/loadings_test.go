package node

import (
	"errors"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// The state is asked once for each code, and again after an error.
func TestLoadings(t *testing.T) {
	asked, broken := map[chain.CodeHash]int{}, errors.New("no disk")
	fails := true
	of := loadings(func(h chain.CodeHash) (exec.Loading, error) {
		asked[h]++
		if fails {
			return exec.Loading{}, broken
		}
		return exec.Loading{Gas: uint64(h[0])}, nil
	})
	one, two := chain.CodeHash{1}, chain.CodeHash{2}
	if _, err := of(one); !errors.Is(err, broken) {
		t.Fatalf("the error is %v", err)
	}
	fails = false
	for range 3 {
		for _, h := range []chain.CodeHash{one, two} {
			if l, err := of(h); err != nil || l.Gas != uint64(h[0]) {
				t.Errorf("code %x: %+v, %v", h[:1], l, err)
			}
		}
	}
	if asked[one] != 2 || asked[two] != 1 {
		t.Errorf("asked %v", asked)
	}
}
