// Package schema answers one question: how are a contract's methods called by name? It reads what a module says about
// itself, turns JSON into the bytes of an input, and bytes into JSON: for the command line, clients and the explorer.
//
//	module -> Read -> Contract --Input("increase", {"by": 5})--> bytes of a message
//	                           <-Output("get", bytes)---------- {"value": 5}
//
// # JSON
//
//	u8 u16 u32 u64 i64   a number; of more than 15 digits a string, since JavaScript can't hold it. Both are read
//	u128                 a string of digits, as amounts are everywhere. A number is read too
//	bool                 true, false
//	address              its text form, tk1…; "" for nobody
//	hash                 64 hexadecimal digits
//	bytes                hexadecimal digits
//	string               a string
//	[]T                  an array
//	?T                   null, or the value
//	a struct             an object with every field: none may be missing but a ?T, none be unknown or stand twice
//
// # Invariants
//
//	S1  Every value has one encoding and one JSON: what is decoded encodes to the same bytes.
//	S2  A schema is checked once, by Check: every type is known, none contains itself, none is without bytes in a list.
//	    Then no input, however made, costs more than a multiple of its length.
//	S3  A schema comes from a stranger, like any input: its size is bounded, and so is what it makes of a few bytes.
//
// It does not say whether a contract does what its schema says.
package schema
