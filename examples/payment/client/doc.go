// Package client is the whitepaper's payment example (its section 4.5.4) as a program that uses a node: Alice has 20, Bob 5,
// Charlie 5; Alice pays Bob 10 (m1) while Bob pays Charlie 10 (m3). Start reading at Case.Run.
//
//	m1 ─► alice ──m2: add 10──► bob        m3 ─► bob ──m4: add 10──► charlie
//
// Nothing fixes whether Bob handles m2 or m3 first: accounts run at once, and what they did is σ. If he is paid first he
// can pay, and they end with 10, 5 and 15. If not, he has only 5, m3 sends nothing, and they end with 10, 15 and 5. Both
// are possible orders, so a Case says which one it wants to show, and Run returns ErrOtherOrder if the other one came.
//
// What the paper says stands in testdata/payment.json; the program compares with it and contains no figure of its own.
package client
