package block

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

var (
	seedFlag   = flag.Uint64("seed", 0, "seed of the first random chain (default: a random one)")
	chainsFlag = flag.Int("chains", 40, "number of random chains")
	blocksFlag = flag.Int("blocks", 25, "blocks of each random chain")
)

// TestRandomChains: whatever live actors do, Verify accepts what Build made of it and comes to the same Result, from the
// bytes and the state alone (B1, B2, I3); and over the whole chain money is conserved (B4, I1), nonces count (I6), the
// order per pair holds across blocks (I4) and the queue keeps its order (SPEC 4.5).
func TestRandomChains(t *testing.T) {
	first := *seedFlag
	if first == 0 {
		first = rand.Uint64()
	}
	seen := map[string]int{}
	for i := range uint64(*chainsFlag) {
		seed := first + i
		if *seedFlag == 0 && i%2 == 0 {
			seed = i // half of the chains are always the same: they show all that is asked for below, whatever the others do
		}
		ok := t.Run(fmt.Sprint("chain ", i), func(t *testing.T) {
			c := newWorld(t, seed)
			for range *blocksFlag {
				c.block(t)
			}
			for k, n := range c.seen { // any order: summed up
				seen[k] += n
			}
		})
		if !ok {
			t.Fatalf("repeat: go test ./consensus/block -run TestRandomChains -seed %d -chains 1 -blocks %d", seed, *blocksFlag)
		}
	}
	t.Logf("seed %d: %v", first, seen)
	if *chainsFlag*(*blocksFlag) < 1000 || *seedFlag != 0 {
		return
	}
	for _, what := range []string{
		"ok", "no code", "no such account", "no such chain", "amount over balance", "out of gas", "unknown method",
		"bad input", "not yet possible", "code not accepted", "account exists", "code published", "joined", "code replaced", "account deployed", "refused", "bounce", "add", "self", "new account", "queued", "carried in", "left in the queue",
		"external handled while some are left", "refund alone", "events", "storage", "storage freed", "nonce refused", "gas refused", "empty block",
	} {
		if seen[what] == 0 {
			t.Errorf("never %q: the test has lost its bite", what)
		}
	}
}

// world is a random chain at two nodes: one builds, the other only ever sees bytes.
type world struct {
	rnd             *rand.Rand
	builder, member *ledger
	wallets         []wallet // not all of them exist at genesis
	issued          chain.Amount
	seen            map[string]int
	contracts       []chain.Address                             // accounts that were deployed
	write           func(w wallet, nonce uint64) *chain.Message // instead of message

	externals map[chain.Address]uint64 // external messages handled
	sent      map[pair][]chain.MessageID
	received  map[pair]int // of sent, how many
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 0))
	p := chain.DefaultParams()
	p.MinGasPrice = uint64(rnd.IntN(2))
	p.DepositPerAccount = uint64(rnd.IntN(3) * 700)
	p.DepositPerByte = uint64(rnd.IntN(3) * 3)
	p.FreshShare = uint8(1 + rnd.IntN(255))
	return newWorldOf(t, rnd, p)
}

func newWorldOf(t *testing.T, rnd *rand.Rand, p chain.Params) *world {
	t.Helper()
	all := wallets(3 + rnd.IntN(12))
	rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	g := genesis(p, chain.NewAmount(1+rnd.Uint64N(200_000_000)), all[:1+rnd.IntN(len(all))]...)
	issued, err := g.Issued()
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		rnd: rnd, builder: newLedger(t, g), member: newLedger(t, g), wallets: all, issued: issued, seen: map[string]int{},
		externals: map[chain.Address]uint64{}, sent: map[pair][]chain.MessageID{}, received: map[pair]int{},
	}
}

// block makes one block, gives its bytes to the other node, and checks everything that must hold.
func (c *world) block(t *testing.T) {
	t.Helper()
	did := c.play(t)
	built := c.builder.build(t, did)
	if c.rnd.IntN(4) == 0 {
		c.member = c.member.reload(t)
	}
	c.member.rules.Each = nil
	if c.rnd.IntN(2) == 0 {
		c.member.rules.Each = workers
	}
	verified := c.member.verify(t, bytes.Clone(built.Raw))
	sameResults(t, built, verified)
	h := c.history(t, built)
	queue := c.waiting(t, c.builder)
	c.builder.commit(t, built)
	c.member.commit(t, verified)
	c.checkQueue(t, queue, h, built)
	c.checkOrder(t, h)
	c.checkMoney(t)
	c.checkNonces(t)
	c.checkWarm(t)
	c.count(built, h)
}

// play lets the live actors of the builder run on random messages.
func (c *world) play(t *testing.T) *Run {
	t.Helper()
	v := newLive(t, c.builder, c.rnd)
	carried := len(v.run.Carried)
	if c.rnd.IntN(3) == 0 {
		carried = c.rnd.IntN(carried + 1)
	}
	v.carryIn(t, carried)
	messages := c.messages(t)
	if carried < len(v.run.Carried) {
		messages = withinShare(messages, FreshGas(v.context.Params, v.run.Queue))
	}
	v.admit(t, messages...)
	steps := toTheEnd
	if c.rnd.IntN(2) == 0 {
		steps = c.rnd.IntN(2*len(messages) + 1)
	}
	did := v.play(t, steps)
	for _, r := range v.refused {
		switch r.Kind {
		case exec.NonceTaken:
			c.seen["nonce refused"]++
		case exec.GasOverBalance:
			c.seen["gas refused"]++
		}
	}
	did.Accounts = shuffled(c.rnd, did.Accounts) // Build takes them in any order
	return did
}

// withinShare is as many messages as fresh inputs may be.
func withinShare(messages []*chain.Message, share uint64) []*chain.Message {
	for i, m := range messages {
		if m.GasLimit > share {
			return messages[:i]
		}
		share -= m.GasLimit
	}
	return messages
}

// messages are some of every wallet, with nonces that go on from the state.
func (c *world) messages(t *testing.T) []*chain.Message {
	t.Helper()
	var list []*chain.Message
	if c.rnd.IntN(10) == 0 {
		return nil
	}
	for _, w := range c.wallets {
		record, err := c.builder.state.Account(w.address)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.rnd.IntN(5) {
			list = append(list, c.message(w, record.Nonce+uint64(i), record.Balance))
		}
	}
	return list
}

// message is a random external message, mostly one that can be handled.
func (c *world) message(w wallet, nonce uint64, balance chain.Amount) *chain.Message {
	if c.write != nil {
		return c.write(w, nonce)
	}
	m := c.builder.message(w, nonce, chain.MethodTransfer, nil)
	m.GasPrice = []uint64{1, 1, 2, 7, 0}[c.rnd.IntN(5)]
	if p, _ := c.builder.before().Context(c.builder.rules, 1); m.GasPrice < p.Params.MinGasPrice {
		m.GasPrice = p.Params.MinGasPrice
	}
	m.Amount = c.amount(balance)
	switch c.rnd.IntN(13) {
	case 0:
		m.Method, m.Input = "no such command", randomInput(c.rnd)
	case 1, 12:
		codeMessage(c.rnd, m)
	case 2:
		m.Input = []byte("no receiver")
	case 3, 4, 5, 6:
		m.Method, m.Input = chain.MethodCall, c.callInput().Encode()
	default:
		m.Input = chain.TransferInput{To: c.receiver()}.Encode()
		if c.rnd.IntN(2) == 0 {
			m.GasLimit = exec.TransferGas(m)
		}
	}
	if c.rnd.IntN(8) == 0 {
		m.GasLimit = exec.ExternalGas(m) + c.rnd.Uint64N(150_000)
	}
	if m.Method == chain.MethodCall && c.rnd.IntN(2) == 0 && len(c.contracts) > 0 { // many of one method to one contract
		in := chain.CallInput{To: c.contracts[c.rnd.IntN(min(2, len(c.contracts)))], Method: "ask", GasLimit: 100_000 + c.rnd.Uint64N(200_000), Input: randomInput(c.rnd)}
		m.Input = in.Encode()
	}
	return m.Sign(w.key)
}

// amount is a part of the balance, or more than it.
func (c *world) amount(balance chain.Amount) chain.Amount {
	text := balance.String()
	switch c.rnd.IntN(6) {
	case 0:
		text += "0"
	case 1:
		text = "0"
	case 2:
		text = text[:1+c.rnd.IntN(len(text))]
	default:
		text = text[:1+c.rnd.IntN((len(text)+1)/2)]
	}
	a, err := chain.ParseAmount(text)
	if err != nil {
		return chain.NewAmount(1)
	}
	return a
}

func (c *world) callInput() chain.CallInput {
	in := chain.CallInput{To: c.receiver(), GasLimit: 5_000 + c.rnd.Uint64N(300_000), Input: make([]byte, c.rnd.IntN(40))}
	if c.rnd.IntN(3) == 0 {
		in.Input = in.Input[:min(c.rnd.IntN(2), len(in.Input))] // puts nothing, or removes an entry
	}
	for i := range in.Input {
		in.Input[i] = byte(c.rnd.IntN(2))
	}
	in.Method = []string{chain.MethodAdd, "ask", methodPut, methodPut, methodPut, methodBurn, methodSay, chain.MethodBounce}[c.rnd.IntN(8)]
	if c.rnd.IntN(40) == 0 {
		in.Input = make([]byte, 3000)
	}
	return in
}

// receiver is a wallet, mostly; or an account that nobody has a key for, the chain's own, or one of no chain that exists.
func (c *world) receiver() chain.Address {
	switch c.rnd.IntN(12) {
	case 0:
		return chain.SystemAddress(here)
	case 1:
		a := newWallet(c.rnd.IntN(1000)).address
		a[3] = byte(2 + c.rnd.IntN(3))
		return a
	case 2:
		return chain.MadeAddress(here, c.wallets[0].address, [32]byte{byte(c.rnd.IntN(256))}, chain.CodeHash{})
	case 3, 4:
		return deployed(c.rnd, c.wallets[c.rnd.IntN(len(c.wallets))])
	}
	return c.wallets[c.rnd.IntN(len(c.wallets))].address
}

// sameResults holds B1.
func sameResults(t *testing.T, built, verified *Result) {
	t.Helper()
	same := func(what string, a, b any) {
		t.Helper()
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("%s: Build says\n%v\nVerify says\n%v", what, a, b)
		}
	}
	same("hash", built.Hash, verified.Hash)
	same("hash of the header", built.Hash, verified.Block.Header.Hash())
	same("bytes", built.Raw, verified.Raw)
	same("bytes of the block", built.Raw, verified.Block.Append(nil))
	same("bytes of the built block", built.Raw, built.Block.Append(nil))
	same("receipts", built.Journal.Receipts, verified.Journal.Receipts)
	same("journal", built.Journal.Encode(), verified.Journal.Encode())
	same("processed", built.Processed, verified.Processed)
	same("changes", built.Changes, verified.Changes)
	same("records", built.Records, verified.Records)
	same("root", built.Version.Root(), verified.Version.Root())
	same("queued", built.Queued, verified.Queued)
	same("gas limits", built.GasLimits, verified.GasLimits)
}

// history reads the block back, and checks that it says what the Result does.
func (c *world) history(t *testing.T, res *Result) *History {
	t.Helper()
	j, err := DecodeJournal(res.Journal.Encode())
	if err != nil {
		t.Fatal(err)
	}
	h, err := Read(res.Raw, j)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Events) != len(res.Processed) {
		t.Fatalf("%d events, %d processed", len(h.Events), len(res.Processed))
	}
	gas := uint64(0)
	for _, e := range h.Events {
		gas += e.Receipt.GasUsed
	}
	queue, _, err := c.builder.before().Queue()
	if err != nil {
		t.Fatal(err)
	}
	for i := range res.Changes {
		if res.Changes[i].Key == chain.KeyQueue {
			if queue, err = chain.DecodeQueue(res.Changes[i].After); err != nil {
				t.Fatal(err)
			}
		}
	}
	if head := h.Block.Header; head.GasUsed != gas || uint64(head.Load) != (gas+queue.Gas)*65536/c.builder.params(t).BlockGas {
		t.Fatalf("the header says %d gas and a load of %d, the handlings used %d", head.GasUsed, head.Load, gas)
	}
	for i, e := range h.Events {
		if e.Message.ID() != res.Processed[i] || h.Messages[e.Number] != e.Message || e.Receipt.Message != e.Message.ID() {
			t.Fatalf("event %d is of message %s, not %s", i, e.Message.ID(), res.Processed[i])
		}
		for k, s := range e.Sent {
			if s.Parent != e.Message.ID() || s.From != e.Account || s.Index != uint32(k) {
				t.Fatalf("event %d sent %+v", i, s)
			}
		}
	}
	return h
}

// waiting are the messages in the pending queue.
func (c *world) waiting(t *testing.T, l *ledger) []*chain.Message {
	t.Helper()
	queue, deliveries, err := l.before().Queue()
	if err != nil {
		t.Fatal(err)
	}
	list := make([]*chain.Message, len(deliveries))
	held := uint64(0)
	for i, d := range deliveries {
		list[i] = d.Message
		held += ImportGas(d.Message)
	}
	if queue.Gas != held {
		t.Fatalf("the queue says %d gas, its messages have bought %d", queue.Gas, held)
	}
	return list
}

func ids(list []*chain.Message) []chain.MessageID {
	out := make([]chain.MessageID, len(list))
	for i, m := range list {
		out[i] = m.ID()
	}
	return out
}

// checkQueue: the queue after is what was left of the one before, then what the block sent and nobody handled.
func (c *world) checkQueue(t *testing.T, before []*chain.Message, h *History, res *Result) {
	t.Helper()
	done := map[chain.MessageID]bool{}
	for _, id := range res.Processed {
		done[id] = true
	}
	var want []chain.MessageID
	add := func(list []*chain.Message) {
		for _, m := range list {
			if !done[m.ID()] {
				want = append(want, m.ID())
			}
		}
	}
	add(before)
	if len(want) > 0 {
		c.seen["left in the queue"]++
		if len(h.Block.Inputs) > 0 {
			c.seen["external handled while some are left"]++
		}
	}
	if first := len(before) - len(want); first > 0 && done[before[len(before)-1].ID()] != (len(want) == 0) {
		t.Fatal("what is left of the queue is not its end")
	}
	for _, e := range h.Events {
		add(e.Sent)
	}
	now := c.waiting(t, c.builder)
	if got := ids(now); !slices.Equal(got, want) {
		t.Fatalf("the queue is\n%v\nand must be\n%v", got, want)
	}
	if kept := c.entries("queue/"); kept != len(now) {
		t.Fatalf("the state keeps %d messages, %d wait", kept, len(now))
	}
	if uint64(len(now)) != res.Queued {
		t.Fatalf("%d wait, the result says %d", len(now), res.Queued)
	}
}

// entries is how many entries of the chain's own the state has whose key begins so.
func (c *world) entries(prefix string) (n int) {
	for slot := range c.builder.state {
		if slot.Account.IsSystem() && strings.HasPrefix(slot.Key, prefix) {
			n++
		}
	}
	return n
}

// checkOrder: over all blocks, what an account handled from another is what that one sent, in that order, without a gap.
func (c *world) checkOrder(t *testing.T, h *History) {
	t.Helper()
	for _, e := range h.Events {
		for _, s := range e.Sent {
			p := pair{s.From, s.To}
			c.sent[p] = append(c.sent[p], s.ID())
		}
	}
	for _, e := range h.Events {
		m := e.Message
		if m.Kind == chain.External {
			if m.Nonce != c.externals[e.Account] {
				t.Fatalf("account %s handled nonce %d as its message %d", e.Account, m.Nonce, c.externals[e.Account])
			}
			c.externals[e.Account]++
			continue
		}
		p := pair{m.From, m.To}
		if n := c.received[p]; n >= len(c.sent[p]) || c.sent[p][n] != m.ID() {
			t.Fatalf("%s from %s to %s is not the next that was sent", m.Method, m.From, m.To)
		}
		c.received[p]++
	}
}

// checkMoney: balances, deposits, fees and what waits, with its gas, are what was issued (B4).
func (c *world) checkMoney(t *testing.T) {
	t.Helper()
	total := chain.Amount{}
	add := func(a chain.Amount) {
		var err error
		if total, err = total.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	for slot, raw := range c.builder.state {
		if slot.Key != "" {
			continue
		}
		a, err := chain.DecodeAccount(raw)
		if err != nil || slot.Account.IsSystem() {
			t.Fatalf("record of %s: %v", slot.Account, err)
		}
		add(a.Balance)
		add(a.Deposit)
	}
	fees, err := chain.DecodeAmount(c.builder.state[exec.Slot{Account: chain.SystemAddress(here), Key: chain.KeyFees}])
	if err != nil {
		t.Fatal(err)
	}
	add(fees)
	for _, m := range c.waiting(t, c.builder) {
		units := m.GasLimit
		if m.Method != chain.MethodBounce {
			units += gas.Bounce
		}
		add(m.Amount)
		add(chain.Mul(units, m.GasPrice))
	}
	if total != c.issued {
		t.Fatalf("height %d: %s were issued, and there are %s", c.builder.header.Height, c.issued, total)
	}
}

// checkNonces: an account's nonce is the number of its external messages that were handled (I6).
func (c *world) checkNonces(t *testing.T) {
	t.Helper()
	for _, w := range c.wallets {
		if a, err := c.builder.state.Account(w.address); err != nil || a.Nonce != c.externals[w.address] {
			t.Fatalf("nonce %d of %s after %d external messages (%v)", a.Nonce, w.address, c.externals[w.address], err)
		}
	}
}

// count notes what came up, so that a test that has lost its bite is found.
func (c *world) count(res *Result, h *History) {
	touched := map[chain.Address]bool{}
	for _, e := range h.Events {
		touched[e.Account] = true
		c.seen[e.Receipt.Status.String()]++
		c.seen[e.Message.Method]++
		switch {
		case strings.Contains(e.Receipt.Reason, "no more is given away"):
			c.seen["hook not loaded"]++
		case strings.Contains(e.Receipt.Reason, "has not run lately"):
			c.seen["not enough to load"]++
		case e.Receipt.GasUsed >= largeLoad && e.Message.Kind == chain.Relay:
			c.seen["loaded"]++
		}
		if e.Joined {
			c.seen["joined"]++
		}
		c.seen["events"] += len(e.Receipt.Events)
		if e.Message.Kind == chain.Relay && e.Message.From == e.Message.To {
			c.seen["self"]++
		}
	}
	for _, change := range res.Changes {
		switch {
		case strings.HasPrefix(change.Key, "code/") && change.Before == nil:
			c.seen["code published"]++
		case change.Key == "" && codeOf(change.After) != codeOf(change.Before) && codeOf(change.Before) != chain.CodeHash{}:
			c.seen["code replaced"]++
		case change.Key == "" && codeOf(change.After) != codeOf(change.Before):
			c.seen["account deployed"]++
			c.contracts = append(c.contracts, change.Account)
		case change.Key == "" && change.Before == nil:
			c.seen["new account"]++
		case change.Key == "" && !touched[change.Account]:
			c.seen["refund alone"]++
		case change.Key != "" && !change.Account.IsSystem() && change.After == nil:
			c.seen["storage freed"]++
		case change.Key != "" && !change.Account.IsSystem():
			c.seen["storage"]++
		}
	}
	c.seen["queued"] += len(h.Queued)
	c.seen["carried in"] += len(res.Journal.Carried)
	if len(h.Events) == 0 {
		c.seen["empty block"]++
	}
}

func codeOf(record []byte) chain.CodeHash {
	if record == nil {
		return chain.CodeHash{}
	}
	a, err := chain.DecodeAccount(record)
	assert.NoError(err, "record")
	return a.Code
}

// TestParallel: the same blocks, verified and built with goroutines, give equal Results. It means most under -race.
func TestParallel(t *testing.T) {
	all := wallets(700) // several waves of pieces
	l := newLedger(t, genesis(chain.DefaultParams(), chain.NewAmount(1_000), all...))
	rnd := rand.New(rand.NewPCG(7, 7))
	var messages []*chain.Message
	for _, w := range all {
		for nonce := range uint64(2) {
			to := all[rnd.IntN(len(all))].address
			if rnd.IntN(3) == 0 {
				to = chain.MadeAddress(here, w.address, [32]byte{1}, chain.CodeHash{}) // a new account
			}
			messages = append(messages, l.pay(w, nonce, to, 1+rnd.Uint64N(700)))
		}
	}
	v := newLive(t, l, rnd)
	v.admit(t, messages...)
	did := v.play(t, toTheEnd)
	one := l.build(t, did)
	if len(one.Block.Order) <= replayWave*replayChunk {
		t.Fatalf("%d accounts are too few for two waves", len(one.Block.Order))
	}
	l.rules.Each = workers
	many := l.build(t, did)
	sameResults(t, one, many)
	verified := l.verify(t, one.Raw)
	sameResults(t, one, verified)
	for _, res := range []*Result{one, many, verified} {
		l.discard(t, res)
	}
	if keys := slices.Collect(maps.Keys(l.state)); len(keys) != len(all)+2 {
		t.Fatalf("%d slots in the state that nobody was to change", len(keys))
	}
}
