package module

// imported counts the imports of one kind: what the module defines of it is numbered behind them.
func (m *Module) imported(kind ExternKind) int {
	n := 0
	for i := range m.Imports {
		if m.Imports[i].Kind == kind {
			n++
		}
	}
	return n
}

// ImportedFuncs is the number of imported functions, and so the index of the first function defined here.
func (m *Module) ImportedFuncs() int { return m.imported(ExternFunc) }

// ImportedGlobals is the number of imported globals, and so the index of the first global defined here.
func (m *Module) ImportedGlobals() int { return m.imported(ExternGlobal) }

// imports finds the nth import of a kind.
func (m *Module) imports(kind ExternKind, nth uint32) *Import {
	for i := range m.Imports {
		if m.Imports[i].Kind != kind {
			continue
		}
		if nth == 0 {
			return &m.Imports[i]
		}
		nth--
	}
	return nil
}

// FuncTypeIndex is the index in Types of a function, by its index in the function index space. It is linear in the number
// of imports: a pass over code takes FuncTypeIndices once.
func (m *Module) FuncTypeIndex(index uint32) (uint32, bool) {
	if im := m.imports(ExternFunc, index); im != nil {
		return im.Type, true
	}
	if at := int(index) - m.ImportedFuncs(); at < len(m.Funcs) {
		return m.Funcs[at], true
	}
	return 0, false
}

// FuncType is the signature of a function, by its index in the function index space.
func (m *Module) FuncType(index uint32) (FuncType, bool) {
	at, ok := m.FuncTypeIndex(index)
	if !ok || int(at) >= len(m.Types) {
		return FuncType{}, false
	}
	return m.Types[at], true
}

// FuncTypeIndices is the index in Types of every function, imports first.
func (m *Module) FuncTypeIndices() []uint32 {
	all := make([]uint32, 0, m.ImportedFuncs()+len(m.Funcs))
	for i := range m.Imports {
		if m.Imports[i].Kind == ExternFunc {
			all = append(all, m.Imports[i].Type)
		}
	}
	return append(all, m.Funcs...)
}

// GlobalTypes is the type of every global, imports first.
func (m *Module) GlobalTypes() []GlobalType {
	all := make([]GlobalType, 0, m.ImportedGlobals()+len(m.Globals))
	for i := range m.Imports {
		if m.Imports[i].Kind == ExternGlobal {
			all = append(all, m.Imports[i].Global)
		}
	}
	for i := range m.Globals {
		all = append(all, m.Globals[i].GlobalType)
	}
	return all
}

// GlobalType is the type of a global, by its index in the global index space.
func (m *Module) GlobalType(index uint32) (GlobalType, bool) {
	if im := m.imports(ExternGlobal, index); im != nil {
		return im.Global, true
	}
	if at := int(index) - m.ImportedGlobals(); at < len(m.Globals) {
		return m.Globals[at].GlobalType, true
	}
	return GlobalType{}, false
}

// limits gathers all tables or memories, imports first.
func (m *Module) limits(kind ExternKind, own []Limits) []Limits {
	var all []Limits
	for i := range m.Imports {
		if m.Imports[i].Kind == kind {
			all = append(all, m.Imports[i].Limits)
		}
	}
	return append(all, own...)
}

// AllTables is every table, imports first.
func (m *Module) AllTables() []Limits { return m.limits(ExternTable, m.Tables) }

// AllMemories is every memory, imports first.
func (m *Module) AllMemories() []Limits { return m.limits(ExternMemory, m.Memories) }

// Export finds an export by its name.
func (m *Module) Export(name string) (Export, bool) {
	for _, e := range m.Exports {
		if e.Name == name {
			return e, true
		}
	}
	return Export{}, false
}
