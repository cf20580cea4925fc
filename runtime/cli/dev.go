package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// devOptions are the flags of `thinkey dev`.
type devOptions struct {
	data      string
	listen    string
	readyFile string
	block     string
	treeFlags
	only       []string
	from       string
	plan       []namedChain // what chains, or tree, come to; none for the main chain alone
	validators int
	byzantine  []string
	restored   []int
	accounts   []string
	gasPrice   uint64
	deposit    uint64
	keepStates uint64
	pprof      bool
	reset      bool
}

func (a *app) newDev() *cobra.Command {
	o := &devOptions{}
	cmd := a.command("dev", "Run a local network: one command, no set-up", func(cmd *cobra.Command, _ []string) error {
		return a.dev(cmd.Context(), o, cmd.Flags().Changed)
	})
	cmd.Long = `Run a network in this process, with named accounts that have money: the main chain and two others under it, called a and b, each with one validator.
What they send to each other is carried between them. --chains says how many there are under the main one, --tree which is under which. Nothing is kept unless --data names a
directory; then the network survives being killed at any moment, and the same command starts it again.

NAME=AMOUNT is an account on every chain, NAME@CHAIN=AMOUNT on that one. Other commands mean the accounts, blocks and events of chain a, the first under the main
one; alice@b is Alice's account on chain b, and --chain b asks for that chain's blocks. The account carrier pays for what is carried.

With --chains 0 the main chain is alone; so it is with --validators, a committee of nodes, if --chains or --tree doesn't say otherwise, and with --block manual. With both, each
chain has a committee of that size, and validator N of each is one process of nodes with a directory of its own.

A committee of n = 3f+1 validators goes on whatever f of them do; --byzantine shows it. The API is that of validator 0.

A validator must not contradict what it has signed. Its directory says what that was; one that was restored from a backup, copied back, or rolled
back by a snapshot of the disk doesn't know what was signed since. Name the validator with --restored at the next start: it signs nothing until
the chain is two blocks above the highest that the others report, and then goes on by itself. Up to f of 3f+1 validators can wait like this at once.
A directory that is missing or empty needs no word.

The keys of the accounts follow from a public seed: everybody has them. So the node serves loopback addresses only.`
	cmd.Example = `  thinkey dev
  thinkey dev --data ./network --block 500ms
  thinkey dev --tree 'main(a(a1,a2),b)' --account alice=20 --account bob@b=5
  thinkey dev --chains 0 --validators 4 --byzantine equivocate
  thinkey dev --tree 'main(a,b)' --validators 4
  thinkey dev --account alice=20 --account bob=5 --block manual`
	f := cmd.Flags()
	f.StringVar(&o.data, "data", "", "directory to keep the network in (default: memory)")
	f.StringVar(&o.listen, "api", "127.0.0.1:7070", "loopback address to serve the API on; port 0 takes a free one")
	f.StringVar(&o.readyFile, "ready-file", "", "file that says where the API is while it is served")
	f.StringVar(&o.block, "block", "auto", "when blocks are made: auto, manual, or an interval such as 500ms")
	o.treeFlags.flags(cmd, usualChains)
	f.StringSliceVar(&o.only, "only", nil, "of the tree, run these chains alone; nothing is carried to others")
	f.StringVar(&o.from, "network", "", "the dev.json of the same network in another directory, for a process that runs others of its chains")
	f.IntVar(&o.validators, "validators", 1, "validators of each chain, all in this process: 1, or a committee of 2 to 64 that agrees on each block")
	f.StringSliceVar(&o.byzantine, "byzantine", nil, "what the last validator does wrong, then the one before it, …, or =N for N of them: "+strings.Join(byzantine.Names(), ", "))
	f.IntSliceVar(&o.restored, "restored", nil, "validators whose directories were restored from a backup: they vote when that is safe")
	f.StringArrayVar(&o.accounts, "account", nil, "account NAME=AMOUNT; may be repeated (default: ten names with 1000000 each)")
	f.Uint64Var(&o.gasPrice, "gas-price", 0, "least price of a unit of gas")
	f.Uint64Var(&o.deposit, "deposit", 0, "deposit that an account holds for being there")
	f.Uint64Var(&o.keepStates, "keep-states", 10_000, "how many blocks back earlier states are kept; 0 for all")
	f.BoolVar(&o.pprof, "pprof", false, "serve profiles of the process under /debug/pprof")
	f.BoolVar(&o.reset, "reset", false, "delete the network in --data first")
	settingFlag(cmd, "seed")
	return cmd
}

// dev runs until ctx ends or the node fails.
func (a *app) dev(ctx context.Context, o *devOptions, given func(flag string) bool) error {
	pace, err := node.ParsePace(o.block)
	if err != nil {
		return usage("--block (%q)", o.block).do("write auto, manual, or an interval from 10ms to 1h, such as 500ms")
	}
	if err := checkLoopback(o.listen); err != nil {
		return err
	}
	if err := o.checkCommittee(pace); err != nil {
		return err
	}
	if err := o.plant(pace, given); err != nil {
		return err
	}
	asked, err := o.asked(a.settings.text("seed"), given)
	if err != nil {
		return err
	}
	// One that was left behind by a killed process would name a node that is gone.
	if err := removeIfThere(o.readyFile); err != nil {
		return err
	}
	network, err := o.prepare(asked, a.fixed(given))
	if err != nil {
		return err
	}
	if pace.Manual && len(network.Chains) > 0 {
		return usage("--block (%q) with several chains", o.block).do("write auto or an interval: their validators make blocks when there is something to do")
	}
	if err := o.checkByzantine(); err != nil {
		return err
	}
	if err := o.checkRestored(); err != nil {
		return err
	}
	nodes, err := a.openDev(o, pace, network)
	if err != nil {
		return err
	}
	if err := errors.Join(a.serveDev(ctx, o, nodes, network), nodes.close()); err != nil {
		return err
	}
	a.say("stopped\n")
	return nil
}

// devConfig is the node of a validator.
func (a *app) devConfig(o *devOptions, pace node.Pace, g *chain.Genesis, validator int) node.Config {
	c := node.Defaults()
	c.Dir, c.Pace, c.KeepStates, c.Log = o.ledger(validator), pace, o.keepStates, a.log
	c.Genesis = g
	c.Fatal = func(err error) {
		fmt.Fprintf(a.Err, "error: the node can't go on: %v\n", err)
		_ = removeIfThere(o.readyFile) // the process ends whatever comes of it
		os.Exit(exitFailed)
	}
	return c
}

// serveDev serves the API and prints the feed until ctx ends, or either fails.
func (a *app) serveDev(ctx context.Context, o *devOptions, nodes *devNodes, network *devNetwork) error {
	c := api.Config{
		Node: nodes.first(network), Listen: o.listen, Version: release, Pprof: o.pprof, Log: a.log,
		Dev: &client.Dev{Seed: network.Seed, Names: network.names(), Founds: true},
	}
	if nodes.process != nil {
		c.Others = slices.DeleteFunc(slices.Clone(nodes.list), func(n *node.Node) bool { return n == c.Node })
		c.Dev.Carrier = carrierName
	}
	server, err := api.New(c)
	if err != nil {
		return failed("no_api", "--api (%q): %v", o.listen, innermost(err)).
			do("take another, such as 127.0.0.1:0 for any that is free; see who has this one with: thinkey status --node http://%s", o.listen)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() {
		served <- server.Serve()
		cancel()
	}()
	err = a.announce(ctx, o, nodes, network, server)
	return errors.Join(err, removeIfThere(o.readyFile), a.stopServing(server), <-served)
}

// stopServing ends the API; requests that don't end in time are cut off.
func (a *app) stopServing(server *api.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	err := server.Close(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		a.log.Warn("requests were cut off", "after", stopTime)
		return nil
	}
	return err
}

// stopTime is how long requests under way may take to end.
const stopTime = 3 * time.Second

// announce says that the network is there, and what happens on it until ctx ends.
func (a *app) announce(ctx context.Context, o *devOptions, nodes *devNodes, network *devNetwork, server *api.Server) error {
	url := "http://" + server.Addr()
	if err := a.banner(o, nodes, network, url); err != nil {
		return err
	}
	if err := writeReadyFile(o.readyFile, url); err != nil {
		return err
	}
	if nodes.process == nil {
		return a.feed(ctx, nodes.list[0], network, &sync.Mutex{})
	}
	return a.feedAll(ctx, &growth{a, nodes, network, server, make(chan *node.Node), &sync.Mutex{}})
}

// checkLoopback refuses an address that others can reach: the keys of the accounts are public (U5).
func checkLoopback(listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return usage("--api (%q)", listen).do("write a loopback address and a port, such as 127.0.0.1:7070")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n > 65535 {
		return usage("--api (%q): port %q", listen, port).do("write a port from 0 to 65535; 0 takes a free one")
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usage("--api (%q) can be reached from outside, and the keys of a development network are public", listen).
			do("use a loopback address, such as 127.0.0.1:%s", port)
	}
	return nil
}

// banner says what runs, where, and what is kept of it.
func (a *app) banner(o *devOptions, nodes *devNodes, network *devNetwork, url string) error {
	n := nodes.first(network)
	about := n.Info()
	if a.asJSON {
		return a.object(map[string]any{
			"api": url, "pid": os.Getpid(), "network": about.Network, "chain": about.Chain, "height": about.Head.Header.Height,
			"block": about.Pace.String(), "data": o.data, "seed": network.Seed, "accounts": network.Accounts, "tree": network.treeText(),
		})
	}
	t := table{}
	if nodes.process == nil {
		t.add("thinkey dev "+release, "a local network of "+count(o.validators, "node"))
	} else {
		each := "a validator"
		if o.validators > 1 {
			each = count(o.validators, "validator")
		}
		t.add("thinkey dev "+release, fmt.Sprintf("a local network of %s, %s each", count(len(network.Chains), "chain"), each))
		t.add("tree", network.treeText()+nodes.runs(network))
	}
	if o.validators > 1 {
		t.add("committee", o.committeeWords())
	}
	t.add("data", o.keeps())
	t.add("network", about.Network.String())
	for _, one := range nodes.list[:nodes.shown()] {
		t.add("chain", fmt.Sprintf("%d%s, at height %d", one.Chain(), network.spaced(one.Chain()), one.Head().Header.Height))
	}
	t.add("blocks", paceWords(about.Pace))
	t.add("API", url)
	t.add("seed", strconv.Quote(network.Seed)+"; the keys of the accounts follow from it")
	a.say("%s\n%s\n", t.String(), network.table(n))
	a.say("The keys of these accounts are public. Never use them, or send real money to them, on another network.\n")
	a.say("Stop with Ctrl-C; a second Ctrl-C stops at once. Try: %s\n\n", firstStep(url, network))
	return nil
}

// firstStep is a command to try.
func firstStep(url string, d *devNetwork) string {
	command := "thinkey status"
	if len(d.names()) > 1 {
		command = fmt.Sprintf("thinkey transfer %s %s 1 --wait", d.Accounts[0].Name, d.names()[1]+d.otherChain())
	}
	if url == allSettings[0].initial {
		return command
	}
	return command + " --node " + url
}

func paceWords(p node.Pace) string {
	switch {
	case p.Manual:
		return "manual: made by `thinkey mine`"
	case p.Every > 0:
		return "every " + p.Every.String() + " if there is something to do"
	}
	return "auto: as soon as there is something to do"
}
