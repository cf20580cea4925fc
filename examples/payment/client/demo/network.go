package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/thinkey/thinkey/examples/payment/client"
)

// How long a network may take to start and to stop.
const (
	startTime = 30 * time.Second
	stopTime  = 10 * time.Second
)

// place is what a network runs on.
type place struct {
	bin     string
	oneCore bool
}

// onFreshNetwork runs play against a network of its own, which begins as the case does, and stops it.
func onFreshNetwork(ctx context.Context, at place, c *client.Case, play func(node string) error) error {
	dir, err := os.MkdirTemp("", "thinkey-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what can't be removed is in the directory for such files
	args := []string{"--block", "manual"}
	for _, name := range c.Accounts() {
		args = append(args, "--account", name+"="+c.Before[name].String())
	}
	n, err := start(ctx, at, dir, args...)
	if err != nil {
		return err
	}
	return errors.Join(play(n.api), n.stop())
}

// network is a running `thinkey dev`.
type network struct {
	process *exec.Cmd
	said    bytes.Buffer // on standard error
	ended   chan error
	api     string
}

// start starts one, with a directory for its files.
func start(ctx context.Context, at place, dir string, more ...string) (*network, error) {
	config, ready := filepath.Join(dir, "config.toml"), filepath.Join(dir, "ready.json")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		return nil, err
	}
	args := append([]string{"dev", "--config", config, "--api", "127.0.0.1:0", "--ready-file", ready}, more...)
	n := &network{process: exec.Command(at.bin, args...), ended: make(chan error, 1)}
	n.process.Env = ownEnvironment()
	if at.oneCore {
		n.process.Env = append(n.process.Env, "GOMAXPROCS=1")
	}
	n.process.Stderr = &n.said
	if err := n.process.Start(); err != nil {
		return nil, fmt.Errorf("%w; build the program with make build, or name it with --bin", err)
	}
	go func() { n.ended <- n.process.Wait() }()
	if err := n.await(ctx, ready); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

// ownEnvironment leaves out the settings of who runs the demo: the network has its own.
func ownEnvironment() []string {
	var list []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "THINKEY_") {
			list = append(list, pair)
		}
	}
	return list
}

// await waits until the network says that it serves.
func (n *network) await(ctx context.Context, ready string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			text, err := os.ReadFile(ready)
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			var says struct{ API string }
			if err == nil {
				err = json.Unmarshal(text, &says)
			}
			n.api = says.API
			return err
		case err := <-n.ended:
			n.ended <- err
			return fmt.Errorf("the network ended before it served: %s", strings.TrimSpace(n.said.String()))
		case <-ctx.Done():
			return fmt.Errorf("the network does not serve: %w", ctx.Err())
		}
	}
}

// stop ends the process: this one, and no other.
func (n *network) stop() error {
	if err := n.process.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-n.ended:
		return err
	case <-time.After(stopTime):
		_ = n.process.Process.Kill() // fails only if it has just ended
		<-n.ended
		return errors.New("the network did not stop when it was told to")
	}
}
