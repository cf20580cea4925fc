// Package guest answers one question: how is a contract written in Go? It is built with the stock toolchain, by
// contracts/build, and everything between the contract and the chain is here.
//
//	type Counter struct{ Value uint64 } // its state, stored as one entry
//
//	type AddInput struct{ By uint64 }
//
//	func (c *Counter) Increase(ctx guest.Context, in AddInput) error {
//		if in.By > 100 {
//			return guest.Refuse("increase by %d: at most 100", in.By)
//		}
//		c.Value += in.By
//		return nil
//	}
//
//	func (c *Counter) Get(guest.View, guest.None) (uint64, error) { return c.Value, nil }
//
//	func init() {
//		guest.Serve[Counter](
//			guest.Handle("increase", (*Counter).Increase),
//			guest.Query("get", (*Counter).Get),
//		)
//	}
//
//	func main() {} // never runs
//
// # What becomes of a message
//
//	message -> handle: decode the input -> read the state -> method -> write the state, if it changed
//	                            '------------- an error, or a panic: nothing happened, the sender gets a bounce
//
// # Values
//
// Inputs, outputs, bodies of events, the state, and what a Map or a Value holds are made of uint8, uint16, uint32, uint64,
// int64, bool, string (UTF-8), []byte, Amount, Address, Hash, slices, pointers (nil: none), and structs of those with
// exported fields. sdk/abi says how they are encoded; every value has one encoding and nothing else is read.
//
// # Invariants
//
//	G1  One image, one message: every handling begins with the memory that the contract had when it was built, so a
//	    variable of the package keeps nothing. What must last is in the state, a Map or a Value.
//	G2  Reflection is done when the contract is built: Serve, NewMap and NewValue prepare what a handling runs.
//	G3  What goes wrong can't be overlooked: host calls don't return errors, they end the handling.
//	G4  A View can't change anything; a Context can.
//	G5  Everything is the same on every machine: no clock but the block's, no randomness but the chain's, and a map of Go
//	    is ranged over in an order that the build fixed.
//
// # Money, messages, time
//
// What comes with a message is credited before the method runs (ctx.Amount). What a method sends leaves when it has
// succeeded, never before, and nothing comes back to the method: an answer is another message. What fails elsewhere comes
// back as a bounce, with what it carried (Bounced).
//
// # Tests
//
// On every other platform than wasip1 the host calls go to a World in memory, so that a contract is tested by go test.
//
// # Size
//
// Don't import fmt, time, os, encoding/json or reflect in a contract if something smaller does: each of them is larger than
// the contract. Format, Refuse and Logf do what most need of fmt.
//
// # Limits
//
// A handling has 16 MiB of memory, and a stack for about a thousand calls within calls. Goroutines and channels work within a
// handling; sleeping, files, sockets and crypto/rand don't: they fail it.
package guest
