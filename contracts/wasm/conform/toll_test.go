package conform

import (
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// region is a stretch of code that is paid at its start, as contracts/wasm/meter documents it: from a place where control
// arrives to where it may leave. Its price is the sum of its instructions' rounded up; a loop's body costs something.
type region struct {
	start  int // step
	tenths int64
	calls  int
	loop   bool
}

// regionCalls is how many calls a region has at most: behind the last a new one begins.
const regionCalls = 5

// tolls finds the regions of a routine.
type tolls struct {
	*routine
	region
	open []openBlock
	dead int // blocks opened in code that never runs, plus one; 0 in code that may
}

type openBlock struct {
	op       module.Opcode
	branched bool
}

// charge says what must be paid at which step.
func (f *routine) charge() {
	t := tolls{routine: f, open: []openBlock{{}}}
	t.tenths = int64(len(f.locals)) * gas.LocalZero
	for i := range f.code {
		t.step(i, &f.code[i])
	}
	t.pay()
	f.frame = f.words()
}

// pay ends the region.
func (t *tolls) pay() {
	units := (t.tenths + gas.Tenths - 1) / gas.Tenths
	if t.loop {
		units = max(units, 1)
	}
	if t.start < len(t.code) {
		t.code[t.start].toll += units
	}
}

// begin ends the region and begins one behind step i.
func (t *tolls) begin(i int) {
	t.pay()
	t.region = region{start: i + 1}
}

// step adds an instruction to the region, or ends it.
func (t *tolls) step(i int, s *step) {
	if t.dead > 0 && !t.revives(s.op) {
		return
	}
	if t.dead == 0 {
		s.live = true
		price, _ := meter.PriceOf(s.op)
		t.tenths += int64(price)
		if s.floats {
			t.tenths += gas.FloatSelect
		}
	}
	switch s.op {
	case module.OpBlock:
		t.open = append(t.open, openBlock{op: s.op})
	case module.OpLoop:
		t.open = append(t.open, openBlock{op: s.op})
		t.begin(i)
		t.loop = true
	case module.OpIf:
		t.open = append(t.open, openBlock{op: s.op, branched: true})
		t.begin(i)
	case module.OpElse:
		top := &t.open[len(t.open)-1]
		top.op, top.branched = module.OpElse, top.branched || t.dead == 0
		t.arm(i)
	case module.OpEnd:
		t.close(i)
	case module.OpBr, module.OpBrIf:
		t.target(s.a)
		t.jump(i, s.op != module.OpBrIf)
	case module.OpBrTable:
		for _, l := range s.labels {
			t.target(l)
		}
		t.jump(i, true)
	case module.OpReturn, module.OpUnreachable:
		t.jump(i, true)
	case module.OpCall, module.OpCallIndirect:
		if t.calls++; t.calls == regionCalls {
			t.begin(i)
		}
	}
}

// arm begins the second arm of an if.
func (t *tolls) arm(i int) {
	if t.dead > 0 {
		t.dead = 0
		t.region = region{start: i + 1}
		return
	}
	t.begin(i)
}

// jump ends the region; what follows may run or not.
func (t *tolls) jump(i int, always bool) {
	t.begin(i)
	if always {
		t.dead = 1
	}
}

// target notes a branch.
func (t *tolls) target(label uint32) {
	if b := &t.open[len(t.open)-1-int(label)]; b.op != module.OpLoop {
		b.branched = true
	}
}

// close is the end of a block: a region begins behind it if control may arrive from elsewhere.
func (t *tolls) close(i int) {
	top := t.open[len(t.open)-1]
	t.open = t.open[:len(t.open)-1]
	if t.dead > 0 {
		t.dead = 0
		t.region = region{start: i + 1}
	} else if top.branched {
		t.begin(i)
	}
}

// revives says whether an instruction in code that never runs ends it.
func (t *tolls) revives(op module.Opcode) bool {
	switch op {
	case module.OpBlock, module.OpLoop, module.OpIf:
		t.dead++
	case module.OpElse:
		return t.dead == 1
	case module.OpEnd:
		if t.dead == 1 {
			return true
		}
		t.dead--
	}
	return false
}

// spend takes gas.
func (r *reference) spend(units int64) { r.toll.gas += units }

// growToll is paid for pages, there or not; bulkToll for bytes and elements.
func growToll(pages uint32) int64 { return int64(pages) * gas.GrowPage }

func bulkToll(op module.Opcode, n uint64) int64 {
	if op == module.OpTableInit || op == module.OpTableCopy {
		return int64(n) * gas.BulkElement
	}
	return int64(n) / gas.BulkBytes
}

// What a frame counts for. A function that calls none and needs little counts for nothing.
const (
	frames        = 1790
	valuesPerWord = 32
	leafWords     = 512
)

// words is what a frame counts for.
func (f *routine) words() int64 {
	values := int64(f.facts.Instructions) + int64(f.facts.Blocks)*int64(f.facts.Locals)
	words := max(maxStack/frames+1, int64(f.facts.Locals+f.facts.Stack), values/valuesPerWord)
	for _, s := range f.code {
		if (s.op == module.OpCall || s.op == module.OpCallIndirect) && s.live {
			return words
		}
	}
	if words > leafWords {
		return words
	}
	return 0
}

// enter counts a frame; leave uncounts it.
func (r *reference) enter(fn *routine) {
	if r.toll.words += fn.frame; r.toll.words > maxStack {
		panic(trapStack)
	}
}

func (r *reference) leave(fn *routine) { r.toll.words -= fn.frame }
