package module

// Encode writes the module in its one canonical form: every integer outside of code in its shortest encoding, sections
// without entries left out, custom sections behind the others in their order. What Decode returns re-encodes to a module
// that decodes to the same; code and constant expressions are copied as they are.
func (m *Module) Encode() []byte {
	e := encoder{b: make([]byte, 0, m.size())}
	e.b = append(e.b, header...)
	e.section(sectionType, len(m.Types), func(i int) { e.funcType(&m.Types[i]) })
	e.section(sectionImport, len(m.Imports), func(i int) { e.importing(&m.Imports[i]) })
	e.section(sectionFunction, len(m.Funcs), func(i int) { e.u32(m.Funcs[i]) })
	e.section(sectionTable, len(m.Tables), func(i int) { e.table(m.Tables[i]) })
	e.section(sectionMemory, len(m.Memories), func(i int) { e.limits(m.Memories[i]) })
	e.section(sectionGlobal, len(m.Globals), func(i int) { e.global(&m.Globals[i]) })
	e.section(sectionExport, len(m.Exports), func(i int) { e.export(&m.Exports[i]) })
	if m.Start != nil {
		e.single(sectionStart, *m.Start)
	}
	e.section(sectionElement, len(m.Elements), func(i int) { e.element(&m.Elements[i]) })
	if m.DataCount != nil {
		e.single(sectionDataCount, *m.DataCount)
	}
	e.section(sectionCode, len(m.Bodies), func(i int) { e.body(&m.Bodies[i]) })
	e.section(sectionData, len(m.Data), func(i int) { e.data(&m.Data[i]) })
	for i := range m.Customs {
		c := &m.Customs[i]
		e.sized(sectionCustom, func() {
			e.name(c.Name)
			e.b = append(e.b, c.Bytes...)
		})
	}
	return e.b
}

// size is about how many bytes the module takes.
func (m *Module) size() int {
	n := 1024 + 16*len(m.Types) + 64*len(m.Imports) + 3*len(m.Funcs) + 16*len(m.Globals) + 32*len(m.Exports)
	for i := range m.Elements {
		n += 16 + 4*m.Elements[i].Len()
	}
	for i := range m.Bodies {
		n += 8 + 4*len(m.Bodies[i].Locals) + len(m.Bodies[i].Code)
	}
	for i := range m.Data {
		n += 16 + len(m.Data[i].Bytes)
	}
	return n
}

// encoder appends.
type encoder struct{ b []byte }

func (e *encoder) byte(b byte)  { e.b = append(e.b, b) }
func (e *encoder) u32(v uint32) { e.b = appendU(e.b, v) }
func (e *encoder) len(n int)    { e.b = appendU(e.b, n) }

func (e *encoder) bytes(b []byte) {
	e.len(len(b))
	e.b = append(e.b, b...)
}

func (e *encoder) name(s string) {
	e.len(len(s))
	e.b = append(e.b, s...)
}

// sized writes a section or body: its content first, then its length in front, so that the length is the shortest.
func (e *encoder) sized(section byte, content func()) {
	e.byte(section)
	e.prefixed(content)
}

// prefixed writes content with its length in front.
func (e *encoder) prefixed(content func()) {
	from := len(e.b)
	content()
	size := len(e.b) - from
	var length [5]byte
	n := len(appendU(length[:0], size))
	e.b = append(e.b, length[:n]...)
	copy(e.b[from+n:], e.b[from:from+size])
	copy(e.b[from:], length[:n])
}

// section writes a section of n entries, unless there is none.
func (e *encoder) section(id byte, n int, entry func(i int)) {
	if n == 0 {
		return
	}
	e.sized(id, func() {
		e.len(n)
		for i := range n {
			entry(i)
		}
	})
}

// single writes a section that is one number.
func (e *encoder) single(id byte, v uint32) { e.sized(id, func() { e.u32(v) }) }

func (e *encoder) funcType(t *FuncType) {
	e.byte(0x60)
	e.values(t.Params)
	e.values(t.Results)
}

func (e *encoder) values(all []ValueType) {
	e.len(len(all))
	for _, t := range all {
		e.byte(byte(t))
	}
}

func (e *encoder) importing(im *Import) {
	e.name(im.Module)
	e.name(im.Name)
	e.byte(byte(im.Kind))
	switch im.Kind {
	case ExternFunc:
		e.u32(im.Type)
	case ExternTable:
		e.table(im.Limits)
	case ExternMemory:
		e.limits(im.Limits)
	case ExternGlobal:
		e.globalType(im.Global)
	}
}

func (e *encoder) table(l Limits) {
	e.byte(byte(Funcref))
	e.limits(l)
}

func (e *encoder) limits(l Limits) {
	if !l.HasMax {
		e.byte(0)
		e.u32(l.Min)
		return
	}
	e.byte(1)
	e.u32(l.Min)
	e.u32(l.Max)
}

func (e *encoder) globalType(g GlobalType) {
	e.byte(byte(g.Type))
	if g.Mutable {
		e.byte(1)
	} else {
		e.byte(0)
	}
}

func (e *encoder) global(g *Global) {
	e.globalType(g.GlobalType)
	e.b = append(e.b, g.Init...)
}

func (e *encoder) export(x *Export) {
	e.name(x.Name)
	e.byte(byte(x.Kind))
	e.u32(x.Index)
}

// element writes a segment under the lowest flag that can express it.
func (e *encoder) element(s *Element) {
	var flag byte
	switch {
	case s.Mode == Passive:
		flag = 1
	case s.Mode == Declarative:
		flag = 3
	case s.Table != 0:
		flag = 2
	}
	kind := byte(0)
	if len(s.Exprs) > 0 {
		flag, kind = flag|4, byte(Funcref)
	}
	e.byte(flag)
	if flag&3 == 2 {
		e.u32(s.Table)
	}
	e.b = append(e.b, s.Offset...)
	if flag&3 != 0 {
		e.byte(kind)
	}
	e.len(s.Len())
	for _, f := range s.Funcs {
		e.u32(f)
	}
	for _, x := range s.Exprs {
		e.b = append(e.b, x...)
	}
}

func (e *encoder) body(b *Body) {
	e.prefixed(func() {
		e.len(len(b.Locals))
		for _, l := range b.Locals {
			e.u32(l.Count)
			e.byte(byte(l.Type))
		}
		e.b = append(e.b, b.Code...)
	})
}

func (e *encoder) data(s *Data) {
	e.byte(s.Mode)
	e.b = append(e.b, s.Offset...)
	e.bytes(s.Bytes)
}
