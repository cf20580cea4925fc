package schema

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/thinkey/thinkey/sdk/abi"
)

// Limits of a schema (S3): what a large contract needs, many times over.
const (
	MaxBytes  = 256 << 10 // of JSON: the custom sections of a module have no more
	maxFields = 4096      // all lists together
	maxDepth  = 16        // of types within types
	maxLeast  = 64 << 10  // bytes that a value takes at least: no message is longer
)

// Contract is a schema that was checked (S2).
type Contract struct {
	schema abi.Schema
	types  map[string]*shape
	inputs map[string]*shape // of methods, by name
	output map[string]*shape // of queries
	events map[string]*shape
}

// kind is what a type is.
type kind int

const (
	number kind = iota
	signed
	amount
	boolean
	address
	hash
	bytesKind
	text
	list
	option
	object
)

// shape is a type, ready for use.
type shape struct {
	kind   kind
	name   string // as in the schema
	bytes  int    // of a number
	least  int    // bytes that a value takes
	of     *shape // list, option
	fields []field
	depth  int
}

type field struct {
	name  string
	shape *shape
}

var plain = map[string]*shape{
	"u8": {kind: number, name: "u8", bytes: 1, least: 1}, "u16": {kind: number, name: "u16", bytes: 2, least: 2},
	"u32": {kind: number, name: "u32", bytes: 4, least: 4}, "u64": {kind: number, name: "u64", bytes: 8, least: 8},
	"i64": {kind: signed, name: "i64", bytes: 8, least: 8}, "u128": {kind: amount, name: "u128", least: abi.AmountBytes},
	"bool": {kind: boolean, name: "bool", least: 1}, "address": {kind: address, name: "address", least: abi.AddressBytes},
	"hash": {kind: hash, name: "hash", least: abi.HashBytes}, "bytes": {kind: bytesKind, name: "bytes", least: 4},
	"string": {kind: text, name: "string", least: 4},
}

// Parse reads a schema as JSON and checks it.
func Parse(b []byte) (*Contract, error) {
	if len(b) > MaxBytes {
		return nil, fmt.Errorf("schema of %d bytes (limit %d)", len(b), MaxBytes)
	}
	var s abi.Schema
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return Check(s)
}

// Check makes a schema ready for use, or says what is wrong with it.
func Check(s abi.Schema) (*Contract, error) {
	if s.ABI != 1 {
		return nil, fmt.Errorf("schema of ABI %d: this program knows ABI 1; use a newer one", s.ABI)
	}
	c := &checker{schema: &s, types: map[string]*shape{}}
	out := &Contract{schema: s, types: c.types, inputs: map[string]*shape{}, output: map[string]*shape{}, events: map[string]*shape{}}
	for _, m := range s.Methods {
		if m.Name == "" || out.inputs[m.Name] != nil {
			return nil, fmt.Errorf("schema: method %q has no name, or one that another has", m.Name)
		}
		if m.Kind != abi.MethodHandle && m.Kind != abi.MethodQuery {
			return nil, fmt.Errorf("schema: method %s is a %q, neither %s nor %s", m.Name, m.Kind, abi.MethodHandle, abi.MethodQuery)
		}
		out.inputs[m.Name] = c.fields("input of "+m.Name, m.Input, 0)
		if m.Kind == abi.MethodQuery {
			out.output[m.Name] = c.fields("output of "+m.Name, m.Output, 0)
		}
	}
	for _, e := range s.Events {
		if e.Topic == "" || out.events[e.Topic] != nil {
			return nil, fmt.Errorf("schema: event %q has no topic, or one that another has", e.Topic)
		}
		out.events[e.Topic] = c.fields("event "+e.Topic, e.Body, 0)
	}
	return out, c.err
}

// Schema is what was read. It must not be changed.
func (c *Contract) Schema() abi.Schema { return c.schema }

// Method finds a method.
func (c *Contract) Method(name string) (abi.MethodSchema, error) {
	for _, m := range c.schema.Methods {
		if m.Name == name {
			return m, nil
		}
	}
	return abi.MethodSchema{}, fmt.Errorf("the contract %s has no method %q; it has %s", c.schema.Name, clip(name), c.names())
}

// names are those of all methods, for errors.
func (c *Contract) names() string {
	var all []string
	for _, m := range c.schema.Methods {
		all = append(all, m.Name)
	}
	return strings.Join(all, ", ")
}

// checker makes shapes. The first error sticks.
type checker struct {
	schema *abi.Schema
	types  map[string]*shape
	count  int
	open   []string // structs that are being made
	err    error
}

func (c *checker) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("schema: "+format, args...)
	}
}

// fields makes the shape of a list of fields, which is never nil.
func (c *checker) fields(what string, all []abi.Field, depth int) *shape {
	s := &shape{kind: object, name: what, depth: 1}
	if c.count += len(all); c.count > maxFields {
		c.fail("more than %d fields", maxFields)
		return s
	}
	seen := map[string]bool{}
	for _, f := range all {
		if f.Name == "" || seen[f.Name] {
			c.fail("%s: field %q has no name, or one that another has", what, clip(f.Name))
		}
		seen[f.Name] = true
		of := c.shape(what+", field "+clip(f.Name), f.Type, depth+1)
		if c.err != nil {
			return s
		}
		s.fields = append(s.fields, field{f.Name, of})
		if s.least += of.least; s.least > maxLeast {
			c.fail("%s takes more than %d bytes", what, maxLeast)
			return s
		}
		s.depth = max(s.depth, of.depth+1)
	}
	return s
}

// shape is that of a type by its name.
func (c *checker) shape(what, name string, depth int) *shape {
	if p := plain[name]; p != nil {
		return p
	}
	if depth > maxDepth {
		c.fail("%s: types within types more than %d deep", what, maxDepth)
		return nil
	}
	if s := c.types[name]; s != nil {
		if depth+s.depth > maxDepth {
			c.fail("%s: types within types more than %d deep", what, maxDepth)
		}
		return s
	}
	item, isList := strings.CutPrefix(name, "[]")
	value, isOption := strings.CutPrefix(name, "?")
	switch {
	case isList:
		return c.wrapped(what, &shape{kind: list, name: name, least: 4}, item, depth)
	case isOption && strings.HasPrefix(value, "?"):
		c.fail("%s: %s says twice that there may be none", what, name)
		return nil
	case isOption:
		return c.wrapped(what, &shape{kind: option, name: name, least: 1}, value, depth)
	}
	return c.object(what, name, depth)
}

// wrapped is a list or an option.
func (c *checker) wrapped(what string, s *shape, of string, depth int) *shape {
	s.of = c.shape(what, of, depth+1)
	if c.err != nil {
		return nil
	}
	if s.kind == list && s.of.least == 0 {
		c.fail("%s: the items of %s have no bytes", what, s.name)
	}
	s.depth = s.of.depth + 1
	return s
}

// object is a struct of the schema's.
func (c *checker) object(what, name string, depth int) *shape {
	for _, o := range c.open {
		if o == name {
			c.fail("the struct %s contains itself", clip(name))
			return nil
		}
	}
	all, ok := c.schema.Types[name]
	if !ok {
		c.fail("%s has the unknown type %q", what, clip(name))
		return nil
	}
	c.open = append(c.open, name)
	s := c.fields("struct "+clip(name), all, depth)
	c.open = c.open[:len(c.open)-1]
	c.types[name] = s
	return s
}

// clip keeps what a stranger wrote short in an error.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
