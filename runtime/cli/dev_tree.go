package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

const (
	// usualChains are those under the main chain where nobody says how many.
	usualChains = 2
	// carrierName is the account that pays for digests, on every chain; carrierBalance is for as long as
	// anybody runs such a network, at any price.
	carrierName    = "carrier"
	carrierBalance = 1_000_000_000_000_000_000
)

// plant says which chains the network has: none for one chain that one validator, or a committee, runs alone.
func (o *devOptions) plant(pace node.Pace, given func(flag string) bool) error {
	alone := o.alone(pace)
	list, err := o.planned(given)
	if err != nil {
		return err
	}
	if len(list) > 1 && (alone == "" || given("chains") || given("tree")) { // the main chain alone is as it is without any tree
		o.plan = slices.Clip(list)
	}
	if len(o.plan) > 0 && alone != "" && o.validators == 1 {
		return usage("%s with several chains", alone).do("each has one validator, that makes blocks by itself: leave it out, give each a committee with --validators 4, or run the main chain alone with --chains 0")
	}
	if most := maxValidators / max(len(o.plan), 1); o.validators > max(most, 1) {
		return usage("--validators (%d) of each of %d chains", o.validators, len(o.plan)).do("a process holds %d validators at most: write up to %d, or fewer chains", maxValidators, most)
	}
	if len(o.only) > 0 && len(o.plan) == 0 {
		return usage("--only (%s) without several chains", strings.Join(o.only, ",")).do("name them with --tree, such as --tree 'main(a,b)'")
	}
	return nil
}

// alone is the flag that only a chain alone can have.
func (o *devOptions) alone(pace node.Pace) string {
	switch {
	case o.validators > 1:
		return fmt.Sprintf("--validators (%d)", o.validators)
	case pace.Manual:
		return `--block ("manual")`
	case len(o.byzantine) > 0:
		return fmt.Sprintf("--byzantine (%s)", strings.Join(o.byzantine, ","))
	case len(o.restored) > 0:
		return "--restored"
	}
	return ""
}

// treeText is what parseTree reads; the main chain alone if there is no tree.
func (d *devNetwork) treeText() string { return treeText(d.Chains) }

// chainCalled is the chain with a name; nil if there is none.
func (d *devNetwork) chainCalled(name string) *namedChain {
	for i := range d.Chains {
		if d.Chains[i].Name == name {
			return &d.Chains[i]
		}
	}
	return nil
}

// usual is the chain whose accounts need no @: the first under the main one.
func (d *devNetwork) usual() chain.ID {
	if len(d.Chains) > 1 {
		return d.Chains[1].Chain
	}
	return chain.Main
}

// chainName is how accounts of a chain are told from those of others: empty for the usual one.
func (d *devNetwork) chainName(id chain.ID) string {
	for _, c := range d.Chains {
		if c.Chain == id && id != d.usual() {
			return "@" + c.Name
		}
	}
	return ""
}

// seatOf are the keys of a validator of a chain. They follow from the public seed.
func (d *devNetwork) seatOf(c *namedChain, validator int) (keys.PublicKey, keys.BLSSecret) {
	name := "validator-of-" + c.Name
	if validator > 0 {
		name = fmt.Sprintf("validator-%d-of-%s", validator, c.Name)
	}
	return client.DevKey(d.Seed, name).Public(), keys.BLSFromSeed(wire.Sum(wire.TagSeed, []byte(d.Seed), []byte{1}, []byte(name)))
}

// grow makes the geneses of all chains out of that of one.
func (d *devNetwork) grow(like *chain.Genesis) *chain.Genesis {
	root := newGenesis(chain.MainName, d.Chains, like.TimeMillis, like.Params)
	for i, g := range chainsOf(root) {
		g.Committee = chain.Committee{Chain: g.Chain, Seed: chain.Hash(wire.Sum(wire.TagSeed, []byte(d.Seed), []byte{2}))}
		for v := range max(d.Validators, 1) {
			g.AddSeat(d.seatOf(&d.Chains[i], v))
		}
		for _, a := range d.Accounts {
			if a.Address.Chain() == g.Chain {
				g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: a.Address, Balance: a.Balance})
			}
		}
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: devAddressOn(g.Chain, d.Seed, carrierName), Balance: chain.NewAmount(carrierBalance)})
		slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	}
	return root
}

// onChains spreads the accounts that flags name over the chains: NAME=AMOUNT is on each, NAME@CHAIN=AMOUNT on that one.
func (d *devNetwork) onChains(named []devAccount) error {
	for i := range d.Chains {
		for _, a := range named {
			here := a
			name, on, only := strings.Cut(a.Name, "@")
			if only && on != d.Chains[i].Name {
				continue
			}
			if !only && slices.ContainsFunc(named, func(x devAccount) bool { return x.Name == a.Name+"@"+d.Chains[i].Name }) {
				continue // it has an amount of its own there
			}
			here.Name, here.Address = name, devAddressOn(d.Chains[i].Chain, d.Seed, name)
			d.Accounts = append(d.Accounts, here)
		}
	}
	for _, a := range named {
		name, on, only := strings.Cut(a.Name, "@")
		switch {
		case name == carrierName:
			return usage("--account (%s): the account that pays for what goes between chains is called so", a.Name).do("choose another name")
		case only && d.chainCalled(on) == nil:
			return usage("--account (%s): no chain is called %q", a.Name, on).do("the chains are: %s", d.treeText())
		}
	}
	return nil
}

// here are the chains that this process runs.
func (o *devOptions) here(d *devNetwork) ([]chain.ID, error) {
	var ids []chain.ID
	for _, name := range o.only {
		c := d.chainCalled(name)
		if c == nil {
			return nil, usage("--only (%q)", name).do("the chains are: %s", d.treeText())
		}
		ids = append(ids, c.Chain)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// asked is the network that the flags describe, or the one of the file that --network names.
func (o *devOptions) asked(seed string, given func(flag string) bool) (*devNetwork, error) {
	if o.from == "" {
		return o.network(seed)
	}
	for _, flag := range []string{"account", "gas-price", "deposit", "validators", "chains", "tree", "seed", "reset"} {
		if given(flag) {
			return nil, usage("--%s and --network are both given", flag).do("leave --%s out: the network is that of the file", flag)
		}
	}
	d, err := readDevNetworkFile(o.from)
	if err != nil {
		return nil, failed("bad_network", "--network: %v", err).do("name the %s of a development network", devFile)
	}
	o.plan, o.validators = d.Chains, max(d.Validators, 1)
	return d, nil
}

// runs says which chains are here, unless all are.
func (n *devNodes) runs(d *devNetwork) string {
	if len(n.list) == len(d.Chains) {
		return ""
	}
	names := make([]string, len(n.list))
	for i, one := range n.list {
		names[i] = strings.TrimSpace(d.spaced(one.Chain()))
	}
	return "; here: " + strings.Join(names, ", ")
}

// shown is how many of the nodes the banner tells of: one for each chain.
func (n *devNodes) shown() int {
	if n.process == nil {
		return 1
	}
	return len(n.list)
}

// spaced is the name of a chain behind a space; empty for one that is alone.
func (d *devNetwork) spaced(id chain.ID) string {
	for _, c := range d.Chains {
		if c.Chain == id {
			return " " + c.Name
		}
	}
	return ""
}

// otherChain is another one than the usual, to try a payment to.
func (d *devNetwork) otherChain() string {
	if len(d.Chains) < 2 {
		return ""
	}
	return "@" + d.Chains[(2)%len(d.Chains)].Name
}

// systemName is what a system actor is called; empty for any other account.
func systemName(a chain.Address) string {
	switch {
	case a.IsSystem():
		return "system"
	case a == chain.DigestsAddress(a.Chain()):
		return "digests"
	case a == chain.RegistryAddress():
		return "registry"
	case a == chain.NodesAddress():
		return "nodes"
	}
	return ""
}

// checkChains holds what a file says of the chains to be what parseTree makes.
func (d *devNetwork) checkChains() error {
	if len(d.Chains) == 0 {
		return nil
	}
	list, err := parseTree(d.treeText())
	if err == nil && (len(list) < 2 || !slices.Equal(list, d.Chains)) {
		err = fmt.Errorf("its chains are not those of a tree, numbered from the main chain down: %v", d.Chains)
	}
	return err
}

// growth runs chains that are made while the process runs, if their validator is the one whose keys follow from the seed and the name.
type growth struct {
	*app
	nodes   *devNodes
	network *devNetwork
	server  *api.Server
	grown   chan *node.Node
	turn    *sync.Mutex // held by who prints, or changes the network's chains
}

// watch looks after new chains until ctx ends, or one can't be started.
func (g *growth) watch(ctx context.Context) error {
	defer close(g.grown)
	root := g.nodes.process.Node(chain.Main)
	if root == nil || len(g.nodes.list) < len(g.network.Chains) { // other processes run the others
		return nil
	}
	seen := map[chain.ID]bool{}
	return g.nodes.process.Grow(ctx, func(id chain.ID, b chain.Branch) bool {
		c := namedChain{b.Name, id, root.Tree().Parent(id)}
		public, _ := g.network.seatOf(&c, 0)
		if len(b.Seats.Seats) != 1 || b.Seats.Seats[0].Node != public {
			if !seen[id] {
				g.log.Warn("a chain was made that others must run", "chain", id, "name", b.Name)
			}
			seen[id] = true
			return false
		}
		g.turn.Lock()
		defer g.turn.Unlock()
		g.network.Chains = append(slices.Clip(g.network.Chains), c)
		return true
	}, func(n *node.Node) error { g.begun(ctx, n); return nil })
}

// begun serves users of a chain that was made, and gives its carrier money.
func (g *growth) begun(ctx context.Context, n *node.Node) {
	g.server.Add(n)
	g.endow(ctx, g.nodes.process, n.Chain())
	select {
	case g.grown <- n:
	case <-ctx.Done():
	}
}

// endow gives the account that carries digests money on a chain that was made.
func (a *app) endow(ctx context.Context, p *node.Process, id chain.ID) {
	err := p.Endow(ctx, id, carrierGift(p.Node(chain.Main).Tree(), id))
	if err != nil && ctx.Err() == nil {
		a.log.Warn("the account that is to carry digests has no money on a chain that was made: pay it", "chain", id, "account", carrierName, "reason", err)
	}
}

// carrierGift is what the carrier's account gets on a chain that was made: a small part of what it has on the parent, where it may have been
// given its own.
func carrierGift(tree chain.Tree, id chain.ID) chain.Amount {
	const part = 16
	amount := uint64(carrierBalance)
	for range tree.Ancestors(id) {
		amount /= part
	}
	return chain.NewAmount(max(amount, 1))
}
