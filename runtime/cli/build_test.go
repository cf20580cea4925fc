package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/chain"
)

// A module is finished: what the chain doesn't know is gone, and what is written is what was judged.
func TestBuildFinishes(t *testing.T) {
	m := smallest()
	m.Exports = append(m.Exports, module.Export{Name: "other"})
	m.Customs = []module.Custom{{Name: "producers", Bytes: []byte{0}}}
	raw, out := moduleFile(t, m.Encode()), filepath.Join(t.TempDir(), "out.wasm")
	a := run(t, t.TempDir(), "build", raw, "-o", out, "--json")
	b := built{checked: checked{moduleFacts: new(moduleFacts)}}
	if err := json.Unmarshal([]byte(a.out), &b); err != nil || a.code != exitOK {
		t.Fatalf("%+v, %v", a, err)
	}
	code, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !b.Accepted || b.Language != "wasm" || b.File != out || b.Bytes != len(code) || len(b.Exports) != 2 || b.Hash != (chain.PublishInput{Code: code}).Hash() {
		t.Errorf("%s", a.out)
	}
	// handle does nothing at all: what is left is what the gas table says of every handling.
	if least := uint64(gas.Handling + gas.Run + gas.RestorePage); b.GasLeast < least || b.GasLeast > least+100 {
		t.Errorf("gas, at least %d; the table says %d", b.GasLeast, least)
	}
	if a := run(t, t.TempDir(), "build", raw); a.code != exitUsage || !strings.Contains(a.err, "-o is missing") {
		t.Errorf("%+v", a)
	}
	if quiet := run(t, t.TempDir(), "build", raw, "-o", out, "-q"); quiet.out != b.Hash.String()+"\n" {
		t.Errorf("%+v", quiet)
	}
}

// The least gas is less than what a message of a known method takes, and not much less: it is measured, not guessed. A
// message that is refused pays for its bounce too, which is not part of it.
func TestLeastGas(t *testing.T) {
	code, err := os.ReadFile(tokenModule)
	if err != nil {
		t.Fatal(err)
	}
	least, err := leastGas(code)
	if err != nil {
		t.Fatal(err)
	}
	if least < gas.Handling+gas.Run+gas.RestorePage || least > 20_000 {
		t.Errorf("a message to the token's code takes %d at least", least)
	}
	bounce := chain.Sent{Method: chain.MethodBounce, Input: chain.BounceInput{Method: noMethod}.Encode()}
	if least > gas.Handling+exec.SendGas(&bounce) {
		t.Errorf("%d is as much as a bounce", least)
	}
	if _, err := leastGas([]byte("no module")); err == nil {
		t.Error("what is no module has a price")
	}
}

// A failing build says what to do, and leaves what was there.
func TestBuildErrors(t *testing.T) {
	write := func(files map[string]string) string {
		dir := t.TempDir()
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	bad := smallest()
	bad.Exports = bad.Exports[:1]
	good := moduleFile(t, smallest().Encode())
	merging := smallest()
	merging.Exports = append(merging.Exports, module.Export{Name: "merge"})
	for _, x := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"nothing there", []string{filepath.Join(t.TempDir(), "none")}, exitFailed, "thinkey new NAME"},
		{"empty", []string{t.TempDir()}, exitFailed, "neither Go files nor a Cargo.toml"},
		{"both", []string{write(map[string]string{"a.go": "package main\n", "Cargo.toml": ""})}, exitUsage, "a directory of its own"},
		{"no package", []string{write(map[string]string{"Cargo.toml": "[lib]\n"})}, exitFailed, "names no package"},
		{"no TOML", []string{write(map[string]string{"Cargo.toml": "name"})}, exitFailed, "Cargo.toml"},
		{"no contract", []string{write(map[string]string{"a.go": "package other\n", "go.mod": "module m\n"})}, exitFailed, "a contract is a package main"},
		{"not Go", []string{write(map[string]string{"a.go": "package main\n\nfunc f(int) {}\n\nfunc main() { f() }\n", "go.mod": "module m\n"})}, exitFailed, "\n    have ()\n    want (int)\n"},
		{"no handle", []string{moduleFile(t, bad.Encode()), "-o", filepath.Join(t.TempDir(), "x")}, exitFailed, `no export "handle"`},
		{"merge", []string{moduleFile(t, merging.Encode()), "-o", filepath.Join(t.TempDir(), "x")}, exitFailed, "names what it merges"},
		{"text", []string{moduleFile(t, []byte("hello")), "-o", filepath.Join(t.TempDir(), "x")}, exitFailed, "WebAssembly"},
		{"no place", []string{good, "-o", filepath.Join(t.TempDir(), "none", "x")}, exitFailed, "-o FILE"},
	} {
		t.Run(x.name, func(t *testing.T) {
			a := run(t, t.TempDir(), append([]string{"build"}, x.args...)...)
			if a.code != x.code || a.out != "" || !strings.Contains(a.err, x.says) {
				t.Errorf("%+v, want %q", a, x.says)
			}
			if out := x.args[len(x.args)-1]; len(x.args) > 1 {
				if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s: %v", out, err)
				}
			}
		})
	}
}

// Without a compiler the error says which to install; without the SDK, where to name it.
func TestBuildRustWithoutTools(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Cargo.toml"), []byte("[package]\nname = \"x\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	t.Setenv("WASM_LD", "")
	a := run(t, t.TempDir(), "build", dir)
	if a.code != exitFailed || !strings.Contains(a.err, "rustup target add wasm32v1-none") || !strings.Contains(a.err, "libstd-rust-dev-wasm32") {
		t.Errorf("%+v", a)
	}
	c := &crate{dir: dir, name: "x"}
	if _, err := c.byScript(t.Context(), "rustc"); err == nil || !strings.Contains(err.Error(), "thinkey = { path =") {
		t.Errorf("%v", err)
	}
}

// Who ends it while cargo runs is told so.
func TestBuildByCargoInterrupted(t *testing.T) {
	dir := t.TempDir()
	cargo, began := filepath.Join(dir, "cargo"), filepath.Join(dir, "began")
	if err := errors.Join(os.WriteFile(cargo, []byte("#!/bin/sh\necho > began; exec /bin/sleep 1000\n"), 0o700), syscall.Mkfifo(began, 0o600)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = os.ReadFile(began) // waits for who writes
		cancel()
	}()
	if _, err := (&crate{dir: dir, name: "x"}).byCargo(ctx, cargo); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// cargo is asked if it can build for chains; what it says when it can't is told.
func TestBuildByCargo(t *testing.T) {
	dir, tools, libs := t.TempDir(), t.TempDir(), t.TempDir()
	files := map[string]string{
		filepath.Join(dir, "Cargo.toml"):         "[package]\nname = \"my-x\"\n",
		filepath.Join(dir, "raw.wasm"):           string(smallest().Encode()),
		filepath.Join(libs, "libcore-1234.rlib"): "",
		filepath.Join(tools, "rustc"):            "#!/bin/sh\necho " + libs + "\n",
		filepath.Join(tools, "cargo"): "#!/bin/sh\n[ -f broken ] && { echo 'error: expected a semicolon' >&2; exit 101; }\n" +
			"/bin/mkdir -p target/wasm32v1-none/release && /bin/cp raw.wasm target/wasm32v1-none/release/my_x.wasm\n",
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", tools)
	if a := run(t, t.TempDir(), "build", dir, "--json"); a.code != exitOK || !strings.Contains(a.out, `"language":"rust"`) {
		t.Errorf("%+v", a)
	}
	if _, err := os.Stat(filepath.Join(dir, "my-x.wasm")); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if a := run(t, t.TempDir(), "build", dir); a.code != exitFailed || !strings.Contains(a.err, "does not compile:\nerror: expected a semicolon") {
		t.Errorf("%+v", a)
	}
}
