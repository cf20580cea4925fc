package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/thinkey/thinkey/runtime/byzantine"
)

// fault is harm that is over when do returns: the processes run, and the links are well.
type fault struct {
	name   string
	links  bool // it is about links
	weight int  // how often it is drawn, beside the others
	do     func(*chaos)
}

// faults are all kinds. A node that lost all gets a long chain from its beginning, which takes a while in a run of hours.
var faults = []fault{
	{"one killed", false, 12, func(c *chaos) { c.killed(c.random.Perm(chaosNodes)[:1]...) }},
	{"two killed", false, 12, func(c *chaos) { c.killed(c.random.Perm(chaosNodes)[:2]...) }},
	{"all killed", false, 12, func(c *chaos) { c.killed(0, 1, 2, 3) }},
	{"one stands still", false, 2, (*chaos).paused},
	{"halves apart", true, 2, (*chaos).halves},
	{"one apart", true, 2, (*chaos).oneApart},
	{"one is not heard", true, 2, (*chaos).oneWay},
	{"apart on one chain", true, 2, (*chaos).chainApart},
	{"gossip apart", true, 2, (*chaos).gossipApart},
	{"slow and lossy links", true, 2, (*chaos).slowLinks},
	{"links that break", true, 2, (*chaos).brokenLinks},
	{"disk full, then not", false, 2, (*chaos).diskFull},
	{"disk lost", false, 1, (*chaos).diskLost},
	{"damaged file", false, 1, (*chaos).damaged},
	{"wrong clock", false, 2, (*chaos).wrongClock},
	{"breaks the rules", false, 2, (*chaos).breaksRules},
	{"overload", false, 2, (*chaos).overloaded},
	{"slow readers", false, 2, (*chaos).slowReaders},
	{"junk connections", false, 2, (*chaos).junk},
}

// killed kills some, leaves them dead for a while, and starts them again. One is missed by nobody.
func (c *chaos) killed(nodes ...int) {
	if c.random.IntN(4) == 0 {
		nodes = append(slices.Clone(nodes), chaosGuest)
	}
	c.kill(nodes...)
	if (len(nodes) == 1 || len(nodes) == 2 && nodes[1] == chaosGuest) && c.random.IntN(2) == 0 {
		c.goesOn("one killed, and not back")
	} else {
		c.lasts(0, 500*time.Millisecond)
	}
	c.mustStart(nodes...)
}

// paused lets one stand still; the others go on.
func (c *chaos) paused() {
	still := time.Duration(200+c.random.IntN(2500)) * time.Millisecond
	if c.patient && c.random.IntN(4) == 0 {
		still = time.Duration(1+c.random.IntN(60)) * time.Second
	}
	done := make(chan error, 1)
	node := strconv.Itoa(c.random.IntN(chaosNodes))
	go func() {
		_, err := c.command("testnet", "pause", node, "--for", still.String(), "--dir", c.dir)
		done <- err
	}()
	if still > 2*time.Second {
		c.goesOn("one stands still")
	}
	if err := <-done; err != nil {
		c.Fatal(err)
	}
}

// halves: neither has a quorum.
func (c *chaos) halves() {
	two := c.random.Perm(chaosNodes)[:2]
	c.testnet("partition", fmt.Sprintf("%d,%d", two[0], two[1]))
	c.stands("halves", []int{0, 1, 2, 3}, c.longer)
	c.testnet("heal")
}

// oneApart: three go on, one doesn't.
func (c *chaos) oneApart() {
	one := c.random.IntN(chaosNodes)
	c.testnet("partition", strconv.Itoa(one))
	c.stands("one apart", []int{one}, func() {
		c.goesOn("one apart")
		c.longer()
	})
	c.testnet("heal")
}

// oneWay: the others don't hear one, which hears them.
func (c *chaos) oneWay() {
	c.testnet("partition", strconv.Itoa(c.random.IntN(chaosNodes)), "--one-way")
	c.goesOn("one is not heard")
	c.longer()
	c.testnet("heal")
}

// chainApart: of one chain two hear nothing for a time, so that neither they nor the others have a quorum there; the other chains go on, on all
// nodes.
func (c *chaos) chainApart() {
	two, k := c.random.Perm(chaosNodes)[:2], c.random.IntN(chaosChains)
	const lasting = 12 * time.Second
	heals := time.Now().Add(lasting) // or later: each process counts from its own start
	for _, i := range two {
		c.kill(i)
		if err := c.start(i, "--cut", strconv.Itoa(k+1), "--cut-for", lasting.String()); err != nil {
			c.Fatal(err)
		}
	}
	c.standOn("apart on one chain", []int{k}, []int{0, 1, 2, 3}, heals, func() { c.goesOnBut(k, "apart on one chain") })
	<-time.After(time.Until(heals))
}

// gossipApart: gossip is a hint, without which all goes on.
func (c *chaos) gossipApart() {
	c.testnet("partition", "0", "1", "2", "3", "--only", "gossip")
	c.goesOn("gossip apart")
	c.longer()
	c.testnet("heal")
}

func (c *chaos) slowLinks() {
	args := []string{"disturb", "--delay", "200ms", "--jitter", "100ms", "--loss", "0.02"}
	if c.random.IntN(2) == 0 {
		args = append(args, strconv.Itoa(c.random.IntN(chaosNodes)))
	}
	c.testnet(args...)
	c.goesOn("slow and lossy links")
	c.longer()
	c.testnet("heal")
}

func (c *chaos) brokenLinks() {
	c.testnet("disturb", "--reset", "0.01")
	c.longer()
	c.testnet("heal")
}

// ownDisk puts the ledger of one node on a file system of its own, if this process may mount one.
func (c *chaos) ownDisk() {
	at := filepath.Join(c.home(c.filled), "ledger")
	if err := os.MkdirAll(at, 0o755); err != nil {
		c.Fatal(err)
	}
	if err := syscall.Mount("thinkey-chaos", at, "tmpfs", 0, "size="+diskSize); err != nil {
		c.Logf("a full disk will be one on which no file grows (%v)", err)
		if err := os.Remove(at); err != nil {
			c.Fatal(err)
		}
		return
	}
	c.disk = true
	c.Cleanup(func() {
		if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
			c.Error(err)
		}
	})
}

// diskSize is more than a ledger takes.
const diskSize = "8g"

// diskFull: a node must say nothing that it can't keep, and go on, or start again, when there is room.
func (c *chaos) diskFull() {
	at := filepath.Join(c.home(c.filled), "ledger")
	resize := func(size string) {
		if err := syscall.Mount("thinkey-chaos", at, "tmpfs", syscall.MS_REMOUNT, "size="+size); err != nil {
			c.Fatal(err)
		}
	}
	if c.disk {
		var s syscall.Statfs_t
		if err := syscall.Statfs(at, &s); err != nil {
			c.Fatal(err)
		}
		room := int64(c.random.IntN(2 << 20)) // what is written soon meets the end within a write, or before
		resize(strconv.FormatInt(int64(s.Blocks-s.Bfree)*s.Bsize+room, 10))
		c.goesOn("disk full")
		c.longer()
		resize(diskSize)
	} else if out, err := exec.Command("prlimit", "--pid", c.pid(c.filled), "--fsize=1").CombinedOutput(); err != nil {
		c.Fatalf("prlimit: %v\n%s", err, out)
	} else {
		c.goesOn("files can't grow")
		c.kill(c.filled)
	}
	c.mustStart(c.filled) // if it has ended
}

// pid is the process of a node, as it says itself.
func (c *chaos) pid(i int) string {
	text, err := os.ReadFile(filepath.Join(c.home(i), "ready.json"))
	if err != nil {
		c.Fatal(err)
	}
	found := regexp.MustCompile(`"pid": *(\d+)`).FindSubmatch(text)
	if found == nil {
		c.Fatalf("%s names no process", text)
	}
	return string(found[1])
}

// wipe empties the ledger of a node that is stopped.
func (c *chaos) wipe(i int) {
	at := filepath.Join(c.home(i), "ledger")
	entries, err := os.ReadDir(at)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(at, e.Name())))
	}
	if err != nil {
		c.Fatal(err)
	}
}

// diskLost: the node gets all from the others.
func (c *chaos) diskLost() {
	i := c.random.IntN(chaosNodes)
	c.kill(i)
	c.wipe(i)
	c.mustStart(i)
}

// damaged: a file of the node that lies is changed. It must find that, at its start or in an audit, or not be harmed by it. What the operator
// does about it stands in OPERATORS.md: the directory goes.
func (c *chaos) damaged() {
	i := c.liar
	c.kill(i)
	what := c.damage(filepath.Join(c.home(i), "ledger"))
	if err := c.start(i); err != nil {
		c.counts["… damage found by the node at its start"]++
	} else {
		c.goesOn(what)
		c.kill(i)
		if _, err := c.command("audit", filepath.Join(c.home(i), "ledger")); err == nil {
			c.counts["… damage that did no harm"]++
			c.mustStart(i)
			return
		}
		c.counts["… damage found by an audit"]++
	}
	c.wipe(i)
	c.mustStart(i)
}

// damage flips bits of some file, or cuts it off, and says what it did.
func (c *chaos) damage(dir string) string {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		about, err := d.Info()
		if err == nil && about.Size() > 0 {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		c.Fatalf("no files in %s: %v", dir, err)
	}
	path := files[c.random.IntN(len(files))]
	b, err := os.ReadFile(path)
	if err != nil {
		c.Fatal(err)
	}
	what := "bits of " + filepath.Base(path) + " flipped"
	if c.random.IntN(2) == 0 {
		b = b[:c.random.IntN(len(b))]
		what = filepath.Base(path) + " cut off"
	} else {
		for range 1 + c.random.IntN(100) {
			b[c.random.IntN(len(b))] ^= 1 << c.random.IntN(8)
		}
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		c.Fatal(err)
	}
	return what
}

// wrongClock: one is seconds or an hour ahead or behind.
func (c *chaos) wrongClock() {
	i := c.random.IntN(chaosNodes)
	c.kill(i)
	if err := c.start(i, "--clock", []string{"10s", "-10s", "1h", "-1h"}[c.random.IntN(4)]); err != nil {
		c.Fatal(err)
	}
	c.goesOn("wrong clock")
	c.longer()
	c.kill(i)
	c.mustStart(i)
}

// breaksRules: one of four is Byzantine.
func (c *chaos) breaksRules() {
	i := c.liar
	c.kill(i)
	mode := byzantine.Names()[c.random.IntN(len(byzantine.Names()))]
	if err := c.start(i, "--byzantine", mode); err != nil {
		c.Fatal(err)
	}
	c.goesOn(mode)
	c.longer()
	c.kill(i)
	c.mustStart(i)
}

func (c *chaos) overloaded() {
	before, asked := c.nonces()
	taken, refused := c.overload(3 * time.Second)
	if after, again := c.nonces(); asked && again && after > before { // a node may be behind
		c.counts["… messages final meanwhile"] += int(after - before)
	}
	if taken+refused == 0 {
		c.Error("nobody overloaded the network")
	}
	c.counts["… messages taken in overload"] += taken
	c.counts["… messages refused in overload"] += refused
}

// slowReaders ask for streams of blocks, and read nothing. Nodes have them as streams, as long as they are there.
func (c *chaos) slowReaders() {
	var conns []net.Conn
	before := c.counted(openStreams)
	for i := range chaosNodes {
		for range 50 {
			host := strings.TrimPrefix(c.url(i), "http://")
			conn, err := net.DialTimeout("tcp", host, 5*time.Second)
			if err != nil {
				c.Fatal(err)
			}
			conns = append(conns, conn)
			if _, err := fmt.Fprintf(conn, "GET /v1/chains/%d/blocks?after=0 HTTP/1.1\r\nHost: %s\r\n\r\n", 1+len(conns)%chaosChains, host); err != nil {
				c.Fatal(err)
			}
		}
	}
	if !within(resumeTime, func() bool { return c.counted(openStreams) >= before+float64(len(conns)) }) {
		c.Errorf("%v streams with %d slow readers, and %v without", c.counted(openStreams), len(conns), before)
	}
	c.goesOn("slow readers")
	c.longer()
	for _, conn := range conns {
		_ = conn.Close()
	}
	if !within(resumeTime, func() bool { return c.counted(openStreams) <= before }) {
		c.Errorf("%v streams when slow readers have gone, and %v before", c.counted(openStreams), before)
	}
}

// junk opens thousands of connections to all ports of all nodes, from a stranger's address, and sends what means nothing, or nothing.
func (c *chaos) junk() {
	var ports []string
	for i := range chaosNodes {
		text, err := os.ReadFile(filepath.Join(c.home(i), "node.toml"))
		if err != nil {
			c.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?m)^(?:transport|gossip|placement|api) = '(.*)'`).FindAllSubmatch(text, -1) {
			ports = append(ports, string(found[1]))
		}
	}
	random := make([]byte, 4096)
	for i := range random {
		random[i] = byte(c.random.Uint32())
	}
	before := c.allCounted(refusedJunk)
	ctx, cancel := context.WithCancel(c.Context())
	var work sync.WaitGroup
	var mu sync.Mutex
	opened := 0
	for w := range 16 {
		work.Go(func() {
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 2, byte(1+w))}, Timeout: time.Second}
			var open []net.Conn
			for n := w; n < 3000 && ctx.Err() == nil; n += 16 {
				conn, err := d.DialContext(ctx, "tcp", ports[n%len(ports)])
				if err != nil {
					continue
				}
				_ = conn.SetDeadline(time.Now().Add(time.Second))
				if n%3 > 0 {
					_, _ = conn.Write(random[:1+n%len(random)])
				}
				if open = append(open, conn); len(open) > 60 {
					_ = open[0].Close()
					open = open[1:]
				}
				mu.Lock()
				opened++
				mu.Unlock()
			}
			<-ctx.Done()
			for _, conn := range open {
				_ = conn.Close()
			}
		})
	}
	c.goesOn("junk connections")
	c.longer()
	cancel()
	work.Wait()
	c.counts["… junk connections opened"] += opened
	for i, now := range c.allCounted(refusedJunk) {
		if now == before[i] {
			c.Errorf("%s is %v, as it was before the junk", refusedJunk[i], now)
		}
		c.counts["… of it counted by nodes between themselves"] += int(now - before[i])
	}
	if opened == 0 {
		c.Error("no junk was sent")
	}
	if slices.Contains(ports, "") {
		c.Errorf("ports %v", ports)
	}
}
