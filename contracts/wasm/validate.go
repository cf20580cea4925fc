package wasm

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// maxVerdicts is how many modules' verdicts are remembered: the live account and whoever replays it ask about the same
// few, those of the last blocks.
const maxVerdicts = 64

// verdicts remembers what came of validating, by the hash of the module.
type verdicts struct {
	mu   sync.Mutex
	of   map[[32]byte]verdict
	last [maxVerdicts][32]byte // a ring
	next int
}

type verdict struct {
	complexity, load uint64
	failure          *exec.Failure
}

func (v *verdicts) find(hash [32]byte) (verdict, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	found, ok := v.of[hash]
	return found, ok
}

func (v *verdicts) add(hash [32]byte, new verdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of == nil {
		v.of = map[[32]byte]verdict{}
	}
	if _, ok := v.of[hash]; ok {
		return
	}
	delete(v.of, v.last[v.next])
	v.of[hash], v.last[v.next] = new, hash
	v.next = (v.next + 1) % maxVerdicts
}

// Validate says how complex the module is, what any module is included, and what loading it costs; or, with a *exec.Failure, why it is
// not accepted.
// It doesn't compile: what is accepted must not depend on how long that takes (SPEC 3.2).
func (e *Engine) Validate(binary []byte) (complexity, load uint64, err error) {
	hash := sha256.Sum256(binary)
	v, ok := e.verdicts.find(hash)
	if !ok {
		v = validate(binary)
		e.verdicts.add(hash, v)
	}
	if v.failure != nil {
		return 0, 0, v.failure
	}
	return v.complexity, v.load, nil
}

func validate(binary []byte) verdict {
	m, facts, err := Check(binary)
	if err != nil {
		return verdict{failure: exec.Fail(chain.StatusBadCode, "%v", err)}
	}
	return verdict{complexity: Complexity(m, facts, len(binary)), load: Loading(m, facts)}
}

// Complexity is what the publication of an accepted module of that many bytes is charged for beside these: its own, and what any module
// is included. It is at least so much that the publication costs as much as loading the module: what is published is warm, and turns
// other code cold. A module of 636 bytes has an image of 16 MB, and 24 of them were enough to turn all code of a chain cold, for a
// twentieth of what loading them costs.
func Complexity(m *module.Module, f *module.Facts, bytes int) uint64 {
	paid := (gas.PublishByte + chain.GasPerByte) * uint64(bytes)
	rest := max(paid, Loading(m, f)) - paid
	return max(f.Complexity+gas.Publish, (rest+gas.PublishComplexity-1)/gas.PublishComplexity)
}

// Loading is the gas for loading an accepted module that was compiled and is not in memory. It is more than a quarter, and less than
// four times, of what that takes (`make calibrate`), and of the memory that it then takes a bound (chain.MaxWarm).
func Loading(m *module.Module, f *module.Facts) uint64 {
	price := uint64(gas.Recall) + gas.RecallFunction*uint64(len(m.Bodies)) + gas.RecallSegment*uint64(len(m.Data))
	for i := range f.Functions {
		price += gas.RecallByte*uint64(len(m.Bodies[i].Code)) + gas.RecallMachine*f.Functions[i].MachineCode()
	}
	for i := range m.Elements {
		price += gas.RecallReference * uint64(m.Elements[i].Len())
	}
	end := 0
	for i := range m.Data {
		d := &m.Data[i]
		price += gas.RecallData * uint64(len(d.Bytes))
		if d.Mode == module.Active && len(d.Bytes) > 0 {
			end = max(end, int(offsetOf(d))+len(d.Bytes))
		}
	}
	return price + gas.RecallPage*uint64((end+module.PageBytes-1)/module.PageBytes)
}

// maxLoading bounds Loading, so that one message can pay for it and for more. Go's is 150 million if it fills 4 MiB; what is refused
// is code that nobody writes, of which every byte becomes a hundred.
const maxLoading = chain.MaxMessageGas / 5 * 4

// Check decodes and validates a module as the code of accounts: it decides what a chain accepts, and whoever wants to know
// asks it. The error is a *module.Refusal.
func Check(binary []byte) (*module.Module, *module.Facts, error) {
	m, facts, err := module.Check(binary, policy())
	if err != nil {
		return nil, nil, err
	}
	if _, err := mergeable(m); err != nil {
		return nil, nil, err
	}
	if load := Loading(m, facts); load > maxLoading {
		return nil, nil, refuse("loading it once it is compiled takes %d gas (limit %d): it becomes too much machine code", load, uint64(maxLoading))
	}
	return m, facts, nil
}

// mergeable is the methods that the module's entry merge handles. It has both the entry and the names, or neither.
func mergeable(m *module.Module) (methods []string, err error) {
	for _, c := range m.Customs {
		if c.Name != abi.MergeSection {
			continue
		}
		for names := c.Bytes; len(names) > 0; {
			n := int(names[0])
			if n == 0 || n > chain.MaxMethodBytes || n >= len(names) {
				return nil, refuse("section %q: %d is not the length of a method's name", abi.MergeSection, n)
			}
			methods, names = append(methods, string(names[1:1+n])), names[1+n:]
		}
	}
	if _, ok := m.Export(abi.EntryMerge); ok != (methods != nil) {
		return nil, refuse("a module that exports %q names what it merges in the section %q, and no other does", abi.EntryMerge, abi.MergeSection)
	}
	return methods, nil
}

// refuse is a refusal of the module as a whole.
func refuse(format string, args ...any) *module.Refusal {
	return &module.Refusal{Function: -1, Offset: -1, What: fmt.Sprintf(format, args...)}
}

// policy is what is accepted on the chain.
func policy() module.Policy {
	p := module.OnChain()
	p.Module = abi.Module
	p.Exports = append(p.Exports, module.Offer{Name: abi.EntryMerge, Kind: module.ExternFunc})
	p.Imports = func(_, name string) (module.FuncType, bool) { return HostType(name) }
	return p
}

// HostType is the signature of a host function; ok is false if there is none of that name.
func HostType(name string) (t module.FuncType, ok bool) {
	t, ok = hostTypes[name]
	return t, ok
}

var hostTypes = func() map[string]module.FuncType {
	all := map[string]module.FuncType{}
	for _, f := range abi.Functions {
		all[f.Name] = module.FuncType{Params: types(f.Params), Results: types(f.Results)}
	}
	return all
}()

func types(list []abi.Type) (all []module.ValueType) {
	for _, t := range list {
		all = append(all, module.ValueType(t))
	}
	return all
}
