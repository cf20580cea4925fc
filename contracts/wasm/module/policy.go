package module

// Policy is what is accepted beyond what the format demands. The zero Policy accepts next to nothing; OnChain and Any are
// the two to use. Every Max is inclusive.
type Policy struct {
	MaxBytes       int // the binary
	MaxTypes       int
	MaxParams      int // parameters and results of one type
	MaxImports     int
	MaxFuncs       int // defined functions
	MaxGlobals     int // defined globals
	MaxExports     int
	MaxNameBytes   int // each name of an import, export or custom section
	MaxCustomBytes int // all custom sections together
	MaxTable       int // elements that a table may start with
	MaxPages       int // pages that a memory may have
	MaxElements    int // element segments
	MaxReferences  int // references in all element segments
	MaxData        int // data segments

	MaxBodyBytes      int // code of one function
	MaxLocals         int // locals of one function, parameters included
	MaxStack          int // operands of one function
	MaxNesting        int // blocks within blocks
	MaxLabels         int // labels of all br_tables of the module
	MaxFuncLabels     int // of one function
	MaxFuncComplexity uint64
	MaxComplexity     uint64

	Features Features

	// Open lifts the rules of a contract: any import and export, a start section, imported tables, memories and globals,
	// no memory, segments that don't fit. The rest of this struct is for contracts only.
	Open bool
	// Module is the name of the one module that imports come from: the version of the interface.
	Module string
	// Imports says which functions that module has; nil is none.
	Imports func(module, name string) (FuncType, bool)
	// Exports is what may be exported, in the order in which a missing one is named.
	Exports []Offer
}

// Offer is an export that a contract may have.
type Offer struct {
	Name     string
	Kind     ExternKind
	Type     FuncType // of a function
	Required bool
}
