package wasm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
)

// Image is a module's state between two calls: what Initialize found when the module's own start-up code was done.
type Image struct {
	Memory  []byte
	Globals []uint64 // of the mutable globals that the module defines, in their order
	Schema  []byte   // what abi.EntrySchema replied; nil if the module has no such entry
}

// entryInitialize is what a module exports that wants to be run once before anything else: a WASI reactor.
const entryInitialize = "_initialize"

// maxStartup bounds what is kept of the words of a start-up that failed.
const maxStartup = 16 << 10

// maxStartupTime bounds a start-up: Go's takes a tenth of a second.
const maxStartupTime = time.Minute

// Initialize runs the start-up code of a module when the contract is built, by the interpreter: the image doesn't depend on
// the machine. There is no chain yet, so of the host functions only log and reply do anything. The module is the builder's:
// it imports functions of abi.Module alone, but no policy was applied.
func Initialize(ctx context.Context, code []byte) (Image, error) {
	ctx, stop := context.WithTimeout(ctx, maxStartupTime)
	defer stop()
	opened, globals, err := openGlobals(code)
	if err != nil {
		return Image{}, err
	}
	runtime := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(module.MaxPages).WithCloseOnContextDone(true))
	defer func() { _ = runtime.Close(ctx) }()
	host := new(startup)
	if err := host.instantiate(ctx, runtime); err != nil {
		return Image{}, err
	}
	m, err := runtime.InstantiateWithConfig(ctx, opened, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		return Image{}, fmt.Errorf("start-up code: %w", err)
	}
	if err := host.call(ctx, m, entryInitialize); err != nil {
		return Image{}, err
	}
	image := Image{Globals: make([]uint64, globals)}
	if memory := m.Memory(); memory != nil {
		view, _ := memory.Read(0, memory.Size())
		image.Memory = append([]byte(nil), view...)
	}
	for i := range image.Globals {
		image.Globals[i] = m.ExportedGlobal(globalName(i)).Get()
	}
	err = host.call(ctx, m, abi.EntrySchema)
	image.Schema = host.reply
	return image, err
}

func globalName(i int) string { return fmt.Sprintf("thinkey_image_%d", i) }

// openGlobals exports the mutable globals, and says how many there are.
func openGlobals(code []byte) ([]byte, int, error) {
	m, err := module.Decode(code)
	if err != nil {
		return nil, 0, err
	}
	n := 0
	for i, g := range m.Globals {
		if g.Mutable {
			m.Exports = append(m.Exports, module.Export{Name: globalName(n), Kind: module.ExternGlobal, Index: uint32(m.ImportedGlobals() + i)})
			n++
		}
	}
	return m.Encode(), n, nil
}

// startup is the host of a module that is being built.
type startup struct {
	log   strings.Builder
	reply []byte
}

// instantiate offers all functions of the ABI.
func (s *startup) instantiate(ctx context.Context, runtime wazero.Runtime) error {
	b := runtime.NewHostModuleBuilder(abi.Module)
	for _, f := range abi.Functions {
		b = b.NewFunctionBuilder().WithGoModuleFunction(s.function(f.Name), valueTypes(f.Params), valueTypes(f.Results)).Export(f.Name)
	}
	_, err := b.Instantiate(ctx)
	return err
}

func (s *startup) function(name string) api.GoModuleFunc {
	switch name {
	case abi.Log:
		return func(_ context.Context, m api.Module, stack []uint64) {
			if text, ok := m.Memory().Read(uint32(stack[0]), uint32(stack[1])); ok && s.log.Len() < maxStartup {
				s.log.Write(text)
			}
		}
	case abi.Reply:
		return func(_ context.Context, m api.Module, stack []uint64) {
			b, ok := m.Memory().Read(uint32(stack[0]), uint32(stack[1]))
			if !ok {
				panic(errors.New("reply from outside of the memory"))
			}
			s.reply = append([]byte{}, b...)
		}
	}
	return func(context.Context, api.Module, []uint64) {
		panic(fmt.Errorf("%s was called before there is a message: do that in a method, not in an init function or a package's variable", name))
	}
}

// call runs an entry, if the module has it. What the code said before it failed is the better half of the error.
func (s *startup) call(ctx context.Context, m api.Module, entry string) error {
	f := m.ExportedFunction(entry)
	if f == nil {
		return nil
	}
	_, err := f.Call(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return errors.New("start-up code: it doesn't end: an init function, or what a package's variable is set to, loops")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	said, _, _ := strings.Cut(s.log.String(), "\n\ngoroutine ") // Go's stacks, without names and lines
	if said = strings.TrimSpace(said); said != "" {
		return fmt.Errorf("start-up code: %s", said)
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("start-up code: %s", strings.TrimSuffix(text, " (recovered by wazero)"))
}
