package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/schema"
)

func (a *app) newCode() *cobra.Command {
	cmd := a.group("code", "Show code", "")
	cmd.AddCommand(a.newCodeShow())
	return cmd
}

// codeShown is code as people ask for it.
type codeShown struct {
	Account *chain.Address `json:"account,omitempty"` // that was asked for
	File    string         `json:"file,omitempty"`
	client.Code
	Complexity uint64 `json:"complexity,omitempty"` // of a file
	contract   *schema.Contract
}

func (a *app) newCodeShow() *cobra.Command {
	immutable := false
	cmd := a.command("show HASH|ACCOUNT|FILE", "Show code: its hash, and its methods with their fields", func(cmd *cobra.Command, args []string) error {
		var shown *codeShown
		var err error
		if isFile(args[0]) {
			shown, err = a.codeOfFile(args[0], mutabilityOf(immutable))
		} else {
			ctx, done, c := a.connect(cmd.Context())
			defer done()
			shown, err = a.codeAt(ctx, c, args[0])
		}
		if err != nil {
			return err
		}
		return a.answer(shown, func() { a.printCode(shown) })
	})
	cmd.Long = `Show published code, the code of an account, or a module in a file, which is judged as every node would judge it: the hash by which
it is known, and what it says of its methods, queries and events.`
	cmd.Example = "  thinkey code show token.wasm\n  thinkey code show tk1q…"
	cmd.ValidArgsFunction = nil
	cmd.Flags().BoolVar(&immutable, "immutable", false, "of a file: as it would be published with --immutable")
	return cmd
}

func (a *app) codeOfFile(path string, how mutability) (*codeShown, error) {
	file, err := a.readCode(path, how)
	if err != nil {
		return nil, err
	}
	shown := &codeShown{File: path, Complexity: file.complexity}
	shown.Hash, shown.Bytes, shown.Immutable, shown.LoadGas = file.Hash(), len(file.Code), file.Immutable, file.load
	contract, err := schema.Read(file.Code)
	if err != nil && !errors.Is(err, schema.ErrNone) {
		shown.SchemaError = err.Error()
		return shown, nil
	}
	return shown, shown.describe(contract)
}

// codeAt is the code that text means: a hash, or an account's.
func (a *app) codeAt(ctx context.Context, c *client.Client, text string) (*codeShown, error) {
	hash, err := parseCodeHash(text)
	shown := &codeShown{}
	if err != nil {
		b, err := a.openBook(ctx, c)
		if err != nil {
			return nil, err
		}
		to, err := b.findActor(ctx, c, text)
		if err != nil {
			return nil, err
		}
		hash, shown.Account = to.code, &to.address
	}
	if shown.Code, err = c.Code(ctx, hash); err != nil || len(shown.Schema) == 0 {
		return shown, err
	}
	if shown.contract, err = schema.Parse(shown.Schema); err != nil {
		shown.SchemaError = err.Error()
	}
	return shown, nil
}

// describe adds what the module says of itself.
func (s *codeShown) describe(contract *schema.Contract) (err error) {
	if contract == nil {
		return nil
	}
	s.contract = contract
	s.Schema, err = json.Marshal(contract.Schema())
	return err
}

func (a *app) printCode(s *codeShown) {
	if a.quiet {
		a.print("%s\n", s.Hash)
		return
	}
	t := table{}
	if s.Account != nil {
		t.add("account", s.Account.String())
	}
	if s.File != "" {
		t.add("file", s.File)
	}
	t.add("code", s.Hash.String())
	t.add("size", count(s.Bytes, "byte"))
	if s.File == "" {
		t.add("published", fmt.Sprintf("at height %d; accounts can have it from height %d on", s.Height, s.Callable))
	}
	switch {
	case s.File != "":
		t.add("loading", fmt.Sprintf("%d gas, for a message while it has not run lately", s.LoadGas))
	case s.Warm:
		t.add("loading", fmt.Sprintf("nothing now: it has run lately, or was just published; else %d gas for a message", s.LoadGas))
	default:
		t.add("loading", fmt.Sprintf("%d gas for a message now: it has not run lately", s.LoadGas))
	}
	if s.Immutable {
		t.add("immutable", "yes: accounts keep it for good")
	} else {
		t.add("immutable", "no: an account can replace it")
	}
	switch {
	case s.contract != nil:
		t.add("contract", printable(s.contract.Schema().Name))
	case s.SchemaError != "":
		t.add("contract", "what it says of its methods can't be read: "+printable(s.SchemaError))
	default:
		t.add("contract", "it says nothing of its methods: give input as bytes")
	}
	a.print("%s", t.String())
	if s.contract != nil {
		a.print("%s", drawSchema(s.contract.Schema()))
	}
}

// drawSchema is what a module says of itself, in tables.
func drawSchema(s abi.Schema) string {
	var text strings.Builder
	part := func(title string, t table) {
		if len(t.rows) > 0 {
			fmt.Fprintf(&text, "\n%s\n  %s\n", title, strings.Join(t.lines(), "\n  "))
		}
	}
	var methods, queries, events, types table
	for _, m := range s.Methods {
		doc := cut(printable(m.Doc))
		if m.Merge {
			doc = strings.TrimSpace("(mergeable) " + doc)
		}
		if m.Kind == abi.MethodQuery {
			queries.add(printable(m.Name), shapeOf(m.Input), "→ "+shapeOf(m.Output), doc)
		} else {
			methods.add(printable(m.Name), shapeOf(m.Input), doc)
		}
	}
	for _, e := range s.Events {
		events.add(printable(e.Topic), shapeOf(e.Body))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		types.add(printable(name), shapeOf(s.Types[name]))
	}
	part("methods", methods)
	part("queries", queries)
	part("events", events)
	part("types", types)
	return text.String()
}
