// Package cli is the command line of the program thinkey: what a user types, and what the program answers.
//
//	arguments ─► cobra command ─► app (settings, streams) ─► sdk/client ─► a node's API
//	                                  │                   ├► runtime/node + runtime/api   thinkey dev
//	                                  │                   ├► runtime/audit                thinkey audit, replay
//	                                  │                   └► contracts/wasm               code: of a node (engine.go), of a file
//	                                  └► text for people or, with --json, objects for programs
//
// A command stands in the file named after it, or after its group. What several need is in app.go (streams), settings.go
// (configuration), fault.go (errors and exit codes), connect.go (the node), party.go (whom a name means), contract.go and
// values.go (what code calls its methods and fields), and table.go, tree.go, sigma.go (how things are drawn).
//
// # Invariants
//
//	U1  An exit code keeps its meaning for good: 0 ok, 1 failed, 2 usage, 3 node unreachable, 4 refused by the chain,
//	    5 timed out.
//	U2  What a command was asked for goes to standard output, everything else to standard error. With --json standard
//	    output holds JSON only: an object, or a line per object where a command streams.
//	U3  Every error names what is wrong with the value, what is allowed, and what to do.
//	U4  No secret is printed or logged, or taken as an argument or from the environment: passwords come from the
//	    terminal, a file or a descriptor.
//	U5  Keys derived from a public seed are used only where the node says that it runs a development network, and
//	    `dev` serves them on loopback addresses only.
//	U6  A setting comes from a flag, else the environment, else the file, else the default; an unknown one is an error.
//	U7  Whatever instant `dev --data` is killed at, the same command starts it again with every final block.
//	U8  What a stranger wrote (a method's name, a reason, a log line, a value) can't steer the terminal, and takes a bounded
//	    part of a line.
//
// The package decides nothing about the ledger: balances are proven by sdk/client, orders judged by consensus/order,
// stored blocks by runtime/audit.
package cli
