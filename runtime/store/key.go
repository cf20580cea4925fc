package store

import (
	"encoding/binary"
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// kind is the byte of a key behind the chain. A byte, once used, keeps its meaning.
type kind byte

const (
	kindMark     kind = 'm'
	kindGenesis  kind = 'g'
	kindHeader   kind = 'h'
	kindBlock    kind = 'b'
	kindName     kind = 'n'
	kindReceipts kind = 'r'
	kindOutbox   kind = 'o'
	kindState    kind = 's'
	kindUndo     kind = 'u'
	kindIndex    kind = 'i'
)

var kindWords = map[kind]string{
	kindMark: "marker", kindGenesis: "genesis", kindHeader: "header", kindBlock: "block", kindName: "block hash",
	kindReceipts: "receipts", kindOutbox: "outbox", kindState: "state", kindUndo: "undo", kindIndex: "message index",
}

// String is the kind in words.
func (k kind) String() string {
	if w, ok := kindWords[k]; ok {
		return w
	}
	return fmt.Sprintf("kind %#02x", byte(k))
}

const (
	prefixBytes   = 4 + 1
	pathBytes     = len(merkle.Path{})
	accountBytes  = 24 // of a path: what all paths of an account share
	stateKeyBytes = prefixBytes + pathBytes
	indexKeyBytes = prefixBytes + 32
)

// appendPrefix writes chain and kind.
func appendPrefix(b []byte, id chain.ID, k kind) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(id)), byte(k))
}

func markKey(id chain.ID) []byte { return appendPrefix(nil, id, kindMark) }

func heightKey(id chain.ID, k kind, height uint64) []byte {
	return binary.BigEndian.AppendUint64(appendPrefix(make([]byte, 0, prefixBytes+8), id, k), height)
}

func genesisKey(id chain.ID, piece uint32) []byte {
	return binary.BigEndian.AppendUint32(appendPrefix(nil, id, kindGenesis), piece)
}

func nameKey(id chain.ID, hash chain.BlockHash) []byte {
	return append(appendPrefix(make([]byte, 0, prefixBytes+len(hash)), id, kindName), hash[:]...)
}

func indexKey(id chain.ID, message chain.MessageID) []byte {
	return append(appendPrefix(make([]byte, 0, indexKeyBytes), id, kindIndex), message[:]...)
}

// span is the range of keys of one kind, or, with more bytes behind the kind, of those that begin with them.
func span(id chain.ID, k kind, begin []byte) (lower, upper []byte) {
	lower = append(appendPrefix(nil, id, k), begin...)
	return lower, after(lower)
}

// chainSpan is the range of all keys of a chain.
func chainSpan(id chain.ID) (lower, upper []byte) {
	lower = binary.BigEndian.AppendUint32(nil, uint32(id))
	return lower, after(lower)
}

// after is the least key that doesn't begin with prefix: nil if all bytes are 0xff, which bounds nothing, as needed.
func after(prefix []byte) []byte {
	b := append([]byte(nil), prefix...)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i]++; b[i] != 0 {
			return b[:i+1]
		}
	}
	return nil
}

// describe names a key in an error.
func describe(key []byte) string {
	if len(key) < prefixBytes {
		return fmt.Sprintf("key %x", key)
	}
	id, k, rest := binary.BigEndian.Uint32(key), kind(key[4]), key[prefixBytes:]
	if len(rest) == 8 && k != kindMark {
		return fmt.Sprintf("chain %d, %s, height %d", id, k, binary.BigEndian.Uint64(rest))
	}
	return fmt.Sprintf("chain %d, %s, key %x", id, k, rest)
}
