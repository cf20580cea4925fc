package ingress

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// An id with other verification data is not known: a block that has it is not the block that was looked at.
func TestKnown(t *testing.T) {
	k, m := NewKnown(), doorMessage(1)
	if k.Has(m) {
		t.Fatal("known before it was added")
	}
	k.Add(m)
	other := m.Clone()
	other.Proof = doorMessage(2).Proof
	other.Seal()
	if !k.Has(m) || other.ID() != m.ID() || k.Has(other) {
		t.Fatalf("known %t, with another signature %t", k.Has(m), k.Has(other))
	}
	long := m.Clone()
	long.Proof = make([]byte, maxVerification+1)
	long.Seal()
	k.Add(long)
	if k.Has(long) {
		t.Fatal("data of any length is remembered")
	}
}

// What was verified long ago is forgotten.
func TestKnownIsBounded(t *testing.T) {
	k := NewKnown()
	var m *chain.Message
	first := doorMessage(0)
	k.Add(first)
	for i := range uint64(2 * knownKept) {
		m = first.Clone()
		m.Nonce = i + 1
		k.Add(m.Seal())
	}
	if n := len(k.now) + len(k.old); n > 2*knownKept || k.Has(first) || !k.Has(m) {
		t.Fatalf("%d are known, the first %t, the last %t", n, k.Has(first), k.Has(m))
	}
}

// A signature that was verified is not verified again, however the message comes; a forged one always is.
func TestDoorRemembers(t *testing.T) {
	d, _ := newDoor(t)
	d.Known = NewKnown()
	m := doorMessage(3)
	for range 2 {
		if a := d.Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
			t.Fatal(a.Refused)
		}
		if !d.Known.Has(m) {
			t.Fatal("it is not remembered")
		}
		if a := d.Submit([][]byte{forgedRaw(3)})[0]; code(a.Refused) != CodeBadSignature {
			t.Fatalf("a forged one: %v", a.Refused)
		}
	}
}
