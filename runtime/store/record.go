package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

const crcBytes = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is over key and value, so that a value that got under another key is found as well (T4).
func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, value)
}

// seal ends sealed, whose last crcBytes are free, with the checksum.
func seal(key, sealed []byte) {
	n := len(sealed) - crcBytes
	binary.BigEndian.PutUint32(sealed[n:], checksum(key, sealed[:n]))
}

// unseal returns the value in sealed, which it shares, or ErrDamaged.
func unseal(key, sealed []byte) ([]byte, error) {
	n := len(sealed) - crcBytes
	if n < 0 || binary.BigEndian.Uint32(sealed[n:]) != checksum(key, sealed[:n]) {
		return nil, damaged(key, nil)
	}
	return sealed[:n:n], nil
}

// damaged is the error for a value that isn't what was written: its checksum is wrong, or, with cause, it doesn't decode
// although it is right.
func damaged(key []byte, cause error) error {
	if cause == nil {
		return fmt.Errorf("%w: %s: checksum", ErrDamaged, describe(key))
	}
	return fmt.Errorf("%w: %s: %w", ErrDamaged, describe(key), cause)
}

// Head is the last block that was committed.
type Head struct {
	Height uint64          `json:"height"`
	Hash   chain.BlockHash `json:"hash"`
	State  chain.Hash      `json:"state_root"`
}

// mark is the value of a chain's marker: it exists once Init is done, and moves with every commit (T2).
type mark struct {
	Head
	pieces uint32 // of the genesis
}

func (m mark) append(b []byte) []byte {
	b = append(wire.AppendU64(b, m.Height), m.Hash[:]...)
	return wire.AppendU32(append(b, m.State[:]...), m.pieces)
}

func decodeMark(b []byte) (m mark, err error) {
	r := wire.NewReader(b)
	m.Height = r.U64("height")
	r.Into("hash", m.Hash[:])
	r.Into("state root", m.State[:])
	m.pieces = r.U32("genesis pieces")
	return m, r.Done()
}

// Place is where a message was processed: the height of the block, and the place of its event among the receipts.
type Place struct {
	Height uint64
	Event  uint32
}

const placeBytes = 8 + 4

func (p Place) put(b []byte) {
	binary.BigEndian.PutUint64(b, p.Height)
	binary.BigEndian.PutUint32(b[8:], p.Event)
}

func decodePlace(b []byte) (Place, error) {
	r := wire.NewReader(b)
	p := Place{r.U64("height"), r.U32("event")}
	return p, r.Done()
}

// decodeHeader splits the value of a header's key.
func decodeHeader(b []byte) (h chain.Header, certificate []byte, err error) {
	r := wire.NewReader(b)
	raw := r.Bytes("header", chain.MaxBlockBytes)
	certificate = r.Fixed("certificate", r.Left())
	if err := r.Done(); err != nil {
		return h, nil, err
	}
	h, err = chain.DecodeHeader(raw)
	return h, certificate, err
}
