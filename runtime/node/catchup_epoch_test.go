package node

import (
	"context"
	"testing"
)

// crossing is a tree whose chain 2 went through two changes of its committee, with blocks between them that a validator lacks: it never was there.
func crossing(t *testing.T) (f *forest, height uint64) {
	t.Helper()
	f = newForest(t, 5, 4, 0, 1, 2, 3)
	for epoch, seats := range [][]int{{3, 2, 1, 0}, {1, 0, 3, 2}} {
		for range 2 * fewBehind {
			f.pay(0)
		}
		f.change(2, seats...)
		f.reaches(2, uint64(epoch)+1)
	}
	for range 2 * fewBehind {
		f.pay(0)
	}
	return f, f.runs[0].Node(2).Head().Header.Height
}

// Ranges end where the committee does: what comes after is checked once that is known, and each block is held to its own committee.
func TestCatchUpOverEpochs(t *testing.T) {
	f, height := crossing(t)
	f.start(4, false)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	n := f.runs[4].Node(2)
	if err := n.AwaitAbove(ctx, height-1); err != nil {
		t.Fatalf("it is at height %d of %d: %v", n.Head().Header.Height, height, err)
	}
	f.agree(2)
	if got := counted(t, n, "thinkey_catchup_refused_total"); got != 0 {
		t.Errorf("%v honest answers were refused", got)
	}
}

// A header is shown over changes of the committee, from the genesis on, and also by who began with a state itself.
func TestTrailOverEpochs(t *testing.T) {
	f, height := crossing(t)
	n := f.runs[0].Node(2)
	h, err := n.store.Header(2, height)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := n.kept.Trail(&h, 1, nil)
	if err != nil || len(whole) != 3 {
		t.Fatalf("%d digests, %v", len(whole), err)
	}
	first, err := n.committees.Committee(n.network, n.origin.Committee)
	if err != nil {
		t.Fatal(err)
	}
	for base := uint64(1); base <= height; base++ {
		b, err := n.store.Header(2, base)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := n.kept.Trail(&b, 1, nil)
		if base == 1 {
			shown, err = nil, nil
		}
		if err != nil {
			t.Fatal(err)
		}
		list, err := n.kept.Trail(&h, base, shown)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (&stateIs{height: height, digests: list}).shownBy(first); err == nil {
			t.Errorf("from block %d on: no pieces are the state", base)
		}
		if len(list) != 3 {
			t.Errorf("from block %d on: %d digests", base, len(list))
		}
	}
}
