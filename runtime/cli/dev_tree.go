package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/thinkey/thinkey/runtime/api"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// devChain is a chain of a development network of several.
type devChain struct {
	Name  string   `json:"name"`
	Chain chain.ID `json:"chain"`
	Under chain.ID `json:"under,omitempty"` // none: the main chain
}

const (
	mainName = "main"
	// usualChains are those under the main chain where nobody says how many.
	usualChains = 2
	// maxDevChains is how many a process may hold: each has a node.
	maxDevChains = 32
	// carrierName is the account that pays for digests, on every chain; carrierBalance is for as long as
	// anybody runs such a network, at any price.
	carrierName    = "carrier"
	carrierBalance = 1_000_000_000_000_000_000
)

// plant says which chains the network has: none for one chain that one validator, or a committee, runs alone.
func (o *devOptions) plant(pace node.Pace, given func(flag string) bool) error {
	alone := o.alone(pace)
	asked := given("chains") || given("tree")
	switch {
	case given("chains") && given("tree"):
		return usage("--chains and --tree are both given").do("leave one out: --chains 2 is --tree 'main(a,b)'")
	case given("tree"):
		list, err := parseTree(o.tree)
		if err != nil {
			return err
		}
		o.plan = list[:len(list):len(list)]
	case o.chains < 0 || o.chains >= maxDevChains:
		return usage("--chains (%d)", o.chains).do("write a number from 0, the main chain alone, to %d", maxDevChains-1)
	case asked || alone == "":
		o.plan = star(o.chains)
	}
	if len(o.plan) == 1 { // as it is without any tree
		o.plan = nil
	}
	if len(o.plan) > 0 && o.validators > 1 {
		return usage("%s with several chains", alone).
			do("a committee on each chain takes a process for each member: thinkey testnet gen --nodes %d --chains %d; or run the main chain alone with --chains 0", o.validators, len(o.plan)-1)
	}
	if len(o.plan) > 0 && alone != "" {
		return usage("%s with several chains", alone).do("each has one validator so far, that makes blocks by itself: leave it out, or run the main chain alone with --chains 0")
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

// star is the main chain with n others under it, called a, b, ….
func star(n int) []devChain {
	list := []devChain{{mainName, chain.Main, 0}}
	for i := range n {
		name := string(rune('a' + i%26))
		if i >= 26 {
			name += strconv.Itoa(i / 26)
		}
		list = append(list, devChain{name, chain.Main + 1 + chain.ID(i), chain.Main})
	}
	return list
}

// treeReader reads a tree of chains: a name, and in brackets those under it. Chains get their numbers as they come.
type treeReader struct {
	text string
	at   int
	list []devChain
}

// parseTree reads such as main(a(a1,a2),b).
func parseTree(text string) ([]devChain, error) {
	r := &treeReader{text: text}
	err := r.chain(0, 0)
	if err == nil && r.at < len(text) {
		err = r.fault("something stands behind the tree")
	}
	return r.list, err
}

func (r *treeReader) fault(format string, args ...any) error {
	return usage("--tree (%q) at letter %d: %s", r.text, r.at+1, fmt.Sprintf(format, args...)).
		do("write the main chain with those under it in brackets, such as 'main(a(a1,a2),b)'")
}

// chain reads a chain with those under it.
func (r *treeReader) chain(under chain.ID, depth int) error {
	start := r.at
	for r.at < len(r.text) && !strings.ContainsRune("(), ", rune(r.text[r.at])) {
		r.at++
	}
	name := r.text[start:r.at]
	id := chain.ID(len(r.list) + 1)
	wrong := ""
	switch {
	case name == "":
		return r.fault("a name is missing")
	case id == chain.Main && name != mainName:
		wrong = "the root of the tree is called " + mainName
	case !isName(name):
		wrong = fmt.Sprintf("%q is no name: 1 to 32 letters a-z, digits and -, a letter first", name)
	case slices.ContainsFunc(r.list, func(c devChain) bool { return c.Name == name }):
		wrong = fmt.Sprintf("%s is there already", name)
	case len(r.list) == maxDevChains:
		wrong = fmt.Sprintf("more than %d chains", maxDevChains)
	case depth > chain.MaxViews:
		wrong = fmt.Sprintf("%s has more than %d chains above it", name, chain.MaxViews)
	}
	if wrong != "" {
		r.at = start
		return r.fault("%s", wrong)
	}
	r.list = append(r.list, devChain{name, id, under})
	if !r.takes('(') {
		return nil
	}
	for {
		if err := r.chain(id, depth+1); err != nil {
			return err
		}
		if r.takes(')') {
			return nil
		}
		if !r.takes(',') {
			return r.fault(`"," or ")" is missing`)
		}
	}
}

// takes reads a letter if it comes next.
func (r *treeReader) takes(letter byte) bool {
	if r.at == len(r.text) || r.text[r.at] != letter {
		return false
	}
	r.at++
	return true
}

// treeText is what parseTree reads; the main chain alone if there is no tree.
func (d *devNetwork) treeText() string {
	if len(d.Chains) == 0 {
		return mainName
	}
	var under func(c devChain) string
	under = func(c devChain) string {
		var list []string
		for _, x := range d.Chains {
			if x.Under == c.Chain {
				list = append(list, under(x))
			}
		}
		if len(list) == 0 {
			return c.Name
		}
		return c.Name + "(" + strings.Join(list, ",") + ")"
	}
	return under(d.Chains[0])
}

// chainCalled is the chain with a name; nil if there is none.
func (d *devNetwork) chainCalled(name string) *devChain {
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

// seatOf are the keys of a chain's validator. They follow from the public seed.
func (d *devNetwork) seatOf(c *devChain) (keys.PublicKey, keys.BLSSecret) {
	name := "validator-of-" + c.Name
	return client.DevKey(d.Seed, name).Public(), keys.BLSFromSeed(wire.Sum(wire.TagSeed, []byte(d.Seed), []byte{1}, []byte(name)))
}

// grow makes the geneses of all chains out of that of one.
func (d *devNetwork) grow(like *chain.Genesis) *chain.Genesis {
	var root *chain.Genesis
	for i := range d.Chains {
		c := &d.Chains[i]
		g := chain.Genesis{Name: c.Name, Chain: c.Chain, Under: c.Under, TimeMillis: like.TimeMillis, Params: like.Params}
		g.Committee = chain.Committee{Chain: c.Chain, Seed: chain.Hash(wire.Sum(wire.TagSeed, []byte(d.Seed), []byte{2}))}
		g.AddSeat(d.seatOf(c))
		for _, a := range d.Accounts {
			if a.Address.Chain() == c.Chain {
				g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: a.Address, Balance: a.Balance})
			}
		}
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: devAddressOn(c.Chain, d.Seed, carrierName), Balance: chain.NewAmount(carrierBalance)})
		slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
		if root == nil {
			root = &g
		} else {
			root.Chains = append(root.Chains, g)
		}
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

// openTree starts the nodes of the chains, a validator each.
func (a *app) openTree(o *devOptions, pace node.Pace, d *devNetwork) (*devNodes, error) {
	ids, err := o.here(d)
	if err != nil {
		return nil, err
	}
	founding := o.data == "" || isThere(o.founding())
	carrier := client.DevKey(d.Seed, carrierName)
	nodes := &devNodes{}
	planted := len(d.Chains)
	nodes.process, err = node.OpenProcess(node.ProcessConfig{
		Config: a.devConfig(o, pace, nil, 0), Network: d.genesis(), Chains: ids, Carrier: &carrier,
		Engines: func(id chain.ID) node.Compile { return engineIn(o.compiledOf(id)) },
		Seat: func(id chain.ID) *node.Member {
			at := slices.IndexFunc(d.Chains, func(c devChain) bool { return c.Chain == id })
			public, secret := d.seatOf(&d.Chains[at])
			wire := node.NewSwitch()
			nodes.wires = append(nodes.wires, wire)
			// One that was made later has never been elsewhere than in this store.
			return &node.Member{Node: public, Secret: secret, Net: wire.Port(public), Founding: founding || at >= planted}
		},
	})
	if err != nil {
		return nil, errors.Join(o.unstarted(err), nodes.close())
	}
	nodes.list = nodes.process.Nodes()
	tuneMemory(nodes.list...)
	if o.data == "" {
		return nodes, nil
	}
	if err := removeIfThere(o.founding()); err != nil {
		return nil, errors.Join(err, nodes.close())
	}
	return nodes, nil
}

// compiledOf is where the node of a chain keeps compiled code; empty for memory.
func (o *devOptions) compiledOf(id chain.ID) string {
	if o.data == "" {
		return ""
	}
	return filepath.Join(o.data, codeCache, fmt.Sprintf("chain-%d", id))
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
	seen := len(g.network.Chains)
	for {
		height := root.Head().Header.Height
		tree := root.Tree()
		for _, limb := range tree[seen:] {
			if err := g.start(ctx, root, limb); err != nil {
				return err
			}
		}
		seen = len(tree)
		if err := root.AwaitAbove(ctx, height); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
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

func (g *growth) start(ctx context.Context, root *node.Node, limb chain.Limb) error {
	b, err := root.Branch(limb.ID)
	if err != nil {
		return err
	}
	c := devChain{b.Name, limb.ID, limb.Parent}
	public, _ := g.network.seatOf(&c)
	if len(b.Seats.Seats) != 1 || b.Seats.Seats[0].Node != public || g.nodes.process.Node(limb.Parent) == nil {
		g.log.Warn("a chain was made that others must run", "chain", limb.ID, "name", b.Name)
		return nil
	}
	g.turn.Lock()
	g.network.Chains = append(slices.Clip(g.network.Chains), c)
	g.turn.Unlock()
	if err := g.nodes.process.Start(limb.ID); err != nil {
		return err
	}
	n := g.nodes.process.Node(limb.ID)
	g.server.Add(n)
	if err := g.nodes.process.Endow(ctx, limb.ID, carrierGift(root.Tree(), limb.ID)); err != nil && ctx.Err() == nil {
		g.log.Warn("the account that is to carry digests has no money on a chain that was made: pay it", "chain", limb.ID, "account", carrierName, "reason", err)
	}
	select {
	case g.grown <- n:
	case <-ctx.Done():
	}
	return nil
}
