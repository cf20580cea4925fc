package build

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
)

// Report says what came out.
type Report struct {
	Bytes     int      // of the module
	Code      int      // of them, of instructions
	Data      int      // of them, of the memory's image
	Pages     int      // of memory that it begins with, 64 KiB each
	Functions int      // that it defines
	Imports   []string // host functions
	Exports   []string
	Schema    *abi.Schema // nil if it has none
	// Trimmed says whether the tables of the Go runtime were understood, so that what start-up code alone needs is gone.
	// False for other languages, and for a version of Go that this builder doesn't know: then the module is twice as large.
	Trimmed bool
}

// Go builds the contract in a package's directory, with the go command that is installed there.
func Go(ctx context.Context, dir string) ([]byte, Report, error) {
	code, err := compile(ctx, dir)
	if err != nil {
		return nil, Report{}, err
	}
	m, trimmed, err := assemble(ctx, code)
	if err != nil {
		return nil, Report{}, fmt.Errorf("contract in %s: %w", dir, err)
	}
	out := m.Encode()
	report, err := check(out)
	report.Trimmed = trimmed
	if err != nil {
		return nil, report, fmt.Errorf("contract in %s: %w", dir, err)
	}
	return out, report, nil
}

// Finish makes a module of any language what is published: without names, debug sections and functions that nothing
// reaches, and checked as the chain will check it.
func Finish(code []byte) ([]byte, Report, error) {
	m, err := module.Decode(code)
	if err != nil {
		return nil, Report{}, err
	}
	if m.Start != nil {
		return nil, Report{}, fmt.Errorf("the module has a start function, and nothing runs on a chain but what a message asks for; do its work in handle")
	}
	m.Customs = slices.DeleteFunc(m.Customs, func(c module.Custom) bool { return c.Name != abi.SchemaSection && c.Name != abi.MergeSection })
	m.Exports = slices.DeleteFunc(m.Exports, func(e module.Export) bool { return !isEntry(e) })
	if err := prune(m, reachability{}); err != nil {
		return nil, Report{}, err
	}
	out := m.Encode()
	report, err := check(out)
	if err != nil {
		return nil, report, err
	}
	return out, report, nil
}

// isEntry says whether the chain knows an export.
func isEntry(e module.Export) bool {
	switch e.Name {
	case abi.Memory:
		return e.Kind == module.ExternMemory
	case abi.EntryHandle, abi.EntryBounce, abi.EntryQuery, abi.EntryMerge:
		return e.Kind == module.ExternFunc
	}
	return false
}

// assemble makes a contract of what the Go toolchain built.
func assemble(ctx context.Context, code []byte) (*module.Module, bool, error) {
	m, err := module.Decode(code)
	if err != nil {
		return nil, false, err
	}
	defined := len(m.Funcs)
	running, err := replaceWASI(m)
	if err != nil {
		return nil, false, err
	}
	image, err := wasm.Initialize(ctx, m.Encode())
	if err != nil {
		return nil, false, err
	}
	if len(image.Schema) == 0 {
		return nil, false, fmt.Errorf("the module holds no contract; call guest.Serve in an init function")
	}
	setRunning(m, image.Globals, running)
	finishExports(m, image.Schema[0])
	trimmed, err := pruneGo(m, defined, image.Memory)
	if err != nil {
		return nil, false, err
	}
	if m.Customs, err = sections(image.Schema[1:]); err != nil {
		return nil, false, err
	}
	return m, trimmed, freeze(m, image)
}

// setRunning sets the global that says that the image runs, among the values of the mutable ones.
func setRunning(m *module.Module, mutable []uint64, running uint32) {
	n := 0
	for i := range running {
		if m.Globals[i].Mutable {
			n++
		}
	}
	mutable[n] = 1
}

// finishExports leaves what the chain knows, and of that what the contract has.
func finishExports(m *module.Module, hooks byte) {
	m.Exports = slices.DeleteFunc(m.Exports, func(e module.Export) bool {
		return !isEntry(e) || e.Name == abi.EntryBounce && hooks&abi.HookBounce == 0 || e.Name == abi.EntryQuery && hooks&abi.HookQuery == 0 ||
			e.Name == abi.EntryMerge && hooks&abi.HookMerge == 0
	})
}

// sections are what a module says of itself: its schema, and to the chain which methods it merges.
func sections(raw []byte) ([]module.Custom, error) {
	list := []module.Custom{{Name: abi.SchemaSection, Bytes: raw}}
	var s abi.Schema
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("the schema that the contract tells: %w", err)
	}
	var merged []byte
	for _, m := range s.Methods {
		if m.Merge {
			merged = append(append(merged, byte(len(m.Name))), m.Name...)
		}
	}
	if merged != nil {
		list = append(list, module.Custom{Name: abi.MergeSection, Bytes: merged})
	}
	return list, nil
}

// pruneGo removes what can't run any more, from the functions and from the tables about them.
func pruneGo(m *module.Module, defined int, memory []byte) (trimmed bool, err error) {
	t, ok := readGoTables(memory, defined)
	if !ok {
		return false, prune(m, reachability{})
	}
	base := uint32(m.ImportedFuncs())
	roots := findRoots(t, t.stubs(m.Bodies))
	r := newReach(m, reachability{
		table: func(f uint32) bool { return f >= base && int(f-base) < len(roots.roots) && roots.roots[f-base] },
		references: func(in *module.Instruction, mark func(uint32)) {
			roots.references(in, func(f int) { mark(base + uint32(f)) })
		},
	})
	if err := r.all(); err != nil {
		return false, err
	}
	t.trim(r.seen[base:])
	return true, r.drop()
}

// check is what the chain will do, and what comes of it.
func check(code []byte) (Report, error) {
	m, _, err := wasm.Check(code)
	if err != nil {
		return Report{}, err
	}
	return describe(m, len(code))
}

// describe fills in a report.
func describe(m *module.Module, size int) (Report, error) {
	r := Report{Bytes: size, Pages: int(m.Memories[0].Min), Functions: len(m.Funcs)}
	for i := range m.Bodies {
		r.Code += len(m.Bodies[i].Code)
	}
	for i := range m.Data {
		r.Data += len(m.Data[i].Bytes)
	}
	for _, im := range m.Imports {
		r.Imports = append(r.Imports, im.Name)
	}
	for _, e := range m.Exports {
		r.Exports = append(r.Exports, e.Name)
	}
	for _, c := range m.Customs {
		if c.Name != abi.SchemaSection {
			continue
		}
		r.Schema = new(abi.Schema)
		if err := json.Unmarshal(c.Bytes, r.Schema); err != nil {
			return r, fmt.Errorf("section %s: %w", abi.SchemaSection, err)
		}
	}
	return r, nil
}
