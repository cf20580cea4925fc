package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	builder "github.com/thinkey/thinkey/contracts/build"
)

// built is what build answers.
type built struct {
	checked
	Language string `json:"language"` // "go", "rust", "wasm" for a module that was finished
	Source   string `json:"source"`
	// Trimmed says of a Go contract whether what start-up code alone needs is gone (contracts/build, B4).
	Trimmed *bool `json:"trimmed,omitempty"`
	// GasLeast is what every message to the contract pays before its method begins (leastGas).
	GasLeast uint64 `json:"gas_least"`
}

func (a *app) newBuild() *cobra.Command {
	out := ""
	cmd := a.command("build [DIR]", "Build a contract in Go or Rust into the module that is published", func(cmd *cobra.Command, args []string) error {
		source := "."
		if len(args) > 0 {
			source = args[0]
		}
		b, err := a.build(cmd.Context(), source, out)
		if err != nil {
			return err
		}
		return a.answer(b, func() {
			if a.quiet {
				a.print("%s\n", b.Hash)
				return
			}
			a.print("%s", b.table())
		})
	})
	cmd.Long = `Build the contract in DIR [.]: a Go package main, or a Rust crate with a Cargo.toml. The module is finished (names, debug sections
and what nothing reaches are removed), judged by the rules of the chain (thinkey check), and written to -o FILE, by default
NAME.wasm in DIR, where NAME is the directory's or the crate's.

With a file in place of DIR, made by some other compiler, that is finished: write -o FILE then.

"gas, at least" is what every message to the contract pays before its method begins: measured by handing one of an unknown
method to an account that has nothing stored, without what its bounce costs. "gas to load" comes to that for a message in a block
before which the code has not run lately.`
	cmd.Example = "  thinkey build\n  thinkey build contracts/token -o token.wasm\n  thinkey build raw.wasm -o contract.wasm"
	cmd.ValidArgsFunction = nil
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write (default NAME.wasm in DIR)")
	return cmd
}

// build makes a module of source and writes it to out.
func (a *app) build(ctx context.Context, source, out string) (*built, error) {
	b := &built{Source: source}
	code, name, err := b.compile(ctx, source, out)
	if err != nil {
		return nil, err
	}
	if out == "" {
		out = filepath.Join(source, name+".wasm")
	}
	if b.checked, err = inspect(out, code); err != nil {
		return nil, err // no contract's fault: the builder has asked the same judge
	}
	if b.GasLeast, err = leastGas(code); err != nil {
		return nil, err
	}
	if err := writeWhole(out, code); err != nil {
		return nil, failed("not_written", "%s can't be written: %v", out, innermost(err)).do("name another file with -o FILE")
	}
	return b, nil
}

// compile makes the module, and says what it is called by default.
func (b *built) compile(ctx context.Context, source, out string) (code []byte, name string, err error) {
	stat, err := os.Stat(source)
	switch {
	case err != nil:
		return nil, "", failed("no_source", "%s: %v", source, innermost(err)).do("name the directory of a contract; make one with: thinkey new NAME")
	case !stat.IsDir() && out == "":
		return nil, "", usage("-o is missing: %s is a file, and it is not overwritten unasked", source).do("write: thinkey build %s -o FILE", source)
	case !stat.IsDir():
		b.Language = "wasm"
		code, err = finishFile(source)
		return code, "", err
	}
	path, err := filepath.Abs(source)
	if err != nil {
		return nil, "", err
	}
	name = filepath.Base(path)
	if b.Language, err = languageOf(source); err != nil {
		return nil, "", err
	}
	if b.Language == "rust" {
		return buildRust(ctx, path)
	}
	code, report, err := builder.Go(ctx, path)
	if err != nil {
		return nil, "", unbuilt(err)
	}
	b.Trimmed = &report.Trimmed
	return code, name, nil
}

// languageOf says in which language the contract in a directory is written.
func languageOf(dir string) (string, error) {
	goFiles, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", err
	}
	_, err = os.Stat(filepath.Join(dir, "Cargo.toml"))
	switch rust := err == nil; {
	case rust && len(goFiles) > 0:
		return "", usage("%s holds both a Cargo.toml and Go files", dir).do("give each contract a directory of its own")
	case rust:
		return "rust", nil
	case len(goFiles) > 0:
		return "go", nil
	}
	return "", failed("no_source", "%s holds no contract: neither Go files nor a Cargo.toml", dir).
		do("name the directory of a contract; make one with: thinkey new NAME")
}

// finishFile makes a module that some compiler made what is published.
func finishFile(path string) ([]byte, error) {
	code, err := readLarge(path)
	if err != nil {
		return nil, err
	}
	code, _, err = builder.Finish(code)
	if err != nil {
		return nil, unbuilt(err)
	}
	return code, nil
}

// maxUnfinished bounds a module that is not finished: debug sections may be many times what is left in the end.
const maxUnfinished = 256 << 20

// readLarge reads a module that is not finished.
func readLarge(path string) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	return readInput(f, "-", maxUnfinished)
}

// unbuilt is a contract that could not be built: what the compiler, or the judge of the module, said.
func unbuilt(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, builder.ErrNoGo):
		return failed("no_compiler", "%v", err)
	}
	return failed("not_built", "%v", err)
}

// table is all of it, for people.
func (b *built) table() string {
	t := table{}
	t.add("✓ built", printable(b.File))
	b.moduleFacts.rows(&t)
	t.add("gas, at least", strconv.FormatUint(b.GasLeast, 10))
	text := t.String()
	if b.Trimmed != nil && !*b.Trimmed {
		text += strings.TrimSpace(`
note: this version of Go is not known, so what only its start-up code needs is still in the module: it is twice as large as it
could be; build with the version of Go that thinkey was made with to have it small`) + "\n"
	}
	return text
}
