package chain

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/thinkey/thinkey/sdk/wire"
)

// ID names a chain in the tree. 0 names none: it is invalid wherever a chain must be named.
type ID uint32

// Main is the root of the tree of chains.
const Main ID = 1

// MainName is what users call it, whatever its genesis does, or others are called.
const MainName = "main"

// Hash is a SHA-256 over a tagged encoding. The zero Hash proves nothing and is refused where a hash is required.
type Hash [32]byte

// Distinct hashes, so that one is not taken for another.
type (
	// NetworkID is the hash of the genesis: a message signed for one network is invalid on every other.
	NetworkID Hash
	// MessageID is the hash of a message without its verification data.
	MessageID Hash
	// BlockHash is the hash of a block's header.
	BlockHash Hash
	// CodeHash is the hash of a WASM module; zero for an account without code.
	CodeHash Hash
)

// String is 64 lower-case hexadecimal digits; so for every hash below.
func (h Hash) String() string      { return hex.EncodeToString(h[:]) }
func (h NetworkID) String() string { return Hash(h).String() }
func (h MessageID) String() string { return Hash(h).String() }
func (h BlockHash) String() string { return Hash(h).String() }
func (h CodeHash) String() string  { return Hash(h).String() }

// MarshalText makes hashes hexadecimal strings in JSON.
func (h Hash) MarshalText() ([]byte, error)      { return []byte(h.String()), nil }
func (h NetworkID) MarshalText() ([]byte, error) { return []byte(h.String()), nil }
func (h MessageID) MarshalText() ([]byte, error) { return []byte(h.String()), nil }
func (h BlockHash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }
func (h CodeHash) MarshalText() ([]byte, error)  { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (h *Hash) UnmarshalText(b []byte) error      { return parseHash(h, string(b)) }
func (h *NetworkID) UnmarshalText(b []byte) error { return parseHash((*Hash)(h), string(b)) }
func (h *MessageID) UnmarshalText(b []byte) error { return parseHash((*Hash)(h), string(b)) }
func (h *BlockHash) UnmarshalText(b []byte) error { return parseHash((*Hash)(h), string(b)) }
func (h *CodeHash) UnmarshalText(b []byte) error  { return parseHash((*Hash)(h), string(b)) }

// ParseMessageID reads 64 hexadecimal digits, with or without 0x in front.
func ParseMessageID(s string) (MessageID, error) {
	var h Hash
	err := parseHash(&h, strings.TrimPrefix(s, "0x"))
	return MessageID(h), err
}

func parseHash(h *Hash, s string) error {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) || s != strings.ToLower(s) {
		return fmt.Errorf("%q is not a hash: it must be 64 lower-case hexadecimal digits", clip(s))
	}
	copy(h[:], b)
	return nil
}

// clip shortens foreign text that goes into an error.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

func readHash[H ~[32]byte](r *wire.Reader, field string) (h H) {
	copy(h[:], r.Fixed(field, len(h)))
	return h
}
