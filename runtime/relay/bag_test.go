package relay_test

import (
	"cmp"
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

func (c *trunk) arrival() *block.Arrival { return block.NewArrival(c.before(), c.rules, c.context()) }

// call sends b a call with a gas limit, from wallet n.
func (c *trunk) call(n byte, limit uint64) {
	c.t.Helper()
	in := chain.CallInput{To: wallet(b, 1), Method: "do", GasLimit: limit}
	m := c.message(n, chain.MethodCall, 0, 0, in.Encode())
	m.GasLimit = exec.ExternalGas(m) + exec.SendGas(&chain.Sent{Method: in.Method}) + limit + gas.Bounce
	c.offer(m.Sign(keys.FromSeed([32]byte{n})))
}

// shown makes a block and lets the main chain know of it.
func (c *trunk) shown() {
	c.t.Helper()
	c.grow()
	for up := c; up.carrier != nil; up = up.trunks[up.carrier.Parent] {
		up.carry(true)
	}
}

// envelope is of the relays to b from number 0 on.
func (c *trunk) envelope(first uint64) *light.Envelope {
	c.t.Helper()
	e, err := c.all.Envelope(family, c.id, b, first)
	if err != nil {
		c.t.Fatal(err)
	}
	return e
}

// brought is what a bag brings to b's next block: how many imports, and how many faults.
func (f *forest) brought(bag *relay.Bag) (imports, faults int) {
	f.t.Helper()
	arrival := f.trunks[b].arrival()
	refused, err := bag.Bring(arrival)
	if err != nil {
		f.t.Fatal(err)
	}
	return len(arrival.Arrived.Imports), len(refused)
}

// Envelopes that can't be next make room for those that can; none of these does for another.
func TestBagRoom(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	bag, most := relay.NewBag(relay.NewChains()), uint64(16)
	put := func(first uint64) error {
		e := &light.Envelope{Import: chain.Import{Source: a, First: first, Messages: make([]*chain.Message, 1)}}
		return bag.Keep(f.trunks[b].arrival(), e)
	}
	for i := range most {
		if err := put(100 + i); err != nil {
			t.Fatal(err)
		}
	}
	for i := range most {
		if err := put(i); err != nil {
			t.Fatalf("envelope %d, and others lack one before them: %v", i, err)
		}
	}
	for _, first := range []uint64{most, 1 << 63} {
		if err := put(first); !errors.Is(err, relay.ErrBag) {
			t.Errorf("one too many: %v", err)
		}
	}
}

// A forged envelope takes no other one with it, though it has raised the view before that could.
func TestBagForged(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	bag := relay.NewBag(relay.NewChains())
	f.trunks[a].pay(1, 5, 0, wallet(b, 1))
	f.trunks[a].shown()
	forged := f.trunks[a].envelope(0)
	forged.Import.Proof[len(forged.Import.Proof)-1] ^= 1
	f.trunks[a1].pay(1, 5, 0, wallet(b, 1))
	f.trunks[a1].shown()
	for _, e := range []*light.Envelope{forged, f.trunks[a1].envelope(0)} {
		if err := bag.Keep(f.trunks[b].arrival(), e); err != nil {
			t.Fatal(err)
		}
	}
	if imports, faults := f.brought(bag); imports != 0 || faults != 1 {
		t.Errorf("%d imports, %d faults with the forged one", imports, faults)
	}
	if imports, faults := f.brought(bag); imports != 1 || faults != 0 {
		t.Errorf("%d imports, %d faults without it", imports, faults)
	}
}

// What is brought displaces nothing that is right, whatever it is: not a forged envelope with the same beginning, nor a piece of it, before or
// behind; and the chain makes no block for it.
func TestBagDisplaced(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	to := f.trunks[b]
	to.bag = relay.NewBag(relay.NewChains())
	for range 5 {
		f.trunks[a].pay(1, 5, 0, wallet(b, 1))
	}
	f.trunks[a].shown()
	all := f.trunks[a].envelope(0)
	part := func(from, till int) *light.Envelope {
		e, err := all.Part(from, till)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	put := func(e *light.Envelope, good bool) {
		t.Helper()
		if fault, err := to.bag.Put(to.arrival, e); (fault == nil) != good || err != nil {
			t.Fatalf("%v, %v", fault, err)
		}
	}
	forge := func(how func(*light.Envelope)) *light.Envelope {
		e, err := light.DecodeEnvelope(all.Encode())
		if err != nil {
			t.Fatal(err)
		}
		how(&e)
		return &e
	}
	forged := []*light.Envelope{
		forge(func(e *light.Envelope) { e.Import.Proof[len(e.Import.Proof)-1] ^= 1 }),
		forge(func(e *light.Envelope) {
			m := e.Import.Messages[0].Clone()
			m.Amount = chain.NewAmount(500)
			e.Import.Messages[0] = m.Seal()
		}),
		forge(func(e *light.Envelope) { e.Import.Messages = e.Import.Messages[:2] }),
		forge(func(e *light.Envelope) { e.Views[0].Certificate.Signature[9] ^= 1 }),
		forge(func(e *light.Envelope) { e.Views = nil; e.Import.Proof = nil }),
	}
	for _, e := range forged {
		put(e, false)
	}
	if ready, err := to.bag.Ready(to.arrival()); ready || err != nil {
		t.Errorf("forged envelopes are worth a block: %v", err)
	}
	put(part(0, 2), true)
	put(all, true)
	for _, e := range forged {
		put(e, false)
	}
	put(part(0, 1), true) // it is right, and has less
	if got := to.taken(2); !slices.Equal(got, []int{5, 0}) {
		t.Errorf("took in %v", got)
	}
	put(all, true) // spent
	if ready, err := to.bag.Ready(to.arrival()); ready || err != nil {
		t.Errorf("there is more: %v", err)
	}
}

// An envelope holds no more gas than a block takes in, and one that finds no room beside another waits for the next block.
func TestBagGas(t *testing.T) {
	const much = chain.MaxMessageGas / 2
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	bag := relay.NewBag(relay.NewChains())
	for _, from := range []chain.ID{a, a1} {
		for n := range byte(3) {
			f.trunks[from].call(n+1, much)
		}
		f.trunks[from].shown()
	}
	for _, from := range []chain.ID{a, a1} {
		e := f.trunks[from].envelope(0)
		if n := len(e.Import.Messages); n == 0 || n > 2 {
			t.Fatalf("%d relays of %d gas in one envelope", n, uint64(much))
		}
		if fault, err := bag.Put(f.trunks[b].arrival, e); fault != nil || err != nil {
			t.Fatal(fault, err)
		}
	}
	for range 2 {
		if imports, faults := f.brought(bag); imports != 1 || faults != 0 {
			t.Errorf("%d imports, %d faults", imports, faults)
		}
	}
}

// taken is how many relays each of a chain's next blocks takes in.
func (c *trunk) taken(blocks int) (list []int) {
	c.t.Helper()
	for range blocks {
		c.grow()
		taken := 0
		for i := range c.last.Block.Arrived.Imports {
			taken += len(c.last.Block.Arrived.Imports[i].Messages)
		}
		list = append(list, taken)
	}
	return list
}

// Of an envelope's relays those count that a chain has not taken in by another way, and those before one that it can't take in.
func TestBagPart(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	to := f.trunks[b]
	to.bag = relay.NewBag(relay.NewChains())
	for range 5 {
		f.trunks[a].pay(1, 5, 0, wallet(b, 1))
	}
	f.trunks[a].shown()
	all := f.trunks[a].envelope(0)
	put := func(from, till int) {
		t.Helper()
		part, err := all.Part(from, till)
		if err != nil {
			t.Fatal(err)
		}
		if fault, err := to.bag.Put(to.arrival, part); fault != nil || err != nil {
			t.Fatal(fault, err)
		}
	}
	put(0, 2)
	if got := to.taken(2); !slices.Equal(got, []int{2, 0}) {
		t.Errorf("took in %v", got)
	}
	put(0, 3) // two of them again
	if got := to.taken(2); !slices.Equal(got, []int{1, 0}) {
		t.Errorf("took in %v", got)
	}
	put(2, 5) // one of them again
	if got := to.taken(2); !slices.Equal(got, []int{2, 0}) {
		t.Errorf("took in %v", got)
	}
	if ready, err := to.bag.Ready(to.arrival()); ready || err != nil {
		t.Errorf("there is more: %v", err)
	}

	amounts := make([]chain.Amount, 6)
	for i := range amounts {
		amounts[i] = chain.NewAmount(3)
	}
	amounts[5] = chain.MaxAmount
	f.gift(amounts...)
	if fault, err := to.bag.Put(to.arrival, f.trunks[main].envelope(0)); fault != nil || err != nil {
		t.Fatal(fault, err)
	}
	if got := to.taken(5); !slices.Equal(got, []int{3, 1, 1, 0, 0}) {
		t.Errorf("took in %v", got)
	}
	if ready, err := to.bag.Ready(to.arrival()); ready || err != nil {
		t.Errorf("there is more: %v", err)
	}
}

// An envelope waits for the next block where this one has no room, and is not kept out by what the chains that are here bring.
func TestBagTurns(t *testing.T) {
	const much = chain.MaxMessageGas / 2
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	to, others := f.trunks[b], relay.NewChains()
	others.Add(main, f.trunks[main])
	others.Add(a, f.trunks[a])
	to.bag = relay.NewBag(others)
	f.trunks[a1].pay(1, 5, 0, wallet(b, 1))
	f.trunks[a1].shown()
	e := f.trunks[a1].envelope(0)
	for range 2 {
		for n := range byte(3) {
			f.trunks[a].call(n+1, much)
		}
		f.trunks[a].grow()
	}
	f.trunks[a].shown()
	if fault, err := to.bag.Put(to.arrival, e); fault != nil || err != nil {
		t.Fatal(fault, err)
	}
	blocks := 0
	for ; ; blocks++ {
		in, err := to.arrival().In(a1)
		if err != nil || blocks > 2 {
			t.Fatalf("%d blocks, and relay 0 is not taken in: %v", blocks, err)
		}
		if in > 0 {
			break
		}
		to.grow()
	}
}

// registrar is a registry that takes every committee.
type registrar struct{ exec.Programs }

func (r registrar) Program(self chain.Address, a chain.Account, m *chain.Message) (exec.Program, error) {
	if self == chain.RegistryAddress() && m.Method == chain.MethodCommittee {
		return register{}, nil
	}
	return r.Programs.Program(self, a, m)
}

type register struct{}

func (register) Handle(env *exec.Env) error {
	c, err := chain.DecodeCommittee(env.Input)
	if err != nil {
		return err
	}
	return env.Write(chain.RegisteredCharter(chain.Main), chain.Charter{Seats: c, Params: env.Context.Params}.Encode())
}

// handsOver changes the seed of the chain's committee, and makes the first block of its next epoch.
func (c *trunk) handsOver() {
	c.t.Helper()
	next, err := c.before().Committee()
	if err != nil {
		c.t.Fatal(err)
	}
	next.Seed[0] ^= 1
	in := chain.CallInput{To: chain.RegistryAddress(), Method: chain.MethodCommittee, GasLimit: 5_000_000, Input: next.Append(nil)}
	m := c.message(1, chain.MethodCall, 0, 0, in.Encode())
	m.GasLimit = 20_000_000
	c.offer(m.Sign(keys.FromSeed([32]byte{1})))
	c.grow()
	c.grow() // the last of its epoch
	if next, err = c.before().Committee(); err != nil || next.Epoch != c.header.Epoch+1 {
		c.t.Fatalf("epoch %d follows %d: %v", next.Epoch, c.header.Epoch, err)
	}
	if c.seats, err = light.NewCommittee(c.header.Network, next); err != nil {
		c.t.Fatal(err)
	}
	c.grow()
}

// An envelope shows the ancestor's head, and who made it doesn't know the view of the chain that it is for. Where the ancestor's committee has
// changed in between, the chain goes over that by itself.
func TestBagBehindHandover(t *testing.T) {
	plant := func(f *forest) { f.programs = func(p exec.Programs) exec.Programs { return registrar{p} } }
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, plant)
	f.trunks[a].pay(1, 5, 0, wallet(b, 1))
	f.trunks[a].shown()
	root := f.trunks[chain.Main]
	root.handsOver()
	root.handsOver()
	chains := relay.NewChains()
	bag := relay.NewBag(chains)
	if fault, err := bag.Put(f.trunks[b].arrival, f.trunks[a].envelope(0)); fault == nil || err != nil {
		t.Fatalf("nothing here knows of the committees between: %v", err)
	}
	chains.Add(chain.Main, root)
	if fault, err := bag.Put(f.trunks[b].arrival, f.trunks[a].envelope(0)); fault != nil || err != nil {
		t.Fatal(fault, err)
	}
	if imports, faults := f.brought(bag); imports != 1 || faults != 0 {
		t.Errorf("%d imports, %d faults", imports, faults)
	}
}

// Of envelopes that start from several blocks of an ancestor that is not here the earliest is taken in first, whoever's turn it is: the others
// come in later blocks, and none is refused.
func TestBagEarliestFirst(t *testing.T) {
	for turn := range 2 {
		f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
		to := f.trunks[b]
		bag := relay.NewBag(relay.NewChains())
		for _, from := range []chain.ID{a1, a} { // the higher number, and so the later place in a block, before
			f.trunks[from].pay(1, 5, 0, wallet(b, 1))
			f.trunks[from].shown()
			e, err := f.all.Envelope(family, from, b, 0)
			if err != nil {
				t.Fatal(err)
			}
			if fault, err := bag.Put(to.arrival, e); fault != nil || err != nil {
				t.Fatal(fault, err)
			}
		}
		to.bag = bag
		for range turn {
			to.bag = relay.NewBag(relay.NewChains())
			to.grow() // the other one's turn
			to.bag = bag
		}
		for _, from := range []chain.ID{a1, a} {
			if refused := to.grow(); len(refused) > 0 {
				t.Fatalf("turn %d: %v refused", turn, refused)
			}
			if n := to.inward(from); n != 1 {
				t.Errorf("turn %d: %d relays of chain %d were taken in", turn, n, from)
			}
		}
	}
}

// It goes before its turn once: who brings more that starts from there doesn't keep out those whose turn it is.
func TestBagEarliestOnce(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	to := f.trunks[b]
	var both []*light.Envelope
	for _, from := range []chain.ID{a1, a} {
		f.trunks[from].pay(1, 5, 0, wallet(b, 1))
		f.trunks[from].shown()
		e, err := f.all.Envelope(family, from, b, 0)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, e)
	}
	var went [][2]chain.ID
	for range 2 { // two heights: of each source one has its turn
		bag := relay.NewBag(relay.NewChains())
		var sources [2]chain.ID
		for try := range sources { // blocks that are proposed, and don't become final
			for _, e := range both {
				if fault, err := bag.Put(to.arrival, e); fault != nil || err != nil {
					t.Fatal(fault, err)
				}
			}
			block := to.arrival()
			if refused, err := bag.Bring(block); err != nil || len(refused) > 0 || len(block.Arrived.Imports) != 1 {
				t.Fatalf("%d imports, %v refused, %v", len(block.Arrived.Imports), refused, err)
			}
			sources[try] = block.Arrived.Imports[0].Source
		}
		went = append(went, sources)
		to.bag = relay.NewBag(relay.NewChains())
		to.grow()
	}
	slices.SortFunc(went, func(x, y [2]chain.ID) int { return cmp.Compare(x[1], y[1]) })
	if want := [][2]chain.ID{{a1, a}, {a1, a1}}; !slices.Equal(went, want) {
		t.Errorf("%v went first, want %v", went, want)
	}
}

// The head that an envelope starts from is not the ancestor's head any more, nor what the chain knows of it: relays are taken in all the same
// where the ancestor is here, those of several heads together, and from a head on as well as from a block before it.
func TestBagBehindHead(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	root := f.trunks[chain.Main]
	for _, to := range []chain.ID{main, b} {
		chains := relay.NewChains()
		bag := relay.NewBag(chains)
		for _, from := range []chain.ID{a1, a} {
			f.trunks[from].pay(1, 5, 0, wallet(to, 1))
			f.trunks[from].shown()
			e, err := f.all.Envelope(family, from, to, 0)
			if err != nil {
				t.Fatal(err)
			}
			if fault, err := bag.Put(f.trunks[to].arrival, e); fault != nil || err != nil {
				t.Fatal(fault, err)
			}
			f.all.Add(from, nil) // else the main chain takes it in at once
			root.grow()
		}
		arrival := f.trunks[to].arrival()
		if to != main {
			shown, err := root.Show(nil)
			if err != nil {
				t.Fatal(err)
			}
			if fault, err := arrival.View(&shown.Digest); fault != nil || err != nil {
				t.Fatal(fault, err)
			}
		}
		for _, from := range []chain.ID{a1, a} {
			f.all.Add(from, f.trunks[from])
		}
		chains.Add(main, root)
		if refused, err := bag.Bring(arrival); err != nil || len(refused) > 0 || len(arrival.Arrived.Imports) != 2 {
			t.Errorf("chain %d: %d imports, %v refused, %v", to, len(arrival.Arrived.Imports), refused, err)
		}
	}
}

// passing is a state at which a block becomes final after the first look at the number that is expected next.
type passing struct {
	exec.State
	then func()
}

func (s *passing) Entry(at chain.Address, key string) (value []byte, err error) {
	value, err = s.State.Entry(at, key)
	if then := s.then; then != nil && key == chain.InKey(a) {
		s.then = nil
		then()
	}
	return value, err
}

// An envelope that is looked at while a block with the same relays becomes final is nobody's fault: it is spent.
func TestBagWhileABlockIsMade(t *testing.T) {
	f := newForest(t, family, func(chain.ID) uint64 { return 1_000 }, nil)
	to := f.trunks[b]
	to.bag = relay.NewBag(relay.NewChains())
	f.trunks[a].pay(1, 5, 0, wallet(b, 1))
	f.trunks[a].shown()
	e := f.trunks[a].envelope(0)
	looks := 0
	while := func() *block.Arrival {
		before := to.before()
		if looks++; looks == 1 {
			before.State = &passing{to.State(), func() {
				if fault, err := to.bag.Put(to.arrival, e); fault != nil || err != nil {
					t.Fatal(fault, err)
				}
				to.grow()
			}}
		}
		return block.NewArrival(before, to.rules, to.context())
	}
	if fault, err := to.bag.Put(while, e); fault != nil || err != nil || looks < 3 {
		t.Errorf("%v, %v, looked at %d times", fault, err, looks)
	}
	if kept, fault, err := to.bag.Told(to.arrival, keys.PublicKey{1}, e.Encode(), 0); kept || fault != nil || err != nil {
		t.Errorf("%v, %v, %v", kept, fault, err)
	}
}
