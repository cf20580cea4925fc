package module

// Smallest encodings of one entry, for count.
const (
	leastType    = 3
	leastImport  = 4
	leastFunc    = 1
	leastLimits  = 2
	leastGlobal  = 3
	leastExport  = 3
	leastElement = 3
	leastBody    = 3
	leastLocals  = 2
	leastData    = 2
	leastExpr    = 2
	leastCustom  = 2 // before the content: its number and size
)

func (d *decoder) custom() {
	if d.customs += leastCustom + d.end - d.at; d.customs > d.p.MaxCustomBytes {
		d.fail("custom sections of %d bytes (limit %d)", d.customs, d.p.MaxCustomBytes)
		d.err.Instead = "strip names and debug sections: wasm-ld --strip-all, rustc -C strip=symbols"
		return
	}
	c := Custom{Name: d.name("the custom section's name")}
	c.Bytes = d.bytes(d.end-d.at, "the custom section")
	if d.err == nil {
		d.m.Customs = append(d.m.Customs, c)
	}
}

func (d *decoder) types() {
	n := d.count("types", d.p.MaxTypes, leastType)
	d.m.Types = room[FuncType](n)
	for i := 0; i < n && d.err == nil; i++ {
		at := d.at
		if form := d.byte("a type"); d.err == nil && form != 0x60 {
			d.err = refuseType(at, form, "a type that is not a function's")
			return
		}
		var t FuncType
		t.Params = d.values("parameters", d.p.MaxParams)
		t.Results = d.values("results", d.p.MaxParams-len(t.Params))
		if len(t.Results) > 1 {
			d.failAt(at, "type %d has %d results (multi-value)", i, len(t.Results))
			d.err.Instead = adviceFor("multi-value")
		}
		d.m.Types = append(d.m.Types, t)
	}
}

// values reads a vector of number types.
func (d *decoder) values(what string, limit int) []ValueType {
	n := d.count(what, limit, 1)
	b := d.bytes(n, what)
	if len(b) == 0 {
		return nil
	}
	all := make([]ValueType, n)
	for i, t := range b {
		all[i] = ValueType(t)
		if !all[i].number() {
			d.err = refuseType(d.at-n+i, t, "one of the "+what)
			return nil
		}
	}
	return all
}

func (d *decoder) imports() {
	d.m.Imports = vector(d, "imports", d.p.MaxImports, leastImport, d.importing)
}

func (d *decoder) importing() Import {
	im := Import{Module: d.name("an import's module"), Name: d.name("an import's name")}
	at := d.at
	im.Kind = ExternKind(d.byte("an import's kind"))
	switch im.Kind {
	case ExternFunc:
		im.Type = d.u32("an imported function's type")
	case ExternTable:
		im.Limits = d.table()
	case ExternMemory:
		im.Limits = d.memory()
	case ExternGlobal:
		im.Global = d.globalType()
	default:
		d.badKind(at, byte(im.Kind), "import")
	}
	return im
}

// badKind refuses the kind of an import or export.
func (d *decoder) badKind(at int, kind byte, what string) {
	d.failAt(at, "an %s has the unknown kind %d", what, kind)
	if kind == 4 {
		d.err.What, d.err.Instead = "an "+what+" is a tag (exceptions)", adviceFor("exceptions")
	}
}

func (d *decoder) funcs() {
	d.m.Funcs = vector(d, "functions", d.p.MaxFuncs, leastFunc, func() uint32 { return d.u32("a function's type") })
}

func (d *decoder) tables() {
	d.m.Tables = vector(d, "tables", d.p.MaxBytes, leastLimits+1, d.table)
}

func (d *decoder) memories() {
	d.m.Memories = vector(d, "memories", d.p.MaxBytes, leastLimits, d.memory)
}

// table reads a table's type.
func (d *decoder) table() Limits {
	at := d.at
	if t := d.byte("a table's type"); d.err == nil && ValueType(t) != Funcref {
		d.err = refuseType(at, t, "a table's type")
	}
	return d.limits("table")
}

func (d *decoder) memory() Limits { return d.limits("memory") }

// limits reads the sizes of a table or memory.
func (d *decoder) limits(what string) (l Limits) {
	at := d.at
	switch flag := d.byte("a table's or memory's limits"); {
	case flag <= 1:
		l.HasMax = flag == 1
	case flag <= 3:
		d.failAt(at, "a shared %s (threads) is not accepted", what)
		d.err.Instead = adviceFor("threads")
	case flag <= 7:
		d.failAt(at, "a 64-bit %s is not accepted", what)
		d.err.Instead = adviceFor("64-bit memory")
	default:
		d.failAt(at, "a %s's limits start with the unknown flag %d", what, flag)
	}
	l.Min = d.u32("a smallest size")
	if l.HasMax {
		l.Max = d.u32("a largest size")
	}
	return l
}

func (d *decoder) globals() {
	d.m.Globals = vector(d, "globals", d.p.MaxGlobals, leastGlobal, func() Global {
		return Global{GlobalType: d.globalType(), Init: d.expression()}
	})
}

func (d *decoder) globalType() (g GlobalType) {
	at := d.at
	if g.Type = ValueType(d.byte("a global's type")); d.err == nil && !g.Type.number() {
		d.err = refuseType(at, byte(g.Type), "a global's type")
	}
	mutable := d.byte("a global's mutability")
	if g.Mutable = mutable == 1; mutable > 1 {
		d.failAt(d.at-1, "a global's mutability is %d, neither 0 nor 1", mutable)
	}
	return g
}

// expression reads to the end of a constant expression; whether it is one is for Validate.
func (d *decoder) expression() []byte {
	if d.err != nil {
		return nil
	}
	w := Walker{code: d.b[d.at:d.end]}
	for w.Next() {
		if w.in.Op == OpEnd {
			return d.bytes(w.next, "an expression")
		}
	}
	if d.err = w.err; d.err == nil {
		d.fail("a constant expression ends early")
	} else {
		d.err.Offset += d.at
	}
	return nil
}

func (d *decoder) exports() {
	d.m.Exports = vector(d, "exports", d.p.MaxExports, leastExport, d.export)
}

func (d *decoder) export() Export {
	e := Export{Name: d.name("an export's name")}
	at := d.at
	if e.Kind = ExternKind(d.byte("an export's kind")); e.Kind > ExternGlobal {
		d.badKind(at, byte(e.Kind), "export")
	}
	e.Index = d.u32("an export's index")
	return e
}

func (d *decoder) start() {
	at := d.u32("the start function")
	d.m.Start = &at
}

func (d *decoder) dataCount() {
	n := d.u32("the data count")
	d.m.DataCount = &n
}

func (d *decoder) elements() {
	d.m.Elements = vector(d, "element segments", d.p.MaxElements, leastElement, d.element)
}

// element reads a segment. Bits of its flag: 0 not active, 1 declarative or with a table's index, 2 expressions.
func (d *decoder) element() (e Element) {
	at := d.at
	flag := d.u32("an element segment's flag")
	if flag > 7 {
		d.failAt(at, "an element segment starts with the unknown flag %d", flag)
		return e
	}
	switch {
	case flag&1 == 0:
		if flag&2 != 0 {
			e.Table = d.u32("an element segment's table")
		}
		e.Offset = d.expression()
	case flag&2 == 0:
		e.Mode = Passive
	default:
		e.Mode = Declarative
	}
	if flag&3 != 0 {
		d.elementKind(flag&4 != 0)
	}
	if flag&4 != 0 {
		e.Exprs = references(d, leastExpr, d.expression)
	} else {
		e.Funcs = references(d, leastFunc, func() uint32 { return d.u32("an element") })
	}
	return e
}

// elementKind reads what a segment's references are: functions.
func (d *decoder) elementKind(expressions bool) {
	at := d.at
	kind := d.byte("an element segment's kind")
	switch {
	case d.err != nil:
	case expressions && ValueType(kind) != Funcref:
		d.err = refuseType(at, kind, "an element segment's type")
	case !expressions && kind != 0:
		d.failAt(at, "an element segment has the unknown kind %d", kind)
	}
}

// references reads those of a segment, which count against the sum over all segments.
func references[T any](d *decoder, least int, read func() T) []T {
	all := vector(d, "references in element segments", d.p.MaxReferences-d.refs, least, read)
	d.refs += len(all)
	return all
}

func (d *decoder) bodies() {
	n := d.count("function bodies", d.p.MaxFuncs, leastBody)
	d.m.Bodies = room[Body](n)
	section := d.end
	for i := 0; i < n && d.err == nil; i++ {
		size := int(d.u32("a body's size"))
		if d.err == nil && size > section-d.at {
			d.fail("a body of %d bytes, but only %d follow", size, section-d.at)
		}
		d.end = d.at + size
		d.m.Bodies = append(d.m.Bodies, d.body())
		d.end = section
		if d.err != nil && d.err.Function < 0 {
			d.err.Function = d.m.ImportedFuncs() + i
		}
	}
}

// body reads the locals and takes the rest as code.
func (d *decoder) body() (b Body) {
	runs := d.count("runs of locals", d.p.MaxBytes, leastLocals)
	b.Locals = room[Locals](runs)
	sum := 0
	for i := 0; i < runs && d.err == nil; i++ {
		at := d.at
		l := Locals{Count: d.u32("a number of locals"), Type: ValueType(d.byte("a local's type"))}
		if d.err == nil && !l.Type.number() {
			d.err = refuseType(d.at-1, byte(l.Type), "a local's type")
		}
		if sum += int(l.Count); sum > d.p.MaxLocals {
			d.failAt(at, "%d locals (limit %d)", sum, d.p.MaxLocals)
		}
		b.Locals = append(b.Locals, l)
	}
	b.Offset = d.at
	if b.Code = d.bytes(d.end-d.at, "code"); len(b.Code) > d.p.MaxBodyBytes {
		d.fail("a body of %d bytes (limit %d)", len(b.Code), d.p.MaxBodyBytes)
	} else if d.err == nil && (len(b.Code) == 0 || b.Code[len(b.Code)-1] != byte(OpEnd)) {
		d.fail("a body does not finish with end")
	}
	return b
}

func (d *decoder) data() {
	d.m.Data = vector(d, "data segments", d.p.MaxData, leastData, d.segment)
}

// segment reads one data segment.
func (d *decoder) segment() (s Data) {
	at := d.at
	switch flag := d.u32("a data segment's flag"); flag {
	case 0:
		s.Offset = d.expression()
	case 1:
		s.Mode = Passive
	case 2:
		if m := d.u32("a data segment's memory"); m != 0 {
			d.failAt(at, "a data segment for memory %d: there is only memory 0", m)
			d.err.Instead = adviceFor("several memories")
		}
		s.Offset = d.expression()
	default:
		d.failAt(at, "a data segment starts with the unknown flag %d", flag)
	}
	s.Bytes = d.bytes(int(d.u32("a data segment's length")), "a data segment")
	return s
}
