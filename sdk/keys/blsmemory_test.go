package keys

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
)

// remembered are the keys of a panel, through a memory.
func (p panel) remembered(t testing.TB, m *BLSMemory) *BLSRemembered {
	t.Helper()
	k, err := m.Keys(p.public)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A claim that held is remembered whoever checked it, and nothing that differs from it in anything is taken for it; what didn't hold is checked
// again.
func TestMemory(t *testing.T) {
	p, q := newPanel(t, seeded(4)...), newPanel(t, seeded(5)[1:]...)
	message := []byte("block")
	good := p.claim(t, BLSConfirmation, message, p.votes(BLSConfirmation, message)[:3])
	for name, hold := range map[string]func(k *BLSRemembered) error{
		"verified": func(k *BLSRemembered) error { return k.Verify(good.Domain, good.Signature, good.BLSSigned) },
		"together": func(k *BLSRemembered) error { return k.VerifyAll([]BLSClaim{good, good}) },
		"collected": func(k *BLSRemembered) error {
			votes := p.votes(BLSConfirmation, message)[:3]
			slices.Reverse(votes)
			if s, bad := k.Collect(BLSConfirmation, votes); bad != nil || s != good.Signature {
				return fmt.Errorf("%v %v", s, bad)
			}
			return nil
		},
	} {
		var m BLSMemory
		k := p.remembered(t, &m)
		if err := hold(k); err != nil || len(m.young) != 1 {
			t.Fatalf("%s: %v, %d remembered", name, err, len(m.young))
		}
		k.BLSKeys = nil // whatever is checked now ends the test
		again := good
		again.Seats = []int{2, 0, 1}
		if err := errors.Join(k.Verify(again.Domain, again.Signature, again.BLSSigned), k.VerifyAll([]BLSClaim{again, good})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		k = p.remembered(t, &m)
		for what, change := range map[string]func(c *BLSClaim){
			"message":    func(c *BLSClaim) { c.Message = []byte("blocks") },
			"kind":       func(c *BLSClaim) { c.Domain = BLSPreparation },
			"seats":      func(c *BLSClaim) { c.Seats = []int{0, 1, 3} },
			"more seats": func(c *BLSClaim) { c.Seats = []int{0, 0, 1, 2} },
			"signature": func(c *BLSClaim) {
				c.Signature = p.claim(t, BLSTimeout, message, p.votes(BLSTimeout, message)).Signature
			},
		} {
			bad := good
			change(&bad)
			for range 2 {
				if k.Verify(bad.Domain, bad.Signature, bad.BLSSigned) == nil || k.VerifyAll([]BLSClaim{good, bad}) == nil {
					t.Errorf("%s: another %s is taken for it", name, what)
				}
			}
		}
		if q.remembered(t, &m).Verify(good.Domain, good.Signature, good.BLSSigned) == nil {
			t.Errorf("%s: it is taken for one of other keys", name)
		}
		if len(m.young) != 1 {
			t.Errorf("%s: %d are remembered", name, len(m.young))
		}
	}
}

// What is asked for again and again stays; the rest is forgotten when there is more than Most.
func TestMemoryBound(t *testing.T) {
	m := BLSMemory{Most: 10}
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
	p := newPanel(t, seeded(4)...)
	message := []byte("block")
	good := p.claim(t, BLSConfirmation, message, p.votes(BLSConfirmation, message))
	var m BLSMemory
	k := p.remembered(t, &m)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				if err := errors.Join(k.Verify(good.Domain, good.Signature, good.BLSSigned), k.VerifyAll([]BLSClaim{good})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
