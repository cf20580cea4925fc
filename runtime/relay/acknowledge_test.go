package relay_test

import (
	"bytes"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// Chains first and second are beside each other: whoever runs one of them has that and the main chain alone.
const (
	first  = chain.ID(2)
	second = chain.ID(3)
)

// apart lets the chains first and second know the main chain and themselves alone. What is between them is carried by hand.
func apart(t *testing.T) (*forest, *trunk, *trunk) {
	f := newForest(t, siblings, func(chain.ID) uint64 { return 1_000_000 }, func(f *forest) { labors(f); f.unverified = true })
	from, to := f.trunks[first], f.trunks[second]
	for _, c := range []*trunk{from, to} {
		here := relay.NewChains()
		here.Add(main, f.trunks[main])
		here.Add(c.id, c)
		c.bag = relay.NewBag(here)
	}
	return f, from, to
}

// far are chains as another process sees them.
func (f *forest) far(ids ...chain.ID) *relay.Chains {
	list := relay.NewChains()
	for _, id := range ids {
		list.Add(id, relay.Remote{Ask: func(ask []byte) ([]byte, error) { return relay.Answer(f.trunks[id], ask) }})
	}
	return list
}

// idle makes blocks as long as there is something to do, with what waits in the chain's own bag.
func (c *trunk) idle() (blocks int) {
	c.t.Helper()
	for ; ; blocks++ {
		ready, err := c.bag.Ready(c.arrival())
		if err != nil {
			c.t.Fatal(err)
		}
		if !ready && c.host.Ready() == 0 && c.last.Queued == 0 {
			return blocks
		}
		if blocks > 1_000 {
			c.t.Fatalf("chain %d goes on for ever", c.id)
		}
		c.now += 10
		c.grow()
	}
}

// sprays lets the first chain send the second chain.MaxSent relays for each of n calls.
func (c *trunk) sprays(n int) {
	c.t.Helper()
	to := wallet(second, 2)
	const sprayGas = chain.MaxSent * (3_000 + gas.Add + gas.Bounce + 200*chain.GasPerByte)
	for i := range n {
		if err := c.try(byte(1+i%3), wallet(first, byte(1+i%3)), spray, sprayGas, to[:]); err != nil {
			c.t.Fatal(err)
		}
	}
	c.idle()
	c.carry(true)
}

// carries brings the second chain what the first one sent.
func (f *forest) carries(from, to *trunk) {
	f.t.Helper()
	for next := to.inward(first); next < from.outward(second).Next; next = to.inward(first) {
		e, err := f.far(main, first).Envelope(siblings, first, second, next)
		if err != nil {
			f.t.Fatal(err)
		}
		if fault, err := to.bag.Put(to.arrival, e); fault != nil || err != nil {
			f.t.Fatal(fault, err)
		}
		to.idle()
	}
	to.carry(true)
}

// inward is how many relays of a chain were taken in.
func (c *trunk) inward(of chain.ID) uint64 {
	c.t.Helper()
	n, err := c.arrival().In(of)
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

// acknowledgement is what the second chain shows the first.
func (f *forest) acknowledgement() *light.Acknowledgement {
	f.t.Helper()
	e, err := f.far(main, second).Acknowledgement(siblings, second, first)
	if err != nil {
		f.t.Fatal(err)
	}
	return e
}

// More relays than may be under way flow between two chains of which nobody has both, and none bounces: acknowledgements are brought as
// relays are.
func TestFlowsApart(t *testing.T) {
	f, from, to := apart(t)
	crossed := f.watch()
	for sent := uint64(0); sent <= chain.MaxUnconsumed+chain.MaxUnconsumed/4; sent = from.outward(second).Next {
		from.sprays(96)
		if n := crossed.failed[chain.StatusLimit]; n > 0 {
			t.Fatalf("%d bounced", n)
		}
		f.carries(from, to)
		if from.outward(second).Waiting() < chain.MaxUnconsumed/4 {
			continue
		}
		if kept, fault, err := from.bag.PutAck(from.arrival, f.acknowledgement()); !kept || fault != nil || err != nil {
			t.Fatalf("kept: %t, %v, %v", kept, fault, err)
		}
	}
	if to.inward(first) != from.outward(second).Next {
		t.Errorf("%d of %d were taken in", to.inward(first), from.outward(second).Next)
	}
}

// An acknowledgement makes an idle chain's block if much is under way alone; else the next block takes it in, if it shows enough to be worth
// its bytes. It is taken in once, whoever brings it again.
func TestAcknowledgedOnce(t *testing.T) {
	f, from, to := apart(t)
	put := func(e *light.Acknowledgement, want bool) {
		t.Helper()
		if kept, fault, err := from.bag.PutAck(from.arrival, e); kept != want || fault != nil || err != nil {
			t.Fatalf("kept: %t, %v, %v", kept, fault, err)
		}
	}
	for range 10 { // fewer than are worth it
		from.pay(1, 5, 0, wallet(second, 2))
	}
	from.idle()
	from.carry(true)
	f.carries(from, to)
	if n := from.outward(second).Waiting(); n < 10 || n >= 32 {
		t.Fatalf("%d are under way", n)
	}
	put(f.acknowledgement(), false)
	from.sprays(3)
	f.carries(from, to)
	some := f.acknowledgement()
	put(some, true)
	put(some, false)
	if blocks := from.idle(); blocks > 0 {
		t.Errorf("%d blocks of an idle chain, and little is under way", blocks)
	}
	from.grow()
	if got := from.outward(second); got.Consumed < 3*chain.MaxSent || got.Waiting() != 0 {
		t.Errorf("after a block: %+v", got)
	}
	put(some, false)
	for from.outward(second).Waiting() < chain.MaxUnconsumed/2 {
		from.sprays(48)
		f.carries(from, to)
	}
	put(f.acknowledgement(), true)
	if blocks := from.idle(); blocks != 1 || from.outward(second).Waiting() != 0 {
		t.Errorf("%d blocks, and %d are under way", blocks, from.outward(second).Waiting())
	}
}

// What is told, as members do, is kept if it shows what it says. What is changed on the way is refused, whatever byte it is, and displaces
// nothing; and so is what is for another chain.
func TestAcknowledgementTold(t *testing.T) {
	f, from, to := apart(t)
	from.sprays(5)
	f.carries(from, to)
	good := f.acknowledgement()
	raw := good.Encode()
	now := uint64(1_000_000)
	other := relay.NewBag(f.far(main, first))
	tell := func(raw []byte) (bool, *block.Fault, error) {
		now += 10_000
		return other.Told(from.arrival, keys.PublicKey{1}, raw, now)
	}
	for i := 0; i < len(raw); i += 41 {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if kept, _, _ := tell(bad); kept {
			t.Errorf("byte %d of %d is changed, and it is kept", i, len(raw))
		}
	}
	if kept, _, err := from.bag.PutAck(from.arrival, good); !kept || err != nil {
		t.Fatal(kept, err)
	}
	raws, err := from.bag.Again(from.arrival, 1)
	if err != nil || len(raws) != 1 {
		t.Fatalf("%d are told of, %v", len(raws), err)
	}
	if kept, fault, err := tell(raws[0]); !kept || fault != nil || err != nil {
		t.Fatal(kept, fault, err)
	}
	if kept, _, err := tell(raws[0]); kept || err != nil {
		t.Fatal("the same once more", err)
	}
	from.grow()
	if again, err := from.bag.Again(from.arrival, 10_000); err != nil || len(again) != 0 {
		t.Errorf("what was taken in is told of: %d, %v", len(again), err)
	}
	if again, err := other.Again(from.arrival, 1<<40); err != nil || len(again) != 0 {
		t.Errorf("what was taken in is told of by who was told: %d, %v", len(again), err)
	}
}
