package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// deployGas is what a handling of code is given unless more is asked for: some thirty payments of the sample token. What it
// doesn't use comes back.
const deployGas = 1_000_000

// deployment are the flags of deploy.
type deployment struct {
	submission
	from, salt, amount     string
	object                 string // --init
	inputText, inputSource string
}

// madeAccount is what deploy answers.
type madeAccount struct {
	Address chain.Address  `json:"address"`
	Code    chain.CodeHash `json:"code"`
	Salt    client.Hex     `json:"salt"`
}

func (a *app) newDeploy() *cobra.Command {
	d := &deployment{}
	cmd := a.command("deploy CODE [FIELDS...]", "Make an account with code", func(cmd *cobra.Command, args []string) error {
		return a.deploy(cmd, d, args[0], args[1:])
	})
	cmd.Long = `Make an account with code, and print its address. CODE is the hash of published code, or a file, which is published first if it
is not. The account's first message is init: FIELDS are its input, as FIELD=VALUE for each field or as one JSON object, which --init takes too.

The address follows from who signs, the salt and the code, so it is known before. Without --salt it is one that nobody has.`
	cmd.Example = `  thinkey deploy shop.wasm goal=10 --amount 5 --from alice --wait
  thinkey deploy 51e1… --init '{"owner": "bob"}' --amount 10 --wait`
	cmd.ValidArgsFunction = nil
	f := cmd.Flags()
	fromFlag(cmd, &d.from)
	f.StringVar(&d.salt, "salt", "", "salt of the address, up to 64 hexadecimal digits (default: a random one)")
	f.StringVar(&d.amount, "amount", "0", "amount to send with it")
	f.StringVar(&d.object, "init", "", "fields of init as a JSON object")
	f.StringVar(&d.inputText, "input", "", "input of init in hexadecimal digits")
	f.StringVar(&d.inputSource, "input-file", "", "file that holds the input of init; - for standard input")
	f.Uint64Var(&d.gas, "gas", deployGas, "gas for init and what it sends, and without it also for loading code that has not run lately; what isn't used comes back")
	d.flags(cmd)
	return cmd
}

func (a *app) deploy(cmd *cobra.Command, d *deployment, code string, fields []string) error {
	in := chain.DeployInput{}
	amount, err := chain.ParseAmount(d.amount)
	if err != nil {
		return usage("--amount: %v", err)
	}
	if in.Salt, err = parseSalt(d.salt); err != nil {
		return err
	}
	if d.object != "" {
		if len(fields) > 0 {
			return usage("--init and fields (%q) are both given", fields[0]).do("leave one out")
		}
		fields = []string{d.object}
	}
	ctx, done, c := a.connect(cmd.Context())
	defer done()
	out, err := a.sender(ctx, cmd, c, &d.submission, d.from)
	if err != nil {
		return err
	}
	if isFile(code) && cmd.Flags().Changed("nonce") {
		return usage("--nonce with a file, which takes two messages").do("publish it first, with: thinkey publish %s --wait", code)
	}
	if in.Code, err = out.code(ctx, code); err != nil {
		return err
	}
	made := &actor{text: in.Code.String(), code: in.Code}
	if err := made.read(ctx, c); err != nil {
		return err
	}
	in.GasLimit = made.gas(cmd, d.gas)
	if in.Input, err = a.inputOf(out.book, made, &inputGiven{toBegin, chain.MethodInit, fields, d.inputText, d.inputSource}); err != nil {
		return err
	}
	sent, err := out.send(ctx, func(signer *client.Signer) (*chain.Message, error) {
		return signer.Deploy(ctx, in, amount, out.options...)
	})
	if err != nil {
		return err
	}
	account := madeAccount{chain.MadeAddress(out.from.address.Chain(), out.from.address, in.Salt, in.Code), in.Code, in.Salt[:]}
	return out.finish(ctx, sent, account, account.Address.String())
}

// code is the hash that text means: it, or that of a file, which is published. It can be given to accounts when code returns.
func (s *sender) code(ctx context.Context, text string) (chain.CodeHash, error) {
	if isFile(text) {
		file, err := s.readCode(text, forNow)
		if err != nil {
			return chain.CodeHash{}, err
		}
		p, err := s.publish(ctx, file)
		if err == nil {
			err = s.awaitPublished(ctx, p)
		}
		return file.Hash(), err
	}
	hash, err := parseCodeHash(text)
	if err != nil {
		return hash, usage("code: %v", err).do("copy it from what thinkey publish printed, or name a file that ends with .wasm")
	}
	known, err := s.client.Code(ctx, hash)
	if err == nil {
		err = s.awaitCallable(ctx, hash, known.Callable)
	}
	return hash, err
}

// parseSalt reads a salt, as a number of up to 256 bits; an empty one is random.
func parseSalt(text string) (salt [32]byte, err error) {
	if text == "" {
		_, err = rand.Read(salt[:])
		return salt, err
	}
	b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil || len(b) > len(salt) {
		return salt, usage("--salt (%q)", text).do("write an even number of hexadecimal digits, at most 64")
	}
	copy(salt[len(salt)-len(b):], b)
	return salt, nil
}

// inputGiven is a method's input as it stands on the command line.
type inputGiven struct {
	use, method string
	fields      []string
	text, file  string // --input, --input-file
}

// inputOf is the encoded input: of the fields, or the bytes themselves.
func (a *app) inputOf(b *book, to *actor, g *inputGiven) ([]byte, error) {
	if g.text == "" && g.file == "" {
		return to.encode(b, g.use, g.method, g.fields)
	}
	if len(g.fields) > 0 {
		return nil, usage("fields (%q) and an input are both given", g.fields[0]).do("leave one out")
	}
	return a.callInput(g.text, g.file)
}

func (a *app) newSetCode() *cobra.Command {
	s := &submission{}
	cmd := a.command("setcode FROM CODE", "Give your own account code, or take it away", func(cmd *cobra.Command, args []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		out, err := a.sender(ctx, cmd, c, s, args[0])
		if err != nil {
			return err
		}
		var hash chain.CodeHash
		if args[1] != "none" {
			if hash, err = out.code(ctx, args[1]); err != nil {
				return err
			}
		}
		sent, err := out.send(ctx, func(signer *client.Signer) (*chain.Message, error) {
			return signer.SetCode(ctx, hash, out.options...)
		})
		if err != nil {
			return err
		}
		return out.finish(ctx, sent, nil, sent.ID.String())
	})
	cmd.Long = `Give the account of a key code; its address, balance and nonce stay, and the key controls it as before. CODE is the hash of
published code, a file, which is published first if it is not, or none to take the code away. Immutable code stays for good.`
	cmd.Example = "  thinkey setcode alice 51e1… --wait"
	cmd.ValidArgsFunction = nil
	s.flags(cmd)
	return cmd
}
