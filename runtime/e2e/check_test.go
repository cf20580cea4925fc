package e2e

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
)

// What `thinkey check` may take for any file of up to module.MaxBytes.
const (
	mostCPU    = 2 * time.Second
	mostMemory = 512 << 20
)

// hard is a file that is hard to judge: as large as may be, or as one of the limits lets it be. Those that are accepted go
// through everything: decoding, validating, instrumenting.
type hard struct {
	name   string
	file   func() []byte
	reason string // part of it; "" if it is accepted
}

var hardFiles = []hard{
	{"blocks in blocks", func() []byte { return filled(0, inNests(1000, nil)) }, ""},
	{"loops in loops", func() []byte {
		return filled(0, slices.Concat(slices.Repeat([]byte{op(module.OpLoop), byte(module.BlockNone)}, 500), slices.Repeat([]byte{op(module.OpEnd)}, 500)))
	}, ""},
	{"loops of nothing", func() []byte {
		return filled(0, times(1000, op(module.OpLoop), byte(module.BlockNone), op(module.OpEnd)))
	}, ""},
	{"1000 locals in each function", func() []byte { return filled(1000, times(10, op(module.OpLocalGet), 0xe7, 7, op(module.OpDrop))) }, ""},
	{"runs of locals", func() []byte { return build(runsOfLocals(4000)) }, ""},
	{"br_tables", func() []byte { return filled(0, inNests(100, tables(8000))) }, ""},
	{"branches out of nests", func() []byte { return filled(0, inNests(1000, times(2000, i32, 0, op(module.OpBrIf), 0x80, 7))) }, ""},
	{"16,380 functions", func() []byte { return build(small(16380)) }, ""},
	{"calls", func() []byte { return filled(0, times(5000, op(module.OpCall), 0)) }, ""},
	{"square roots with changes of sign", func() []byte {
		return filled(0, slices.Concat([]byte{op(module.OpF64Const), 0, 0, 0, 0, 0, 0, 0, 0}, times(60_000, op(module.OpF64Sqrt), op(module.OpF64Neg)), []byte{op(module.OpDrop)}))
	}, "machine code"},
	{"stores to everywhere", func() []byte {
		return filled(0, times(2000, op(module.OpMemorySize), 0, op(module.OpMemorySize), 0, op(module.OpI32Store8), 0, 1))
	}, "machine code"},
	{"dead code", func() []byte { return filled(0, times(60_000, op(module.OpUnreachable))) }, ""},
	{"operands", func() []byte { return filled(0, slices.Concat(times(1000, i32, 0), times(1000, op(module.OpDrop)))) }, ""},
	{"long names", func() []byte { return build(named(module.MaxCustomBytes)) }, ""},
	{"65,536 data segments", func() []byte { return build(segments(module.MaxData, 50)) }, ""},
	{"one data segment", func() []byte { return build(segments(1, module.MaxBytes-1000)) }, ""},
	{"references", func() []byte { return build(references()) }, ""},
	{"types", func() []byte { return build(wideTypes()) }, ""},
	{"800,000 data segments", func() []byte { return build(segments(800_000, 0)) }, "data segments"},
	{"a million functions", func() []byte { return build(small(1_000_000)) }, "functions"},
	{"one function", func() []byte {
		return build(contract(module.Body{Code: append(times(4_000_000, op(module.OpNop)), op(module.OpEnd))}))
	}, "a body of"},
	{"one nest", func() []byte {
		return build(contract(module.Body{Code: append(inNests(1_300_000, nil), op(module.OpEnd))}))
	}, "a body of"},
	{"4 billion locals", func() []byte {
		return build(contract(module.Body{Locals: []module.Locals{{Count: 1<<32 - 1, Type: module.I64}}, Code: []byte{op(module.OpEnd)}}))
	}, "locals"},
	{"2 million runs of locals", func() []byte { return build(runsOfLocals(2_000_000)) }, ""},
	{"all custom", func() []byte { return build(named(module.MaxBytes - 1000)) }, "custom sections"},
	{"zeros", func() []byte { return make([]byte, module.MaxBytes) }, "WebAssembly"},
	{"random bytes", func() []byte { return randomBehind("") }, "WebAssembly"},
	{"random bytes behind a header", func() []byte { return randomBehind("\x00asm\x01\x00\x00\x00") }, "is unknown"},
}

const i32 = byte(module.OpI32Const)

func op(o module.Opcode) byte { return byte(o) }

func times(n int, code ...byte) []byte { return slices.Repeat(code, n) }

// inNests is n blocks in one another, and the code inside.
func inNests(n int, code []byte) []byte {
	return slices.Concat(times(n, op(module.OpBlock), byte(module.BlockNone)), code, times(n, op(module.OpEnd)))
}

// tables is one br_table of n labels.
func tables(n uint32) []byte {
	return slices.Concat([]byte{i32, 0, op(module.OpBrTable)}, module.AppendU32(nil, n), make([]byte, n+1))
}

// contract is the smallest contract with more bodies behind its handle. Its memory is so large that stores are marked.
func contract(bodies ...module.Body) *module.Module {
	m := &module.Module{
		Types: []module.FuncType{{}}, Memories: []module.Limits{{Min: 16}},
		Exports: []module.Export{{Name: abi.Memory, Kind: module.ExternMemory}, {Name: abi.EntryHandle}},
		Bodies:  append([]module.Body{{Code: []byte{op(module.OpEnd)}}}, bodies...),
	}
	m.Funcs = make([]uint32, len(m.Bodies))
	return m
}

func build(m *module.Module) []byte { return m.Encode() }

// filled is the contract with as many functions of the code as are accepted.
func filled(locals uint32, code []byte) []byte {
	body := module.Body{Code: append(slices.Clone(code), op(module.OpEnd))}
	if locals > 0 {
		body.Locals = []module.Locals{{Count: locals, Type: module.I64}}
	}
	p := module.OnChain()
	p.Module = abi.Module
	many := func(n int) []byte { return build(contract(slices.Repeat([]module.Body{body}, n)...)) }
	least, most := 1, min(module.MaxFuncs, module.MaxBytes/len(code))
	for least < most { // the last that is accepted
		middle := (least + most + 1) / 2
		if _, _, err := module.Check(many(middle), p); err == nil {
			least = middle
		} else {
			most = middle - 1
		}
	}
	return many(least)
}

func small(n int) *module.Module {
	return contract(slices.Repeat([]module.Body{{Code: []byte{op(module.OpEnd)}}}, n)...)
}

// runsOfLocals is functions whose n declarations hold one local each, or none: 1000 locals in every one.
func runsOfLocals(n int) *module.Module {
	locals := slices.Repeat([]module.Locals{{Count: 0, Type: module.I32}, {Count: 0, Type: module.F64}}, n/2)
	for i := range min(1000, len(locals)) {
		locals[i].Count = 1
	}
	return contract(slices.Repeat([]module.Body{{Locals: locals, Code: []byte{op(module.OpEnd)}}}, max(1, 400_000/n))...)
}

// named has n bytes of sections that only tools read, the names of functions among them.
func named(n int) *module.Module {
	m := contract()
	name := slices.Concat(module.AppendU32(nil, 100_000), make([]byte, 100_000))
	functions := slices.Concat([]byte{1, 0}, name)
	section := slices.Concat([]byte{1}, module.AppendU32(nil, uint32(len(functions))), functions)
	m.Customs = []module.Custom{{Name: "name", Bytes: section}, {Name: strings.Repeat("n", 200), Bytes: make([]byte, n-len(section)-300)}}
	return m
}

func segments(n, size int) *module.Module {
	m := contract()
	at := []byte{i32, 0, op(module.OpEnd)}
	m.Memories[0].Min = 128
	m.Data = slices.Repeat([]module.Data{{Offset: at, Bytes: make([]byte, size)}}, n)
	return m
}

func references() *module.Module {
	m := contract()
	m.Tables = []module.Limits{{Min: module.MaxTable, Max: module.MaxTable, HasMax: true}}
	m.Elements = []module.Element{{Offset: []byte{i32, 0, op(module.OpEnd)}, Funcs: make([]uint32, module.MaxReferences)}}
	return m
}

func wideTypes() *module.Module {
	m := small(16_000)
	for len(m.Types) < module.MaxTypes {
		m.Types = append(m.Types, module.FuncType{Params: slices.Repeat([]module.ValueType{module.F64}, module.MaxParams)})
	}
	for i := 1; i < len(m.Funcs); i++ {
		m.Funcs[i] = uint32(1 + i%(len(m.Types)-1))
	}
	return m
}

func randomBehind(header string) []byte {
	b := make([]byte, module.MaxBytes)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	copy(b, header)
	return b
}

// Any file is judged in bounded time and memory. Time is that of the processor, which others' work changes least.
func TestCheckWorst(t *testing.T) {
	if testing.Short() {
		t.Skip("large files")
	}
	path := filepath.Join(t.TempDir(), "hard.wasm")
	for _, h := range hardFiles {
		file := h.file()
		if len(file) > module.MaxBytes {
			t.Errorf("%s: %d bytes are more than any module may have", h.name, len(file))
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(filepath.Join(bin, "thinkey"), "check", path, "--json")
		cmd.Dir = t.TempDir()
		out, err := cmd.Output()
		var said struct {
			Accepted     bool
			Reason       string
			Instrumented int `json:"bytes_instrumented"`
		}
		if err := json.Unmarshal(bytes.TrimSpace(out), &said); err != nil {
			t.Fatalf("%s: %q: %v", h.name, out, err)
		}
		if said.Accepted != (h.reason == "") || said.Accepted != (err == nil) || !strings.Contains(said.Reason, h.reason) {
			t.Errorf("%s: accepted %t, %s, error %v", h.name, said.Accepted, said.Reason, err)
		}
		cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		memory := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
		t.Logf("%-35s %5d KB, %6d as it runs: %4d ms, %3d MB", h.name, len(file)>>10, said.Instrumented>>10, cpu.Milliseconds(), memory>>20)
		if cpu > mostCPU || memory > mostMemory {
			t.Errorf("%s: %v of CPU and %d bytes of memory; at most %v and %d", h.name, cpu, memory, mostCPU, mostMemory)
		}
	}
}
