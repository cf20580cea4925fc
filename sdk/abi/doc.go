// Package abi is what a contract and the node that runs it agree on: the names, signatures and memory layout of host calls,
// the encoding of values, and the schema that a module carries. Nothing but constants, tables and codecs: the Go SDK
// compiles it into contracts.
//
//	module exports   memory, handle () -> ()              every message but those below, init included
//	                 bounce () -> () (optional)           a message of mine failed; what it carried is credited already
//	                 query  () -> () (optional)           a view: reads, replies, changes nothing
//	                 merge  () -> () (optional)           several messages of one method that MergeSection names, as one
//	module imports   functions of the module Module alone (host.go)
//	custom section   SchemaSection: its methods, as JSON (schema.go)
//
// A handling succeeds when the entry returns. It fails when the code calls fail or traps, when its gas does not suffice, or
// when a host call is given what can't be done; there are no error codes for those, so no contract can forget to look. All
// numbers in memory are little-endian, as WebAssembly's own; values of methods are encoded as codec.go says.
package abi
