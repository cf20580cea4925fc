package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// tinyBench runs the benchmark of contracts in this process, as small as can be.
func tinyBench(t *testing.T, asJSON bool) (out, warned string) {
	t.Helper()
	o := wasmOptions{Holders: 3, Transfers: 20, Calls: 40, Rounds: 1, WorkMillis: 1, Dir: t.TempDir()}
	var to, warn bytes.Buffer
	here := func(_ context.Context, o wasmOptions, step string) ([]byte, error) {
		answer, err := o.stepHere(step)
		if err != nil {
			return nil, err
		}
		return json.Marshal(answer)
	}
	if err := runWasmBench(t.Context(), o, wasmOutput{benchOutput{&to, asJSON}, &warn, here}); err != nil {
		t.Fatal(err)
	}
	return to.String(), warn.String()
}

// promised are the keys that programs read.
var promised = []string{
	"rust_token_call_cpu_us", "go_auction_call_cpu_us", "signed_token_transfer_cpu_us", "metering_ratio_rust", "metering_ratio_go",
	"instrument_ns_per_byte", "publish_ms_100kb", "cached_load_ms",
}

// Every figure is found, and each that is promised has a target.
func TestBenchWasm(t *testing.T) {
	if testing.Short() {
		t.Skip("builds contracts in Go; run without -short")
	}
	out, warned := tinyBench(t, true)
	var result map[string]float64
	if err := json.Unmarshal([]byte(out), &result); err != nil || warned != "" {
		t.Fatalf("%q, %q: %v", out, warned, err)
	}
	for _, f := range wasmFigures {
		if v, ok := result[f.key]; !ok || v < 0 || v == 0 && f.target > 0 {
			t.Errorf("%s is %g, there: %t", f.key, v, ok)
		}
		if promise := slices.Contains(promised, f.key); promise != (f.target > 0) {
			t.Errorf("%s: promised is %t, its target %g", f.key, promise, f.target)
		}
	}
	for _, key := range promised {
		if _, ok := result[key]; !ok {
			t.Errorf("%s is missing", key)
		}
	}
}

// Without Go what needs it is left out, and said to be.
func TestBenchWasmWithoutGo(t *testing.T) {
	t.Setenv("PATH", "")
	out, warned := tinyBench(t, false)
	if !strings.Contains(out, "a signed transfer") || !strings.Contains(out, "≤ 70") || strings.Contains(out, "auctioneer") {
		t.Errorf("it says %q", out)
	}
	if !strings.HasPrefix(warned, "left out: all figures of contracts in Go: the go command was not found") {
		t.Errorf("it warns %q", warned)
	}
}

// The modules come from a repository of this project, wherever in it the program is started.
func TestBenchWasmRepository(t *testing.T) {
	if dir, err := (wasmOptions{}).root(); err != nil {
		t.Error(err)
	} else if _, err := os.Stat(dir + "/examples/token/rust/token.wasm"); err != nil {
		t.Error(err)
	}
	a := run(t, t.TempDir(), "bench", "wasm", "--repository", t.TempDir())
	if a.code != exitUsage || !strings.Contains(a.err, "--repository DIR") {
		t.Errorf("%+v", a)
	}
	if a := run(t, t.TempDir(), "bench", "wasm", "--holders", "1"); a.code != exitUsage || !strings.Contains(a.err, "a number from 2 to 100000") {
		t.Errorf("%+v", a)
	}
}
