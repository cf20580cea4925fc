package build

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// gap is the longest run of zeros inside of a data segment: a segment more costs a few bytes in the module, and at every
// instantiation more than copying the zeros.
const gap = 32

// freeze makes the image what the module begins with: what its start-up code did is done, and the code for it is not
// needed any more.
func freeze(m *module.Module, image wasm.Image) error {
	if len(m.Memories) != 1 {
		return fmt.Errorf("the module has %d memories; a contract has one", len(m.Memories))
	}
	n := 0
	for i := range m.Globals {
		if g := &m.Globals[i]; g.Mutable {
			g.Init = constant(g.Type, image.Globals[n])
			n++
		}
	}
	m.Start = nil
	m.DataCount = nil
	m.Data = segments(image.Memory)
	m.Memories[0] = module.Limits{Min: uint32(len(image.Memory) / module.PageBytes), Max: module.MaxPages, HasMax: true}
	return nil
}

// constant is the expression that gives a value, by its bits.
func constant(t module.ValueType, bits uint64) []byte {
	var c module.Code
	switch t {
	case module.I32:
		c.I32(int32(uint32(bits)))
	case module.I64:
		c.I64(int64(bits))
	case module.F32:
		c = binary.LittleEndian.AppendUint32(*c.Op(module.OpF32Const), uint32(bits))
	case module.F64:
		c = binary.LittleEndian.AppendUint64(*c.Op(module.OpF64Const), bits)
	}
	return *c.Op(module.OpEnd)
}

// segments are what of memory isn't zero, in as few and short segments as is cheap.
func segments(memory []byte) []module.Data {
	var out []module.Data
	for at := skipZeros(memory, 0); at < len(memory); {
		end, next := at, at
		for next < len(memory) && next-end <= gap {
			end = skipOthers(memory, next)
			next = skipZeros(memory, end)
		}
		out = append(out, module.Data{Offset: constant(module.I32, uint64(at)), Bytes: memory[at:end:end]})
		at = next
	}
	return out
}

// skipZeros is the place of the first byte at or behind at that isn't zero.
func skipZeros(b []byte, at int) int {
	for len(b)-at >= 8 && binary.LittleEndian.Uint64(b[at:]) == 0 {
		at += 8
	}
	for at < len(b) && b[at] == 0 {
		at++
	}
	return at
}

// skipOthers is the place of the first zero at or behind at.
func skipOthers(b []byte, at int) int {
	n := bytes.IndexByte(b[at:], 0)
	if n < 0 {
		return len(b)
	}
	return at + n
}
