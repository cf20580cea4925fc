package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/audit"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// twoChains leaves a main chain and one under it in a directory, where 7 left the main chain for the other.
func twoChains(t *testing.T, dir string) {
	t.Helper()
	secret := func(id chain.ID) keys.BLSSecret { return keys.BLSFromSeed([32]byte{byte(id)}) }
	payer := keys.FromSeed([32]byte{9})
	on := func(id, under chain.ID) chain.Genesis {
		g := chain.Genesis{
			Name: fmt.Sprint("two ", id), Chain: id, Under: under, TimeMillis: 1, Params: chain.DefaultParams(), Committee: chain.Committee{Chain: id},
			Accounts: []chain.GenesisAccount{{Address: chain.KeyAddress(id, payer.Public()), Balance: chain.NewAmount(1000)}},
		}
		g.AddSeat(payer.Public(), secret(id))
		return g
	}
	g := on(chain.Main, 0)
	g.Chains = []chain.Genesis{on(2, chain.Main)}
	c := node.Defaults()
	c.Dir, c.Log, c.Workers, c.Heartbeat, c.CacheBytes = dir, slog.New(slog.DiscardHandler), 1, time.Hour, 8<<20
	c.Fatal = func(err error) { t.Error(err) }
	p, err := node.OpenProcess(node.ProcessConfig{Config: c, Network: &g, Seat: func(id chain.ID) *node.Member {
		s := node.NewSwitch()
		t.Cleanup(s.Close)
		return &node.Member{Node: payer.Public(), Secret: secret(id), Net: s.Port(payer.Public()), Founding: true}
	}})
	if err != nil {
		t.Fatal(err)
	}
	from := chain.KeyAddress(chain.Main, payer.Public())
	m := &chain.Message{
		Network: g.Network(), Kind: chain.External, From: from, To: from, Payer: from, ValidUntil: 1000, Amount: chain.NewAmount(7),
		Method: chain.MethodTransfer, Input: chain.TransferInput{To: chain.KeyAddress(2, payer.Public())}.Encode(),
	}
	m.GasLimit = exec.TransferGas(m)
	if a := p.Node(chain.Main).Submit([][]byte{m.Sign(payer).Encode()})[0]; a.Refused != nil {
		t.Fatal(a.Refused)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if paid, err := p.Node(chain.Main).Await(ctx, m.ID()); err != nil || paid.Final == nil {
		t.Fatalf("%+v: %v", paid, err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAuditOfSeveralChains(t *testing.T) {
	dir, again := t.TempDir(), t.TempDir()
	twoChains(t, dir)
	if err := os.CopyFS(again, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, dirs := range [][]string{{dir}, {dir, again}} {
		a := run(t, t.TempDir(), append([]string{"audit", "--json"}, dirs...)...)
		var r audit.TreeReport
		if err := json.Unmarshal([]byte(a.out), &r); err != nil || a.code != exitOK || !r.OK() || len(r.Chains) != 2*len(dirs) || len(r.Crossings) != 1 {
			t.Fatalf("%v: %+v", err, a)
		}
		if c := r.Crossings[0]; c.From != chain.Main || c.To != 2 || c.Sent != 1 || c.UnderWay != chain.NewAmount(7*(1-c.Taken)) {
			t.Errorf("%+v", c)
		}
	}
	a := run(t, t.TempDir(), "audit", dir)
	for _, line := range []string{"under way", "taken in", "I5  crossings", "I1  total"} {
		if !strings.Contains(a.out, line) {
			t.Errorf("nothing says %q:\n%s", line, a.out)
		}
	}
	other := t.TempDir()
	twoChains(t, other)
	if a := run(t, t.TempDir(), "audit", dir, other); a.code == exitOK || !strings.Contains(a.err, "all chains failed: network") {
		t.Errorf("two runs of one genesis in one audit: %+v", a)
	}
}
