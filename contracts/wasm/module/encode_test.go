package module

import (
	"bytes"
	"testing"
)

// canonical is a binary written by hand, section by section, in the one form that Encode writes.
var canonical = code([]byte(header),
	1, 10, 2, 0x60, 0, 0, 0x60, 2, I32, F64, 1, I64, // types
	2, 21, 3, 1, 'a', 1, 'f', 0, 1, 1, 'a', 1, 'g', 3, I32, 0, 1, 'a', 1, 'h', 3, F32, 1, // imports
	3, 2, 1, 0, // functions
	4, 5, 1, Funcref, 1, 1, 9, // table
	5, 3, 1, 0, 1, // memory
	6, 6, 1, I32, 1, OpI32Const, 5, OpEnd, // global
	7, 9, 2, 1, 'm', 2, 0, 1, 'f', 0, 1, // exports
	8, 1, 1, // start
	9, 24, 4, // elements: active, passive, declarative, expressions
	0, OpI32Const, 0, OpEnd, 1, 1,
	1, 0, 1, 0,
	3, 0, 1, 1,
	5, Funcref, 2, OpRefFunc, 0, OpEnd, OpRefNull, Funcref, OpEnd,
	12, 1, 2, // data count
	10, 6, 1, 4, 1, 3, I64, OpEnd, // code
	11, 11, 2, 0, OpGlobalGet, 0, OpEnd, 2, 'h', 'i', 1, 1, 'j', // data
	0, 4, 1, 'c', 1, 2, // custom
)

func TestCanonicalRoundTrip(t *testing.T) {
	m, err := Decode(canonical)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Encode(); !bytes.Equal(got, canonical) {
		t.Errorf("re-encodes to\n%x\nfrom\n%x", got, canonical)
	}
	if _, err := Validate(m, Any()); err != nil {
		t.Error(err)
	}
}

// TestEncodingsOfOneModule decodes other forms of the canonical one: padded integers, explicit indices of what there is
// one of, custom sections in between.
func TestEncodingsOfOneModule(t *testing.T) {
	want := decoded(t, sample())
	for name, other := range map[string][2][]byte{
		"padded integer": {code(3, 3, 2, 0, 1), code(3, 0x84, 0x80, 0x00, 0x82, 0x00, 0, 1)},
		"memory index":   {code(0, zeroI32, 3, []byte("abc")), code(2, 0, zeroI32, 3, []byte("abc"))},
		"table index":    {code(0, zeroI32, 2, 0, 1), code(2, 0, zeroI32, 0, 2, 0, 1)},
	} {
		b := sample().Encode()
		if !bytes.Contains(b, other[0]) {
			t.Fatalf("%s: the sample has no %x", name, other[0])
		}
		grown := len(other[1]) - len(other[0])
		b = bytes.Replace(b, other[0], other[1], 1)
		at := bytes.Index(b, other[1])
		b[lengthBefore(b, at)] += byte(grown * inSection(other[0]))
		m, err := Decode(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !same(m, want) {
			t.Errorf("%s: decodes to another module", name)
		}
	}
}

// inSection is 1 if a change at that place changes the length of the section around it, 0 if it is a whole section.
func inSection(b []byte) int {
	if b[0] == sectionFunction {
		return 0
	}
	return 1
}

// lengthBefore finds the length byte of the section that holds offset at.
func lengthBefore(b []byte, at int) int {
	for s := len(header); ; {
		size, next := uleb(b, s+1)
		if next+int(size) > at-1 || next+int(size) >= len(b) {
			return s + 1
		}
		s = next + int(size)
	}
}

func TestCustomSectionsAnywhere(t *testing.T) {
	custom := code(0, 3, 1, 'c', 7)
	b := canonical
	var at []int
	for s := len(header); s < len(b); {
		at = append(at, s)
		size, next := uleb(b, s+1)
		s = next + int(size)
	}
	for _, s := range at {
		m, err := Decode(code(b[:s], custom, b[s:]))
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Customs) != 2 || m.Customs[0].Name != "c" && m.Customs[1].Name != "c" {
			t.Errorf("at %d: custom sections %v", s, m.Customs)
		}
	}
}

// TestCutShort: no prefix of a module is a module, but for those that end with a section and lack nothing that another
// section counted.
func TestCutShort(t *testing.T) {
	for n := range canonical {
		m, err := Decode(canonical[:n])
		if err == nil && !bytes.Equal(m.Encode(), canonical[:n]) {
			t.Errorf("%d bytes are accepted and are not canonical", n)
		}
	}
}

func TestLongerThanALength(t *testing.T) {
	// The length of a section is written in front of it: shortest also where the section is long.
	for _, n := range []int{100, 127, 128, 16383, 16384, 70000} {
		m := bare(times(n, code(OpNop)))
		if d := decoded(t, m); !bytes.Equal(d.Encode(), m.Encode()) || len(d.Bodies[0].Code) != n+1 {
			t.Errorf("a body of %d instructions comes back with %d bytes", n, len(d.Bodies[0].Code))
		}
	}
}
