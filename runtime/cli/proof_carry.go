package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/light"
)

// remote is a chain at a node.
func remote(ctx context.Context, c *client.Client, id chain.ID) relay.Remote {
	on := c.On(strconv.FormatUint(uint64(id), 10))
	return relay.Remote{Ask: func(ask []byte) ([]byte, error) { return on.AskRelay(ctx, ask) }}
}

func (a *app) newProofDigest() *cobra.Command {
	out, from := "", uint64(1)
	cmd := a.command("digest CHAIN", "Get blocks of a chain, for its parent to record", func(cmd *cobra.Command, args []string) error {
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
		d, err := remote(ctx, c, id).Run(from)
		if err != nil {
			return err
		}
		if d == nil {
			return failed("no_block", "chain %s has no block %d yet", b.chainName(id), from).do("see its last one with: thinkey chain show %s", args[0])
		}
		about := map[string]any{"chain": id, "first": from, "last": d.Last().Height}
		words := fmt.Sprintf("blocks %d to %d of chain %s", from, d.Last().Height, b.chainName(id))
		return a.writeProof(out, proofOfBlocks, d.Append(nil), about, words)
	})
	cmd.Long = `Get headers of a chain's blocks, with the certificate of the last: as many as fit into a message. The parent records them in order; thinkey chain list at a
node of the parent says how far it is (recorded), and --from begins with the block behind.`
	outFlag(cmd, &out)
	cmd.Flags().Uint64Var(&from, "from", 1, "first block")
	return cmd
}

// relayOptions are the flags of proof get relay.
type relayOptions struct {
	out, to string
	number  uint64
	via     []string
}

func (a *app) newProofRelay() *cobra.Command {
	o := &relayOptions{}
	cmd := a.command("relay CHAIN", "Get what a chain sent to another one, with its proof", func(cmd *cobra.Command, args []string) error {
		return a.getRelay(cmd.Context(), o, args[0])
	})
	cmd.Long = `Get relays of one block, from a number on: those to each chain are counted from 0. The proof leads from the head of the lowest chain that is above both down to
the block's outbox, so that chain must have recorded the digests of the chain below it, and so on. The node has the chain itself; name nodes of the chains between and above
with --via where it doesn't run them.`
	cmd.Example = "  thinkey proof get relay a --to b --number 0 --out pay.relay\n  thinkey proof get relay a --to b --node http://127.0.0.1:7071 --via http://127.0.0.1:7070 --out pay.relay"
	outFlag(cmd, &o.out)
	cmd.Flags().StringVar(&o.to, "to", "", "chain that they go to")
	cmd.Flags().Uint64Var(&o.number, "number", 0, "number of the first")
	cmd.Flags().StringSliceVar(&o.via, "via", nil, "URL of a node of a chain above")
	return cmd
}

func (a *app) getRelay(ctx context.Context, o *relayOptions, source string) error {
	ctx, done, c := a.connect(ctx)
	defer done()
	b, err := a.openBook(ctx, c)
	if err != nil {
		return err
	}
	from, err := b.chain(source)
	if err != nil {
		return err
	}
	if o.to == "" {
		return usage("--to is missing").do("name the chain that the relays go to, such as --to b")
	}
	to, err := b.chain(o.to)
	if err != nil {
		return err
	}
	chains, err := a.chainsAt(ctx, c, o.via)
	if err != nil {
		return err
	}
	e, err := chains.Envelope(b.tree(), from, to, o.number)
	switch {
	case errors.Is(err, relay.ErrNotSent):
		return failed("not_sent", "%v", err).do("relays from %s to %s are counted from 0: see what it sent with thinkey trace", source, o.to)
	case errors.Is(err, relay.ErrNotCovered):
		return failed("not_covered", "%v", err).do("bring the digest first: thinkey proof get digest %s, thinkey proof put; or name the node of a chain above with --via", source)
	case err != nil:
		return err
	}
	about := map[string]any{"source": from, "to": to, "first": o.number, "messages": len(e.Import.Messages)}
	words := fmt.Sprintf("%s from %s to %s, from number %d on", count(len(e.Import.Messages), "relay"), b.chainName(from), b.chainName(to), o.number)
	return a.writeProof(o.out, proofOfRelays, e.Encode(), about, words)
}

// chainsAt are the chains that some nodes have.
func (a *app) chainsAt(ctx context.Context, c *client.Client, via []string) (*relay.Chains, error) {
	chains := relay.NewChains()
	nodes := []*client.Client{c}
	for _, url := range via {
		if err := checkURL(url); err != nil {
			return nil, usage("--via (%q); %v", url, err)
		}
		nodes = append(nodes, client.New(strings.TrimRight(url, "/"), client.WithTimeout(a.settings.timeout())))
	}
	for _, n := range nodes {
		list, err := n.Chains(ctx)
		if err != nil {
			return nil, err
		}
		for i := range list.Chains {
			if id := list.Chains[i].Chain; list.Chains[i].Here && chains.Get(id) == nil {
				chains.Add(id, remote(ctx, n, id))
			}
		}
	}
	return chains, nil
}

func (a *app) newProofPut() *cobra.Command {
	s, from := &submission{}, ""
	cmd := a.command("put FILE", "Bring a digest to the parent, or relays to their chain", func(cmd *cobra.Command, args []string) error {
		kind, content, err := readProof(args[0])
		if err != nil {
			return err
		}
		switch kind {
		case proofOfRelays:
			return a.putRelays(cmd.Context(), args[0], content)
		case proofOfBlocks:
			return a.putDigest(cmd, s, from, args[0], content)
		}
		return usage("%s is a proof that no chain takes in", args[0]).do("give it to whoever wants to know, who checks it with thinkey proof verify")
	})
	cmd.ValidArgsFunction = nil
	cmd.Long = `Bring a file to where it is taken in; the node is one of that chain. A digest is a message to the digests actor of the parent, which somebody there signs and pays
for. Relays are taken in by the next block of their chain, if it expects them; what is wrong with them shows then, in the log of that node.`
	cmd.Flags().StringVar(&from, "from", "", "who signs the message with a digest (default: the carrier of a development network)")
	cmd.Flags().Uint64Var(&s.gas, "gas", 20_000_000, "gas for recording a digest")
	s.flags(cmd)
	return cmd
}

func (a *app) putRelays(ctx context.Context, path string, content []byte) error {
	e, err := light.DecodeEnvelope(content)
	if err != nil {
		return badProof(path, err)
	}
	ctx, done, c := a.connect(ctx)
	defer done()
	to := e.Import.Messages[0].To.Chain()
	d, err := c.Deliver(ctx, strconv.FormatUint(uint64(to), 10), content)
	if err != nil {
		return err
	}
	if d.First < d.Expected {
		return failed("taken_in", "%s: chain %d has taken in relay %d of chain %d before; it expects number %d", path, to, d.First, d.Source, d.Expected).
			do("get those that are next with: thinkey proof get relay --number %d", d.Expected)
	}
	return a.answer(d, func() {
		a.say("%s for chain %d: number %d, which expects number %d\n", count(d.Messages, "relay"), to, d.First, d.Expected)
	})
}

func (a *app) putDigest(cmd *cobra.Command, s *submission, from, path string, content []byte) error {
	d, err := chain.DecodeDigest(content)
	if err != nil {
		return badProof(path, err)
	}
	ctx, done, c := a.connect(cmd.Context())
	defer done()
	b, err := a.openBook(ctx, c)
	if err != nil {
		return err
	}
	parent := chain.ID(0)
	for i := range b.chains {
		if b.chains[i].Chain == d.Last().Chain {
			parent = b.chains[i].Parent
		}
	}
	if parent == 0 {
		return failed("no_parent", "%s is of chain %d, which has no parent here", path, d.Last().Chain).do("bring it to the network that it is of")
	}
	if from == "" && b.carrier.name != "" {
		from = b.carrier.name
	}
	payer, err := b.signs(from)
	if err != nil {
		return err
	}
	if payer.address.Chain() != parent && !strings.Contains(from, "@") {
		payer.address = payer.address.On(parent)
	}
	out, err := a.sender(ctx, cmd, c, s, payer.address.String())
	if err != nil {
		return err
	}
	in := chain.CallInput{To: chain.DigestsAddress(parent), Method: chain.MethodDigest, GasLimit: s.gas, Input: content}
	sent, err := out.send(ctx, func(signer *client.Signer) (*chain.Message, error) {
		return signer.Call(ctx, in, chain.Amount{}, out.options...)
	})
	if err != nil {
		return err
	}
	return out.finish(ctx, sent, nil, sent.ID.String())
}
