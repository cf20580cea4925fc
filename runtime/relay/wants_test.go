package relay_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// here are the chains of a process that runs some.
func (f *forest) here(ids ...chain.ID) *relay.Chains {
	list := relay.NewChains()
	for _, id := range ids {
		list.Add(id, f.trunks[id])
	}
	return list
}

// wants is what a chain lacks.
func (c *trunk) wants() []relay.Want {
	c.t.Helper()
	list, err := c.bag.Wants(c.arrival(), func(at chain.ID, s exec.Slot) ([]byte, error) { return c.trunks[at].entry(s) })
	if err != nil {
		c.t.Fatal(err)
	}
	return list
}

// lacks is what a chain lacks of another one.
func (c *trunk) lacks(of chain.ID, what relay.Goods) (w relay.Want, ok bool) {
	c.t.Helper()
	list := c.wants()
	i := slices.IndexFunc(list, func(w relay.Want) bool { return w.Of == of && w.What == what })
	if i < 0 {
		return w, false
	}
	return list[i], true
}

// gets lets a chain ask a process for what it wants, and says how many parts it kept.
func (f *forest) gets(c *trunk, w relay.Want, at *relay.Chains, most int) (kept int, more bool) {
	f.t.Helper()
	raws, more, err := at.Give(siblings, &w, most)
	if err != nil {
		f.t.Fatal(err)
	}
	kept, fault, err := c.bag.Gave(c.arrival, &w, keys.PublicKey{1}, raws, f.now)
	if fault != nil || err != nil {
		f.t.Fatal(fault, err)
	}
	return kept, more
}

// A chain sees that something is on its way as soon as that is recorded, gets it, and lacks nothing once it is taken in.
func TestWants(t *testing.T) {
	f, from, to := apart(t)
	if list := to.wants(); len(list) != 0 {
		t.Errorf("nothing is recorded: %+v", list)
	}
	from.pay(1, 5, 0, wallet(second, 1))
	from.idle()
	from.carry(true)
	w, ok := to.lacks(first, relay.Relays)
	if !ok || !w.Seen || w.From != 0 || w.Top != main || w.At != from.header.Height {
		t.Fatalf("lacks %+v (%t)", w, ok)
	}
	if kept, more := f.gets(to, w, f.here(main, first), relay.GivenBytes); kept == 0 || more {
		t.Fatalf("%d are kept, more: %t", kept, more)
	}
	if w, _ = to.lacks(first, relay.Relays); w.From != from.outward(second).Next {
		t.Errorf("it has those up to %d, and lacks them from %d on", from.outward(second).Next, w.From)
	}
	to.idle()
	if w, _ = to.lacks(first, relay.Relays); w.Seen || w.From != from.outward(second).Next {
		t.Errorf("all is taken in, and it lacks %+v", w)
	}
}

// What carries no value isn't seen, and is there to be had once more is recorded.
func TestWantsUnseen(t *testing.T) {
	f, from, to := apart(t)
	from.pay(1, 0, 0, wallet(second, 1))
	from.idle()
	from.carry(true)
	w, ok := to.lacks(first, relay.Relays)
	if !ok || w.Seen || w.At != from.header.Height {
		t.Fatalf("lacks %+v (%t)", w, ok)
	}
	if kept, _ := f.gets(to, w, f.here(main, first), relay.GivenBytes); kept != 1 {
		t.Errorf("%d are kept", kept)
	}
}

// An answer holds as much as it may, and says that there is more.
func TestGiveBounded(t *testing.T) {
	f, from, to := apart(t)
	for range 2 * relay.MaxGiven {
		from.pay(1, 5, 0, wallet(second, 1))
		from.grow()
	}
	from.carry(true)
	all := from.outward(second).Next
	at := f.here(main, first)
	for _, most := range []int{20 << 10, relay.GivenBytes} {
		w, _ := to.lacks(first, relay.Relays)
		raws, more, err := at.Give(siblings, &w, most)
		size := 0
		for _, raw := range raws {
			size += len(raw)
		}
		if err != nil || !more || size > most || len(raws) == 0 || len(raws) > relay.MaxGiven {
			t.Errorf("of %d bytes: %d parts of %d bytes, more: %t (%v)", most, len(raws), size, more, err)
		}
	}
	for range 2 { // as many as can wait
		w, ok := to.lacks(first, relay.Relays)
		if !ok {
			t.Fatal("it lacks nothing")
		}
		if kept, _ := f.gets(to, w, at, relay.GivenBytes); kept != relay.MaxGiven {
			t.Errorf("%d are kept", kept)
		}
	}
	if w, ok := to.lacks(first, relay.Relays); ok {
		t.Errorf("there is no room, and it wants %+v", w)
	}
	to.idle()
	if got := to.inward(first); got != all {
		t.Errorf("%d of %d were taken in", got, all)
	}
	in := chain.CallInput{To: wallet(second, 1), Method: "do", GasLimit: 10_000, Input: make([]byte, 10<<10)}
	for range 2 { // relays that are longer than what is left after one
		m := from.message(1, chain.MethodCall, 0, 0, in.Encode())
		m.GasLimit = exec.ExternalGas(m) + exec.SendGas(&chain.Sent{Method: in.Method, Input: in.Input}) + in.GasLimit + gas.Bounce
		from.offer(m.Sign(keys.FromSeed([32]byte{1})))
		from.grow()
	}
	from.carry(true)
	w, _ := to.lacks(first, relay.Relays)
	if raws, more, err := at.Give(siblings, &w, 20<<10); len(raws) != 1 || !more || err != nil {
		t.Errorf("%d long relays, more: %t, %v", len(raws), more, err)
	}
	all = from.outward(second).Next
	// Who has no such chain, or is asked for what there isn't, has nothing.
	for _, w := range []relay.Want{
		{Errand: relay.Errand{To: second, Of: first, What: relay.Relays}, From: all}, {Errand: relay.Errand{To: second, Of: second, What: relay.Relays}},
		{Errand: relay.Errand{To: second, Of: 77, What: relay.Relays}}, {Errand: relay.Errand{To: 77, Of: first, What: relay.Relays}},
		{Errand: relay.Errand{To: second, Of: first, What: relay.Taken}, From: 1}, {Errand: relay.Errand{To: second, Of: first, What: relay.Relays}, From: ^uint64(0)},
	} {
		if raws, more, err := at.Give(siblings, &w, relay.GivenBytes); len(raws) > 0 || more || err != nil {
			t.Errorf("%+v: %d parts, %t, %v", w, len(raws), more, err)
		}
	}
}

// A chain that has much under way asks for what was taken in.
func TestWantsTaken(t *testing.T) {
	f, from, to := apart(t)
	if _, ok := from.lacks(second, relay.Taken); ok {
		t.Error("nothing is under way, and it wants to know")
	}
	from.sprays(5)
	f.carries(from, to)
	w, ok := from.lacks(second, relay.Taken)
	if !ok || !w.Seen || w.From != 256 {
		t.Fatalf("wants %+v (%t)", w, ok)
	}
	if kept, _ := f.gets(from, w, f.here(main, second), relay.GivenBytes); kept != 1 {
		t.Fatalf("%d are kept", kept)
	}
	if _, ok := from.lacks(second, relay.Taken); ok {
		t.Error("it wants what it has")
	}
	from.grow()
	if n := from.outward(second).Waiting(); n != 0 {
		t.Errorf("%d are under way", n)
	}
}

// A chain that is loaded is asked much sooner: what is let in to it follows what it takes in.
func TestWantsTakenOfLoaded(t *testing.T) {
	f, from, to := apart(t)
	from.sprays(1)
	f.carries(from, to)
	if w, ok := from.lacks(second, relay.Taken); ok {
		t.Errorf("%d are under way to a chain that is idle, and it wants %+v", from.outward(second).Waiting(), w)
	}
	for range 2 {
		to.labor()
		w, ok := from.lacks(second, relay.Taken)
		if !ok || w.From != from.outward(second).Consumed+32 {
			t.Fatalf("of %d under way to a loaded chain it wants %+v (%t)", from.outward(second).Waiting(), w, ok)
		}
		if kept, _ := f.gets(from, w, f.here(main, second), relay.GivenBytes); kept != 1 {
			t.Fatalf("%d are kept", kept)
		}
		from.grow()
		if out := from.outward(second); out.Waiting() != 0 {
			t.Errorf("%+v", out)
		}
		from.sprays(1)
		f.carries(from, to)
	}
}

// What shows something else than was asked for is not kept, and its giver's fault; what is forged is a fault.
func TestGaveOther(t *testing.T) {
	f, from, to := apart(t)
	for range 3 {
		from.pay(1, 5, 0, wallet(second, 1))
		from.grow()
	}
	from.carry(true)
	w, _ := to.lacks(first, relay.Relays)
	raws, _, err := f.here(main, first).Give(siblings, &w, relay.GivenBytes)
	if err != nil || len(raws) != 3 {
		t.Fatalf("%d parts, %v", len(raws), err)
	}
	other := w
	other.Of = 4
	ack := &light.Acknowledgement{To: second, Ack: chain.Ack{Chain: first}}
	for name, bad := range map[string][][]byte{
		"a later one": raws[1:], "not in order": {raws[0], raws[2]}, "twice": {raws[0], raws[0]}, "junk": {{1, 2, 3}}, "none": {nil},
		"an acknowledgement": {ack.Encode()}, "too long": {make([]byte, relay.MaxTold+1)},
	} {
		if _, _, err := relay.NewBag(relay.NewChains()).Gave(to.arrival, &w, keys.PublicKey{1}, bad, f.now); !errors.Is(err, relay.ErrNotWanted) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := to.bag.Gave(to.arrival, &other, keys.PublicKey{1}, raws, f.now); !errors.Is(err, relay.ErrNotWanted) {
		t.Errorf("of another chain: %v", err)
	}
	forged := slices.Clone(raws[0])
	forged[len(forged)-1] ^= 1
	if kept, fault, err := to.bag.Gave(to.arrival, &w, keys.PublicKey{1}, [][]byte{forged}, f.now); kept != 0 || fault == nil && err == nil {
		t.Errorf("forged: %d are kept, %v, %v", kept, fault, err)
	}
	if w, _ := to.lacks(first, relay.Relays); w.From != 0 {
		t.Errorf("something is kept: %+v", w)
	}
	if kept, _ := f.gets(to, w, f.here(main, first), relay.GivenBytes); kept != 3 {
		t.Errorf("%d are kept afterwards", kept)
	}
}

// Envelopes that can't be next, of which somebody has told as many as can wait, keep nobody from asking for what is.
func TestWantsPastFull(t *testing.T) {
	f, from, to := apart(t)
	const later = 17
	for range later {
		from.pay(1, 5, 0, wallet(second, 1))
		from.grow()
	}
	from.carry(true)
	for number := uint64(1); number < later; number++ {
		e, err := f.far(main, first).Envelope(siblings, first, second, number)
		if err != nil {
			t.Fatal(err)
		}
		if kept, fault, err := to.bag.Told(to.arrival, keys.PublicKey{9}, e.Encode(), f.now); !kept || fault != nil || err != nil {
			t.Fatalf("relay %d: kept %t, %v, %v", number, kept, fault, err)
		}
	}
	w, ok := to.lacks(first, relay.Relays)
	if !ok || w.From != 0 {
		t.Fatalf("wants %+v (%t)", w, ok)
	}
	if kept, _ := f.gets(to, w, f.here(main, first), relay.GivenBytes); kept == 0 {
		t.Error("nothing is kept")
	}
	if to.idle(); to.inward(first) < relay.MaxGiven {
		t.Errorf("%d are taken in", to.inward(first))
	}
}

// Of a branch with several chains each is asked for, and the one that sent something has it, whether under the chain above both or deeper; the
// chain above both may be the one that it is for.
func TestWantsLevels(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	for _, way := range []struct{ from, to, top chain.ID }{{a1, b, main}, {b, a1, main}, {a1, a2, a}, {a1, main, main}, {a1, a, a}} {
		from, to := f.trunks[way.from], f.trunks[way.to]
		above := append([]chain.ID{way.to}, family.Ancestors(way.to)...)
		to.bag = relay.NewBag(f.here(above...))
		from.pay(1, 5, 0, wallet(way.to, 1))
		from.shown()
		seen := 0
		for _, w := range to.wants() {
			raws, _, err := f.here(append([]chain.ID{way.from}, family.Ancestors(way.from)...)...).Give(family, &w, relay.GivenBytes)
			if err != nil {
				t.Fatal(err)
			}
			if w.Of != way.from && len(raws) > 0 {
				t.Errorf("%+v: %+v has something", way, w)
			}
			if w.Of != way.from {
				continue
			}
			if !w.Seen || w.Top != way.top {
				t.Errorf("%+v: wants %+v", way, w)
			}
			kept, fault, err := to.bag.Gave(to.arrival, &w, keys.PublicKey{1}, raws, f.now)
			if kept != 1 || fault != nil || err != nil {
				t.Errorf("%+v: %d are kept, %v, %v", way, kept, fault, err)
			}
			seen++
		}
		if got := to.taken(1); seen != 1 || !slices.Equal(got, []int{1}) {
			t.Errorf("%+v: seen %d times, and taken in %v", way, seen, got)
		}
	}
}

// While a chain has no room for relays, those that are forged aren't kept either: they would wait before those that are not.
func TestForgedWithoutRoom(t *testing.T) {
	f, from, to := apart(t)
	from.pay(1, 5, 0, wallet(second, 1))
	from.idle()
	from.carry(true)
	w, _ := to.lacks(first, relay.Relays)
	raws, _, err := f.here(main, first).Give(siblings, &w, relay.GivenBytes)
	if err != nil || len(raws) == 0 {
		t.Fatalf("%d parts, %v", len(raws), err)
	}
	loaded := func() *block.Arrival {
		x := to.context()
		x.Params.BlockGas = 0
		return block.NewArrival(to.before(), to.rules, x)
	}
	forged, err := light.DecodeEnvelope(raws[0])
	if err != nil {
		t.Fatal(err)
	}
	forged.Import.Messages[0].Amount = chain.NewAmount(6)
	forged.Import.Messages[0] = forged.Import.Messages[0].Seal()
	if kept, fault, err := to.bag.Gave(loaded, &w, keys.PublicKey{1}, [][]byte{forged.Encode()}, f.now); kept != 0 || fault == nil || err != nil {
		t.Errorf("forged: %d are kept, %v, %v", kept, fault, err)
	}
	if kept, fault, err := to.bag.Gave(loaded, &w, keys.PublicKey{2}, raws, f.now); kept != len(raws) || fault != nil || err != nil {
		t.Errorf("%d are kept, %v, %v", kept, fault, err)
	}
}
