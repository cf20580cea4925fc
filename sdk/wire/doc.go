// Package wire is the one canonical encoding: what is hashed, signed or stored is encoded here and nowhere else (DESIGN D10).
//
// # Layout
//
// Integers are big-endian and of fixed width. A byte string is its length as uint32, then its bytes; a short string has
// a length of one byte. A list is its count as uint32, then its items. There is no padding, no optional field, no map: a
// struct is its fields in the order of its Append method, after one version byte where it is the outermost value.
//
//	value    := version:u8 fields…
//	bytes    := length:u32 byte{length}
//	short    := length:u8  byte{length}
//	list     := count:u32  item{count}
//
// # Invariants
//
//	W1  One value has one encoding: for every b that a decoder accepts, Encode(Decode(b)) = b.
//	W2  A limit is checked before anything is allocated for it: a Reader refuses a length that exceeds the limit its
//	    caller gives, or the bytes that are left.
//	W3  Every byte is read: Done refuses what stands behind the value.
//	W4  Hashes of two kinds of thing never meet: Sum puts the Tag of the kind before the bytes.
//
// The package does not know any type of the ledger; sdk/chain and sdk/merkle write theirs with it.
package wire
