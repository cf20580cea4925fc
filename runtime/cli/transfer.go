package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// submission is what commands that send a message share: who signs, with which choices, and how long to wait.
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

// sender signs and sends for one party, for the time of a command.
type sender struct {
	*app
	*submission
	client  *client.Client
	book    *book
	from    party
	signer  *client.Signer
	options []client.CallOption
}

// sender is for the account that text means.
func (a *app) sender(ctx context.Context, cmd *cobra.Command, c *client.Client, s *submission, from string) (*sender, error) {
	b, err := a.openBook(ctx, c)
	if err != nil {
		return nil, err
	}
	out := &sender{app: a, submission: s, client: c, book: b, options: s.options(cmd)}
	if out.from, err = b.signs(from); err != nil {
		return nil, err
	}
	if id := out.from.address.Chain(); id != b.terms.Chain {
		c = c.On(strconv.FormatUint(uint64(id), 10))
		out.client = c
	}
	return out, out.expire(ctx)
}

// expire sets until when a message may be processed, if that was said.
func (s *sender) expire(ctx context.Context) error {
	if s.settings.origin["valid-for"] == "default" {
		return nil
	}
	head, err := s.client.Info(ctx)
	if err == nil {
		s.options = append(s.options, client.WithValidUntil(head.Height+s.settings.validFor()))
	}
	return err
}

// sign opens the key, last of all: nobody types a password for a command that can't be done.
func (s *sender) sign() (err error) {
	if s.signer != nil {
		return nil
	}
	key, err := s.key(s.book, s.from, &s.password)
	if err == nil {
		s.signer = client.NewSigner(s.client, key)
	}
	return err
}

// send hands a message in.
func (s *sender) send(ctx context.Context, write func(*client.Signer) (*chain.Message, error)) (client.Submitted, error) {
	if err := s.sign(); err != nil {
		return client.Submitted{}, err
	}
	m, err := write(s.signer)
	if err != nil {
		return client.Submitted{}, err
	}
	list, err := s.client.Submit(ctx, m)
	if err != nil {
		return client.Submitted{}, err
	}
	return list[0], nil
}

// finish prints what came of a message, with what the command answers before it.
func (s *sender) finish(ctx context.Context, sent client.Submitted, before any, headline string) error {
	if s.wait {
		return s.await(ctx, sent.ID, before, headline)
	}
	return s.answer(with(before, sent), func() {
		s.print("%s\n", headline)
		s.say("accepted, not final yet: thinkey trace %s --follow\n", sent.ID)
	})
}

// with is what a command made, with the message that made it; the message alone if there is nothing else to say.
func with(before, message any) any {
	if before == nil {
		return message
	}
	return struct {
		Made    any `json:"made"`
		Message any `json:"message"`
	}{before, message}
}

// submit signs and sends a message of one party to another, and prints what came of it.
func (a *app) submit(cmd *cobra.Command, s *submission, names [2]string, write func(ctx context.Context, s *sender, to chain.Address) (client.Submitted, error)) error {
	ctx, done, c := a.connect(cmd.Context())
	defer done()
	out, err := a.sender(ctx, cmd, c, s, names[0])
	if err != nil {
		return err
	}
	to, err := out.book.find(names[1])
	if err != nil {
		return err
	}
	sent, err := write(ctx, out, to.address)
	if err != nil {
		return err
	}
	return out.finish(ctx, sent, nil, sent.ID.String())
}

// await prints what a message came to once it is final, and all that it set off is too. A transfer needs no more than its
// own handling: the payee can't refuse (SPEC 8.8).
func (s *sender) await(ctx context.Context, id chain.MessageID, before any, headline string) error {
	m, err := s.client.Wait(ctx, id)
	if err != nil {
		return notFinal(err, s.book, id)
	}
	if err := dropped(&m); err != nil {
		return err
	}
	if m.Method != chain.MethodTransfer {
		err = s.client.Follow(ctx, id, func(client.Progress) error { return nil })
		if err != nil {
			return notFinal(err, s.book, id)
		}
	}
	tree, err := s.client.Trace(ctx, id)
	if err != nil {
		return err
	}
	tree.Walk(func(n *client.TraceNode, _ int) {
		if n.ID == id && n.Elsewhere { // the tree is another node's word; what was waited for was shown
			n.Message = m
		}
	})
	failure := firstFailure(&tree)
	if failure != nil && before != nil { // nothing was made: a script that asks for its name gets none
		before, headline = nil, m.ID.String()
		if s.quiet {
			headline = ""
		}
	}
	err = s.answer(with(before, m), func() {
		if headline != "" {
			s.print("%s\n", headline)
		}
		s.say("%s", drawTrace(&tree, s.book.lens(ctx, s.client), traceLimit))
	})
	if err != nil {
		return err
	}
	return failure
}

// dropped is the end of a command whose message will not be final.
func dropped(m *client.Message) error {
	switch {
	case m.State == client.StateFinal:
		return nil
	case m.Dropped == nil:
		return failed("not_final", "message %s is %s", m.ID, printable(string(m.State))).do("see where it stands: thinkey trace %s", m.ID)
	case m.Elsewhere:
		return failed(m.Dropped.Code, "another node says that the message was dropped: %s", printable(m.Dropped.Message)).do("ask a node that runs the chain, before you send another one: thinkey trace %s --node URL", m.ID)
	}
	return m.Dropped
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
		words += ": " + printable(m.Reason)
	} else if m.Reason != "" {
		words = printable(m.Reason)
	}
	left := "the gas paid"
	if m.Kind == client.KindExternal {
		left = "the nonce and the gas paid"
	}
	next := "mend the cause and send another"
	if m.Status == chain.StatusOutOfGas {
		next = "send another with more --gas"
	}
	return failed("handling_failed", "message %s is final, and its handling failed (%s)", m.ID, words).
		do("it changed nothing but %s, and what came with it went back; %s", left, next)
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
		return a.submit(cmd, s, [2]string(args[:2]), func(ctx context.Context, out *sender, to chain.Address) (client.Submitted, error) {
			return out.send(ctx, func(signer *client.Signer) (*chain.Message, error) {
				return signer.Transfer(ctx, to, amount, out.options...)
			})
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
		return a.submit(cmd, s, [2]string(args[:2]), func(ctx context.Context, out *sender, to chain.Address) (client.Submitted, error) {
			in.To = to
			return out.send(ctx, func(signer *client.Signer) (*chain.Message, error) {
				return signer.Call(ctx, in, value, out.options...)
			})
		})
	})
	cmd.Long = `Send somebody a message with any method and input: FROM's account handles a call, which sends it. FROM and TO are as in
transfer. To call an account's code by the names of its methods and fields, use thinkey call. With --wait everything that comes of it is awaited, and the exit code is 1 if any of it failed.`
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
		return nil, usage("--input (%q)", text).do("write an even number of hexadecimal digits, or use --input-file")
	}
	return input, nil
}
