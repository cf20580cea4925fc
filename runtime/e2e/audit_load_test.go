package e2e

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// A network that runs is audited as of one cut of all its chains while money goes from each to the next, some of it under way at that cut.
func TestAuditUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("audits a network again and again")
	}
	home := t.TempDir()
	p, err := start(home, filepath.Join(home, "ready"), []string{"HOME=" + home}, "--data", "net")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.kill() })
	url, err := p.awaitReady()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var payers sync.WaitGroup
	defer payers.Wait()
	defer cancel()
	for on := range chaosChains {
		payers.Go(func() { paysOn(ctx, t, url, on) })
	}
	const tries = 20
	for n := range tries {
		audit := exec.Command(filepath.Join(bin, "thinkey"), "audit", "--genesis", filepath.Join(home, "net", "dev.json"), "--node", url, "--json")
		audit.Env = []string{"HOME=" + home}
		out, err := audit.Output()
		if err != nil {
			t.Fatalf("audit: %v\n%s", err, out)
		}
		var r struct {
			UnderWay chain.Amount `json:"under_way"`
			Held     chain.Amount `json:"held"`
		}
		if err := json.Unmarshal(out, &r); err != nil || r.Held.IsZero() {
			t.Fatalf("%v: %s", err, out)
		}
		if !r.UnderWay.IsZero() {
			t.Logf("audit %d: %s under way", n, r.UnderWay)
			return
		}
	}
	t.Errorf("nothing was under way in %d audits", tries)
}

// paysOn pays to the next chain until ctx ends. It waits for one of 32 payments, as an account may have 64 that wait.
func paysOn(ctx context.Context, t *testing.T, url string, on int) {
	of := client.New(url, client.WithChain(strconv.Itoa(on+1)))
	defer of.Close()
	about, err := of.Info(ctx)
	if err != nil {
		t.Error(err)
		return
	}
	signer := client.NewSigner(of, client.DevKey(about.Dev.Seed, "alice"))
	to := chain.KeyAddress(chain.ID((on+1)%chaosChains+1), client.DevKey(about.Dev.Seed, "bob").Public())
	for n := 1; ctx.Err() == nil; n++ {
		m, err := signer.Transfer(ctx, to, chain.NewAmount(1))
		if err == nil && n%32 == 0 {
			_, err = of.SubmitFinal(ctx, m)
		} else if err == nil {
			_, err = of.Submit(ctx, m)
		}
		if err != nil && ctx.Err() == nil {
			t.Error(err)
			return
		}
	}
}
