package module

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// worst are the files of about MaxBytes that are hardest on a decoder: what repeats most often, lies deepest, allocates
// most per byte, or makes each byte look at many others. any and chain are parts of the words with which Any and OnChain
// refuse them; "" is accepted.
var worst = []struct {
	name       string
	build      func(n int) []byte // of about n bytes
	any, chain string
}{
	{"plain code", func(n int) []byte {
		return functions(n, 1000, code(OpLocalGet, 0, OpI32Const, 1, OpI32Add, OpLocalSet, 0))
	}, "", `no export "memory"`},
	{"loads and stores", func(n int) []byte {
		return functions(n, 1000, code(OpLocalGet, 0, OpLocalGet, 0, OpI32Load, 2, 0, OpI32Store, 2, 4))
	}, "", `no export "memory"`},
	{"nested blocks", func(n int) []byte {
		return body(code(times(n/3, code(OpBlock, BlockNone)), times(n/3, code(OpEnd))))
	}, "", "a body of"},
	{"nested ifs with results", func(n int) []byte {
		return body(code(times(n/8, code(OpI32Const, 0, OpIf, I32)), code(OpI32Const, 0), times(n/8, code(OpElse, OpI32Const, 0, OpEnd)), OpDrop))
	}, "", "a body of"},
	{"blocks one behind the other", func(n int) []byte { return body(times(n/3, code(OpLoop, BlockNone, OpEnd))) }, "", "a body of"},
	{"operands", func(n int) []byte { return body(code(times(n/3, code(OpI32Const, 0)), times(n/3, code(OpDrop)))) }, "", "a body of"},
	{"branches out of nested blocks", func(n int) []byte {
		return body(code(times(1000, code(OpBlock, BlockNone)), times(n/5, code(OpI32Const, 0, OpBrIf, 0x80, 7)), times(1000, code(OpEnd))))
	}, "", "a body of"},
	{"one br_table", func(n int) []byte {
		return body(code(OpI32Const, 0, OpBrTable, AppendU32(nil, uint32(n)), make([]byte, n+1)))
	}, "", "a body of"},
	{"br_tables in dead code", func(n int) []byte {
		return body(code(OpUnreachable, times(n/103, code(OpBrTable, 100, make([]byte, 101)))))
	}, "", "a body of"},
	{"runs of locals", func(n int) []byte { return one([]Locals(slices.Repeat([]Locals{{1, I32}, {1, I64}}, n/4)), nil) }, "", "1025 locals"},
	{"empty runs of locals", func(n int) []byte {
		runs := append(slices.Repeat([]Locals{{0, I32}, {0, I64}}, n/8), Locals{1, I32})
		return one(append(runs, slices.Repeat([]Locals{{0, I32}}, n/8)...), times(n/10, code(OpLocalGet, 0, OpDrop)))
	}, "", "a body of"},
	{"locals at the end of many runs", func(n int) []byte {
		last := uint32(n / 8 * 3)
		return one(slices.Repeat([]Locals{{1, I32}, {2, I64}}, n/8), times(n/12, code(OpLocalGet, AppendU32(nil, last-1), OpDrop)))
	}, "", "1026 locals"},
	{"50000 locals in each function", func(n int) []byte {
		return many(n/14, Body{Locals: []Locals{{50000, I32}}, Code: code(OpLocalGet, AppendU32(nil, 49999), OpDrop, OpEnd)})
	}, "", "functions (limit 16384)"},
	{"four billion locals", func(n int) []byte {
		return one([]Locals{{1<<32 - 1, I64}}, times(n/7, code(OpLocalGet, AppendU32(nil, 1<<32-2), OpDrop)))
	}, "", "4294967295 locals"},
	{"functions of nothing", func(n int) []byte { return many(n/4, Body{Code: code(OpEnd)}) }, "", "functions (limit 16384)"},
	{"calls of a wide type in dead code", func(n int) []byte {
		m := &Module{Types: []FuncType{{Params: slices.Repeat([]ValueType{I32}, n/2)}, {}}, Funcs: []uint32{0, 1}}
		m.Bodies = []Body{{Code: code(OpEnd)}, {Code: code(OpUnreachable, times(n/4, code(OpCall, 0)), OpEnd)}}
		return m.Encode()
	}, "", "parameters (limit 64)"},
	{"functions of a wide type", func(n int) []byte {
		m := &Module{Types: []FuncType{{Params: slices.Repeat([]ValueType{I32}, n/2)}}, Funcs: make([]uint32, n/18)}
		m.Bodies = slices.Repeat([]Body{{Code: code(OpLocalGet, AppendU32(nil, uint32(n/2-1)), OpDrop, OpEnd)}}, n/18)
		return m.Encode()
	}, "", "parameters (limit 64)"},
	{"types", func(n int) []byte { return (&Module{Types: make([]FuncType, n/3)}).Encode() }, "", "types (limit 1024)"},
	{"types with parameters", func(n int) []byte {
		return (&Module{Types: slices.Repeat([]FuncType{{Params: []ValueType{I32}, Results: []ValueType{I64}}}, n/5)}).Encode()
	}, "", "types (limit 1024)"},
	{"imports", func(n int) []byte {
		return (&Module{Types: []FuncType{{}}, Imports: slices.Repeat([]Import{{Module: "m"}}, n/5)}).Encode()
	}, "", "imports (limit 128)"},
	{"imports called", func(n int) []byte {
		m := &Module{Types: []FuncType{{}}, Imports: slices.Repeat([]Import{{Module: "m"}}, n/10), Funcs: []uint32{0}}
		m.Bodies = []Body{{Code: code(times(n/8, code(OpCall, AppendU32(nil, uint32(n/10-1)))), OpEnd)}}
		return m.Encode()
	}, "", "imports (limit 128)"},
	{"exports", func(n int) []byte {
		m := &Module{Globals: []Global{{GlobalType{I32, false}, zeroI32}}}
		for i := range n / 9 {
			m.Exports = append(m.Exports, Export{fmt.Sprintf("%06x", i), ExternGlobal, 0})
		}
		return m.Encode()
	}, "", "exports (limit 64)"},
	{"globals", func(n int) []byte {
		return (&Module{Globals: slices.Repeat([]Global{{GlobalType{I32, true}, zeroI32}}, n/5)}).Encode()
	}, "", "globals (limit 256)"},
	{"long name of an import", func(n int) []byte {
		return (&Module{Types: []FuncType{{}}, Imports: []Import{{Module: strings.Repeat("é", n/2)}}}).Encode()
	}, "", "bytes (limit 256)"},
	{"data segments", func(n int) []byte { return (&Module{Data: slices.Repeat([]Data{{Mode: Passive}}, n/2)}).Encode() }, "", "data segments (limit 65536)"},
	{"active data segments", func(n int) []byte {
		return (&Module{Memories: []Limits{{}}, Data: slices.Repeat([]Data{{Offset: zeroI32}}, n/5)}).Encode()
	}, "", "data segments (limit 65536)"},
	{"one data segment", func(n int) []byte { return (&Module{Data: []Data{{Mode: Passive, Bytes: make([]byte, n)}}}).Encode() }, "", "there is no memory"},
	{"element segments", func(n int) []byte {
		return (&Module{Elements: slices.Repeat([]Element{{Mode: Passive}}, n/3)}).Encode()
	}, "", "element segments (limit 256)"},
	{"references", func(n int) []byte {
		return (&Module{Elements: []Element{{Mode: Passive, Funcs: make([]uint32, n)}}}).Encode()
	}, "names function 0", "references in element segments (limit 16384)"},
	{"references as expressions", func(n int) []byte {
		return (&Module{Elements: []Element{{Mode: Passive, Exprs: slices.Repeat([][]byte{code(OpRefNull, Funcref, OpEnd)}, n/3)}}}).Encode()
	}, "", "references in element segments (limit 16384)"},
	{"long constant expression", func(n int) []byte {
		return (&Module{Globals: []Global{{GlobalType{I32, true}, code(times(n/2, code(OpI32Const, 0)), OpEnd)}}}).Encode()
	}, "extended constants", "extended constants"},
	{"custom sections", func(n int) []byte { return (&Module{Customs: make([]Custom, n/3)}).Encode() }, "", "custom sections of"},
	{"name section", func(n int) []byte {
		c := code(1, AppendU32(nil, uint32(n+4)), AppendU32(nil, uint32(n/3)|1<<21), make([]byte, n/3*3))
		return (&Module{Customs: []Custom{{"name", c}}}).Encode()
	}, "the name section is malformed", "custom sections of"},
	{"name section of a refused function", func(n int) []byte {
		m, _ := Decode(body(code(OpDrop)))
		c := code(AppendU32(nil, uint32(n/3)), times(n/3, code(9, 1, 'x')))
		m.Customs = []Custom{{"name", code(1, AppendU32(nil, uint32(len(c))), c)}}
		return m.Encode()
	}, "drop: takes an operand", "custom sections of"},
	{"refused at the end", func(n int) []byte { return body(code(times(n/3, code(OpI32Const, 0, OpDrop)), OpDrop)) }, "drop: takes an operand", "a body of"},
	{"sections of nothing announced large", func(n int) []byte { return code([]byte(header), 1, 5, 0xff, 0xff, 0xff, 0x7f, 0) }, "268435455 types announced", "types (limit 1024)"},
}

// one is a module of one function.
func one(locals []Locals, c []byte) []byte {
	return (&Module{Types: []FuncType{{}}, Funcs: []uint32{0}, Bodies: []Body{{Locals: locals, Code: append(c, byte(OpEnd))}}}).Encode()
}

func body(c []byte) []byte { return one(nil, c) }

// many is a module of n equal functions.
func many(n int, b Body) []byte {
	return (&Module{Types: []FuncType{{}}, Funcs: make([]uint32, n), Bodies: slices.Repeat([]Body{b}, n)}).Encode()
}

// functions is about n bytes of functions with a local, each of size bytes.
func functions(n, size int, c []byte) []byte {
	m := &Module{Types: []FuncType{{}}, Funcs: make([]uint32, n/(size+8)), Memories: []Limits{{Min: 1}}}
	m.Bodies = slices.Repeat([]Body{{Locals: []Locals{{1, I32}}, Code: code(times(size/len(c), c), OpEnd)}}, n/(size+8))
	return m.Encode()
}

// TestWorst takes smaller files than MaxBytes: time and memory are for the benchmark.
func TestWorst(t *testing.T) {
	for _, w := range worst {
		b := w.build(MaxBytes / 8)
		for _, c := range []struct {
			name string
			p    Policy
			want string
		}{{"Any", Any(), w.any}, {"OnChain", chain(), w.chain}} {
			_, _, err := Check(b, c.p)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%s (%d bytes): %s: %v", w.name, len(b), c.name, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%s (%d bytes): %s: %v, want %q", w.name, len(b), c.name, err, c.want)
			case err != nil && len(err.Error()) > 1000:
				t.Errorf("%s: %s: refused in %d bytes", w.name, c.name, len(err.Error()))
			}
		}
	}
}

// BenchmarkWorst prints ns and bytes allocated per byte of each worst file, without a policy's limits to stop it.
func BenchmarkWorst(b *testing.B) {
	for _, w := range worst {
		file := w.build(MaxBytes)
		b.Run(strings.ReplaceAll(w.name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = Check(file, Any())
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(file)), "ns/byte")
		})
	}
}
