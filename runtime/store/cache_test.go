package store

import (
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
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

// An account with code is not held, and an older record of it is forgotten.
func TestRecordWithCode(t *testing.T) {
	var r records
	a, code := cachedAddress(1), cached(2)
	code.Code = chain.CodeHash{1}
	r.offer(a, cached(1), 0)
	r.begin()
	r.end([]exec.Change{{Slot: exec.Slot{Account: a}, After: code.Encode()}})
	if got, found, _ := r.get(a); found {
		t.Fatalf("holds %v", got)
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

// What is passed by when the leaves are read is held, and is what a read would give.
func TestLeavesFillRecords(t *testing.T) {
	m := newModel(1, newSeed(t), 5)
	s := openModel(t, m, 0)
	for _, c := range m.commits {
		if err := s.Commit(c); err != nil {
			t.Fatal(err)
		}
	}
	held := &s.ledger(1).records
	held.drop()
	accounts := 0
	err := s.Leaves(1, func(_ merkle.Path, slot exec.Slot, value []byte) error {
		if slot.Key != "" {
			return nil
		}
		want, err := chain.DecodeAccount(value)
		got, found, _ := held.get(slot.Account)
		if plainly := want.Code == (chain.CodeHash{}) && want.StorageBytes == 0; found != plainly || found && got != want {
			t.Errorf("account %s: holds %+v, %v, want %+v", slot.Account, got, found, want)
		}
		accounts++
		return err
	})
	if err != nil || accounts == 0 {
		t.Fatal(accounts, err)
	}
}
