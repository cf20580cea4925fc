package cli

import (
	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// ownersMessage is one by which the owner of a chain has the registry change something of it.
type ownersMessage struct {
	*submission
	chain, from string // as the user names them
	method      string
	fixed       string // what a network of one chain has from its genesis instead
	// input is of the chain as the node shows it.
	input func(b *book, shown *client.ChainShown) ([]byte, error)
}

// tellRegistry sends the registry a message of a chain's owner.
func (a *app) tellRegistry(cmd *cobra.Command, m ownersMessage) error {
	ctx, done, c := a.connect(cmd.Context())
	defer done()
	b, err := a.openBook(ctx, c)
	if err != nil {
		return err
	}
	if len(b.chains) == 0 {
		return failed("one_chain", "the network has one chain, without a registry").do("%s of the genesis", m.fixed)
	}
	shown, err := c.Chain(ctx, m.chain)
	if err != nil {
		return err
	}
	input, err := m.input(b, &shown)
	if err != nil {
		return err
	}
	from, err := b.signs(m.from)
	if err != nil {
		return err
	}
	out, err := a.sender(ctx, cmd, c, m.submission, from.address.String())
	if err != nil {
		return err
	}
	call := chain.CallInput{To: chain.RegistryAddress(), Method: m.method, GasLimit: m.gas, Input: input}
	sent, err := out.send(ctx, func(signer *client.Signer) (*chain.Message, error) {
		return signer.Call(ctx, call, chain.Amount{}, out.options...)
	})
	if err != nil {
		return err
	}
	return out.finish(ctx, sent, nil, sent.ID.String())
}
