package kit

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Pattern says which messages of a trace are meant.
type Pattern struct {
	to, method string
	details    details
}

// Sent are the messages to the account of that name with that method; "" stands for any. Details narrow it down:
//
//	kit.Sent("bob", "add", kit.Amount(5), kit.From("auction"))
func Sent(to, method string, list ...Detail) Pattern {
	p := Pattern{to: to, method: method}
	for _, f := range list {
		f(&p.details)
	}
	return p
}

// Find is the first message of the tree that p means; nil if there is none.
func (t *Trace) Find(p Pattern) *Message {
	t.chain.t.Helper()
	t.chain.knows(p)
	for m := range t.All() {
		if p.means(m) {
			return m
		}
	}
	return nil
}

// Count is how many messages of the tree p means.
func (t *Trace) Count(p Pattern) (n int) {
	t.chain.t.Helper()
	t.chain.knows(p)
	for m := range t.All() {
		if p.means(m) {
			n++
		}
	}
	return n
}

// Expect fails the test unless there is a message for each of the patterns. It returns t.
func (t *Trace) Expect(patterns ...Pattern) *Trace {
	t.chain.t.Helper()
	for _, p := range patterns {
		if t.Find(p) == nil {
			t.chain.t.Errorf("expected %s%s\n%s", p, t.near(p), t)
		}
	}
	return t
}

// ExpectNone fails the test if there is a message for any of the patterns. It returns t.
func (t *Trace) ExpectNone(patterns ...Pattern) *Trace {
	t.chain.t.Helper()
	for _, p := range patterns {
		if m := t.Find(p); m != nil {
			t.chain.t.Errorf("expected no %s, and there is\n  %s\nin\n%s", p, m, t)
		}
	}
	return t
}

// ExpectOK ends the test if anything failed. It returns t.
func (t *Trace) ExpectOK() *Trace {
	t.chain.t.Helper()
	if list := t.Failed(); len(list) > 0 {
		t.chain.t.Fatalf("expected nothing to fail, and %s did\n%s", list[0].Label, t)
	}
	return t
}

// near is a message that differs from p in the details alone.
func (t *Trace) near(p Pattern) string {
	loose := Pattern{to: p.to, method: p.method}
	if m := t.Find(loose); m != nil && p.method != "" {
		return fmt.Sprintf(", found\n  %s\nin", m)
	}
	return " in"
}

// knows ends the test for names that nobody has: a pattern with such a one would never mean anything.
func (k *Chain) knows(p Pattern) {
	k.t.Helper()
	for _, name := range []string{p.to, p.details.from} {
		if name != "" && k.accounts[name] == nil {
			k.t.Fatalf("kit: no account is called %q; there are %s", name, strings.Join(k.names(), ", "))
		}
	}
}

// means says whether m is one of those that p describes.
func (p Pattern) means(m *Message) bool {
	d := &p.details
	return (p.to == "" || m.To.name == p.to) &&
		(p.method == "" || m.Method == p.method) &&
		(d.from == "" || m.From.name == d.from) &&
		(d.amount == nil || m.Amount == *d.amount) &&
		(d.status == 0 || m.Status == d.status) &&
		(d.reason == "" || !m.OK() && strings.Contains(m.Reason, d.reason)) &&
		(d.topic == "" || m.emitted(d.topic)) &&
		(d.logged == "" || m.logged(d.logged)) &&
		(!d.hasIn || p.sameInput(m))
}

func (p Pattern) sameInput(m *Message) bool {
	want := p.details.raw
	if p.details.input != nil {
		var err error
		want, err = encodeInput(m.To.code, m.Method, p.details.input)
		m.chain.must(err)
	}
	return bytes.Equal(m.Input, want)
}

func (m *Message) emitted(topic string) bool {
	for _, e := range m.Events {
		if e.Topic == topic {
			return true
		}
	}
	return false
}

func (m *Message) logged(words string) bool {
	for _, line := range m.Logs {
		if strings.Contains(line, words) {
			return true
		}
	}
	return false
}

// String is the pattern in words.
func (p Pattern) String() string {
	d := &p.details
	text := "a message"
	if p.method != "" {
		text = p.method
	}
	if d.input != nil {
		text += fmt.Sprintf("%v", d.input)
	} else if d.hasIn {
		text += fmt.Sprintf("(%s)", plainText(d.raw))
	}
	if d.amount != nil {
		text += " " + d.amount.String()
	}
	if d.from != "" {
		text += " from " + d.from
	}
	if p.to != "" {
		text += " to " + p.to
	}
	switch {
	case d.status != 0 && d.status != chain.StatusOK:
		text += " that fails: " + describeFailure(d.status, d.reason)
	case d.status != 0:
		text += " that succeeds"
	case d.reason != "":
		text += fmt.Sprintf(" that fails because of %q", d.reason)
	}
	if d.topic != "" {
		text += " with the event " + d.topic
	}
	if d.logged != "" {
		text += fmt.Sprintf(" that logs %q", d.logged)
	}
	return text
}
