package module

// What compiling takes, in units of about 20 ns of one core, measured with the engine's compiler. It is an estimate that
// grows as the worst code's time does (V5): the instructions add up; but every block is also compared with every other
// (loops most), and what every local holds is followed through every block, which is dearer still: a thousand locals in a
// thousand blocks are 24 KB of code and take a second and a half. Loops are worst: at the head of a loop the compiler first
// takes every local for one that changes, and finds out which do not by passing over all ways into all loops, for each
// local once per local, as often as loops lie within each other. 300 locals in 300 nested loops are 9 KB and take 20 s.
const (
	workFunction = 200 // a function, empty
	workPlain    = 4
	workSet      = 25  // local.set and local.tee: a value that blocks may have to hand along
	workCall     = 50  // and workPlain for each parameter
	workDivide   = 150 // with its traps
	workAccess   = 200 // a load or store, with its bounds check
	workTruncate = 150 // a float to an integer, with its traps
	workBulk     = 400 // the bulk instructions call out of the code
	workIndirect = 800 // with its traps

	workBlock      = 200 // a basic block by itself
	workBlockBlock = 1   // with every other block
	workBlockStack = 2   // with every operand
	workBlockLocal = 50  // with every local
	workLabel      = 50  // a label of a br_table by itself
	workLabelLocal = 25  // with every local: what it holds is handed along

	// workUnit is one of Complexity; loopsUnit is how many passes over a local in a loop are one.
	workUnit  = 8
	loopsUnit = 64

	// blocksOfFill is how many blocks a memory.fill is: the engine writes a loop for it.
	blocksOfFill = 7
)

// works is, by place, the work that an instruction is by itself.
var works = func() (all [Places]uint32) {
	for _, o := range operations {
		all[o.op.Place()] = work(o)
	}
	return all
}()

// work is the class of one operation.
func work(o operation) uint32 {
	switch {
	case o.needs == BulkMemory:
		return workBulk
	case o.op == OpCallIndirect:
		return workIndirect
	case o.op == OpLocalSet, o.op == OpLocalTee:
		return workSet
	case o.op == OpCall, o.op == OpMemoryGrow:
		return workCall
	case o.imm == memory:
		return workAccess
	case o.op >= OpI32DivS && o.op <= OpI32RemU, o.op >= OpI64DivS && o.op <= OpI64RemU:
		return workDivide
	case o.op >= OpI32TruncF32S && o.op <= OpI32TruncF64U, o.op >= OpI64TruncF32S && o.op <= OpI64TruncF64U:
		return workTruncate
	}
	return workPlain
}
