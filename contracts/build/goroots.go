package build

import (
	"strings"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// goRoots are the functions that a call through the table can find beside those that running code refers to. A function
// that is left out by mistake is no danger to anyone but the contract: its place in the table is empty, so a call traps.
type goRoots struct {
	t     *goTables
	cut   []bool // functions that only start-up code and diagnostics need (cut.go)
	roots []bool
	cells map[uint64]int // address of a closure without variables, in read-only memory: its function
	// tables are the methods in the tables of interfaces, by the table's address and by that of the interface's type: where
	// code asserts to an interface, the runtime finds the table by the type.
	tables map[uint64][]int
}

// findRoots goes through the image. A word that is the PC of a function's beginning is a closure; with a resume point it is a
// place on some stack, which matters only for the runtime's own goroutines (G1 of sdk/guest: nothing else is under way in an
// image).
func findRoots(t *goTables, cut []bool) *goRoots {
	r := &goRoots{t: t, cut: cut, roots: make([]bool, len(t.funcs)), cells: map[uint64]int{}, tables: map[uint64][]int{}}
	readOnly := t.word(mdReadOnly)
	for at := readOnly; at+8 <= t.header; at++ {
		if f, resume, ok := t.function(t.u64(at)); ok && resume == 0 {
			r.cells[at] = f
		}
	}
	r.methods()
	skip := append(r.interfaces(), [2]uint64{t.header, t.word(mdFuncDataEnd) &^ 7})
	types, typesEnd := t.word(mdTypes), t.word(mdTypesEnd)
	for at := uint64(0); at+8 <= uint64(len(t.memory)); at += 8 {
		for _, s := range skip {
			if at >= s[0] && at < s[1] {
				at = s[1]
			}
		}
		r.word(t.u64(at), at >= types && at < typesEnd, at >= readOnly && at < t.header)
	}
	return r
}

// word takes in one of the image; within a type's description it is no assertion, in read-only memory no closure with
// variables.
func (r *goRoots) word(word uint64, inType, readOnly bool) {
	if f, ok := r.cells[word]; ok {
		r.root(f)
	}
	for _, f := range r.tables[word] {
		if !inType {
			r.root(f)
		}
	}
	if f, resume, ok := r.t.function(word); ok && !readOnly && (resume == 0 || strings.HasPrefix(r.t.funcs[f].name, "runtime.")) {
		r.root(f)
	}
}

func (r *goRoots) root(function int) {
	if !r.cut[function] {
		r.roots[function] = true
	}
}

// methods adds those that reflection, or an assertion to an interface, may find in the description of a type: name, type,
// and twice a function's number, of 32 bits each. What merely looks so does no harm.
func (r *goRoots) methods() {
	from, to := r.t.word(mdTypes), r.t.word(mdTypesEnd)
	size := uint32(to - from)
	n := uint32(len(r.t.funcs))
	for at := from; at+16 <= to; at += 4 {
		name, typ := r.t.u32(at), r.t.u32(at+4)
		direct, indirect := r.t.u32(at+8)-firstPC, r.t.u32(at+12)-firstPC
		if direct < n && indirect < n && name > 0 && name < size && typ < size {
			r.root(int(direct))
			r.root(int(indirect))
		}
	}
}

// interfaces finds the tables of interfaces: the interface's type, the value's type, a hash, then the methods. It returns
// where the runtime keeps account of them, which is no use of them: the list, and the hash table.
func (r *goRoots) interfaces() (skip [][2]uint64) {
	list, n := r.t.word(mdItabs), r.t.word(mdItabs+1)
	known := map[uint64]bool{0: true}
	for i := range n {
		table := r.t.u64(list + 8*i)
		known[table] = true
		at := table + 24
		for ; ; at += 8 {
			f, resume, ok := r.t.function(r.t.u64(at))
			if !ok || resume != 0 {
				break
			}
			delete(r.cells, at)
			r.tables[table] = append(r.tables[table], f)
			r.tables[r.t.u64(table)] = append(r.tables[r.t.u64(table)], f)
		}
		skip = append(skip, [2]uint64{table, at})
	}
	return append(skip, [2]uint64{list, list + 8*n}, r.hashTable(known))
}

// hashTable is where the runtime looks tables up: a size and a count, then pointers and gaps. No place if it isn't found.
func (r *goRoots) hashTable(known map[uint64]bool) [2]uint64 {
	const size = 512 // while it has not grown, which then is a table more that refers to everything
	for at := r.t.word(mdNoPointerData) &^ 7; at+8*(size+2) <= uint64(len(r.t.memory)); at += 8 {
		if r.t.u64(at) != size || r.t.u64(at+8) == 0 || r.t.u64(at+8) > size {
			continue
		}
		left, strange := r.t.u64(at+8), uint64(0)
		for i := range uint64(size) {
			switch word := r.t.u64(at + 16 + 8*i); {
			case word != 0 && known[word]:
				left--
			case word != 0:
				strange++
			}
		}
		if left == strange { // those that were made at run time stand elsewhere, with their methods
			return [2]uint64{at, at + 8*(size+2)}
		}
	}
	return [2]uint64{}
}

// references marks what an instruction refers to beside calls: a function's PC, or the cell of a closure.
func (r *goRoots) references(in *module.Instruction, mark func(index int)) {
	if in.Op != module.OpI64Const && in.Op != module.OpI32Const {
		return
	}
	if f, resume, ok := r.t.function(uint64(in.I64)); ok && resume == 0 {
		mark(f)
	}
	address := uint64(uint32(in.I64))
	if f, ok := r.cells[address]; ok {
		mark(f)
	}
	for _, f := range r.tables[address] {
		mark(f)
	}
}
