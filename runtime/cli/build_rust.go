package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"

	builder "github.com/thinkey/thinkey/contracts/build"
)

// crate is a Rust contract's directory, and what its Cargo.toml says that concerns us.
type crate struct {
	dir  string
	name string
	sdk  string // the directory of sdk/rust; "" if Cargo.toml doesn't say
}

// The targets of rustc that contracts are built for: the first has exactly the instructions that chains accept, and comes
// with rustc 1.84; the second is what build.sh of the SDK narrows down, with any rustc.
const (
	cargoTarget  = "wasm32v1-none"
	scriptTarget = "wasm32-unknown-unknown"
)

// buildRust builds the crate in dir, with cargo if it can, else with the script of the SDK, which needs no cargo.
func buildRust(ctx context.Context, dir string) (code []byte, name string, err error) {
	c, err := readCrate(dir)
	if err != nil {
		return nil, "", err
	}
	if cargo, err := exec.LookPath("cargo"); err == nil && hasTarget(ctx, "rustc", cargoTarget) {
		code, err := c.byCargo(ctx, cargo)
		return code, c.name, err
	}
	if rustc := c.scriptCompiler(ctx); rustc != "" {
		code, err := c.byScript(ctx, rustc)
		return code, c.name, err
	}
	return nil, "", failed("no_compiler", "no Rust compiler was found that makes WebAssembly (target %s, or %s with wasm-ld)", cargoTarget, scriptTarget).
		do("install Rust from rustup.rs and run: rustup target add %s, or on Debian: apt install rustc libstd-rust-dev-wasm32 lld", cargoTarget)
}

// readCrate reads a Cargo.toml.
func readCrate(dir string) (*crate, error) {
	file := filepath.Join(dir, "Cargo.toml")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, failed("no_source", "%s: %v", file, innermost(err)).do("name the directory of a Rust crate")
	}
	var says struct {
		Package      struct{ Name string }
		Dependencies map[string]any
	}
	if err := toml.Unmarshal(text, &says); err != nil {
		return nil, failed("not_built", "%s: %v", file, err).do("mend it")
	}
	if says.Package.Name == "" {
		return nil, failed("not_built", "%s names no package", file).do("write: [package], and below it: name = \"…\"")
	}
	c := &crate{dir: dir, name: says.Package.Name}
	if sdk, ok := says.Dependencies["thinkey"].(map[string]any); ok {
		if path, ok := sdk["path"].(string); ok {
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			c.sdk = path
		}
	}
	return c, nil
}

// hasTarget says whether a rustc has the libraries of a target.
func hasTarget(ctx context.Context, rustc, target string) bool {
	where, err := exec.CommandContext(ctx, rustc, "--print", "target-libdir", "--target", target).Output()
	if err != nil {
		return false
	}
	core, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(where)), "libcore-*.rlib"))
	return err == nil && len(core) > 0
}

// byCargo builds with cargo. A contract's dependencies are in directories or in cargo's cache: nothing is downloaded.
func (c *crate) byCargo(ctx context.Context, cargo string) ([]byte, error) {
	target := filepath.Join(c.dir, "target")
	cmd := exec.CommandContext(ctx, cargo, "build", "--release", "--offline", "--target", cargoTarget, "--target-dir", target)
	if err := c.run(ctx, cmd); err != nil {
		return nil, err
	}
	return c.finish(filepath.Join(target, cargoTarget, "release", strings.ReplaceAll(c.name, "-", "_")+".wasm"))
}

// scriptCompiler finds a rustc that build.sh of the SDK can use; "" if there is none.
func (c *crate) scriptCompiler(ctx context.Context) string {
	if _, err := exec.LookPath("wasm-ld"); err != nil && os.Getenv("WASM_LD") == "" {
		return ""
	}
	for _, rustc := range []string{os.Getenv("RUSTC"), "rustc", "/usr/bin/rustc"} {
		if rustc != "" && hasTarget(ctx, rustc, scriptTarget) {
			return rustc
		}
	}
	return ""
}

// byScript builds with build.sh of the SDK, which leaves its module in the directory that it is given: here one that shows
// what is in the contract's.
func (c *crate) byScript(ctx context.Context, rustc string) ([]byte, error) {
	script := filepath.Join(c.sdk, "build.sh")
	if _, err := os.Stat(script); c.sdk == "" || err != nil {
		return nil, failed("no_sdk", "%s does not say where the SDK is", filepath.Join(c.dir, "Cargo.toml")).
			do("write under [dependencies]: thinkey = { path = \"…/sdk/rust\" }")
	}
	view, err := os.MkdirTemp("", "thinkey-build-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(view) }()
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), ".wasm") {
			continue // the script writes them
		}
		if err := os.Symlink(filepath.Join(c.dir, e.Name()), filepath.Join(view, e.Name())); err != nil {
			return nil, err
		}
	}
	cmd := exec.CommandContext(ctx, "sh", script, view)
	cmd.Env = append(os.Environ(), "RUSTC="+rustc)
	if err := c.run(ctx, cmd); err != nil {
		return nil, err
	}
	return c.finish(filepath.Join(view, c.name+".wasm"))
}

// run runs a compiler in the crate's directory. What it said is better than its error.
func (c *crate) run(ctx context.Context, cmd *exec.Cmd) error {
	cmd.Dir = c.dir
	said, err := cmd.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	var ended *exec.ExitError
	if !errors.As(err, &ended) {
		return unbuilt(err)
	}
	return failed("not_built", "contract in %s does not compile:\n%s", c.dir, bytes.TrimSpace(said))
}

// finish makes what the compiler made what is published.
func (c *crate) finish(file string) ([]byte, error) {
	code, err := readLarge(file)
	if err != nil {
		return nil, fmt.Errorf("the compiler made no %s: %w", filepath.Base(file), err)
	}
	if code, _, err = builder.Finish(code); err != nil {
		return nil, unbuilt(err)
	}
	return code, nil
}
