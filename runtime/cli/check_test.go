package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/chain"
)

var tokenModule = filepath.Join(repository, "examples", "token", "rust", "token.wasm")

// moduleFile writes a module to a file.
func moduleFile(t *testing.T, code []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.wasm")
	if err := os.WriteFile(path, code, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// smallest is the smallest contract: handle does nothing.
func smallest() *module.Module {
	return &module.Module{
		Types: []module.FuncType{{}}, Funcs: []uint32{0}, Memories: []module.Limits{{Min: 1}},
		Exports: []module.Export{{Name: "memory", Kind: module.ExternMemory}, {Name: "handle"}},
		Bodies:  []module.Body{{Code: []byte{byte(module.OpEnd)}}},
	}
}

// checkJSON runs check --json.
func checkJSON(t *testing.T, file string) (checked, answered) {
	t.Helper()
	a := run(t, t.TempDir(), "check", file, "--json")
	c := checked{moduleFacts: new(moduleFacts)}
	if err := json.Unmarshal([]byte(a.out), &c); err != nil {
		t.Fatalf("%q: %v", a.out, err)
	}
	if (a.code == exitOK) != c.Accepted || c.Accepted == (c.Reason != "") || c.Accepted != (a.err == "") {
		t.Errorf("%s: %+v", file, a)
	}
	return c, a
}

// What is accepted is told with what it costs: exactly what a node charges.
func TestCheckAccepted(t *testing.T) {
	code, err := os.ReadFile(tokenModule)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := checkJSON(t, tokenModule)
	if !c.Accepted || c.Contract != "token" || c.Bytes != len(code) || c.Pages != 1 || len(c.Exports) != 4 || c.Functions < 10 {
		t.Fatalf("%+v", c.moduleFacts)
	}
	in := chain.PublishInput{Code: code}
	if c.Hash != in.Hash() || c.Immutable == c.Hash {
		t.Errorf("code hashes %s, %s", c.Hash, c.Immutable)
	}
	if runs, err := wasm.Instrument(code); err != nil || c.Instrumented != len(runs) {
		t.Errorf("instrumented: %d bytes, and %d run (%v)", c.Instrumented, len(runs), err)
	}
	if used := gasOfPublishing(t, in); c.GasToPublish != used {
		t.Errorf("gas to publish: %d, and publishing used %d", c.GasToPublish, used)
	}
	text := run(t, t.TempDir(), "check", tokenModule)
	if text.code != exitOK || !strings.Contains(text.out, "✓ accepted") || !strings.Contains(text.out, "exports         memory handle") {
		t.Errorf("%+v", text)
	}
}

// gasOfPublishing is what an account pays that publishes the code.
func gasOfPublishing(t *testing.T, in chain.PublishInput) uint64 {
	t.Helper()
	engine, err := wasm.Open(wasm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = engine.Close() }()
	who := chain.SystemAddress(chain.Main)
	m := &chain.Message{
		Kind: chain.External, From: who, To: who, Payer: who, GasLimit: chain.MaxMessageGas, ValidUntil: 9,
		Method: chain.MethodPublish, Input: in.Encode(),
	}
	outcome, err := exec.Apply(solo(engine), who, chain.Account{Balance: chain.NewAmount(1), Nonce: 1}, shelf{}, m.Seal())
	if err != nil || outcome.Status != chain.StatusOK {
		t.Fatalf("%+v, %v", outcome, err)
	}
	return outcome.GasUsed
}

// What is refused is named: where, what, and what to do; and the exit code says so.
func TestCheckRefused(t *testing.T) {
	float := smallest()
	float.Bodies[0].Code = []byte{byte(module.OpDrop), byte(module.OpEnd)}
	started := smallest()
	started.Start = new(uint32)
	strange := smallest()
	strange.Exports[1].Name = "hand\x1b[31mle"
	merging := smallest()
	merging.Exports = append(merging.Exports, module.Export{Name: "merge"})
	dir := t.TempDir()
	for _, x := range []struct {
		name, file string
		want       checked
	}{
		{"no operand", moduleFile(t, float.Encode()), checked{Reason: "takes an operand", Instruction: "drop", Name: "handle"}},
		{"start", moduleFile(t, started.Encode()), checked{Reason: "start"}},
		{"export that nobody knows", moduleFile(t, strange.Encode()), checked{Reason: `the export "hand\x1b[31mle"`, Instead: "thinkey build"}},
		{"merge without names", moduleFile(t, merging.Encode()), checked{Reason: "names what it merges"}},
		{"text", moduleFile(t, []byte("hello")), checked{Reason: "WebAssembly"}},
		{"empty", moduleFile(t, nil), checked{Reason: "is empty", Instead: "thinkey build"}},
		{"large", moduleFile(t, make([]byte, chain.MaxCodeBytes+1)), checked{Reason: "more than 4194304 bytes"}},
		{"directory", dir, checked{Reason: "is a directory", Instead: "thinkey build"}},
		{"missing", filepath.Join(dir, "none.wasm"), checked{Reason: "no such file or directory"}},
		{"device", os.DevNull, checked{Reason: "not a regular file"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			c, a := checkJSON(t, x.file)
			if c.Accepted || !strings.Contains(c.Reason, x.want.Reason) || c.Instruction != x.want.Instruction ||
				!strings.Contains(c.Name, x.want.Name) || !strings.Contains(c.Instead, x.want.Instead) {
				t.Errorf("%s", a.out)
			}
			if x.want.Instruction != "" && (c.Function == nil || c.Byte == nil) {
				t.Errorf("no place: %s", a.out)
			}
			text := run(t, t.TempDir(), "check", x.file)
			if text.code != exitFailed || !strings.Contains(text.out, "✗ refused") || !strings.HasPrefix(text.err, "error: ") || strings.ContainsRune(text.out+text.err, '\x1b') {
				t.Errorf("%+v", text)
			}
		})
	}
}

// A file that can't be read, and one larger than any module: no more of it is read than shows that.
func TestCheckReadsNoMore(t *testing.T) {
	path := moduleFile(t, nil)
	if err := os.Truncate(path, 1<<40); err != nil { // a terabyte, without a block on disk
		t.Fatal(err)
	}
	if c, _ := checkJSON(t, path); c.Accepted || !strings.Contains(c.Reason, "more than") {
		t.Errorf("%+v", c)
	}
	if os.Geteuid() == 0 {
		return // root may read anything
	}
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if c, _ := checkJSON(t, path); c.Accepted || !strings.Contains(c.Reason, "permission denied") {
		t.Errorf("%+v", c)
	}
}

// From standard input, as in a pipe.
func TestCheckStandardInput(t *testing.T) {
	home := t.TempDir()
	environ := []string{"THINKEY_CONFIG=" + emptyConfig(t, home)}
	a := runWith(t, environ, string(smallest().Encode()), "check", "-", "-q")
	if a.code != exitOK || a.out != "accepted\n" {
		t.Errorf("%+v", a)
	}
}
