// Package exec is the one transition function: what one message does to one account (DESIGN D2). Live actors and whoever
// replays a block (a member before it votes, an audit, a test) all call Apply, through the same Overlay. Nothing else changes
// an account but the refunds at the end of a block, which go through Credit (consensus/block/settle.go).
//
//	account + message + context --Apply--> Outcome { account after, storage writes, sent, gas, status, events }
//
// Apply knows what is common to all handlings: who pays, what a failure undoes, what bounces. What a message means to the
// account is a Program's: contracts/native has the common messages, and runs the account's code for all others.
//
//	apply.go     Admit (may this be an input here?), Apply, and the three ways a handling ends;  refusal.go: why not
//	program.go   what a handling may know (Context), and what it is asked (Program, Failure)
//	env.go       what a program can do: gas and sending;  code.go: publishing, deploying, changing its code
//	storage.go   its storage, events and log;  keys.go: the order of keys;  deposit.go: room paid for
//	group.go     several messages of a mergeable method, handled as one
//	value.go     all that a relay takes along;  recorded.go: what system actors do to the chain itself
//	query.go     a view: a question that changes nothing
//	overlay.go   one account inside one open block: applies, and records σ_i
//	state.go     the state before, as it is read, and a block's changes to it
//	gas.go       what messages cost, by contracts/gas;  load.go: what code costs that has not run lately
//
// # The way of the money
//
// An external message buys GasLimit units at its GasPrice from its signer's balance before anything else. Every relay it
// leads to takes its own gas, and gas.Bounce for the bounce it may need, out of what its parent has left: a tree of messages
// is paid for before it runs (SPEC 2.3). What a handling uses is a fee; what is left at its end belongs to the payer and
// is credited after the block's last event, by rule (DESIGN D6).
//
//	GasLimit [+ gas.Bounce if a relay that can fail] = used + Σ sent (GasLimit + gas.Bounce) + left      (E1, checked at every handling)
//
// # Invariants
//
//	E1  Gas is neither made nor lost in a handling.
//	E2  Money too: balance + deposit before + amount = balance + deposit after + Σ sent amounts (+ gas bought).
//	E3  A handling that fails changes nothing but gas and nonce, and what came with a relay goes back (I8).
//	E4  add and the credit of a bounce or a refund can't fail on an account that can exist.
//	E5  Equal arguments give equal Outcomes on every machine (I9).
//	E6  A handling that ran out of gas fails, and one that could not read the state has no Outcome, whatever its program
//	    makes of the error.
//	E7  A credit never makes a balance smaller: a deposit that is short is filled out of what came.
//	E8  StorageBytes is the length of all keys and values; an account whose storage grew holds the whole deposit for it, if it
//	    is no system actor.
//
// An error of Apply is never about the message: it is the state's (a disk) and says nothing about the outcome.
package exec
