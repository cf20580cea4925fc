package chain

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// AddressSize is the length of an address in bytes: chain (4, big-endian) and hash (20).
const AddressSize = 24

// Address names an account: the chain it was created on and the start of a hash (SPEC 1.2). The zero Address names none.
type Address [AddressSize]byte

const addressPrefix = "tk"

// KeyAddress is the address on chain of the account that pub controls.
func KeyAddress(chain ID, pub keys.PublicKey) Address {
	return makeAddress(chain, wire.Sum(wire.TagKey, pub[:]))
}

// MadeAddress is the address of an account that creator makes with salt and code; known before it exists.
func MadeAddress(chain ID, creator Address, salt [32]byte, code CodeHash) Address {
	return makeAddress(chain, wire.Sum(wire.TagMade, creator[:], salt[:], code[:]))
}

// SystemAddress is the chain's own account: it holds the chain's state and answers for receivers that can't exist.
// No key and no creator leads to it.
func SystemAddress(chain ID) Address { return makeAddress(chain, [32]byte{}) }

func makeAddress(chain ID, hash [32]byte) (a Address) {
	binary.BigEndian.PutUint32(a[:4], uint32(chain))
	copy(a[4:], hash[:])
	return a
}

// Chain is the chain the account was created on.
func (a Address) Chain() ID { return ID(binary.BigEndian.Uint32(a[:4])) }

// On is the address on another chain that the same key, or the same rule, leads to.
func (a Address) On(chain ID) Address {
	binary.BigEndian.PutUint32(a[:4], uint32(chain))
	return a
}

// IsSystem says whether a is a chain's own account.
func (a Address) IsSystem() bool { return a == SystemAddress(a.Chain()) }

// IsZero says whether a names no account.
func (a Address) IsZero() bool { return a == Address{} }

// Compare orders addresses by chain, then hash.
func (a Address) Compare(b Address) int { return bytes.Compare(a[:], b[:]) }

// String is the text form, 48 letters: tk1….
func (a Address) String() string { return bech32Encode(addressPrefix, a[:]) }

// ParseAddress reads the text form and refuses a mistyped one.
func ParseAddress(s string) (a Address, err error) {
	b, err := bech32Decode(addressPrefix, s, AddressSize)
	if err != nil {
		return a, fmt.Errorf("%q is not an address: %w", clip(s), err)
	}
	copy(a[:], b)
	if a.Chain() == 0 {
		return Address{}, fmt.Errorf("%q is not an address: it names no chain", s)
	}
	return a, nil
}

// MarshalText is String.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText is ParseAddress.
func (a *Address) UnmarshalText(b []byte) (err error) {
	*a, err = ParseAddress(string(b))
	return err
}

func readAddress(r *wire.Reader, field string) (a Address) {
	r.Into(field, a[:])
	if r.Err() == nil && a.Chain() == 0 {
		r.Fail(field, wire.ErrValue)
	}
	return a
}
