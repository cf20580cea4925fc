package node

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// testKey is the key of a test account.
func testKey(n byte) keys.PrivateKey { return keys.FromSeed([32]byte{n}) }

func testAddress(n byte) chain.Address { return chain.KeyAddress(chain.Main, testKey(n).Public()) }

func testGenesis(balance uint64, accounts ...byte) *chain.Genesis {
	g := &chain.Genesis{Name: "test", Chain: chain.Main, TimeMillis: 1, Params: chain.DefaultParams()}
	for _, n := range accounts {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: testAddress(n), Balance: chain.NewAmount(balance)})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	return g
}

func testConfig(t *testing.T, g *chain.Genesis, dir string, pace Pace) Config {
	c := Defaults()
	c.Genesis, c.Dir, c.Pace, c.Log = g, dir, pace, slog.New(slog.DiscardHandler)
	c.Fatal = func(err error) { t.Errorf("node failed: %v", err) }
	return c
}

func open(t *testing.T, c Config) *Node {
	t.Helper()
	n, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func payment(n *Node, from, to byte, amount, nonce uint64) *chain.Message {
	m := &chain.Message{
		Network: n.network, Kind: chain.External, From: testAddress(from), To: testAddress(from), Payer: testAddress(from),
		Nonce: nonce, ValidUntil: 1 << 40, Amount: chain.NewAmount(amount), GasPrice: 1,
		Method: chain.MethodTransfer, Input: chain.TransferInput{To: testAddress(to)}.Encode(),
	}
	m.GasLimit = exec.TransferGas(m)
	return m.Sign(testKey(from))
}

// submit submits a message and waits until it is final.
func submit(t *testing.T, n *Node, m *chain.Message) Message {
	t.Helper()
	if a := n.Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
		t.Fatalf("refused: %v", a.Refused)
	}
	at, err := n.Await(context.Background(), m.ID())
	if err != nil || at.Final == nil {
		t.Fatalf("await: %+v, %v", at, err)
	}
	return at
}

// A payment goes from a signed message to a durable block, and is there after the node was closed and opened again (I7).
func TestPaymentIsFinalAndStays(t *testing.T) {
	dir := t.TempDir()
	g := testGenesis(1_000_000, 1, 2)
	n := open(t, testConfig(t, g, dir, Pace{}))
	m := payment(n, 1, 2, 10, 0)
	at := submit(t, n, m)
	h, _, err := n.Block(at.Final.Height)
	if err != nil {
		t.Fatal(err)
	}
	e := h.Events[at.Final.Event]
	if e.Message.ID() != m.ID() || e.Receipt.Status != chain.StatusOK || len(e.Sent) != 1 {
		t.Fatalf("event %+v", e)
	}
	fee := h.Block.Header.GasUsed
	check := func(n *Node) {
		t.Helper()
		for who, want := range map[byte]uint64{1: 1_000_000 - 10 - fee, 2: 1_000_010} {
			a, err := n.Account(testAddress(who))
			if err != nil || a.Account.Balance != chain.NewAmount(want) {
				t.Fatalf("account %d has %s, want %d (%v)", who, a.Account.Balance, want, err)
			}
		}
	}
	check(n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = open(t, testConfig(t, nil, dir, Pace{}))
	check(n)
	if at, err := n.Message(m.ID()); err != nil || at.Final == nil {
		t.Fatalf("after opening again: %+v, %v", at, err)
	}
	if a := n.Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
		t.Fatalf("a message that is final is answered with %v", a.Refused)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestParsePace(t *testing.T) {
	for text, want := range map[string]Pace{"auto": {}, "manual": {Manual: true}, "500ms": {Every: 500 * time.Millisecond}} {
		if got, err := ParsePace(text); err != nil || got != want || got.String() != text {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "1ms", "2h", "-1s", "soon"} {
		if _, err := ParsePace(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// With manual pace nothing is final before a block is asked for, and a block that is asked for is made even if empty.
func TestManual(t *testing.T) {
	n := open(t, testConfig(t, testGenesis(1_000_000, 1, 2), "", Pace{Manual: true}))
	defer closeNode(t, n)
	m := payment(n, 1, 2, 10, 0)
	if a := n.Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
		t.Fatal(a.Refused)
	}
	if at, err := n.Message(m.ID()); err != nil || !at.Waits {
		t.Fatalf("before a block: %+v, %v", at, err)
	}
	for height := uint64(1); height <= 2; height++ {
		if err := n.Mine(1); err != nil {
			t.Fatal(err)
		}
		if at, err := n.Message(m.ID()); err != nil || at.Final == nil || at.Final.Height != 1 || n.Head().Header.Height != height {
			t.Fatalf("after block %d: %+v, %v; head %d", height, at, err, n.Head().Header.Height)
		}
	}
	if h, _, err := n.Block(2); err != nil || len(h.Events) != 0 {
		t.Fatalf("empty block: %+v, %v", h, err)
	}
}

// An idle chain makes the heartbeat and nothing else (SPEC 5.7).
func TestHeartbeat(t *testing.T) {
	c := testConfig(t, testGenesis(1_000_000, 1), "", Pace{})
	c.Heartbeat = 20 * time.Millisecond
	n := open(t, c)
	defer closeNode(t, n)
	if err := n.AwaitAbove(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	first, _, err := n.Block(1)
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := n.Block(2)
	if err != nil || second.Block.Header.TimeMillis < first.Block.Header.TimeMillis+20 {
		t.Fatalf("two heartbeats at %d and %d: %v", first.Block.Header.TimeMillis, second.Block.Header.TimeMillis, err)
	}
}

// Who waits for a message that another replaces learns why it will not come.
func TestReplacedMessageIsDropped(t *testing.T) {
	n := open(t, testConfig(t, testGenesis(10_000_000, 1, 2), "", Pace{Manual: true}))
	defer closeNode(t, n)
	low, high := payment(n, 1, 2, 10, 0), payment(n, 1, 2, 20, 0).Clone()
	high.GasPrice = 2
	high.Sign(testKey(1))
	answers := n.Submit([][]byte{low.Encode(), high.Encode()})
	if answers[0].Refused != nil || answers[1].Refused != nil {
		t.Fatal(answers)
	}
	at, err := n.Await(context.Background(), low.ID())
	if err != nil || at.Dropped == nil || at.Final != nil {
		t.Fatalf("replaced: %+v, %v", at, err)
	}
	if err := n.Mine(1); err != nil {
		t.Fatal(err)
	}
	if at, err := n.Message(high.ID()); err != nil || at.Final == nil {
		t.Fatalf("its replacement: %+v, %v", at, err)
	}
}

// A node that stops says so to who waits, and ends without a message under way being final for some and not for others.
func TestCloseWakesWaiters(t *testing.T) {
	n := open(t, testConfig(t, testGenesis(1_000_000, 1, 2), "", Pace{Manual: true}))
	m := payment(n, 1, 2, 10, 0)
	if a := n.Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
		t.Fatal(a.Refused)
	}
	message, head := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := n.Await(context.Background(), m.ID())
		message <- err
	}()
	go func() { head <- n.AwaitAbove(context.Background(), 5) }()
	closeNode(t, n)
	if err := <-message; !errors.Is(err, ErrStopped) {
		t.Errorf("waiting for a message: %v", err)
	}
	if err := <-head; !errors.Is(err, ErrStopped) {
		t.Errorf("waiting for a block: %v", err)
	}
	if err := n.Mine(1); !errors.Is(err, ErrStopped) {
		t.Errorf("a block after the end: %v", err)
	}
}

// Data of one network is not continued with another's genesis.
func TestOtherGenesisIsRefused(t *testing.T) {
	dir := t.TempDir()
	closeNode(t, open(t, testConfig(t, testGenesis(5, 1), dir, Pace{})))
	if n, err := Open(testConfig(t, testGenesis(6, 1), dir, Pace{})); !errors.Is(err, ErrOtherGenesis) {
		t.Fatalf("%v, %v", n, err)
	}
}

// What another node made is verified and taken, and both come to the same head (I3).
func TestTakeBlocksOfAnother(t *testing.T) {
	g := testGenesis(1_000_000, 1, 2)
	maker, taker := open(t, testConfig(t, g, "", Pace{})), open(t, testConfig(t, g, "", Pace{Manual: true}))
	defer closeNode(t, maker)
	defer closeNode(t, taker)
	for nonce := range uint64(3) {
		submit(t, maker, payment(maker, 1, 2, 10, nonce))
	}
	for height := uint64(1); height <= maker.Head().Header.Height; height++ {
		raw, err := maker.RawBlock(height)
		if err != nil {
			t.Fatal(err)
		}
		r, fault, err := taker.Verify(raw)
		if err != nil || fault != nil {
			t.Fatal(fault, err)
		}
		if err := taker.Take(r); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := maker.Head(), taker.Head(); a.Hash != b.Hash {
		t.Fatalf("heads differ: %d %s, %d %s", a.Header.Height, a.Hash, b.Header.Height, b.Hash)
	}
	for _, n := range []byte{1, 2} {
		a, errA := maker.Account(testAddress(n))
		b, errB := taker.Account(testAddress(n))
		if errA != nil || errB != nil || a.Account != b.Account {
			t.Fatalf("account %d: %+v, %+v, %v, %v", n, a, b, errA, errB)
		}
	}
}

func closeNode(t *testing.T, n *Node) {
	t.Helper()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}
