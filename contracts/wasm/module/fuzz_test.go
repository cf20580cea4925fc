package module

import (
	"bytes"
	"testing"
)

// seeds are files that reach every part of the decoder.
func seeds(f *testing.F) {
	f.Add(canonical)
	f.Add(sample().Encode())
	f.Add(contract().Encode())
	for _, c := range binaries {
		f.Add([]byte(c.file))
	}
	for _, c := range instructions {
		f.Add(bare(c.code).Encode())
	}
	for _, o := range operations {
		f.Add(bare(OpUnreachable, written(o.op), immediates[o.imm].bytes, OpUnreachable).Encode())
	}
}

// FuzzDecode: no file makes Decode or Validate panic, and what is decoded re-encodes to the same module (V6).
func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode(b)
		if err != nil {
			if r, ok := err.(*Refusal); !ok || r.What == "" || r.Offset > len(b) {
				t.Fatalf("refused as %#v", err)
			}
			return
		}
		_, _ = Validate(m, Any())
		again := m.Encode()
		d, err := Decode(again)
		if err != nil {
			t.Fatalf("%v\nin the encoding %x\nof what was decoded from %x", err, again, b)
		}
		if !same(m, d) {
			t.Fatalf("%x\ndecodes to another module than\n%x", again, b)
		}
		if !bytes.Equal(d.Encode(), again) || len(again) > len(b) {
			t.Fatalf("%x is not canonical", again)
		}
	})
}

// FuzzCheck: what is accepted re-encodes to what is accepted, with the same facts, under both policies; what the chain
// accepts is accepted without a policy.
func FuzzCheck(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, facts, err := Check(b, Any())
		onChain, _, refused := Check(b, chain())
		if err != nil {
			if refused == nil {
				t.Fatalf("the chain accepts what is not valid: %v", err)
			}
			return
		}
		_, again, err := Check(m.Encode(), Any())
		if err != nil {
			t.Fatalf("the canonical form is refused: %v", err)
		}
		if again.Complexity != facts.Complexity {
			t.Fatalf("complexity %d, of the canonical form %d", facts.Complexity, again.Complexity)
		}
		if refused == nil {
			if _, _, err := Check(onChain.Encode(), chain()); err != nil {
				t.Fatalf("the canonical form is refused on the chain: %v", err)
			}
		}
	})
}
