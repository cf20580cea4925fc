// Package examples shows the way into the folder: programs that use Thinkey as anyone outside would, importing sdk alone.
//
//	examples/payment --> sdk/client --> HTTP --> thinkey
//
// Reading order:
//
//	examples/payment  accounts that pay one another: the first thing to run, and to change
//
// This package itself is empty.
package examples
