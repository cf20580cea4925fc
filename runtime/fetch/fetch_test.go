package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/audit"
	"github.com/thinkey/thinkey/runtime/fetch"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

var payer = keys.FromSeed([32]byte{9})

func origin() *chain.Genesis {
	on := func(id, under chain.ID) chain.Genesis {
		g := chain.Genesis{
			Name: fmt.Sprint("chain ", id), Chain: id, Under: under, TimeMillis: 1, Params: chain.DefaultParams(), Committee: chain.Committee{Chain: id},
			Accounts: []chain.GenesisAccount{{Address: chain.KeyAddress(id, payer.Public()), Balance: chain.NewAmount(1000)}},
		}
		g.AddSeat(payer.Public(), keys.BLSFromSeed([32]byte{byte(id)}))
		return g
	}
	g := on(chain.Main, 0)
	g.Chains = []chain.Genesis{on(2, chain.Main), on(3, chain.Main)}
	return &g
}

// ran leaves a network's chains in a store: chain 2 has paid chain 3, by way of the main chain, some times.
func ran(t *testing.T, g *chain.Genesis) *store.Store {
	t.Helper()
	dir := t.TempDir()
	c := node.Defaults()
	c.Dir, c.Log, c.Workers, c.Heartbeat, c.CacheBytes = dir, slog.New(slog.DiscardHandler), 1, time.Hour, 8<<20
	c.Fatal = func(err error) { t.Error(err) }
	p, err := node.OpenProcess(node.ProcessConfig{Config: c, Network: g, Carrier: &payer, Seat: func(id chain.ID) *node.Member {
		s := node.NewSwitch()
		t.Cleanup(s.Close)
		return &node.Member{Node: payer.Public(), Secret: keys.BLSFromSeed([32]byte{byte(id)}), Net: s.Port(payer.Public()), Founding: true}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for n := range uint64(3) {
		from, to := chain.KeyAddress(2, payer.Public()), chain.KeyAddress(3, payer.Public())
		m := &chain.Message{
			Network: g.Network(), Kind: chain.External, From: from, To: from, Payer: from, Nonce: n, ValidUntil: 1000, Amount: chain.NewAmount(7),
			Method: chain.MethodTransfer, Input: chain.TransferInput{To: to}.Encode(),
		}
		m.GasLimit = exec.TransferGas(m)
		if a := p.Node(2).Submit([][]byte{m.Sign(payer).Encode()})[0]; a.Refused != nil {
			t.Fatal(a.Refused)
		}
		there := p.Node(3)
		for height := there.Head().Header.Height; ; height = there.Head().Header.Height {
			if a, err := there.Account(to); err != nil || a.Account.Balance == chain.NewAmount(1000+7*(n+1)) {
				break
			}
			if err := there.AwaitAbove(t.Context(), height); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// stored is a Source that says of heads what it likes.
type stored struct {
	*store.Store
	heads map[chain.ID]uint64
	spoil chain.ID // a block of this chain is another one
}

func (s stored) Heads(context.Context) (map[chain.ID]uint64, error) { return s.heads, nil }

func (s stored) Block(_ context.Context, id chain.ID, height uint64) ([]byte, []byte, error) {
	raw, certificate, err := s.Store.Block(id, height)
	if raw = slices.Clone(raw); id == s.spoil {
		raw[len(raw)-1] ^= 1
	}
	return raw, certificate, err
}

type noCode struct{ fetch.Engine }

func (noCode) Close() error { return nil }

// copied copies what a source has, and audits that.
func copied(t *testing.T, g *chain.Genesis, source fetch.Source) (*audit.TreeReport, error) {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	failed := fetch.Copy(t.Context(), fetch.Options{
		Store: s, Genesis: g, Source: source, Engine: func(func(chain.CodeHash) ([]byte, error)) (fetch.Engine, error) { return noCode{}, nil },
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if failed != nil {
		return nil, failed
	}
	r, err := audit.RunTree(t.Context(), audit.Options{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	return &r, nil
}

// Whichever chain is looked at first, and however little of the others was there by then, the copy is one at a consistent cut (F2), and holds
// what a network must.
func TestCopy(t *testing.T) {
	g := origin()
	s := ran(t, g)
	last := map[chain.ID]uint64{}
	for id := chain.ID(1); id <= 3; id++ {
		head, err := s.Head(id)
		if err != nil {
			t.Fatal(err)
		}
		last[id] = head.Height
	}
	for _, heads := range []map[chain.ID]uint64{
		{1: last[1], 2: last[2], 3: last[3]},
		{1: 0, 2: 0, 3: last[3]},
		{1: 0, 2: 1, 3: last[3] - 1},
		{1: last[1] - 1, 2: 0, 3: 0},
		{1: 0, 2: 0, 3: 0},
	} {
		asked := fmt.Sprint(heads)
		r, err := copied(t, g, stored{s, heads, 0})
		if err != nil || !r.OK() || len(r.Cuts) > 0 || len(r.Chains) != 3 {
			t.Fatalf("%s: %v, %+v", asked, err, r)
		}
		if asked == fmt.Sprint(map[chain.ID]uint64{1: 0, 2: 0, 3: last[3]}) && (heads[1] == 0 || heads[2] == 0) {
			t.Errorf("%s is copied up to %v", asked, heads)
		}
	}
}

// F1: what doesn't follow is refused, with the block.
func TestCopyRefuses(t *testing.T) {
	g := origin()
	s := ran(t, g)
	_, err := copied(t, g, stored{s, map[chain.ID]uint64{1: 1, 2: 1, 3: 1}, 2})
	if !errors.Is(err, fetch.ErrBlock) || !strings.Contains(err.Error(), "block 1 of chain 2") {
		t.Errorf("a block of another chain: %v", err)
	}
	other := origin()
	other.TimeMillis++
	for i := range other.Chains {
		other.Chains[i].TimeMillis++
	}
	if _, err := copied(t, other, stored{s, map[chain.ID]uint64{1: 1, 2: 1, 3: 1}, 0}); !errors.Is(err, fetch.ErrBlock) {
		t.Errorf("another network: %v", err)
	}
	if _, err := copied(t, g, stored{s, map[chain.ID]uint64{1: 1, 9: 1}, 0}); err == nil || !strings.Contains(err.Error(), "chain 9") {
		t.Errorf("a chain that there is not: %v", err)
	}
}
