package wasm

import "github.com/thinkey/thinkey/contracts/wasm/module"

// takeData takes the module's active segments out of it, and is what they make of its memory, without the zeros at the
// end. A new instance gets that at once: 65,536 segments took the engine 3 ms each time, which no message pays for, as it
// might have found an instance that waits. Instructions that name a segment still find it: of one that is active nothing
// is left to them.
func takeData(m *module.Module) (image []byte) {
	image = make([]byte, m.Memories[0].Min*module.PageBytes)
	end := 0
	rest := make([]module.Data, len(m.Data))
	for i := range m.Data {
		rest[i] = m.Data[i]
		if d := &m.Data[i]; d.Mode == module.Active {
			at := int(offsetOf(d))
			end = max(end, at+copy(image[at:], d.Bytes))
			rest[i] = module.Data{Mode: module.Passive}
		}
	}
	if m.Data = rest; m.DataCount == nil {
		m.Data = nil // no instruction names one
	}
	for end > 0 && image[end-1] == 0 {
		end--
	}
	return append(make([]byte, 0, end), image[:end]...)
}

// offsetOf is where a segment of an accepted module goes: there are no globals that it could name.
func offsetOf(d *module.Data) uint32 {
	w := module.Walk(d.Offset)
	w.Next()
	return uint32(w.Instruction().I64)
}
