package meter

import (
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// The bounds of G2, in units of gas.
const (
	// maxLag is how far a frame may run ahead of the last check.
	maxLag = 500
	// callLag is how far a frame may run ahead once it has called: behind it, all the frames that called one another
	// may each be as far ahead, one after the other, as they return.
	callLag = 40
	// leafLag is what a function that calls nothing may cost, all its code together, to go without a check. It is twice
	// what calling it costs, which the caller has paid: so calls of such functions come to three times what was paid at
	// most, and need no checks between them.
	leafLag = 8
)

// flow is where the plan stands in the control structure of a body.
type flow struct {
	blocks   []block // those that are open; the first is the function
	region   region
	dead     bool // what follows never runs
	deadFrom int  // where that began
	deep     int  // blocks opened since
}

// block is one that is open.
type block struct {
	op       module.Opcode // block, loop, if, else; 0 for the function
	result   bool
	branched bool  // its label is branched to
	height   int   // operands below it
	lag      int64 // largest over the branches to its end
	edges    int   // ways to its end; one that is not a way of a fork counts twice
	fork     fork  // of the last that is
	own      fork  // of an if
	atIf     int64 // of an if: lag where it was decided
}

// region is a metered block under way: code that runs from its start to its end or traps.
type region struct {
	charge  int // index of the edit
	tenths  uint64
	callees int64 // what the functions that it calls may leave unchecked
	lag     int64 // before it, on the path where it is largest
	entry   entry
}

// entry is how a region begins.
type entry uint8

const (
	counted entry = iota // checked if the lag gets too large
	checked              // always: the function's start
	looped               // always, and costs something: a loop's head
)

// open begins a region at a place in the code.
func (p *plan) open(at int, lag int64, e entry) {
	p.region = region{charge: len(p.edits), lag: lag, entry: e}
	p.edits = append(p.edits, edit{at: int32(at), end: int32(at)})
}

// close ends the region and returns the lag at its end.
func (p *plan) close() int64 {
	r := &p.region
	units := (r.tenths + gas.Tenths - 1) / gas.Tenths
	if r.entry == looped {
		units = max(units, 1)
	}
	p.total += units
	c := &p.edits[r.charge]
	c.arg = uint32(units)
	lag := r.lag + int64(units)
	switch {
	case units == 0:
	case r.entry != counted || lag > maxLag:
		c.kind, lag = chargeCheck, 0
	default:
		c.kind = charge
	}
	if r.callees > 0 {
		lag = max(lag, maxLag-callLag) + r.callees
	}
	return lag
}

// wakes says whether an instruction is where dead code ends.
func (p *plan) wakes(in *module.Instruction) bool {
	switch in.Op {
	case module.OpBlock, module.OpLoop, module.OpIf:
		p.deep++
		return false
	case module.OpElse:
		return p.deep == 0 && p.endDead(in)
	case module.OpEnd:
		if p.deep > 0 {
			p.deep--
			return false
		}
		return p.endDead(in)
	}
	return false
}

// endDead drops what never runs.
func (p *plan) endDead(in *module.Instruction) bool {
	if in.At > p.deadFrom {
		p.edits = append(p.edits, edit{kind: dead, at: int32(p.deadFrom), end: int32(in.At)})
	}
	return true
}

// die is behind an instruction that never goes on.
func (p *plan) die(in *module.Instruction) {
	p.dead, p.deadFrom, p.deep = true, in.End, 0
}

// branch plans for what changes the way.
func (p *plan) branch(in *module.Instruction) {
	switch in.Op {
	case module.OpBlock:
		p.enter(in)
	case module.OpLoop:
		p.loops = true
		p.open(in.End, p.close(), looped)
		p.enter(in)
		p.marks.newScope()
	case module.OpIf:
		p.pop()
		lag := p.close()
		p.enter(in)
		p.top().atIf = lag
		p.top().own = p.decide(in, lag)
	case module.OpElse:
		p.otherwise(in)
	case module.OpEnd:
		p.end(in)
	case module.OpUnreachable:
		p.close()
		p.die(in)
	case module.OpBr:
		p.target(in.A, p.close()).edges += 2
		p.die(in)
	case module.OpBrIf:
		p.pop()
		p.pin(in.A)
		lag := p.close()
		p.target(in.A, lag).arrive(p.decide(in, lag))
	case module.OpBrTable:
		lag := p.close()
		for _, l := range in.Labels {
			p.target(l, lag).edges += 2
		}
		p.die(in)
	case module.OpReturn:
		p.edits = append(p.edits, edit{kind: leave, at: int32(in.At), end: int32(in.End), arg: uint32(len(p.blocks) - 1)})
		p.target(uint32(len(p.blocks)-1), p.close())
		p.die(in)
	}
}

// top is the innermost block.
func (p *plan) top() *block { return &p.blocks[len(p.blocks)-1] }

// enter opens a block.
func (p *plan) enter(in *module.Instruction) {
	_, result := in.Block.Result()
	p.blocks = append(p.blocks, block{op: in.Op, result: result, height: len(p.operands)})
}

// outer is the block that a label means: 0 the innermost.
func (p *plan) outer(label uint32) *block { return &p.blocks[len(p.blocks)-1-int(label)] }

// target notes a branch to a label.
func (p *plan) target(label uint32, lag int64) *block {
	b := p.outer(label)
	if b.op != module.OpLoop { // whose head checks
		b.branched = true
		b.lag = max(b.lag, lag)
	}
	return b
}

// pin keeps a float canonical that a br_if takes along: it is used in two places.
func (p *plan) pin(label uint32) {
	if b := p.outer(label); b.result && b.op != module.OpLoop {
		if o := &p.operands[len(p.operands)-1]; o.kind == float {
			o.kind = other
		}
	}
}

// otherwise is the else of an if.
func (p *plan) otherwise(in *module.Instruction) {
	b := p.top()
	if !p.dead {
		b.branched = true
		b.edges += 2
		b.lag = max(b.lag, p.close())
	}
	p.dead = false
	b.op = module.OpElse
	p.operands = p.operands[:b.height]
	p.marks.newScope()
	p.open(in.End, b.atIf, counted)
	p.join(b.own)
}

// end closes a block. Code behind it that only dead code leads to is kept: the block's type makes it valid, and it never runs.
func (p *plan) end(in *module.Instruction) {
	b := *p.top()
	if len(p.blocks) == 1 {
		p.leaves = b.branched
		lag := b.lag
		if !p.dead {
			lag = max(lag, p.close())
		}
		p.top().lag = lag
		return
	}
	p.blocks = p.blocks[:len(p.blocks)-1]
	if b.op == module.OpIf { // without else: the way around it
		b.branched = true
		b.arrive(b.own)
		b.lag = max(b.lag, b.atIf)
	}
	if !p.dead && !b.branched {
		return
	}
	lag := b.lag
	if !p.dead {
		lag = max(lag, p.close())
		b.edges += 2
	}
	p.dead = false
	p.operands = p.operands[:b.height]
	p.marks.newScope()
	if b.result {
		p.pushOther(in)
	}
	p.open(in.End, lag, counted)
	if b.edges == 1 && b.op != module.OpLoop {
		p.join(b.fork)
	}
}
