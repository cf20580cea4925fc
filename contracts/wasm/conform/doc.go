// Package conform is tests alone. They answer one question: does the module that runs compute what the module that was
// published computes, bit by bit, on both engines of wazero?
//
//	       the core test suite     random modules     one instruction,     hand-made code at
//	       of WebAssembly          (dice, generator)  every edge (drill)   every border (practice)
//	               |                      |                  |                    |
//	          module.Check  ------------- every one is accepted, and what the suite refuses is refused
//	               |
//	original / meter.Instrument / the same with marks
//	               |
//	  wazero's compiler, wazero's interpreter  <----- compared ----->  reference
//
// The reference is a third implementation, slow and written from the specification alone. It is what an engine's result is
// held against, and what no engine can tell: how often each instruction was executed and trapped, which memory was stored
// to, what must have been paid, and how deep the stack may go.
//
// # What is held
//
//	K1  What the suite (WebAssembly 1.0; of 2.0 what is permitted) calls valid is accepted, runs in every form, and
//	    returns and traps as the suite says; what it calls invalid or malformed is refused. What is skipped stands in one
//	    table with the reason, and its numbers are asserted (TestSuite, TestRefusals).
//	K2  Results, traps, memory and globals of the instrumented module are those of the reference on both engines. Those of
//	    the original are too, as long as no arithmetic made a NaN: which one it makes then is the engine's choice; and
//	    on the compiler as long as there is no select of floats, which it may get wrong (TestFloatSelect). None is left in
//	    what is instrumented (TestDifferential, TestOpcodes, TestRanges, FuzzEngines).
//	K3  Every NaN that instrumented arithmetic makes is the positive canonical one.
//	K4  Gas is what the reference counts, however it is sliced; of a call that traps it may be more, but is the same on
//	    both engines. On exactly what a call needs it ends as it should, on less it runs out, at the same place on both
//	    engines (TestExhaustion).
//	K5  The buckets that are marked cover those that were stored to.
//	K6  Every permitted instruction is executed a thousand times on both engines (TestOpcodes; -v prints the table).
//	K7  The checks bite: output of the instrumenter that is spoilt in any of the ways listed is found (TestBites), and no
//	    numeric instruction passes for another (TestDrillsBite).
//	K8  The worst modules that are accepted compile within bounded time and memory (TestWorstCompile).
//
// BenchmarkBombs measures what it takes to compile the worst modules that may be published. The limits that follow from
// it are contracts/wasm/module's.
//
// A random test prints how to repeat it; -modules makes more. A failing module is shrunk before it is shown.
//
// What is not here: the host functions of contracts, pooling and restoring of instances (contracts/wasm).
package conform
