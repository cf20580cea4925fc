package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

func (a *app) newGenesis() *cobra.Command {
	cmd := a.group("genesis", "Make what a network begins with", `  thinkey genesis new genesis.json --name ours --account tk1…=1000000
  thinkey genesis add-node genesis.json node-0/card.json node-1/card.json node-2/card.json node-3/card.json
  thinkey genesis show genesis.json`)
	cmd.AddCommand(a.newGenesisNew(), a.newGenesisAddNode(), a.newGenesisShow())
	return cmd
}

func (a *app) newGenesisNew() *cobra.Command {
	name, owner, chains := "", "", treeFlags{}
	var accounts []string
	cmd := a.command("new FILE", "Write a genesis that has no nodes yet", func(cmd *cobra.Command, args []string) error {
		plan, err := chains.planned(cmd.Flags().Changed)
		if err != nil {
			return err
		}
		g := newGenesis(name, plan, uint64(time.Now().UnixMilli()), chain.DefaultParams())
		for _, text := range accounts {
			if err := addAccount(g, text); err != nil {
				return err
			}
		}
		if err := setOwner(g, owner); err != nil {
			return err
		}
		if err := checkDraft(g); err != nil {
			return usage("%v", err).do("see: thinkey genesis new --help")
		}
		if isThere(args[0]) {
			return failed("file_exists", "%s is there already", args[0]).do("name another file, or delete it")
		}
		if err := writeGenesis(args[0], g); err != nil {
			return err
		}
		a.say("%s: %s; give it nodes with: thinkey genesis add-node %s CARD...\n", args[0], count(len(plan), "chain"), args[0])
		return nil
	})
	cmd.Long = `Write the file that a network begins with: parameters, accounts that have money, and later the nodes that agree on its chains.
Every node needs the same file: its hash is the network's name.

--chains says how many chains there are under the main one, --tree which is under which: in 'main(a(a1,a2),b)' chains a and b are under the main one, a1 and
a2 under a. They get numbers as they are read, from 1 for the main one on; there can be 32.

An account is an address with an amount; the address says on which chain it is. The owner may change the committees of all these chains later (thinkey chain
committee), where there are several; without one nobody ever can.`
	cmd.Example = `  thinkey genesis new genesis.json --name ours --account tk1…=1000000
  thinkey genesis new genesis.json --tree 'main(a(a1,a2),b)' --owner tk1…`
	cmd.ValidArgsFunction = nil
	cmd.Flags().StringVar(&name, "name", "thinkey", "name of the network, for people")
	chains.flags(cmd, 0)
	cmd.Flags().StringVar(&owner, "owner", "", "address on the main chain that may change the committees (default: nobody)")
	cmd.Flags().StringArrayVar(&accounts, "account", nil, "account ADDRESS=AMOUNT; may be repeated")
	return cmd
}

// setOwner reads the address of who may change the committees, "" for nobody.
func setOwner(g *chain.Genesis, text string) (err error) {
	if text == "" {
		return nil
	}
	wrong := usage("--owner (%q)", text)
	if g.Owner, err = chain.ParseAddress(text); err != nil {
		return wrong.do("%v", err)
	}
	switch {
	case g.Owner.Chain() != chain.Main:
		return wrong.do("write an address on the main chain, where the registry is; this one is on chain %d", g.Owner.Chain())
	case len(g.Chains) == 0:
		return wrong.do("add --chains or --tree: a chain that is alone has no registry, and its committee stays")
	}
	return nil
}

// newGenesis has chains without seats and without accounts.
func newGenesis(name string, plan []namedChain, timeMillis uint64, params chain.Params) *chain.Genesis {
	g := &chain.Genesis{Name: name, Chain: chain.Main, TimeMillis: timeMillis, Params: params}
	for _, c := range plan {
		if c.Chain != chain.Main {
			g.Chains = append(g.Chains, chain.Genesis{Name: c.Name, Chain: c.Chain, Under: c.Under, TimeMillis: timeMillis, Params: params})
		}
	}
	return g
}

// planOf are the chains of a genesis; the main one is called so, whatever the network is called.
func planOf(g *chain.Genesis) []namedChain {
	list := []namedChain{{chain.MainName, g.Chain, 0}}
	for i := range g.Chains {
		list = append(list, namedChain{g.Chains[i].Name, g.Chains[i].Chain, g.Chains[i].Under})
	}
	return list
}

// chainsOf are all chains of a genesis, the main one first.
func chainsOf(g *chain.Genesis) []*chain.Genesis {
	list := []*chain.Genesis{g}
	for i := range g.Chains {
		list = append(list, &g.Chains[i])
	}
	return list
}

// addAccount reads ADDRESS=AMOUNT.
func addAccount(g *chain.Genesis, text string) error {
	address, number, ok := strings.Cut(text, "=")
	wrong := usage("--account (%q)", text)
	if !ok {
		return wrong.do("write ADDRESS=AMOUNT, such as tk1…=20")
	}
	at, err := chain.ParseAddress(address)
	if err != nil {
		return wrong.do("%v", err)
	}
	amount, err := chain.ParseAmount(number)
	if err != nil {
		return wrong.do("%v", err)
	}
	for _, c := range chainsOf(g) {
		if c.Chain == at.Chain() {
			grant(c, at, amount)
			return nil
		}
	}
	return wrong.do("the address is on chain %d, which the network doesn't have", at.Chain())
}

// grant gives an account money, in the order of addresses. One that is named twice is found by Check.
func grant(g *chain.Genesis, at chain.Address, amount chain.Amount) {
	i, _ := slices.BinarySearchFunc(g.Accounts, at, func(x chain.GenesisAccount, at chain.Address) int { return x.Address.Compare(at) })
	g.Accounts = slices.Insert(g.Accounts, i, chain.GenesisAccount{Address: at, Balance: amount})
}

func (a *app) newGenesisAddNode() *cobra.Command {
	money, on := uint64(0), []string(nil)
	cmd := a.command("add-node FILE CARD [CARD...]", "Give nodes seats on chains of a genesis", func(_ *cobra.Command, args []string) error {
		g, err := readDraft(args[0])
		if err != nil {
			return err
		}
		list, err := chainsCalled(g, on)
		if err != nil {
			return err
		}
		for _, path := range args[1:] {
			card, err := readCard(path)
			if err != nil {
				return err
			}
			if err := seatCard(g, list, &card, chain.NewAmount(money)); err != nil {
				return usage("%s: %v", path, err).do("leave the card out, or name other chains with --on")
			}
		}
		if err := checkDraft(g); err != nil {
			return failed("bad_genesis", "%s: %v", args[0], err).do("begin again with: thinkey genesis new")
		}
		if err := writeGenesis(args[0], g); err != nil {
			return err
		}
		a.say("%s: %s; network %s\n", args[0], committees(g), g.Network())
		if without, unpaid := seatless(g), unpaid(g); len(without) > 0 {
			a.say("without nodes yet, and no node starts before all have some: %s\n", strings.Join(without, ", "))
		} else if len(unpaid) > 0 {
			a.say("no node has money on %s: until one is paid there nothing goes there from the chains below; see --carry\n", strings.Join(unpaid, ", "))
		}
		return nil
	})
	cmd.Long = `Give nodes a seat in the committee of every chain, or, with --on, of some. A node's card is the card.json that thinkey node init wrote in its home; it holds no
secret. The same card may be given seats on further chains later.

A chain's node runs those above it, too: it needs no seat there, and follows. It runs every other chain as well, unless chains in its node.toml says
which. Each chain must have nodes in the end: before, no node starts.

With --carry every node's account gets an amount on each of these chains and on those above, out of which it pays for carrying what goes between
chains; what it has there already stays as it is. Where no node has any, nothing gets there from the chains below.`
	cmd.Example = `  thinkey genesis add-node genesis.json node-0/card.json node-1/card.json
  thinkey genesis add-node genesis.json node-2/card.json --on main --on a2`
	cmd.ValidArgsFunction = nil
	cmd.Flags().Uint64Var(&money, "carry", 0, "what each node's account has on these chains and those above")
	cmd.Flags().StringArrayVar(&on, "on", nil, "chain on which the nodes get a seat, by name or number; may be repeated (default: every chain)")
	return cmd
}

// chainsCalled are some chains of a genesis, by name or number, in its order; all if none is named.
func chainsCalled(g *chain.Genesis, names []string) (list []*chain.Genesis, err error) {
	plan, all := planOf(g), chainsOf(g)
	wanted := make([]bool, len(all))
	for _, name := range names {
		i := slices.IndexFunc(plan, func(c namedChain) bool { return fmt.Sprint(c.Chain) == name })
		if i < 0 {
			i = slices.IndexFunc(plan, func(c namedChain) bool { return c.Name == name })
		}
		if i < 0 {
			return nil, usage("--on (%q): no chain is called so", name).do("the chains are: %s", treeText(plan))
		}
		wanted[i] = true
	}
	for i, g := range all {
		if wanted[i] || len(names) == 0 {
			list = append(list, g)
		}
	}
	return list, nil
}

// withAbove are some chains of a genesis, and all that stand above one of them.
func withAbove(g *chain.Genesis, on []*chain.Genesis) []*chain.Genesis {
	tree := g.Tree()
	return slices.DeleteFunc(chainsOf(g), func(c *chain.Genesis) bool {
		return !slices.ContainsFunc(on, func(x *chain.Genesis) bool { return tree.Below(x.Chain, c.Chain) })
	})
}

// seatCard gives a node a seat on some chains of a genesis, and money there and above, unless it has some. One that has a seat on one of
// them already is refused.
func seatCard(g *chain.Genesis, on []*chain.Genesis, card *nodeCard, money chain.Amount) error {
	for _, c := range on {
		if sits(c.Committee.Seats, card.Node) {
			return fmt.Errorf("node %s has a seat on chain %d already", card.Node, c.Chain)
		}
		if len(c.Committee.Seats) == 0 {
			seed := fmt.Appendf(nil, "%s %d %d", g.Name, g.TimeMillis, c.Chain)
			c.Committee = chain.Committee{Chain: c.Chain, Seed: chain.Hash(wire.Sum(wire.TagSeed, seed))}
		}
		c.Committee.Seats = append(c.Committee.Seats, chain.Seat{Node: card.Node, Key: card.Key})
		c.Possession = append(c.Possession, card.Possession)
	}
	for _, c := range withAbove(g, on) {
		at := nodeAccount(c.Chain, card.Node)
		has := slices.ContainsFunc(c.Accounts, func(a chain.GenesisAccount) bool { return a.Address == at })
		if !money.IsZero() && !has {
			grant(c, at, money)
		}
	}
	return nil
}

// sits says whether a node has one of some seats.
func sits(seats []chain.Seat, k keys.PublicKey) bool {
	return slices.ContainsFunc(seats, func(s chain.Seat) bool { return s.Node == k })
}

// seatless are the names of chains that have no nodes yet.
func seatless(g *chain.Genesis) []string {
	return namesOf(g, func(c *chain.Genesis) bool { return len(c.Committee.Seats) == 0 })
}

// unpaid are the names of chains with others under them on which no node of the network has money: nobody pays for recording what comes from these.
func unpaid(g *chain.Genesis) []string {
	tree := g.Tree()
	has := func(on *chain.Genesis, s chain.Seat) bool {
		at := nodeAccount(on.Chain, s.Node)
		return slices.ContainsFunc(on.Accounts, func(a chain.GenesisAccount) bool { return a.Address == at })
	}
	return namesOf(g, func(on *chain.Genesis) bool {
		return len(tree.Children(on.Chain)) > 0 && !slices.ContainsFunc(chainsOf(g), func(c *chain.Genesis) bool {
			return tree.Below(c.Chain, on.Chain) && slices.ContainsFunc(c.Committee.Seats, func(s chain.Seat) bool { return has(on, s) })
		})
	})
}

// namesOf are the names of chains of a genesis of which something is so.
func namesOf(g *chain.Genesis, is func(*chain.Genesis) bool) (names []string) {
	plan := planOf(g)
	for i, c := range chainsOf(g) {
		if is(c) {
			names = append(names, plan[i].Name)
		}
	}
	return names
}

// committees says how many nodes there are: all on every chain, or so many on each.
func committees(g *chain.Genesis) string {
	seats := g.Committee.Seats
	if others := namesOf(g, func(c *chain.Genesis) bool { return !slices.Equal(c.Committee.Seats, seats) }); len(others) == 0 {
		return fmt.Sprintf("%s, of which %d may be faulty", count(len(seats), "node"), chain.QuorumsOf(len(seats), 0).Faulty)
	}
	plan, each := planOf(g), []string(nil)
	for i, c := range chainsOf(g) {
		each = append(each, fmt.Sprintf("%d on %s", len(c.Committee.Seats), plan[i].Name))
	}
	return "nodes: " + strings.Join(each, ", ")
}

// nodeAccount is where a node pays from for what it carries.
func nodeAccount(id chain.ID, k keys.PublicKey) chain.Address { return chain.KeyAddress(id, k) }

func (a *app) newGenesisShow() *cobra.Command {
	cmd := a.command("show FILE", "Say what a network begins with", func(_ *cobra.Command, args []string) error {
		g, err := readDraft(args[0])
		if err != nil {
			return err
		}
		if err = checkDraft(g); err == nil {
			err = g.CheckPossession()
		}
		if err != nil {
			return failed("bad_genesis", "%s: %v", args[0], err).do("take another copy of the file")
		}
		return a.answer(map[string]any{"network": g.Network(), "tree": treeText(planOf(g)), "genesis": g}, func() { a.print("%s", drawGenesis(g)) })
	})
	cmd.Long = `Say what a network begins with: its chains, how many seats and how much money each has, and each node with the chains on which it has a seat.`
	cmd.ValidArgsFunction = nil
	return cmd
}

// drawGenesis has a line for each chain, and one for each node.
func drawGenesis(g *chain.Genesis) string {
	t := table{}
	t.add("network", g.Network().String()+" ("+g.Name+")")
	t.add("begins", time.UnixMilli(int64(g.TimeMillis)).UTC().Format(time.RFC3339))
	t.add("tree", treeText(planOf(g)))
	var nodes []keys.PublicKey // in the order of their first seats
	for _, c := range chainsOf(g) {
		issued, _ := c.Issued() // checked
		t.add(fmt.Sprintf("chain %d", c.Chain), fmt.Sprintf("%s: %s, %s with %s in all", c.Name, count(len(c.Committee.Seats), "seat"), count(len(c.Accounts), "account"), issued))
		for _, s := range c.Committee.Seats {
			if !slices.Contains(nodes, s.Node) {
				nodes = append(nodes, s.Node)
			}
		}
	}
	for i, k := range nodes {
		on := namesOf(g, func(c *chain.Genesis) bool { return sits(c.Committee.Seats, k) })
		t.add(fmt.Sprintf("node %d", i), k.String()+"  on "+strings.Join(on, ", "))
	}
	return t.String()
}

// readDraft reads a genesis that may lack nodes.
func readDraft(path string) (*chain.Genesis, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, failed("no_genesis", "%s: there is none", path).do("take the file that the other nodes have, or make one with: thinkey genesis new")
	}
	g := &chain.Genesis{}
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(g)
	}
	if err != nil {
		return nil, failed("bad_genesis", "%s: %v", path, err).do("make one with: thinkey genesis new")
	}
	return g, nil
}

// checkDraft names what is wrong with a genesis, but for chains that have no nodes yet.
func checkDraft(g *chain.Genesis) error {
	if err := g.Check(); !errors.Is(err, chain.ErrNoSeats) {
		return err
	}
	return nil
}

// checkWhole names what keeps a node from starting with a genesis. Nodes have others to agree with: a single validator that runs a chain alone,
// without a committee, is none.
func checkWhole(g *chain.Genesis) error {
	if err := checkDraft(g); err != nil {
		return err
	}
	if without := seatless(g); len(without) > 0 {
		return fmt.Errorf("no node has a seat on %s: add some with thinkey genesis add-node", strings.Join(without, ", "))
	}
	return nil
}

func writeGenesis(path string, g *chain.Genesis) error {
	text, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return err
	}
	if err := writeWhole(path, append(text, '\n')); err != nil {
		return failed("no_file", "%v", err).do("name a file in a directory that you can write to")
	}
	return nil
}
