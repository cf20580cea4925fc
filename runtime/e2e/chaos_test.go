package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
)

var (
	chaosFor   = flag.Duration("chaos", 10*time.Second, "how long TestChaos does harm")
	chaosSeed  = flag.Uint64("chaos-seed", 0, "seed of TestChaos (default: random)")
	chaosFault = flag.String("chaos-fault", "", "the one fault that TestChaos does (default: all)")
)

const (
	chaosNodes  = 4
	chaosGuest  = chaosNodes // a node that has no seat and runs the main chain alone: it serves users of the others by asking their nodes
	chaosChains = 3          // the main one, and two under it
	// resumeTime is how long a network of which all nodes run may take until something is final again on each chain.
	resumeTime = 2 * time.Minute
	// everyClass is from when on a run must have done every kind of harm.
	everyClass = time.Minute
)

// chaos is a test network of processes to which harm is done, while clients pay on it.
type chaos struct {
	*testing.T
	program string // of the nodes
	dir     string
	random  *rand.Rand
	patient bool // a run of many minutes: harm that lasts longer is done, too
	oracle  oracle
	urls    []string
	// liar is the one node that breaks rules, and whose files rot: what it signed is not known then. No other may contradict itself.
	liar   int
	disk   bool // the directory of node filled is on a file system of its own
	filled int
	counts map[string]int
	resume []time.Duration
	made   int // messages that became final between faults
}

// command runs the program; its output is in the error.
func (c *chaos) command(args ...string) (string, error) {
	out, err := exec.Command(c.program, args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("thinkey %v: %w\n%s", args, err, out)
	}
	return string(out), err
}

// run is a command that must succeed.
func (c *chaos) run(args ...string) string {
	c.Helper()
	out, err := c.command(args...)
	if err != nil {
		c.Fatal(err)
	}
	return out
}

// testnet is a command for the network that must succeed.
func (c *chaos) testnet(args ...string) string {
	c.Helper()
	return c.run(append(append([]string{"testnet"}, args...), "--dir", c.dir)...)
}

func (c *chaos) home(i int) string { return filepath.Join(c.dir, "node-"+strconv.Itoa(i)) }

// start starts a node, with more flags perhaps; it may be that it can't.
func (c *chaos) start(i int, flags ...string) error {
	_, err := c.command(append([]string{"testnet", "up", strconv.Itoa(i), "--volatile", "--dir", c.dir}, flags...)...)
	if err == nil {
		err = c.found(i)
	}
	return err
}

// found notes where a node serves.
func (c *chaos) found(i int) error {
	var ready struct{ API string }
	text, err := os.ReadFile(filepath.Join(c.home(i), "ready.json"))
	if err == nil {
		err = json.Unmarshal(text, &ready)
	}
	if err == nil {
		c.oracle.mu.Lock()
		c.urls[i] = ready.API
		c.oracle.mu.Unlock()
	}
	return err
}

// mustStart starts nodes that have no reason not to.
func (c *chaos) mustStart(nodes ...int) {
	c.Helper()
	faults := make([]error, len(nodes))
	var work sync.WaitGroup
	for n, i := range nodes {
		work.Go(func() { faults[n] = c.start(i) })
	}
	work.Wait()
	for n, err := range faults {
		if err != nil {
			c.Fatalf("node %d doesn't start, and nothing was done to its files: %v\n%s", nodes[n], err, c.logs(nodes[n]))
		}
	}
}

// logs are the ends of what nodes said.
func (c *chaos) logs(nodes ...int) (said string) {
	for _, i := range nodes {
		log, _ := os.ReadFile(filepath.Join(c.home(i), "node.log"))
		said += fmt.Sprintf("node %d:\n%s\n", i, tail(string(log)))
	}
	return said
}

// kill kills nodes.
func (c *chaos) kill(nodes ...int) {
	c.Helper()
	c.counts["… processes killed"] += len(nodes)
	var work sync.WaitGroup
	for _, i := range nodes {
		work.Go(func() { c.testnet("kill", strconv.Itoa(i)) })
	}
	work.Wait()
}

// url is where a node serves.
func (c *chaos) url(i int) string {
	c.oracle.mu.Lock()
	defer c.oracle.mu.Unlock()
	return c.urls[i]
}

// lasts waits for a time between two.
func (c *chaos) lasts(least, most time.Duration) {
	<-time.After(least + time.Duration(c.random.Int64N(int64(most-least)+1)))
}

// longer is a time in which much harm can be done: up to a second or three, or, in one of four cases of a patient run, up to a minute.
func (c *chaos) longer() {
	if c.patient && c.random.IntN(4) == 0 {
		c.lasts(10*time.Second, time.Minute)
		return
	}
	c.lasts(700*time.Millisecond, 2500*time.Millisecond)
}

// goesOn waits until clients are told of something that is final on each chain, that they weren't before.
func (c *chaos) goesOn(after string) time.Duration {
	c.Helper()
	return c.goesOnBut(-1, after)
}

// goesOnBut is goesOn of all chains but one, by its place.
func (c *chaos) goesOnBut(still int, after string) time.Duration {
	c.Helper()
	before, began := c.oracle.final(), time.Now()
	more := func() bool {
		now := c.oracle.final()
		for i := range now {
			if i != still && now[i] <= before[i] {
				return false
			}
		}
		return true
	}
	if !within(resumeTime, more) {
		status, _ := c.command("testnet", "status", "--dir", c.dir)
		c.Fatalf("nothing becomes final any more, on each chain, after: %s; %v then, %v now\n%s", after, before, c.oracle.final(), status)
	}
	return time.Since(began)
}

// within waits for a condition.
func within(patience time.Duration, is func() bool) bool {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for late := time.After(patience); !is(); {
		select {
		case <-look.C:
		case <-late:
			return false
		}
	}
	return true
}

// heights of the chains at a node; an error if it doesn't say.
func (c *chaos) heights(i int) (h [chaosChains]uint64, err error) {
	of := client.New(c.url(i), client.WithTries(1), client.WithTimeout(5*time.Second))
	defer of.Close()
	for k := range h {
		about, err := of.On(strconv.Itoa(k + 1)).Info(c.Context())
		if err != nil {
			return h, err
		}
		h[k] = about.Height
	}
	return h, nil
}

// together waits until every node has all that clients were told of. One that has much to catch up may take its time, and must get on.
func (c *chaos) together(after string) {
	c.Helper()
	most := c.oracle.highest()
	for i := range chaosNodes {
		var last [chaosChains]uint64
		moved := time.Now()
		for there := false; !there; {
			there = within(time.Second, func() bool {
				h, err := c.heights(i)
				if err == nil && h != last {
					last, moved = h, time.Now()
				}
				return err == nil && h[0] >= most[0] && h[1] >= most[1] && h[2] >= most[2]
			})
			if time.Since(moved) > resumeTime {
				status, _ := c.command("testnet", "status", "--dir", c.dir)
				c.Fatalf("node %d is at heights %v, comes no further, and should come to %v after: %s\n%s", i, last, most, after, status)
			}
		}
	}
}

// stands requires that nodes that are too few make nothing final while something happens, from when they were parted on. Of votes that were
// on their way before one more block can follow on each chain, and no second: who votes for that has the one before.
func (c *chaos) stands(what string, nodes []int, meanwhile func()) {
	c.Helper()
	c.standOn(what, []int{0, 1, 2}, nodes, time.Time{}, meanwhile)
}

// standOn is stands of some chains, by their places, that may heal by themselves at a time.
func (c *chaos) standOn(what string, chains, nodes []int, heals time.Time, meanwhile func()) {
	c.Helper()
	var most [chaosChains]uint64
	for i := range chaosNodes {
		h, err := c.heights(i)
		if err != nil {
			c.Fatalf("%s: node %d doesn't say how far it is: %v", what, i, err)
		}
		for k := range h {
			most[k] = max(most[k], h[k]+1)
		}
	}
	meanwhile()
	for _, i := range nodes {
		var h [chaosChains]uint64
		var err error
		if !within(time.Minute, func() bool { h, err = c.heights(i); return err == nil }) {
			c.Fatalf("%s: node %d doesn't say how far it is: %v", what, i, err)
		}
		if !heals.IsZero() && time.Now().After(heals) {
			c.counts["… too late to tell whether a chain stood still"]++
			return
		}
		for _, k := range chains {
			if h[k] > most[k] {
				c.Fatalf("%s: node %d is at heights %v, and at most %v could be final without the others", what, i, h, most)
			}
		}
	}
}

// TestChaos runs four processes with a main chain and two under it, while clients pay on all of them, and from one to another, and does harm
// to processes, links, disks and clocks (faults). What any client was told is final must be so in the end, in the same block; every
// directory must stand an audit, all copies be the same, and no node but the one that lies have contradicted itself.
// Between two faults something becomes final on every chain.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("runs many processes")
	}
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat: go test ./runtime/e2e -run '^TestChaos$' -v -count=1 -timeout 0 -chaos=%s -chaos-seed=%d", *chaosFor, seed)
	newChaos(t, cmp.Or(*chaosProgram, filepath.Join(bin, "thinkey")), seed).harm(*chaosFor)
}

// newChaos starts the network.
func newChaos(t *testing.T, program string, seed uint64) *chaos {
	c := &chaos{
		T: t, program: program, dir: filepath.Join(t.TempDir(), "net"), random: rand.New(rand.NewPCG(seed, 1)), counts: map[string]int{},
		urls: make([]string, chaosNodes+1), patient: *chaosFor >= 10*time.Minute,
	}
	c.liar, c.filled = c.random.IntN(chaosNodes), c.random.IntN(chaosNodes)
	c.testnet("gen", "--nodes", strconv.Itoa(chaosNodes), "--chains", strconv.Itoa(chaosChains-1), "--common", "1", "--faults")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.logs(0, 1, 2, 3, chaosGuest)) // their homes go with the test
		}
		_, _ = c.command("testnet", "down", "--dir", c.dir)
	})
	c.ownDisk()
	c.mustStart(0, 1, 2, 3, chaosGuest)
	return c
}

// harm does harm for a time, and then judges.
func (c *chaos) harm(lasting time.Duration) {
	ctx, cancel := context.WithCancel(c.Context())
	var clients sync.WaitGroup
	for i := range chaosPayers {
		clients.Go(func() { c.pays(ctx, i) })
	}
	defer clients.Wait()
	defer cancel()
	c.goesOn("the start")
	began := time.Now()
	order := c.random.Perm(len(faults))
	var shown time.Time
	for n := 0; time.Since(began) < lasting || lasting >= everyClass && n < len(faults) && *chaosFault == ""; n++ {
		f := c.draw()
		if n < len(order) {
			f = faults[order[n]] // each once, before any twice
		}
		if only := slices.IndexFunc(faults, func(f fault) bool { return f.name == *chaosFault }); only >= 0 {
			f = faults[only]
		}
		c.one(f)
		if time.Since(shown) > time.Minute {
			shown = time.Now()
			c.Logf("%s: %d faults, %v final", time.Since(began).Round(time.Second), n+1, c.oracle.final())
		}
	}
	c.testnet("heal")
	c.goesOn("all of it")
	cancel()
	clients.Wait()
	c.judge(time.Since(began), lasting >= everyClass && *chaosFault == "")
}

// draw is any kind of harm, by its weight.
func (c *chaos) draw() fault {
	sum := 0
	for _, f := range faults {
		sum += f.weight
	}
	at := c.random.IntN(sum)
	for _, f := range faults {
		if at -= f.weight; at < 0 {
			return f
		}
	}
	panic("no weight")
}

// one does one kind of harm, on links that are bad already perhaps.
func (c *chaos) one(f fault) {
	c.Helper()
	bad := c.random.IntN(4) == 0 && !f.links
	if bad {
		c.testnet("disturb", "--delay", "10ms", "--jitter", "30ms", "--loss", "0.01")
		c.counts["… on bad links"]++
	}
	f.do(c)
	c.counts[f.name]++
	if bad {
		c.testnet("heal")
	}
	before := c.oracle.all()
	c.resume = append(c.resume, c.goesOn(f.name))
	recent := c.oracle.last(200)
	c.together(f.name)
	c.made += c.oracle.all() - before
	c.oracle.check(c.T, c.url(c.random.IntN(chaosNodes)), recent)
	c.innocent()
}

// judge looks whether all that clients were told is so.
func (c *chaos) judge(took time.Duration, every bool) {
	slices.Sort(c.resume)
	n := len(c.resume)
	c.Logf("%d faults in %s; final on each chain: %v, %d of them between faults, %d by way of a node without the chain", n, took.Round(time.Second), c.oracle.final(), c.made, c.oracle.asked())
	if n > 0 {
		c.Logf("until something new was final on each chain: half within %s, all within %s", c.resume[n/2].Round(time.Millisecond), c.resume[n-1].Round(time.Millisecond))
	}
	for _, what := range slices.Sorted(maps.Keys(c.counts)) {
		c.Logf("%6d  %s", c.counts[what], what)
	}
	if final := c.counts["… messages final meanwhile"]; final > 0 {
		offered := c.counts["… messages taken in overload"] + c.counts["… messages refused in overload"]
		c.Logf("overload: %.1f times as many messages were offered as became final", float64(offered)/float64(final))
	}
	for _, f := range faults {
		if every && c.counts[f.name] == 0 {
			c.Errorf("never done: %s", f.name)
		}
	}
	if every && c.oracle.asked() == 0 {
		c.Error("no message of a chain that the node asked doesn't run became final: nodes asked each other nothing")
	}
	c.together("all of it")
	c.Logf("%d cases of evidence, all against the node that lies", c.innocent())
	for i := range chaosNodes { // each message at one node: that all have the same is for the audit
		c.oracle.check(c.T, c.url(i), c.oracle.part(i, chaosNodes))
	}
	c.whole()
	c.testnet("down")
	report := c.run("audit", c.dir)
	c.Log(report)
	if strings.Contains(report, "\ncut ") { // a process has all chains: what one of them knows of another one is there in the same directory
		c.Error("the chains are not there as far as others know them")
	}
}

// innocent requires that nobody has evidence against a node that kept the rules, and counts what there is against the one that didn't.
func (c *chaos) innocent() (cases int) {
	c.Helper()
	var liar keys.PublicKey
	text, err := os.ReadFile(filepath.Join(c.home(c.liar), "card.json"))
	if err == nil {
		var card struct{ Node keys.PublicKey }
		err = json.Unmarshal(text, &card)
		liar = card.Node
	}
	if err != nil {
		c.Fatal(err)
	}
	for i := range chaosNodes {
		of := client.New(c.url(i))
		for k := range chaosChains {
			list, err := of.Evidence(c.Context(), chain.ID(k+1))
			if err != nil {
				c.Fatal(err)
			}
			for _, e := range list.Evidence {
				cases++
				for _, seat := range e.Guilty {
					if seat.Member != liar {
						c.Fatalf("node %d has evidence (%s, chain %d, height %d, round %d) against %s, which was never made to break a rule", i, e.Kind, k+1, e.Height, e.Round, seat.Member)
					}
				}
			}
		}
		of.Close()
	}
	return cases
}
