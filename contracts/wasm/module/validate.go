package module

import "math"

// Check decodes and validates under one policy.
func Check(code []byte, p Policy) (*Module, *Facts, error) {
	m, err := decode(code, &p)
	if err != nil {
		return nil, nil, err
	}
	f, err := Validate(m, p)
	if err != nil {
		return nil, nil, err
	}
	return m, f, nil
}

// Validate checks everything that WebAssembly demands of a decoded module (V2), the policy's rules and its limits (V3). It
// takes what Decode returns: a module built by hand goes through Encode and Check. The error is a *Refusal.
func Validate(m *Module, p Policy) (*Facts, error) {
	v := &validator{m: m, p: &p, typeOf: m.FuncTypeIndices(), globals: m.GlobalTypes(), tables: m.AllTables(), memories: m.AllMemories()}
	for _, check := range validations {
		if r := check(v); r != nil {
			return nil, r.named(m)
		}
	}
	if !p.Open {
		if r := v.contract(); r != nil {
			return nil, r
		}
	}
	f, r := v.bodies()
	if r != nil {
		return nil, r.named(m)
	}
	return f, nil
}

// validator holds the index spaces of the module under way.
type validator struct {
	m        *Module
	p        *Policy
	typeOf   []uint32 // functions
	globals  []GlobalType
	tables   []Limits
	memories []Limits
}

// validations are the checks outside of code, in an order in which each may rely on those before.
var validations = []func(*validator) *Refusal{
	(*validator).counts, (*validator).functionTypes, (*validator).names, (*validator).sizes, (*validator).initials, (*validator).exports,
	(*validator).start, (*validator).elements, (*validator).data, (*validator).nameSection,
}

// counts checks the limits that Check finds earlier, before memory is taken: a module may have been decoded without them.
func (v *validator) counts() *Refusal {
	m, p := v.m, v.p
	references, customs := 0, 0
	for i := range m.Elements {
		references += m.Elements[i].Len()
	}
	for i := range m.Customs {
		customs += leastCustom + 1 + len(m.Customs[i].Name) + len(m.Customs[i].Bytes)
	}
	for _, c := range []struct {
		what     string
		n, limit int
	}{
		{"types", len(m.Types), p.MaxTypes}, {"imports", len(m.Imports), p.MaxImports}, {"functions", len(m.Funcs), p.MaxFuncs},
		{"globals", len(m.Globals), p.MaxGlobals}, {"exports", len(m.Exports), p.MaxExports},
		{"element segments", len(m.Elements), p.MaxElements}, {"references in element segments", references, p.MaxReferences},
		{"data segments", len(m.Data), p.MaxData}, {"bytes of custom sections", customs, p.MaxCustomBytes},
	} {
		if c.n > c.limit {
			return refuse(-1, "%d %s (limit %d)", c.n, c.what, c.limit)
		}
	}
	for i := range m.Types {
		if n := len(m.Types[i].Params) + len(m.Types[i].Results); n > p.MaxParams {
			return refuse(-1, "type %d has %d parameters and results (limit %d)", i, n, p.MaxParams)
		}
	}
	return nil
}

// functionTypes checks that every function has a type, and that each defined one has a body.
func (v *validator) functionTypes() *Refusal {
	for i, t := range v.typeOf {
		if int(t) >= len(v.m.Types) {
			r := refuse(-1, "its type %d is unknown (the module has %d)", t, len(v.m.Types))
			r.Function = i
			return r
		}
	}
	if len(v.m.Funcs) != len(v.m.Bodies) {
		return refuse(-1, "%d functions are declared, but %d have code", len(v.m.Funcs), len(v.m.Bodies))
	}
	return nil
}

// names checks that imports name a module: the engine looks it up by its name.
func (v *validator) names() *Refusal {
	for i := range v.m.Imports {
		if im := &v.m.Imports[i]; im.Module == "" {
			return refuse(-1, "the import %q has no module's name", im.Name)
		}
	}
	return nil
}

// sizes checks tables and memories, of which there is at most one each.
func (v *validator) sizes() *Refusal {
	if len(v.tables) > 1 {
		return refuse(-1, "%d tables: at most one is accepted (reference types)", len(v.tables)).instead(adviceFor("reference types"))
	}
	if len(v.memories) > 1 {
		return refuse(-1, "%d memories: at most one is accepted", len(v.memories)).instead(adviceFor("several memories"))
	}
	for _, t := range v.tables {
		if r := bounded("table", "elements", t, v.p.MaxTable, math.MaxUint32); r != nil {
			return r
		}
	}
	for _, t := range v.memories {
		if r := bounded("memory", "pages", t, v.p.MaxPages, v.p.MaxPages); r != nil {
			return r.instead(smallMemory)
		}
	}
	return nil
}

// smallMemory is what to do about a memory that is too large.
const smallMemory = "link with --max-memory=16777216 and a smaller --initial-memory; a module without a largest size is fine"

// bounded checks the sizes of a table or memory.
func bounded(what, unit string, l Limits, start, most int) *Refusal {
	switch {
	case int(l.Min) > start:
		return refuse(-1, "a %s of %d %s (limit %d)", what, l.Min, unit, start)
	case l.HasMax && l.Max < l.Min:
		return refuse(-1, "a %s of %d %s is larger than its largest size of %d", what, l.Min, unit, l.Max)
	case l.HasMax && int(l.Max) > most:
		return refuse(-1, "a %s that may grow to %d %s (limit %d)", what, l.Max, unit, most)
	}
	return nil
}

// initials checks what globals start with.
func (v *validator) initials() *Refusal {
	for i := range v.m.Globals {
		g := &v.m.Globals[i]
		if _, r := v.constant(g.Init, g.Type); r != nil {
			return r.in("global %d", len(v.globals)-len(v.m.Globals)+i)
		}
	}
	return nil
}

// exports checks that names are unique and that what they name exists.
func (v *validator) exports() *Refusal {
	seen := make(map[string]struct{}, len(v.m.Exports))
	space := [...]int{ExternFunc: len(v.typeOf), ExternTable: len(v.tables), ExternMemory: len(v.memories), ExternGlobal: len(v.globals)}
	for _, e := range v.m.Exports {
		if _, twice := seen[e.Name]; twice {
			return refuse(-1, "two exports have the name %q", e.Name)
		}
		seen[e.Name] = struct{}{}
		if int(e.Index) >= space[e.Kind] {
			return refuse(-1, "the export %q is %s %d, which does not exist (there are %d)", e.Name, e.Kind, e.Index, space[e.Kind])
		}
	}
	return nil
}

// start checks the start function.
func (v *validator) start() *Refusal {
	s := v.m.Start
	if s == nil {
		return nil
	}
	if int(*s) >= len(v.typeOf) {
		return refuse(-1, "the start function %d does not exist (there are %d)", *s, len(v.typeOf))
	}
	if t := v.m.Types[v.typeOf[*s]]; len(t.Params)+len(t.Results) > 0 {
		return refuse(-1, "the start function %d has the type %s, not %s", *s, t, FuncType{})
	}
	return nil
}

// elements checks element segments.
func (v *validator) elements() *Refusal {
	for i := range v.m.Elements {
		if r := v.element(&v.m.Elements[i]); r != nil {
			return r.in("element segment %d", i)
		}
	}
	return nil
}

func (v *validator) element(e *Element) *Refusal {
	if (e.Mode != Active || len(e.Exprs) > 0) && v.p.Features&BulkMemory == 0 {
		return refuse(-1, "is passive or of expressions (%s)", BulkMemory)
	}
	for _, f := range e.Funcs {
		if int(f) >= len(v.typeOf) {
			return refuse(-1, "names function %d, which does not exist (there are %d)", f, len(v.typeOf))
		}
	}
	for _, x := range e.Exprs {
		if _, r := v.constant(x, Funcref); r != nil {
			return r
		}
	}
	if e.Mode != Active {
		return nil
	}
	if int(e.Table) >= len(v.tables) {
		return refuse(-1, "is for table %d, which does not exist (there are %d)", e.Table, len(v.tables))
	}
	at, r := v.constant(e.Offset, I32)
	if r != nil {
		return r
	}
	// A segment that can never be copied is refused here as the engine does it: a table's size is known unless imported.
	if own := len(v.m.Tables) > 0; own && at.known && uint64(uint32(at.value))+uint64(e.Len()) > uint64(v.tables[0].Min) {
		return refuse(-1, "reaches element %d of a table of %d", uint64(uint32(at.value))+uint64(e.Len()), v.tables[0].Min)
	}
	return nil
}

// data checks data segments and their count.
func (v *validator) data() *Refusal {
	if n := v.m.DataCount; n != nil {
		if v.p.Features&BulkMemory == 0 {
			return refuse(-1, "there is a data count section (%s)", BulkMemory)
		}
		if int(*n) != len(v.m.Data) {
			return refuse(-1, "the data count section says %d segments, but there are %d", *n, len(v.m.Data))
		}
	}
	for i := range v.m.Data {
		if r := v.segment(&v.m.Data[i]); r != nil {
			return r.in("data segment %d", i)
		}
	}
	return nil
}

func (v *validator) segment(d *Data) *Refusal {
	if d.Mode != Active {
		if v.p.Features&BulkMemory == 0 {
			return refuse(-1, "is passive (%s)", BulkMemory)
		}
		return nil
	}
	if len(v.memories) == 0 {
		return refuse(-1, "is for memory 0, but there is no memory")
	}
	at, r := v.constant(d.Offset, I32)
	if r != nil {
		return r
	}
	// Without bulk memory's rules a segment behind the memory's end is found when the module is instantiated. A contract
	// that could never be instantiated is refused at once.
	size := uint64(v.memories[0].Min) * PageBytes
	if end := uint64(uint32(at.value)) + uint64(len(d.Bytes)); !v.p.Open && at.known && end > size {
		return refuse(-1, "reaches byte %d of a memory of %d pages (%d bytes)", end, v.memories[0].Min, size)
	}
	return nil
}
