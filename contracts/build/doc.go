// Package build answers one question: how does source become the module that is published?
//
//	directory -> go build -> WASI's functions replaced -> start-up code run once -> what it left is the image
//	                         (wasi.go)                    (wasm.Initialize)          (image.go)
//	          -> what can't run any more removed -> schema put in -> checked as the chain will check it
//	             (prune.go, go*.go, cut.go)
//
// What Rust or another language built goes through Finish: names, debug sections and unreachable functions are removed, and
// the rest is checked.
//
// # What is removed from a Go module
//
// A stock Go program is 1.8 MB of runtime before it does anything. Once the image is taken, the code that made it is not
// needed, nor what tells people about stacks and profiles. The runtime's own tables (gotables.go) say which function is
// which; cut.go names those that are not needed; and everything that then nothing refers to goes too: no call, no constant
// in running code, no word in the image (goroots.go). Then the tables lose what they say about what is gone (gotrim.go).
//
// # Invariants
//
//	B1  Reproducible: the sources and the toolchain decide every byte. No path, time, user or machine is in it.
//	B2  A function that is removed by mistake is missed, and never another one called: its place in the table is empty, and
//	    its body is a trap. The handling fails on every node alike.
//	B3  What comes out passes wasm.Check, as on the chain.
//	B4  Tables of an unknown version of Go are left alone: the module is larger, and as good.
//
// It does not optimise code, and does not publish.
package build
