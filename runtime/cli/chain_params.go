package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
)

// attributes are the flags for what a chain sets for itself (SPEC 7.1, 7.3, 8.7).
type attributes struct {
	blockGas, minPrice, perAccount, perByte uint64
	blockBytes, seats, window, delay        uint32
	freshShare, gasTable                    uint8
	interval                                time.Duration
	election, limit, token                  string
	structural                              bool
	validators, writers, readers            []string
}

// everybody clears a list of keys; nativeToken is the only token.
const (
	everybody   = "all"
	nativeToken = "native"
)

// flags defines them; otherwise is what holds without one.
func (o *attributes) flags(f *pflag.FlagSet, otherwise string) {
	of := func(text string) string { return text + " (default: " + otherwise + ")" }
	f.Uint64Var(&o.blockGas, "block-gas", 0, of("most gas of a block"))
	f.Uint32Var(&o.blockBytes, "block-bytes", 0, of("most bytes of a block"))
	f.Uint8Var(&o.freshShare, "fresh-share", 0, of("share of a block for new messages while others are left over, in 1/256"))
	f.Uint64Var(&o.minPrice, "min-gas-price", 0, of("least price of a unit of gas"))
	f.Uint64Var(&o.perAccount, "deposit-per-account", 0, of("what an account freezes for being there"))
	f.Uint64Var(&o.perByte, "deposit-per-byte", 0, of("and for each byte of its storage"))
	f.DurationVar(&o.interval, "block-interval", 0, of("least time from one block to the next"))
	f.Uint8Var(&o.gasTable, "gas-table", 0, of("version of the table of gas prices"))
	f.StringVar(&o.election, "election", "", of("how committees come about: listed, by the owner"))
	f.Uint32Var(&o.seats, "seats", 0, of("least number of seats of a committee"))
	f.BoolVar(&o.structural, "structural", false, "a chain of system actors, without contracts; for good")
	f.StringVar(&o.token, "token", nativeToken, "the chain's currency: native is the only one")
	f.StringVar(&o.limit, "out-limit", "", of("value that its parent lets out of it and all under it within --out-window blocks; 0 is no limit"))
	f.Uint32Var(&o.window, "out-window", 0, of("blocks of the parent that --out-limit is for"))
	f.Uint32Var(&o.delay, "out-delay", 0, of("blocks that the parent holds value from there back for"))
	f.StringSliceVar(&o.validators, "validators", nil, of("keys of the nodes that may have seats, or all; may be repeated"))
	f.StringSliceVar(&o.writers, "writers", nil, of("keys, or names of keys, whose messages it takes, or all; may be repeated"))
	f.StringSliceVar(&o.readers, "readers", nil, of("keys that its nodes serve its blocks and state to, or all; may be repeated"))
}

// set gives p what flags say otherwise, and holds it to the network's bounds.
func (o *attributes) set(p *chain.Params, b *book, given func(string) bool) error {
	if o.token != nativeToken {
		return usage("--token (%s): a chain's own token is not built: every chain uses the network's native one", o.token).do("leave --token away")
	}
	for flag, set := range map[string]func(){ // any order: each sets its own
		"block-gas": func() { p.BlockGas = o.blockGas }, "block-bytes": func() { p.BlockBytes = o.blockBytes },
		"fresh-share": func() { p.FreshShare = o.freshShare }, "min-gas-price": func() { p.MinGasPrice = o.minPrice },
		"deposit-per-account": func() { p.DepositPerAccount = o.perAccount }, "deposit-per-byte": func() { p.DepositPerByte = o.perByte },
		"gas-table": func() { p.GasTable = o.gasTable }, "seats": func() { p.Seats = o.seats }, "structural": func() { p.Structural = o.structural },
		"out-window": func() { p.Valve.Window = o.window }, "out-delay": func() { p.Valve.Delay = o.delay },
	} {
		if given(flag) {
			set()
		}
	}
	if err := o.parse(p, b, given); err != nil {
		return err
	}
	if err := p.Check(); err != nil {
		return usage("attributes: %v", err)
	}
	return nil
}

// parse sets what isn't a number.
func (o *attributes) parse(p *chain.Params, b *book, given func(string) bool) (err error) {
	if given("block-interval") {
		if o.interval < 0 || o.interval > chain.MaxBlockMillis*time.Millisecond || o.interval%time.Millisecond != 0 {
			return usage("--block-interval (%s)", o.interval).do("write whole milliseconds up to %s", chain.MaxBlockMillis*time.Millisecond)
		}
		p.BlockMillis = uint32(o.interval.Milliseconds())
	}
	if given("election") {
		if p.Election, err = chain.ParseElection(o.election); err != nil {
			return usage("--election: %v", err)
		}
	}
	if given("out-limit") {
		if p.Valve.Limit, err = chain.ParseAmount(o.limit); err != nil {
			return usage("--out-limit (%s): %v", o.limit, err)
		}
		if p.Valve.Limit.IsZero() {
			p.Valve.Window = 0
		}
	}
	for _, l := range []struct {
		flag   string
		values []string
		list   *[]keys.PublicKey
	}{{"validators", o.validators, &p.Validators}, {"writers", o.writers, &p.Writers}, {"readers", o.readers, &p.Readers}} {
		if !given(l.flag) {
			continue
		}
		if *l.list, err = b.publicKeys(l.values); err != nil {
			return usage("--%s: %v", l.flag, err).do("write keys of 64 hexadecimal digits, names of thinkey key list, or %s", everybody)
		}
	}
	return nil
}

// publicKeys are those of keys and names; none for everybody.
func (b *book) publicKeys(values []string) (list []keys.PublicKey, err error) {
	if len(values) == 1 && values[0] == everybody {
		return nil, nil
	}
	for _, v := range values {
		key, err := keys.ParsePublicKey(v)
		if err != nil {
			if key, err = b.publicKey(v); err != nil {
				return nil, err
			}
		}
		list = append(list, key)
	}
	return chain.Sorted(list), nil
}

// publicKey is that of a key file, or of an account of a development network.
func (b *book) publicKey(name string) (keys.PublicKey, error) {
	for _, k := range b.keys {
		if k.Name == name {
			return k.Public, nil
		}
	}
	if dev := b.terms.Dev; dev != nil && slices.Contains(dev.Names, name) {
		return client.DevKey(dev.Seed, name).Public(), nil
	}
	return keys.PublicKey{}, fmt.Errorf("%q is no key, and no key here is called so", name)
}

// paramsOptions are the flags of chain params.
type paramsOptions struct {
	submission
	attributes
	from string
}

func (a *app) newChainParams() *cobra.Command {
	o := &paramsOptions{}
	cmd := a.command("params CHAIN", "Change a chain's attributes", func(cmd *cobra.Command, args []string) error {
		return a.changeParams(cmd, o, args[0])
	})
	cmd.Long = `Change the attributes of a chain: a message to the registry on the main chain, by the chain's owner. What no flag names stays. The chain takes them over with its
next block that sees the change, which is the last of its epoch; what --out-limit, --out-window and --out-delay say holds as soon as its parent has been told. Its
committee must be one that the new attributes admit: change that first.`
	cmd.Example = "  thinkey chain params shop --min-gas-price 2 --block-interval 1s --wait\n  thinkey chain params shop --writers alice,bob --wait"
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "the chain's owner (default: the first account of a development network)")
	f.Uint64Var(&o.gas, "gas", 20_000_000, "gas for the registry's handling")
	o.attributes.flags(f, "as it is")
	o.submission.flags(cmd)
	return cmd
}

func (a *app) changeParams(cmd *cobra.Command, o *paramsOptions, name string) error {
	return a.tellRegistry(cmd, ownersMessage{
		submission: &o.submission, chain: name, from: o.from, method: chain.MethodParams, fixed: "its attributes are those",
		input: func(b *book, shown *client.ChainShown) ([]byte, error) {
			if shown.Registered == nil {
				return nil, failed("no_registry", "the node doesn't run the main chain, which has the registry").do("ask one that does, with --node URL")
			}
			in := chain.ParamsInput{Chain: shown.Chain.Chain, Params: chain.Params(shown.Registered.Params)}
			before := in.Params
			if err := o.set(&in.Params, b, cmd.Flags().Changed); err != nil {
				return nil, err
			}
			if err := in.Params.Follows(&before); err != nil {
				return nil, usage("attributes: %v", err)
			}
			return in.Encode(), nil
		},
	})
}

// drawParams adds a chain's attributes to a table.
func drawParams(t *table, p *client.Params) {
	t.add("gas price", fmt.Sprintf("at least %d, by table %d", p.MinGasPrice, p.GasTable))
	t.add("a block has", fmt.Sprintf("at most %s gas, %d bytes", short(p.BlockGas), p.BlockBytes))
	interval := "as soon as there is something"
	if p.BlockMillis > 0 {
		interval = fmt.Sprintf("%s apart at least", time.Duration(p.BlockMillis)*time.Millisecond)
	}
	t.add("blocks", interval)
	t.add("token", nativeToken)
	t.add("committees", fmt.Sprintf("%s, of %s at least", p.Election, count(int(p.Seats), "seat")))
	if p.Structural {
		t.add("structural", "system actors only")
	}
	if v := p.Valve; !v.Limit.IsZero() {
		t.add("lets out", fmt.Sprintf("at most %s within %s of its parent", v.Limit, count(int(v.Window), "block")))
	}
	if v := p.Valve; v.Delay > 0 {
		t.add("value waits", fmt.Sprintf("for %s of its parent at least", count(int(v.Delay), "block")))
	}
	for _, l := range []struct {
		name string
		list []keys.PublicKey
	}{{"may validate", p.Validators}, {"may write", p.Writers}, {"may read", p.Readers}} {
		if len(l.list) == 0 {
			continue
		}
		var words []string
		for _, k := range l.list {
			words = append(words, k.String()[:16]+"…")
		}
		t.add(l.name, strings.Join(words, ", "))
	}
}
