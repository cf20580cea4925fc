package merkle

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
)

func comparePaths(a, b Path) int { return bytes.Compare(a[:], b[:]) }

func randomPath(rnd *rand.Rand) (p Path) {
	fill(rnd, p[:])
	return p
}

func randomHash(rnd *rand.Rand) (h Hash) {
	fill(rnd, h[:])
	return h
}

// fill fills b, whose length is a multiple of 8.
func fill(rnd *rand.Rand, b []byte) {
	for i := 0; i < len(b); i += 8 {
		binary.BigEndian.PutUint64(b[i:], rnd.Uint64())
	}
}
