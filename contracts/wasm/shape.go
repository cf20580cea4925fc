package wasm

import (
	"bytes"
	"fmt"
	"math/bits"

	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// wholeBytes is the size up to which a memory is restored as a whole: to note down which parts were touched costs more.
const wholeBytes = 2 * module.PageBytes

// shape is what a module's text says about its instances.
type shape struct {
	exports [len(entries)]bool
	merges  []string // methods that the entry merge handles
	globals []string // the module's own mutable globals, as the instrumented module exports them
	bytes   uint32   // of memory at the start
	refs    uint64   // function references in segments
	fill    uint64   // gas for what a new instance has beside its memory: tables, segments
	marks   bool     // the module notes which parts of memory it stores to (instance.dirty)
	items   int      // functions, segments, references in them
	apart   int64    // bytes of an instance beside its memory
	shift   uint     // a part is 1<<shift bytes
	once    bool     // an instance can't be made as new: the module changes tables or drops segments
}

func shapeOf(m *module.Module) shape {
	s := shape{bytes: m.Memories[0].Min * module.PageBytes, once: changesTables(m)}
	for _, t := range m.Tables {
		s.fill += gas.RestoreSlot * uint64(t.Min)
	}
	for i := range m.Elements {
		s.refs += uint64(m.Elements[i].Len())
	}
	s.fill += gas.RestoreElement * s.refs
	if m.DataCount != nil {
		s.fill += gas.RestoreSegment * uint64(len(m.Data))
	}
	for i, name := range entries {
		_, s.exports[i] = m.Export(name)
	}
	s.merges, _ = mergeable(m) // check has read them
	for i, g := range m.Globals {
		if g.Mutable {
			s.globals = append(s.globals, fmt.Sprint(meter.GlobalOwn, i))
		}
	}
	s.items = len(m.Funcs) + len(m.Data) + int(s.refs)
	s.apart = instanceBytes + 48*int64(s.refs) + 32*int64(len(m.Data)) + 128*int64(len(m.Globals))
	for _, t := range m.Tables {
		s.apart += 8 * int64(t.Min)
	}
	if s.bytes > wholeBytes {
		s.marks, s.shift = true, uint(bits.Len32((s.bytes-1)>>6))
	}
	return s
}

// price is that of an instance beside gas.Run.
func (s *shape) price() uint64 {
	pages := uint64(s.bytes / module.PageBytes)
	p := pages*gas.RestorePage + s.fill
	if s.once {
		p += gas.RunOnce + gas.OncePage*pages + gas.OnceElement*s.refs
	}
	return p
}

// changesTables says whether m has an instruction that changes what restoring doesn't reach.
func changesTables(m *module.Module) bool {
	for i := range m.Bodies {
		if !suspect(m.Bodies[i].Code) {
			continue // to decode it all would take a tenth of the time to load it
		}
		w := module.Walk(m.Bodies[i].Code)
		for w.Next() {
			if changesTable(w.Instruction().Op) {
				return true
			}
		}
	}
	return false
}

func changesTable(o module.Opcode) bool {
	switch o {
	case module.OpTableInit, module.OpTableCopy, module.OpElemDrop, module.OpDataDrop:
		return true
	}
	return false
}

// suspect says whether the code has bytes that such an instruction begins with: its prefix, and the low seven bits of its number.
func suspect(code []byte) bool {
	const prefix = byte(module.OpTableInit >> 8)
	for at := bytes.IndexByte(code, prefix); at >= 0 && at+1 < len(code); at = bytes.IndexByte(code, prefix) {
		if code = code[at+1:]; changesTable(module.Opcode(prefix)<<8 | module.Opcode(code[0]&0x7f)) {
			return true
		}
	}
	return false
}
