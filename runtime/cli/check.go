package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/chain"
)

func (a *app) newCheck() *cobra.Command {
	cmd := a.command("check FILE.wasm", "Say whether a module is accepted as the code of accounts", func(_ *cobra.Command, args []string) error {
		c := checked{File: args[0]}
		code, err := readModule(a.In, args[0])
		if err == nil {
			c, err = inspect(args[0], code)
		}
		refused := asRefused(args[0], err)
		if refused != nil {
			c.refuse(refused, err)
		}
		if err := a.answer(c, func() { a.printChecked(&c) }); err != nil {
			return err
		}
		if refused != nil { // a nil *fault is no nil error
			return refused
		}
		return nil
	})
	cmd.Long = `Judge a WebAssembly module by the rules by which every node judges it when it is published, and say what is in it. Nothing is
compiled or run, no node is asked, and any file is judged within two seconds and 512 MB. FILE.wasm may be - for standard input.

What is refused is named: function, byte, instruction, and what to do instead. The exit code is 0 only if the module is accepted.`
	cmd.Example = "  thinkey check counter.wasm\n  thinkey check counter.wasm --json"
	cmd.ValidArgsFunction = nil
	return cmd
}

// readModule reads a file that may be a module, and of one that is too large no more than shows that.
func readModule(stdin io.Reader, path string) ([]byte, error) {
	in := stdin
	if path != "-" {
		f, err := openRegular(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // only read
		in = f
	}
	code, err := io.ReadAll(io.LimitReader(in, chain.MaxCodeBytes+1))
	switch {
	case err != nil:
		return nil, failed("no_file", "%s can't be read: %v", path, innermost(err)).do("name a file that can be read, or - for standard input")
	case len(code) > chain.MaxCodeBytes:
		return nil, failed("code_refused", "%s has more than %d bytes", path, chain.MaxCodeBytes).
			do("make it smaller: thinkey build removes names and debug sections")
	case len(code) == 0:
		return nil, failed("code_refused", "%s is empty", path).do("name a WebAssembly module, as thinkey build makes one")
	}
	return code, nil
}

// openRegular opens a file that ends: a pipe or a device may never.
func openRegular(path string) (*os.File, error) {
	stat, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, failed("no_file", "%s: %v", path, innermost(err)).do("name a WebAssembly module, as thinkey build makes one")
	case stat.IsDir():
		return nil, failed("no_file", "%s is a directory", path).do("make a module of the contract in it with: thinkey build %s", path)
	case !stat.Mode().IsRegular():
		return nil, failed("no_file", "%s is not a regular file", path).do("give it on standard input, with - for its name")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, failed("no_file", "%s: %v", path, innermost(err)).do("name a file that can be read")
	}
	return f, nil
}

// innermost is the error of the system, without the operation and the path around it.
func innermost(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}

// checked is what check answers, and part of what build does.
type checked struct {
	File     string `json:"file"`
	Accepted bool   `json:"accepted"`
	// Reason is why not, and Instead what to do; Function, Byte and Instruction say where, as far as that is known.
	Reason      string `json:"reason,omitempty"`
	Function    *int   `json:"function,omitempty"`
	Name        string `json:"function_name,omitempty"`
	Byte        *int   `json:"byte,omitempty"`
	Instruction string `json:"instruction,omitempty"`
	Instead     string `json:"instead,omitempty"`
	*moduleFacts
}

// moduleFacts is what is known of a module that is accepted.
type moduleFacts struct {
	Contract     string         `json:"contract,omitempty"` // as its schema calls it
	Bytes        int            `json:"bytes"`
	Instrumented int            `json:"bytes_instrumented"` // of what runs instead
	Functions    int            `json:"functions"`
	Pages        int            `json:"image_pages"`
	Exports      []string       `json:"exports"`
	Imports      []string       `json:"imports"`
	Complexity   uint64         `json:"complexity"`
	GasToPublish uint64         `json:"gas_to_publish"`
	GasToLoad    uint64         `json:"gas_to_load"`
	Hash         chain.CodeHash `json:"code_hash"`
	Immutable    chain.CodeHash `json:"code_hash_immutable"` // if it is published so
}

// asRefused is the fault that ends a check; nil if there is none.
func asRefused(path string, err error) *fault {
	var r *module.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &r):
		f := failed("code_refused", "%s is not accepted as code: %s", path, whereRefused(r))
		f.hint = r.Instead
		return f
	}
	return classify(err)
}

// whereRefused is what is wrong, with its place.
func whereRefused(r *module.Refusal) string {
	short := *r
	short.Instead = ""
	return printable(strings.TrimLeft(strings.TrimPrefix(short.Error(), "module refused"), ": "))
}

// refuse notes why.
func (c *checked) refuse(f *fault, err error) {
	c.Reason, c.Instead = f.words, f.hint
	var r *module.Refusal
	if !errors.As(err, &r) {
		return
	}
	c.Reason, c.Name, c.Instruction = r.What, r.Name, r.Instruction
	if r.Function >= 0 {
		c.Function = &r.Function
	}
	if r.Offset >= 0 {
		c.Byte = &r.Offset
	}
}

func (a *app) printChecked(c *checked) {
	switch {
	case !a.quiet:
		a.print("%s", c.table())
	case c.Accepted:
		a.print("accepted\n")
	default:
		a.print("refused\n")
	}
}

// table is all of it, for people.
func (c *checked) table() string {
	t := table{}
	if !c.Accepted {
		t.add("✗ refused", printable(c.File))
		t.add("reason", printable(c.Reason))
		if c.Function != nil {
			t.add("function", strings.TrimSpace(strconv.Itoa(*c.Function)+" "+printable(c.Name)))
		}
		if c.Byte != nil {
			t.add("byte", fmt.Sprintf("%#x", *c.Byte))
		}
		t.addIf("instruction", c.Instruction)
		t.addIf("instead", c.Instead)
		return t.String()
	}
	t.add("✓ accepted", printable(c.File))
	c.moduleFacts.rows(&t)
	return t.String()
}

// addIf adds a row unless it is empty.
func (t *table) addIf(name, text string) {
	if text != "" {
		t.add(name, printable(text))
	}
}

func (m *moduleFacts) rows(t *table) {
	t.addIf("contract", m.Contract)
	t.add("size", count(m.Bytes, "byte")+", "+count(m.Instrumented, "byte")+" with what counts gas")
	t.add("functions", strconv.Itoa(m.Functions))
	t.add("image", count(m.Pages, "page"))
	t.add("exports", strings.Join(m.Exports, " "))
	t.addIf("imports", strings.Join(m.Imports, " "))
	t.add("complexity", strconv.FormatUint(m.Complexity, 10))
	t.add("gas to publish", strconv.FormatUint(m.GasToPublish, 10))
	t.add("gas to load", strconv.FormatUint(m.GasToLoad, 10)+", for a message while it has not run lately")
	t.add("code hash", m.Hash.String())
	t.add("if immutable", m.Immutable.String())
}
