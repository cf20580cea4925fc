package chain_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// ofKind are the fields that only messages of one kind have.
var ofKind = map[string]chain.Kind{
	"Nonce": chain.External, "ValidUntil": chain.External,
	"Parent": chain.Relay, "Index": chain.Relay, "Origin": chain.Relay, "Depth": chain.Relay,
}

// altered is a copy of m, not sealed, with another value in the field.
func altered(t *testing.T, m *chain.Message, field string) *chain.Message {
	c := m.Clone()
	switch v := reflect.ValueOf(c).Elem().FieldByName(field); v.Kind() {
	case reflect.Array:
		last := v.Index(v.Len() - 1)
		last.SetUint(last.Uint() ^ 1)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(v.Uint() ^ 3) // Kind: the other one
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Slice:
		v.SetBytes(append(v.Bytes(), 'x'))
	case reflect.Struct:
		other, err := c.Amount.Sub(chain.NewAmount(1))
		if err != nil {
			t.Fatal(err)
		}
		v.Set(reflect.ValueOf(other))
	default:
		t.Fatalf("field %s of kind %s: teach this test to alter it", field, v.Kind())
	}
	return c
}

// SPEC 2.1: two messages that differ in any field but the verification data have different ids. A field of the other kind
// is none of the message's: Seal sets it to zero.
func TestIDCoversEveryField(t *testing.T) {
	for _, m := range []*chain.Message{external(), relay()} {
		seen := map[chain.MessageID]string{m.ID(): "nothing"}
		for _, f := range reflect.VisibleFields(reflect.TypeFor[chain.Message]()) {
			if !f.IsExported() {
				continue
			}
			c := altered(t, m, f.Name)
			kind, only := ofKind[f.Name]
			if covered := f.Name != "Proof" && (!only || kind == m.Kind); !covered {
				if c.ID() != m.ID() {
					t.Errorf("kind %d: altering %s changes the id", m.Kind, f.Name)
				}
				if c.Seal(); only && !reflect.ValueOf(c).Elem().FieldByName(f.Name).IsZero() {
					t.Errorf("kind %d: Seal leaves %s, which the id doesn't cover", m.Kind, f.Name)
				}
				continue
			}
			if other, ok := seen[c.ID()]; ok {
				t.Errorf("kind %d: altering %s gives the id of altering %s", m.Kind, f.Name, other)
			}
			seen[c.ID()] = f.Name
		}
	}
}

// An id is the same before and after Seal, and after decoding.
func TestSealAndClone(t *testing.T) {
	m := external()
	c := m.Clone()
	if c.ID() != m.ID() || c.Seal().ID() != m.ID() {
		t.Error("a clone has another id")
	}
	if c.Clone().Seal(); !reflect.DeepEqual(c, m) {
		t.Errorf("sealed clone is %+v, want %+v", c, m)
	}
	c = m.Clone()
	c.Nonce++
	c.Input[0] ^= 1
	c.Proof[0] ^= 1
	if c.ID() == m.ID() {
		t.Error("a clone remembers the id")
	}
	if !reflect.DeepEqual(m, external()) {
		t.Error("changing a clone changes the message")
	}
	if m.Root() != m.ID() || relay().Root() != relay().Origin {
		t.Error("the root of a tree is not its external message")
	}
}

// verify is what a door does with an external message.
func verify(m *chain.Message) error {
	s, err := m.Signed()
	if err != nil {
		return err
	}
	id := m.ID()
	return keys.Verify(s.Public, id[:], s.Signature)
}

func TestSigned(t *testing.T) {
	if err := verify(external()); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name   string
		change func(m *chain.Message)
		want   error
	}{
		{"not signed", func(m *chain.Message) { m.Proof = nil }, chain.ErrUnsigned},
		{"half a signature", func(m *chain.Message) { m.Proof = m.Proof[:95] }, chain.ErrUnsigned},
		{"more than a signature", func(m *chain.Message) { m.Proof = append(m.Proof, 0) }, chain.ErrUnsigned},
		{"other key", func(m *chain.Message) { m.Sign(key(2)) }, chain.ErrWrongKey},
		{"other account", func(m *chain.Message) { m.From = address(1) }, chain.ErrWrongKey},
		// A key controls an account on every chain, but the message is for one.
		{"other chain", func(m *chain.Message) { m.From = chain.KeyAddress(2, key(1).Public()) }, keys.ErrSignature},
		{"signature of another message", func(m *chain.Message) { m.Nonce++ }, keys.ErrSignature},
		{"signature broken", func(m *chain.Message) { m.Proof[40] ^= 1 }, keys.ErrSignature},
	} {
		t.Run(x.name, func(t *testing.T) {
			m := external().Clone()
			x.change(m)
			if err := verify(m); !errors.Is(err, x.want) {
				t.Fatalf("error %v, want %v", err, x.want)
			}
		})
	}
	// Whatever field is altered after signing, the message is refused.
	for _, f := range reflect.VisibleFields(reflect.TypeFor[chain.Message]()) {
		if f.IsExported() && ofKind[f.Name] != chain.Relay && verify(altered(t, external(), f.Name)) == nil {
			t.Errorf("%s altered after signing, and accepted", f.Name)
		}
	}
}

// What a receiver rebuilds from σ is the message that was sent (DESIGN D4), at each level of the tree.
func TestRelayOfSent(t *testing.T) {
	parent := external()
	s := chain.Sent{To: address(5), Method: "bid", Input: []byte("in"), Amount: chain.NewAmount(6), GasLimit: 7}
	first := s.Relay(parent.From, parent, 8)
	want := &chain.Message{
		Network: parent.Network, Kind: chain.Relay, From: parent.From, To: s.To, Amount: s.Amount, GasLimit: 7, GasPrice: parent.GasPrice,
		Payer: parent.Payer, Method: "bid", Input: s.Input, Parent: parent.ID(), Index: 8, Origin: parent.ID(), Depth: 1,
	}
	if !reflect.DeepEqual(first, want.Seal()) {
		t.Errorf("relay %+v, want %+v", first, want)
	}
	second := s.Relay(first.To, first, 0)
	if second.Parent != first.ID() || second.Origin != parent.ID() || second.Depth != 2 || second.From != first.To {
		t.Errorf("relay of a relay: %+v", second)
	}
	got, err := chain.DecodeMessage(second.Encode())
	if err != nil || !reflect.DeepEqual(got, second) {
		t.Errorf("decoded as %+v, error %v", got, err)
	}
	if s.Relay(parent.From, parent, 9).ID() == first.ID() {
		t.Error("two relays of one handling share an id")
	}
}

// The length that gas is paid for is the length in the block (chain.GasPerByte).
func TestSentSize(t *testing.T) {
	k := block()
	for i := range k.Order {
		for j := range k.Order[i].Events {
			for _, s := range k.Order[i].Events[j].Sent {
				before := len(k.Order[i].Append(nil))
				q := k.Order[i]
				q.Events = slices.Clone(q.Events)
				q.Events[j].Sent = append(slices.Clone(q.Events[j].Sent), s)
				if got := len(q.Append(nil)) - before; got != s.Size() {
					t.Errorf("%s takes %d bytes in a block, Size is %d", s.Method, got, s.Size())
				}
			}
		}
	}
}

// Decoding a block leaves messages as their senders encoded them.
func TestBlockHoldsMessages(t *testing.T) {
	k, err := chain.DecodeBlock(block().Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []*chain.Message{external(), relay()} {
		got := k.Inputs[0].Message
		if i > 0 {
			got = k.Arrived.Imports[0].Messages[0]
		}
		if got.ID() != want.ID() || !bytes.Equal(got.Encode(), want.Encode()) {
			t.Errorf("message %d is %+v", i, got)
		}
	}
}
