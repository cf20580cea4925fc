package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// codeFile is a module on disk that was found to be good.
type codeFile struct {
	path string
	chain.PublishInput
	complexity, load uint64
}

// readCode reads a module and judges it as every node will.
func (a *app) readCode(path string, immutable mutability) (*codeFile, error) {
	module, err := readInput(a.In, path, chain.MaxCodeBytes)
	if err != nil {
		return nil, err
	}
	m, facts, err := wasm.Check(module)
	if err != nil {
		return nil, failed("bad_code", "%s can't be published: %s", path, printable(err.Error())).
			do("see what is wrong with: thinkey check %s", path)
	}
	return &codeFile{
		path, chain.PublishInput{Immutable: immutable == forGood, Code: module}, wasm.Complexity(m, facts, len(module)), wasm.Loading(m, facts),
	}, nil
}

// mutability is whether an account with the code can have another later.
type mutability string

const (
	forNow  mutability = ""
	forGood mutability = "immutable"
)

func mutabilityOf(immutable bool) mutability {
	if immutable {
		return forGood
	}
	return forNow
}

// parseCodeHash reads the hash of code.
func parseCodeHash(text string) (h chain.CodeHash, err error) {
	err = h.UnmarshalText([]byte(strings.TrimPrefix(text, "0x")))
	return h, err
}

// isFile says whether text names a file rather than code or an account.
func isFile(text string) bool {
	stat, err := os.Stat(text)
	return strings.HasSuffix(text, ".wasm") || strings.ContainsRune(text, os.PathSeparator) || err == nil && !stat.IsDir()
}

// publishedCode is what publish answers.
type publishedCode struct {
	Hash      chain.CodeHash `json:"hash"`
	Bytes     int            `json:"bytes"`
	Immutable bool           `json:"immutable"`
	// Already says that it had been published before; Message is the publication otherwise.
	Already  bool             `json:"already"`
	Message  *chain.MessageID `json:"message,omitempty"`
	Height   uint64           `json:"height,omitempty"` // once it is final
	Callable uint64           `json:"callable,omitempty"`
	Gas      uint64           `json:"gas,omitempty"`
}

func (a *app) newPublish() *cobra.Command {
	s := &submission{}
	from, immutable := "", false
	cmd := a.command("publish FILE", "Publish the code of contracts", func(cmd *cobra.Command, args []string) error {
		file, err := a.readCode(args[0], mutabilityOf(immutable))
		if err != nil {
			return err
		}
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		out, err := a.sender(ctx, cmd, c, s, from)
		if err != nil {
			return err
		}
		p, err := out.publish(ctx, file)
		if err == nil && s.wait {
			err = out.awaitPublished(ctx, p)
		}
		if err != nil {
			return err
		}
		return a.answer(p, func() { a.printPublished(p) })
	})
	cmd.Long = `Publish a WebAssembly module, once for everybody: accounts are made with it by its hash (thinkey deploy). It is judged here first,
as every node will judge it, and given exactly the gas that it uses. Code that is published already costs nothing.

Accounts can have it two blocks later; with --wait the command ends when they can. The code of an account can be replaced
by the account itself, unless it was published with --immutable, which makes another hash.`
	cmd.Example = "  thinkey publish token.wasm --wait"
	cmd.ValidArgsFunction = nil
	s.flags(cmd)
	fromFlag(cmd, &from)
	cmd.Flags().BoolVar(&immutable, "immutable", false, "accounts keep this code for good")
	return cmd
}

func fromFlag(cmd *cobra.Command, from *string) {
	cmd.Flags().StringVar(from, "from", "", "who signs (default: the first account of a development network, or the only key)")
}

func (a *app) printPublished(p *publishedCode) {
	a.print("%s\n", p.Hash)
	switch {
	case p.Already:
		a.say("published already, at height %d\n", p.Height)
	case p.Height == 0:
		a.say("accepted, not final yet: thinkey trace %s --follow\n", p.Message)
		return
	default:
		a.say("published at height %d: %s, gas %d\n", p.Height, count(p.Bytes, "byte"), p.Gas)
	}
	a.say("make an account with it: thinkey deploy %s\n", p.Hash)
}

// publish hands a module in, unless it is published.
func (s *sender) publish(ctx context.Context, file *codeFile) (*publishedCode, error) {
	p := &publishedCode{Hash: file.Hash(), Bytes: len(file.Code), Immutable: file.Immutable}
	if known, err := s.known(ctx, p); known || err != nil {
		return p, err
	}
	table := s.book.terms.Gas
	p.Gas = table.PublishExactly(file.PublishInput, file.complexity)
	if p.Gas > table.Most {
		return nil, failed("gas_limit_high", "publishing %s takes %d gas, and no message may have more than %d", file.path, p.Gas, table.Most).
			do("make the module smaller")
	}
	sent, err := s.send(ctx, func(signer *client.Signer) (*chain.Message, error) {
		return signer.Publish(ctx, file.PublishInput, append([]client.CallOption{client.WithGasLimit(p.Gas)}, s.options...)...)
	})
	if client.HasCode(err, "code_published") { // somebody was faster
		if known, err := s.known(ctx, p); known || err != nil {
			return p, err
		}
	}
	p.Message = &sent.ID
	return p, err
}

// known says whether the code is published, and notes when.
func (s *sender) known(ctx context.Context, p *publishedCode) (bool, error) {
	code, err := s.client.Code(ctx, p.Hash)
	if client.HasCode(err, client.CodeUnknownCode) {
		return false, nil
	}
	if err == nil {
		p.Already, p.Height, p.Callable = p.Message == nil, code.Height, code.Callable
	}
	return err == nil, err
}

// awaitPublished waits until accounts can have the code.
func (s *sender) awaitPublished(ctx context.Context, p *publishedCode) error {
	if p.Message != nil {
		m, err := s.client.Wait(ctx, *p.Message)
		switch {
		case err != nil:
			return notFinal(err, s.book, *p.Message)
		case m.State != client.StateFinal:
			return dropped(&m)
		case m.Status != chain.StatusOK:
			return handlingFailed(&m)
		}
		if known, err := s.known(ctx, p); !known || err != nil {
			return errors.Join(err, errors.New("code that was published is not known"))
		}
	}
	return s.awaitCallable(ctx, p.Hash, p.Callable)
}

// awaitCallable waits until the next block is one in which accounts can be given the code.
func (s *sender) awaitCallable(ctx context.Context, hash chain.CodeHash, callable uint64) error {
	for {
		head, err := s.client.Info(ctx)
		if err == nil && head.Height+1 >= callable {
			return nil
		}
		if err == nil {
			err = s.awaitBlocks(ctx, &head, int(callable-1-head.Height))
		}
		if err != nil {
			return s.notCallable(err, hash, callable)
		}
	}
}

// awaitBlocks waits for a block after the head, or for n of them. A development network makes blocks only when there is something
// for them, so it is asked for them; a committee makes them in its own time.
func (s *sender) awaitBlocks(ctx context.Context, head *client.Info, n int) error {
	if head.Dev != nil && head.Pace != "manual" {
		err := s.client.Mine(ctx, n)
		var refused *client.Error
		if !errors.As(err, &refused) || refused.Code != client.CodeAgreed {
			return err
		}
	}
	err := s.client.Blocks(ctx, head.Height, func(client.Block) error { return errEnough })
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// notCallable says of a wait that was cut short what is missing.
func (s *sender) notCallable(err error, hash chain.CodeHash, callable uint64) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	f := &fault{exit: exitTimeout, code: "timeout", words: fmt.Sprintf("code %s is published, and accounts can have it from height %d on", hash, callable), cause: err}
	if s.book.terms.Pace == "manual" {
		return f.do("blocks are made by hand on this network: thinkey mine")
	}
	return f.do("try again")
}
