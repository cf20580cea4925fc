// Package module answers one question: which WebAssembly binaries are accepted, and what is in them (SPEC 3.1, 3.2)?
//
//	binary --Decode--> Module --Encode--> canonical binary
//	                     |
//	                  Validate(policy) --> Facts     most operands, locals, blocks, complexity: per function
//	                     |
//	                     '--> Refusal: function, offset, instruction, what is wrong, what to do
//
// Check is Decode and Validate under one policy and the door for what comes from outside. OnChain is the policy of
// contracts; Any accepts whatever the format does, for conformance tests. Walk goes through the instructions of a body.
//
// The format is WebAssembly 1.0 with sign extension, saturating float-to-integer conversion and bulk memory: what stock Go
// compiles to.
//
// Reading order: types.go, opcode.go (the table), walk.go, write.go; decode.go, entries.go, encode.go; validate.go, body.go (the
// type checker), contract.go (the rules of a contract), limits.go, work.go (what bounds the time to compile).
//
// # Invariants
//
//	V1  Default deny. What is not in a table here (sections, types, flags, opcodes) is refused; an update of the engine
//	    can't widen what is accepted.
//	V2  What Validate accepts, the engine compiles: the format is checked in full, and where the engine is stricter than
//	    the format (an active element segment behind its table's end, a malformed name section, an import without a
//	    module's name, a table of more than 2^27 elements) so is this package. Where the engine is laxer, the format holds.
//	V3  A limit binds before anything is allocated in proportion to what it limits; and never is more allocated than a
//	    constant times the bytes of the file.
//	V4  Decoding and validating take time linear in the bytes of the file, whatever is in them (but for a logarithm in
//	    the runs of locals).
//	V5  The time to compile what OnChain accepts is bounded: by Complexity, which grows with it.
//	V6  Encode is canonical: Decode(Encode(m)) is m, for every m that Decode returns, but for the offsets of bodies.
//	V7  The same module is accepted or refused everywhere: nothing here depends on time, memory or the order of a map.
//
// It runs nothing and changes nothing: metering is contracts/wasm/meter, compiling and running contracts/wasm. It knows
// neither the names of the host's functions nor their prices.
package module
