// Package kit is for testing contracts, by plain go test: what does my contract do with these messages, and does it hold in
// every order in which they can be processed?
//
//	func TestOutbid(t *testing.T) {
//		k := kit.New(t)
//		alice, bob := k.Account("alice", kit.Balance(20)), k.Account("bob", kit.Balance(20))
//		house := k.Deploy(alice, kit.Go("../contract"), "", kit.Input("a kitten"))
//		k.Call(alice, house, "bid", kit.Amount(5))
//		k.Call(bob, house, "bid", kit.Amount(7)).Expect(kit.Sent("alice", "add", kit.Amount(5)))
//		k.ExpectBalance(alice, 20)
//	}
//
// # What runs
//
// A chain in the process, or a tree of them, on the code that a node runs: accounts handle messages by exec.Overlay, every block is built and
// verified from its bytes, the state has its tree. There is no disk, no network and no clock, and no goroutine but those of
// a module's engine while it compiles, so a test is the same each time. It takes a fraction of a millisecond for a message.
//
//	Send, Transfer, … ─► signed message ─► accounts, in some possible order ─► block.Build ─► block.Verify ─► Trace
//	Explore           ─► signed messages ─► accounts, in EVERY possible order ─► block.Build ─► invariant ─► next order
//
// Accounts have names, and keys made from them; "bob@b" is bob on the chain b. They get their money from a bank that holds all
// there is. Gas is free unless GasPrice says otherwise.
//
// # Contracts
//
//	kit.Go("../contract")        a Go contract's folder, built by contracts/build and kept while its sources are the same
//	kit.File("token.wasm")       a module in a file;  kit.Module{Code: …}: one in memory
//	kit.Native{Name, Handle, …}  a Go function in place of a contract: for the other side of what is tested
//
// All of them can be on one chain and send to one another. Where a contract has a schema, Input takes what its fields hold (an
// int will do for any number, an *Account for an address) and traces show it by name.
//
// # Traces
//
// What is sent returns its Trace: the tree of messages that it led to, each with its input, what came of it and why, its gas,
// events and logs. Look into it with Find and Count, hold it to something with Expect, ExpectNone and ExpectOK; printed, it
// looks as thinkey trace draws it, and so it stands behind every failure. A message that fails is no failure of the test
// unless something says so: Call and ExpectOK do.
//
// # Orders
//
// Messages sent one by one never meet. Together puts several into one block, where they do: the one that waits longest goes
// first, or with Seed any that can. Explore tries every order that a network could come to, and prints the shortest way to one
// that breaks the invariant as Go code (Replay). What is possible (SPEC 2.5): each account processes its messages one at a time,
// none before it was sent, and those from one account to another in the order sent. Contracts must not assume more.
//
// # Code that is cold
//
// Cool makes the next message to each account pay for loading its code, as on a chain where much other code runs: does the contract
// stand it if what it sends comes back, out of gas?
//
// # Chains
//
// kit.Chains(3) makes a main chain with chains a, b and c under it, kit.Tree("main(a(a1,a2),b)") any tree. What is sent from one to
// another goes as it does between nodes: the block's header, with a signature of the chain's one seat, becomes a digest on its parent,
// and the destination's block takes in the relay with its proof, which block.Verify and sdk/light judge. It costs about 15 ms of
// CPU, against half of one for a message that stays on its chain.
//
//	k := kit.New(t, kit.Chains(2))
//	alice, bob := k.Account("alice@a", kit.Balance(20)), k.Account("bob@b", kit.Balance(5))
//	k.Transfer(alice, bob, 10)                 it is carried at once, and the trace names chains and blocks
//	k.Hold("a", "b")                           from now on relays from a to b are held …
//	k.ReleaseNext("a", "b", 1)                 … and arrive one by one, or with Release all of them
//	envelope, trust := k.Envelope("a", "b")    what shows a held relay to anybody: envelope.Verify(&trust)
//
// Explore tries every order in which relays, and what comes from outside, can arrive on the chains.
//
// # Invariants
//
//	K1  Equal tests give equal chains: orders, ids, gas, addresses.
//	K2  Every block is one that the verifier of a node accepts. (Of explored orders the first, the 2nd, the 4th, … are verified; all
//	    are built, which checks that their order is possible.)
//	K3  Explore visits every possible order exactly once, unless it says that it sampled (consensus/order, X1 to X3).
//	K4  Money is conserved in every block, explored ones included, over all chains with what is under way between them (I1).
//	K5  A program that doesn't depend on its message and its account's state alone is found out (I9): every handling is run again
//	    from the state before it, and what comes of it must be the same.
//	K6  What one chain takes in from another is proven to it (SPEC 8.2): the kit carries with runtime/relay, like a node. A signature
//	    that was found good once is not checked again.
//
// # What it does not do
//
// Chains have committees of one seat that never change, and the tree doesn't grow. In an exploration over chains each arrival has
// its own block; a chain above others also makes blocks of digests, so that its height depends on what those sent.
//
// Every message is handled by itself, also where a contract could merge several (SPEC 9.3). Nothing is carried over from one block
// to the next: each ends when nothing is under way. Compiled modules are kept in the user's cache, for the next test run.
package kit
