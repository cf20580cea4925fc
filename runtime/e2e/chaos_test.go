package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/client"
)

// cluster is a test network of processes under a test's faults.
type cluster struct {
	*testing.T
	dir    string
	urls   []string
	random *rand.Rand
	all    tally
	counts map[string]int
}

// run runs a command of thinkey that must succeed.
func (c *cluster) run(args ...string) string {
	c.Helper()
	out, err := exec.Command(filepath.Join(bin, "thinkey"), args...).CombinedOutput()
	if err != nil {
		c.Fatalf("thinkey %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// newCluster starts four processes.
func newCluster(t *testing.T, seed uint64) *cluster {
	c := &cluster{T: t, dir: filepath.Join(t.TempDir(), "net"), random: rand.New(rand.NewPCG(seed, 1)), counts: map[string]int{}}
	c.run("testnet", "gen", "--nodes", "4", "--dir", c.dir)
	t.Cleanup(func() { _ = exec.Command(filepath.Join(bin, "thinkey"), "testnet", "down", "--dir", c.dir).Run() })
	c.run("testnet", "up", "--dir", c.dir)
	for i := range 4 {
		var ready struct{ API string }
		text, err := os.ReadFile(filepath.Join(c.dir, "node-"+strconv.Itoa(i), "ready.json"))
		if err == nil {
			err = json.Unmarshal(text, &ready)
		}
		if err != nil {
			t.Fatal(err)
		}
		c.urls = append(c.urls, ready.API)
	}
	return c
}

// faults are what may happen to the processes; each is over when it returns, and the processes run again.
var faults = []struct {
	name string
	do   func(*cluster)
}{
	{"one killed", func(c *cluster) { c.killed(c.random.IntN(4)) }},
	{"one paused", func(c *cluster) {
		c.run("testnet", "pause", strconv.Itoa(c.random.IntN(4)), "--for", fmt.Sprintf("%dms", 200+c.random.IntN(3000)), "--dir", c.dir)
	}},
	{"two killed", func(c *cluster) { i := c.random.IntN(4); c.killed(i, (i+1)%4) }},
	{"all killed", func(c *cluster) { c.killed(0, 1, 2, 3) }},
}

// killed kills some, leaves them dead for a while, and starts them again.
func (c *cluster) killed(nodes ...int) {
	var work sync.WaitGroup
	for _, i := range nodes {
		work.Go(func() { c.run("testnet", "kill", strconv.Itoa(i), "--dir", c.dir) })
	}
	work.Wait()
	<-time.After(time.Duration(c.random.IntN(300)) * time.Millisecond)
	c.run("testnet", "up", "--dir", c.dir)
}

// final is how many messages clients were told are final.
func (c *cluster) final() int {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	return len(c.all.list)
}

// goesOn waits until clients are told of something that is final, that they weren't before.
func (c *cluster) goesOn(after string) {
	c.Helper()
	before := c.final()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for late := time.After(patience); c.final() <= before; {
		select {
		case <-look.C:
		case <-late:
			c.Fatalf("nothing becomes final any more after: %s\n%s", after, c.run("testnet", "status", "--dir", c.dir))
		}
	}
}

// TestKillProcesses lets four processes be killed, one, two or all at once, and paused, while clients pay at all of them. What any of them
// was told is final must be so at every node in the end, in the same block; every directory must stand an audit, and all copies of
// the chain be the same. Between two faults something becomes final.
func TestKillProcesses(t *testing.T) {
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat: go test ./runtime/e2e -run '^TestKillProcesses$' -kills=%d -kill-seed=%d", *kills, seed)
	c := newCluster(t, seed)
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	names := client.DevNames()
	for i, name := range names[:6] {
		clients.Go(func() {
			for at := i; ctx.Err() == nil; at++ { // at the next node, when this one is gone
				pay(ctx, c.urls[at%len(c.urls)], name, names[(i+1)%len(names)], 0, &c.all)
				select {
				case <-ctx.Done():
				case <-time.After(20 * time.Millisecond):
				}
			}
		})
	}
	c.goesOn("the start")
	for i := range *kills {
		f := faults[i%len(faults)]
		f.do(c)
		c.counts[f.name]++
		c.goesOn(f.name)
	}
	cancel()
	clients.Wait()
	t.Logf("%d messages final; %v", c.final(), c.counts)
	c.agree()
	c.run("testnet", "down", "--dir", c.dir)
	t.Log(c.run("audit", c.dir))
}

// agree waits until every node is at one height, and asks each for all that clients were told.
func (c *cluster) agree() {
	c.Helper()
	var most uint64
	for _, m := range c.all.list {
		most = max(most, m.height)
	}
	for _, url := range c.urls {
		look := time.NewTicker(10 * time.Millisecond)
		defer look.Stop()
		of := client.New(url)
		for late := time.After(patience); ; {
			if about, err := of.Info(c.Context()); err == nil && about.Height >= most {
				break
			}
			select {
			case <-look.C:
			case <-late:
				c.Fatalf("a node never comes to height %d\n%s", most, c.run("testnet", "status", "--dir", c.dir))
			}
		}
		of.Close()
		check(c.T, url, c.all.list)
	}
}
