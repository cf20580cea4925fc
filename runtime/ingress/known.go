package ingress

import (
	"sync"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Known remembers which signatures were verified, so that none is verified twice: at the door, and again in a block
// (SPEC 5.10). A message's id doesn't name its verification data, and a block with other data is another block; so both
// count. It is bounded: what was verified long ago is forgotten, and verified again. It is safe for concurrent use.
type Known struct {
	mu       sync.Mutex // guards the rest
	now, old map[chain.MessageID]verification
}

// verification is the data that an id was verified with. What is longer is not remembered.
type verification struct {
	length uint8
	bytes  [maxVerification]byte
}

const (
	// maxVerification is the length of a key with its signature.
	maxVerification = 96
	// knownKept is how many are remembered at least, and half of how many at most: more than wait in a mempool.
	knownKept = 1 << 15
)

// NewKnown knows nothing.
func NewKnown() *Known { return &Known{now: make(map[chain.MessageID]verification)} }

// Add remembers messages whose signatures were verified.
func (k *Known) Add(messages ...*chain.Message) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range messages {
		v := verification{length: uint8(len(m.Proof))}
		if len(m.Proof) > maxVerification {
			continue
		}
		copy(v.bytes[:], m.Proof)
		if len(k.now) >= knownKept {
			k.now, k.old = make(map[chain.MessageID]verification, knownKept), k.now
		}
		k.now[m.ID()] = v
	}
}

// Has says whether the very signature of m was verified.
func (k *Known) Has(m *chain.Message) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, ok := k.now[m.ID()]
	if !ok {
		v, ok = k.old[m.ID()]
	}
	return ok && string(v.bytes[:v.length]) == string(m.Proof)
}
