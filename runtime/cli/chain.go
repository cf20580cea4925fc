package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

func (a *app) newChain() *cobra.Command {
	cmd := a.group("chain", "Make and show chains", "")
	cmd.AddCommand(a.newChainCommittee(), a.newChainCreate(), a.newChainList(), a.newChainParams(), a.newChainShow())
	return cmd
}

func (a *app) newChainList() *cobra.Command {
	return a.command("list", "List the chains of the network", func(cmd *cobra.Command, _ []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		list, err := c.Chains(ctx)
		if err != nil {
			return err
		}
		return a.answer(list, func() { a.print("%s", chainTable(list).String()) })
	})
}

// chainTable has a line for each chain, those under another one further in.
func chainTable(list client.Chains) *table {
	t := &table{}
	depth := map[chain.ID]int{}
	for i := range list.Chains {
		c := &list.Chains[i]
		name := calledBy(c.Chain, c.Name)
		if c.Parent != 0 {
			depth[c.Chain] = depth[c.Parent] + 1
		}
		for range depth[c.Chain] {
			name = "  " + name
		}
		where := "not here"
		if c.Here {
			where = fmt.Sprintf("height %d", c.Height)
		}
		recorded := ""
		if c.Recorded > 0 {
			recorded = fmt.Sprintf("recorded up to %d", c.Recorded)
		}
		if c.Forked {
			recorded += ", FORKED"
		}
		if c.Chain == list.Default {
			where += ", meant where none is named"
		}
		t.add(fmt.Sprint(c.Chain), name, where, recorded)
	}
	return t
}

func (a *app) newChainShow() *cobra.Command {
	return a.command("show CHAIN", "Show a chain, with what the registry has of it", func(cmd *cobra.Command, args []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		shown, err := c.Chain(ctx, args[0])
		if err != nil {
			return err
		}
		b, err := a.openBook(ctx, c.On(""))
		if err != nil {
			return err
		}
		return a.answer(shown, func() { a.print("%s", drawChain(&shown, b)) })
	})
}

func drawChain(s *client.ChainShown, b *book) string {
	t := table{}
	t.add("chain", fmt.Sprintf("%d %s", s.Chain.Chain, calledBy(s.Chain.Chain, s.Name)))
	if s.Parent != 0 {
		t.add("under", b.chainName(s.Parent))
	}
	if s.Here {
		t.add("height", fmt.Sprint(s.Height))
		t.add("block", s.Block.String())
		t.add("state root", s.StateRoot.String())
	} else {
		t.add("height", "not known: this node doesn't run it")
	}
	if s.Recorded > 0 {
		t.add("recorded", fmt.Sprintf("on %s up to block %d", b.chainName(s.Parent), s.Recorded))
	}
	if s.Forked {
		t.add("FORKED", fmt.Sprintf("its committee certified two blocks of one height; those that %s recorded count", b.chainName(s.Parent)))
	}
	r := s.Registered
	if r == nil {
		return t.String()
	}
	made := "with the network"
	if r.Height > 0 {
		made = fmt.Sprintf("in block %d of the main chain, by %s", r.Height, b.name(r.Owner))
	}
	t.add("made", made)
	if r.Height == 0 && !r.Owner.IsZero() {
		t.add("owner", b.name(r.Owner))
	}
	t.add("deposit", r.Deposit.String())
	t.add("issued", r.Issued.String())
	drawParams(&t, &r.Params)
	t.add("committee", fmt.Sprintf("%s, %s", r.Committee, count(len(r.Seats), "seat")))
	for _, seat := range r.Seats {
		t.add("", fmt.Sprintf("seat %d  %s", seat.Seat, seat.Node))
	}
	return t.String()
}

// createOptions are the flags of chain create.
type createOptions struct {
	submission
	attributes
	from, under string
	nodes       []string
	silent      uint32
	least       uint64 // gas price that both the registry and the parent take
}

func (a *app) newChainCreate() *cobra.Command {
	o := &createOptions{}
	cmd := a.command("create NAME", "Make a chain under another one", func(cmd *cobra.Command, args []string) error {
		return a.createChain(cmd, o, args[0])
	})
	cmd.Long = `Make a chain: a message to the registry on the main chain, with the deposit of a chain, which stays there for good: ` + fmt.Sprint(chain.ChainDeposit) + `, and
twice as much with each ` + fmt.Sprint(chain.DepositDoubles) + ` chains that there are. No other chain may have the name. Its attributes are those of its parent where no flag says
otherwise; they are changed later with thinkey chain params.

--nodes FILE lists who has seats in its committee, as thinkey node apply writes it for one node: [{"node": KEY, "key": KEY, "possession": PROOF, "seats": 1}, …], where
PROOF shows that the node has the key, and wants seats of a chain of that name on this network. Files of several nodes are named one by one, in the order of their
seats. On a development network one validator whose keys follow from the seed and the chain's name has the seat if there is no list, and the process
runs the chain as soon as its registration is final.

With --wait what the registry recorded is shown when all that came of it is final. A new chain has no money: pay somebody there.`
	cmd.Example = "  thinkey chain create shop --under a --wait\n  thinkey chain show shop"
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "who pays, and may change the committee later (default: the first account of a development network)")
	f.StringVar(&o.under, "under", "main", "parent, by name or number")
	f.StringArrayVar(&o.nodes, "nodes", nil, "file with nodes of its committee; may be repeated")
	f.Uint32Var(&o.silent, "silent", 0, "seats that may be silent without switching early finality off")
	o.attributes.flags(f, "the parent's")
	f.Uint64Var(&o.gas, "gas", 20_000_000, "gas for the registry's handling")
	o.submission.flags(cmd)
	return cmd
}

func (a *app) createChain(cmd *cobra.Command, o *createOptions, name string) error {
	ctx, done, c := a.connect(cmd.Context())
	defer done()
	b, err := a.openBook(ctx, c)
	if err != nil {
		return err
	}
	list, err := c.Chains(ctx)
	if err != nil {
		return err
	}
	if len(b.chains) == 0 {
		return failed("one_chain", "the network has one chain, without a registry").do("start one with: thinkey dev --chains 1")
	}
	for i := range b.chains {
		if b.chains[i].Name == name {
			return usage("chain %q: chain %d is called so", name, b.chains[i].Chain).do("choose another name")
		}
	}
	if !isName(name) || name == chain.MainName {
		return usage("%q can't be a chain's name", name).do("write %s; %s is the main chain", nameRule, chain.MainName)
	}
	from, err := b.signs(o.from)
	if err != nil {
		return err
	}
	out, err := a.sender(ctx, cmd, c, &o.submission, from.address.String())
	if err != nil {
		return err
	}
	in, err := o.input(ctx, c, b, cmd.Flags().Changed, name)
	if err != nil {
		return err
	}
	call := chain.CallInput{To: chain.RegistryAddress(), Method: chain.MethodCreate, GasLimit: o.gas, Input: in.Encode()}
	if !cmd.Flags().Changed("gas-price") && o.least > 0 {
		out.options = append(out.options, client.WithGasPrice(o.least))
	}
	sent, err := out.send(ctx, func(signer *client.Signer) (*chain.Message, error) {
		return signer.Call(ctx, call, list.Deposit, out.options...)
	})
	if err != nil {
		return err
	}
	if !o.wait {
		return out.finish(ctx, sent, nil, sent.ID.String())
	}
	return out.created(ctx, sent.ID)
}

// input is what the registry is told.
func (o *createOptions) input(ctx context.Context, c *client.Client, b *book, given func(string) bool, name string) (in chain.CreateInput, err error) {
	in = chain.CreateInput{Name: name, Silent: o.silent}
	if in.Parent, err = b.chain(o.under); err != nil {
		return in, err
	}
	if in.Nodes, err = o.applicants(b, name); err != nil {
		return in, err
	}
	parent, err := c.Chain(ctx, strconv.FormatUint(uint64(in.Parent), 10))
	if err != nil {
		return in, err
	}
	if parent.Registered == nil {
		return in, failed("no_registry", "the node doesn't run the main chain, which has the registry").do("ask one that does, with --node URL")
	}
	root, err := c.Chain(ctx, strconv.FormatUint(uint64(chain.Main), 10))
	if err != nil {
		return in, err
	}
	o.least = max(root.Registered.Params.MinGasPrice, parent.Registered.Params.MinGasPrice)
	params := chain.Params(parent.Registered.Params)
	if err := o.set(&params, b, given); err != nil {
		return in, err
	}
	if !params.Equal(chain.Params(parent.Registered.Params)) {
		in.Params = &params
	}
	return in, nil
}

// applicants are the nodes of the committee.
func (o *createOptions) applicants(b *book, name string) ([]chain.Applicant, error) {
	if len(o.nodes) > 0 {
		return readApplicants(o.nodes, b.terms.Network, name)
	}
	if b.terms.Dev == nil || !b.terms.Dev.Founds {
		return nil, usage("--nodes is missing").do("name files that thinkey node apply wrote: thinkey chain create --help")
	}
	node, secret := (&devNetwork{Seed: b.terms.Dev.Seed}).seatOf(&namedChain{Name: name}, 0)
	return []chain.Applicant{chain.Apply(b.terms.Network, name, node, secret, 1)}, nil
}

// created shows what came of a creation.
func (s *sender) created(ctx context.Context, id chain.MessageID) error {
	if err := s.client.Follow(ctx, id, func(client.Progress) error { return nil }); err != nil {
		return notFinal(err, s.book, id)
	}
	tree, err := s.client.Trace(ctx, id)
	if err != nil {
		return err
	}
	if err := firstFailure(&tree); err != nil {
		return err
	}
	var made chain.Limb
	tree.Walk(func(n *client.TraceNode, _ int) {
		for _, e := range n.Events {
			if e.Topic == chain.EventCreated && n.To == chain.RegistryAddress() {
				made, err = chain.DecodeLimb(e.Body)
			}
		}
	})
	if err != nil || made.ID == 0 {
		return failed("not_made", "message %s is final, and made no chain", id).do("see: thinkey trace %s", id)
	}
	shown, err := s.client.Chain(ctx, strconv.FormatUint(uint64(made.ID), 10))
	if err != nil {
		return err
	}
	return s.answer(shown, func() {
		if s.quiet {
			s.print("%d\n", made.ID)
			return
		}
		s.print("%s", drawChain(&shown, s.book))
	})
}
