package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	builder "github.com/thinkey/thinkey/contracts/build"
)

// The modules that steps read, in the directory of the benchmark.
const (
	tokenCode   = "token.wasm"
	auctionCode = "auctioneer.wasm"
	rustWork    = "work-rust.wasm"
	goWork      = "work-go.wasm"
)

// gather puts the modules where steps find them. What it can't build for want of Go it says in skipped.
func (o wasmOptions) gather(ctx context.Context) (figures map[string]float64, skipped []string, err error) {
	root, err := o.root()
	if err != nil {
		return nil, nil, err
	}
	for name, from := range map[string]string{tokenCode: "examples/token/rust/token.wasm", rustWork: "sdk/rust/sampler/sampler.wasm"} {
		code, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(from)))
		if err != nil {
			return nil, nil, err
		}
		if err := os.WriteFile(o.path(name), code, 0o600); err != nil {
			return nil, nil, err
		}
	}
	report, err := o.build(ctx, auctionCode, filepath.Join(root, "examples", "auction", "contract", "auctioneer"))
	if errors.Is(err, builder.ErrNoGo) {
		return map[string]float64{}, []string{fmt.Sprintf("all figures of contracts in Go: %v", err)}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	_, err = o.build(ctx, goWork, filepath.Join(root, "contracts", "wasm", "testdata", "work"))
	return map[string]float64{"go_auction_bytes": float64(report.Bytes), "go_auction_pages": float64(report.Pages)}, nil, err
}

func (o wasmOptions) build(ctx context.Context, name, dir string) (builder.Report, error) {
	code, report, err := builder.Go(ctx, dir)
	if err != nil {
		return report, err
	}
	return report, os.WriteFile(o.path(name), code, 0o600)
}

// root is the repository's directory.
func (o wasmOptions) root() (string, error) {
	var starts []string
	if here, err := os.Getwd(); err == nil {
		starts = append(starts, here)
	}
	if self, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(self))
	}
	if o.Repository != "" {
		starts = []string{o.Repository}
	}
	for _, dir := range starts {
		for last := ""; dir != last; last, dir = dir, filepath.Dir(dir) {
			if isSource(dir) {
				return dir, nil
			}
		}
	}
	return "", usage("the sources are in none of %q", starts).do("run it inside of the repository, or name that with --repository DIR")
}

// module is one of the modules; nil if it was left out.
func (o wasmOptions) module(name string) ([]byte, error) {
	code, err := os.ReadFile(o.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return code, err
}
