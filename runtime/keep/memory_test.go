package keep

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// memoryRig is a committee for tests: secret i holds seat i.
type memoryRig struct {
	secrets []keys.BLSSecret
	of      chain.Committee
}

func newMemoryRig(first byte) (r memoryRig) {
	for i := range byte(4) {
		s := keys.BLSFromSeed([32]byte{first + i, 9})
		r.secrets = append(r.secrets, s)
		r.of.Seats = append(r.of.Seats, chain.Seat{Node: keys.PublicKey{first + i}, Key: s.Public()})
	}
	return r
}

func (r memoryRig) keys(t testing.TB, m *Memory) *remembered {
	t.Helper()
	k, err := m.keys(&r.of)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (r memoryRig) votes(d keys.BLSDomain, message []byte, seats ...int) (votes []keys.BLSVote) {
	for _, seat := range seats {
		votes = append(votes, keys.BLSVote{BLSSigned: keys.BLSSigned{Message: message, Seats: []int{seat}}, Point: r.secrets[seat].Sign(d, message)})
	}
	return votes
}

// claim is what the seats say.
func (r memoryRig) claim(t testing.TB, d keys.BLSDomain, message []byte, seats ...int) keys.BLSClaim {
	t.Helper()
	signature, bad := r.keys(t, new(Memory)).Collect(d, r.votes(d, message, seats...))
	if bad != nil {
		t.Fatal(bad)
	}
	return keys.BLSClaim{Domain: d, Signature: signature, BLSSigned: keys.BLSSigned{Message: message, Seats: seats}}
}

// A claim that held is remembered whoever checked it, and nothing that differs from it in anything is taken for it; what didn't hold is checked
// again.
func TestMemory(t *testing.T) {
	p, q := newMemoryRig(0), newMemoryRig(1)
	message := []byte("block")
	good := p.claim(t, keys.BLSConfirmation, message, 0, 1, 2)
	other := p.claim(t, keys.BLSTimeout, message, 0, 1, 2)
	for name, hold := range map[string]func(k *remembered) error{
		"verified": func(k *remembered) error { return k.Verify(good.Domain, good.Signature, good.BLSSigned) },
		"together": func(k *remembered) error { return k.VerifyAll([]keys.BLSClaim{good, good}) },
		"collected": func(k *remembered) error {
			if s, bad := k.Collect(good.Domain, p.votes(good.Domain, message, 2, 0, 1)); bad != nil || s != good.Signature {
				return errors.New("it has another sum")
			}
			return nil
		},
	} {
		var m Memory
		k := p.keys(t, &m)
		if err := hold(k); err != nil || len(m.young) != 1 {
			t.Fatalf("%s: %v, %d remembered", name, err, len(m.young))
		}
		k.BLSKeys = nil // whatever is checked now ends the test
		again := good
		again.Seats = []int{2, 0, 1}
		if err := errors.Join(k.Verify(again.Domain, again.Signature, again.BLSSigned), k.VerifyAll([]keys.BLSClaim{again, good})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		k = p.keys(t, &m)
		for what, change := range map[string]func(c *keys.BLSClaim){
			"message":    func(c *keys.BLSClaim) { c.Message = append(slices.Clone(c.Message), 0) },
			"kind":       func(c *keys.BLSClaim) { c.Domain = keys.BLSPreparation },
			"seats":      func(c *keys.BLSClaim) { c.Seats = []int{0, 1, 3} },
			"more seats": func(c *keys.BLSClaim) { c.Seats = []int{0, 0, 1, 2} },
			"signature":  func(c *keys.BLSClaim) { c.Signature = other.Signature },
		} {
			bad := good
			change(&bad)
			for range 2 {
				if k.Verify(bad.Domain, bad.Signature, bad.BLSSigned) == nil || k.VerifyAll([]keys.BLSClaim{good, bad}) == nil {
					t.Errorf("%s: another %s is taken for it", name, what)
				}
			}
		}
		if q.keys(t, &m).Verify(good.Domain, good.Signature, good.BLSSigned) == nil {
			t.Errorf("%s: it is taken for one of other keys", name)
		}
		if len(m.young) != 1 {
			t.Errorf("%s: %d are remembered", name, len(m.young))
		}
	}
}

// What is asked for again and again stays; the rest is forgotten when there is more than Most.
func TestMemoryBound(t *testing.T) {
	m := Memory{Most: 10}
	used := claimName{1}
	m.add(used)
	for i := range byte(100) {
		m.add(claimName{2, i})
		if !m.has(used) {
			t.Fatalf("forgotten after %d others", i)
		}
		if n := len(m.young) + len(m.old); n > m.Most {
			t.Fatalf("%d are remembered", n)
		}
	}
	if m.has(claimName{2, 1}) {
		t.Error("nothing is forgotten")
	}
}

func TestMemoryConcurrently(t *testing.T) {
	p := newMemoryRig(0)
	good := p.claim(t, keys.BLSConfirmation, []byte("block"), 0, 1, 2, 3)
	var m Memory
	k := p.keys(t, &m)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				if err := errors.Join(k.Verify(good.Domain, good.Signature, good.BLSSigned), k.VerifyAll([]keys.BLSClaim{good})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
