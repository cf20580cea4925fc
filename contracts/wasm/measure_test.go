package wasm_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/sdk/chain"
)

// asked is what a module says to questions, in a variant.
func asked(t *testing.T, binary []byte, v wasm.Variant, questions []exec.Question) (all []exec.Answer) {
	t.Helper()
	e, err := wasm.OpenVariant(wasm.Config{Source: func(chain.CodeHash) ([]byte, error) { return binary, nil }}, v)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	c := &exec.Context{Chain: chain.Main, Height: 10, Params: chain.DefaultParams(), Programs: native.Programs{Codes: e}}
	for _, q := range questions {
		a, err := exec.Query(c, bob, chain.Account{Nonce: 1, Code: sha256.Sum256(binary)}, cellar{}, q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

// Code in every variant computes the same. It is charged the same with marks and without, and next to nothing if it doesn't count.
func TestVariants(t *testing.T) {
	rust, err := os.ReadFile(rustSampler)
	if err != nil {
		t.Fatal(err)
	}
	for name, binary := range map[string][]byte{"rust": rust, "go": buildGo(t, "testdata/work")} {
		t.Run(name, func(t *testing.T) {
			var questions []exec.Question
			for kind := range uint32(5) { // there are four
				questions = append(questions, exec.Question{Method: "work", Input: join(u32(kind), u32(3)), GasLimit: chain.MaxMessageGas})
			}
			wants := asked(t, binary, wasm.OnChain, questions)
			for _, v := range []wasm.Variant{wasm.Counted, wasm.Marked, wasm.Bare} {
				for kind, got := range asked(t, binary, v, questions) {
					want := wants[kind]
					if refused := kind == 4; (want.Status == chain.StatusRefused) != refused || !refused && bytes.Equal(want.Output, u64(0)) {
						t.Fatalf("work %d: %+v", kind, want)
					}
					if !bytes.Equal(got.Output, want.Output) || got.Status != want.Status || got.Reason != want.Reason {
						t.Errorf("work %d in variant %d: %+v, want %+v", kind, v, got, want)
					}
					if v != wasm.Bare && got.GasUsed != want.GasUsed || v == wasm.Bare && got.GasUsed >= want.GasUsed {
						t.Errorf("work %d in variant %d takes %d gas, and %d on a chain", kind, v, got.GasUsed, want.GasUsed)
					}
				}
			}
		})
	}
}

// What Instrument makes is larger than what it was given, and can't be instrumented again.
func TestInstrument(t *testing.T) {
	rust, err := os.ReadFile(rustSampler)
	if err != nil {
		t.Fatal(err)
	}
	made, err := wasm.Instrument(rust)
	if err != nil || len(made) <= len(rust) {
		t.Errorf("%d bytes of %d, %v", len(made), len(rust), err)
	}
	if _, err := wasm.Instrument(made); err == nil {
		t.Error("an instrumented module is accepted")
	}
}
