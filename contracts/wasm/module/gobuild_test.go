package module

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// goProgram pulls in the packages that make stock Go's modules largest.
const goProgram = `package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"sort"
	"strings"
)

var seen = map[string]int{}

//go:wasmexport handle
func handle() {
	seen["a"]++
	x := big.NewInt(5)
	x.Exp(x, big.NewInt(100), nil)
	h := sha256.Sum256([]byte(strings.Repeat("x", 10)))
	s := []string{"b", x.String()}
	sort.Strings(s)
	b, _ := json.Marshal(s)
	fmt.Println(string(b), h, errors.New("x"), seen)
}

func main() {}
`

// TestStockGo: what the stock toolchain compiles is valid and within every limit of the chain, before anything is done
// about its imports, exports and data segments.
func TestStockGo(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"main.go": goProgram, "go.mod": "module program\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", "program.wasm", ".")
	build.Dir, build.Env = dir, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("no toolchain to build with: %v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "program.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	p := OnChain()
	p.Open = true
	m, facts, err := Check(b, p)
	if err != nil {
		t.Fatal(err)
	}
	var most FunctionFacts
	var complexity uint64
	for _, f := range facts.Functions {
		most.Locals, most.Stack = max(most.Locals, f.Locals), max(most.Stack, f.Stack)
		most.Blocks, most.Labels = max(most.Blocks, f.Blocks), max(most.Labels, f.Labels)
		most.Nesting, most.Instructions = max(most.Nesting, f.Nesting), max(most.Instructions, f.Instructions)
		most.Entries, most.Loops = max(most.Entries, f.Entries), max(most.Loops, f.Loops)
		most.Work = max(most.Work, f.Work)
		complexity = max(complexity, f.Complexity())
	}
	t.Logf("%d bytes, %d functions, %d data segments; most of a function %+v; complexity %d, of a function %d",
		len(b), len(m.Funcs), len(m.Data), most, facts.Complexity, complexity)
	if facts.Complexity*10/9 > MaxComplexity || complexity*2 > MaxFuncComplexity || most.Nesting*3/2 > MaxNesting {
		t.Error("stock Go is close to a limit: raise it, or its users will meet it")
	}
}

// BenchmarkStockGo prints ns per byte of a module given by the environment variable WASM.
func BenchmarkStockGo(b *testing.B) {
	file, err := os.ReadFile(os.Getenv("WASM"))
	if err != nil {
		b.Skip("WASM names no module")
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Check(file, Any()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(file)), "ns/byte")
}
