package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/thinkey/thinkey/examples/payment/client"
)

// acrossChains plays the example over several chains, and then takes the envelope that carried Alice's payment out of the network and looks
// at it with nothing but the network's genesis at hand.
func acrossChains(ctx context.Context, j *client.Journey, bin string, out io.Writer) error {
	fmt.Fprintf(out, "%s\n%s\n", j.Title, strings.Repeat("─", len(j.Title)))
	dir, err := os.MkdirTemp("", "thinkey-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what can't be removed is in the directory for such files
	data := filepath.Join(dir, "network")
	args := []string{"--chains", strconv.Itoa(j.Chains), "--data", data}
	for _, name := range slices.Sorted(maps.Keys(j.Has)) {
		args = append(args, "--account", name+"="+j.Has[name])
	}
	n, err := start(ctx, place{bin: bin}, dir, args...)
	if err != nil {
		return err
	}
	if err := errors.Join(playAcross(ctx, j, n.api, bin, dir, data, out), n.stop()); err != nil {
		return fmt.Errorf("%s: %w", j.Title, err)
	}
	fmt.Fprint(out, "✓ as the paper says\n\n")
	return nil
}

func playAcross(ctx context.Context, j *client.Journey, api, bin, dir, data string, out io.Writer) error {
	if err := j.Run(ctx, api, out); err != nil {
		return err
	}
	file := filepath.Join(dir, "pay.relay")
	fmt.Fprintln(out, "\nWhat carried Alice's payment, as a file, and what it shows to who knows the genesis alone:")
	for _, line := range [][]string{
		{"proof", "get", "relay", "a", "--to", "b", "--number", "0", "--out", file, "--node", api},
		{"proof", "verify", file, "--genesis", filepath.Join(data, "dev.json")},
	} {
		c := exec.CommandContext(ctx, bin, append(line, "--config", filepath.Join(dir, "config.toml"))...)
		c.Env = ownEnvironment()
		said, err := c.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(line, " "), err, strings.TrimSpace(string(said)))
		}
		fmt.Fprintf(out, "  thinkey %s\n", strings.ReplaceAll(strings.Join(line, " "), dir+string(filepath.Separator), ""))
		for text := range strings.Lines(string(said)) {
			fmt.Fprint(out, "    "+strings.ReplaceAll(text, dir+string(filepath.Separator), ""))
		}
	}
	return nil
}
