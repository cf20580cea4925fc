package module

// Code is instructions being written. Every method appends, and gives the code back for more.
type Code []byte

// Op appends instructions that nothing follows.
func (c *Code) Op(all ...Opcode) *Code {
	for _, o := range all {
		if o >= prefix<<8 {
			*c = append(*c, prefix)
		}
		*c = append(*c, byte(o))
	}
	return c
}

// With appends an instruction with what follows it: indices, or alignment and offset of a memory access.
func (c *Code) With(o Opcode, immediates ...uint32) *Code {
	c.Op(o)
	for _, v := range immediates {
		*c = AppendU32(*c, v)
	}
	return c
}

// Get appends a local.get.
func (c *Code) Get(local uint32) *Code { return c.With(OpLocalGet, local) }

// Set appends a local.set.
func (c *Code) Set(local uint32) *Code { return c.With(OpLocalSet, local) }

// I32 appends an i32.const.
func (c *Code) I32(v int32) *Code {
	*c = AppendI32(append(*c, byte(OpI32Const)), v)
	return c
}

// I64 appends an i64.const.
func (c *Code) I64(v int64) *Code {
	*c = AppendI64(append(*c, byte(OpI64Const)), v)
	return c
}

// Block appends a block, loop or if.
func (c *Code) Block(o Opcode, t BlockType) *Code {
	*c = append(*c, byte(o), byte(t))
	return c
}
