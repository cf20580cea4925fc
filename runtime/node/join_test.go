package node

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// answeringState is a node's way to others on which it changes what it answers to who begins with a state.
type answeringState struct {
	Net
	change func(a *stateIs) bool // false for no answer
}

func (a answeringState) Send(to keys.PublicKey, raw []byte) {
	if raw[0] == frameStateIs {
		is, err := decodeStateIs(append([]byte(nil), raw[1:]...))
		if err != nil {
			panic(err)
		}
		if !a.change(&is) {
			return
		}
		raw = is.encode()
	}
	a.Net.Send(to, raw)
}

func (a answeringState) Peers() []keys.PublicKey { return a.Net.(peersNet).Peers() }

// testPieces is the length of pieces: some accounts.
const testPieces = 300

// testStep is how far offered states are apart.
const testStep = 16

// stated are four members, of whom the last never was there, with some accounts and more than one state to offer.
func stated(t *testing.T, change func(i int, a *stateIs) bool) *committeeRig {
	t.Helper()
	r := newCommittee(t, 4)
	for n := byte(10); n < 60; n++ {
		r.genesis.Accounts = append(r.genesis.Accounts, testGenesis(5, n).Accounts...)
	}
	sortGenesis(r.genesis)
	for i := range 3 {
		c := r.config(i, true)
		c.pieces, c.step = testPieces, testStep
		if change != nil {
			c.Member.Net = answeringState{c.Member.Net, func(a *stateIs) bool { return change(i, a) }}
		}
		r.nodes[i] = open(t, c)
	}
	for nonce := range uint64(testStep + 10) {
		r.pay(0, payment(r.nodes[0], 1, byte(10+nonce%50), 1, nonce))
	}
	return r
}

func (r *committeeRig) joinConfig(told func(done, total int)) Config {
	c := r.config(3, false)
	c.pieces, c.step = testPieces, testStep
	c.Join = &Join{Patience: 20 * time.Second, Told: func(_ chain.ID, done, total int, _ uint64) {
		if told != nil {
			told(done, total)
		}
	}}
	return c
}

// joined opens the last member and holds it to be like the others, without the blocks before its state.
func (r *committeeRig) joined(c Config) *Node {
	r.t.Helper()
	n := open(r.t, c)
	r.nodes[3] = n
	base, _, err := n.store.Base(1)
	if err != nil || base != testStep {
		r.t.Fatalf("it begins with block %d, %v", base, err)
	}
	r.await(r.nodes[0].Head().Header.Height)
	for height := uint64(1); height <= base; height++ {
		if _, _, err := n.store.Block(1, height); !errors.Is(err, store.ErrPruned) {
			r.t.Errorf("block %d: %v", height, err)
		}
	}
	for height := base; height <= r.nodes[0].Head().Header.Height; height++ {
		a, _ := r.nodes[0].store.Header(1, height)
		if b, err := n.store.Header(1, height); err != nil || a.Hash() != b.Hash() {
			r.t.Errorf("block %d is another: %v", height, err)
		}
	}
	for k := byte(1); k < 60; k++ {
		want, _ := r.nodes[0].Account(testAddress(k))
		if got, err := n.Account(testAddress(k)); err != nil || got.Account != want.Account {
			r.t.Errorf("account %d: %+v, %v", k, got.Account, err)
		}
	}
	return n
}

// A member that lost its disk begins with a state from several others, whoever lies among them in whichever way: it costs time alone, the
// pieces are asked of others, and what it ends with is the chain. It signs nothing until that is safe (SPEC 5.6), and then it does.
func TestJoin(t *testing.T) {
	liar := func(kind byte, lie func(a *stateIs)) func(i int, a *stateIs) bool {
		return func(i int, a *stateIs) bool {
			if i == 1 && a.kind == kind {
				lie(a)
			}
			return true
		}
	}
	for _, c := range []struct {
		name   string
		change func(i int, a *stateIs) bool
	}{
		{"honest", nil},
		{"silent", func(i int, a *stateIs) bool { return i != 1 }},
		{"no pieces", func(i int, a *stateIs) bool { return i != 1 || a.kind != statePiece }},
		{"value", liar(statePiece, func(a *stateIs) { a.leaves[0].Value[0] ^= 1 })},
		{"missing", liar(statePiece, func(a *stateIs) { a.leaves = a.leaves[1:] })},
		{"nothing", liar(statePiece, func(a *stateIs) { a.leaves = nil })},
		{"extra", liar(statePiece, func(a *stateIs) {
			a.leaves = append(a.leaves, exec.Write{Slot: exec.Slot{Account: a.leaves[0].Account, Key: "more"}, Value: []byte{1}})
		})},
		{"order", liar(statePiece, func(a *stateIs) { a.leaves = append(a.leaves, a.leaves[0]) })},
		{"height", liar(statePiece, func(a *stateIs) { a.height++ })},
		{"offered height", liar(stateOffer, func(a *stateIs) { a.height += testStep })},
		{"offered piece", liar(stateOffer, func(a *stateIs) { a.pieces[0].Hash[0] ^= 1 })},
		{"offered path", liar(stateOffer, func(a *stateIs) { a.pieces[0].Path[0] ^= 1 })},
		{"certificate", liar(stateOffer, func(a *stateIs) { a.digests[0].Certificate.Signature[7] ^= 1 })},
		{"header", liar(stateOffer, func(a *stateIs) { a.digests[0].Headers[0].Roots.State[0] ^= 1 })},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var asked [3]atomic.Int32
			r := stated(t, func(i int, a *stateIs) bool {
				if a.kind == statePiece {
					asked[i].Add(1)
				}
				return c.change == nil || c.change(i, a)
			})
			total := 0
			n := r.joined(r.joinConfig(func(_, of int) { total = of }))
			if total < 8 || asked[0].Load() == 0 || asked[2].Load() == 0 {
				t.Errorf("%d pieces, %d and %d of the honest", total, asked[0].Load(), asked[2].Load())
			}
			safety, _, err := n.kept.Votes()
			if err != nil || !safety.Lost {
				t.Errorf("it knows what it signed: %+v, %v", safety, err)
			}
			for nonce := uint64(testStep + 10); nonce < testStep+16; nonce++ {
				r.pay(0, payment(r.nodes[0], 1, 2, 1, nonce))
			}
			until(t, "it signs again", func() bool { s, _, err := n.kept.Votes(); return err == nil && !s.Lost })
			r.stop(3) // what it began with is as good as any
			r.nodes[3] = open(t, r.config(3, false))
			r.stop(0)
			m := payment(r.nodes[1], 1, 2, 1, testStep+16)
			r.pay(1, m) // not without its vote
		})
	}
}

// A state of a height that is nobody's but its maker's is not begun with: states are offered of some heights alone.
func TestJoinHeightOfOneAlone(t *testing.T) {
	t.Parallel()
	r := stated(t, func(i int, _ *stateIs) bool { return i != 2 })
	r.nodes[1].config.step = 1 // it offers its head
	r.joined(r.joinConfig(nil))
}

func TestBestOffer(t *testing.T) {
	offer := func(vain, by int, height uint64) *offered {
		return &offered{is: &stateIs{height: height}, vain: vain, by: by}
	}
	for _, c := range []struct {
		name string
		best *offered
		rest []*offered
	}{
		{"who makes another offer each time has made some that came to nothing", offer(0, 1, 64), []*offered{offer(1, 1, 128), offer(2, 3, 192)}},
		{"two make it", offer(0, 2, 64), []*offered{offer(0, 1, 128), offer(0, 1, 192)}},
		{"the higher of what two make", offer(0, 2, 128), []*offered{offer(0, 3, 64), offer(0, 1, 192)}},
		{"what most make of a height", offer(0, 3, 128), []*offered{offer(0, 2, 128), offer(0, 1, 128)}},
		{"all came to nothing", offer(1, 2, 64), []*offered{offer(2, 2, 128), offer(3, 2, 64)}},
	} {
		for range 10 { // orders of the map
			offers := map[chain.Hash]*offered{{255}: c.best}
			for i, o := range c.rest {
				offers[chain.Hash{byte(i + 1)}] = o
			}
			if got := offers[bestOf(offers)]; got != c.best {
				t.Errorf("%s: of %d, by %d, height %d", c.name, got.vain, got.by, got.is.height)
			}
		}
	}
}

// Who keeps old states open at a node keeps nobody from beginning: they are offered to who asks for any, and one that is about to end goes for a new one.
func TestStatesHeldOpen(t *testing.T) {
	r := stated(t, nil)
	r.nodes[0].config.back = 4 * testStep
	nonce := uint64(testStep + 10)
	until := func(height uint64) {
		for ; nonce < height; nonce++ {
			r.pay(0, payment(r.nodes[0], 1, byte(10+nonce%50), 1, nonce))
		}
	}
	until(3 * testStep)
	heights := make(chan uint64, 1)
	other := r.wires.Port(keys.FromSeed([32]byte{83}).Public())
	other.Hold(func(_ keys.PublicKey, raw []byte, _ func()) {
		if a, err := decodeStateIs(raw[1:]); raw[0] == frameStateIs && err == nil {
			if len(a.pieces) == 0 {
				a.height = 0
			}
			heights <- a.height
		}
	})
	first, _ := memberKeys(0)
	for _, c := range []struct{ head, asked, offered uint64 }{
		{0, testStep, testStep}, {0, 2 * testStep, 2 * testStep}, {0, 3 * testStep, 0}, {0, 0, 2 * testStep}, {0, 1, 0},
		{4*testStep + 1, 0, 4 * testStep}, {0, testStep, 0}, {0, 2 * testStep, 2 * testStep}, // the first had less than a quarter left
		{5*testStep + 1, 0, 5 * testStep}, {0, 2 * testStep, 0}, {0, 4 * testStep, 4 * testStep},
		{8*testStep + 1, 0, 8 * testStep}, {0, 4 * testStep, 0}, {0, 5 * testStep, 5 * testStep},
	} {
		until(c.head)
		other.Send(first, (&stateAsk{kind: stateOffer, height: c.asked}).encode())
		if got := <-heights; got != c.offered {
			t.Errorf("asked for %d, offered %d, not %d", c.asked, got, c.offered)
		}
	}
}

// A state can be cut as nobody has it, by a bit that its root doesn't show. What others send of it is not held against them, and the next offer
// is taken.
func TestJoinOtherCut(t *testing.T) {
	t.Parallel()
	var asked atomic.Bool
	r := stated(t, func(i int, a *stateIs) bool {
		switch {
		case i == 1 && a.kind == stateOffer && len(a.pieces) > 0:
			a.pieces[0].Path[31] ^= 1
			a.pieces[1].Path[31] ^= 1
			return true
		case a.kind == statePiece:
			asked.Store(true)
		}
		return i == 1 || a.kind != stateOffer || asked.Load()
	})
	r.joined(r.joinConfig(nil))
}

// Who sends a joining node what it wasn't asked for fills its own share, and takes no room of others.
func TestJoinInbox(t *testing.T) {
	j := &joining{inbox: newShares[joinAnswer](joinAnswers, joinBytes), from: map[keys.PublicKey]*offering{{1}: {}, {2}: {}}}
	j.node = &Node{config: Config{Join: &Join{}}}
	kept := 0
	send := func(from byte, size int) {
		kept++
		j.hear(keys.PublicKey{from}, append((&stateIs{kind: statePiece, height: uint64(from)}).encode(), make([]byte, size)...), func() { kept-- })
	}
	for range 1000 {
		send(1, 0)
	}
	send(2, 0)
	if kept != joinAnswers+1 {
		t.Errorf("%d messages have the room of their senders", kept)
	}
	heard := map[uint64]bool{}
	for range 2 {
		a, err := j.next(nil)
		if err != nil || a == nil {
			t.Fatal(a, err)
		}
		heard[a.is.height] = true
	}
	if !heard[1] || !heard[2] {
		t.Errorf("heard of %v", heard)
	}
	send(2, joinBytes)
	if kept != joinAnswers-1 {
		t.Errorf("%d messages have the room of their senders", kept)
	}
	j.inbox.close()
	if kept != 0 {
		t.Errorf("%d messages have the room of their senders", kept)
	}
}

// Whatever instant a node is ended at, it goes on with the pieces that are here, also if others offer another state by then; and nobody sees a
// chain that is not whole.
func TestJoinGoesOn(t *testing.T) {
	r := stated(t, nil)
	total, before := 0, -1
	for again := 0; ; again++ {
		c := r.joinConfig(nil)
		first, seen := -1, 0
		stop := make(chan struct{})
		cancel := sync.OnceFunc(func() { close(stop) })
		c.Join.Stop = stop
		c.Join.Told = func(_ chain.ID, done, of int, _ uint64) {
			if first < 0 {
				first = done
			}
			if total, seen = of, done; done >= first+3 && done < of {
				cancel()
			}
		}
		n, err := Open(c)
		if err == nil {
			closeNode(t, n)
			break
		}
		if !errors.Is(err, ErrStopped) || again > total {
			t.Fatal(err)
		}
		if first < before {
			t.Errorf("%d pieces were here, and %d are", before, first)
		}
		before = seen
	}
	if total < 8 || before < 3 {
		t.Errorf("%d pieces, ended at %d", total, before)
	}
	r.joined(r.config(3, false))
}

// plant leaves pieces of another state with the last member: accounts that aren't there any more.
func (r *committeeRig) plant() {
	r.t.Helper()
	s, err := store.Open(store.Options{Dir: r.dirs[3]})
	if err != nil {
		r.t.Fatal(err)
	}
	for k := range byte(3) {
		leaf := exec.Write{Slot: exec.Slot{Account: testAddress(200 + k)}, Value: chain.Account{Nonce: 1}.Encode()}
		path := merkle.AccountPath(leaf.Account)
		if err := s.JoinPiece(1, &store.Joined{First: path, Last: path, Hash: merkle.Hash{k + 1}}, []exec.Write{leaf}); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		r.t.Fatal(err)
	}
}

// Pieces of a state that has changed meanwhile are not taken for the new one's, and leave nothing behind.
func TestJoinOtherState(t *testing.T) {
	r := stated(t, nil)
	r.plant()
	n := r.joined(r.joinConfig(nil))
	if a, err := n.Account(testAddress(200)); err != nil || a.Account.Exists() {
		t.Errorf("%+v, %v", a, err)
	}
}

// Where nobody has a state to offer, the chain is fetched from its first block on, and nothing stays of what was fetched of one before.
func TestJoinNobody(t *testing.T) {
	r := newCommittee(t, 4)
	for i := range 3 {
		r.open(i, true)
	}
	r.pay(0, payment(r.nodes[0], 1, 2, 1, 0))
	r.plant()
	c := r.joinConfig(nil)
	r.nodes[3] = open(t, c)
	if a, err := r.nodes[3].Account(testAddress(200)); err != nil || a.Account.Exists() {
		t.Errorf("%+v, %v", a, err)
	}
	r.await(1)
	r.agree()
}

func FuzzState(f *testing.F) {
	f.Add((&stateAsk{kind: statePiece, height: 64, from: merkle.Path{1}}).encode()[1:])
	f.Add((&stateIs{kind: stateOffer, height: 64, pieces: []merkle.Piece{{Path: merkle.Path{1}, Hash: merkle.Hash{2}, Size: 3}}}).encode()[1:])
	f.Add((&stateIs{kind: statePiece, leaves: []exec.Write{{Slot: exec.Slot{Key: "k"}, Value: []byte("v")}}}).encode()[1:])
	f.Add((&stateIs{kind: stateCode, code: chain.PublishInput{Immutable: true, Code: []byte("c")}}).encode()[1:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, err := decodeStateAsk(b); err == nil && string(q.encode()[1:]) != string(b) {
			t.Error("a question has two forms")
		}
		if a, err := decodeStateIs(b); err == nil && string(a.encode()[1:]) != string(b) {
			t.Error("an answer has two forms")
		}
	})
}

func sortGenesis(g *chain.Genesis) {
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
}
