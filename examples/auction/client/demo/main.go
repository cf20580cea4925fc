// Command demo sells a kitten over two auctioneers on a live network: it builds the contracts, starts a network of its own, plays
// the auction, and compares what came of it with what must have.
//
//	go run ./examples/auction/client/demo --bin bin/thinkey               on a main chain and three others
//	go run ./examples/auction/client/demo --bin bin/thinkey --chains 0    on one chain
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/thinkey/thinkey/examples/auction/client"
)

func main() {
	bin := flag.String("bin", "bin/thinkey", "the program thinkey")
	contracts := flag.String("contracts", "examples/auction/contract", "the folder of the contracts' sources")
	chains := flag.Int("chains", 3, "chains under the main one that the auction is on; 0 for one chain alone")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if err := demo(ctx, *bin, *contracts, *chains, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// demo builds in a directory of its own, and leaves nothing behind.
func demo(ctx context.Context, bin, contracts string, chains int, out io.Writer) error {
	dir, err := os.MkdirTemp("", "thinkey-auction-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what can't be removed is in the directory for such files
	var m client.Modules
	for _, c := range []struct {
		name string
		to   *[]byte
	}{{"collector", &m.Collector}, {"auctioneer", &m.Auctioneer}, {"recorder", &m.Recorder}, {"bidder", &m.Bidder}} {
		if *c.to, err = build(ctx, bin, filepath.Join(contracts, c.name), filepath.Join(dir, c.name+".wasm")); err != nil {
			return err
		}
	}
	places := client.Apart
	if chains == 0 {
		places = nil
	}
	n, err := start(ctx, bin, dir, chains)
	if err != nil {
		return err
	}
	if err := errors.Join(client.Play(ctx, n.api, m, places, out), n.stop()); err != nil {
		return err
	}
	fmt.Fprintln(out, "✓ the kitten went to the highest bid, the price to the seller, and every other bid came back")
	return nil
}

// build makes a module of a contract's folder.
func build(ctx context.Context, bin, dir, file string) ([]byte, error) {
	said, err := exec.CommandContext(ctx, bin, "build", dir, "-o", file).CombinedOutput()
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; build the program with make build, or name it with --bin", err)
	}
	if err != nil {
		return nil, fmt.Errorf("build %s: %w: %s", dir, err, strings.TrimSpace(string(said)))
	}
	return os.ReadFile(file)
}
