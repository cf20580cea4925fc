package meter

import (
	"cmp"
	"slices"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// mark is code to write that sets bits of the dirty global, at a place that is always passed before the stores that it
// is for.
type mark struct {
	at       int32
	kind     operandKind
	scope    int32
	root     int32  // based
	local    uint32 // based: holds root + lift at that place
	lift     uint32
	from, to int64  // bytes that are stored to, the first and behind the last, counted from root (based) or address (other)
	bits     uint64 // number
}

// marking plans the marks of a body.
//
// Stores whose addresses are counted from one root share a mark, if the bytes from the first to the last of them are no
// more than a bucket: then only the first and the last byte's bucket can be touched. The shared mark stands where the first
// of the addresses was taken, so this must be passed before all the others: they are in one scope. A scope is code where
// what stands before also ran before; it ends where ways meet, and at a loop's head, but not where a br_if or an if may
// leave it. A root is the value that a local had where the scope began (-1 for local 0, and so on), or that it was assigned
// later. Nothing is known across scopes.
type marking struct {
	all     []mark
	shift   uint
	clock   int32   // never set back, so that scopes and roots of different bodies differ
	scope   int32   // since when
	locals  []known // by local
	numbers int32   // index in all of the last mark of numbers
}

// known is what a local holds in a scope: root + lift.
type known struct {
	scope  int32
	root   int32
	lift   uint32
	latest int32 // index in all of the last mark that was counted from this local, of any scope
}

// begin starts a body with so many locals.
func (m *marking) begin(locals int) {
	m.all = m.all[:0]
	m.newScope()
	if missing := locals - len(m.locals); missing > 0 {
		m.locals = append(m.locals, make([]known, missing)...)
	}
}

func (m *marking) newScope() {
	m.clock++
	m.scope = m.clock
}

// local is the value of a local, on top of the stack at a place.
func (m *marking) local(index uint32, at int) operand {
	k := &m.locals[index]
	if k.scope != m.scope {
		k.scope, k.root, k.lift = m.scope, -1-int32(index), 0
	}
	return operand{kind: based, at: int32(at), scope: m.scope, root: k.root, add: k.lift, local: index, lift: k.lift}
}

// assign gives a local a new value.
func (m *marking) assign(index uint32, o operand) {
	k := &m.locals[index]
	k.scope = m.scope
	if o.kind == based && o.scope == m.scope {
		k.root, k.lift = o.root, o.add
		return
	}
	m.clock++
	k.root, k.lift = m.clock, 0
}

// find returns the mark at an index if it is of the operand's kind and scope.
func (m *marking) find(i int32, o operand) *mark {
	if int(i) >= len(m.all) || m.all[i].kind != o.kind || m.all[i].scope != o.scope {
		return nil
	}
	return &m.all[i]
}

// number marks a store to a known address.
func (m *marking) number(o operand, address, size uint64) {
	bits := uint64(1)<<(address>>m.shift&63) | uint64(1)<<((address+size-1)>>m.shift&63)
	if g := m.find(m.numbers, o); g != nil {
		g.bits |= bits
		g.at = min(g.at, o.at)
		return
	}
	m.numbers = int32(len(m.all))
	m.all = append(m.all, mark{kind: number, at: o.at, scope: o.scope, bits: bits})
}

// based marks a store to an address counted from a root: size bytes, the first of them at root + from.
func (m *marking) based(o operand, from, size int64) {
	k := &m.locals[o.local]
	if g := m.find(k.latest, o); g != nil && g.root == o.root {
		if first, behind := min(g.from, from), max(g.to, from+size); behind-first <= 1<<m.shift {
			g.from, g.to = first, behind
			if o.at < g.at {
				g.at, g.local, g.lift = o.at, o.local, o.lift
			}
			return
		}
	}
	k.latest = int32(len(m.all))
	m.all = append(m.all, mark{
		kind: based, at: o.at, scope: o.scope, root: o.root, local: o.local, lift: o.lift, from: from, to: from + size,
	})
}

// other marks a store to an address that is on top of the stack at its place.
func (m *marking) other(o operand, from, size int64) {
	m.all = append(m.all, mark{kind: other, at: o.at, from: from, to: from + size})
}

// sort puts the marks in the order of their places.
func (m *marking) sort() {
	before := func(a, b mark) int { return cmp.Compare(a.at, b.at) }
	if !slices.IsSortedFunc(m.all, before) {
		slices.SortStableFunc(m.all, before)
	}
}

// mark writes a mark. The operand stack is left as it was.
func (w *weaver) mark(m *mark) {
	if m.kind == number {
		w.With(module.OpGlobalGet, w.dirty)
		w.I64(int64(m.bits))
		w.Op(module.OpI64Or)
		w.With(module.OpGlobalSet, w.dirty)
		return
	}
	base, wide, from, to := m.local, false, m.from-int64(m.lift), m.to-int64(m.lift)
	if m.kind == other {
		base = w.scratchAddress
		w.With(module.OpLocalTee, base)
	} else {
		wide = w.types[base] == module.I64
	}
	w.With(module.OpGlobalGet, w.dirty)
	w.bucket(base, wide, from)
	if to-from > 1 {
		w.bucket(base, wide, to-1)
	}
	w.With(module.OpGlobalSet, w.dirty)
}

// bucket ORs the bit of the bucket of base+add into the i64 on the stack. Bits of the sum above the address are shifted
// out of the six that i64.shl looks at.
func (w *weaver) bucket(base uint32, wide bool, add int64) {
	w.I64(1)
	w.Get(base)
	if !wide {
		w.Op(module.OpI64ExtendI32U)
	}
	if add := int32(add); add != 0 { // modulo 2^32
		w.I64(int64(add))
		w.Op(module.OpI64Add)
	}
	w.I64(int64(w.shift))
	w.Op(module.OpI64ShrU, module.OpI64Shl, module.OpI64Or)
}
