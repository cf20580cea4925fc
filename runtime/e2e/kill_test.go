package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

var (
	kills    = flag.Int("kills", 3, "how often TestKill kills the network")
	killSeed = flag.Uint64("kill-seed", 0, "seed of the moments of TestKill (default: random)")
)

// told is a message that the network reported as final, and where.
type told struct {
	id     chain.MessageID
	height uint64
	block  chain.BlockHash
}

// tally collects what clients are told.
type tally struct {
	mu   sync.Mutex // guards list
	list []told
}

func (t *tally) add(m *client.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list, told{m.ID, m.Place.Height, m.Place.Block})
}

// TestKill kills the network at random moments, at its start too, and looks each time whether all that clients were told is
// final still is, in the same block (I7). At the end the whole directory must stand an audit.
func TestKill(t *testing.T) { killTest(t, nil) }

// TestKillCommittee does the same to four validators in one process: all of them forget at once what was not durable, and each
// goes on from what it signed.
func TestKillCommittee(t *testing.T) {
	data := killTest(t, []string{"--validators", "4"})
	for i := range 4 {
		audited(t, filepath.Join(data, "validator-"+strconv.Itoa(i)))
	}
}

// killTest returns the directory.
func killTest(t *testing.T, flags []string) (data string) {
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat: go test ./runtime/e2e -run '^"+t.Name()+"$' -kills=%d -kill-seed=%d", *kills, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	work := t.TempDir()
	data = filepath.Join(work, "data")
	ready := filepath.Join(work, "ready.json")
	var all tally
	across := chain.ID(0)
	if flags == nil {
		across = 1 // several chains run
	}
	// A slow machine can be killed in every round before anything is final. Then nothing was tested, and it goes on.
	for round := 0; round < *kills || len(all.list) == 0 && round < *kills+20; round++ {
		atStart := round%4 == 0 && round > 0
		before := len(all.list)
		after := time.Duration(random.Int64N(int64(400 * time.Millisecond)))
		killOnce(t, killing{work, data, ready, flags, after, atStart, across}, &all)
		t.Logf("round %d: %d messages final", round, len(all.list)-before)
	}
	if len(all.list) == 0 {
		t.Error("no client was told that anything is final: nothing was tested")
	}
	p, url := serve(t, killing{work: work, data: data, ready: ready, flags: flags})
	check(t, url, all.list)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	if flags == nil {
		audited(t, data)
	}
	return data
}

// killing is one life of the network.
type killing struct {
	work, data, ready string
	flags             []string // of dev, beside those that say where
	after             time.Duration
	atStart           bool     // counted from the start of the process, not from when it serves
	across            chain.ID // how many chains further half of the payments go
}

func (k killing) arguments() []string { return append([]string{"--data", k.data, "-q"}, k.flags...) }

// killOnce starts the network, lets clients pay, and kills it. What they had been told before is checked first.
func killOnce(t *testing.T, k killing, all *tally) {
	t.Helper()
	if k.atStart {
		p, err := start(k.work, k.ready, os.Environ(), k.arguments()...)
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(k.after / 4)
		if err := p.kill(); err != nil {
			t.Fatal(err)
		}
		return
	}
	p, url := serve(t, k)
	check(t, url, all.list[max(0, len(all.list)-200):]) // the last are those at risk; at the end it is all of them
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	names := client.DevNames()
	for i, name := range names[:6] {
		clients.Go(func() { pay(ctx, url, name, names[(i+1)%len(names)], chain.ID(i%2)*k.across, all) })
	}
	<-time.After(k.after)
	err := p.kill()
	cancel()
	clients.Wait()
	if err != nil {
		t.Fatal(err)
	}
}

// serve starts the network and waits until it serves.
func serve(t *testing.T, k killing) (*process, string) {
	t.Helper()
	p, err := start(k.work, k.ready, os.Environ(), k.arguments()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.kill() })
	url, err := p.awaitReady()
	if err != nil {
		t.Fatal(err)
	}
	return p, url
}

// pay makes transfers, one after the other, until the node is gone; to an account so many chains further.
func pay(ctx context.Context, url, from, to string, across chain.ID, all *tally) {
	c := client.New(url, client.WithTries(1), client.WithTimeout(5*time.Second))
	defer c.Close()
	about, err := c.Info(ctx)
	if err != nil {
		return
	}
	signer := client.NewSigner(c, client.DevKey(about.Dev.Seed, from))
	address := chain.KeyAddress(about.Chain+across, client.DevKey(about.Dev.Seed, to).Public())
	for {
		m, err := signer.Transfer(ctx, address, chain.NewAmount(1))
		if err != nil {
			return
		}
		answers, err := c.SubmitFinal(ctx, m)
		if err != nil {
			return
		}
		if got := answers[0].Message; got != nil && got.State == client.StateFinal {
			all.add(got)
		}
	}
}

// check asks for every message that was reported as final.
func check(t *testing.T, url string, list []told) {
	t.Helper()
	c := client.New(url)
	defer c.Close()
	for _, want := range list {
		m, err := c.Message(t.Context(), want.id)
		if err != nil || m.State != client.StateFinal || m.Place == nil {
			t.Fatalf("message %s was final in block %d, and is now %q: %v", want.id, want.height, m.State, err)
		}
		if m.Place.Height != want.height || m.Place.Block != want.block {
			t.Fatalf("message %s was final in block %d %s, and is now in %d %s", want.id, want.height, want.block, m.Place.Height, m.Place.Block)
		}
	}
}

// audited runs `thinkey audit`, which must find nothing.
func audited(t *testing.T, data string) {
	t.Helper()
	out, err := exec.Command(filepath.Join(bin, "thinkey"), "audit", data, "--json").CombinedOutput()
	if err != nil {
		t.Fatalf("audit: %v\n%s", err, out)
	}
	type chained struct{ Blocks, Messages uint64 }
	var report struct {
		chained
		Chains    []chained
		Crossings []struct{ Sent uint64 }
	}
	err = json.Unmarshal(out, &report)
	all, sent := report.chained, uint64(0)
	for _, c := range report.Chains {
		all.Blocks, all.Messages = all.Blocks+c.Blocks, all.Messages+c.Messages
	}
	for _, c := range report.Crossings {
		sent += c.Sent
	}
	if err != nil || all.Blocks == 0 || len(report.Chains) > 0 && sent == 0 {
		t.Fatalf("audit says %s: %v", out, err)
	}
	t.Logf("audit: %d blocks, %d messages, %d of them from one chain to another", all.Blocks, all.Messages, sent)
}
