package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/cluster/weather"
)

// Files of a test network whose nodes talk through a proxy, in its directory.
const (
	proxyFile      = "proxy.json"
	proxyReadyFile = "proxy-ready.json"
	proxyLogFile   = "proxy.log"
)

// ownAddress is where a node of a test network with a proxy listens, and what it dials from: so the proxy knows it.
func ownAddress(node int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 1, byte(node + 1)}) }

// behindProxy puts a node behind the proxy: others are told the addresses that it had, and it listens at its own.
func behindProxy(c *nodeConfig, number int) (n weather.Node, err error) {
	n.From = ownAddress(number)
	c.DialFrom = n.From.String()
	placement := "" // others are told the host of the transport, and the port
	for _, p := range []struct {
		kind               weather.Kind
		listens, advertise *string
	}{{weather.Links, &c.Transport, &c.AdvertiseTransport}, {weather.Gossip, &c.Gossip, &c.AdvertiseGossip}, {weather.Links, &c.Placement, &placement}} {
		outside, err := netip.ParseAddrPort(*p.listens)
		if err != nil {
			return n, err
		}
		inside := netip.AddrPortFrom(n.From, outside.Port())
		*p.listens, *p.advertise = inside.String(), outside.String()
		n.Ports = append(n.Ports, weather.Port{Kind: p.kind, Outside: outside, Inside: inside})
	}
	return n, nil
}

// checkOwnAddress says whether this machine has the addresses that nodes behind a proxy listen at.
func checkOwnAddress() error {
	l, err := net.Listen("tcp", netip.AddrPortFrom(ownAddress(maxTestnet-1), 0).String())
	if err != nil {
		return failed("no_addresses", "--faults: %v", err).do("use a system whose loopback interface has all of 127.0.0.0/8, as Linux")
	}
	return l.Close()
}

func writeProxy(dir string, nodes []weather.Node) error {
	text, err := json.MarshalIndent(nodes, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(dir, proxyFile), append(text, '\n'))
}

// proxyReady is where a proxy that runs is told what to do.
type proxyReady struct {
	Control string `json:"control"`
	processID
}

// runningProxy is the proxy of a network, if it runs.
func runningProxy(dir string) (r proxyReady, ok bool) {
	text, err := os.ReadFile(filepath.Join(dir, proxyReadyFile))
	return r, err == nil && json.Unmarshal(text, &r) == nil && r.runs()
}

func (a *app) newTestnetProxy() *cobra.Command {
	dir := ""
	cmd := a.command("proxy", "Carry what the nodes of a test network send each other, until it is told to stop", func(cmd *cobra.Command, _ []string) error {
		return a.runProxy(cmd.Context(), dir)
	})
	cmd.Long = `Carry all that the nodes of a test network made with --faults send each other. thinkey testnet up starts it, and down stops it; partition, disturb
and heal tell it what to do.`
	dirFlag(cmd, &dir)
	return cmd
}

func (a *app) runProxy(ctx context.Context, dir string) error {
	var nodes []weather.Node
	text, err := os.ReadFile(filepath.Join(dir, proxyFile))
	if err == nil {
		err = json.Unmarshal(text, &nodes)
	}
	if err != nil {
		return noProxy(dir)
	}
	p, err := weather.Open(nodes)
	if err != nil {
		return failed("no_proxy", "%v", err).do("see whether it runs already: thinkey testnet status --dir %s", dir)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, p.Close())
	}
	ready := filepath.Join(dir, proxyReadyFile)
	text, err = json.Marshal(proxyReady{l.Addr().String(), thisProcess()})
	if err == nil {
		err = writeWhole(ready, append(text, '\n'))
	}
	if err == nil {
		a.say("proxy of %s: told what to do at %s\n", count(len(nodes), "node"), l.Addr())
		err = p.Control(ctx, l)
	}
	return errors.Join(err, removeIfThere(ready), p.Close())
}

func noProxy(dir string) error {
	return failed("no_proxy", "--dir: the nodes of %s reach each other directly", dir).do("make a network whose links can fail with: thinkey testnet gen --faults")
}

// proxyTime is how long a proxy may take until it serves.
const proxyTime = 10 * time.Second

// startProxy starts the proxy of a network that has one, unless it runs.
func (a *app) startProxy(ctx context.Context, dir string) error {
	if _, ok := runningProxy(dir); ok || !isThere(filepath.Join(dir, proxyFile)) {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	logged := filepath.Join(dir, proxyLogFile)
	log, err := os.OpenFile(logged, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return failed("no_log", "%v", err).do("see whether the disk is full")
	}
	defer func() { _ = log.Close() }()
	c := exec.Command(self, "testnet", "proxy", "--dir", path)
	c.Stdout, c.Stderr, c.Env = log, log, a.Environ
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives this command, and its terminal
	if err := c.Start(); err != nil {
		return failed("no_start", "the proxy: %v", err).do("see whether the program can be run: %s", self)
	}
	go func() { _ = c.Wait() }() // until this command ends, which doesn't wait for it
	// Of several that are started at once one gets the addresses.
	is := func() bool { _, ok := runningProxy(dir); return ok }
	if err = awaitNode(ctx, proxyTime, is); err != nil {
		return failed("no_start", "the proxy of %s doesn't serve", dir).do("see the end of %s", logged)
	}
	return nil
}

// stopProxy ends the proxy of a network, if there is one that runs.
func stopProxy(ctx context.Context, dir string) error {
	r, ok := runningProxy(dir)
	if !ok {
		return nil
	}
	if err := syscall.Kill(r.PID, syscall.SIGTERM); err != nil {
		return failed("no_signal", "the proxy, process %d: %v", r.PID, err).do("end it as the user that started it")
	}
	if err := awaitNode(ctx, endTime, func() bool { return !r.runs() }); err != nil {
		return fmt.Errorf("the proxy, process %d, doesn't end: %w", r.PID, err)
	}
	return nil
}
