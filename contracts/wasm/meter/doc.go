// Package meter answers one question: which module runs instead of the one that was published, so that it computes the
// same, and is counted? (SPEC 3.1, DESIGN D9)
//
// # The problem
//
// The engine compiles WebAssembly to machine code, and has nothing by which gas or stack could be counted the same on
// every machine: no fuel, listeners that cost a factor of 40, deadlines that are clocks. Two engines, or one on two kinds
// of machine, differ in which NaN they compute. And an instance that is used again must be restored, which is dear if nobody
// knows what was touched. So all of that is written into the module itself, once, when it is published:
//
//	module + facts --Instrument--> module'
//	  every body --plan--> edits, marks --weave--> body'
//	                flow      regions of code and what they cost; where it is checked
//	                fork      what both ways of a decision cost is paid before it
//	                operand   where stored-to addresses come from; which floats need no care
//	                frame     words of stack, and what needs no count
//	  memory.grow, memory.copy, … --bulk--> a function for each
//	  indices --layout, instrument--> functions defined in the module: one more. Nothing else moves
//
// A plan walks a body once and notes edits in the order of their places; weave copies the body with the edits in it. No
// instruction is decoded twice, and what isn't edited is copied as it is.
//
// # What is added
//
// One import (ImportRefill) and two or three exported globals (GlobalGas, GlobalStack, GlobalDirty), behind those that are
// there; exports of the module's own mutable globals, so that they can be restored; a function for each instruction of
// memory or tables whose cost is known only when it runs. In a body:
//
//	start of a region     gas -= cost                          [and: if gas < 0 { refill() }]
//	around the body       stack += words; if stack > max { unreachable }   …   stack -= words
//	behind float results  if x != x { x = the canonical NaN }
//	select of floats      select of their bits
//	before stores         dirty |= 1<<(first>>shift&63) | 1<<(last>>shift&63)
//
// A region is code that runs from its first instruction to its last, or traps. One begins at the function's start, at a
// loop's head, in an if, at its else and behind it, behind a br_if, and behind a block that is branched to. It costs the sum
// of its instructions' prices (contracts/gas), rounded up to a unit; a loop's head at least one. The first also pays
// for the locals that are set to zero.
//
// # What the host does
//
// It sets GlobalGas to a slice of what a call may use, GlobalStack to 0, and calls. When refill is called, the gas global is
// below zero: the host puts it to zero or more, or panics. A host function that costs gas takes it from the same global
// and treats what is below zero as refill does. When the call returns, the global is not below zero; what was used is what
// was handed out less what is left. After a trap it may be below zero: then all that was handed out, and more, is used. A trap
// with a GlobalStack above Options.MaxStack was the stack's; any other was the module's own.
//
// # Invariants
//
//	G1  Every path pays for what it runs before it runs it, and on its whole way exactly that: gas depends on the path
//	    alone. (A trap or the end of the gas comes in the middle of what was paid.)
//	G2  Nothing runs far ahead of a check. A path is checked at the function's start, at every loop's head, and wherever
//	    it may have paid more than maxLag since (callLag, once it has called). A function that the host may call checks
//	    before it returns, if anything is left to check. A function without calls and loops that costs no more than leafLag is not
//	    checked: its callers count it. All frames together run ahead by less than 0.1 ms, and by no more than twice what
//	    was paid for calling such functions.
//	G3  What costs by its operands (pages, bytes, elements) charges that, and checks, before it runs; a growth that is
//	    refused is paid.
//	G4  Frames are bounded, in number (fewer than 1,800) and in words: operands, locals, and what the compiler may spill. A
//	    frame that isn't counted is a leaf: there is one at most, of at most leafWords, and a made function or refill on top.
//	G5  A NaN that arithmetic made is the canonical one wherever its bits can be seen. What is loaded, or made by sign
//	    operations and reinterpretation, is left as it is: those are exact.
//	G6  Apart from gas and stack the module computes what it did, and traps where it did.
//	G7  With Options.Mark: before a byte is stored to, the bit of its bucket is set. (Bits that need not be set may be.)
//	G8  Equal arguments give equal modules, byte by byte. The module given is left as it is.
//	G9  No select between floats is left: wazero's compiler for amd64 may take what it chooses from for what was in a
//	    register before. Its conditional move between float registers reads the one that it writes, but isn't said to: if
//	    another operand must come from the stack into that register, the value there is lost. That of integers is said to.
//
// # Why not otherwise
//
// Only the selects of floats in danger can't be told apart: which registers are free is the engine's, and a call before one
// is enough. An if instead costs a branch that is guessed wrong, and the compiler the square of the branches.
//
// A call of a charging function in each region doubles or triples the time (2.5 to 3.9 on small loops). Keeping gas in a
// local and writing it back around calls is no faster than the global, which the engine keeps in a register along a
// straight path, and is wrong after traps.
//
// A check in each region, as the books have it, cost twice: behind the branch over the call of refill all that is known
// about registers and memory bounds is lost. With the checks of G2 Go's code takes 1.1 to 1.7 times the original's time
// instead of 1.2 to 2.5, compiles in 1.2 times instead of 2.1, and grows by 19 instead of 36 %. It needs care: without
// callLag each of 1,800 frames could run maxLag ahead as it returns, and a message for 40,000 units could run for a million.
// A check behind every few calls instead made a body of nothing but calls compile in 1.6 s instead of 0.3: the compiler's
// time grows with the square of the branches in a function. That is also why only maxBranches floats of a body are made
// canonical by a branch, the faster form (matrix product 1.5 times the original's time, with select 1.8), and the others
// by select.
//
// Checking for NaN by their bits is no faster than by comparison. Making floats canonical only where they are stored is wrong:
// a loaded NaN would change.
//
// Marks by one bit for the first byte and one for its neighbour (3 rotated) cost half, but the host would restore twice as
// much. So stores share marks where they can instead: see marking.
//
// Counting leaves too makes a loop of small calls 1.6 times the original's time instead of 1.3. wazero gives each value that
// is ever spilled its own slot, so a frame must count for the size of the code as well (valuesPerWord); with that, bodies made
// of calls alone, of phis, of 500 locals, all reach our limit before the engine's, on both engines.
//
// # Cost
//
// Time to the original's, compiler engine: Rust 1.0 to 1.45, Go 1.1 to 1.4 (float matrices 1.7), C 1.0 to 1.5 (an empty loop
// 1.7); marks add 0 to 0.25. Size: Go 1.2, with marks 1.45; Rust 1.35 and 1.7; at worst (square roots with changes of sign)
// 9.5, or 11 with indices of two bytes. Instrument and Encode take about 8 ns for a byte of Go, 20 of dense code.
//
// # What it does not do
//
// It doesn't validate (module.Validate has), doesn't know the engine, and sets no limit on a module's size or complexity: the
// policy of contracts/wasm/module does. Custom sections are dropped, names with them: the host has the original's.
package meter
