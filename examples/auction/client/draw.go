package client

import (
	"fmt"
	"strings"

	"github.com/thinkey/thinkey/sdk/chain"
	sdk "github.com/thinkey/thinkey/sdk/client"
)

// draw prints a tree of messages.
func (s *stage) draw(t *sdk.Trace) {
	t.Walk(func(n *sdk.TraceNode, depth int) {
		branch := "    "
		if depth > 0 {
			branch += strings.Repeat("  ", depth-1) + "└─ "
		}
		s.say("%s%s", branch, s.line(&n.Message))
	})
}

// line is a message, what came of it, and what the contract told the outside.
func (s *stage) line(m *sdk.Message) string {
	sign, who := "✗", s.name(m.From)
	if m.Status == chain.StatusOK {
		sign = "✓"
	}
	if m.To != m.From {
		who += " → " + s.name(m.To)
	}
	text := fmt.Sprintf("%s %s  %s", sign, who, m.Method)
	if !m.Amount.IsZero() {
		text += " " + m.Amount.String()
	}
	text += fmt.Sprintf("%s  gas %d", s.where(m.To), m.GasUsed)
	if m.Reason != "" {
		text += fmt.Sprintf("  %s (%s)", m.Status, m.Reason)
	}
	for _, e := range m.Events {
		text += "  event " + e.Topic
	}
	return text
}

// outcome tells of a bid in a line: whether it leads, and where money came back.
func (s *stage) outcome(t *sdk.Trace) string {
	var parts []string
	t.Walk(func(n *sdk.TraceNode, _ int) {
		switch {
		case n.Method == "bid" && len(n.Events) > 0:
			parts = append(parts, "✓ leads")
		case n.Status != chain.StatusOK:
			parts = append(parts, fmt.Sprintf("✗ %s: %s", n.Status, n.Reason))
		case n.Method == chain.MethodAdd || n.Method == chain.MethodBounce && !n.Amount.IsZero():
			parts = append(parts, fmt.Sprintf("%s is back at %s", n.Amount, s.name(n.To)))
		}
	})
	return strings.Join(parts, ", ")
}

func (s *stage) name(a chain.Address) string {
	if name, ok := s.names[a]; ok {
		return name
	}
	return a.String()
}

// drawBalances prints what everybody has.
func (s *stage) drawBalances(before, after map[string]chain.Amount) {
	s.say("\nbalances      before  after")
	for _, name := range s.cast {
		s.say("  %-12s %5s  %5s%s", name, before[name], after[name], s.where(s.at[name]))
	}
}
