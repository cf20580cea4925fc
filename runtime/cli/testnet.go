package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/cluster/weather"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/keys/keyfile"
)

func (a *app) newTestnet() *cobra.Command {
	cmd := a.group("testnet", "Run a network of processes on this machine", `  thinkey testnet gen --nodes 4 --dir ./net
  thinkey testnet up --dir ./net
  thinkey testnet status --dir ./net
  thinkey testnet down --dir ./net`)
	cmd.AddCommand(a.newTestnetGen(), a.newTestnetUp(), a.newTestnetDown(), a.newTestnetStatus(), a.newTestnetKill(), a.newTestnetPause(),
		a.newTestnetPartition(), a.newTestnetDisturb(), a.newTestnetHeal(), a.newTestnetProxy())
	return cmd
}

func dirFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", "testnet", "directory of the network")
}

const (
	// testnetNode and a number is the home of a node.
	testnetNode = "node-"
	// testnetPassword is that of the keys' files: the keys of a test network guard nothing.
	testnetPassword     = "testnet"
	testnetPasswordFile = "password"
	maxTestnet          = 64
)

// testnetHomes are the nodes of a network, by number.
func testnetHomes(dir string) ([]nodeHome, error) {
	var homes []nodeHome
	for i := range maxTestnet {
		h := nodeHome(filepath.Join(dir, testnetNode+strconv.Itoa(i)))
		if !isThere(h.file(nodeConfigFile)) {
			break
		}
		homes = append(homes, h)
	}
	if len(homes) == 0 {
		return nil, failed("no_testnet", "%s holds no test network", dir).do("make one with: thinkey testnet gen --dir %s", dir)
	}
	return homes, nil
}

// oneHome is the node with a number.
func oneHome(dir, number string) (nodeHome, error) {
	homes, err := testnetHomes(dir)
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n >= len(homes) {
		return "", usage("N (%q)", number).do("write the number of a node, from 0 to %d", len(homes)-1)
	}
	return homes[n], nil
}

func (a *app) newTestnetGen() *cobra.Command {
	dir, nodes, common, chains, port, faults, keep, apart := "", 4, 0, treeFlags{}, 0, false, false, false
	cmd := a.command("gen", "Make the directories of a test network", func(cmd *cobra.Command, _ []string) error {
		plan, err := chains.planned(cmd.Flags().Changed)
		switch {
		case err != nil:
			return err
		case nodes < 1 || nodes > maxTestnet:
			return usage("--nodes (%d)", nodes).do("write a number from 1 to %d", maxTestnet)
		case common < 0 || nodes+common > maxTestnet:
			return usage("--common (%d)", common).do("write a number from 0 to %d", maxTestnet-nodes)
		case apart && len(plan) == 1:
			return usage("--apart with the main chain alone").do("make chains under it with --chains or --tree")
		case apart && nodes < len(tips(plan)):
			return usage("--apart (with --nodes %d)", nodes).do("make at least %d nodes: at least one node for each chain that has none under it", len(tips(plan)))
		case port != 0 && (port < 1024 || port+portsEach*(nodes+common) > 1<<16):
			return usage("--port (%d)", port).do("write a number from 1024 to %d, or 0 for ports that are free now", 1<<16-portsEach*(nodes+common))
		case isThere(dir) && keep:
			_, err := testnetHomes(dir)
			return err
		case isThere(dir):
			return failed("dir_exists", "--dir: %s is there already", dir).do("choose another, or delete it")
		}
		if faults {
			if err := checkOwnAddress(); err != nil {
				return err
			}
		}
		network, err := genTestnet(testnetPlan{dir: dir, seed: a.settings.text("seed"), nodes: nodes, common: common, chains: plan, port: port, faults: faults, apart: apart})
		if err != nil {
			return err
		}
		return a.answer(map[string]any{"dir": dir, "nodes": nodes + common, "chains": len(plan) - 1, "tree": treeText(plan), "network": network}, func() {
			a.print("%s\n", network)
			a.say("%s in %s; start them with: thinkey testnet up --dir %s\n", count(nodes+common, "node"), dir, dir)
		})
	})
	cmd.Long = `Make a home for each node, on loopback addresses that are free now or from --port on, and one genesis for all. --chains says how many chains there are under the
main one, --tree which is under which. Every node has a seat on every chain. With --apart it has one on a chain that has none under it, in turn, and on all above that up to the
main one, and runs these alone: of 'main(a(a1,a2),b)' the first node runs main, a and a1, the second main, a and a2, the third main and b. --common adds nodes that have no
seat and run the main chain alone; they serve users of all chains.

The named accounts are those of thinkey dev, on every chain, with keys that follow from the public seed. With --faults all that nodes send each other goes
through a proxy, so that thinkey testnet partition and disturb can do it harm.`
	cmd.Example = `  thinkey testnet gen --nodes 4 --chains 2 --dir ./net
  thinkey testnet gen --nodes 3 --tree 'main(a(a1,a2),b)' --apart --dir ./net`
	dirFlag(cmd, &dir)
	cmd.Flags().IntVar(&nodes, "nodes", 4, "how many nodes; each has a seat on every chain, but for --apart")
	cmd.Flags().IntVar(&common, "common", 0, "how many further nodes there are that have no seat, and run the main chain alone")
	chains.flags(cmd, 0)
	cmd.Flags().BoolVar(&keep, "keep", false, "leave a network that is there as it is")
	cmd.Flags().IntVar(&port, "port", 0, "first of the ports, of which each node has four: for nodes, gossip, placement and the API; 0 for free ones")
	cmd.Flags().BoolVar(&apart, "apart", false, "let each node have seats on, and run, one chain that has none under it and those above it alone")
	cmd.Flags().BoolVar(&faults, "faults", false, "let links be cut and disturbed")
	settingFlag(cmd, "seed")
	return cmd
}

// testnetPlan is what a test network is made of.
type testnetPlan struct {
	dir, seed string
	nodes     int
	common    int             // further ones without a seat, that run the main chain alone
	chains    []namedChain    // none for the main chain alone
	port      int             // the first; 0 for free ones
	faults    bool            // with a proxy between the nodes
	apart     bool            // each node has a seat on one of the tips and on those above it, and runs no more
	accounts  []chain.Address // of the main chain, that have money beside those with names
}

// genTestnet makes a network's directories.
func genTestnet(p testnetPlan) (network chain.NetworkID, err error) {
	g := newGenesis("testnet", p.chains, uint64(time.Now().UnixMilli()), chain.DefaultParams())
	p.endow(g)
	if err := checkDraft(g); err != nil {
		return network, usage("%v", err).do("name the chains otherwise with --tree")
	}
	ports, err := p.ports()
	if err != nil {
		return network, noPorts(err)
	}
	var seeds []string
	secrets := make([]keys.PrivateKey, p.nodes+p.common)
	var trusted []string
	for i := range secrets {
		if secrets[i], err = keyfile.Generate(); err != nil {
			return network, err
		}
		seeds = append(seeds, ports[portsEach*i+1])
		if i >= p.nodes {
			trusted = append(trusted, secrets[i].Public().String())
			continue
		}
		card := cardOf(secrets[i], "")
		if err := seatCard(g, p.chainsOf(g, i), &card, chain.NewAmount(carrierBalance)); err != nil {
			return network, err
		}
	}
	if err := g.Check(); err != nil {
		return network, err
	}
	var behind []weather.Node
	for i, key := range secrets {
		h := nodeHome(filepath.Join(p.dir, testnetNode+strconv.Itoa(i)))
		c := defaultNodeConfig()
		c.Transport, c.Gossip, c.Placement, c.API, c.PasswordFile = ports[portsEach*i], ports[portsEach*i+1], ports[portsEach*i+2], ports[portsEach*i+3], testnetPasswordFile
		c.Seeds = slices.Delete(slices.Clone(seeds), i, i+1)
		c.DevSeed, c.DevNames = p.seed, client.DevNames()
		c.Trusted = append(c.Trusted, trusted...)
		c.Chains = p.runs(g, i)
		if p.faults {
			n, err := behindProxy(&c, i)
			if err != nil {
				return network, err
			}
			behind = append(behind, n)
		}
		if err := h.found(c, key, []byte(testnetPassword)); err != nil {
			return network, err
		}
		if err := os.WriteFile(h.file(testnetPasswordFile), []byte(testnetPassword+"\n"), 0o600); err != nil {
			return network, err
		}
		if err := writeGenesis(h.file(genesisFile), g); err != nil {
			return network, err
		}
	}
	if p.faults {
		if err := writeProxy(p.dir, behind); err != nil {
			return network, err
		}
	}
	return g.Network(), nil
}

// chainsOf are the chains of a genesis on which a node has a seat.
func (p *testnetPlan) chainsOf(g *chain.Genesis, node int) []*chain.Genesis {
	all := chainsOf(g)
	if !p.apart {
		return all
	}
	ends := tips(p.chains)
	at := slices.IndexFunc(all, func(c *chain.Genesis) bool { return c.Chain == ends[node%len(ends)] })
	return withAbove(g, all[at:at+1])
}

// endow gives the accounts that have money theirs.
func (p *testnetPlan) endow(g *chain.Genesis) {
	for _, c := range chainsOf(g) {
		for _, name := range client.DevNames() {
			grant(c, devAddressOn(c.Chain, p.seed, name), chain.NewAmount(devBalance))
		}
	}
	for _, at := range p.accounts {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: at, Balance: chain.NewAmount(1 << 60)})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
}

// runs are the chains of a node's configuration; none for all.
func (p *testnetPlan) runs(g *chain.Genesis, node int) (list []uint32) {
	switch {
	case node >= p.nodes:
		list = []uint32{uint32(chain.Main)}
	case p.apart:
		for _, on := range p.chainsOf(g, node) {
			list = append(list, uint32(on.Chain))
		}
	}
	return list
}

// portsEach is how many ports a node has.
const portsEach = 4

// ports are the addresses of all nodes, one after the other.
func (p *testnetPlan) ports() (list []string, err error) {
	if p.port == 0 {
		return takePorts(portsHome(), p.dir, portsEach*(p.nodes+p.common))
	}
	for i := range portsEach * (p.nodes + p.common) {
		list = append(list, fmt.Sprintf("127.0.0.1:%d", p.port+i))
	}
	return list, nil
}
