package relay_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// sentToB makes a pay b, lets that be covered, and returns the envelope with all from relay first on, of one block.
func (f *forest) sentToB(first uint64) *light.Envelope {
	f.t.Helper()
	f.trunks[a].pay(1, 5, 0, wallet(b, 1))
	f.trunks[a].shown()
	return f.trunks[a].envelope(first)
}

// again is how many envelopes a bag of b tells of at a time.
func (f *forest) again(bag *relay.Bag, now uint64) [][]byte {
	f.t.Helper()
	raws, err := bag.Again(f.trunks[b].arrival, now)
	if err != nil {
		f.t.Fatal(err)
	}
	return raws
}

// told lets member n tell a bag of b of something.
func (f *forest) told(bag *relay.Bag, n byte, raw []byte, now uint64) (kept, fault bool) {
	f.t.Helper()
	kept, why, err := bag.Told(f.trunks[b].arrival, keys.PublicKey{n}, raw, now)
	if err != nil {
		f.t.Fatal(err)
	}
	return kept, why != nil
}

// What was brought is told of at once, and again after pauses that grow, or when a round has failed; once b has taken it in, no more. Who is
// told tells of it after a pause.
func TestTellPauses(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	bag, other := relay.NewBag(relay.NewChains()), relay.NewBag(relay.NewChains())
	e := f.sentToB(0)
	if fault, err := bag.Put(f.trunks[b].arrival, e); fault != nil || err != nil {
		t.Fatal(fault, err)
	}
	var at, later []uint64
	for now := uint64(1000); now <= 100_000; now += 1000 {
		for _, raw := range f.again(bag, now) {
			at = append(at, now)
			f.told(other, 1, raw, now)
		}
		if len(f.again(other, now)) > 0 {
			later = append(later, now)
		}
	}
	if want := []uint64{1000, 3000, 7000, 15_000, 31_000, 63_000, 95_000}; !slices.Equal(at, want) {
		t.Errorf("told at %v, want %v", at, want)
	}
	if want := []uint64{3000, 7000, 15_000, 31_000, 63_000, 95_000}; !slices.Equal(later, want) {
		t.Errorf("who was told told at %v, want %v", later, want)
	}
	bag.Failed(100_000)
	if len(f.again(bag, 100_000)) != 1 || len(f.again(bag, 101_999)) != 0 || len(f.again(bag, 102_000)) != 1 {
		t.Error("a round that failed changed nothing, or for good")
	}
	f.trunks[b].bag = other
	if got := f.trunks[b].taken(1); !slices.Equal(got, []int{1}) {
		t.Errorf("b took in %v", got)
	}
	if bag.Failed(200_000); len(f.again(bag, 200_000)) != 0 {
		t.Error("what was taken in is told of")
	}
}

// Nobody is told of what shows nothing, and nobody who is told keeps it; but what lacks others before it is kept.
func TestTellsTruth(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	near, bag := relay.NewBag(relay.NewChains()), relay.NewBag(relay.NewChains())
	e, behind := f.sentToB(0), f.sentToB(1)
	for _, x := range []*light.Envelope{e, behind} {
		forged := *x
		forged.Import.Proof = slices.Clone(x.Import.Proof)
		forged.Import.Proof[len(forged.Import.Proof)-1] ^= 1
		if fault, err := near.Put(f.trunks[b].arrival, &forged); fault == nil || err != nil {
			t.Fatalf("a forged envelope is kept: %v", err)
		}
		if err := near.Keep(f.trunks[b].arrival(), &forged); err != nil {
			t.Fatal(err)
		}
		if n := len(f.again(near, 1<<20)); n != 0 {
			t.Errorf("%d forged envelopes are told of", n)
		}
		if kept, fault := f.told(bag, 1, forged.Encode(), 0); kept || !fault {
			t.Errorf("a forged envelope from another member: kept %t, fault %t", kept, fault)
		}
		if kept, fault := f.told(bag, 2, x.Encode(), 0); !kept || fault {
			t.Errorf("a right one beside it: kept %t, fault %t", kept, fault)
		}
	}
	f.trunks[b].bag = bag
	if got := f.trunks[b].taken(4); got[0]+got[1]+got[2]+got[3] != 2 {
		t.Errorf("b took in %v", got)
	}
}

// Nor is anybody told of what is proven and can't be taken in: members that have it would want blocks for it that nobody can make.
func TestTellsWhatCanBe(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	f.gift(chain.MaxAmount)
	e := f.trunks[main].envelope(0)
	bag, other := relay.NewBag(relay.NewChains()), relay.NewBag(relay.NewChains())
	if fault, err := bag.Put(f.trunks[b].arrival, e); fault == nil || err != nil {
		t.Fatalf("what can't be taken in is kept: %v", err)
	}
	if err := bag.Keep(f.trunks[b].arrival(), e); err != nil {
		t.Fatal(err)
	}
	if n := len(f.again(bag, 0)); n != 0 {
		t.Errorf("%d are told of", n)
	}
	if kept, fault := f.told(other, 1, e.Encode(), 0); kept || !fault {
		t.Errorf("kept %t, fault %t", kept, fault)
	}
}

// Who tells of what is of no use is listened to less and less, however often it does; nobody else is.
func TestTellersPatience(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	bag := relay.NewBag(relay.NewChains())
	e := f.sentToB(0)
	forged := *e
	forged.Import.First = 7
	raw, looked := forged.Encode(), 0
	for now := range uint64(10_000) {
		if _, fault := f.told(bag, 1, raw, now); fault {
			looked++
		}
	}
	if looked > 10 {
		t.Errorf("a liar made it look %d times in ten seconds", looked)
	}
	if _, _, err := bag.Told(f.trunks[b].arrival, keys.PublicKey{3}, []byte{1}, 0); !errors.Is(err, relay.ErrNotTold) {
		t.Errorf("junk: %v", err)
	}
	if _, _, err := bag.Told(f.trunks[a].arrival, keys.PublicKey{4}, e.Encode(), 0); !errors.Is(err, relay.ErrNotTold) {
		t.Errorf("what is for another chain: %v", err)
	}
	if kept, _ := f.told(bag, 2, e.Encode(), 10_000); !kept {
		t.Error("who tells the truth isn't listened to")
	}
	if kept, _ := f.told(bag, 5, e.Encode(), 10_000); kept {
		t.Error("it is kept twice")
	}
	for n := range 5000 { // keys cost nothing
		_, _, err := bag.Told(f.trunks[b].arrival, keys.PublicKey{byte(n), byte(n >> 8), 1}, []byte{1}, 10_000)
		if err != nil && !errors.Is(err, relay.ErrNotTold) {
			t.Fatal(err)
		}
	}
	if n := bag.Tellers(); n > 1024 {
		t.Errorf("it remembers %d", n)
	}
	if kept, _ := f.told(bag, 6, f.sentToB(1).Encode(), 20_000); !kept {
		t.Error("after a flood of strangers nobody is listened to")
	}
}

// beganLater is a chain that began with a state: what was before isn't here.
type beganLater struct{ *trunk }

func (beganLater) Header(uint64) (*chain.Header, error) { return nil, relay.ErrNotHere }

func (beganLater) Run(uint64) (*chain.Digest, error) { return nil, relay.ErrNotHere }

func (beganLater) Place(chain.ID, uint64, uint64) (merkle.Place, error) {
	return merkle.Place{}, relay.ErrNotHere
}

// Who began with a state of the ancestor can't show what is older, and is not ended by that: neither where it is told of it, nor where it would
// bring it itself.
func TestBeganLater(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	e := f.sentToB(0)
	f.trunks[main].grow()
	chains := relay.NewChains()
	chains.Add(main, beganLater{f.trunks[main]})
	if kept, fault := f.told(relay.NewBag(chains), 1, e.Encode(), 0); !kept || fault {
		t.Errorf("kept %t, fault %t", kept, fault)
	}
	chains.Add(a, f.trunks[a])
	if imports, faults := f.brought(relay.NewBag(chains)); imports != 0 || faults != 0 {
		t.Errorf("%d imports, %d faults", imports, faults)
	}
}

// A source that has something for every block doesn't keep out another one, of which the proofs start elsewhere.
func TestBagSourcesTakeTurns(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	to := f.trunks[a1]
	to.bag = relay.NewBag(relay.NewChains())
	put := func(from *trunk, first uint64) {
		from.pay(1, 5, 0, wallet(a1, 1))
		from.shown()
		e, err := f.all.Envelope(family, from.id, a1, first)
		if err != nil {
			t.Fatal(err)
		}
		if fault, err := to.bag.Put(to.arrival, e); fault != nil || err != nil {
			t.Fatal(fault, err)
		}
	}
	put(f.trunks[b], 0)
	for n := uint64(0); ; {
		in, err := to.arrival().In(a)
		if err != nil {
			t.Fatal(err)
		}
		if in == n { // it was taken in, and the next one comes
			put(f.trunks[a], n)
			n++
		}
		to.grow()
		if in, err := to.arrival().In(b); err != nil || in > 0 {
			return
		} else if to.header.Height > 6 {
			t.Fatalf("%d relays of chain %d are taken in, and none of chain %d", n, a, b)
		}
	}
}
