package module

import "unicode/utf8"

// header is the magic number and the version of WebAssembly 1.0.
const header = "\x00asm\x01\x00\x00\x00"

// The sections, by their number in the format.
const (
	sectionCustom = iota
	sectionType
	sectionImport
	sectionFunction
	sectionTable
	sectionMemory
	sectionGlobal
	sectionExport
	sectionStart
	sectionElement
	sectionCode
	sectionData
	sectionDataCount
)

// sections is, by number, what a section is called, how it is read and its rank: they stand in the order of rank.
var sections = [...]struct {
	name string
	rank int
	read func(*decoder)
}{
	sectionCustom:    {"custom", 0, (*decoder).custom},
	sectionType:      {"type", 1, (*decoder).types},
	sectionImport:    {"import", 2, (*decoder).imports},
	sectionFunction:  {"function", 3, (*decoder).funcs},
	sectionTable:     {"table", 4, (*decoder).tables},
	sectionMemory:    {"memory", 5, (*decoder).memories},
	sectionGlobal:    {"global", 6, (*decoder).globals},
	sectionExport:    {"export", 7, (*decoder).exports},
	sectionStart:     {"start", 8, (*decoder).start},
	sectionElement:   {"element", 9, (*decoder).elements},
	sectionDataCount: {"data count", 10, (*decoder).dataCount},
	sectionCode:      {"code", 11, (*decoder).bodies},
	sectionData:      {"data", 12, (*decoder).data},
}

// decoder reads a binary. The first fault sticks: later reads return zero values and read nothing.
type decoder struct {
	b       []byte
	at      int
	end     int // of the section or body being read: nothing behind it is touched
	p       *Policy
	m       *Module
	err     *Refusal
	customs int // bytes of custom sections so far
	refs    int // references in element segments so far
}

// Decode reads a binary without a policy: structure, encodings, sizes. The module's slices alias code. The error is a
// *Refusal.
func Decode(code []byte) (*Module, error) {
	p := Any()
	return decode(code, &p)
}

// decode reads a binary within the limits of a policy: each binds before anything is allocated in proportion.
func decode(code []byte, p *Policy) (*Module, error) {
	if len(code) > p.MaxBytes {
		return nil, refuse(-1, "the module has %d bytes (limit %d)", len(code), p.MaxBytes).instead(smaller)
	}
	if len(code) < len(header) || string(code[:4]) != header[:4] {
		return nil, refuse(0, "does not start as a WebAssembly module does").instead("give the .wasm file itself, not its text form or an archive")
	}
	if string(code[:8]) != header {
		return nil, refuse(4, "has version %x of the format, not 01000000", code[4:8]).instead("compile to a core module, not to a component")
	}
	d := &decoder{b: code, at: len(header), p: p, m: &Module{}}
	rank := 0
	for d.at < len(code) && d.err == nil {
		rank = d.section(rank)
	}
	if d.err == nil {
		d.counts()
	}
	if d.err != nil {
		return nil, d.err.named(d.m)
	}
	return d.m, nil
}

// smaller is what to do about a module that is too large.
const smaller = "build with `thinkey build`, or strip it: go build -ldflags='-s -w', wasm-ld --strip-all, rustc -C strip=symbols -C opt-level=s"

// section reads one section, which must rank above the last.
func (d *decoder) section(last int) int {
	at := d.at
	id := d.b[at]
	d.at, d.end = d.at+1, len(d.b)
	size := int(d.u32("the section's size"))
	if d.err != nil {
		return last
	}
	if int(id) >= len(sections) {
		d.refuseSection(at, id)
		return last
	}
	s := sections[id]
	switch {
	case size > len(d.b)-d.at:
		d.failAt(at, "the %s section has %d bytes, but the file has only %d left", s.name, size, len(d.b)-d.at)
		return last
	case id != sectionCustom && s.rank == last:
		d.failAt(at, "a second %s section", s.name)
	case id != sectionCustom && s.rank < last:
		d.failAt(at, "the %s section stands too late", s.name)
	}
	d.end = d.at + size
	if d.err == nil {
		s.read(d)
	}
	if d.err == nil && d.at != d.end {
		d.fail("the %s section has %d bytes behind its last entry", s.name, d.end-d.at)
	}
	return max(last, s.rank)
}

// refuseSection names a section of a later WebAssembly.
func (d *decoder) refuseSection(at int, id byte) {
	d.failAt(at, "section %d is unknown", id)
	if id == 13 {
		d.err.What, d.err.Instead = "a tag section (exceptions) is not accepted", adviceFor("exceptions")
	}
}

// counts checks what two sections say of the same.
func (d *decoder) counts() {
	if m := d.m; len(m.Funcs) != len(m.Bodies) {
		d.failAt(-1, "%d functions are declared, but %d have code", len(m.Funcs), len(m.Bodies))
	} else if m.DataCount != nil && int(*m.DataCount) != len(m.Data) {
		d.failAt(-1, "the data count section says %d segments, but there are %d", *m.DataCount, len(m.Data))
	}
}

// fail makes a refusal at the place where the decoder stands, unless there is one already.
func (d *decoder) fail(format string, args ...any) { d.failAt(d.at, format, args...) }

func (d *decoder) failAt(at int, format string, args ...any) {
	if d.err == nil {
		d.err = refuse(at, format, args...)
	}
}

// u32 reads an integer.
func (d *decoder) u32(what string) uint32 {
	if d.err != nil {
		return 0
	}
	v, next := uleb(d.b[:d.end], d.at)
	if next < 0 {
		d.fail("%s: %s", what, lebFault(d.b[:d.end], d.at, u32))
		return 0
	}
	d.at = next
	return v
}

// byte reads one byte.
func (d *decoder) byte(what string) byte {
	if b := d.bytes(1, what); b != nil {
		return b[0]
	}
	return 0
}

// bytes reads n bytes, not nil if all is well.
func (d *decoder) bytes(n int, what string) []byte {
	if d.err != nil {
		return nil
	}
	if n > d.end-d.at {
		d.fail("%s: ends early", what)
		return nil
	}
	d.at += n
	return d.b[d.at-n : d.at : d.at]
}

// count reads how many entries follow. It refuses more than a limit, and more than the bytes left can hold.
func (d *decoder) count(what string, limit, least int) int {
	n := int(d.u32(what))
	if d.err != nil {
		return 0
	}
	if n > limit {
		d.fail("%d %s (limit %d)", n, what, limit)
		return 0
	}
	if n > (d.end-d.at)/least {
		d.fail("%d %s announced, but only %d bytes follow", n, what, d.end-d.at)
		return 0
	}
	return n
}

// vector reads how many entries follow, as count does, and then those.
func vector[T any](d *decoder, what string, limit, least int, entry func() T) []T {
	n := d.count(what, limit, least)
	all := room[T](n)
	for i := 0; i < n && d.err == nil; i++ {
		all = append(all, entry())
	}
	return all
}

// name reads a string, which must be UTF-8.
func (d *decoder) name(what string) string {
	n := int(d.u32(what))
	if d.err == nil && n > d.p.MaxNameBytes {
		d.fail("%s has %d bytes (limit %d)", what, n, d.p.MaxNameBytes)
	}
	b := d.bytes(n, what)
	if d.err == nil && !utf8.Valid(b) {
		d.failAt(d.at-n, "%s is not UTF-8", what)
	}
	return string(b)
}

// room makes space for n entries; none stays nil, so that what Encode leaves out decodes to the same.
func room[T any](n int) []T {
	if n == 0 {
		return nil
	}
	return make([]T, 0, n)
}
