//go:build !race

package placement_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/cluster/placement"
	"github.com/thinkey/thinkey/runtime/cli"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// guest is a node without chains that a whole node lets ask it.
type guest struct {
	key    keys.PrivateKey
	placed *node.Placed
}

// wholeNode is what thinkey node start runs, with the keys of guests in its configuration.
func wholeNode(t *testing.T, trusted []keys.PrivateKey) (g *chain.Genesis, api, gossip, port string) {
	dir := filepath.Join(t.TempDir(), "net")
	quiet := cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}
	if code := cli.Run(t.Context(), []string{"testnet", "gen", "--nodes", "1", "--dir", dir}, quiet); code != 0 {
		t.Fatal(code)
	}
	home := filepath.Join(dir, "node-0")
	text, err := os.ReadFile(filepath.Join(home, "node.toml"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, k := range trusted {
		list = append(list, fmt.Sprintf("'%s'", k.Public()))
	}
	changed := regexp.MustCompile(`(?m)^trusted = .*$`).ReplaceAll(text, []byte("trusted = ["+strings.Join(list, ", ")+"]"))
	if err := os.WriteFile(filepath.Join(home, "node.toml"), changed, 0o600); err != nil {
		t.Fatal(err)
	}
	value := func(name string) string {
		return string(regexp.MustCompile(`(?m)^` + name + ` = '(.*)'$`).FindSubmatch(text)[1])
	}
	raw, err := os.ReadFile(filepath.Join(home, "genesis.json"))
	if err == nil {
		g = &chain.Genesis{}
		err = json.Unmarshal(raw, g)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() { ended <- cli.Run(ctx, []string{"node", "start", "--home", home}, quiet) }()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("the node ends with %d", code)
		}
	})
	return g, value("api"), value("gossip"), value("placement")
}

func newGuest(t *testing.T, g *chain.Genesis, key keys.PrivateKey, gossip string) *guest {
	log := slog.New(slog.DiscardHandler)
	links, err := node.OpenLinks(node.LinksConfig{
		Key: key, Network: g, Listen: "127.0.0.1:0", Gossip: "127.0.0.1:0", Seeds: []string{gossip}, Software: "guest", Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = links.Close() })
	placed, err := node.OpenPlaced(node.PlacedConfig{Key: key, Links: links, Listen: "127.0.0.1:0", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(placed.Close)
	return &guest{key, placed}
}

// asks waits until the node answers.
func (g *guest) asks(t *testing.T, of chain.Address) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(5 * time.Minute); ; <-tick.C {
		_, err := g.placed.Account(t.Context(), of)
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// breaches is what the node says of frames that it refused.
func breaches(t *testing.T, api string) string {
	t.Helper()
	c, err := net.Dial("tcp", api)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`thinkey_placement_total\{what="` + placement.CountBreach + `"\} (\d+)`).FindSubmatch(text)
	if found == nil {
		return "0"
	}
	return string(found[1])
}

// The attacks on the port of a node as it is started: it refuses and counts each, and answers others.
func TestAttacksOnWholeNode(t *testing.T) {
	attacks := []string{"unknown type", "target out of range", "sender out of range", "to a guardian", "stop by name", "forged topology", "a million crumbs", "too long", "junk"}
	var trusted []keys.PrivateKey
	for i := range len(attacks) + 1 {
		trusted = append(trusted, keys.FromSeed([32]byte{99, byte(i)}))
	}
	g, api, gossip, port := wholeNode(t, trusted)
	account := g.Accounts[0].Address
	honest := newGuest(t, g, trusted[len(attacks)], gossip)
	honest.asks(t, account)
	for i, name := range attacks {
		evil := newGuest(t, g, trusted[i], gossip)
		evil.asks(t, account) // the mesh knows it: it is heard
		if err := placement.Attack(t, evil.key, evil.placed.Address(), port, name); err == nil {
			t.Errorf("%s: the stream goes on", name)
		}
		if n := breaches(t, api); n != fmt.Sprint(i+1) {
			t.Errorf("%s: %s are counted, of %d", name, n, i+1)
		}
		honest.asks(t, account)
	}
	stranger := keys.FromSeed([32]byte{98})
	if err := placement.Attack(t, stranger, "127.0.0.1:1", port, "stop by name"); err == nil {
		t.Error("a stranger is heard")
	}
	if n := breaches(t, api); n != fmt.Sprint(len(attacks)) {
		t.Errorf("%s are counted: a stranger's frames are looked at", n)
	}
	honest.asks(t, account)
}
