package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// retyped copies a JSON value token by token, with every string changed by what is known of its type: names become
// addresses on the way in, addresses names on the way out. What it doesn't know it copies; package schema judges it.
type retyped struct {
	dec    *json.Decoder
	types  map[string][]abi.Field
	change func(typ, at, text string) (string, error)
	out    []byte
}

// retype copies a JSON object with those fields.
func retype(object []byte, fields []abi.Field, types map[string][]abi.Field, change func(typ, at, text string) (string, error)) ([]byte, error) {
	r := &retyped{dec: json.NewDecoder(bytes.NewReader(object)), types: types, change: change}
	r.dec.UseNumber()
	t, err := r.dec.Token()
	switch {
	case err == nil && t == json.Delim('{'):
		err = r.object(fields)
	case err == nil:
		err = r.from(t, "", "the value")
	}
	if err == nil {
		_, err = r.dec.Token()
		if err == io.EOF {
			return r.out, nil
		}
		if err == nil {
			err = usage("something stands behind the value")
		}
	}
	return nil, err
}

func (r *retyped) value(typ, at string) error {
	t, err := r.dec.Token()
	if err != nil {
		return err
	}
	return r.from(t, typ, at)
}

// from copies the value that begins with t.
func (r *retyped) from(t json.Token, typ, at string) error {
	typ = strings.TrimPrefix(typ, "?")
	switch v := t.(type) {
	case json.Delim:
		if v == '{' {
			return r.object(r.types[typ])
		}
		return r.list(strings.TrimPrefix(typ, "[]"), at)
	case string:
		text, err := r.change(typ, at, v)
		r.out = appendQuoted(r.out, text)
		return err
	case json.Number:
		r.out = append(r.out, v...)
	case bool:
		r.out = strconv.AppendBool(r.out, v)
	case nil:
		r.out = append(r.out, "null"...)
	}
	return nil
}

func (r *retyped) list(of, at string) error {
	r.out = append(r.out, '[')
	for i := 0; r.dec.More(); i++ {
		if i > 0 {
			r.out = append(r.out, ',')
		}
		if err := r.value(of, at+"["+strconv.Itoa(i)+"]"); err != nil {
			return err
		}
	}
	r.out = append(r.out, ']')
	_, err := r.dec.Token()
	return err
}

func (r *retyped) object(fields []abi.Field) error {
	r.out = append(r.out, '{')
	for first := true; r.dec.More(); first = false {
		t, err := r.dec.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if !first {
			r.out = append(r.out, ',')
		}
		r.out = append(appendQuoted(r.out, name), ':')
		if err := r.value(typeOf(fields, name), name); err != nil {
			return err
		}
	}
	r.out = append(r.out, '}')
	_, err := r.dec.Token()
	return err
}

// typeOf is the type of a field; "" if there is none of that name.
func typeOf(fields []abi.Field, name string) string {
	for _, f := range fields {
		if f.Name == name {
			return f.Type
		}
	}
	return ""
}

func appendQuoted(b []byte, s string) []byte {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // of a string: never an error
	return append(b, bytes.TrimRight(text.Bytes(), "\n")...)
}

// given is what stands on the command line for a method's input: one JSON object, or FIELD=VALUE for each field.
func (b *book) given(args []string, fields []abi.Field, types map[string][]abi.Field) ([]byte, error) {
	object := []byte("{}")
	if len(args) == 1 && strings.HasPrefix(strings.TrimSpace(args[0]), "{") {
		object = []byte(args[0])
	} else if len(args) > 0 {
		object = []byte{'{'}
		for i, arg := range args {
			name, value, ok := strings.Cut(arg, "=")
			if !ok || name == "" {
				return nil, usage("field (%q)", arg).do("%s", fieldForm)
			}
			if i > 0 {
				object = append(object, ',')
			}
			literal, err := literalOf(typeOf(fields, name), name, value)
			if err != nil {
				return nil, err
			}
			object = append(append(appendQuoted(object, name), ':'), literal...)
		}
		object = append(object, '}')
	}
	out, err := retype(object, fields, types, b.meant)
	var known *fault
	if err != nil && !errors.As(err, &known) {
		return nil, usage("fields (%s) are not JSON: %v", cut(string(object)), err).do("%s", fieldForm)
	}
	return out, err
}

const fieldForm = `write FIELD=VALUE for each field, such as to=bob amount=5, or one JSON object such as '{"to": "bob", "amount": 5}'`

// literalOf is the JSON of a value as it stands behind FIELD=.
func literalOf(typ, name, value string) ([]byte, error) {
	if inner, ok := strings.CutPrefix(typ, "?"); ok {
		if value == "null" {
			return []byte(value), nil
		}
		typ = inner
	}
	switch typ {
	case "bool":
		if value == "true" || value == "false" {
			return []byte(value), nil
		}
	case "", "u8", "u16", "u32", "u64", "i64", "u128", "address", "hash", "bytes", "string":
	default: // a list or a struct
		if !json.Valid([]byte(value)) {
			return nil, usage("field %s (%q) is not JSON, and must be of the type %s", name, value, typ).
				do(`write a list as ["alice","bob"] and a struct as {"field":"value"}, in quotes for the shell`)
		}
		return []byte(value), nil
	}
	return appendQuoted(nil, value), nil
}

// meant turns what people write into what package schema reads: the name of an account into its address, 0x away.
func (b *book) meant(typ, at, text string) (string, error) {
	switch typ {
	case "address":
		if text == "" || strings.HasPrefix(text, "tk1") {
			return text, nil
		}
		p, err := b.find(text)
		var f *fault
		if errors.As(err, &f) {
			return "", usage("field %s: %s", at, f.words).do("%s", f.hint)
		}
		return p.address.String(), err
	case "hash", "bytes":
		return strings.TrimPrefix(text, "0x"), nil
	}
	return text, nil
}

// shownFields is an object as a line for people: field=value for each, accounts by their names. It can be typed again, but
// for what is cut.
func shownFields(object []byte, fields []abi.Field, types map[string][]abi.Field, name func(chain.Address) string) string {
	named, err := retype(object, fields, types, func(typ, _, text string) (string, error) {
		return nameFor(typ, text, name), nil
	})
	if err != nil {
		return ""
	}
	var text strings.Builder
	for i, f := range split(named) {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(f.name + "=" + f.shown())
	}
	return cut(text.String())
}

func nameFor(typ, text string, name func(chain.Address) string) string {
	if typ == "address" {
		if a, err := chain.ParseAddress(text); err == nil {
			return name(a)
		}
	}
	return text
}

// fieldValue is a field of an object with its JSON.
type fieldValue struct {
	name string
	json json.RawMessage
}

// split is the object's fields, in their order.
func split(object []byte) (list []fieldValue) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		return nil
	}
	for dec.More() {
		t, err := dec.Token()
		name, _ := t.(string)
		f := fieldValue{name: name}
		if err != nil || dec.Decode(&f.json) != nil {
			return list
		}
		list = append(list, f)
	}
	return list
}

// shown is the value as a word: a string without its quotes where it needs none.
func (f *fieldValue) shown() string {
	text := string(f.json)
	var s string
	if json.Unmarshal(f.json, &s) == nil && s != "" && !strings.ContainsAny(s, " \"'=,{}[]\\") && printable(s) == s {
		return s
	}
	return printable(text)
}

// mostShown bounds what a stranger's value may take of a line, in bytes.
const mostShown = 300

func cut(s string) string {
	if len(s) <= mostShown {
		return s
	}
	n := mostShown
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// printable keeps what a stranger wrote from steering the terminal.
func printable(s string) string {
	for _, c := range s {
		if !unicode.IsPrint(c) || c == utf8.RuneError {
			q := strconv.QuoteToGraphic(s)
			return q[1 : len(q)-1]
		}
	}
	return s
}
