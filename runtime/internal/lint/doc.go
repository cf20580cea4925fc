// Package lint answers one question: does the tree keep the house rules? It is a test and nothing else.
//
//	go test ./runtime/internal/lint          every rule, go vet and staticcheck
//	go test -short ./runtime/internal/lint   every rule but those that compile the module
//
//	tree_test.go ----> rules_test.go       table of rules, run over the tree and over sources that break them
//	reads the files      |- order_test.go   L1 import order, L2 doors (the policy tables stand here)
//	                     |- pure_test.go    L3 purity, L4 map order
//	                     |- shape_test.go   L5 sizes, L6 names, L7 sleep, L8 package comments
//	                     '- text_test.go    L9 text hygiene, L10 gofmt
//
// # Rules
//
//	L1   A package imports only what stands before it in the list of packages; a package not on the list fails.
//	L2   Each outside dependency has one door.
//	L3   A pure package reads no clock, system, network, lock, log or randomness, and starts no goroutine.
//	L4   A pure package ranges over a map only with a reason: `// sorted: …` or `// any order: …` on the line or above.
//	L5   A function has at most 70 lines and a file at most 500, tests aside. A table that must be longer says so with
//	     `// lint:long <reason>` right above the function, or above the package clause for the file.
//	L6   No package, file or exported type is named for having no name: manager, handler, helper, util, …
//	L7   No test sleeps: it waits for what it waits for.
//	L8   Every package has a comment that says what it is for.
//	L9   No text names a package registry or a path of one machine.
//	L10  Every file is as gofmt writes it.
//
// A finding reads `file:line: what is wrong; what to do`. The tables are policy: they change when the design changes,
// never to let a build pass. Every rule is shown to bite: a rule without a source that breaks it, and one that keeps
// it, fails the test itself.
//
// # What it does not do
//
// It doesn't judge: a function of 70 lines passes and may still be too long. It doesn't follow imports through other
// packages: a pure package that imports an impure one is caught only by what it imports itself.
package lint
