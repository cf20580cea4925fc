package build

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/assert"
)

// The Go runtime takes ten functions from WASI, package os (and fmt with it) a few more, and no chain has any. The builder puts
// functions of its own in their place, that ask the host only where there is something to know: log for what is written,
// context for the time.
const wasiModule = "wasi_snapshot_preview1"

// Places in the first page, which the linker leaves free: data begins at 12 KiB.
const (
	scratch     = 4096 // of abi.ContextBytes
	firstGoData = 4096 + 8192
)

// startupMillis is what the clock shows before there is a block, and startupNanos what the clock shows always that only
// measures how long something took.
const (
	startupMillis = 1_000_000_000_000
	startupNanos  = 1_000_000_000
)

// environment is what the runtime reads when it starts: the collector runs only when memory runs short, since no image
// lives longer than one message. The limit leaves it room within module.MaxPages.
var environment = []string{"GOGC=off", "GOMEMLIMIT=11MiB", "GODEBUG=updatemaxprocs=0"}

// substitute is the function in place of one of WASI's.
type substitute struct {
	params string // i: i32, I: i64
	locals []module.Locals
	result bool // an i32: zero is success
	code   func(b *module.Code, s *substitutes)
}

// substitutes are what a substitute may refer to.
type substitutes struct {
	log, context uint32 // host functions
	running      uint32 // global: 0 while the start-up code runs, 1 in the image
}

var wasi = map[string]substitute{
	"args_get":          {params: "ii", result: true, code: succeed},
	"args_sizes_get":    {params: "ii", result: true, code: noArguments},
	"clock_time_get":    {params: "iIi", result: true, code: clock},
	"environ_get":       {params: "ii", result: true, code: environ},
	"environ_sizes_get": {params: "ii", result: true, code: environSizes},
	"fd_write":          {params: "iiii", locals: []module.Locals{{Count: 2, Type: module.I32}}, result: true, code: write},
	"poll_oneoff":       {params: "iiii", result: true, code: poll},
	"proc_exit":         {params: "i", code: stop},
	"random_get":        {params: "ii", result: true, code: random},
	"sched_yield":       {result: true, code: succeed},
}

// The numbers with which what isn't here answers, as a bad file or a missing function does.
const (
	errnoBadFile = 8
	errnoNone    = 52
)

// absent is the substitute for what needs files, sockets or processes: there are none to be found.
func absent(name string) substitute {
	errno := int32(errnoNone)
	if strings.HasPrefix(name, "fd_") {
		errno = errnoBadFile
	}
	return substitute{result: true, code: func(b *module.Code, _ *substitutes) { b.I32(errno) }}
}

// substituteFor is what takes the place of one of WASI's functions.
func substituteFor(name string) (s substitute, known bool) {
	if s, known = wasi[name]; !known {
		s = absent(name)
	}
	return s, known
}

func succeed(b *module.Code, _ *substitutes) { b.I32(0) }

func stop(b *module.Code, _ *substitutes) { b.Op(module.OpUnreachable) }

// poll waits for nothing. The runtime waits a moment before its last words; who waits in a handling would wait for ever.
func poll(b *module.Code, s *substitutes) {
	b.With(module.OpGlobalGet, s.running).Block(module.OpIf, module.BlockNone).Op(module.OpUnreachable, module.OpEnd)
	b.Get(3).I32(0).With(module.OpI32Store, 0, 0).I32(0)
}

func noArguments(b *module.Code, _ *substitutes) {
	b.Get(0).I32(0).With(module.OpI32Store, 0, 0).Get(1).I32(0).With(module.OpI32Store, 0, 0).I32(0)
}

func environSizes(b *module.Code, _ *substitutes) {
	size := 0
	for _, e := range environment {
		size += len(e) + 1
	}
	b.Get(0).I32(int32(len(environment))).With(module.OpI32Store, 0, 0)
	b.Get(1).I32(int32(size)).With(module.OpI32Store, 0, 0).I32(0)
}

func environ(b *module.Code, _ *substitutes) {
	at := uint32(0)
	for i, e := range environment {
		b.Get(0).Get(1).I32(int32(at)).Op(module.OpI32Add).With(module.OpI32Store, 0, uint32(4*i))
		for _, c := range append([]byte(e), 0) {
			b.Get(1).I32(int32(c)).With(module.OpI32Store8, 0, at)
			at++
		}
	}
	b.I32(0)
}

// clock shows the time of the block; the other clock stands still, since what takes how long is nothing that a contract
// may see.
func clock(b *module.Code, s *substitutes) {
	b.Get(2)
	b.Get(0).Op(module.OpI32Eqz).With(module.OpGlobalGet, s.running).Op(module.OpI32And)
	b.Block(module.OpIf, module.BlockType(module.I64))
	b.I32(scratch).With(module.OpCall, s.context)
	b.I32(scratch).With(module.OpI64Load, 0, abi.ContextTime).I64(1_000_000).Op(module.OpI64Mul)
	b.Op(module.OpElse)
	b.I64(startupMillis*1_000_000).I64(startupNanos).Get(0).Op(module.OpI32Eqz, module.OpSelect)
	b.Op(module.OpEnd)
	b.With(module.OpI64Store, 0, 0).I32(0)
}

// write logs each of the pieces: 0 file, 1 pieces (address and length each), 2 their number, 3 where to put the sum of
// the lengths; 4 the sum, 5 a length.
func write(b *module.Code, s *substitutes) {
	b.Block(module.OpBlock, module.BlockNone).Block(module.OpLoop, module.BlockNone)
	b.Get(2).Op(module.OpI32Eqz).With(module.OpBrIf, 1)
	b.Get(1).With(module.OpI32Load, 0, 0).Get(1).With(module.OpI32Load, 0, 4).With(module.OpLocalTee, 5)
	b.With(module.OpCall, s.log)
	b.Get(4).Get(5).Op(module.OpI32Add).Set(4)
	b.Get(1).I32(8).Op(module.OpI32Add).Set(1)
	b.Get(2).I32(1).Op(module.OpI32Sub).Set(2)
	b.With(module.OpBr, 0).Op(module.OpEnd, module.OpEnd)
	b.Get(3).Get(4).With(module.OpI32Store, 0, 0).I32(0)
}

// random is the same everywhere while the start-up code runs, which takes from it the order of maps. In a handling there is
// none: a contract that asks for a secret must not be given what everybody knows (SPEC 3.3).
func random(b *module.Code, s *substitutes) {
	b.With(module.OpGlobalGet, s.running).Block(module.OpIf, module.BlockNone).Op(module.OpUnreachable, module.OpEnd)
	b.Get(0).I32(0x5a).Get(1).With(module.OpMemoryFill, 0).I32(0)
}

// replaceWASI puts the substitutes in place of the imports, behind all other functions, and returns the index of the global
// that says whether the image runs.
func replaceWASI(m *module.Module) (running uint32, err error) {
	before, imports := m.ImportedFuncs(), m.Imports
	m.Imports = nil
	var replaced []int
	for i, im := range imports {
		switch {
		case im.Kind != module.ExternFunc:
			return 0, fmt.Errorf("the import %s.%s is a %s; a contract imports functions alone", im.Module, im.Name, im.Kind)
		case im.Module != wasiModule:
			m.Imports = append(m.Imports, im)
		default:
			if err := checkWASI(m, im); err != nil {
				return 0, err
			}
			replaced = append(replaced, i)
		}
	}
	s := substitutes{log: hostFunction(m, abi.Log), context: hostFunction(m, abi.Context), running: uint32(len(m.Globals))}
	to := make([]uint32, before+len(m.Funcs))
	kept := uint32(0)
	for i := range to {
		switch {
		case i >= before:
			to[i] = uint32(len(m.Imports) + i - before)
		case slices.Contains(replaced, i):
			to[i] = uint32(len(m.Imports) + len(m.Funcs) + slices.Index(replaced, i))
		default:
			to[i] = kept
			kept++
		}
	}
	if err := renumber(m, to); err != nil {
		return 0, err
	}
	m.Globals = append(m.Globals, module.Global{GlobalType: module.GlobalType{Type: module.I32, Mutable: true}, Init: constant(module.I32, 0)})
	for _, i := range replaced {
		with, _ := substituteFor(imports[i].Name)
		b := new(module.Code)
		with.code(b, &s)
		m.Funcs = append(m.Funcs, imports[i].Type)
		m.Bodies = append(m.Bodies, module.Body{Locals: with.locals, Code: *b.Op(module.OpEnd)})
	}
	return s.running, nil
}

// checkWASI refuses what has not the signature that its substitute has.
func checkWASI(m *module.Module, im module.Import) error {
	with, known := substituteFor(im.Name)
	want := with.signature()
	if !known && int(im.Type) < len(m.Types) {
		want.Params = m.Types[im.Type].Params
	}
	if int(im.Type) >= len(m.Types) || !m.Types[im.Type].Equal(want) {
		return fmt.Errorf("the import %s.%s has another signature than WASI's; build with the stock Go toolchain", im.Module, im.Name)
	}
	return nil
}

func (s *substitute) signature() (t module.FuncType) {
	for _, p := range s.params {
		if p == 'i' {
			t.Params = append(t.Params, module.I32)
		} else {
			t.Params = append(t.Params, module.I64)
		}
	}
	if s.result {
		t.Results = []module.ValueType{module.I32}
	}
	return t
}

// hostFunction is the index of a host function, imported if it was not. It moves the functions that the module defines:
// before they are renumbered.
func hostFunction(m *module.Module, name string) uint32 {
	for i, im := range m.Imports {
		if im.Module == abi.Module && im.Name == name {
			return uint32(i)
		}
	}
	t, ok := wasm.HostType(name)
	assert.That(ok, "no host function %q", name)
	m.Imports = append(m.Imports, module.Import{Module: abi.Module, Name: name, Kind: module.ExternFunc, Type: typeIndex(m, t)})
	return uint32(len(m.Imports) - 1)
}
