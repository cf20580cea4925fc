package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/store"
)

// liveNode is where a node of a test network answers.
func liveNode(ctx context.Context, dir string) (string, error) {
	homes, err := testnetHomes(dir)
	if err != nil {
		return "", err
	}
	for _, h := range homes {
		if s := stateOf(ctx, h, statusPatience); s.State == nodeUp {
			return s.API, nil
		}
	}
	f := &fault{exit: exitUnreachable, code: "unreachable", words: fmt.Sprintf("no node of the network in %s answers", dir)}
	return "", f.do("start them with: thinkey testnet up --dir %s", dir)
}

// awaitNode waits until a condition holds, or says that it never did.
func awaitNode(ctx context.Context, patience time.Duration, is func() bool) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !is() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (a *app) newTestnetUp() *cobra.Command {
	dir, with := "", nodeFaults{}
	cmd := a.command("up [N...]", "Start the nodes of a test network, or some of them", func(cmd *cobra.Command, args []string) error {
		homes, err := testnetHomes(dir)
		if err != nil {
			return err
		}
		if len(args) > 0 {
			homes = nil
			for _, number := range args {
				h, err := oneHome(dir, number)
				if err != nil {
					return err
				}
				homes = append(homes, h)
			}
		}
		if err := with.check(&nodeConfig{DevSeed: "any"}); err != nil {
			return err
		}
		if err := a.startProxy(cmd.Context(), dir); err != nil {
			return err
		}
		faults := make([]error, len(homes))
		var work sync.WaitGroup
		for i, h := range homes {
			work.Go(func() { faults[i] = a.startNode(cmd.Context(), h, with.arguments()) })
		}
		work.Wait()
		if err := errors.Join(faults...); err != nil {
			return err
		}
		return a.showTestnet(cmd.Context(), dir, homes)
	})
	cmd.Long = `Start a process for each node; they go on when this command has ended, until thinkey testnet down. What they say is in the node.log of their homes.`
	dirFlag(cmd, &dir)
	with.flags(cmd)
	return cmd
}

// startTime is how long a node may take until it serves.
const startTime = time.Minute

// startNode starts the process of a node, unless it runs, and waits until it serves.
func (a *app) startNode(ctx context.Context, h nodeHome, faults []string) error {
	if is, ok := h.running(); ok {
		_ = awaitNode(ctx, startTime, func() bool {
			r, ok := h.ready()
			return ok && r.PID == is.PID || h.joining() != nil || !is.runs()
		})
		if is.runs() {
			return nil // who asks is shown how it does
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	path, err := filepath.Abs(string(h))
	if err != nil {
		return err
	}
	log, err := os.OpenFile(h.file(nodeLogFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return failed("no_log", "%v", err).do("see whether the disk is full")
	}
	defer func() { _ = log.Close() }()
	c := exec.Command(self, append([]string{"node", "start", "--home", path, "--log", a.settings.text("log")}, faults...)...)
	c.Stdout, c.Stderr, c.Env = log, log, a.Environ
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives this command, and its terminal
	if err := c.Start(); err != nil {
		return failed("no_start", "%s: %v", h, err).do("see whether the program can be run: %s", self)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }() // until this command ends, which doesn't wait for it
	err = awaitNode(ctx, startTime, func() bool {
		r, ok := h.ready()
		return ok && r.PID == c.Process.Pid || len(ended) > 0
	})
	if r, ok := h.ready(); err != nil || !ok || r.PID != c.Process.Pid {
		return failed("no_start", "the node of %s doesn't serve", h).do("see the end of %s", h.file(nodeLogFile))
	}
	return nil
}

func (a *app) newTestnetDown() *cobra.Command {
	dir := ""
	cmd := a.command("down", "Stop the nodes of a test network", func(cmd *cobra.Command, _ []string) error {
		homes, err := testnetHomes(dir)
		if err != nil {
			return err
		}
		faults, running := make([]error, len(homes)), 0
		var work sync.WaitGroup
		for i, h := range homes {
			if _, ok := h.running(); !ok {
				continue // it was killed, or never started
			}
			running++
			work.Go(func() { faults[i] = endNode(cmd.Context(), h, syscall.SIGTERM) })
		}
		work.Wait()
		if err := errors.Join(append(faults, stopProxy(cmd.Context(), dir))...); err != nil {
			return err
		}
		a.say("%s stopped\n", count(running, "node"))
		return nil
	})
	dirFlag(cmd, &dir)
	return cmd
}

// endTime is how long a node may take to end.
const endTime = 20 * time.Second

// endNode sends a node a signal that ends it, and waits until it has.
func endNode(ctx context.Context, h nodeHome, s syscall.Signal) error {
	is, ok := h.running()
	if !ok && store.InUse(h.file(ledgerDir)) {
		return unseen(h)
	}
	if !ok {
		return nil
	}
	_ = syscall.Kill(is.PID, syscall.SIGCONT) // if it was paused: else it hears nothing
	if err := syscall.Kill(is.PID, s); err != nil {
		return failed("no_signal", "the node of %s, process %d: %v", h, is.PID, err).do("end it as the user that started it")
	}
	if err := awaitNode(ctx, endTime, func() bool { return !is.runs() }); err != nil {
		return failed("no_end", "the node of %s, process %d, doesn't end", h, is.PID).do("see its log; if it stays so, kill it: kill -9 %d", is.PID)
	}
	return nil
}

func (a *app) newTestnetKill() *cobra.Command {
	dir := ""
	cmd := a.command("kill N", "Kill a node, as a loss of power would", func(cmd *cobra.Command, args []string) error {
		h, err := oneHome(dir, args[0])
		if err == nil {
			err = endNode(cmd.Context(), h, syscall.SIGKILL)
		}
		return err
	})
	dirFlag(cmd, &dir)
	return cmd
}

func (a *app) newTestnetPause() *cobra.Command {
	dir, pause := "", time.Duration(0)
	cmd := a.command("pause N", "Let a node stand still for a while, as a machine that is overloaded", func(cmd *cobra.Command, args []string) error {
		h, err := oneHome(dir, args[0])
		if err != nil {
			return err
		}
		if pause <= 0 || pause > time.Hour {
			return usage("--for (%s)", pause).do("write a time up to 1h, such as 10s")
		}
		is, ok := h.running()
		if !ok {
			return failed("node_down", "the node of %s is down", h).do("start it with: thinkey testnet up %s --dir %s", args[0], dir)
		}
		if err := syscall.Kill(is.PID, syscall.SIGSTOP); err != nil {
			return failed("no_signal", "the node of %s, process %d: %v", h, is.PID, err).do("do it as the user that started it")
		}
		select {
		case <-time.After(pause):
		case <-cmd.Context().Done(): // it goes on all the same
		}
		return syscall.Kill(is.PID, syscall.SIGCONT)
	})
	dirFlag(cmd, &dir)
	cmd.Flags().DurationVar(&pause, "for", 10*time.Second, "how long")
	return cmd
}

func (a *app) newTestnetStatus() *cobra.Command {
	dir := ""
	cmd := a.command("status", "Say how the nodes of a test network do", func(cmd *cobra.Command, _ []string) error {
		homes, err := testnetHomes(dir)
		if err != nil {
			return err
		}
		return a.showTestnet(cmd.Context(), dir, homes)
	})
	dirFlag(cmd, &dir)
	return cmd
}

// showTestnet prints a line for each node.
func (a *app) showTestnet(ctx context.Context, dir string, homes []nodeHome) error {
	states := make([]nodeState, len(homes))
	var work sync.WaitGroup
	for i, h := range homes {
		work.Go(func() { states[i] = stateOf(ctx, h, statusPatience) })
	}
	work.Wait()
	all := map[string]any{"nodes": states}
	proxy := ""
	if isThere(filepath.Join(dir, proxyFile)) {
		s, err := askProxy(ctx, dir, nil)
		proxy = airWords(s.Air)
		if err != nil {
			proxy = "the links' proxy is down\n"
		}
		all["faults"], all["proxy"] = s.Air, err == nil
	}
	return a.answer(all, func() {
		t := table{}
		t.add("node", "", "height", "block", "peers", "API", "process")
		for i := range states {
			s := &states[i]
			row := []string{filepath.Base(s.Home), s.State}
			if s.Info != nil {
				row = append(row, strconv.FormatUint(s.Info.Height, 10), s.Info.Block.String()[:12], strconv.Itoa(s.connected()), s.API, strconv.Itoa(s.PID))
			}
			t.add(row...)
		}
		a.print("%s%s", t.String(), proxy)
	})
}
