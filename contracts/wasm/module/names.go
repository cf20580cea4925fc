package module

import (
	"strings"
	"unicode/utf8"
)

// The name section is for people, but the engine reads it, and trusts the counts in it: one that is malformed is refused
// like any other section. It is a run of subsections: number, size, content.
const nameSection = "name"

// The subsections that the engine reads.
const (
	moduleName = iota
	functionNames
	localNames
)

// nameSection checks the name section. There is at most one.
func (v *validator) nameSection() *Refusal {
	seen := false
	for i := range v.m.Customs {
		c := &v.m.Customs[i]
		if c.Name != nameSection {
			continue
		}
		if seen {
			return refuse(-1, "there are two name sections").instead("strip names: wasm-ld --strip-all, rustc -C strip=symbols")
		}
		seen = true
		if !wellNamed(c.Bytes) {
			return refuse(-1, "the name section is malformed").instead("strip names: wasm-ld --strip-all, rustc -C strip=symbols")
		}
	}
	return nil
}

// wellNamed checks every subsection.
func wellNamed(b []byte) bool {
	for len(b) > 0 {
		s := &scanner{b: b, at: 1}
		content := s.bytes()
		if s.bad {
			return false
		}
		in := &scanner{b: content}
		switch b[0] {
		case moduleName:
			in.string()
		case functionNames:
			in.names(func(uint32, []byte) bool { return true })
		case localNames:
			for n := in.u32(); n > 0 && !in.bad; n-- {
				in.u32()
				in.names(func(uint32, []byte) bool { return true })
			}
		default:
			in.at = len(content)
		}
		if in.bad || in.at != len(content) {
			return false
		}
		b = b[s.at:]
	}
	return true
}

// maxShown is how many bytes of a name a refusal shows: names of generic Rust functions are longer than anyone reads.
const maxShown = 128

// nameOf is what a function is called: by the first export of it, or by the name section; "" if by neither.
func (m *Module) nameOf(function int) string {
	for _, e := range m.Exports {
		if e.Kind == ExternFunc && int(e.Index) == function {
			return shown(e.Name)
		}
	}
	for i := range m.Customs {
		if m.Customs[i].Name == nameSection {
			return shown(called(m.Customs[i].Bytes, function))
		}
	}
	return ""
}

// shown is the start of a name that is too long.
func shown(name string) string {
	if len(name) <= maxShown {
		return name
	}
	return strings.ToValidUTF8(name[:maxShown], "") + "…"
}

// called finds a function's name in a name section, which may be malformed.
func called(b []byte, function int) (name string) {
	for len(b) > 0 && name == "" {
		s := &scanner{b: b, at: 1}
		in := &scanner{b: s.bytes()}
		if s.bad {
			break
		}
		if b[0] == functionNames {
			in.names(func(index uint32, called []byte) bool {
				if int(index) == function {
					name = string(called)
				}
				return name == ""
			})
		}
		b = b[s.at:]
	}
	return name
}

// scanner reads the integers and strings of a subsection. After a fault it is bad and reads nothing.
type scanner struct {
	b   []byte
	at  int
	bad bool
}

func (s *scanner) u32() uint32 {
	v, next := uleb(s.b, s.at)
	if s.bad = s.bad || next < 0; s.bad {
		return 0
	}
	s.at = next
	return v
}

// bytes reads a length and as many bytes.
func (s *scanner) bytes() []byte {
	n := int(s.u32())
	if s.bad = s.bad || n > len(s.b)-s.at; s.bad {
		return nil
	}
	s.at += n
	return s.b[s.at-n : s.at]
}

// string reads a name.
func (s *scanner) string() []byte {
	b := s.bytes()
	s.bad = s.bad || !utf8.Valid(b)
	return b
}

// names reads a vector of indices with their names, as long as visit asks for more.
func (s *scanner) names(visit func(index uint32, name []byte) bool) {
	for n := s.u32(); n > 0 && !s.bad; n-- {
		index, name := s.u32(), s.string()
		if s.bad || !visit(index, name) {
			return
		}
	}
}
