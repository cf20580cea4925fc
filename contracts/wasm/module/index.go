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
