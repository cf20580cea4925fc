package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// buildFlags make the output depend on the sources and the toolchain alone. What -trimpath leaves is the list of modules in
// runtime.modinfo, with the directory of each that is replaced by one, as the SDK is: that is set to nothing.
var buildFlags = []string{"-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid= -X=runtime.modinfo="}

// ErrNoGo is a machine without a Go toolchain.
var ErrNoGo = errors.New("the go command was not found; install Go 1.26 or later from go.dev/dl and put its bin directory on the PATH")

// compile runs go build in dir.
func compile(ctx context.Context, dir string) ([]byte, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("contract in %s: %w; name the directory of a Go package", dir, err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("contract in %s: not a directory; name the directory of a Go package, not a file", dir)
	}
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return nil, ErrNoGo
	}
	out, err := os.MkdirTemp("", "thinkey-build-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(out) }()
	if err := checkMain(ctx, goCommand, dir); err != nil {
		return nil, err
	}
	file := filepath.Join(out, "contract.wasm")
	if said, err := run(ctx, goCommand, dir, append(append([]string{"build"}, buildFlags...), "-o", file, ".")...); ctx.Err() != nil {
		return nil, ctx.Err()
	} else if err != nil {
		return nil, fmt.Errorf("contract in %s does not compile:\n%s", dir, said)
	}
	return os.ReadFile(file)
}

// checkMain sees to it that there is a program to build: go build compiles other packages too, and writes nothing.
func checkMain(ctx context.Context, goCommand, dir string) error {
	said, err := run(ctx, goCommand, dir, "list", "-f", "{{.Name}}", ".")
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && strings.Contains(said, "no Go files"):
		return fmt.Errorf("contract in %s: there are no Go files; name the directory of a Go package", dir)
	case err != nil:
		return fmt.Errorf("contract in %s: %s", dir, said)
	case said != "main":
		return fmt.Errorf("contract in %s: the package is called %s; a contract is a package main, with an empty func main%s", dir, said, mainsBelow(ctx, goCommand, dir))
	}
	return nil
}

// mainsBelow names the contracts in directories below, for who is in the wrong one; "" if there are none.
func mainsBelow(ctx context.Context, goCommand, dir string) string {
	said, err := run(ctx, goCommand, dir, "list", "-f", `{{if eq .Name "main"}}{{.Dir}}{{end}}`, "./...")
	if err != nil {
		return ""
	}
	var names []string
	for _, path := range strings.Fields(said) {
		if name, err := filepath.Rel(dir, path); err == nil {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; name the directory of one: " + strings.Join(names, ", ")
}

// run runs the go command for the platform of contracts. What it said is better than its error.
func run(ctx context.Context, goCommand, dir string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, goCommand, args...)
	c.Dir = dir
	c.Env = append(slices.DeleteFunc(os.Environ(), changesOutput), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "GOWASM=", "GOEXPERIMENT=", "CGO_ENABLED=0")
	said, err := c.CombinedOutput()
	return strings.TrimSpace(string(said)), err
}

// changesOutput says whether a variable of the environment would change what is built.
func changesOutput(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return slices.Contains([]string{"GOOS", "GOARCH", "GOFLAGS", "GOWASM", "GOEXPERIMENT", "GODEBUG", "CGO_ENABLED"}, name)
}
