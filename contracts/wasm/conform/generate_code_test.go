package conform

import (
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// makers are the numeric instructions by result.
var makers = func() map[module.ValueType][]*numeric {
	all := map[module.ValueType][]*numeric{}
	for i := range numerics {
		all[numerics[i].result] = append(all[numerics[i].result], &numerics[i])
	}
	return all
}()

// accessOps are the loads by what they make, and all stores.
var loadOps, storeOps = func() (map[module.ValueType][]module.Opcode, []module.Opcode) {
	loads := map[module.ValueType][]module.Opcode{}
	var stores []module.Opcode
	for op := module.OpI32Load; op <= module.OpI64Store32; op++ {
		if a := accesses[op]; a.store {
			stores = append(stores, op)
		} else {
			loads[a.value] = append(loads[a.value], op)
		}
	}
	return loads, stores
}()

// expression writes code that leaves a value of type t.
func (b *body) expression(t module.ValueType) {
	b.left--
	if b.left <= 0 || b.depth > 12 {
		b.leaf(t)
		return
	}
	b.depth++
	defer func() { b.depth-- }()
	switch k := b.roll(40); {
	case k < 6:
		b.leaf(t)
	case k < 20:
		b.numeric(pick(b.dice, makers[t]))
	case k < 24:
		b.load(t)
	case k < 26:
		b.expression(t)
		b.expression(t)
		b.expression(module.I32)
		b.op(module.OpSelect)
	case k < 28:
		b.tee(t)
	case k < 31:
		b.call(t)
	case k < 34:
		b.blockOf(t)
	case k < 36 && b.chance(30):
		b.switchOf(t)
	case k < 36:
		b.choice(t)
	case k < 38:
		b.branchAround(t)
	case k < 39:
		b.countedLoop(t)
	default:
		b.size(t)
	}
}

// leaf is a constant or a variable.
func (b *body) leaf(t module.ValueType) {
	switch b.roll(3) {
	case 1:
		if i, ok := b.local(t); ok {
			b.op(module.OpLocalGet, i)
			return
		}
	case 2:
		if i, ok := b.global(t, false); ok {
			b.op(module.OpGlobalGet, i)
			return
		}
	}
	b.constant(t, b.value(t))
}

// observe stores what arithmetic makes, often of a NaN, where it can be seen bit by bit.
func (b *body) observe() {
	t := pick(b.dice, []module.ValueType{module.F32, module.F64})
	n := pick(b.dice, makers[t])
	b.i32(int32(b.roll(1 << 15)))
	for _, p := range n.params {
		if p == t && b.chance(60) {
			b.constant(t, edges[t][edgeCount-1-b.roll(12)]) // where the NaNs are
		} else {
			b.expression(p)
		}
	}
	b.op(n.op)
	b.op(storeOf[t], 0, uint32(b.roll(4)))
}

// numeric writes one with its operands. Most divisors are made odd and most floats small before they could trap.
func (b *body) numeric(n *numeric) {
	for _, p := range n.params {
		b.expression(p)
	}
	tame := !b.chance(15)
	switch n.op {
	case module.OpI32DivS, module.OpI32DivU, module.OpI32RemS, module.OpI32RemU:
		if tame {
			b.i32(1)
			b.op(module.OpI32Or)
		}
	case module.OpI64DivS, module.OpI64DivU, module.OpI64RemS, module.OpI64RemU:
		if tame {
			b.constant(module.I64, 1)
			b.op(module.OpI64Or)
		}
	case module.OpI32TruncF32S, module.OpI32TruncF32U, module.OpI64TruncF32S, module.OpI64TruncF32U:
		if tame {
			b.small(module.F32, module.OpI32ReinterpretF32, module.OpF32ConvertI32U)
		}
	case module.OpI32TruncF64S, module.OpI32TruncF64U, module.OpI64TruncF64S, module.OpI64TruncF64U:
		if tame {
			b.op(module.OpF32DemoteF64)
			b.small(module.F64, module.OpI32ReinterpretF32, module.OpF64ConvertI32U)
		}
	}
	b.op(n.op)
}

// small makes a float below 2^31, with a fraction, of any.
func (b *body) small(t module.ValueType, bits, back module.Opcode) {
	b.op(bits)
	b.i32(int32(b.roll(32)))
	b.op(module.OpI32ShrU)
	b.i32(0x7fff_ffff)
	b.op(module.OpI32And)
	b.op(back)
	if t == module.F32 {
		b.constant(t, from32(0.75))
		b.op(module.OpF32Mul)
	} else {
		b.constant(t, from64(0.75))
		b.op(module.OpF64Mul)
	}
}

// address leaves an address and returns the offset to go with it: mostly inside of the memory, now and then over the
// border of two pages, seldom over the end or anywhere.
func (b *body) address() (offset uint32) {
	end := b.m.Memories[0].Min << 16
	switch k := b.roll(100); {
	case k < 80:
		b.expression(module.I32)
		b.i32(0xfff0)
		b.op(module.OpI32And)
		return uint32(b.roll(9))
	case k < 90:
		b.i32(int32(end) - 8 - int32(b.roll(8)))
		return uint32(b.roll(2))
	case k < 96: // the second page may be there or not
		b.i32(1<<16 - int32(1+b.roll(8)))
		return uint32(b.roll(2))
	case k < 98:
		b.i32(int32(b.roll(8)))
		return end - 16 + uint32(b.roll(16))
	case k < 99:
		b.expression(module.I32)
		return uint32(b.word())
	}
	b.expression(module.I32)
	return 0
}

// memoryAccess writes a load or store behind its operands.
func (b *body) memoryAccess(op module.Opcode, offset uint32) {
	natural := 0
	for 1<<natural < accesses[op].size {
		natural++
	}
	b.op(op, uint32(b.roll(natural+1)), offset)
}

func (b *body) load(t module.ValueType) {
	b.memoryAccess(pick(b.dice, loadOps[t]), b.address())
}

func (b *body) store() {
	op := pick(b.dice, storeOps)
	offset := b.address()
	b.expression(accesses[op].value)
	b.memoryAccess(op, offset)
}

func (b *body) tee(t module.ValueType) {
	b.expression(t)
	if i, ok := b.local(t); ok {
		b.op(module.OpLocalTee, i)
	}
}

// call calls a function that returns t (0 for none), directly or through the table.
func (b *body) call(t module.ValueType) {
	f, ok := b.function(t)
	if !ok {
		if t != 0 {
			b.leaf(t)
		}
		return
	}
	for _, p := range b.kinds[f].Params {
		b.expression(p)
	}
	if b.chance(50) {
		b.op(module.OpCall, f)
		return
	}
	if b.chance(70) { // inside of the table
		b.expression(module.I32)
		b.i32(int32(b.m.Tables[0].Min))
		b.op(module.OpI32RemU)
	} else {
		b.expression(module.I32)
	}
	kind, _ := choose(b.dice, len(b.m.Types), func(i int) bool {
		return sameTypes(b.m.Types[i].Params, b.kinds[f].Params) && sameTypes(b.m.Types[i].Results, b.kinds[f].Results)
	})
	b.op(module.OpCallIndirect, kind, 0)
}

// inBlock opens a block whose branches take taken, and closes it.
func (b *body) inBlock(op module.Opcode, result, taken module.ValueType, inside func()) {
	b.block(op, result)
	b.labels = append(b.labels, taken)
	inside()
	b.labels = b.labels[:len(b.labels)-1]
	b.end()
}

func (b *body) blockOf(t module.ValueType) {
	b.inBlock(module.OpBlock, t, t, func() {
		b.statements(b.roll(4))
		b.leave(t)
	})
}

// choice is an if with both arms, or without the second if it leaves nothing.
func (b *body) choice(t module.ValueType) {
	b.expression(module.I32)
	b.inBlock(module.OpIf, t, t, func() {
		b.statements(b.roll(3))
		b.leave(t)
		if t != 0 || b.chance(60) {
			b.op(module.OpElse)
			b.statements(b.roll(3))
			b.leave(t)
		}
	})
}

// branchAround puts a value on the stack that a branch may take away.
func (b *body) branchAround(t module.ValueType) {
	b.expression(t)
	if l, ok := b.label(t); ok {
		b.expression(module.I32)
		b.op(module.OpBrIf, l)
	}
}

// noBranch is a label to which no branch is generated.
const noBranch module.ValueType = 0xff

// countedLoop is a loop with a counter of its own: it is counted down before the body, so that a branch to the loop ends
// some day too.
func (b *body) countedLoop(t module.ValueType) {
	if b.loops >= 3 {
		b.leave(t)
		return
	}
	b.loops++
	counter := uint32(len(b.locals))
	b.locals = append(b.locals, module.I32)
	b.hidden[counter] = true
	b.i32(int32(1 + b.roll(7)))
	b.op(module.OpLocalSet, counter)
	b.inBlock(module.OpBlock, t, t, func() {
		b.inBlock(module.OpLoop, t, noBranch, func() {
			b.leave(t)
			b.labels[len(b.labels)-1] = 0 // from here on the counter has been looked at
			b.op(module.OpLocalGet, counter)
			b.op(module.OpI32Eqz)
			b.op(module.OpBrIf, 1)
			if t != 0 {
				b.op(module.OpDrop)
			}
			b.op(module.OpLocalGet, counter)
			b.i32(1)
			b.op(module.OpI32Sub)
			b.op(module.OpLocalSet, counter)
			b.statements(1 + b.roll(4))
			b.op(module.OpBr, 0)
			b.dead()
		})
	})
	b.loops--
}

// size is of the memory, seldom changed.
func (b *body) size(t module.ValueType) {
	if t != module.I32 {
		b.leaf(t)
		return
	}
	if b.chance(70) {
		b.op(module.OpMemorySize, 0)
		return
	}
	b.i32(int32(b.roll(4)))
	if b.chance(20) {
		b.op(module.OpDrop)
		b.i32(int32(b.value(module.I32)))
	}
	b.op(module.OpMemoryGrow, 0)
}

func (b *body) statements(n int) {
	for range n {
		if b.left <= 0 {
			return
		}
		b.statement()
	}
}

// statement writes code that leaves the stack as it was.
func (b *body) statement() {
	b.left--
	t := pick(b.dice, numbers)
	switch k := b.roll(35); {
	case k < 8:
		b.assign(t)
	case k < 13:
		b.store()
	case k < 15:
		b.expression(t)
		b.op(module.OpDrop)
	case k < 17:
		b.choice(0)
	case k < 19:
		b.blockOf(0)
	case k < 21:
		b.countedLoop(0)
	case k < 23:
		b.call(0)
	case k < 25:
		b.branchIf()
	case k < 27:
		b.branchTableOver()
	case k < 30:
		b.bulk()
	case k < 31:
		b.jump()
	case k < 34:
		b.observe()
	default:
		b.op(module.OpNop)
	}
}

func (b *body) assign(t module.ValueType) {
	local, isLocal := b.local(t)
	global, isGlobal := b.global(t, true)
	switch {
	case isLocal && (!isGlobal || b.chance(60)):
		b.expression(t)
		b.op(module.OpLocalSet, local)
	case isGlobal:
		b.expression(t)
		b.op(module.OpGlobalSet, global)
	}
}

// switchOf leaves one of some blocks with a value.
func (b *body) switchOf(t module.ValueType) {
	n := 1 + b.roll(3)
	for range n {
		b.block(module.OpBlock, t)
		b.labels = append(b.labels, t)
	}
	b.expression(t)
	b.expression(module.I32)
	b.i32(int32(n + 1))
	b.op(module.OpI32RemU)
	var labels []uint32
	for range 1 + b.roll(5) {
		l, _ := b.label(t)
		labels = append(labels, l)
	}
	b.branchTable(labels)
	for range n {
		b.labels = b.labels[:len(b.labels)-1]
		b.end()
		b.statements(b.roll(2))
	}
}

// branchIf leaves an open block that takes nothing, sometimes.
func (b *body) branchIf() {
	if l, ok := b.label(0); ok {
		b.expression(module.I32)
		b.op(module.OpBrIf, l)
	}
}

// branchTableOver opens some blocks and leaves one of them, or of those around it.
func (b *body) branchTableOver() {
	n := 1 + b.roll(4)
	for range n {
		b.block(module.OpBlock, 0)
		b.labels = append(b.labels, 0)
	}
	b.expression(module.I32)
	if b.chance(80) {
		b.i32(int32(n + 1))
		b.op(module.OpI32RemU)
	}
	var labels []uint32
	for range 1 + b.roll(6) {
		if l, ok := b.label(0); ok {
			labels = append(labels, l)
		}
	}
	b.branchTable(labels)
	b.dead()
	for range n {
		b.labels = b.labels[:len(b.labels)-1]
		b.end()
		b.statements(b.roll(2))
	}
}

// jump leaves for good, under a condition.
func (b *body) jump() {
	b.expression(module.I32)
	b.inBlock(module.OpIf, 0, 0, func() {
		switch b.roll(6) {
		case 0, 1:
			if l, ok := b.label(0); ok {
				b.op(module.OpBr, l)
			}
		case 2, 3:
			b.leave(b.labels[0])
			b.op(module.OpReturn)
		case 4:
			t := pick(b.dice, numbers)
			if l, ok := b.label(t); ok {
				b.expression(t)
				b.op(module.OpBr, l)
			}
		default:
			b.op(module.OpUnreachable)
		}
		if b.code[len(b.code)-1] == byte(module.OpUnreachable) || b.chance(50) {
			b.op(module.OpUnreachable)
			b.dead()
		}
	})
}

// dead writes code behind a jump, where the stack has any type that is asked for.
func (b *body) dead() {
	for range b.roll(4) {
		t := pick(b.dice, numbers)
		switch b.roll(9) {
		case 0:
			b.op(module.OpDrop)
		case 1: // operands of nowhere; the result may be anything's operand
			b.op(pick(b.dice, makers[t]).op)
			b.op(module.OpDrop)
		case 2:
			b.op(module.OpSelect)
			b.op(module.OpDrop)
		case 3:
			b.inBlock(module.OpBlock, t, t, func() { b.expression(t) })
			b.op(module.OpDrop)
		case 4:
			b.op(module.OpBr, uint32(b.roll(len(b.labels))))
		case 5:
			b.inBlock(module.OpIf, 0, 0, func() {})
		case 6:
			b.memoryAccess(pick(b.dice, storeOps), uint32(b.roll(100)))
		case 7:
			b.inBlock(module.OpLoop, 0, 0, func() { b.op(module.OpUnreachable) })
			b.op(module.OpUnreachable)
		default:
			b.op(module.OpReturn)
		}
	}
}

// bulk writes an instruction over a range of memory or table.
func (b *body) bulk() {
	segment := uint32(b.roll(int(*b.m.DataCount)))
	passive := uint32(1 + b.roll(int(*b.m.DataCount)-1)) // of active ones wazero has its own opinion: TestActiveData
	elements := uint32(1 + b.roll(2))
	switch b.roll(9) {
	case 0, 1:
		b.ranges(0xffff, 0xff, 300)
		b.op(module.OpMemoryFill, 0)
	case 2, 3:
		b.ranges(0xffff, 0xffff, 300)
		b.op(module.OpMemoryCopy, 0, 0)
	case 4:
		b.ranges(0xffff, 15, 20)
		b.op(module.OpMemoryInit, passive, 0)
	case 5:
		b.ranges(7, 3, 4)
		b.op(module.OpTableInit, elements, 0)
	case 6:
		b.ranges(7, 7, 4)
		b.op(module.OpTableCopy, 0, 0)
	case 7:
		b.op(module.OpDataDrop, segment)
	default:
		b.op(module.OpElemDrop, elements)
	}
}

// ranges leaves destination, source and length, mostly below bounds.
func (b *body) ranges(to, from, length int32) {
	for i, mask := range []int32{to, from, length} {
		switch {
		case b.chance(2):
			b.expression(module.I32)
		case b.chance(10) && to == 0xffff && i < 2: // near the end
			b.i32(int32(b.m.Memories[0].Min)<<16 - int32(b.roll(300)))
		case i == 2:
			b.i32(int32(b.roll(int(length))))
		default:
			b.expression(module.I32)
			b.i32(mask)
			b.op(module.OpI32And)
		}
	}
}
