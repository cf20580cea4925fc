package module

// bodies checks the code of every function.
func (v *validator) bodies() (*Facts, *Refusal) {
	facts := &Facts{Functions: make([]FunctionFacts, len(v.m.Bodies))}
	c := &checker{v: v, m: v.m, p: v.p, all: facts}
	first := len(v.typeOf) - len(v.m.Funcs)
	for i := range v.m.Bodies {
		f := &facts.Functions[i]
		c.index = int32(i)
		c.function(&v.m.Types[v.m.Funcs[i]], &v.m.Bodies[i], f)
		if facts.Complexity = saturate(facts.Complexity, f.Complexity()); c.err == nil && facts.Complexity > v.p.MaxComplexity {
			c.err = refuse(-1, "the module's complexity reaches %d with this function (limit %d)", facts.Complexity, v.p.MaxComplexity).instead(simpler)
		}
		if c.err != nil {
			c.err.Function = first + i
			return nil, c.err
		}
	}
	return facts, nil
}

// simpler is what to do about code that takes too long to compile.
const simpler = "split it into smaller functions, or inline less: go build -gcflags=all=-l, clang -Os, rustc -C opt-level=s"

// block is one that is open, the function's body included. It is small: a file may open a block with every three bytes.
type block struct {
	op     Opcode    // OpBlock for the function's body
	result ValueType // what it leaves; unknown for nothing
	dead   bool      // its rest can't be reached
	base   int32     // height of the operand stack where it starts
	loops  int32     // loops around it, itself included
}

// label is what a branch to it takes along. A loop is entered again at its start, which takes nothing.
func (b *block) label() ValueType {
	if b.op == OpLoop {
		return unknown
	}
	return b.result
}

// checker checks one body after another, keeping its stacks. It follows the algorithm of the WebAssembly specification's
// appendix: an operand stack of types, a control stack of blocks; behind an instruction that never goes on, operands may be
// taken that were never put there, of any type.
type checker struct {
	v      *validator
	m      *Module
	p      *Policy
	w      Walker
	body   *Body
	locals localTypes
	stack  []ValueType
	blocks []block // those open but the innermost
	top    block   // the innermost
	labels int     // of all br_tables so far
	all    *Facts
	facts  *FunctionFacts
	index  int32 // of the function, among those defined here
	err    *Refusal
}

// function checks one body. It runs in time linear in the body (V4): no instruction puts more than one operand, and taking
// stops at an empty stack.
func (c *checker) function(t *FuncType, b *Body, f *FunctionFacts) {
	c.body, c.facts = b, f
	c.w.code, c.w.next, c.w.err = b.Code, 0, nil
	c.locals.set(t.Params, b)
	c.stack, c.blocks = c.stack[:0], c.blocks[:0]
	c.top = block{op: OpBlock, result: result(t)}
	f.Locals, f.Work = c.locals.count, workFunction
	if f.Locals > c.p.MaxLocals {
		c.err = refuse(b.Offset, "%d locals with the parameters (limit %d)", f.Locals, c.p.MaxLocals).instead(simpler)
		return
	}
	if len(b.Code) > c.p.MaxBodyBytes {
		c.err = refuse(b.Offset, "a body of %d bytes (limit %d)", len(b.Code), c.p.MaxBodyBytes).instead(simpler)
		return
	}
	open := true
	for open && c.w.Next() {
		f.Instructions++
		place := c.w.in.Op.Place()
		f.Work += uint64(works[place])
		f.Machine += uint64(machines[place])
		open = c.step(&c.w.in)
		if c.err != nil {
			c.locate(c.err)
			return
		}
	}
	switch {
	case c.w.err != nil:
		c.err = c.w.err
		c.err.Offset += b.Offset
	case open:
		c.err = refuse(b.Offset+len(b.Code), "the code ends within a block")
	case c.w.next != len(b.Code):
		c.err = refuse(b.Offset+c.w.next, "the code goes on behind the function's end")
	case f.Complexity() > c.p.MaxFuncComplexity:
		c.err = refuse(b.Offset, "%d blocks, %d locals, %d loops within each other: a complexity of %d (limit %d)", f.Blocks, f.Locals, f.Loops, f.Complexity(), c.p.MaxFuncComplexity).instead(simpler)
	}
}

// result is what a function leaves, unknown for nothing.
func result(t *FuncType) ValueType {
	if len(t.Results) == 0 {
		return unknown
	}
	return t.Results[0]
}

// locate says where a refusal is.
func (c *checker) locate(r *Refusal) {
	r.Offset = c.body.Offset + c.w.in.At
	r.Instruction = c.w.in.Op.String()
}

// step checks one instruction; false when it ended the function.
//
// lint:long one case to an instruction
func (c *checker) step(in *Instruction) bool {
	switch in.Op {
	case OpUnreachable:
		c.never()
	case OpNop:
	case OpBlock, OpLoop:
		c.open(in)
	case OpIf:
		c.pop(I32)
		c.open(in)
	case OpElse:
		c.otherwise()
	case OpEnd:
		return c.close()
	case OpBr:
		c.take(c.label(in.A))
		c.never()
	case OpBrIf:
		c.pop(I32)
		l := c.label(in.A)
		c.take(l)
		c.put(l)
		c.facts.Blocks++
	case OpBrTable:
		c.table(in)
	case OpReturn:
		c.take(c.outer(uint32(len(c.blocks))).result)
		c.never()
	case OpCall:
		c.call(in.A)
	case OpCallIndirect:
		c.callIndirect(in)
	case OpDrop:
		c.any()
	case OpSelect:
		c.selection()
	case OpLocalGet:
		c.put(c.local(in.A))
	case OpLocalSet:
		c.take(c.local(in.A))
	case OpLocalTee:
		t := c.local(in.A)
		c.take(t)
		c.put(t)
	case OpGlobalGet:
		c.put(c.global(in.A).Type)
	case OpGlobalSet:
		g := c.global(in.A)
		if !g.Mutable {
			c.fail("global %d can't be changed", in.A)
		}
		c.take(g.Type)
	case OpMemoryInit, OpDataDrop, OpTableInit, OpElemDrop, OpTableCopy:
		c.segment(in)
		c.plain(in)
	case OpMemoryFill:
		c.facts.Blocks += blocksOfFill
		c.plain(in)
	case OpRefNull, OpRefFunc:
		c.err = refuseOpcode(0, in.Op)
	default:
		c.plain(in)
	}
	return true
}

// fail makes the refusal of the instruction under way.
func (c *checker) fail(format string, args ...any) {
	if c.err == nil {
		c.err = refuse(0, format, args...)
	}
}

// put puts an operand; nothing if t is unknown. (What select leaves of two unknown operands is put by itself.)
func (c *checker) put(t ValueType) {
	if t != unknown {
		c.push(t)
	}
}

func (c *checker) push(t ValueType) {
	c.stack = append(c.stack, t)
	if n := len(c.stack); n > c.facts.Stack {
		if c.facts.Stack = n; n > c.p.MaxStack {
			c.fail("more than %d operands on the stack", c.p.MaxStack)
		}
	}
}

// take takes an operand of a type; nothing if it is unknown.
func (c *checker) take(t ValueType) {
	if t != unknown {
		c.pop(t)
	}
}

// pop takes an operand of the type wanted.
func (c *checker) pop(want ValueType) {
	if got := c.any(); got != want && got != unknown && c.err == nil {
		c.fail("takes %s, but %s is on the stack", want, got)
	}
}

// any takes an operand of any type.
func (c *checker) any() ValueType {
	n := len(c.stack)
	if n == int(c.top.base) {
		if !c.top.dead {
			c.fail("takes an operand, but the block has none on the stack")
		}
		return unknown
	}
	t := c.stack[n-1]
	c.stack = c.stack[:n-1]
	return t
}

// popAll takes the parameters of a call. A type may have as many as the file has bytes, and a call is two bytes: once
// nothing is left that must match, it stops (V4).
func (c *checker) popAll(types []ValueType) {
	for i := len(types) - 1; i >= 0 && c.err == nil; i-- {
		if c.top.dead && len(c.stack) == int(c.top.base) {
			return
		}
		c.pop(types[i])
	}
}

// never says that what follows in this block can't be reached.
func (c *checker) never() {
	c.stack = c.stack[:c.top.base]
	c.top.dead = true
}

// outer is the block that a label means: 0 the innermost.
func (c *checker) outer(label uint32) *block {
	if label == 0 {
		return &c.top
	}
	return &c.blocks[len(c.blocks)-int(label)]
}

// label is what a branch takes along.
func (c *checker) label(label uint32) ValueType {
	if int(label) > len(c.blocks) {
		c.fail("there is no label %d: %d blocks are open", label, len(c.blocks)+1)
		return unknown
	}
	to := c.outer(label)
	if to.op == OpLoop {
		c.facts.Entries++
	}
	return to.label()
}

// open enters a block.
func (c *checker) open(in *Instruction) {
	c.blocks = append(c.blocks, c.top)
	c.top = block{op: in.Op, base: int32(len(c.stack)), loops: c.top.loops}
	if in.Op == OpLoop {
		c.facts.Entries++
		c.top.loops++
		c.facts.Loops = max(c.facts.Loops, int(c.top.loops))
	}
	if t, ok := in.Block.Result(); ok {
		c.top.result = t
	}
	c.facts.Blocks++
	if n := len(c.blocks); n > c.facts.Nesting {
		if c.facts.Nesting = n; n > c.p.MaxNesting {
			c.fail("more than %d blocks within each other", c.p.MaxNesting)
			c.err.Instead = simpler
		}
	}
}

// leave takes what the block leaves and checks that nothing else is on the stack.
func (c *checker) leave() {
	c.take(c.top.result)
	if n := len(c.stack) - int(c.top.base); n != 0 && c.err == nil {
		c.fail("the block leaves %d operands more than its type says", n)
	}
}

// otherwise goes from the first branch of an if to the second.
func (c *checker) otherwise() {
	if c.top.op != OpIf {
		c.fail("stands without an if")
	}
	c.leave()
	c.top.op, c.top.dead = OpElse, false
	c.facts.Blocks++
}

// close leaves a block; false if it was the function's body.
func (c *checker) close() bool {
	if c.top.op == OpIf && c.top.result != unknown {
		c.fail("an if that leaves %s has no else", c.top.result)
	}
	c.leave()
	n := len(c.blocks)
	if n == 0 || c.err != nil {
		return false
	}
	left := c.top.result
	c.top, c.blocks = c.blocks[n-1], c.blocks[:n-1]
	c.put(left)
	return true
}

// table checks a br_table: all labels take the same along, also where it can't be reached.
func (c *checker) table(in *Instruction) {
	c.labels += len(in.Labels)
	c.facts.Blocks++
	c.facts.Labels += len(in.Labels)
	if c.labels > c.p.MaxLabels {
		c.fail("the module's br_tables have more than %d labels", c.p.MaxLabels)
	}
	if c.facts.Labels > c.p.MaxFuncLabels {
		c.fail("the function's br_tables have more than %d labels", c.p.MaxFuncLabels)
	}
	c.pop(I32)
	along := c.label(in.Labels[len(in.Labels)-1])
	for _, l := range in.Labels {
		if got := c.label(l); got != along {
			c.fail("label %d takes another type along than the default", l)
			return
		}
	}
	c.take(along)
	c.never()
}

// call checks a call.
func (c *checker) call(function uint32) {
	if int(function) >= len(c.v.typeOf) {
		c.fail("function %d does not exist (there are %d)", function, len(c.v.typeOf))
		return
	}
	c.apply(&c.m.Types[c.v.typeOf[function]])
}

func (c *checker) callIndirect(in *Instruction) {
	if int(in.A) >= len(c.m.Types) {
		c.fail("type %d does not exist (there are %d)", in.A, len(c.m.Types))
		return
	}
	c.inTable(in.B)
	c.pop(I32)
	c.apply(&c.m.Types[in.A])
}

// apply takes what a function takes and puts what it gives.
func (c *checker) apply(t *FuncType) {
	c.facts.Work += workPlain * uint64(len(t.Params))
	c.facts.Machine += machineParam * uint64(len(t.Params))
	c.popAll(t.Params)
	c.put(result(t))
}

// inTable checks a table's index.
func (c *checker) inTable(table uint32) {
	if int(table) >= len(c.v.tables) {
		c.fail("table %d does not exist (there are %d)", table, len(c.v.tables))
	}
}

// selection checks a select: both operands have the same type. It notes one between floats.
func (c *checker) selection() {
	c.pop(I32)
	a, b := c.any(), c.any()
	if a == unknown {
		a = b
	}
	if b != unknown && a != b {
		c.fail("chooses between %s and %s", b, a)
	}
	if a == F32 || a == F64 {
		c.all.Selects = append(c.all.Selects, FloatSelect{Function: c.index, At: int32(c.w.in.At), Type: a})
	}
	c.push(a)
}

// local is the type of a local.
func (c *checker) local(index uint32) ValueType {
	t := c.locals.at(index)
	if t == unknown {
		c.fail("local %d does not exist (there are %d)", index, c.locals.count)
	}
	return t
}

// global is the type of a global.
func (c *checker) global(index uint32) GlobalType {
	if int(index) >= len(c.v.globals) {
		c.fail("global %d does not exist (there are %d)", index, len(c.v.globals))
		return GlobalType{Mutable: true}
	}
	return c.v.globals[index]
}

// segment checks the indices of an instruction on segments and tables.
func (c *checker) segment(in *Instruction) {
	switch in.Op {
	case OpMemoryInit, OpDataDrop:
		if c.m.DataCount == nil {
			c.fail("needs a data count section")
		} else if in.A >= *c.m.DataCount {
			c.fail("data segment %d does not exist (there are %d)", in.A, *c.m.DataCount)
		}
	case OpTableCopy:
		c.inTable(in.A)
		c.inTable(in.B)
	case OpTableInit:
		c.inTable(in.B)
		fallthrough
	case OpElemDrop:
		if int(in.A) >= len(c.m.Elements) {
			c.fail("element segment %d does not exist (there are %d)", in.A, len(c.m.Elements))
		}
	}
}

// plain checks an instruction by its signature.
func (c *checker) plain(in *Instruction) {
	e := &effects[in.Op.Place()]
	if e.needs&^c.p.Features != 0 {
		c.fail("is not accepted here (%s)", e.needs)
	}
	if e.memory {
		if len(c.v.memories) == 0 {
			c.fail("there is no memory")
		}
		if e.access && in.A > e.align {
			c.fail("is aligned to 2^%d bytes, more than its size of 2^%d", in.A, e.align)
		}
	}
	for _, t := range e.takes[:e.n] {
		c.pop(t)
	}
	c.put(e.gives)
}
