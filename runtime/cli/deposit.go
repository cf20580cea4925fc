package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
)

// depositOptions are the flags of what a node tells the registry of nodes on the main chain (SPEC 6.2): its own account says it.
type depositOptions struct {
	submission
	home, deposit string
}

func (o *depositOptions) flags(cmd *cobra.Command) {
	homeFlag(cmd, &o.home)
	cmd.Flags().Uint64Var(&o.gas, "gas", 20_000_000, "gas for the registry's handling")
	o.submission.flags(cmd)
}

func (a *app) newNodeRegister() *cobra.Command {
	o := &depositOptions{}
	cmd := a.command("register NAME", "Register a node on the main chain, with its deposit", func(cmd *cobra.Command, args []string) error {
		amount, err := chain.ParseAmount(o.deposit)
		if err != nil {
			return usage("--deposit: %v", err)
		}
		if n := len(args[0]); n == 0 || n > chain.MaxNameBytes {
			return usage("NAME has %d bytes", n).do("write a name, for people, of 1 to %d bytes", chain.MaxNameBytes)
		}
		return a.tellNodes(cmd, o, chain.MethodRegister, amount, func(network chain.NetworkID, key keys.PrivateKey) []byte {
			return chain.NewNodeInput(network, args[0], key.Public(), votingKey(key)).Encode()
		})
	})
	cmd.Long = `Register a node, so that others know its key whether it has a seat or not. The message is of the account of the node's own key on the main chain, which needs the deposit
and gas: pay it first, at the address that the command says. The deposit is frozen until the node leaves, and for a week behind that.`
	cmd.Example = "  thinkey node register north --home ./node --wait"
	o.flags(cmd)
	cmd.Flags().StringVar(&o.deposit, "deposit", fmt.Sprint(chain.NodeDeposit), "what is frozen, this at least")
	return cmd
}

func (a *app) newNodeLeave() *cobra.Command {
	o := &depositOptions{}
	cmd := a.command("leave", "Announce that a node leaves", func(cmd *cobra.Command, _ []string) error {
		return a.tellNodes(cmd, o, chain.MethodLeave, chain.Amount{}, nodeNamed)
	})
	cmd.Long = `Announce that the node of a directory leaves. Its deposit can be withdrawn a week later, when evidence against it has had the time to arrive.`
	o.flags(cmd)
	return cmd
}

func (a *app) newNodeWithdraw() *cobra.Command {
	o := &depositOptions{}
	cmd := a.command("withdraw", "Get the deposit of a node back that has left", func(cmd *cobra.Command, _ []string) error {
		return a.tellNodes(cmd, o, chain.MethodWithdraw, chain.Amount{}, nodeNamed)
	})
	cmd.Long = `Get the deposit of the node of a directory back, a week after thinkey node leave. It comes to the account of the node's key, and the node is registered no more.`
	o.flags(cmd)
	return cmd
}

func nodeNamed(_ chain.NetworkID, key keys.PrivateKey) []byte {
	node := key.Public()
	return node[:]
}

// tellNodes sends the registry of nodes a message of the node's own account.
func (a *app) tellNodes(cmd *cobra.Command, o *depositOptions, method string, amount chain.Amount, input func(chain.NetworkID, keys.PrivateKey) []byte) error {
	ctx, done, c := a.connect(cmd.Context())
	defer done()
	b, err := a.openBook(ctx, c)
	if err != nil {
		return err
	}
	key, err := a.nodeKey(nodeHome(o.home), &o.password)
	if err != nil {
		return err
	}
	c = c.On(strconv.FormatUint(uint64(chain.Main), 10))
	out := &sender{app: a, submission: &o.submission, client: c, book: b, signer: client.NewSigner(c, key), options: o.options(cmd)}
	if err := out.expire(ctx); err != nil {
		return err
	}
	a.say("by account %s\n", chain.KeyAddress(chain.Main, key.Public()))
	call := chain.CallInput{To: chain.NodesAddress(), Method: method, GasLimit: o.gas, Input: input(b.terms.Network, key)}
	sent, err := out.send(ctx, func(signer *client.Signer) (*chain.Message, error) {
		return signer.Call(ctx, call, amount, out.options...)
	})
	if err != nil {
		return err
	}
	return out.finish(ctx, sent, nil, sent.ID.String())
}
