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

// between are two chains, and what nodes have of them.
type between struct {
	*book
	from, to chain.ID
	chains   *relay.Chains
}

// between finds the chains of a proof: the one it is of, and the one that it is for.
func (a *app) between(ctx context.Context, c *client.Client, o *relayOptions, of string) (w between, err error) {
	if w.book, err = a.openBook(ctx, c); err != nil {
		return w, err
	}
	if w.from, err = w.chain(of); err != nil {
		return w, err
	}
	if o.to == "" {
		return w, usage("--to is missing").do("name the chain that the proof is for, such as --to b")
	}
	if w.to, err = w.chain(o.to); err != nil {
		return w, err
	}
	w.chains, err = a.chainsAt(ctx, c, o.via)
	return w, err
}

// notCovered is the failure where a digest on the way is not recorded.
func notCovered(err error, of string) error {
	return failed("not_covered", "%v", err).do("bring the digest first: thinkey proof get digest %s, thinkey proof put; or name the node of a chain above with --via", of)
}

func (a *app) getRelay(ctx context.Context, o *relayOptions, source string) error {
	ctx, done, c := a.connect(ctx)
	defer done()
	w, err := a.between(ctx, c, o, source)
	if err != nil {
		return err
	}
	e, err := w.chains.Envelope(w.tree(), w.from, w.to, o.number)
	switch {
	case errors.Is(err, relay.ErrNotSent):
		return failed("not_sent", "%v", err).do("relays from %s to %s are counted from 0: see what it sent with thinkey trace", source, o.to)
	case errors.Is(err, relay.ErrNotCovered):
		return notCovered(err, source)
	case err != nil:
		return err
	}
	about := map[string]any{"source": w.from, "to": w.to, "first": o.number, "messages": len(e.Import.Messages)}
	words := fmt.Sprintf("%s from %s to %s, from number %d on", count(len(e.Import.Messages), "relay"), w.chainName(w.from), w.chainName(w.to), o.number)
	return a.writeProof(o.out, proofOfRelays, e.Encode(), about, words)
}

func (a *app) newProofAck() *cobra.Command {
	o := &relayOptions{}
	cmd := a.command("ack CHAIN", "Get how many relays of another chain a chain has taken in, with its proof", func(cmd *cobra.Command, args []string) error {
		return a.getAck(cmd.Context(), o, args[0])
	})
	cmd.Long = `Get the acknowledgement of relays, for the chain that sent them. Where nobody runs both chains it is brought as the relays are: a chain that doesn't know that
its relays are taken in bounces what it sends when ` + fmt.Sprint(chain.MaxUnconsumed) + ` are under way. The node has the chain that took them in; name nodes of the chains
between and above with --via where it doesn't run them.`
	cmd.Example = "  thinkey proof get ack b --to a --out b.ack\n  thinkey proof get ack b --to a --node http://127.0.0.1:7072 --via http://127.0.0.1:7070 --out b.ack"
	outFlag(cmd, &o.out)
	cmd.Flags().StringVar(&o.to, "to", "", "chain that sent them")
	cmd.Flags().StringSliceVar(&o.via, "via", nil, "URL of a node of a chain above")
	return cmd
}

func (a *app) getAck(ctx context.Context, o *relayOptions, of string) error {
	ctx, done, c := a.connect(ctx)
	defer done()
	w, err := a.between(ctx, c, o, of)
	if err != nil {
		return err
	}
	e, err := w.chains.Acknowledgement(w.tree(), w.from, w.to)
	switch {
	case errors.Is(err, relay.ErrNotCovered):
		return notCovered(err, of)
	case err != nil:
		return err
	}
	p, err := light.DecodeAckProof(e.Ack.Proof)
	if err != nil {
		return err
	}
	about := map[string]any{"chain": w.from, "to": w.to, "next": p.Next}
	words := fmt.Sprintf("%s has taken in %s of %s", w.chainName(w.from), count(int(p.Next), "relay"), w.chainName(w.to))
	return a.writeProof(o.out, proofOfAck, e.Encode(), about, words)
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
	cmd := a.command("put FILE", "Bring a digest to the parent, relays or an acknowledgement to their chain", func(cmd *cobra.Command, args []string) error {
		kind, content, err := readProof(args[0])
		if err != nil {
			return err
		}
		switch kind {
		case proofOfRelays:
			return a.putRelays(cmd.Context(), args[0], content)
		case proofOfAck:
			return a.putAck(cmd.Context(), args[0], content)
		case proofOfBlocks:
			return a.putDigest(cmd, s, from, args[0], content)
		}
		return usage("%s is a proof that no chain takes in", args[0]).do("give it to whoever wants to know, who checks it with thinkey proof verify")
	})
	cmd.ValidArgsFunction = nil
	cmd.Long = `Bring a file to where it is taken in; the node is one of that chain. A digest is a message to the digests actor of the parent, which somebody there signs and pays
for. Relays are taken in by the next block of their chain, if it expects them, or by one behind those that it lacks before them; what is wrong with them is said at once.
An acknowledgement waits for the next block of the chain that sent the relays, and makes one if much is under way; too little news is not kept.`
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

func (a *app) putAck(ctx context.Context, path string, content []byte) error {
	e, err := light.DecodeAcknowledgement(content)
	if err != nil {
		return badProof(path, err)
	}
	ctx, done, c := a.connect(ctx)
	defer done()
	d, err := c.Deliver(ctx, strconv.FormatUint(uint64(e.To), 10), content)
	if err != nil {
		return err
	}
	if d.Acknowledged == nil {
		return failed("bad_answer", "the node says nothing of an acknowledgement").do("ask one of this version")
	}
	return a.answer(d, func() {
		k := d.Acknowledged
		words := "it waits for a block"
		if !k.Kept {
			words = "too little is new for a block: bring one when more were taken in"
		}
		a.say("chain %d has taken in %d of the %s of chain %d, which knew of %d: %s\n", e.Ack.Chain, k.Next, count(int(k.Sent), "relay"), e.To, k.Known, words)
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
