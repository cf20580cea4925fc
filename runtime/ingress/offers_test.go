package ingress

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// told are the nonces of encoded messages.
func told(t *testing.T, raws [][]byte) (nonces []uint64) {
	t.Helper()
	for _, raw := range raws {
		m, err := chain.DecodeMessage(raw)
		if err != nil {
			t.Fatal(err)
		}
		nonces = append(nonces, m.Nonce)
	}
	return nonces
}

// SPEC 5.10: what waits is offered again, after pauses that grow to a bound, and not any more when it is gone.
func TestOffersPauses(t *testing.T) {
	o := NewOffers(100)
	o.Wait(doorMessage(0), 1000)
	o.Wait(doorMessage(0), 1050) // again: it waits since then
	var at []uint64
	for now := uint64(1000); now < 10_000; now++ {
		if len(o.Again(now, 1<<20)) > 0 {
			at = append(at, now)
		}
	}
	if want := []uint64{1100, 1300, 1700, 2500, 4100, 5700, 7300, 8900}; !slices.Equal(at, want) {
		t.Errorf("offered at %v, want %v", at, want)
	}
	o.Gone(doorMessage(0).ID())
	if o.Failed(10_000); o.Len() != 0 || len(o.Again(1<<40, 1<<20)) != 0 {
		t.Error("what is gone is offered")
	}
}

// While no block comes they are offered after a quarter of the pause that was under way, twice; not so where many wait.
func TestOffersWhileQuiet(t *testing.T) {
	o := NewOffers(100)
	o.Wait(doorMessage(0), 1000)
	var at []uint64
	for now := uint64(1000); now < 3_000; now++ {
		if now == 1010 || now == 1020 || now == 1200 || now == 1400 {
			o.Quiet()
		}
		if len(o.Again(now, 1<<20)) > 0 {
			at = append(at, now)
		}
	}
	if want := []uint64{1025, 1200, 1600, 2400}; !slices.Equal(at, want) {
		t.Errorf("offered at %v, want %v", at, want)
	}
	for n := range uint64(quietFew) {
		o.Wait(doorMessage(n+1), 3_000)
	}
	if o.Quiet(); len(o.Again(3_050, 1<<20)) != 0 {
		t.Error("many are offered early")
	}
}

// After a failed round all are offered at once, and then after pauses as at first.
func TestOffersAfterFailedRound(t *testing.T) {
	o := NewOffers(100)
	o.Wait(doorMessage(0), 0)
	for _, now := range []uint64{100, 300, 700} {
		o.Again(now, 1<<20)
	}
	o.Wait(doorMessage(1), 710)
	o.Failed(720)
	if got := told(t, o.Again(720, 1<<20)); !slices.Equal(got, []uint64{0, 1}) {
		t.Errorf("after the round %v", got)
	}
	if got := told(t, o.Again(919, 1<<20)); len(got) != 0 {
		t.Errorf("too early: %v", got)
	}
	if got := told(t, o.Again(920, 1<<20)); len(got) != 2 {
		t.Errorf("then %v", got)
	}
}

// However many wait, and however often rounds fail, each has its turn; one that is larger than the bound goes by itself.
func TestOffersTakeTurns(t *testing.T) {
	o := NewOffers(100)
	size := len(doorMessage(0).Encode())
	for nonce := range uint64(10) {
		o.Wait(doorMessage(nonce), 0)
	}
	seen := map[uint64]int{}
	for now := uint64(200); now < 205; now++ {
		o.Failed(now)
		got := told(t, o.Again(now, 2*size+1))
		if len(got) != 2 {
			t.Fatalf("%d messages in %d bytes", len(got), 2*size+1)
		}
		for _, nonce := range got {
			seen[nonce]++
		}
	}
	if len(seen) != 10 {
		t.Errorf("offered: %v", seen)
	}
	if got := o.Again(1000, 1); len(got) != 1 {
		t.Errorf("%d messages", len(got))
	}
}
