package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	name, owner, chains := "", "", 0
	var accounts []string
	cmd := a.command("new FILE", "Write a genesis that has no nodes yet", func(_ *cobra.Command, args []string) error {
		if chains < 0 || chains >= maxDevChains {
			return usage("--chains (%d)", chains).do("write a number from 0, the main chain alone, to %d", maxDevChains-1)
		}
		g := newGenesis(name, chains)
		for _, text := range accounts {
			if err := addAccount(g, text); err != nil {
				return err
			}
		}
		if err := setOwner(g, owner); err != nil {
			return err
		}
		if isThere(args[0]) {
			return failed("file_exists", "%s is there already", args[0]).do("name another file, or delete it")
		}
		if err := writeGenesis(args[0], g); err != nil {
			return err
		}
		a.say("%s: %s; give it nodes with: thinkey genesis add-node %s CARD...\n", args[0], count(1+chains, "chain"), args[0])
		return nil
	})
	cmd.Long = `Write the file that a network begins with: parameters, accounts that have money, and later the nodes that agree on its chains.
Every node needs the same file: its hash is the network's name.

An account is an address with an amount; the address says on which chain it is. The owner may change the committees of all these chains later (thinkey chain
committee), where there are several; without one nobody ever can.`
	cmd.ValidArgsFunction = nil
	cmd.Flags().StringVar(&name, "name", "thinkey", "name of the network, for people")
	cmd.Flags().IntVar(&chains, "chains", 0, "chains under the main one, called a, b, …")
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
		return wrong.do("add --chains: a chain that is alone has no registry, and its committee stays")
	}
	return nil
}

// newGenesis has no seats and no accounts.
func newGenesis(name string, chains int) *chain.Genesis {
	now := uint64(time.Now().UnixMilli())
	g := &chain.Genesis{Name: name, Chain: chain.Main, TimeMillis: now, Params: chain.DefaultParams()}
	for _, c := range star(chains)[1:] {
		g.Chains = append(g.Chains, chain.Genesis{Name: c.Name, Chain: c.Chain, Under: c.Under, TimeMillis: now, Params: chain.DefaultParams()})
	}
	return g
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
	money := uint64(0)
	cmd := a.command("add-node FILE CARD [CARD...]", "Give nodes a seat on every chain of a genesis", func(_ *cobra.Command, args []string) error {
		g, err := readDraft(args[0])
		if err != nil {
			return err
		}
		for _, path := range args[1:] {
			card, err := readCard(path)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(g.Committee.Seats, func(s chain.Seat) bool { return s.Node == card.Node }) {
				return usage("%s: node %s has a seat already", path, card.Node).do("leave it out")
			}
			seatCard(g, &card, chain.NewAmount(money))
		}
		if err := g.Check(); err != nil {
			return failed("bad_genesis", "%s: %v", args[0], err).do("begin again with: thinkey genesis new")
		}
		if err := writeGenesis(args[0], g); err != nil {
			return err
		}
		q := chain.QuorumsOf(len(g.Committee.Seats), 0)
		a.say("%s: %s, of which %d may be faulty; network %s\n", args[0], count(len(g.Committee.Seats), "node"), q.Faulty, g.Network())
		return nil
	})
	cmd.Long = `Give nodes a seat in the committee of every chain. A node's card is the card.json that thinkey node init wrote in its home; it holds no secret.
With --carry every node's account gets an amount on every chain, out of which it pays for carrying what goes between chains.`
	cmd.ValidArgsFunction = nil
	cmd.Flags().Uint64Var(&money, "carry", 0, "what each node's account has on every chain")
	return cmd
}

// seatCard gives a node a seat on every chain.
func seatCard(g *chain.Genesis, card *nodeCard, money chain.Amount) {
	for _, c := range chainsOf(g) {
		if len(c.Committee.Seats) == 0 {
			seed := fmt.Appendf(nil, "%s %d %d", g.Name, g.TimeMillis, c.Chain)
			c.Committee = chain.Committee{Chain: c.Chain, Seed: chain.Hash(wire.Sum(wire.TagSeed, seed))}
		}
		c.Committee.Seats = append(c.Committee.Seats, chain.Seat{Node: card.Node, Key: card.Key})
		c.Possession = append(c.Possession, card.Possession)
		if !money.IsZero() {
			grant(c, nodeAccount(c.Chain, card.Node), money)
		}
	}
}

// nodeAccount is where a node pays from for what it carries.
func nodeAccount(id chain.ID, k keys.PublicKey) chain.Address { return chain.KeyAddress(id, k) }

func (a *app) newGenesisShow() *cobra.Command {
	cmd := a.command("show FILE", "Say what a network begins with", func(_ *cobra.Command, args []string) error {
		g, err := readDraft(args[0])
		if err != nil {
			return err
		}
		if len(g.Committee.Seats) > 0 {
			if err := g.Check(); err != nil {
				return failed("bad_genesis", "%s: %v", args[0], err).do("take another copy of the file")
			}
			if err := g.CheckPossession(); err != nil {
				return failed("bad_genesis", "%s: %v", args[0], err).do("take another copy of the file")
			}
		}
		return a.answer(map[string]any{"network": g.Network(), "genesis": g}, func() {
			t := table{}
			t.add("network", g.Network().String()+" ("+g.Name+")")
			t.add("begins", time.UnixMilli(int64(g.TimeMillis)).UTC().Format(time.RFC3339))
			for _, c := range chainsOf(g) {
				issued, _ := c.Issued() // checked
				t.add(fmt.Sprintf("chain %d", c.Chain), fmt.Sprintf("%s: %s, %s with %s in all", c.Name, count(len(c.Committee.Seats), "seat"), count(len(c.Accounts), "account"), issued))
			}
			for i, s := range g.Committee.Seats {
				t.add(fmt.Sprintf("seat %d", i), s.Node.String())
			}
			a.print("%s", t.String())
		})
	})
	cmd.ValidArgsFunction = nil
	return cmd
}

// readDraft reads a genesis that may lack nodes.
func readDraft(path string) (*chain.Genesis, error) {
	text, err := os.ReadFile(path)
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
