package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// submission is what transfer and send share: who signs, with which choices, and how long to wait.
type submission struct {
	password
	wait     bool
	nonce    uint64
	gasPrice uint64
	gas      uint64
}

func (s *submission) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.wait, "wait", false, "wait until it is final")
	f.Uint64Var(&s.nonce, "nonce", 0, "nonce (default: the next of the account)")
	f.Uint64Var(&s.gasPrice, "gas-price", 0, "price of a unit of gas (default: the chain's least)")
	settingFlag(cmd, "valid-for")
	s.password.flags(cmd)
}

// options are the choices that were made, for the signer to make the others.
func (s *submission) options(cmd *cobra.Command) []client.CallOption {
	var options []client.CallOption
	for flag, option := range map[string]client.CallOption{
		"nonce": client.WithNonce(s.nonce), "gas-price": client.WithGasPrice(s.gasPrice),
	} {
		if cmd.Flags().Changed(flag) {
			options = append(options, option)
		}
	}
	return options
}

// outgoing makes the message of one command.
type outgoing func(ctx context.Context, signer *client.Signer, to chain.Address, options []client.CallOption) (*chain.Message, error)

// submit signs and sends a message of one party to another, and prints what came of it.
func (a *app) submit(cmd *cobra.Command, s *submission, names [2]string, write outgoing) error {
	ctx, done, c := a.connect(cmd.Context())
	defer done()
	b, err := a.openBook(ctx, c)
	if err != nil {
		return err
	}
	from, err := b.find(names[0])
	if err != nil {
		return err
	}
	to, err := b.find(names[1])
	if err != nil {
		return err
	}
	key, err := a.key(b, from, &s.password)
	if err != nil {
		return err
	}
	options := s.options(cmd)
	if a.settings.origin["valid-for"] != "default" {
		head, err := c.Info(ctx)
		if err != nil {
			return err
		}
		options = append(options, client.WithValidUntil(head.Height+a.settings.validFor()))
	}
	m, err := write(ctx, client.NewSigner(c, key), to.address, options)
	if err != nil {
		return err
	}
	list, err := c.Submit(ctx, m)
	if err != nil {
		return err
	}
	if !s.wait {
		return a.answer(list[0], func() {
			a.print("%s\n", list[0].ID)
			a.say("accepted, not final yet: thinkey trace %s --follow\n", list[0].ID)
		})
	}
	return a.await(ctx, c, b, list[0].ID)
}

// await prints what a message came to once it is final; of a call, once the message that it sent is too. A transfer needs no
// more than its own handling: the payee can't refuse (SPEC 8.8).
func (a *app) await(ctx context.Context, c *client.Client, b *book, id chain.MessageID) error {
	m, err := c.Wait(ctx, id)
	if err != nil {
		return notFinal(err, b, id)
	}
	if m.Dropped != nil {
		return m.Dropped
	}
	if m.Method == chain.MethodCall {
		err = c.Follow(ctx, id, func(client.Progress) error { return nil })
		if err != nil {
			return notFinal(err, b, id)
		}
	}
	tree, err := c.Trace(ctx, id)
	if err != nil {
		return err
	}
	err = a.answer(m, func() {
		a.print("%s\n", m.ID)
		a.say("%s", drawTrace(&tree, b.name, traceLimit))
	})
	if err != nil {
		return err
	}
	return firstFailure(&tree)
}

// firstFailure is the end of a command if a message of the tree came to nothing.
func firstFailure(t *client.Trace) (err error) {
	t.Walk(func(n *client.TraceNode, _ int) {
		if err == nil && n.State == client.StateFinal && n.Status != chain.StatusOK {
			err = handlingFailed(&n.Message)
		}
	})
	return err
}

// handlingFailed is the end of a command whose message is final and came to nothing.
func handlingFailed(m *client.Message) error {
	words := m.Status.String()
	if m.Reason != "" && !strings.Contains(m.Reason, words) {
		words += ": " + m.Reason
	} else if m.Reason != "" {
		words = m.Reason
	}
	return failed("handling_failed", "message %s is final, and its handling failed (%s)", m.ID, words).
		do("it changed nothing but the nonce and the gas paid, and what came with it went back; mend the cause and send another")
}

// notFinal says of a wait that was cut short that the message is on its way all the same.
func notFinal(err error, b *book, id chain.MessageID) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	f := &fault{exit: exitTimeout, code: "timeout", words: "message " + id.String() + " is accepted but not final yet", cause: err}
	if b.terms.Pace == "manual" {
		return f.do("blocks are made by hand on this network: thinkey mine")
	}
	return f.do("go on waiting with: thinkey trace %s --follow", id)
}

func (a *app) newTransfer() *cobra.Command {
	s := &submission{}
	cmd := a.command("transfer FROM TO AMOUNT", "Pay somebody", func(cmd *cobra.Command, args []string) error {
		amount, err := chain.ParseAmount(args[2])
		if err != nil {
			return usage("%v", err)
		}
		return a.submit(cmd, s, [2]string(args[:2]), func(ctx context.Context, signer *client.Signer, to chain.Address, options []client.CallOption) (*chain.Message, error) {
			return signer.Transfer(ctx, to, amount, options...)
		})
	})
	cmd.Long = `Pay somebody. FROM is a key file's name or, on a development network, an account's; TO may be an address too. Where a
name is both, write key:NAME or dev:NAME. AMOUNT is in the smallest unit of the token.

With --wait the message and what it set off are printed when it is final, and the exit code is 1 if it came to nothing.`
	cmd.Example = "  thinkey transfer alice bob 10 --wait"
	s.flags(cmd)
	return cmd
}

func (a *app) newSend() *cobra.Command {
	s := &submission{}
	var amount, input, inputFile string
	cmd := a.command("send FROM TO METHOD", "Send somebody any message", func(cmd *cobra.Command, args []string) error {
		in := chain.CallInput{Method: args[2], GasLimit: s.gas}
		value, err := chain.ParseAmount(amount)
		if err != nil {
			return usage("--amount: %v", err)
		}
		if in.Input, err = a.callInput(input, inputFile); err != nil {
			return err
		}
		return a.submit(cmd, s, [2]string(args[:2]), func(ctx context.Context, signer *client.Signer, to chain.Address, options []client.CallOption) (*chain.Message, error) {
			in.To = to
			return signer.Call(ctx, in, value, options...)
		})
	})
	cmd.Long = `Send somebody a message with any method and input: FROM's account handles a call, which sends it. FROM and TO are as in
transfer. With --wait everything that comes of it is awaited, and the exit code is 1 if any of it failed.`
	cmd.Example = "  thinkey send alice bob greet --input 6869 --amount 1 --wait"
	f := cmd.Flags()
	f.StringVar(&amount, "amount", "0", "amount to send with it")
	f.StringVar(&input, "input", "", "input in hexadecimal digits")
	f.StringVar(&inputFile, "input-file", "", "file that holds the input; - for standard input")
	f.Uint64Var(&s.gas, "gas", 100_000, "gas for the receiver's handling and what it sends")
	s.flags(cmd)
	return cmd
}

// callInput is the input of a message, from a flag or a file.
func (a *app) callInput(text, file string) ([]byte, error) {
	if text != "" && file != "" {
		return nil, usage("--input and --input-file are both given").do("leave one out")
	}
	if file != "" {
		return readInput(a.In, file, chain.MaxInputBytes)
	}
	input, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		return nil, usage("--input (%q): %v", text, err).do("write an even number of hexadecimal digits, or use --input-file")
	}
	return input, nil
}
