package ingress

import (
	"crypto/sha256"
	"sync"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Known remembers which signatures were verified, so that none is verified twice: at the door, and again in a block
// (SPEC 5.10). A message's id doesn't name its verification data, and a block with other data is another block; so both
// count. It is bounded: what was verified long ago is forgotten, and verified again. It is safe for concurrent use.
type Known struct {
	mu       sync.Mutex // guards the rest
	now, old map[verified]struct{}
}

// verified is a hash of an id and of the data that it was verified with: a quarter of their size, and as hard to forge as the id is.
type verified [sha256.Size]byte

const (
	// maxVerification is the length of a key with its signature. What is longer is not remembered.
	maxVerification = 96
	// knownKept is how many are remembered at least, and half of how many at most: more than wait in a mempool.
	knownKept = 1 << 15
)

// NewKnown knows nothing.
func NewKnown() *Known { return &Known{now: map[verified]struct{}{}} }

// verification is what is remembered of a message, if anything is.
func verification(m *chain.Message) (v verified, ok bool) {
	if len(m.Proof) > maxVerification {
		return v, false
	}
	id := m.ID()
	var both [len(id) + maxVerification]byte
	return sha256.Sum256(append(append(both[:0], id[:]...), m.Proof...)), true
}

// Add remembers messages whose signatures were verified.
func (k *Known) Add(messages ...*chain.Message) {
	list := make([]verified, 0, len(messages))
	for _, m := range messages {
		if v, ok := verification(m); ok {
			list = append(list, v)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, v := range list {
		if len(k.now) >= knownKept {
			k.now, k.old = make(map[verified]struct{}, knownKept), k.now
		}
		k.now[v] = struct{}{}
	}
}

// Has says whether the very signature of m was verified.
func (k *Known) Has(m *chain.Message) bool {
	v, ok := verification(m)
	if !ok {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok = k.now[v]; !ok {
		_, ok = k.old[v]
	}
	return ok
}
