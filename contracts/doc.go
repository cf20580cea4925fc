// Package contracts shows the way into the folder: what one message does to one account.
//
//	account, message --> exec.Apply --> Outcome{state, messages sent, gas, receipt}
//	                        |
//	                     Program: native, the code that comes with the system
//
// Reading order:
//
//	contracts/exec    Apply, the one transition function: live execution and replay both call it; the gas table
//	contracts/native  the messages that every account understands: transfer, add, call, …
//
// Nothing here knows about blocks, chains' committees, goroutines or disks. This package itself is empty.
package contracts
