package module

import "math"

// The limits of contracts on the chain. They are part of consensus: a module is accepted at every node or at none. Each is
// what stock Go compiles to, the largest of the toolchains, and a margin. The measure is a program with fmt,
// encoding/json, math/big and crypto/sha256: 3.4 MB, 2216 functions; "Go" in the sentences below.
const (
	// MaxBytes is Go with room for a contract of its own (SPEC 3.2).
	MaxBytes = 4 << 20
	// MaxTypes: Go has 16, large Rust programs about a hundred.
	MaxTypes = 1024
	// MaxParams bounds a frame together with MaxLocals; Go has 4, C programs may have a dozen.
	MaxParams = 64
	// MaxImports is more than the host has functions.
	MaxImports = 128
	// MaxFuncs: Go has 2216 in 3.4 MB. An empty function takes 4 µs to compile.
	MaxFuncs = 16384
	// MaxGlobals: Go has 8. Each mutable one is copied before every message.
	MaxGlobals = 256
	// MaxExports is more than a contract may have, so that the first one too many is named.
	MaxExports = 64
	// MaxNameBytes is more than any host function's name.
	MaxNameBytes = 256
	// MaxCustomBytes lets the name section of a Rust or C program pass, so that refusals can name functions.
	MaxCustomBytes = 256 << 10
	// MaxTable: Go has 6312, and it grows with the module. An element is 8 bytes in every instance.
	MaxTable = 16384
	// MaxPages of PageBytes are 16 MiB (SPEC 3.1).
	MaxPages = 256
	// MaxElements: linkers write one segment; pre-initialising merges them.
	MaxElements = 256
	// MaxReferences fill a table of MaxTable once.
	MaxReferences = MaxTable
	// MaxData: Go has 38,168 before `thinkey build` merges them. Each is copied when an image is made.
	MaxData = 65536

	// MaxBodyBytes: Go's largest has 29 KB. Some passes of the compiler grow faster than the function.
	MaxBodyBytes = 128 << 10
	// MaxLocals: Go has 18, Rust 88. Each is 8 bytes of the engine's stack in every call that is open.
	MaxLocals = 1024
	// MaxStack: Go has 9 operands, hand-written code perhaps a hundred. 8 bytes each, as a local.
	MaxStack = 1024
	// MaxNesting: Go has 549, a function's basic blocks within one br_table. The compiler recurses over it.
	MaxNesting = 1024
	// MaxLabels: Go has 75,715 in all its br_tables; each is a jump and a word of its table.
	MaxLabels = 1 << 17
	// MaxFuncLabels: Go has 896 in one function. 131,072 in one take three seconds to compile, 8192 in each of 16
	// half of one.
	MaxFuncLabels = 1 << 13

	// MaxFuncComplexity is about 0.4 s of compiling; Go's largest function has 270,000.
	MaxFuncComplexity = 2_500_000
	// MaxComplexity is about four seconds of compiling at worst, and 170 MB for what grows most (TestWorstCompile of
	// conform). Go has 13.9 million, which take one; 17 million if it filled 4 MiB. With MaxBytes it fits the gas that one
	// message can buy.
	MaxComplexity = 20_000_000
)

// OnChain is the policy for contracts. The caller adds Module and Imports: the interface that its host offers.
func OnChain() Policy {
	return Policy{
		MaxBytes: MaxBytes, MaxTypes: MaxTypes, MaxParams: MaxParams, MaxImports: MaxImports, MaxFuncs: MaxFuncs, MaxGlobals: MaxGlobals,
		MaxExports: MaxExports, MaxNameBytes: MaxNameBytes, MaxCustomBytes: MaxCustomBytes, MaxTable: MaxTable, MaxPages: MaxPages,
		MaxElements: MaxElements, MaxReferences: MaxReferences, MaxData: MaxData,
		MaxBodyBytes: MaxBodyBytes, MaxLocals: MaxLocals, MaxStack: MaxStack, MaxNesting: MaxNesting,
		MaxLabels: MaxLabels, MaxFuncLabels: MaxFuncLabels,
		MaxFuncComplexity: MaxFuncComplexity, MaxComplexity: MaxComplexity,
		Features: AllFeatures,
		Exports: []Offer{
			{Name: "memory", Kind: ExternMemory, Required: true},
			{Name: "handle", Kind: ExternFunc, Required: true},
			{Name: "bounce", Kind: ExternFunc},
			{Name: "query", Kind: ExternFunc},
		},
	}
}

// Any is no policy: what the format accepts, within what the engine's integers can count.
func Any() Policy {
	const many = math.MaxInt32
	return Policy{
		MaxBytes: many, MaxTypes: many, MaxParams: many, MaxImports: many, MaxFuncs: many, MaxGlobals: many,
		MaxExports: many, MaxNameBytes: many, MaxCustomBytes: many, MaxTable: 1 << 27, MaxPages: 65536,
		MaxElements: many, MaxReferences: many, MaxData: many,
		MaxBodyBytes: many, MaxLocals: math.MaxUint32, MaxStack: many, MaxNesting: many, MaxLabels: many, MaxFuncLabels: many,
		MaxFuncComplexity: math.MaxUint64, MaxComplexity: math.MaxUint64,
		Features: AllFeatures,
		Open:     true,
	}
}
