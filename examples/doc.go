// Package examples shows the way into the folder: programs that use Thinkey as anyone outside would, importing sdk alone.
//
//	examples/payment --> sdk/client --> HTTP --> thinkey
//
// Reading order:
//
//	examples/payment  accounts that pay one another: the first thing to run, and to change
//	examples/token    a token whose balances live with their holders, in Go and in Rust
//	examples/auction  kittens sold over several auctioneers at once, in Go
//
// This package itself is empty.
package examples
