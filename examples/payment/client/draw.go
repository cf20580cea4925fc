package client

import (
	"fmt"
	"iter"
	"strings"

	"github.com/thinkey/thinkey/sdk/chain"
	sdk "github.com/thinkey/thinkey/sdk/client"
)

// observe reads the blocks, prints σ of each, and returns σ of all of them.
func (p *play) observe() (Sigma, error) {
	observed := make(Sigma)
	head, err := p.node.Info(p.ctx)
	if err != nil {
		return nil, err
	}
	for height := uint64(1); height <= head.Height; height++ {
		b, err := p.node.Block(p.ctx, height)
		if err != nil {
			return nil, err
		}
		p.say("\nblock %d: σ, what each account handled and (behind the semicolon) what that sent", height)
		for account, events := range p.sigmaOf(&b) {
			p.say("  σ_%s = %s", account, events)
			observed[account] = append(observed[account], events...)
		}
	}
	return observed, nil
}

// String is (m2; ∅) (m3; m4).
func (list Events) String() string {
	var parts []string
	for _, e := range list {
		sent := strings.Join(e.Sent, ", ")
		if sent == "" {
			sent = "∅"
		}
		parts = append(parts, "("+e.Message+"; "+sent+")")
	}
	return strings.Join(parts, " ")
}

// sigmaOf yields σ of a block by names, account by account.
func (p *play) sigmaOf(b *sdk.Block) iter.Seq2[string, Events] {
	for i := range b.Messages { // names for the relays, before σ mentions them
		m := &b.Messages[i]
		for j, id := range m.Sent {
			p.label[id] = p.relayLabel(p.label[m.ID], j)
		}
	}
	return func(yield func(string, Events) bool) {
		for _, name := range p.Accounts() {
			var events Events
			for i := range b.Messages {
				if m := &b.Messages[i]; m.Place != nil && p.names[m.Place.Account] == name {
					events = append(events, p.event(m))
				}
			}
			if len(events) > 0 && !yield(name, events) {
				return
			}
		}
	}
}

func (p *play) event(m *sdk.Message) Event {
	e := Event{Message: p.label[m.ID]}
	for _, id := range m.Sent {
		e.Sent = append(e.Sent, p.label[id])
	}
	return e
}

// relayLabel is the paper's label for what a message sends.
func (p *play) relayLabel(parent string, index int) string {
	if sends := p.sends[parent]; index < len(sends) {
		return sends[index]
	}
	return fmt.Sprintf("%s.%d", parent, index+1)
}

// drawTraces prints the tree of each external message.
func (p *play) drawTraces() error {
	p.say("\ntraces")
	for _, label := range p.labels() {
		tree, err := p.node.Trace(p.ctx, p.ids[label])
		if err != nil {
			return err
		}
		tree.Walk(func(n *sdk.TraceNode, depth int) {
			branch := "  "
			if depth > 0 {
				branch += strings.Repeat("  ", depth-1) + "└─ "
			}
			p.say("%s%s", branch, p.line(&n.Message))
		})
	}
	return nil
}

// line is a message and what came of it.
func (p *play) line(m *sdk.Message) string {
	sign, result := "✗", m.Status.String()
	if m.Status == chain.StatusOK {
		sign = "✓"
	}
	if m.Reason != "" {
		result += " (" + m.Reason + ")"
	}
	who := p.names[m.From]
	if m.To != m.From {
		who += " → " + p.names[m.To]
	}
	return fmt.Sprintf("%s %s  %s  %s %s  block %d  %s", sign, p.label[m.ID], who, m.Method, m.Amount, m.Place.Height, result)
}
