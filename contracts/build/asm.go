package build

import "github.com/thinkey/thinkey/contracts/wasm/module"

// body writes the code of one function.
type body struct{ code []byte }

func (b *body) op(ops ...module.Opcode) *body {
	for _, o := range ops {
		if o > 0xff {
			b.code = append(b.code, byte(o>>8))
			b.u(uint32(o & 0xff))
			continue
		}
		b.code = append(b.code, byte(o))
	}
	return b
}

// with is an instruction with one index.
func (b *body) with(op module.Opcode, index uint32) *body {
	b.op(op)
	return b.u(index)
}

func (b *body) get(local uint32) *body { return b.with(module.OpLocalGet, local) }

func (b *body) set(local uint32) *body { return b.with(module.OpLocalSet, local) }

func (b *body) i32(v int32) *body {
	b.op(module.OpI32Const)
	b.code = module.AppendI32(b.code, v)
	return b
}

func (b *body) i64(v int64) *body {
	b.op(module.OpI64Const)
	b.code = module.AppendI64(b.code, v)
	return b
}

// memory is a load or store at offset, of bytes that may lie anywhere.
func (b *body) memory(op module.Opcode, offset uint32) *body {
	b.op(op)
	b.u(0)
	return b.u(offset)
}

// block begins a block, loop or if that leaves nothing.
func (b *body) block(op module.Opcode) *body {
	b.op(op)
	b.code = append(b.code, byte(module.BlockNone))
	return b
}

func (b *body) u(v uint32) *body {
	b.code = module.AppendU32(b.code, v)
	return b
}
