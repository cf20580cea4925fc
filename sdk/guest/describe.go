package guest

import "github.com/thinkey/thinkey/sdk/abi"

// describe is what the entry abi.EntrySchema replies: the hooks and the schema (abi.Schema) as JSON, written without
// encoding/json, which would leave its tables in every module. It runs when the contract is built, never on the chain.
func describe(c *contract) []byte {
	hooks := byte(0)
	if c.bounced != nil {
		hooks |= abi.HookBounce
	}
	for i := range c.methods {
		if c.methods[i].kind == abi.MethodQuery {
			hooks |= abi.HookQuery
		}
		if c.methods[i].group != nil {
			hooks |= abi.HookMerge
		}
	}
	if !c.complete {
		panic("guest: the module holds no contract; call guest.Serve in an init function")
	}
	d := description{json: []byte{hooks}}
	d.text(`{"abi":1,"name":`)
	d.quote(c.name)
	d.text(`,"methods":[`)
	for i := range c.methods {
		d.method(i, &c.methods[i])
	}
	d.text(`]`)
	if len(c.events) > 0 {
		d.text(`,"events":[`)
		for i := range c.events {
			d.comma(i)
			d.text(`{"topic":`)
			d.quote(c.events[i].topic)
			d.list("body", c.events[i].body)
			d.text(`}`)
		}
		d.text(`]`)
	}
	d.structs()
	return append(d.json, '}')
}

// description is a schema under way.
type description struct {
	json  []byte
	types []*codec // the structs that were named and stand in "types" in the end
}

func (d *description) method(i int, m *method) {
	d.comma(i)
	d.text(`{"name":`)
	d.quote(m.name)
	d.text(`,"kind":`)
	d.quote(m.kind)
	if m.group != nil {
		d.text(`,"merge":true`)
	}
	d.list("input", m.input)
	if m.output != nil {
		d.list("output", m.output)
	}
	if m.doc != "" {
		d.text(`,"doc":`)
		d.quote(m.doc)
	}
	d.text(`}`)
}

// list writes the fields of c; a value that is no struct is one field, named value.
func (d *description) list(name string, c *codec) {
	fields := c.fields
	if fields == nil {
		fields = []field{{name: "value", codec: c}}
	}
	if len(fields) == 0 {
		return
	}
	d.text(`,`)
	d.quote(name)
	d.text(`:`)
	d.fields(fields)
}

func (d *description) fields(fields []field) {
	d.text(`[`)
	for i, f := range fields {
		d.comma(i)
		d.text(`{"name":`)
		d.quote(f.name)
		d.text(`,"type":`)
		d.quote(f.codec.name)
		d.text(`}`)
		d.note(f.codec)
	}
	d.text(`]`)
}

// note remembers a struct that was named.
func (d *description) note(c *codec) {
	for c.part != nil {
		c = c.part
	}
	if c.fields == nil {
		return
	}
	checkStructName(c)
	for _, t := range d.types {
		if t == c {
			return
		}
		if t.name == c.name {
			panic("guest: two structs are called " + c.name + "; the schema can't tell them apart, so rename one")
		}
	}
	d.types = append(d.types, c)
}

// structs writes the structs that were named, and those that they name.
func (d *description) structs() {
	if len(d.types) == 0 {
		return
	}
	d.text(`,"types":{`)
	for i := 0; i < len(d.types); i++ { // grows on the way
		d.comma(i)
		d.quote(d.types[i].name)
		d.text(`:`)
		d.fields(d.types[i].fields)
	}
	d.text(`}`)
}

// checkStructName refuses names that the schema's language of types has for something else, or can't write.
func checkStructName(c *codec) {
	if c.name == "" {
		panic("guest: a struct inside of another needs a name of its own: type Item struct{…}")
	}
	for _, r := range c.name {
		if r < 'A' || r > 'z' || r > 'Z' && r < 'a' && r != '_' {
			if r < '0' || r > '9' {
				panic("guest: the struct " + c.name + " must have a name of Latin letters and digits, and no type arguments")
			}
		}
	}
	if c.name[0] >= 'a' && c.name[0] <= 'z' {
		for _, builtin := range []string{"address", "hash", "bytes", "string", "bool", "u8", "u16", "u32", "u64", "i64", "u128"} {
			if c.name == builtin {
				panic("guest: a struct can't be called " + c.name + ", which is a type of its own")
			}
		}
	}
}

func (d *description) text(s string) { d.json = append(d.json, s...) }

func (d *description) comma(i int) {
	if i > 0 {
		d.text(`,`)
	}
}

// quote writes s as JSON does, all but ASCII as it is.
func (d *description) quote(s string) {
	d.text(`"`)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			d.json = append(d.json, '\\', c)
		case c < ' ':
			d.text(`\u00`)
			d.json = appendHex(d.json, []byte{c})
		default:
			d.json = append(d.json, c)
		}
	}
	d.text(`"`)
}
