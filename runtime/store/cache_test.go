package store

import (
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

func cached(n uint64) chain.Account { return chain.Account{Balance: chain.NewAmount(n)} }

func cachedAddress(n byte) chain.Address {
	a := chain.SystemAddress(chain.Main)
	a[23] = n
	return a
}

// What was read before or during a commit is not held behind it: it may be what the commit replaced.
func TestStaleRecordIsNotHeld(t *testing.T) {
	var r records
	a := cachedAddress(1)
	_, _, before := r.get(a)
	r.begin()
	_, _, during := r.get(a)
	r.end([]exec.Change{{Slot: exec.Slot{Account: a}, After: cached(2).Encode()}})
	for _, generation := range []uint64{before, during} {
		r.offer(a, cached(1), generation)
		if got, found, _ := r.get(a); !found || got != cached(2) {
			t.Fatalf("holds %v, %v after a stale offer", got, found)
		}
	}
	b := cachedAddress(2)
	_, _, now := r.get(b)
	r.offer(b, cached(3), now)
	if got, found, _ := r.get(b); !found || got != cached(3) {
		t.Fatalf("does not hold what was read: %v, %v", got, found)
	}
	r.begin()
	r.end([]exec.Change{{Slot: exec.Slot{Account: b}}, {Slot: exec.Slot{Account: a, Key: "k"}, After: []byte{1}}})
	if got, found, _ := r.get(b); !found || got.Exists() {
		t.Fatalf("a removed record is %v, %v", got, found)
	}
	if got, _, _ := r.get(a); got != cached(2) {
		t.Fatalf("an entry of the storage changed the record: %v", got)
	}
}

// A failed commit leaves what was there.
func TestFailedCommitKeepsRecords(t *testing.T) {
	var r records
	a := cachedAddress(1)
	r.offer(a, cached(1), 0)
	r.begin()
	r.end(nil)
	if got, found, _ := r.get(a); !found || got != cached(1) {
		t.Fatalf("holds %v, %v", got, found)
	}
}

// The cache is bounded.
func TestRecordsAreBounded(t *testing.T) {
	var s recordShard
	for n := range 3 * recordsHeld / recordShards {
		var a chain.Address
		a[0], a[1], a[2] = byte(n>>16), byte(n>>8), byte(n)
		s.hold(a, cached(1))
	}
	if len(s.held) != recordsHeld/recordShards {
		t.Fatalf("holds %d", len(s.held))
	}
}
