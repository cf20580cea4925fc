package keep

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// Memory remembers claims that held, under the keys of any committees, so that who meets one again doesn't check it again: the certificate of a
// block comes with the block, with a digest that shows it to the parent, and with every view of it. What didn't hold isn't remembered. The zero
// value remembers nothing yet. It may be used by many goroutines at once.
type Memory struct {
	// Most bounds the claims that are remembered, about half of them for sure [65,536]: about 50 bytes each.
	Most int

	mu         sync.Mutex // guards the rest
	young, old map[claimName]struct{}
}

// claimName is the hash of a claim, and of the keys that it is about.
type claimName [sha256.Size]byte

const mostClaims = 1 << 16

// keys are those of a committee, as keys.NewBLSKeys decodes them, that check through the memory.
func (m *Memory) keys(of *chain.Committee) (*remembered, error) {
	public, name := make([]keys.BLSPublicKey, len(of.Seats)), sha256.New()
	for i := range of.Seats {
		public[i] = of.Seats[i].Key
		name.Write(public[i][:])
	}
	k, err := keys.NewBLSKeys(public)
	if err != nil {
		return nil, err
	}
	return &remembered{k, m, [sha256.Size]byte(name.Sum(nil))}, nil
}

// committee is light.NewCommittee, of whose certificates those that held are remembered.
func (m *Memory) committee(network chain.NetworkID, of chain.Committee) (*light.Committee, error) {
	k, err := m.keys(&of)
	if err != nil {
		return nil, fmt.Errorf("committee: %w", err)
	}
	return light.NewCommitteeWith(network, of, k)
}

func (m *Memory) has(c claimName) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.young[c]; ok {
		return true
	}
	_, ok := m.old[c]
	if ok {
		m.put(c)
	}
	return ok
}

func (m *Memory) add(list ...claimName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range list {
		m.put(c)
	}
}

// put keeps a claim for as long as half of Most others; the caller holds mu.
func (m *Memory) put(c claimName) {
	half := m.Most / 2
	if half < 1 {
		half = mostClaims / 2
	}
	if len(m.young) >= half {
		m.old, m.young = m.young, nil
	}
	if m.young == nil {
		m.young = map[claimName]struct{}{}
	}
	m.young[c] = struct{}{}
}

// remembered are keys of which each claim that held is checked once (Memory).
type remembered struct {
	*keys.BLSKeys
	memory *Memory
	name   [sha256.Size]byte // of the keys
}

// of is what a claim is remembered by: all that Verify is asked, in whichever order the seats are named.
func (k *remembered) of(d keys.BLSDomain, signature *keys.BLSSignature, signed *keys.BLSSigned) claimName {
	b := make([]byte, 0, len(k.name)+1+len(signature)+8+8*len(signed.Seats)+len(signed.Message))
	b = append(b, k.name[:]...)
	b = append(b, byte(d))
	b = append(b, signature[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(signed.Seats)))
	for _, seat := range slices.Sorted(slices.Values(signed.Seats)) {
		b = binary.LittleEndian.AppendUint64(b, uint64(seat))
	}
	return sha256.Sum256(append(b, signed.Message...))
}

// Verify is that of BLSKeys. What was signed is remembered if it is one message.
func (k *remembered) Verify(d keys.BLSDomain, signature keys.BLSSignature, signed ...keys.BLSSigned) error {
	if len(signed) != 1 {
		return k.BLSKeys.Verify(d, signature, signed...)
	}
	name := k.of(d, &signature, &signed[0])
	if k.memory.has(name) {
		return nil
	}
	err := k.BLSKeys.Verify(d, signature, signed...)
	if err == nil {
		k.memory.add(name)
	}
	return err
}

// VerifyAll is that of BLSKeys.
func (k *remembered) VerifyAll(claims []keys.BLSClaim) error {
	fresh := make(map[claimName]keys.BLSClaim, len(claims))
	for _, c := range claims {
		if name := k.of(c.Domain, &c.Signature, &c.BLSSigned); !k.memory.has(name) {
			fresh[name] = c
		}
	}
	if len(fresh) == 0 && len(claims) > 0 {
		return nil
	}
	names := slices.SortedFunc(maps.Keys(fresh), func(a, b claimName) int { return slices.Compare(a[:], b[:]) })
	list := make([]keys.BLSClaim, len(names))
	for i, name := range names {
		list[i] = fresh[name]
	}
	err := k.BLSKeys.VerifyAll(list)
	if err == nil {
		k.memory.add(names...)
	}
	return err
}

// Collect is that of BLSKeys. A sum of votes for one message is remembered as the claim that it makes.
func (k *remembered) Collect(d keys.BLSDomain, votes []keys.BLSVote) (signature keys.BLSSignature, bad []int) {
	signature, bad = k.BLSKeys.Collect(d, votes)
	if bad != nil {
		return signature, bad
	}
	all := keys.BLSSigned{Message: votes[0].Message}
	for i := range votes {
		if string(votes[i].Message) != string(all.Message) {
			return signature, nil
		}
		all.Seats = append(all.Seats, votes[i].Seats...)
	}
	k.memory.add(k.of(d, &signature, &all))
	return signature, nil
}
