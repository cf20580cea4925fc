package module

// What the engine's compiler makes of code, in bytes of machine code, with what counts gas: measured on amd64, rounded up. Most
// instructions are one or two of the machine's; those that check for a trap write down at each place what to do then.
const (
	machinePlain    = 6
	machineGlobal   = 10
	machineFloat    = 60 // what a NaN may come of, which is made canonical
	machineConvert  = 40 // conversions of floats, and to them
	machineCall     = 20 // and machineParam for each parameter
	machineParam    = 8
	machineIndirect = 250
	machineAccess   = 85
	machineDivide   = 155
	machineTruncate = 255
	machineBulk     = 80

	machineBlock = 50 // a basic block by itself
	machineLabel = 20 // a label of a br_table by itself
)

// machines is, by place, the machine code of an instruction by itself.
var machines = func() (all [Places]uint16) {
	for _, o := range operations {
		all[o.op.Place()] = machine(o)
	}
	return all
}()

// machine is the class of one operation.
func machine(o operation) uint16 {
	switch {
	case o.needs == BulkMemory, o.op == OpMemoryGrow:
		return machineBulk
	case o.op == OpCallIndirect:
		return machineIndirect
	case o.op == OpCall:
		return machineCall
	case o.op == OpGlobalGet, o.op == OpGlobalSet:
		return machineGlobal
	case o.imm == memory:
		return machineAccess
	case work(o) == workTruncate && o.op >= OpI32TruncF32S:
		return machineTruncate
	case work(o) == workDivide:
		return machineDivide
	case o.op >= OpF32Abs && o.op <= OpF64Copysign:
		return machineFloat
	case o.op >= OpF32ConvertI32S && o.op <= OpF64PromoteF32, o.needs == SaturatingFloat:
		return machineConvert
	}
	return machinePlain
}

// MachineCode is about how many bytes of machine code the function becomes.
func (f *FunctionFacts) MachineCode() uint64 {
	return f.Machine + machineBlock*uint64(f.Blocks) + machineLabel*uint64(f.Labels)
}
