package meter

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// machine runs a body, for the tests of what an instrumented one does: integers, control and stores, no calls but those of
// refill and of functions that do nothing. There is no memory: stores are noted.
type machine struct {
	code    []module.Instruction
	ends    []int // of a block, loop, if or else: the index of its end
	elses   []int // of an if: the index of its else, or of its end
	layout  *layout
	locals  []uint64
	globals map[uint32]uint64
	stack   []uint64
	open    []int // indices of blocks
	heights []int
	at      int

	trace  []string // stores and calls, in their order
	trap   bool     // on unreachable, or a store beyond 2^32
	store  func(at, size uint64)
	step   func(in *module.Instruction)
	refill func()
}

// load decodes a body.
func load(body []byte, l *layout) *machine {
	m := &machine{layout: l, globals: map[uint32]uint64{}}
	w := module.Walk(body)
	for w.Next() {
		in := *w.Instruction()
		in.Labels = append([]uint32(nil), in.Labels...)
		m.code = append(m.code, in)
	}
	m.ends, m.elses = make([]int, len(m.code)), make([]int, len(m.code))
	var open []int
	for i, in := range m.code {
		switch in.Op {
		case module.OpBlock, module.OpLoop, module.OpIf:
			open = append(open, i)
		case module.OpElse:
			m.elses[open[len(open)-1]] = i
		case module.OpEnd:
			if len(open) > 0 {
				b := open[len(open)-1]
				open = open[:len(open)-1]
				m.ends[b] = i
				if m.elses[b] == 0 {
					m.elses[b] = i
				} else {
					m.ends[m.elses[b]] = i
				}
			}
		}
	}
	return m
}

// run runs at most so many instructions; false if they were not enough.
func (m *machine) run(limit int) bool {
	for ; limit > 0; limit-- {
		if m.at >= len(m.code) || m.trap {
			return true
		}
		in := &m.code[m.at]
		if m.step != nil {
			m.step(in)
		}
		m.at++
		m.execute(in)
	}
	return false
}

func (m *machine) push(v uint64)   { m.stack = append(m.stack, v) }
func (m *machine) push32(v uint32) { m.push(uint64(v)) }
func (m *machine) pop() uint64 {
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v
}

func (m *machine) execute(in *module.Instruction) {
	switch in.Op {
	case module.OpNop:
	case module.OpUnreachable:
		m.trap = true
	case module.OpBlock, module.OpLoop:
		m.enter(m.at - 1)
	case module.OpIf:
		cond := uint32(m.pop())
		m.enter(m.at - 1)
		if cond == 0 {
			if m.at = m.elses[m.at-1]; m.code[m.at].Op == module.OpElse {
				m.at++
			}
		}
	case module.OpElse:
		m.at = m.ends[m.at-1]
	case module.OpEnd:
		if n := len(m.open); n > 0 {
			m.open, m.heights = m.open[:n-1], m.heights[:n-1]
		}
	case module.OpBr:
		m.branch(in.A)
	case module.OpBrIf:
		if uint32(m.pop()) != 0 {
			m.branch(in.A)
		}
	case module.OpBrTable:
		m.branch(in.Labels[min(uint64(uint32(m.pop())), uint64(len(in.Labels)-1))])
	case module.OpReturn:
		m.branch(uint32(len(m.open)))
	case module.OpCall:
		m.call(in.A)
	case module.OpDrop:
		m.pop()
	case module.OpLocalGet:
		m.push(m.locals[in.A])
	case module.OpLocalSet:
		m.locals[in.A] = m.pop()
	case module.OpLocalTee:
		m.locals[in.A] = m.stack[len(m.stack)-1]
	case module.OpGlobalGet:
		m.push(m.globals[in.A])
	case module.OpGlobalSet:
		m.globals[in.A] = m.pop()
	case module.OpI32Const:
		m.push32(uint32(in.I64))
	case module.OpI64Const:
		m.push(uint64(in.I64))
	case module.OpI32Store, module.OpI64Store, module.OpI32Store8:
		m.write(in)
	default:
		m.arithmetic(in.Op)
	}
}

func (m *machine) enter(at int) {
	m.open, m.heights = append(m.open, at), append(m.heights, len(m.stack))
}

// branch leaves blocks, or goes to a loop's head.
func (m *machine) branch(label uint32) {
	at := len(m.open) - 1 - int(label)
	if at < 0 {
		m.at = len(m.code)
		return
	}
	b := &m.code[m.open[at]]
	if b.Op == module.OpLoop {
		m.stack = m.stack[:m.heights[at]]
		m.at = m.open[at] + 1
		m.open, m.heights = m.open[:at+1], m.heights[:at+1]
		return
	}
	if _, result := b.Block.Result(); result {
		v := m.pop()
		m.stack = append(m.stack[:m.heights[at]], v)
	} else {
		m.stack = m.stack[:m.heights[at]]
	}
	m.at = m.ends[m.open[at]] + 1
	m.open, m.heights = m.open[:at], m.heights[:at]
}

// call notes a call by its number before instrumentation.
func (m *machine) call(f uint32) {
	l := m.layout
	if f == l.refill && m.refill != nil {
		m.refill()
		return
	}
	if m.refill != nil && f > l.refill {
		f--
	}
	m.trace = append(m.trace, fmt.Sprint("call ", f))
}

// write notes a store.
func (m *machine) write(in *module.Instruction) {
	size := uint64(traits[in.Op.Place()].size)
	v, at := m.pop(), uint64(uint32(m.pop()))+uint64(in.B)
	if at+size > 1<<32 {
		m.trap = true
		return
	}
	if m.store != nil {
		m.store(at, size)
	}
	m.trace = append(m.trace, fmt.Sprintf("%#x %s %#x", at, in.Op, v))
}

func (m *machine) arithmetic(o module.Opcode) {
	if o == module.OpI32WrapI64 || o == module.OpI64ExtendI32U {
		m.push32(uint32(m.pop()))
		return
	}
	b, a := m.pop(), m.pop()
	truth := map[bool]uint64{true: 1}
	switch o {
	case module.OpI32Add:
		m.push32(uint32(a) + uint32(b))
	case module.OpI32Sub:
		m.push32(uint32(a) - uint32(b))
	case module.OpI32Mul:
		m.push32(uint32(a) * uint32(b))
	case module.OpI32GtU:
		m.push(truth[uint32(a) > uint32(b)])
	case module.OpI64Add:
		m.push(a + b)
	case module.OpI64Sub:
		m.push(a - b)
	case module.OpI64ShrU:
		m.push(a >> (b & 63))
	case module.OpI64Shl:
		m.push(a << (b & 63))
	case module.OpI64Or:
		m.push(a | b)
	case module.OpI64LtS:
		m.push(truth[int64(a) < int64(b)])
	default:
		panic(fmt.Sprint("the machine has no ", o))
	}
}
