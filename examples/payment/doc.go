// Package payment shows the way into the folder: Alice has 20, Bob 5 and Charlie 5; Alice pays Bob 10, and Bob pays Charlie 10. It
// is the whitepaper's example (its section 4.5.4), on one chain, on two, and on three.
//
//	client, client/demo         the example on a live network
//	story_test.go               the same over chains, in a test: what carries a payment, and why it can't fail
//	testdata/two_chains.txt     what that story prints on two chains
//	testdata/three_chains.txt   and on three, where the payment goes on
//
// # When Bob has been paid
//
// On one chain a payment is two messages in one block: Alice's account takes 10 from its balance and sends `add`, and Bob's adds 10 to
// his. Over two chains they are in two blocks: the first phase is the block of Alice's chain, the second that of Bob's, when it has
// taken in the `add` with its proof.
//
// Bob can hand over the goods after the first phase, when that block is final (SPEC 8.8):
//
//   - the 10 have left Alice's balance, and stand in the block's outbox; nobody can spend them again;
//   - the relay is numbered, and Bob's chain must take it in before any later one from there (SPEC 8.3): it can be late, never left out;
//   - `add` needs nothing that could be missing: no code runs, not even Bob's, he need not have an account yet, and its gas is paid.
//     What could be refused (too much is on its way to his chain, or there is no such chain) is refused in the first phase.
//
// What can still go wrong is the committee of Alice's chain, as for every payment on that chain. Whoever doesn't want to rely on it
// alone waits until the block is anchored (its parent has recorded it) or rooted (the main chain covers it): SPEC 4.9.
//
// This package itself is empty.
package payment
