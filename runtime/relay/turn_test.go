package relay

import (
	"testing"
	"time"
)

// One member goes first at each height, each at its turn, and nobody waits for long.
func TestTurn(t *testing.T) {
	for _, n := range []int{1, 2, 4, 7, 128} {
		firsts := map[int]int{}
		for height := range uint64(3 * n) {
			for own := range n {
				switch wait := Turn(height, own, n); {
				case wait == 0:
					firsts[own]++
				case wait%turnTime != 0 || wait > maxTurns*turnTime:
					t.Fatalf("member %d of %d waits %s", own, n, wait)
				}
			}
		}
		for own := range n {
			if firsts[own] != 3 {
				t.Errorf("member %d of %d goes first %d times in %d heights", own, n, firsts[own], 3*n)
			}
		}
	}
	if wait := Turn(5, 3, 4); wait != 2*time.Second/2 {
		t.Errorf("the second after the first waits %s", wait)
	}
	if Turn(5, 0, 0) != 0 {
		t.Error("who has no others waits")
	}
}
