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
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/thinkey/thinkey/examples/auction/client"
)

// How long a network may take to start and to stop.
const (
	startTime = 30 * time.Second
	stopTime  = 10 * time.Second
)

// network is a running `thinkey dev`.
type network struct {
	process *exec.Cmd
	said    bytes.Buffer // on standard error
	ended   chan error
	api     string
}

// start starts one with the auction's people on it: with chains under a main one, or without any and with blocks on demand.
func start(ctx context.Context, bin, dir string, chains int) (*network, error) {
	config, ready := filepath.Join(dir, "config.toml"), filepath.Join(dir, "ready.json")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		return nil, err
	}
	args := []string{"dev", "--config", config, "--api", "127.0.0.1:0", "--ready-file", ready, "--chains", strconv.Itoa(chains)}
	if chains == 0 {
		args = append(args, "--block", "manual")
	}
	for _, name := range client.People {
		args = append(args, "--account", fmt.Sprintf("%s=%d", name, client.Purse))
	}
	n := &network{process: exec.Command(bin, args...), ended: make(chan error, 1)}
	for _, pair := range os.Environ() { // the settings of who runs the demo are not the network's
		if !strings.HasPrefix(pair, "THINKEY_") {
			n.process.Env = append(n.process.Env, pair)
		}
	}
	n.process.Stderr = &n.said
	if err := n.process.Start(); err != nil {
		return nil, err
	}
	go func() { n.ended <- n.process.Wait() }()
	if err := n.await(ctx, ready); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
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
