package module

import (
	"slices"
	"strings"
	"testing"
)

// broken is a change to a module and the exact words with which it is then refused.
type broken struct {
	name   string
	change func(m *Module)
	want   string
}

// structures are changes to the sample that break a rule of the format.
var structures = []broken{
	{"nothing", func(m *Module) {}, ""},
	{"type of an import", func(m *Module) { m.Imports[0].Type = 3 }, "in function 0: its type 3 is unknown (the module has 3)"},
	{"type of a function", func(m *Module) { m.Funcs[1] = 3 }, "in function 2: its type 3 is unknown (the module has 3)"},
	{"import of no module", func(m *Module) { m.Imports[0].Module = "" }, `the import "log" has no module's name`},
	{"second table", func(m *Module) { m.Tables = append(m.Tables, Limits{}) }, "2 tables: at most one is accepted (reference types); " + noReferences},
	{"imported table", func(m *Module) { m.Imports = append(m.Imports, Import{Module: "m", Kind: ExternTable}) }, "2 tables: at most one is accepted (reference types); " + noReferences},
	{"second memory", func(m *Module) { m.Memories = append(m.Memories, Limits{}) }, "2 memories: at most one is accepted; " + noMemories},
	{"imported memory", func(m *Module) { m.Imports = append(m.Imports, Import{Module: "m", Kind: ExternMemory}) }, "2 memories: at most one is accepted; " + noMemories},
	{"size of the table", func(m *Module) { m.Tables[0].Max = 1 }, "a table of 2 elements is larger than its largest size of 1"},
	{"large table", func(m *Module) { m.Tables[0] = Limits{Min: 1<<27 + 1} }, "a table of 134217729 elements (limit 134217728)"},
	{"size of the memory", func(m *Module) { m.Memories[0] = Limits{2, 1, true} }, "a memory of 2 pages is larger than its largest size of 1; " + smallMemory},
	{"large memory", func(m *Module) { m.Memories[0] = Limits{Min: 65537} }, "a memory of 65537 pages (limit 65536); " + smallMemory},
	{"memory that may grow large", func(m *Module) { m.Memories[0] = Limits{1, 65537, true} }, "a memory that may grow to 65537 pages (limit 65536); " + smallMemory},
	{"type of a global's value", func(m *Module) { m.Globals[0].Type = I64 }, "global 1: a constant expression has the type i32, not i64"},
	{"own global as a value", func(m *Module) { m.Globals[1] = Global{GlobalType{I32, true}, code(OpGlobalGet, 1, OpEnd)} }, "global 2: a constant expression takes global 1, which is not imported (1 are)"},
	{"changing global as a value", func(m *Module) {
		m.Imports[1].Global.Mutable = true
		m.Data = m.Data[:2]
		*m.DataCount = 2
		m.Globals[0].Init = code(OpGlobalGet, 0, OpEnd)
	}, "global 1: a constant expression takes global 0, which can change"},
	{"empty value", func(m *Module) { m.Globals[0].Init = code(OpEnd) }, "global 1: end: is not accepted in a constant expression"},
	{"two values", func(m *Module) { m.Globals[0].Init = code(OpI32Const, 0, OpI32Const, 0, OpEnd) }, "global 1: i32.const: is not accepted in a constant expression, which is one constant (extended constants); " + noExtended},
	{"computed value", func(m *Module) { m.Globals[0].Init = code(OpI32Const, 0, OpI32Const, 0, OpI32Add, OpEnd) }, "global 1: i32.const: is not accepted in a constant expression, which is one constant (extended constants); " + noExtended},
	{"call as a value", func(m *Module) { m.Globals[0].Init = code(OpCall, 0, OpEnd) }, "global 1: call: is not accepted in a constant expression"},
	{"reference as a value", func(m *Module) { m.Globals[0].Init = code(OpRefFunc, 0, OpEnd) }, "global 1: a constant expression has the type funcref, not i32"},
	{"export twice", func(m *Module) { m.Exports[2].Name = "handle" }, `two exports have the name "handle"`},
	{"export of no function", func(m *Module) { m.Exports[1].Index = 3 }, `the export "handle" is function 3, which does not exist (there are 3)`},
	{"export of no memory", func(m *Module) { m.Exports[0].Index = 1 }, `the export "memory" is memory 1, which does not exist (there are 1)`},
	{"export of no table", func(m *Module) { m.Exports[0] = Export{"t", ExternTable, 1} }, `the export "t" is table 1, which does not exist (there are 1)`},
	{"export of no global", func(m *Module) { m.Exports[0] = Export{"g", ExternGlobal, 3} }, `the export "g" is global 3, which does not exist (there are 3)`},
	{"start of no function", func(m *Module) { *m.Start = 3 }, "the start function 3 does not exist (there are 3)"},
	{"start with parameters", func(m *Module) { *m.Start = 2 }, "the start function 2 has the type (i32, i64) -> (i32), not () -> ()"},
	{"element of no function", func(m *Module) { m.Elements[0].Funcs[1] = 3 }, "element segment 0: names function 3, which does not exist (there are 3)"},
	{"element of no function", func(m *Module) { m.Elements[1].Exprs[0][1] = 3 }, "element segment 1: names function 3, which does not exist (there are 3)"},
	{"element of no reference", func(m *Module) { m.Elements[1].Exprs[0] = zeroI32 }, "element segment 1: a constant expression has the type i32, not funcref"},
	{"declared of no function", func(m *Module) { m.Elements[2].Funcs[0] = 3 }, "element segment 2: names function 3, which does not exist (there are 3)"},
	{"element's offset", func(m *Module) { m.Elements[0].Offset = code(OpI64Const, 0, OpEnd) }, "element segment 0: a constant expression has the type i64, not i32"},
	{"element for no table", func(m *Module) { m.Elements[0].Table = 1 }, "element segment 0: is for table 1, which does not exist (there are 1)"},
	{"element behind the table", func(m *Module) { m.Elements[0].Offset = code(OpI32Const, 1, OpEnd) }, "element segment 0: reaches element 3 of a table of 2"},
	{"element before the table", func(m *Module) { m.Elements[0].Offset = code(OpI32Const, 0x7f, OpEnd) }, "element segment 0: reaches element 4294967297 of a table of 2"},
	{"data's offset", func(m *Module) { m.Data[0].Offset = code(OpF32Const, 0, 0, 0, 0, OpEnd) }, "data segment 0: a constant expression has the type f32, not i32"},
	{"data's offset from a global", func(m *Module) { m.Imports[1].Global.Type = I64 }, "data segment 2: a constant expression has the type i64, not i32"},
	{"data without memory", func(m *Module) { m.Memories, m.Exports = nil, nil }, "data segment 0: is for memory 0, but there is no memory"},
	{"data count", func(m *Module) { *m.DataCount = 2 }, "the data count section says 2 segments, but there are 3"},
	{"names twice", func(m *Module) { m.Customs[1].Name = "name" }, "there are two name sections; strip names: wasm-ld --strip-all, rustc -C strip=symbols"},
	{"names cut short", func(m *Module) { m.Customs[0].Bytes = m.Customs[0].Bytes[:6] }, "the name section is malformed; strip names: wasm-ld --strip-all, rustc -C strip=symbols"},
	{"names that count too many", func(m *Module) { m.Customs[0].Bytes = code(1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f) }, "the name section is malformed; strip names: wasm-ld --strip-all, rustc -C strip=symbols"},
	{"local names that count too many", func(m *Module) { m.Customs[0].Bytes = code(2, 5, 1, 0, 0xff, 0xff, 3) }, "the name section is malformed; strip names: wasm-ld --strip-all, rustc -C strip=symbols"},
	{"module's name", func(m *Module) { m.Customs[0].Bytes = code(0, 2, 1, 0xff) }, "the name section is malformed; strip names: wasm-ld --strip-all, rustc -C strip=symbols"},
	{"other names", func(m *Module) { m.Customs[0].Bytes = code(9, 2, 1, 0xff) }, ""},
	{"no memory", func(m *Module) {
		m.Memories, m.Exports, m.Data, m.DataCount = nil, nil, nil, nil
		m.Bodies[0].Code = code(OpI32Const, 0, OpI32Load, 0, 0, OpDrop, OpEnd)
	}, "i32.load: there is no memory"},
	{"no memory to fill", func(m *Module) {
		m.Memories, m.Exports, m.Data, m.DataCount = nil, nil, nil, nil
		m.Bodies[0].Code = code(times(3, code(OpI32Const, 0)), OpMemoryFill, 0, OpEnd)
	}, "memory.fill: there is no memory"},
	{"no data count", func(m *Module) {
		m.DataCount = nil
		m.Bodies[0].Code = code(OpDataDrop, 0, OpEnd)
	}, "data.drop: needs a data count section"},
	{"no table", func(m *Module) {
		m.Tables, m.Elements = nil, nil
		m.Bodies[0].Code = code(OpI32Const, 0, OpCallIndirect, 0, 0, OpEnd)
	}, "call_indirect: table 0 does not exist (there are 0)"},
}

// check applies a change to a module and compares what comes of it; the place in code is cut off.
func (b broken) check(t *testing.T, m *Module, p Policy) {
	t.Helper()
	b.change(m)
	_, _, err := Check(m.Encode(), p)
	if r, ok := err.(*Refusal); ok && r.Instruction != "" && r.Function >= 0 {
		r.Function, r.Offset = -1, -1
	}
	expect(t, b.name, err, b.want)
}

func TestStructureRefused(t *testing.T) {
	for _, b := range structures {
		b.check(t, decoded(t, sample()), Any())
	}
}

// rules are changes to a contract that break a rule of the chain.
var rules = []broken{
	{"nothing", func(m *Module) {}, ""},
	{"bounce", func(m *Module) { m.Exports = append(m.Exports, Export{"bounce", ExternFunc, 1}) }, ""},
	{"memory with a largest size", func(m *Module) { m.Memories[0] = Limits{1, 256, true} }, ""},
	{"start", func(m *Module) { at := uint32(1); m.Start = &at }, "there is a start section: nothing runs but what a message asks for; do the work in handle, or remove it: `thinkey build` does"},
	{"imported global", func(m *Module) {
		m.Imports[0] = Import{Module: "thinkey_1", Name: "g", Kind: ExternGlobal, Global: GlobalType{I32, false}}
	}, `the import "thinkey_1.g" is a global: a contract imports functions alone; link without --import-memory and --import-table`},
	{"imported memory", func(m *Module) {
		m.Imports[0], m.Memories = Import{Module: "env", Name: "memory", Kind: ExternMemory, Limits: Limits{Min: 1}}, nil
	}, `the import "env.memory" is a memory: a contract imports functions alone; link without --import-memory and --import-table`},
	{"other interface", func(m *Module) { m.Imports[0].Module = "thinkey_2" }, `the import "thinkey_2.log": the interface that is understood here is "thinkey_1"; build with an SDK of that version`},
	{"WASI", func(m *Module) { m.Imports[0].Module = "wasi_snapshot_preview1" }, `the import "wasi_snapshot_preview1.log": the interface that is understood here is "thinkey_1"; there is no WASI on a chain; ` + "`thinkey build` replaces what the Go runtime takes of it"},
	{"unknown function", func(m *Module) { m.Imports[0].Name = "clock" }, `the import "thinkey_1.clock": there is no such host function; build with an SDK of the version thinkey_1`},
	{"type of a host function", func(m *Module) { m.Imports[0].Type = 0 }, `the import "thinkey_1.log" has the type () -> (), but the host function has (i32, i32) -> ()`},
	{"no memory", func(m *Module) { m.Memories, m.Data, m.DataCount, m.Exports = nil, nil, nil, m.Exports[1:] }, "there is no memory: a contract has exactly one"},
	{"large memory", func(m *Module) { m.Memories[0].Min = 257 }, "a memory of 257 pages (limit 256); link with --max-memory=16777216 and a smaller --initial-memory; a module without a largest size is fine"},
	{"memory that may grow large", func(m *Module) { m.Memories[0] = Limits{1, 257, true} }, "a memory that may grow to 257 pages (limit 256); link with --max-memory=16777216 and a smaller --initial-memory; a module without a largest size is fine"},
	{"large table", func(m *Module) { m.Tables[0].Min = 16385 }, "a table of 16385 elements (limit 16384)"},
	{"table that may grow", func(m *Module) { m.Tables[0].Max, m.Tables[0].HasMax = 1<<32-1, true }, ""},
	{"other export", func(m *Module) { m.Exports = append(m.Exports, Export{"_start", ExternFunc, 1}) }, "the export \"_start\" is not one that a contract has; remove it: `thinkey build` does"},
	{"exported global", func(m *Module) { m.Exports = append(m.Exports, Export{"__heap_base", ExternGlobal, 0}) }, "the export \"__heap_base\" is not one that a contract has; remove it: `thinkey build` does"},
	{"kind of an export", func(m *Module) { m.Exports[2].Kind, m.Exports[2].Index = ExternGlobal, 0 }, `the export "query" is a global, not a function`},
	{"type of an export", func(m *Module) { m.Exports[1].Index = 2 }, `the export "handle" has the type (i32, i64) -> (i32), not () -> ()`},
	{"no handle", func(m *Module) { m.Exports[1].Name = "bounce" }, `there is no export "handle", which every contract has; Go: //go:wasmexport handle; Rust: #[no_mangle] pub extern "C" fn handle(); C: __attribute__((export_name("handle")))`},
	{"memory not exported", func(m *Module) { m.Exports = m.Exports[1:] }, `there is no export "memory", which every contract has; link with --export-memory, which is the default`},
	{"data behind the memory", func(m *Module) { m.Data[0].Offset = code(OpI32Const, AppendI32(nil, 65534), OpEnd) }, "data segment 0: reaches byte 65537 of a memory of 1 pages (65536 bytes)"},
	{"data before the memory", func(m *Module) { m.Data[0].Offset = code(OpI32Const, 0x7f, OpEnd) }, "data segment 0: reaches byte 4294967298 of a memory of 1 pages (65536 bytes)"},
}

func TestRulesOfAContract(t *testing.T) {
	for _, b := range rules {
		b.check(t, decoded(t, contract()), chain())
	}
}

// limited are changes to a contract that break a limit of the chain, each by one.
var limited = []broken{
	{"file", func(m *Module) { m.Customs = []Custom{{"c", make([]byte, MaxBytes)}} }, "the module has 4194475 bytes (limit 4194304); " + smaller},
	{"types", func(m *Module) { m.Types = append(m.Types, make([]FuncType, MaxTypes-2)...) }, "1025 types (limit 1024)"},
	{"parameters", func(m *Module) { m.Types[0].Params = slices.Repeat([]ValueType{I32}, MaxParams+1) }, "65 parameters (limit 64)"},
	{"parameters and results", func(m *Module) {
		m.Types[1].Params = slices.Repeat([]ValueType{I32}, MaxParams)
	}, "1 results (limit 0)"},
	{"imports", func(m *Module) { m.Imports = slices.Repeat(m.Imports, MaxImports+1) }, "129 imports (limit 128)"},
	{"functions", func(m *Module) { m.Funcs = make([]uint32, MaxFuncs+1) }, "16385 functions (limit 16384)"},
	{"globals", func(m *Module) { m.Globals = slices.Repeat(m.Globals[:1], MaxGlobals+1) }, "257 globals (limit 256)"},
	{"exports", func(m *Module) { m.Exports = slices.Repeat(m.Exports, MaxExports) }, "192 exports (limit 64)"},
	{"names", func(m *Module) { m.Exports[0].Name = strings.Repeat("x", MaxNameBytes+1) }, "an export's name has 257 bytes (limit 256)"},
	{"custom sections", func(m *Module) { m.Customs = slices.Repeat([]Custom{{"c", make([]byte, MaxCustomBytes/2)}}, 2) }, "custom sections of 262152 bytes (limit 262144); strip names and debug sections: wasm-ld --strip-all, rustc -C strip=symbols"},
	{"element segments", func(m *Module) { m.Elements = slices.Repeat(m.Elements, MaxElements) }, "512 element segments (limit 256)"},
	{"references", func(m *Module) {
		m.Elements = slices.Repeat([]Element{{Mode: Passive, Funcs: make([]uint32, MaxReferences/2+1)}}, 2)
	}, "8193 references in element segments (limit 8191)"},
	{"data segments", func(m *Module) { m.Data = slices.Repeat(m.Data[1:], MaxData+1) }, "65537 data segments (limit 65536)"},
	{"body", func(m *Module) { m.Bodies[0].Code = code(times(MaxBodyBytes, code(OpNop)), OpEnd) }, "a body of 131073 bytes (limit 131072)"},
	{"locals", func(m *Module) { m.Bodies[0].Locals = []Locals{{MaxLocals, I32}, {1, I64}} }, "1025 locals (limit 1024)"},
	{"locals and parameters", func(m *Module) { m.Bodies[1].Locals = []Locals{{MaxLocals - 1, I32}} }, "1025 locals with the parameters (limit 1024); " + simpler},
	{"operands", func(m *Module) {
		m.Bodies[0].Code = code(times(MaxStack+1, code(OpI32Const, 0)), times(MaxStack+1, code(OpDrop)), OpEnd)
	}, "i32.const: more than 1024 operands on the stack"},
	{"nesting", func(m *Module) {
		m.Bodies[0].Code = code(times(MaxNesting+1, code(OpBlock, BlockNone)), times(MaxNesting+2, code(OpEnd)))
	}, "block: more than 1024 blocks within each other; " + simpler},
	{"labels", func(m *Module) {
		m.Funcs = slices.Repeat(m.Funcs[:1], 17)
		m.Bodies = slices.Repeat([]Body{{Code: code(OpI32Const, 0, OpBrTable, AppendU32(nil, MaxFuncLabels-1), make([]byte, MaxFuncLabels), OpEnd)}}, 17)
	}, "br_table: the module's br_tables have more than 131072 labels"},
	{"labels of a function", func(m *Module) {
		m.Bodies[0].Code = code(OpI32Const, 0, OpBrTable, AppendU32(nil, MaxFuncLabels), make([]byte, MaxFuncLabels+1), OpEnd)
	}, "br_table: the function's br_tables have more than 8192 labels"},
	{"complexity", func(m *Module) {
		m.Bodies[0].Code = code(times(5000, code(OpBlock, BlockNone, OpEnd)), OpEnd)
	}, "5000 blocks, 8 locals, 0 loops within each other: a complexity of 3505026 (limit 2500000); " + simpler},
	{"loops within loops", func(m *Module) {
		m.Bodies[0].Locals = []Locals{{100, I32}}
		m.Bodies[0].Code = code(times(100, code(OpLoop, BlockNone)), times(100, code(OpLocalGet, 0, OpBrIf, 0, OpEnd)), OpEnd)
	}, "200 blocks, 100 locals, 100 loops within each other: a complexity of 3260276 (limit 2500000); " + simpler},
	{"complexity of all", func(m *Module) {
		m.Funcs = slices.Repeat(m.Funcs[:1], 30)
		m.Bodies = slices.Repeat([]Body{{Code: code(times(2500, code(OpLoop, BlockNone, OpEnd)), OpEnd)}}, 30)
	}, "the module's complexity reaches 20310624 with this function (limit 20000000); " + simpler},
}

func TestLimits(t *testing.T) {
	for _, b := range limited {
		m := decoded(t, contract())
		b.change(m)
		_, _, err := Check(m.Encode(), chain())
		r, ok := err.(*Refusal)
		if !ok {
			t.Errorf("%s: %v", b.name, err)
			continue
		}
		r.Function, r.Offset, r.Name = -1, -1, ""
		expect(t, b.name, r, b.want)
	}
}

// TestLimitsWithoutCheck: a module that was decoded without limits meets them in Validate.
func TestLimitsWithoutCheck(t *testing.T) {
	for _, b := range limited {
		if b.name == "file" || b.name == "names" {
			continue // of the binary alone
		}
		m := decoded(t, contract())
		b.change(m)
		if b.name == "functions" {
			m.Bodies = slices.Repeat(m.Bodies[:1], len(m.Funcs))
		}
		if _, err := Validate(m, chain()); err == nil {
			t.Errorf("%s: accepted", b.name)
		}
	}
}

func TestFeatures(t *testing.T) {
	for _, c := range []struct {
		without Features
		change  func(m *Module)
		want    string
	}{
		{SignExtension, func(m *Module) { m.Bodies[0].Code = code(OpI32Const, 0, OpI32Extend8S, OpDrop, OpEnd) }, "i32.extend8_s: is not accepted here (sign extension)"},
		{SaturatingFloat, func(m *Module) { m.Bodies[0].Code = code(OpLocalGet, 4, OpI32TruncSatF32U, OpDrop, OpEnd) }, "i32.trunc_sat_f32_u: is not accepted here (saturating float conversion)"},
		{BulkMemory, func(m *Module) {
			m.Data, m.DataCount, m.Elements = nil, nil, nil
			m.Bodies[0].Code = code(times(3, code(OpI32Const, 0)), OpMemoryCopy, 0, 0, OpEnd)
		}, "memory.copy: is not accepted here (bulk memory)"},
		{BulkMemory, func(m *Module) {}, "element segment 1: is passive or of expressions (bulk memory)"},
		{BulkMemory, func(m *Module) { m.Elements = nil }, "there is a data count section (bulk memory)"},
		{BulkMemory, func(m *Module) { m.Elements, m.DataCount = nil, nil }, "data segment 1: is passive (bulk memory)"},
	} {
		p := Any()
		b := broken{c.want, c.change, ""}
		b.check(t, bare(), p)
		p.Features &^= c.without
		b.want = c.want
		b.check(t, bare(), p)
	}
}

func TestZeroPolicyAcceptsNothing(t *testing.T) {
	if _, _, err := Check(contract().Encode(), Policy{}); err == nil {
		t.Error("accepted")
	}
	p := OnChain()
	if _, _, err := Check(contract().Encode(), p); err == nil {
		t.Error("an import is accepted where no host says which there are")
	}
}
