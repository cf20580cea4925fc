package store

import (
	"encoding/binary"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// kind is the byte of a key behind the chain. A byte, once used, keeps its meaning.
type kind byte

const (
	kindNode      kind = 'a'
	kindBlock     kind = 'b' // ends with a part
	kindCode      kind = 'c'
	kindDeparture kind = 'd'
	kindEntry     kind = 'e'
	kindGenesis   kind = 'g'
	kindIndex     kind = 'i'
	kindMark      kind = 'm'
	kindName      kind = 'n'
	kindProof     kind = 'p'
	kindState     kind = 's'
	kindUndo      kind = 'u'
	kindVote      kind = 'v' // with a hash behind it, a body
	kindJoined    kind = 'j'
	kindBase      kind = 'k'
)

var kindWords = map[kind]string{
	kindBlock: "block", kindCode: "code", kindEntry: "entry index", kindGenesis: "genesis", kindIndex: "message index",
	kindMark: "marker", kindName: "block hash", kindState: "state", kindUndo: "undo", kindVote: "votes",
	kindJoined: "piece of a state", kindBase: "base", kindNode: "accumulator node", kindDeparture: "departure", kindProof: "proof",
}

// String is the kind in words.
func (k kind) String() string {
	if w, ok := kindWords[k]; ok {
		return w
	}
	return fmt.Sprintf("kind %#02x", byte(k))
}

// part is the last byte of a key of kindBlock: what of the block it is. A byte, once used, keeps its meaning.
type part byte

const (
	partBody     part = 'b'
	partHeader   part = 'h'
	partOutbox   part = 'o'
	partReceipts part = 'r'
)

var partWords = map[part]string{partBody: "body", partHeader: "header", partOutbox: "outbox", partReceipts: "receipts"}

// String is the part in words.
func (p part) String() string {
	if w, ok := partWords[p]; ok {
		return w
	}
	return fmt.Sprintf("part %#02x", byte(p))
}

const (
	prefixBytes       = 4 + 1
	pathBytes         = len(merkle.Path{})
	accountBytes      = 24 // of a path: what all paths of an account share
	stateKeyBytes     = prefixBytes + pathBytes
	indexKeyBytes     = prefixBytes + 32
	bodyKeyBytes      = prefixBytes + 32
	nodeKeyBytes      = prefixBytes + 4 + 1 + 8
	departureKeyBytes = prefixBytes + 4 + 8
	proofKeyBytes     = prefixBytes + 1 + 4 + 8
	// entryKeyBytes is the longest key that there is.
	entryKeyBytes = prefixBytes + chain.AddressSize + chain.MaxStorageKey
)

// appendPrefix writes chain and kind.
func appendPrefix(b []byte, id chain.ID, k kind) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(id)), byte(k))
}

func markKey(id chain.ID) []byte { return appendPrefix(nil, id, kindMark) }

// partKey appends the key of a part of the block at a height.
func partKey(b []byte, id chain.ID, p part, height uint64) []byte {
	return append(binary.BigEndian.AppendUint64(appendPrefix(b, id, kindBlock), height), byte(p))
}

// undoKey appends the key of the undo record of the block at a height.
func undoKey(b []byte, id chain.ID, height uint64) []byte {
	return binary.BigEndian.AppendUint64(appendPrefix(b, id, kindUndo), height)
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

func codeKey(b []byte, id chain.ID, hash chain.CodeHash) []byte {
	return append(appendPrefix(b, id, kindCode), hash[:]...)
}

func voteKey(id chain.ID) []byte { return appendPrefix(nil, id, kindVote) }

// bodyKey appends the key of a block that was voted for.
func bodyKey(b []byte, id chain.ID, hash chain.BlockHash) []byte {
	return append(appendPrefix(b, id, kindVote), hash[:]...)
}

// entryKey appends the key that lists a key of an account's storage.
func entryKey(b []byte, id chain.ID, account chain.Address, key string) []byte {
	return append(append(appendPrefix(b, id, kindEntry), account[:]...), key...)
}

// readEntryKey is the account and the key in what entryKey wrote.
func readEntryKey(key []byte) (slot exec.Slot, ok bool) {
	n := copy(slot.Account[:], key[prefixBytes:])
	if n < len(slot.Account) {
		return slot, false
	}
	slot.Key = string(key[prefixBytes+n:])
	return slot, isListed(&slot) && len(key) <= entryKeyBytes
}

// accumulatorKey appends the key of a node of an accumulator.
func accumulatorKey(b []byte, id, list chain.ID, level uint8, index uint64) []byte {
	b = binary.BigEndian.AppendUint32(appendPrefix(b, id, kindNode), uint32(list))
	return binary.BigEndian.AppendUint64(append(b, level), index)
}

// readAccumulatorKey is the node, without its hash, and the list in what accumulatorKey wrote.
func readAccumulatorKey(key []byte) (list chain.ID, node merkle.Node, err error) {
	r := wire.NewReader(key[prefixBytes:])
	list = chain.ID(r.U32("list"))
	node.Level, node.Index = r.U8("level"), r.U64("index")
	if err := r.Done(); err != nil {
		return 0, merkle.Node{}, damaged(key, err)
	}
	return list, node, nil
}

// departureKey appends the key of a relay that left for a chain.
func departureKey(b []byte, id, to chain.ID, number uint64) []byte {
	b = binary.BigEndian.AppendUint32(appendPrefix(b, id, kindDeparture), uint32(to))
	return binary.BigEndian.AppendUint64(b, number)
}

// readDepartureKey is what departureKey wrote.
func readDepartureKey(key []byte) (to chain.ID, number uint64, err error) {
	r := wire.NewReader(key[prefixBytes:])
	to, number = chain.ID(r.U32("destination")), r.U64("number")
	if err := r.Done(); err != nil {
		return 0, 0, damaged(key, err)
	}
	return to, number, nil
}

// departureSpan is the range of keys of what left for a chain.
func departureSpan(id, to chain.ID) (lower, upper []byte) {
	return span(id, kindDeparture, binary.BigEndian.AppendUint32(nil, uint32(to)))
}

// proofKey appends the key of a proof.
func proofKey(b []byte, id chain.ID, of byte, c chain.ID, at uint64) []byte {
	b = binary.BigEndian.AppendUint32(append(appendPrefix(b, id, kindProof), of), uint32(c))
	return binary.BigEndian.AppendUint64(b, at)
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
	switch {
	case k == kindBlock && len(rest) == 8+1:
		return fmt.Sprintf("chain %d, %s of block %d", id, part(rest[8]), binary.BigEndian.Uint64(rest))
	case k == kindUndo && len(rest) == 8:
		return fmt.Sprintf("chain %d, %s of block %d", id, k, binary.BigEndian.Uint64(rest))
	case k == kindNode && len(key) == nodeKeyBytes:
		return fmt.Sprintf("chain %d, %s, list %d, level %d, index %d", id, k, binary.BigEndian.Uint32(rest), rest[4], binary.BigEndian.Uint64(rest[5:]))
	case k == kindDeparture && len(key) == departureKeyBytes:
		return fmt.Sprintf("chain %d, %s %d to chain %d", id, k, binary.BigEndian.Uint64(rest[4:]), binary.BigEndian.Uint32(rest))
	case k == kindProof && len(key) == proofKeyBytes:
		return fmt.Sprintf("chain %d, %s %d of chain %d at %d", id, k, rest[0], binary.BigEndian.Uint32(rest[1:]), binary.BigEndian.Uint64(rest[5:]))
	case k == kindCode:
		return fmt.Sprintf("chain %d, %s %x", id, k, rest)
	case k == kindEntry:
		if slot, ok := readEntryKey(key); ok {
			return fmt.Sprintf("chain %d, %s, account %s, key %q", id, k, slot.Account, slot.Key)
		}
	}
	return fmt.Sprintf("chain %d, %s, key %x", id, k, rest)
}
