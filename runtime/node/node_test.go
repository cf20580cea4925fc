package node

import (
	"context"
	"log/slog"
	"slices"
	"testing"

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
