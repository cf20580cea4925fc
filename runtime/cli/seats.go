package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
)

// applicant is a node in a file of those that want seats of a chain.
type applicant struct {
	Node       keys.PublicKey    `json:"node"`
	Key        keys.BLSPublicKey `json:"key"`
	Possession keys.BLSSignature `json:"possession"`
	Seats      uint32            `json:"seats"`
}

// readApplicants are the nodes of some files, each with a proof for the chain with the name: the registry would take gas to say
// that one has none.
func readApplicants(files []string, network chain.NetworkID, name string) (all []chain.Applicant, err error) {
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, failed("no_file", "--nodes: %v", err)
		}
		var list []applicant
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&list); err != nil {
			return nil, failed("bad_nodes", "--nodes (%s): %v", file, err).do(`name what thinkey node apply wrote, or write [{"node": KEY, "key": KEY, "possession": PROOF, "seats": 1}, …]`)
		}
		for _, x := range list {
			one := chain.Applicant(x)
			if err := one.Proves(network, name); err != nil {
				return nil, failed("bad_nodes", "--nodes (%s): node %s: %v", file, x.Node, err).
					do("let its operator write it anew, on this network: thinkey node apply %q", name)
			}
			all = append(all, one)
		}
	}
	return all, nil
}

func (a *app) newNodeApply() *cobra.Command {
	home, from, seats := "", &password{}, uint32(1)
	cmd := a.command("apply CHAIN", "Ask for seats of a chain, on a network that runs", func(cmd *cobra.Command, args []string) error {
		if n := len(args[0]); n == 0 || n > chain.MaxNameBytes {
			return usage("CHAIN has %d bytes", n).do("write the chain's name, of 1 to %d bytes", chain.MaxNameBytes)
		}
		if seats == 0 || seats > chain.MaxRegisteredSeats {
			return usage("--seats (%d)", seats).do("write a number from 1 to %d", chain.MaxRegisteredSeats)
		}
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		info, err := c.Info(ctx)
		if err != nil {
			return err
		}
		key, err := a.nodeKey(nodeHome(home), from)
		if err != nil {
			return err
		}
		list := []applicant{applicant(chain.Apply(info.Network, args[0], key.Public(), votingKey(key), seats))}
		text, err := json.MarshalIndent(list, "", "  ")
		if err != nil {
			return err
		}
		return a.answer(list, func() { a.print("%s\n", text) })
	})
	cmd.Long = `Print what the owner of a chain needs to give the node seats in its committee: keys, and a proof that the node has them and wants seats of the chain with that
name, on the network of the node that is asked (--node). The chain need not be there yet. Nothing of it is secret; whoever makes the chain, or owns it, hands it to
thinkey chain create or thinkey chain committee, and can give the node seats of that chain as often as it likes.`
	cmd.Example = "  thinkey node apply shop --home ./node > seat.json\n  thinkey chain committee shop --nodes seat.json"
	homeFlag(cmd, &home)
	from.flags(cmd)
	cmd.Flags().Uint32Var(&seats, "seats", seats, "how many seats")
	return cmd
}

// key is the node's, opened with the password that its configuration names if no other is given.
func (a *app) nodeKey(h nodeHome, from *password) (keys.PrivateKey, error) {
	c, err := readNodeConfig(h, a.Environ, nil)
	if err != nil {
		return keys.PrivateKey{}, err
	}
	from.file = cmp.Or(from.file, c.passwordPath(h))
	return readNodeKey(h, from)
}

// committeeOptions are the flags of chain committee.
type committeeOptions struct {
	submission
	from   string
	nodes  []string
	silent uint32
}

func (a *app) newChainCommittee() *cobra.Command {
	o := &committeeOptions{}
	cmd := a.command("committee CHAIN", "Change who agrees on a chain's blocks", func(cmd *cobra.Command, args []string) error {
		return a.changeCommittee(cmd, o, args[0])
	})
	cmd.Long = `Change the committee of a chain: a message to the registry on the main chain, by the chain's owner. All nodes that are to have seats are named, those that have some
already too. The chain takes the committee over with its next block that sees the change; of several changes before that, the last counts.

Start the nodes before: if more than f of the new seats are never there, the chain stops.`
	cmd.Example = "  thinkey chain committee shop --nodes seat-0.json --nodes seat-1.json --from alice --wait"
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "the chain's owner (default: the first account of a development network)")
	f.StringArrayVar(&o.nodes, "nodes", nil, "file with nodes of the committee, as thinkey node apply writes it; may be repeated")
	f.Uint32Var(&o.silent, "silent", 0, "seats that may be silent without switching early finality off")
	f.Uint64Var(&o.gas, "gas", 20_000_000, "gas for the registry's handling")
	o.flags(cmd)
	return cmd
}

func (a *app) changeCommittee(cmd *cobra.Command, o *committeeOptions, name string) error {
	if len(o.nodes) == 0 {
		return usage("--nodes is missing").do("name files that thinkey node apply wrote: thinkey chain committee --help")
	}
	return a.tellRegistry(cmd, ownersMessage{
		submission: &o.submission, chain: name, from: o.from, method: chain.MethodCommittee, fixed: "its committee is that",
		input: func(b *book, shown *client.ChainShown) ([]byte, error) {
			nodes, err := readApplicants(o.nodes, b.terms.Network, shown.Name)
			return chain.CommitteeInput{Chain: shown.Chain.Chain, Silent: o.silent, Nodes: nodes}.Encode(), err
		},
	})
}
