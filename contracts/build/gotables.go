package build

import (
	"bytes"
	"encoding/binary"
)

// The Go linker leaves tables in memory by which the runtime knows its functions: names, frames, stack maps. By them the
// builder knows what the module's functions are and which of them can still be called once the start-up code is done.
// Their layout belongs to a version of Go. It is checked against itself; where it isn't understood, nothing is trimmed.

const (
	pcMagic = 0x0801_0000_ffff_fff1 // Go 1.20 and later: magic, no padding, units of 1 byte, pointers of 8
	pcShift = 16                    // a PC is a function's number << 16, and a resume point
	firstPC = 0x1000                // the number of the first function that the module defines

	findBytes, findBuckets = 20, 16 // of findfunctab: an entry's size, and the entries of each function
)

// Words of runtime.moduledata, from its beginning.
const (
	mdHeader        = 0
	mdNames         = 1
	mdUnits         = 4 // of 4 bytes
	mdFiles         = 7
	mdPCTab         = 10
	mdFuncs         = 13
	mdEntries       = 16
	mdFindFunc      = 19
	mdMinPC         = 20
	mdNoPointerData = 24
	mdTypes         = 37
	mdTypesEnd      = 38
	mdReadOnly      = 39 // to the tables' header
	mdFuncData      = 40
	mdFuncDataEnd   = 41
	mdItabs         = 48
)

// Offsets in runtime._func.
const (
	fnName      = 4
	fnPCSP      = 16
	fnPCFile    = 20
	fnPCLine    = 24
	fnPCTables  = 28 // their number
	fnFuncDatas = 43 // their number, a byte
	fnBytes     = 44
)

// goTables are the tables of one image.
type goTables struct {
	memory []byte
	header uint64 // address of the tables, which begin there
	data   uint64 // address of moduledata
	funcs  []goFunc
}

// goFunc is one function of the module, in the order in which the module defines them.
type goFunc struct {
	name string
	at   uint64 // address of its runtime._func
}

// readGoTables finds the tables; ok is false where they are not what this builder knows.
func readGoTables(memory []byte, defined int) (t *goTables, ok bool) {
	t = &goTables{memory: memory}
	defer func() {
		if recover() != nil { // an address that lies outside
			t, ok = nil, false
		}
	}()
	if t.header = t.find(pcMagic); t.header == 0 {
		return nil, false
	}
	if t.data = t.find(t.header); t.data == 0 {
		return nil, false
	}
	names, entries := t.word(mdNames), t.word(mdEntries)
	n := int(t.word(mdEntries+1)) - 1 // the last one is the end
	// The header names the same places, by their distances; the substitutes stand behind the functions of Go.
	if t.u64(t.header+32)+t.header != names || n > defined || t.word(mdMinPC) != firstPC<<pcShift || t.word(mdFuncs) != entries {
		return nil, false
	}
	t.funcs = make([]goFunc, n)
	for i := range t.funcs {
		pc, at := t.u32(entries+8*uint64(i)), entries+uint64(t.u32(entries+8*uint64(i)+4))
		if pc != uint32(firstPC+i) || t.u32(at) != pc {
			return nil, false
		}
		name := memory[names+uint64(t.u32(at+fnName)):]
		t.funcs[i] = goFunc{string(name[:bytes.IndexByte(name, 0)]), at}
	}
	return t, true
}

// find is the address of the first word with a value; 0 if there is none.
func (t *goTables) find(value uint64) uint64 {
	for at := uint64(firstGoData); at+8 <= uint64(len(t.memory)); at += 8 {
		if t.u64(at) == value {
			return at
		}
	}
	return 0
}

func (t *goTables) u32(at uint64) uint32 { return binary.LittleEndian.Uint32(t.memory[at:]) }

func (t *goTables) u64(at uint64) uint64 { return binary.LittleEndian.Uint64(t.memory[at:]) }

func (t *goTables) put32(at uint64, v uint32) { binary.LittleEndian.PutUint32(t.memory[at:], v) }

// word is one of moduledata.
func (t *goTables) word(n int) uint64 { return t.u64(t.data + 8*uint64(n)) }

// function is the function whose PC v is, and the resume point in it.
func (t *goTables) function(v uint64) (index int, resume uint64, ok bool) {
	f := v>>pcShift - firstPC
	return int(f), v & (1<<pcShift - 1), v>>pcShift >= firstPC && f < uint64(len(t.funcs))
}
