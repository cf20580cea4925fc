package order

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of ParseCases. A case is written by hand or kept as a vector, so both are far above need; they bound the memory
// that a file can claim to some tens of times its size.
const (
	MaxCasesBytes = 16 << 20
	MaxCases      = 10_000
)

// Errors of ParseCases, wrapped with the case and the field.
var (
	ErrCasesSize = errors.New("too large")           // split the file
	ErrDuplicate = errors.New("is there twice")      // remove one
	ErrShape     = errors.New("has the wrong shape") // see Case for the right one
	ErrMissing   = errors.New("is missing")          // a case without σ asks nothing
)

// ParseCases reads a list of cases, or a single one. It refuses what encoding/json would pass over: unknown fields,
// fields or accounts given twice, a message listed twice as input or external, anything behind the end.
func ParseCases(b []byte) ([]Case, error) {
	if len(b) > MaxCasesBytes {
		return nil, fmt.Errorf("cases: %w: %d bytes, at most %d", ErrCasesSize, len(b), MaxCasesBytes)
	}
	if !utf8.Valid(b) { // the decoder would replace bytes, and two names could become one
		return nil, fmt.Errorf("cases: %w: not UTF-8", ErrShape)
	}
	p := &parser{tokens: json.NewDecoder(bytes.NewReader(b))}
	p.tokens.UseNumber()
	cases := p.file()
	if p.err != nil {
		return nil, p.err
	}
	return cases, nil
}

// parser reads tokens and knows where it is. The first error sticks and ends every loop; what is returned after it is
// not used. Values have a fixed depth, so hostile nesting is refused where it begins.
type parser struct {
	tokens *json.Decoder
	peeked json.Token // read but not taken, or nil
	path   []string   // "case 3", "sigma", "account A", …
	err    error
}

func (p *parser) fail(err error, detail string) {
	if p.err != nil {
		return
	}
	where := "cases"
	if len(p.path) > 0 {
		where = strings.Join(p.path, ": ")
	}
	p.err = fmt.Errorf("%s: %w%s (at byte %d)", where, err, detail, p.tokens.InputOffset())
}

// in runs read with the name of a part on the path.
func (p *parser) in(part string, read func()) {
	p.path = append(p.path, part)
	read()
	p.path = p.path[:len(p.path)-1]
}

func (p *parser) next() json.Token {
	if t := p.peeked; t != nil {
		p.peeked = nil
		return t
	}
	if p.err != nil {
		return nil
	}
	t, err := p.tokens.Token()
	if err != nil {
		p.fail(ErrShape, ": "+err.Error())
		return nil
	}
	if t == nil {
		return null{}
	}
	return t
}

// null stands for JSON's null, which the decoder returns as a nil token.
type null struct{}

// more says whether the list or object goes on, and takes its end if not.
func (p *parser) more() bool {
	if p.err != nil {
		return false
	}
	if p.tokens.More() {
		return true
	}
	p.next() // the end, or an error that sticks
	return false
}

func (p *parser) open(delim json.Delim, want string) {
	if t := p.next(); t != delim {
		p.fail(ErrShape, ": want "+want+", got "+describe(t))
	}
}

func (p *parser) text(want string) string {
	t := p.next()
	s, ok := t.(string)
	if !ok {
		p.fail(ErrShape, ": want "+want+", got "+describe(t))
	}
	return s
}

func describe(t json.Token) string {
	switch t := t.(type) {
	case json.Delim:
		return map[json.Delim]string{'{': "an object", '[': "a list", ']': "the end of the list", '}': "the end of the object"}[t]
	case json.Number:
		return "number " + t.String()
	case bool:
		return fmt.Sprint(t)
	case string:
		return fmt.Sprintf("text %.40q", t)
	}
	return "null"
}

func (p *parser) file() (cases []Case) {
	first := p.next()
	p.peeked = first
	if first != json.Delim('[') {
		cases = append(cases, p.oneCase(0))
	} else {
		for p.next(); p.more(); {
			if len(cases) == MaxCases {
				p.fail(ErrCasesSize, fmt.Sprintf(": more than %d cases", MaxCases))
				return nil
			}
			cases = append(cases, p.oneCase(len(cases)))
		}
	}
	if p.err == nil {
		if _, err := p.tokens.Token(); err != io.EOF {
			p.fail(ErrShape, ": something stands behind the end")
		}
	}
	return cases
}

func (p *parser) oneCase(index int) (c Case) {
	p.in(fmt.Sprintf("case %d", index), func() {
		p.open('{', "a case, that is an object")
		fields := make(map[string]bool)
		for p.more() {
			field := p.text("a field")
			p.in(field, func() { p.field(&c, fields, field) })
			if field == "name" {
				p.path[len(p.path)-1] = fmt.Sprintf("case %d (%.60q)", index, c.Name)
			}
		}
		if !fields["sigma"] {
			p.fail(ErrMissing, ": sigma")
		}
		p.classes(&c)
	})
	return c
}

func (p *parser) field(c *Case, fields map[string]bool, field string) {
	if fields[field] {
		p.fail(ErrDuplicate, "")
	}
	fields[field] = true
	switch field {
	case "name":
		c.Name = p.text("a text")
	case "verdict":
		c.Verdict = p.text("a text")
	case "inputs":
		c.Inputs = p.list()
	case "external":
		c.External = p.list()
	case "sigma":
		c.Sigma = p.sigma()
	default:
		p.fail(ErrShape, ": unknown field; a case has name, inputs, external, sigma, verdict")
	}
}

// classes refuses a message that is listed twice, or as input and external.
func (p *parser) classes(c *Case) {
	seen := make(map[string]string)
	check := func(field string, messages []string) {
		for _, name := range messages {
			if before, twice := seen[name]; twice {
				p.fail(ErrDuplicate, fmt.Sprintf(": message %.60q in %s and in %s", name, before, field))
			}
			seen[name] = field
		}
	}
	check("inputs", c.Inputs)
	check("external", c.External)
}

// list reads names of messages. A name may be there twice: in what an event sent, that is for Check to find.
func (p *parser) list() (messages []string) {
	p.open('[', "a list of messages")
	for p.more() {
		messages = append(messages, p.text("a message"))
	}
	return messages
}

func (p *parser) sigma() (sigma []CaseSequence) {
	p.open('{', "an object of accounts")
	seen := make(map[string]bool)
	for p.more() {
		account := p.text("an account")
		p.in(fmt.Sprintf("account %.60q", account), func() {
			if seen[account] {
				p.fail(ErrDuplicate, "")
			}
			seen[account] = true
			sigma = append(sigma, CaseSequence{account, p.events()})
		})
	}
	slices.SortFunc(sigma, func(a, b CaseSequence) int { return strings.Compare(a.Account, b.Account) })
	return sigma
}

func (p *parser) events() (events []CaseEvent) {
	p.open('[', "a list of events")
	for p.more() {
		p.in(fmt.Sprintf("event %d", len(events)), func() {
			p.open('[', "an event, that is [message, [messages sent]]")
			event := CaseEvent{Received: p.text("a message"), Sent: p.list()}
			p.open(']', "the end of the event")
			events = append(events, event)
		})
	}
	return events
}
