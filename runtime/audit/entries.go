package audit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// form says what is wrong with a value.
type form func(value []byte) error

// as is the form of what decodes, and encodes to the same bytes.
func as[T any](decode func([]byte) (T, error), encode func(T) []byte) form {
	return func(value []byte) error {
		if len(value) == 0 {
			return errors.New("it is empty")
		}
		v, err := decode(value)
		if err == nil && !bytes.Equal(encode(v), value) {
			err = errors.New("it is not in canonical form")
		}
		return err
	}
}

var (
	asAmount    = as(chain.DecodeAmount, chain.EncodeAmount)
	asNumber    = as(chain.DecodeNumber, chain.EncodeNumber)
	asCommittee = as(chain.DecodeCommittee, func(c chain.Committee) []byte { return c.Append(nil) })
)

// entryForms are the entries of the chain's own that there is one of.
var entryForms = map[string]form{
	chain.KeyParams:    as(chain.DecodeParams, chain.Params.Encode),
	chain.KeyCommittee: asCommittee,
	chain.KeyFormer:    as(chain.DecodeFormer, chain.Former.Encode),
	chain.KeyIssued:    asAmount,
	chain.KeyHeld:      asAmount,
	chain.KeyFees:      asAmount,
	chain.KeyQueue:     as(chain.DecodeQueue, chain.Queue.Encode),
	chain.KeyWarm:      as(chain.DecodeWarm, chain.Warm.Encode),
	chain.KeyHistory:   as(merkle.DecodeAccumulator, func(a merkle.Accumulator) []byte { return a.Encode() }),
	chain.KeyTree:      as(chain.DecodeTree, chain.Tree.Encode),
	chain.KeyFull:      as(chain.DecodeIDs, chain.EncodeIDs),
}

// chainForms are those that there is one of for each other chain.
var chainForms = []struct {
	name string
	key  func(chain.ID) string
	form form
}{
	{"view", chain.ViewKey, as(chain.DecodeKnown, chain.Known.Encode)},
	{"view committee", chain.ViewCommitteeKey, asCommittee},
	{"out", chain.OutKey, as(chain.DecodeOutward, chain.Outward.Encode)},
	{"in", chain.InKey, asNumber},
	{"taken", chain.TakenKey, asAmount},
	{"sent", chain.SentKey, asAmount},
	{"entered", chain.EnteredKey, asAmount},
	{"credited", chain.CreditedKey, asAmount},
}

// ownEntry says what is wrong with an entry of the chain's own.
func ownEntry(key string, value []byte) error {
	if f, ok := entryForms[key]; ok {
		return f(value)
	}
	if i, _, ok := chainEntry(key); ok {
		return chainForms[i].form(value)
	}
	if _, _, ok := creditEntry(key); ok {
		return asAmount(value)
	}
	return errors.New("the chain has no such entry")
}

// chainEntry says which of chainForms a key is, and for which chain.
func chainEntry(key string) (i int, other chain.ID, ok bool) {
	n := len(key) - 4
	if n < 0 {
		return 0, 0, false
	}
	other = chain.ID(binary.BigEndian.Uint32([]byte(key[n:])))
	for i := range chainForms {
		if key == chainForms[i].key(other) && other != 0 {
			return i, other, true
		}
	}
	return 0, 0, false
}

// childEntry says of which child a key of the digests actor says what is recorded.
func childEntry(key string) (id chain.ID, ok bool) {
	if n := len(key) - 4; n >= 0 {
		id = chain.ID(binary.BigEndian.Uint32([]byte(key[n:])))
	}
	return id, id != 0 && key == chain.ChildKey(id)
}

// creditEntry says of which ancestor and of which chain under this one a credit is.
func creditEntry(key string) (ancestor, to chain.ID, ok bool) {
	n := len(key) - 8
	if n < 0 {
		return 0, 0, false
	}
	ids := []byte(key[n:])
	ancestor, to = chain.ID(binary.BigEndian.Uint32(ids)), chain.ID(binary.BigEndian.Uint32(ids[4:]))
	return ancestor, to, key == chain.CreditKey(ancestor, to) && ancestor != 0 && to != 0
}

// nameEntry is a key of the chain's own for people.
func nameEntry(key string) string {
	if i, other, ok := chainEntry(key); ok {
		return fmt.Sprintf("the chain's entry %s/%d", chainForms[i].name, other)
	}
	if ancestor, to, ok := creditEntry(key); ok {
		return fmt.Sprintf("the chain's entry credit/%d/%d", ancestor, to)
	}
	return fmt.Sprintf("the chain's entry %q", key)
}
