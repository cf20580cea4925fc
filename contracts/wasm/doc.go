// Package wasm answers one question: what does an account's code do with a message? It is the only door to wazero.
//
//	published module --Validate--> complexity, or why it is not accepted      (module: what is accepted)
//	        '--Prepare--> instrumented, compiled, kept on disk and in memory  (meter: what runs instead)
//	                          '--Run(env, code, entry)--> effects in env, or a *exec.Failure
//
//	engine.go    Config, Open, Close, Run; which codes are in memory
//	validate.go  what is accepted on the chain, and what that was the last times
//	code.go      one module: instrumenting, compiling, its image;  shape.go: what it says of its instances
//	data.go      what its data makes of a memory
//	queue.go     which code is made ready first
//	artifact.go  compiled code on disk
//	pool.go      instances that wait
//	instance.go  one instance: a call, its gas, and how it becomes as new;  memory.go: its memory
//	host.go      the functions that code imports;  hostcalls.go: what each does
//	failure.go   traps
//	measure.go   code without what is added to it, for measuring
//	preinit.go   running a module's start-up code when the contract is built
//
// # A call
//
// Run takes an instance that waits, or makes one, lets the module's entry run, and makes the instance as new again. The
// code counts its gas down in a global, of which it is given a slice at a time; when that is used up it calls refill.
// Each host call first charges env for what the code has used, then for itself, then does its work through env, which
// keeps all effects back until the handling has succeeded.
//
// # Invariants
//
//	W1  What comes of a call is the same on every machine, and by wazero's compiler and its interpreter: effects, gas,
//	    status, words. Of a trap only its kind is told. A failure that is not the code's is no *exec.Failure.
//	W2  Every message finds the module's own image: memory and its size, globals, tables, segments. Nothing remains of
//	    the one before, however that ended.
//	W3  Gas doesn't depend on what this node holds: an instance that waits costs what one costs that must be made.
//	W4  Exactly what was used is charged, and never more than there is: with a unit less the handling fails.
//	W5  Code comes back to the host at least every slice of gas, and no host function does anything long at once: Go's collector,
//	    and Close, wait about a millisecond at most. The longest is one instruction that copies or fills 16 MiB.
//	W6  A pointer of the code's that is outside of its memory is a trap; no host function reads or writes there.
//	W7  What is on disk is run only if it is what was written, by this version of everything. It is never needed.
//	W8  A panic of ours or of wazero's while a message runs is no outcome: it goes on, and stops the node (sdk/assert). One
//	    of wazero's while a module is compiled is not: that module is interpreted.
//
// # What it does not do
//
// It doesn't know accounts, blocks or the state: exec.Env does. It doesn't decide when code becomes callable. How long
// compiling takes decides nothing: Run waits for it, and a node that waits doesn't vote. Whoever can choose what to run asks
// Ready first.
//
// It doesn't charge for code that is read back because it was dropped from memory, 10 to 40 ms for each MB of it: gas must not
// depend on what a node holds (W3). exec.Env.Load does, by what the chain's state says has run lately; Loading is the price. What has
// run lately has room in memory, as Config.MaxCompiled is by default, and is dropped last: code that messages ran goes after what only
// views ran, or nobody yet, and of that the one which ran longest ago goes first. Only a node that was started anew, or that has
// lost its disk's copies, reads or compiles what nobody pays it for again, each once.
package wasm
