package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/keys/keyfile"
)

func (a *app) newNode() *cobra.Command {
	cmd := a.group("node", "Run a node of a network", `  thinkey node init --home ./node-0
  thinkey node start --home ./node-0
  thinkey node status --home ./node-0`)
	cmd.AddCommand(a.newNodeInit(), a.newNodeStart(), a.newNodeStatus(), a.newNodeStop(), a.newNodeReload(), a.newNodeApply(), a.newNodeRegister(), a.newNodeLeave(), a.newNodeWithdraw(),
		a.newNodeBackup(), a.newNodeRestore(), a.newNodeSigner())
	return cmd
}

func homeFlag(cmd *cobra.Command, home *string) {
	cmd.Flags().StringVar(home, "home", "thinkey-node", "directory of the node")
}

func (a *app) newNodeInit() *cobra.Command {
	home, from := "", &password{}
	cmd := a.command("init", "Make a node: its key, its card and its configuration", func(cmd *cobra.Command, _ []string) error {
		h := nodeHome(home)
		said := nodeFlagsSet(cmd)
		delete(said, "password-file") // of the one who makes the node: whether it is there when the node starts is not known
		set, err := loadSettings(sources{known: nodeSettings(), flags: said})
		if err != nil {
			return err
		}
		c, err := set.nodeConfig()
		if err != nil {
			return err
		}
		if isThere(h.file(nodeConfigFile)) {
			return failed("node_exists", "%s is the home of a node already", h).do("choose another --home: a key that was used must not be made anew")
		}
		word, err := from.choose("Password for the node's key: ")
		if err != nil {
			return err
		}
		key, err := keyfile.Generate()
		if err != nil {
			return err
		}
		if err := h.found(c, key, word); err != nil {
			return err
		}
		return a.answer(map[string]any{"home": home, "node": key.Public()}, func() {
			a.print("%s\n", key.Public())
			a.say("configuration: %s; to be given a seat, hand out %s; put the network's genesis at %s\n", h.file(nodeConfigFile), h.file(nodeCardFile), h.at(c.Genesis))
		})
	})
	cmd.Long = `Make the directory of a node: node.json, its key, encrypted with a password; card.json, what others need to give it a seat; and node.toml, its
configuration. Back up the key; never start a node with one key in two places.`
	homeFlag(cmd, &home)
	from.flags(cmd)
	nodeFlags(cmd)
	return cmd
}

func (a *app) newNodeStart() *cobra.Command {
	home, from, o := "", &password{}, nodeStart{}
	cmd := a.command("start", "Run a node until it is told to stop", func(cmd *cobra.Command, _ []string) (err error) {
		if o.said, err = flagsHere(cmd); err != nil {
			return err
		}
		return profiled(o.profile, func() error { return a.runNode(cmd.Context(), nodeHome(home), from, o) })
	})
	cmd.Long = `Run the node of a directory: it finds the others of its network by the mesh, agrees with them on the chains on which it has a seat, follows the others,
and serves users. SIGHUP lets it read the keys of gossip again (thinkey node reload). Ctrl-C, or SIGTERM, stops it; being killed loses nothing that was final.

A validator must not contradict what it has signed. Start one whose directory was restored from a backup, or copied back, with --restored:
it signs nothing until the chain is two blocks above the highest that the others report.

Each key of node.toml can be said by the environment as well, as THINKEY_NODE_ADVERTISE_GOSSIP says advertise-gossip, and by a flag, which goes before both.
thinkey config show --home DIR --origin says what holds, and where it is from.`
	homeFlag(cmd, &home)
	from.flags(cmd)
	nodeFlags(cmd)
	o.faults.flags(cmd)
	cmd.Flags().StringVar(&o.profile, "profile", "", "file for a profile of what the node spends its CPU on, written when it stops")
	cmd.Flags().BoolVar(&o.restored, "restored", false, "the directory was restored from a backup: vote when that is safe")
	return cmd
}

// nodeStart is how a node is started.
type nodeStart struct {
	said     map[string]string // by flags, of the configuration
	restored bool
	profile  string // a file
	marks    marks
	faults   nodeFaults
}

// flagsHere are the flags that say something of the configuration: their paths begin where the command is typed.
func flagsHere(cmd *cobra.Command) (said map[string]string, err error) {
	said = nodeFlagsSet(cmd)
	for _, key := range []string{"genesis", "password-file", "gossip-key-file"} {
		if said[key] == "" {
			continue
		}
		if said[key], err = filepath.Abs(said[key]); err != nil {
			return nil, err
		}
	}
	return said, nil
}

// running are the parts of a node that runs.
type running struct {
	links   *node.Links
	placed  *node.Placed
	process *node.Process
	server  *api.Server
}

// runNode runs until ctx ends or the node fails.
func (a *app) runNode(ctx context.Context, h nodeHome, from *password, o nodeStart) error {
	c, err := readNodeConfig(h, a.Environ, o.said)
	if err != nil {
		return err
	}
	if err := o.faults.check(&c); err != nil {
		return err
	}
	from.file = cmp.Or(from.file, c.passwordPath(h))
	key, err := readNodeKey(h, from)
	if err != nil {
		return err
	}
	g, err := readDraft(h.at(c.Genesis))
	if err != nil {
		return err
	}
	if err := checkWhole(g); err != nil {
		return failed("bad_genesis", "%s: %v", h.at(c.Genesis), err).do("take the file that the other nodes have")
	}
	r := &running{}
	open := &opening{h, &c, key, g, g.Network(), o, ctx.Done()}
	if err := a.openNode(r, open); err != nil {
		err = errors.Join(err, removeIfThere(h.file(joiningFile)), r.close())
		if errors.Is(err, node.ErrStopped) && ctx.Err() != nil {
			a.say("stopped\n")
			return nil
		}
		return err
	}
	served := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go giveBack(ctx, r.process, r.server)
	go a.reload(ctx, r.links, h, &c)
	dropAccounts(g)
	go func() {
		served <- r.server.Serve()
		cancel()
	}()
	grown := make(chan error, 1)
	go func() {
		grown <- a.grow(ctx, r, open)
		cancel() // it ended, or a chain can't be started
	}()
	err = writeReadyFile(h.file(nodeReadyFile), "http://"+r.server.Addr())
	if err == nil {
		nodes, gossip := r.links.Addresses()
		_, _ = daemon.SdNotify(false, daemon.SdNotifyReady) // systemd, if it started the node; nobody else listens
		a.say("node %s of network %s: API http://%s, nodes %s, gossip %s, placement %s\n", key.Public(), open.network, r.server.Addr(), nodes, gossip, r.placed.Address())
		<-ctx.Done()
		_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping)
	}
	cancel()
	err = errors.Join(err, <-grown, removeIfThere(h.file(nodeReadyFile)), a.stopServing(r.server), <-served, r.close())
	if err == nil {
		a.say("stopped\n")
	}
	return err
}

// reload reads the keys of gossip again whenever SIGHUP comes.
func (a *app) reload(ctx context.Context, links *node.Links, h nodeHome, c *nodeConfig) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		}
		list, err := c.gossipKeys(h)
		if err == nil {
			err = links.SetSecrets(list)
		}
		if err != nil {
			a.log.Error("gossip keeps its keys", "error", err)
			continue
		}
		a.say("gossip has its keys from %s: %s, the first encrypts\n", h.at(c.GossipKeyFile), count(len(list), "key"))
	}
}

func (c *nodeConfig) passwordPath(h nodeHome) string {
	if c.PasswordFile == "" {
		return ""
	}
	return h.at(c.PasswordFile)
}

func readNodeKey(h nodeHome, from *password) (keys.PrivateKey, error) {
	word, err := from.read("Password of the node's key: ")
	if err != nil {
		return keys.PrivateKey{}, err
	}
	key, err := keyfile.Open(string(h), nodeKeyName, word)
	if err != nil {
		return key, failed("no_key", "the node's key: %v", err).do("give its password, by --password-file or in %s", h.file(nodeConfigFile))
	}
	return key, nil
}

// dropAccounts leaves a genesis without its accounts, which can be many: they are in the chains' states.
func dropAccounts(g *chain.Genesis) {
	g.Accounts = nil
	for i := range g.Chains {
		g.Chains[i].Accounts = nil
	}
}

// opening is what a node is made of.
type opening struct {
	home    nodeHome
	config  *nodeConfig
	key     keys.PrivateKey
	genesis *chain.Genesis  // without its accounts when the chains run
	network chain.NetworkID // the genesis's, accounts and all
	nodeStart
	stop <-chan struct{} // closed when it is told to stop
}

// openNode starts the parts, from the outside in: others are heard when the chains are ready.
func (a *app) openNode(r *running, o *opening) error {
	h, c, key, g := o.home, o.config, o.key, o.genesis
	trusted, err := c.trusted()
	if err != nil {
		return err
	}
	signed, err := startSigned(h, key.Public(), g.Network(), &o.marks)
	if err != nil {
		return err
	}
	secrets, err := c.gossipKeys(h)
	if err != nil {
		return err
	}
	chains, err := c.chains(g)
	if err != nil {
		return err
	}
	checkpoints, err := c.checkpoints(chains)
	if err != nil {
		return err
	}
	r.links, err = node.OpenLinks(node.LinksConfig{
		Key: key, Network: g, Listen: c.Transport, Gossip: c.Gossip, AdvertisedListen: c.AdvertiseTransport, AdvertisedGossip: c.AdvertiseGossip,
		From: c.DialFrom, Seeds: c.Seeds, Secrets: secrets, File: h.file(knownFile), Trusted: trusted, Software: "thinkey " + release, Log: a.log,
		Lost: o.faults.lost(),
	})
	if errors.Is(err, node.ErrTwin) {
		return failed("in_use", "%s: %v", h, err).do("see: thinkey node status --home %s", h)
	}
	if err != nil {
		return failed("no_start", "the node can't be reached: %v", innermost(err)).do("see whether it runs already: thinkey node status --home %s; else change %s", h, h.file(nodeConfigFile))
	}
	r.placed, err = node.OpenPlaced(node.PlacedConfig{Key: key, Links: r.links, Listen: c.Placement, Log: a.log})
	if err != nil {
		return failed("no_start", "placement (%q): %v", c.Placement, innermost(err)).do("write another in %s", h.file(nodeConfigFile))
	}
	founding, err := h.begins(&o.nodeStart)
	if err != nil {
		return err
	}
	plan := a.processConfig(r, o, chains, founding, signed)
	plan.Checkpoints = checkpoints
	r.process, err = node.OpenProcess(plan)
	switch {
	case errors.Is(err, node.ErrCheckpoint):
		return failed("other_chain", "%v", err).do("%s", otherChain(h))
	case errors.Is(err, node.ErrStopped):
		return err
	case errors.Is(err, store.ErrInUse):
		return failed("in_use", "%s is in use by another process", h).do("stop it first")
	case err != nil:
		return failed("no_start", "the node can't start: %v", err).do("keep %s, and see more with --log debug", h)
	}
	if err := h.began(founding && !o.restored, &o.marks, r.process); err != nil {
		return err
	}
	r.links.Serve(r.process)
	tuneMemory(r.process.Nodes()...)
	r.server, err = api.New(a.nodeAPI(r, c))
	if err != nil {
		return failed("no_api", "api (%q): %v", c.API, innermost(err)).do("write another in %s", h.file(nodeConfigFile))
	}
	r.placed.Serve(r.process, o.faults.answers(r.server.AnswerRoute))
	if addr := c.usersAt(r.server.Addr()); addr != "" {
		r.links.ServeUsers(addr)
	}
	return nil
}

// usersAt is where others are told that users are served, if that is at addr: at the host where nodes connect, if it is all of this machine's and that isn't
// said to be another, and nowhere if nobody else reaches it.
func (c *nodeConfig) usersAt(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	nodes := hostOf(cmp.Or(c.AdvertiseTransport, c.Transport))
	switch ip := net.ParseIP(host); {
	case ip.IsUnspecified() && c.AdvertiseTransport != "":
		return "" // as what others reach that as nobody has said
	case ip.IsUnspecified():
		return net.JoinHostPort(nodes, port)
	case ip.IsLoopback() && !isOwn(nodes):
		return ""
	}
	return addr
}

// otherChain says what to do when the chain is not that of a checkpoint.
func otherChain(h nodeHome) string {
	return fmt.Sprintf("correct checkpoints in %s if they are wrong; if they are right, move %s away, and begin with other nodes", h.file(nodeConfigFile), h.file(ledgerDir))
}

// isOwn says whether a host is one that a machine alone reaches, as itself.
func isOwn(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

// hostOf is the host of host:port; empty if there is none.
func hostOf(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	return host
}

func (a *app) processConfig(r *running, o *opening, chains []chain.ID, founding bool, signed signedOn) node.ProcessConfig {
	config, h, c, key := node.Defaults(), o.home, o.config, o.key
	config.Volatile, config.Offset = o.faults.volatile, o.faults.clock
	config.Dir, config.KeepStates, config.Log = h.file(ledgerDir), c.KeepStates, a.log
	config.Join = a.joinPlan(h, c.Sync, o.stop)
	config.Pace, _ = node.ParsePace(c.Block) // checked when it was read
	config.Fatal = func(err error) {
		if errors.Is(err, node.ErrCheckpoint) {
			a.report(failed("other_chain", "the node can't go on: %v", err).do("%s", otherChain(h)))
		} else {
			a.report(failed("failed", "the node can't go on: %v", err).do("look closer with: thinkey audit %s; if it is damaged move it away, and the node gets the chain from the others", h.file(ledgerDir)))
		}
		_ = removeIfThere(h.file(nodeReadyFile)) // the process ends whatever comes of it
		os.Exit(exitFailed)
	}
	return node.ProcessConfig{
		Config: config, Network: o.genesis, Chains: chains, Carrier: &key,
		Engines: func(id chain.ID) node.Compile { return engineIn(h.file(fmt.Sprintf("%s/chain-%d", codeCache, id))) },
		Seat: func(id chain.ID) *node.Member {
			net, err := r.links.Net(id)
			if err != nil {
				a.log.Error("a chain has no connections", "chain", id, "error", err)
				return nil
			}
			first := founding || !o.genesis.Tree().Has(id) && isThere(h.file(wholeFile))
			m := &node.Member{Node: key.Public(), Secret: votingKey(key), Net: net, Founding: first, Restored: o.marks.waits.on(id), Signed: signed[id]}
			if o.faults.byzantine != "" {
				m.Twist = byzantine.Twist(o.faults.byzantine, byzantine.Self{Network: o.network, Secret: m.Secret})
			}
			return m
		},
	}
}

// nodeAPI serves users: of several chains the first under the main one is meant where none is named.
func (a *app) nodeAPI(r *running, c *nodeConfig) api.Config {
	list := r.process.Nodes()
	first := list[min(1, len(list)-1)]
	config := api.Config{Node: first, Listen: c.API, Version: release, Log: a.log, Peers: func() client.Peers { return peersOf(r.links) }}
	config.Limits.Address = int(c.APIPerAddress)
	config.Metrics, config.Elsewhere = []prometheus.Gatherer{r.links.Metrics(), r.placed.Metrics()}, r.placed
	config.Others = slices.DeleteFunc(list, func(n *node.Node) bool { return n == first })
	if c.DevSeed != "" {
		config.Dev = &client.Dev{Seed: c.DevSeed, Names: c.DevNames}
	}
	return config
}

// close stops what runs, users first.
func (r *running) close() (err error) {
	if r.placed != nil {
		r.placed.Close()
	}
	if r.process != nil {
		r.links.Serve(nil)
		err = r.process.Close()
	}
	if r.links != nil {
		err = errors.Join(err, r.links.Close())
	}
	return err
}
