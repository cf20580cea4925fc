package meter

import "github.com/thinkey/thinkey/contracts/wasm/module"

// code is instructions being written.
type code []byte

// op appends instructions of one byte.
func (c *code) op(all ...module.Opcode) {
	for _, o := range all {
		*c = append(*c, byte(o))
	}
}

// at appends an instruction with an index.
func (c *code) at(o module.Opcode, index uint32) {
	*c = module.AppendU32(append(*c, byte(o)), index)
}

// i32 appends an i32.const.
func (c *code) i32(v int32) {
	*c = module.AppendI32(append(*c, byte(module.OpI32Const)), v)
}

// i64 appends an i64.const.
func (c *code) i64(v int64) {
	*c = module.AppendI64(append(*c, byte(module.OpI64Const)), v)
}

// block appends a block, loop or if.
func (c *code) block(o module.Opcode, t module.BlockType) {
	*c = append(*c, byte(o), byte(t))
}

// prefixed appends an instruction behind the prefix 0xfc, with what follows it.
func (c *code) prefixed(o module.Opcode, immediates ...uint32) {
	*c = append(*c, 0xfc, byte(o))
	for _, v := range immediates {
		*c = module.AppendU32(*c, v)
	}
}
