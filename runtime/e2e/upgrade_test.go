package e2e

import (
	"context"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// TestRollingUpgrade replaces the program of one node after the other while clients pay on all chains: something becomes final on each chain all
// the while, and nothing that a client was told is lost. A program that speaks another protocol is refused, which its operator and the
// others' see; the rest go on.
func TestRollingUpgrade(t *testing.T) {
	if !*operates {
		t.Skip("make cluster runs it")
	}
	t.Parallel()
	newer := filepath.Join(t.TempDir(), "thinkey")
	build := exec.Command("go", "build", "-ldflags", "-X github.com/thinkey/thinkey/runtime/cli.release=0.2.0", "-o", newer, "./runtime/cmd/thinkey")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	foreign := planted(t, "cluster/transport/hello.go", "OldestVersion uint16 = 1\n\tNewestVersion uint16 = 1", "OldestVersion uint16 = 2\n\tNewestVersion uint16 = 3")
	c := &chaos{T: t, program: filepath.Join(bin, "thinkey"), dir: filepath.Join(t.TempDir(), "net"), urls: make([]string, chaosNodes), liar: -1}
	c.testnet("gen", "--nodes", strconv.Itoa(chaosNodes), "--chains", strconv.Itoa(chaosChains-1))
	t.Cleanup(func() { _, _ = c.command("testnet", "down", "--dir", c.dir) })
	c.mustStart(0, 1, 2, 3)
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range 6 {
		clients.Go(func() { c.pays(ctx, i) })
	}
	defer clients.Wait()
	defer cancel()
	c.goesOn("the start")
	for i := range chaosNodes {
		c.replace(i, newer)
		c.goesOn("the upgrade of node " + strconv.Itoa(i))
		c.together("the upgrade of node " + strconv.Itoa(i))
		if is := strings.Count(c.run("cluster", "status", "--network", c.dir), "  0.2.0  "); is != i+1 {
			t.Errorf("%d nodes show that they run the newer program, after %d were upgraded", is, i+1)
		}
	}
	c.replace(3, foreign)
	c.goesOn("a node with another protocol")
	for i, says := range map[int]string{3: "(\"thinkey 0.2.0\") speaks version 1, this one (thinkey 0.1.0) speaks versions 2 to 3", 0: "speaks versions 2 to 3"} {
		var shown string
		if !within(patience, func() bool {
			shown, _ = c.command("doctor", "--home", c.home(i))
			return strings.Contains(shown, says) && strings.Contains(shown, "no version of the protocol in common")
		}) {
			t.Errorf("the doctor of node %d doesn't say %q:\n%s", i, says, shown)
		}
	}
	c.replace(3, newer)
	c.goesOn("the end of that")
	cancel()
	clients.Wait()
	c.together("all of it")
	c.blameless()
	for i := range chaosNodes {
		c.oracle.check(t, c.url(i), c.oracle.part(i, chaosNodes))
	}
	t.Logf("final on each chain: %v", c.oracle.final())
	c.testnet("down")
	c.run("audit", c.dir)
}

// replace stops a node as its operator does, and starts it with another program.
func (c *chaos) replace(i int, program string) {
	c.Helper()
	c.run("node", "stop", "--home", c.home(i))
	c.goesOn("without node " + strconv.Itoa(i))
	c.program = program
	c.mustStart(i)
}

// blameless requires that nobody has evidence against anybody.
func (c *chaos) blameless() {
	c.Helper()
	of := client.New(c.url(0))
	defer of.Close()
	for k := range chaosChains {
		list, err := of.Evidence(c.Context(), chain.ID(k+1))
		if err != nil || len(list.Evidence) > 0 {
			c.Errorf("chain %d: %v, %v", k+1, list.Evidence, err)
		}
	}
}
