package relay_test

import (
	"crypto/sha256"
	"errors"
	"flag"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// siblings are three chains under the main one.
var siblings = chain.Tree{{ID: main}, {ID: 2, Parent: main}, {ID: 3, Parent: main}, {ID: 4, Parent: main}}

// Methods that the wallets of these tests have beside the common ones.
const (
	burn  = "burn"  // use burnGas, of a block's share of so many
	spray = "spray" // pay a unit to the wallet in the input, chain.MaxSent times
)

const burnGas = 25_000_000

// arriving is the gas of the relays that a block may take in (SPEC 4.5) of a chain with the default parameters: what a chain can take.
const arriving = 250_000_000

// laden are programs with these methods.
type laden struct{ exec.Programs }

func (p laden) Program(self chain.Address, a chain.Account, m *chain.Message) (exec.Program, error) {
	if m.Kind == chain.Relay && m.Method == burn || m.Method == spray {
		return laborer{}, nil
	}
	return p.Programs.Program(self, a, m)
}

type laborer struct{}

func (laborer) Handle(env *exec.Env) error {
	if env.Message.Method == burn {
		return env.Charge(burnGas)
	}
	var to chain.Address
	copy(to[:], env.Message.Input)
	for range chain.MaxSent {
		if err := env.Send(chain.Sent{To: to, Method: chain.MethodAdd, Amount: chain.NewAmount(1), GasLimit: gas.Add}); err != nil {
			return err
		}
	}
	return nil
}

func labors(f *forest) { f.programs = func(p exec.Programs) exec.Programs { return laden{p} } }

// try submits a call from wallet n at the chain's door, and says why it was refused. The nonce is used if it was not.
func (c *trunk) try(n byte, to chain.Address, method string, limit uint64, input []byte) error {
	c.t.Helper()
	call := chain.CallInput{To: to, Method: method, GasLimit: limit, Input: input}.Encode()
	m := c.message(n, chain.MethodCall, 1, 0, call)
	m.GasLimit = exec.ExternalGas(m) + exec.SendGas(&chain.Sent{Method: method, Input: input}) + limit + gas.Bounce
	m.Sign(keys.FromSeed([32]byte{n}))
	err := c.door.Submit([][]byte{m.Encode()})[0].Refused
	if err != nil {
		c.nonces[m.From]--
	}
	return err
}

func (c *trunk) outward(to chain.ID) chain.Outward {
	c.t.Helper()
	raw, err := c.State().Entry(chain.SystemAddress(c.id), chain.OutKey(to))
	if err != nil {
		c.t.Fatal(err)
	}
	o, err := chain.DecodeOutward(raw)
	if err != nil {
		c.t.Fatal(err)
	}
	return o
}

// sequence is a list of messages of which nothing is kept but what another list that is the same has, too.
type sequence struct {
	n   int
	all [sha256.Size]byte
}

func (s *sequence) add(id chain.MessageID) {
	s.n++
	s.all = sha256.Sum256(append(s.all[:], id[:]...))
}

// crossings hold that what leaves for a chain comes there, once and in order.
type crossings struct {
	sent, taken map[[2]chain.ID]*sequence
	failed      map[chain.Status]int
}

func (f *forest) watch() *crossings {
	x := &crossings{map[[2]chain.ID]*sequence{}, map[[2]chain.ID]*sequence{}, map[chain.Status]int{}}
	for _, from := range f.ids {
		for _, to := range f.ids {
			x.sent[[2]chain.ID{from, to}], x.taken[[2]chain.ID{from, to}] = &sequence{}, &sequence{}
		}
	}
	for _, id := range f.ids {
		f.trunks[id].seen = func(r *block.Result) {
			for _, o := range r.Outbox {
				way := [2]chain.ID{id, o.To}
				x.sent[way].add(o.Message.ID())
			}
			for i := range r.Block.Arrived.Imports {
				im := &r.Block.Arrived.Imports[i]
				way := [2]chain.ID{im.Source, id}
				for _, m := range im.Messages {
					x.taken[way].add(m.ID())
				}
			}
			for _, receipt := range r.Journal.Receipts {
				x.failed[receipt.Status]++
			}
		}
	}
	return x
}

func (x *crossings) done(t *testing.T) (all int) {
	t.Helper()
	for way, sent := range x.sent {
		all += sent.n
		if *sent != *x.taken[way] {
			t.Errorf("chain %d to chain %d: %d sent, %d taken in, or others", way[0], way[1], sent.n, x.taken[way].n)
		}
	}
	return all
}

func (f *forest) total() (sum uint64) {
	for _, id := range f.ids {
		sum += low(f.trunks[id].held())
	}
	return sum
}

var (
	seedFlag  = flag.Uint64("seed", 0, "repeat the random tests with this seed")
	floodFlag = flag.Int("flood.blocks", 180, "blocks of each chain that TestFlood makes in its hour")
)

// Three chains flood each other with ten times of what they can take in, for an hour: those who send are told to wait, what is under way
// stays bounded, and so does the heap, and in the end all of it arrives, once and in order, and all the money is there. So it is whatever they send, and wherever in
// the tree they are: each seed draws both anew. Users go on as long as the chains do, so how long a block takes changes nothing but how many there are:
// `make flood` makes one a second.
func TestFlood(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat it with: go test ./runtime/relay -run 'TestFlood$' -flood.blocks %d -seed %d", *floodFlag, seed)
	floodAll(t, seed)
}

// flooded are trees of the main chain and the three.
var flooded = []chain.Tree{siblings, siblings, {{ID: main}, {ID: 2, Parent: main}, {ID: 3, Parent: 2}, {ID: 4, Parent: main}}, {{ID: main}, {ID: 2, Parent: main}, {ID: 3, Parent: 2}, {ID: 4, Parent: 2}}}

// flooding is a flood under way.
type flooding struct {
	*forest
	rnd            *rand.Rand
	three          []chain.ID
	shares         map[chain.ID]int // of what a chain sends, in percent, that is not calls which burn
	taken, refused int
	offered        map[chain.ID]uint64 // gas of what would burn on a chain
	most           uint64              // under way from one chain to another
	queue          uint64              // messages that were carried out, most
	heaps          []uint64
}

const (
	// heaps is how often the heap is measured in a flood.
	heaps = 4
	// mostGrowth bounds by how much the heap may grow while a flood goes on, from when all that fills up is full.
	// Thousands of relays are taken in, and tens of thousands of messages refused, from one measure to the next.
	mostGrowth = 2 << 20
)

// weigh measures the heap, of which nothing that is of no use is left.
func (x *flooding) weigh() {
	runtime.GC()
	runtime.GC() // what finalizers freed
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	x.heaps = append(x.heaps, m.HeapAlloc)
}

func floodAll(t *testing.T, seed uint64) {
	blocks := *floodFlag
	millis := uint64(3_600_000 / blocks) // an hour
	rnd := rand.New(rand.NewPCG(seed, 4))
	f := newForest(t, flooded[rnd.IntN(len(flooded))], func(chain.ID) uint64 { return 1_000_000_000_000 }, func(f *forest) {
		labors(f)
		f.unverified, f.dir = true, t.TempDir() // what was final is on the disk, and the heap has what is under way
	})
	x := &flooding{forest: f, rnd: rnd, three: []chain.ID{2, 3, 4}, shares: map[chain.ID]int{}, offered: map[chain.ID]uint64{}}
	for _, id := range x.three {
		x.shares[id] = rnd.IntN(30)
	}
	before, crossed := f.total(), f.watch()
	for n := range blocks {
		f.now += millis
		for _, id := range x.three {
			x.wave(f.trunks[id])
		}
		f.unverified = n%16 != 0
		rnd.Shuffle(len(f.ids), func(i, j int) { f.ids[i], f.ids[j] = f.ids[j], f.ids[i] })
		f.round(f.ids)
		if x.look(); (n+1)*heaps/blocks > n*heaps/blocks {
			x.weigh()
		}
	}
	if growth := int64(slices.Max(x.heaps)) - int64(x.heaps[0]); growth > mostGrowth {
		t.Errorf("the heap grew by %d bytes while the flood went on: %v", growth, x.heaps)
	}
	if x.most > 4*chain.MaxUnconsumed/64 || x.queue > 4*chain.MaxUnconsumed/64 {
		t.Errorf("up to %d were under way from one chain to another, and %d waited in a queue", x.most, x.queue)
	}
	times := x.times(blocks)
	for _, id := range x.three {
		if times[id] < 10 {
			t.Errorf("chain %d was offered %.1f times what it can take in: that was no flood", id, times[id])
		}
	}
	rounds := 0
	for f.round(f.ids) {
		if rounds++; rounds > 200 {
			t.Fatal("it does not drain")
		}
	}
	f.arrived()
	if all := crossed.done(t); all < blocks*3*4 {
		t.Errorf("only %d arrived in %d blocks of three chains", all, blocks)
	}
	if after := f.total(); after != before || len(f.refused) > 0 {
		t.Errorf("%d became %d; digests refused: %v", before, after, f.refused)
	}
	t.Logf("%v times of what they can take in was offered to chains; %d taken, %d refused, up to %d under way and %d in a queue, drained in %d rounds; heap %v; shares %v", times, x.taken, x.refused, x.most, x.queue, rounds, x.heaps, x.shares)
}

// times is how many times of what it can take in each chain was offered.
func (x *flooding) times(blocks int) map[chain.ID]float64 {
	times := map[chain.ID]float64{}
	for id, gas := range x.offered {
		times[id] = float64(gas/arriving) / float64(blocks)
	}
	return times
}

// wave lets users of a chain send ten times of what another one can take in, and more: relays that burn take 25 million of the 250 that may
// arrive in a block, nine or ten of them, and most are such.
func (x *flooding) wave(c *trunk) {
	told := map[chain.ID]int{}
	for k := range 160 {
		to := x.three[(int(c.id)-2+1+x.rnd.IntN(2))%3]
		method, limit := burn, uint64(burnGas+2*gas.Handling)
		if x.rnd.IntN(100) < x.shares[c.id] {
			method = []string{chain.MethodAdd, "nonsense", burn}[x.rnd.IntN(3)]
			limit = []uint64{gas.Add, 2 * gas.Handling, burnGas / 2}[x.rnd.IntN(3)] // some of them too little for what it is for
		}
		if method == burn && limit > burnGas {
			x.offered[to] += burnGas
		}
		if told[to] >= 5 { // all others are told the same until the next block
			x.refused++
			continue
		}
		err := c.try(byte(1+k%3), wallet(to, byte(1+x.rnd.IntN(3))), method, limit, nil)
		var busy *ingress.Refusal
		switch {
		case err == nil:
			x.taken++
		case errors.As(err, &busy) && busy.Code == ingress.CodeChainLoaded:
			x.refused++
			told[to]++
		}
	}
}

// look notes what waits.
func (x *flooding) look() {
	for _, from := range x.three {
		for _, to := range x.ids {
			if to != from {
				x.most = max(x.most, x.trunks[from].outward(to).Waiting())
			}
		}
		if last := x.trunks[from].last; last != nil {
			x.queue = max(x.queue, last.Queued)
		}
	}
}

// A chain that is sent nothing learns in the blocks that it makes anyway what others have taken in. Else what it sent would seem to be
// under way for ever, and it would be held back from a chain that keeps up.
func TestOneWay(t *testing.T) {
	f := newForest(t, siblings, func(chain.ID) uint64 { return 1_000_000 }, nil)
	from, to := f.trunks[2], chain.ID(3)
	const rounds, each = 40, 50
	most := uint64(0)
	for n := range rounds {
		for range each {
			from.pay(1, 1, 0, wallet(to, 1))
		}
		f.round(f.ids)
		if n%4 == 0 { // nothing leaves the other one that would be worth a digest
			f.trunks[to].carry(true)
		}
		most = max(most, from.outward(to).Waiting())
	}
	if sent := from.outward(to).Next; sent < rounds*each || most > rounds*each/2 {
		t.Errorf("%d were sent, and up to %d seemed to be under way", sent, most)
	}
	f.settle()
	f.arrived()
}

// deep is main(2(4), 3(5)).
var deep = chain.Tree{{ID: main}, {ID: 2, Parent: main}, {ID: 3, Parent: main}, {ID: 4, Parent: 2}, {ID: 5, Parent: 3}}

// labor makes a chain loaded with its own users' calls.
func (c *trunk) labor() {
	c.t.Helper()
	for c.header.Load < chain.BusyLoad {
		for n := range 60 {
			if err := c.try(byte(1+n%3), wallet(c.id, byte(1+n%3)), burn, burnGas+2*gas.Handling, nil); err != nil {
				c.t.Fatal(err)
			}
		}
		c.grow()
	}
	if c.id != main {
		c.carry(true)
	}
}

// A chain that is busy with its own slows down who sends to it before anything was ever sent: its parent has recorded that, or it is an
// ancestor, or beside the sender. Of what nobody shows, nothing is believed.
func TestLoadIsKnownBefore(t *testing.T) {
	for _, x := range []struct {
		name     string
		from, to chain.ID
		missing  []chain.ID // of the chains beside the sender
		slowed   bool
	}{
		{"to a sibling", 2, 3, []chain.ID{3, 4, 5}, true},
		{"to a sibling that is here", 2, 3, nil, true},
		{"to the sibling of the parent", 4, 3, []chain.ID{3, 5}, true},
		{"to the parent", 4, 2, []chain.ID{3, 5}, true},
		{"to the main chain", 4, main, []chain.ID{3, 5}, true},
		{"from the main chain to a child", main, 3, []chain.ID{2, 3, 4, 5}, true},
		{"under a sibling that is here", 2, 5, []chain.ID{5}, true},
		{"under a sibling that is not here", 2, 5, []chain.ID{3, 5}, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			f := newForest(t, deep, func(chain.ID) uint64 { return 1_000_000_000 }, labors)
			busy, sender := f.trunks[x.to], f.trunks[x.from]
			busy.labor()
			for id := x.to; id != main; id = deep.Parent(id) {
				f.trunks[id].carry(true)
			}
			for _, id := range x.missing {
				f.all.Add(id, nil)
			}
			if load := busy.header.Load; load < chain.BusyLoad {
				t.Fatalf("load %d", load)
			}
			taken := 0
			for n := range 180 {
				err := sender.try(byte(1+n%3), wallet(x.to, 1), chain.MethodAdd, gas.Add, nil)
				var told *ingress.Refusal
				if errors.As(err, &told) && told.Code == ingress.CodeChainLoaded {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				taken++
			}
			if slowed := taken < 180; slowed != x.slowed || taken == 0 {
				t.Errorf("%d taken", taken)
			}
		})
	}
}

// A chain that floods another one keeps out nobody else's relays.
func TestFair(t *testing.T) {
	const flood, modest, busy = 2, 3, 4
	f := newForest(t, siblings, func(chain.ID) uint64 { return 1_000_000 }, func(f *forest) { labors(f); f.unverified = true })
	crossed := f.watch()
	f.trunks[busy].stopped = true
	to := wallet(busy, 1)
	const sprayGas = chain.MaxSent * (3_000 + gas.Add + gas.Bounce + 200*chain.GasPerByte)
	for n := range 100 { // several blocks' worth of what may arrive
		if err := f.trunks[flood].try(byte(1+n%3), wallet(flood, byte(1+n%3)), spray, sprayGas, to[:]); err != nil {
			t.Fatal(err)
		}
		if n%50 == 49 {
			f.round(f.ids)
		}
	}
	for range 3 {
		f.trunks[modest].pay(1, 5, 0, to)
		f.round(f.ids)
	}
	f.trunks[busy].stopped = false
	f.round(f.ids)
	if got := crossed.taken[[2]chain.ID{modest, busy}].n; got != 3 {
		t.Errorf("%d of 3 were taken in beside a flood", got)
	}
	if got := crossed.taken[[2]chain.ID{flood, busy}].n; got < 1000 || got >= 100*chain.MaxSent {
		t.Errorf("%d of the flood were taken in with the first block", got)
	}
	f.settle()
	f.arrived()
	crossed.done(t)
}
