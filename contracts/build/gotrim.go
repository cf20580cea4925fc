package build

import (
	"slices"
	"strings"
)

// Indices of a function's tables (internal/abi of Go). What the others serve: lines, tracebacks, preemption by signals.
var (
	keptPCTables = []int{1, 2, 4}       // stack maps, inlined calls, bounds
	keptFuncData = []int{0, 1, 2, 3, 4} // pointers in arguments, in locals, objects on the stack, inlined calls, defers
)

// trim empties what the tables say of functions that are gone, and of files and lines: nobody sees a stack's trace on a
// chain. Functions that have a frame on a stack of the image keep what the runtime needs to walk over it, gone or not.
func (t *goTables) trim(live []bool) {
	keep := t.framed(live)
	t.trimNames(keep)
	t.trimFind(keep)
	tables := span{t.word(mdPCTab), t.word(mdPCTab) + t.word(mdPCTab+1), nil}
	datas := span{t.word(mdFuncData), t.word(mdFindFunc), nil}
	var offsets []uint64 // where the funcdata of any function begins: one ends where the next begins
	for i, f := range t.funcs {
		first, n := t.funcData(f.at)
		for k := range n {
			if offset := t.u32(first + 4*uint64(k)); offset != ^uint32(0) {
				offsets = append(offsets, datas.from+uint64(offset))
			}
		}
		if keep[i] {
			t.trimFunc(f.at, &tables)
		}
	}
	slices.Sort(offsets)
	offsets = append(slices.Compact(offsets), datas.to)
	for i, f := range t.funcs {
		first, n := t.funcData(f.at)
		for k := range n {
			offset := t.u32(first + 4*uint64(k))
			if !keep[i] || offset == ^uint32(0) {
				continue
			}
			at := datas.from + uint64(offset)
			next, _ := slices.BinarySearch(offsets, at+1)
			datas.keep(at, offsets[next])
		}
	}
	for i, f := range t.funcs {
		if !keep[i] {
			first, n := t.funcData(f.at)
			clear(t.memory[f.at+4 : first+4*uint64(n)]) // the runtime finds it by its number, which stays
		}
	}
	tables.clearRest(t.memory)
	datas.clearRest(t.memory)
	clear(t.memory[t.word(mdUnits) : t.word(mdUnits)+4*t.word(mdUnits+1)])
	clear(t.memory[t.word(mdFiles) : t.word(mdFiles)+t.word(mdFiles+1)])
}

// framed adds to live the functions that a word anywhere in memory says to be on a stack.
func (t *goTables) framed(live []bool) []bool {
	keep := slices.Clone(live[:len(t.funcs)])
	end := t.word(mdFuncDataEnd) &^ 7
	for at := uint64(0); at+8 <= uint64(len(t.memory)); at += 8 {
		if at == t.header {
			at = end
			continue
		}
		if f, _, ok := t.function(t.u64(at)); ok {
			keep[f] = true
		}
	}
	return keep
}

// trimNames empties the names of functions but the few that the runtime itself looks at: which goroutines are its own, and
// which two of reflect's functions have frames of a shape that they alone know.
func (t *goTables) trimNames(keep []bool) {
	at := t.word(mdNames)
	names := span{at, at + t.word(mdNames+1), nil}
	for i, f := range t.funcs {
		own := strings.HasPrefix(f.name, "runtime.") && !strings.Contains(f.name, "(")
		if keep[i] && (own || f.name == "reflect.makeFuncStub" || f.name == "reflect.methodValueCall") {
			from := at + uint64(t.u32(f.at+fnName))
			names.keep(from, from+uint64(len(f.name)))
		}
	}
	names.clearRest(t.memory)
}

// trimFind empties findfunctab but the one entry per function that a PC can lead to: resume points take no PCs of their own.
func (t *goTables) trimFind(keep []bool) {
	at := t.word(mdFindFunc)
	find := span{at, t.word(mdFuncDataEnd) - t.word(mdFuncDataEnd)%4, nil}
	for i := range t.funcs {
		if from := at + uint64(i)*findBytes*findBuckets; keep[i] {
			find.keep(from, from+findBytes)
		}
	}
	find.clearRest(t.memory)
}

// trimFunc takes from a function the tables that nobody reads, and keeps the bytes of the others.
func (t *goTables) trimFunc(at uint64, tables *span) {
	t.put32(at+fnPCFile, 0)
	t.put32(at+fnPCLine, 0)
	t.keepTable(t.u32(at+fnPCSP), tables)
	n := t.u32(at + fnPCTables)
	for k := range int(n) {
		place := at + fnBytes + 4*uint64(k)
		if !slices.Contains(keptPCTables, k) {
			t.put32(place, 0)
		}
		t.keepTable(t.u32(place), tables)
	}
	first, datas := t.funcData(at)
	for k := range datas {
		if !slices.Contains(keptFuncData, k) {
			t.put32(first+4*uint64(k), ^uint32(0))
		}
	}
}

// funcData is where the offsets of a function's data stand, and how many there are.
func (t *goTables) funcData(at uint64) (first uint64, n int) {
	return at + fnBytes + 4*uint64(t.u32(at+fnPCTables)), int(t.memory[at+fnFuncDatas])
}

// keepTable keeps a table of values by PC: pairs of varints, to a zero where the first of a pair would be. Offset 0 is none.
func (t *goTables) keepTable(offset uint32, tables *span) {
	if offset == 0 {
		return
	}
	from := tables.from + uint64(offset)
	at := from
	varint := func() {
		for t.memory[at] >= 0x80 {
			at++
		}
		at++
	}
	for first := true; first || t.memory[at] != 0; first = false {
		varint()
		varint()
	}
	tables.keep(from, at+1)
}

// span is a part of memory of which some is kept.
type span struct {
	from, to uint64
	kept     [][2]uint64
}

func (s *span) keep(from, to uint64) { s.kept = append(s.kept, [2]uint64{from, to}) }

// clearRest zeroes what isn't kept.
func (s *span) clearRest(memory []byte) {
	slices.SortFunc(s.kept, func(a, b [2]uint64) int { return int(int64(a[0] - b[0])) })
	at := s.from
	for _, k := range append(s.kept, [2]uint64{s.to, s.to}) {
		if k[0] > at {
			clear(memory[at:k[0]])
		}
		at = max(at, k[1])
	}
}
