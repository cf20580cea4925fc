package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

func (a *app) newProofTrail() *cobra.Command {
	out, via := "", []string(nil)
	cmd := a.command("trail CHAIN", "Get who certifies a chain now, from the genesis on", func(cmd *cobra.Command, args []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		b, err := a.openBook(ctx, c)
		if err != nil {
			return err
		}
		id, err := b.chain(args[0])
		if err != nil {
			return err
		}
		chains, err := a.chainsAt(ctx, c, via)
		if err != nil {
			return err
		}
		t, err := chains.Trail(b.tree(), id)
		switch {
		case errors.Is(err, relay.ErrNotCovered):
			return failed("not_covered", "%v", err).do("name nodes of the chains from the main one down to it with --via, or ask later")
		case err != nil:
			return err
		}
		return a.writeProof(out, proofOfTrail, t.Encode(), map[string]any{"chain": id}, fmt.Sprintf("who certifies chain %s", b.chainName(id)))
	})
	cmd.Long = `Get what leads from the genesis to the committee that certifies a chain now: every change of the main chain's committee, and from there down to the chain, which may have
been made after the genesis. thinkey proof verify takes it with --trail.`
	outFlag(cmd, &out)
	cmd.Flags().StringSliceVar(&via, "via", nil, "URL of a node of a chain above")
	return cmd
}

// tree are the chains that the node knows.
func (b *book) tree() (tree chain.Tree) {
	for i := range b.chains {
		tree = append(tree, chain.Limb{ID: b.chains[i].Chain, Parent: b.chains[i].Parent})
	}
	return tree
}

// readTrail is what a trail shows to who knows the genesis; nil where none is given.
func readTrail(g *chain.Genesis, path string) (*light.Trust, error) {
	if path == "" {
		return nil, nil
	}
	kind, content, err := readProof(path)
	if err != nil {
		return nil, err
	}
	if kind != proofOfTrail {
		return nil, usage("--trail (%s) is another proof", path).do("get one with: thinkey proof get trail")
	}
	t, err := followTrail(g, content)
	if err != nil {
		return nil, badProof(path, err)
	}
	return t, nil
}

func followTrail(g *chain.Genesis, content []byte) (*light.Trust, error) {
	t, err := light.DecodeTrail(content)
	if err != nil {
		return nil, err
	}
	first, err := light.NewCommittee(g.Network(), g.Committee)
	if err != nil {
		return nil, err
	}
	return t.Follow(first)
}

func verifyTrail(g *chain.Genesis, content []byte) (map[string]any, string, error) {
	t, err := followTrail(g, content)
	if err != nil {
		return nil, "", err
	}
	id, epoch := t.Committee.Chain(), t.Committee.Epoch()
	shown := map[string]any{"proof": "trail", "chain": id, "epoch": epoch, "committee": t.Committee.Hash(), "height": t.Known.Anchor.Height}
	return shown, fmt.Sprintf("chain %d is certified by committee %s, epoch %d", id, t.Committee.Hash(), epoch), nil
}
