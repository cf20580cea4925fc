// Package contracts shows the way into the folder: what one message does to one account.
//
//	account, message --> exec.Apply --> Outcome{state, messages sent, gas, receipt}
//	                        |
//	                     Program: native --> the common messages, or the account's code --> wasm
//
//	source in Go --> build --> module --> publish --> wasm/module: accepted? --> wasm/meter: what runs instead --> wasm
//
// Reading order:
//
//	contracts/gas           the gas table: what everything costs
//	contracts/exec          Apply, the one transition function: live execution and replay both call it
//	contracts/native        who handles a message: the common ones (transfer, add, call, …) are understood by every account
//	contracts/wasm/module   which modules are accepted
//	contracts/wasm/meter    how a module is made to count its gas and to compute the same everywhere
//	contracts/wasm          compiling, keeping and running code; the only door to wazero
//	contracts/wasm/conform  tests alone: what runs computes what was published, on both engines
//	contracts/build         a package of Go becomes a module
//
// Nothing here knows about blocks or committees, and nothing of the first five about goroutines or disks. This package itself is
// empty.
package contracts
