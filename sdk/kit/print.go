package kit

import (
	"fmt"
	"strings"

	"github.com/thinkey/thinkey/sdk/chain"
)

// String draws the tree, a line to a message, as thinkey trace does:
//
//	✓ alice  call → auction bid 10  block 4 σ(alice)[0]  ok  gas 43.1k
//	└─✓ alice → auction  bid("tom") 10  block 4 σ(auction)[1]  ok  gas 12.4k
//	  ├─ event outbid "alice"
//	  └─✓ auction → bob  add 5  block 4 σ(bob)[1]  ok  gas 5k
//
// In a tree of chains the block's chain stands before it, and what is held says so:
//
//	✓ alice  transfer → bob@b 10  main block 4 σ(alice)[0]  ok  gas 43.1k
//	└─… alice → bob@b  add 10  on its way from main to b
func (t *Trace) String() string {
	if t.story == nil {
		return "(a trace that has not run yet)\n"
	}
	var b strings.Builder
	t.Root().draw(&b, "", "")
	return b.String()
}

// draw writes the message's line behind head, and what belongs to it behind indent.
func (m *Message) draw(b *strings.Builder, head, indent string) {
	b.WriteString(head + m.String() + "\n")
	var lines []string
	for _, e := range m.Events {
		lines = append(lines, strings.TrimRight("event "+e.Topic+" "+e.text, " "))
	}
	for _, l := range m.Logs {
		lines = append(lines, "log "+strings.ReplaceAll(strings.TrimRight(l, "\n"), "\n", "⏎"))
	}
	for i, line := range lines {
		edge := "├─ "
		if i == len(lines)-1 && len(m.Sent) == 0 {
			edge = "└─ "
		}
		b.WriteString(indent + edge + line + "\n")
	}
	for i, s := range m.Sent {
		if i < len(m.Sent)-1 {
			s.draw(b, indent+"├─", indent+"│ ")
		} else {
			s.draw(b, indent+"└─", indent+"  ")
		}
	}
}

// String is the message and what came of it, in a line.
func (m *Message) String() string {
	if m.UnderWay {
		return fmt.Sprintf("… %s  on its way from %s to %s", m.content(), m.From.chain.name, m.To.chain.name)
	}
	mark := "✓ "
	if !m.OK() {
		mark = "✗ "
	}
	text := mark + m.content()
	if m.Status == 0 {
		return text + "  not let in: " + m.Reason
	}
	text += "  "
	if m.chain.isTree() {
		text += m.Chain.name + " "
	}
	text += fmt.Sprintf("block %d σ(%s)[%d]  ", m.Height, m.At.name, m.Place)
	if m.OK() {
		text += "ok"
	} else {
		text += describeFailure(m.Status, m.Reason)
	}
	return text + "  gas " + shortNumber(m.GasUsed)
}

// content is who wants what of whom.
func (m *Message) content() string {
	amount := ""
	if !m.Amount.IsZero() {
		amount = " " + m.Amount.String()
	}
	if !m.External {
		return fmt.Sprintf("%s → %s  %s%s%s", m.From.name, m.To.name, m.Method, m.inputText(), amount)
	}
	switch m.Method {
	case chain.MethodTransfer:
		if in, err := chain.DecodeTransfer(m.Input); err == nil {
			return fmt.Sprintf("%s  transfer → %s%s", m.From.name, m.chain.nameOf(in.To), amount)
		}
	case chain.MethodCall:
		if in, err := chain.DecodeCall(m.Input); err == nil {
			return fmt.Sprintf("%s  call → %s %s%s", m.From.name, m.chain.nameOf(in.To), in.Method, amount)
		}
	case chain.MethodDeploy, chain.MethodPublish, chain.MethodSetCode:
		return fmt.Sprintf("%s  %s%s", m.From.name, m.Method, amount)
	}
	return fmt.Sprintf("%s  %s%s%s", m.From.name, m.Method, m.inputText(), amount)
}

// inputText is what the method takes, in parentheses.
func (m *Message) inputText() string {
	input := m.Input
	switch m.Method {
	case chain.MethodAdd:
		return ""
	case chain.MethodBounce:
		if in, err := chain.DecodeBounce(input); err == nil {
			return fmt.Sprintf("(%s: %s)", in.Method, describeFailure(in.Status, in.Reason))
		}
	case chain.MethodInit:
		if in, err := chain.DecodeInit(input); err == nil {
			input = in.Input
		}
	}
	text := plainText(input)
	if s := m.To.code.method(m.Method); s != nil {
		text = m.chain.text(m.To.code.schema, s.Input, input)
	}
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

func describeFailure(s chain.Status, reason string) string {
	if reason == "" {
		return s.String()
	}
	return fmt.Sprintf("%s (%s)", s, reason)
}

// shortNumber is n with three or four digits: 950, 43.1k, 1.2M.
func shortNumber(n uint64) string {
	switch {
	case n < 1000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/1e3), ".0") + "k"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/1e6), ".0") + "M"
}
