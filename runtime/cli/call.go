package cli

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

const fieldsHelp = `FIELDS are the method's, as FIELD=VALUE for each or as one JSON object. A number is written as digits, also in quotes; an account
as its address or its name; a hash and bytes as hexadecimal digits; a list or a struct as JSON. thinkey code show ACCOUNT
lists the methods with their fields. Code that says nothing of its methods is given its input as bytes, with --input.`

func (a *app) newCall() *cobra.Command {
	s := &submission{}
	var amount string
	given := &inputGiven{use: toCall}
	cmd := a.command("call FROM ACCOUNT METHOD [FIELDS...]", "Call a method of an account's code", func(cmd *cobra.Command, args []string) error {
		value, err := chain.ParseAmount(amount)
		if err != nil {
			return usage("--amount: %v", err)
		}
		given.method, given.fields = args[2], args[3:]
		in := chain.CallInput{Method: args[2]}
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		out, err := a.sender(ctx, cmd, c, s, args[0])
		if err != nil {
			return err
		}
		to, err := out.book.findActor(ctx, c, args[1])
		if err != nil {
			return withoutFrom(args, err)
		}
		in.To, in.GasLimit = to.address, to.gas(cmd, s.gas)
		if in.Input, err = a.inputOf(out.book, to, given); err != nil {
			return err
		}
		sent, err := out.send(ctx, func(signer *client.Signer) (*chain.Message, error) {
			return signer.Call(ctx, in, value, out.options...)
		})
		if err != nil {
			return err
		}
		return out.finish(ctx, sent, nil, sent.ID.String())
	})
	cmd.Long = `Call a method of an account's code. FROM is a key file's name or, on a development network, an account's, and signs.

` + fieldsHelp + `

Code that has not run lately on the chain costs more: thinkey code show ACCOUNT says how much. Without --gas the message is given that
beside the default; with it, it must be enough for both.

With --wait everything that comes of it is awaited, and the exit code is 1 if any of it failed.`
	cmd.Example = `  thinkey call alice tk1q… pay to=bob amount=5 --wait
  thinkey call alice tk1q… pay '{"to": "bob", "amount": 5}'`
	f := cmd.Flags()
	f.StringVar(&amount, "amount", "0", "amount to send with it")
	inputFlags(cmd, given)
	f.Uint64Var(&s.gas, "gas", deployGas, "gas for the method and what it sends, and without it also for loading code that has not run lately; what isn't used comes back")
	s.flags(cmd)
	return cmd
}

// withoutFrom says what is missing if the account stands first and its method second; else err.
func withoutFrom(args []string, err error) error {
	if !strings.HasPrefix(args[0], "tk1") || strings.HasPrefix(args[1], "tk1") {
		return err
	}
	return usage("FROM is missing before %s", args[0]).do("write: thinkey call FROM %s", printable(strings.Join(args, " ")))
}

func inputFlags(cmd *cobra.Command, given *inputGiven) {
	cmd.Flags().StringVar(&given.text, "input", "", "input as bytes, in hexadecimal digits")
	cmd.Flags().StringVar(&given.file, "input-file", "", "file that holds the input; - for standard input")
}

// inquiry are the flags of query.
type inquiry struct {
	inputGiven
	gas          uint64
	hex, verbose bool
}

func (a *app) newQuery() *cobra.Command {
	q := &inquiry{inputGiven: inputGiven{use: toAsk}}
	cmd := a.command("query ACCOUNT METHOD [FIELDS...]", "Ask an account's code: no message, no fee", func(cmd *cobra.Command, args []string) error {
		q.method, q.fields = args[1], args[2:]
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		b, err := a.openBook(ctx, c)
		if err != nil {
			return err
		}
		to, err := b.findActor(ctx, c, args[0])
		if err != nil {
			return err
		}
		return a.query(ctx, c, b, to, q)
	})
	cmd.Long = `Ask an account's code. The node runs a query against the state after the last final block, without a message, a fee or a block;
the answer is the node's word.

` + fieldsHelp
	cmd.Example = "  thinkey query tk1q… balance"
	inputFlags(cmd, &q.inputGiven)
	f := cmd.Flags()
	f.Uint64Var(&q.gas, "gas", 0, "the most gas that it may use (default: what the node allows)")
	f.BoolVar(&q.hex, "hex", false, "print the answer as hexadecimal digits")
	f.BoolVarP(&q.verbose, "verbose", "v", false, "print what the code logged, its gas, and the block")
	return cmd
}

// queryAnswer is what a query came to, with its fields where the code names them.
type queryAnswer struct {
	client.Answer
	Fields json.RawMessage `json:"fields,omitempty"`
}

func (a *app) query(ctx context.Context, c *client.Client, b *book, to *actor, q *inquiry) error {
	input, err := a.inputOf(b, to, &q.inputGiven)
	if err != nil {
		return err
	}
	got, err := c.Query(ctx, to.address, client.Question{Method: q.method, Input: input, GasLimit: q.gas})
	if err != nil {
		return err
	}
	answer := queryAnswer{Answer: got}
	if got.Status == chain.StatusOK && to.contract != nil && !q.hex {
		if answer.Fields, err = to.contract.Output(q.method, got.Output); err != nil {
			return failed("bad_answer", "the answer is not what the code says of it: %s", printable(err.Error())).do("see it with --hex")
		}
	}
	if err := a.answer(answer, func() { a.printAnswer(b, to, q, &answer) }); err != nil {
		return err
	}
	failure := failed("query_failed", "%s of %s answers: %s", q.method, to.text, printable(statusLine(&got)))
	switch {
	case got.Status == chain.StatusOK:
		return nil
	case got.Status == chain.StatusOutOfGas && q.gas > 0 && q.gas < to.loadGas:
		return failure.do("ask with --gas above %d, or without it for all that the node allows", to.loadGas)
	case got.Status == chain.StatusOutOfGas && q.gas > 0:
		return failure.do("ask with more --gas, or without it for all that the node allows")
	}
	return failure.do("see its fields with: thinkey code show %s", to.text)
}

func statusLine(a *client.Answer) string {
	if a.Reason == "" {
		return a.Status.String()
	}
	return a.Status.String() + " (" + a.Reason + ")"
}

func (a *app) printAnswer(b *book, to *actor, q *inquiry, answer *queryAnswer) {
	switch {
	case answer.Status != chain.StatusOK:
	case answer.Fields == nil:
		a.print("%s\n", answer.Output)
	default:
		a.printFields(b, outputOf(to, q.method), answer.Fields, to.contract.Schema().Types)
	}
	if answer.Status == chain.StatusOK && !q.verbose {
		return
	}
	for _, line := range answer.Logs {
		a.say("log  %s\n", printable(line))
	}
	if q.verbose {
		a.say("at height %d, gas %d\n", answer.Height, answer.GasUsed)
	}
}

// outputOf is what a query says that it answers.
func outputOf(to *actor, method string) []abi.Field {
	m, err := to.contract.Method(method)
	if err != nil {
		return nil
	}
	return m.Output
}

// printFields prints a line for each; the values alone when quiet.
func (a *app) printFields(b *book, fields []abi.Field, object []byte, types map[string][]abi.Field) {
	named, err := retype(object, fields, types, func(typ, _, text string) (string, error) {
		if a.quiet { // for programs
			return text, nil
		}
		return nameFor(typ, text, b.full), nil
	})
	if err != nil {
		named = object
	}
	t := table{}
	for _, f := range split(named) {
		if a.quiet {
			t.add(f.shown())
		} else {
			t.add(printable(f.name), f.shown())
		}
	}
	a.print("%s", t.String())
}

// full is the account's name, else its whole address.
func (b *book) full(address chain.Address) string {
	if p := b.at(address); p.name != "" {
		return p.name + b.onChain(address.Chain())
	}
	return address.String()
}
