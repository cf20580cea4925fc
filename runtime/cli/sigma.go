package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// labels name the messages of a block m1, m2, … as the whitepaper does: first those that came into it, then its relays as σ
// lists them.
type labels struct {
	of    map[chain.MessageID]string
	order []chain.MessageID // m1 first
	// here are the messages that were handled in the block.
	here map[chain.MessageID]*client.Message
}

func label(b *client.Block) *labels {
	l := &labels{of: make(map[chain.MessageID]string), here: make(map[chain.MessageID]*client.Message)}
	sent := make(map[chain.MessageID]bool)
	for i := range b.Messages {
		m := &b.Messages[i]
		l.here[m.ID] = m
		for _, id := range m.Sent {
			sent[id] = true
		}
	}
	for i := range b.Messages {
		if m := &b.Messages[i]; !sent[m.ID] {
			l.add(m.ID)
		}
	}
	for i := range b.Messages {
		for _, id := range b.Messages[i].Sent {
			l.add(id)
		}
	}
	return l
}

func (l *labels) add(id chain.MessageID) {
	if l.of[id] == "" {
		l.order = append(l.order, id)
		l.of[id] = fmt.Sprintf("m%d", len(l.order))
	}
}

// sigma is σ_i of one account as text, such as (m1; m2) (m4; ∅), of at most limit events (0: all).
func (l *labels) sigma(events []*client.Message, limit int) string {
	var parts []string
	for i, m := range events {
		if limit > 0 && i == limit {
			parts = append(parts, fmt.Sprintf("… %d more", len(events)-i))
			break
		}
		var sent []string
		for _, id := range m.Sent {
			sent = append(sent, l.of[id])
		}
		if len(sent) == 0 {
			sent = []string{"∅"}
		}
		parts = append(parts, "("+l.of[m.ID]+"; "+strings.Join(sent, ", ")+")")
	}
	return strings.Join(parts, " ")
}

// accountEvents are what one account handled, in order.
type accountEvents struct {
	account chain.Address
	events  []*client.Message
}

// byAccount splits the messages of a block, which stand account by account.
func byAccount(b *client.Block) []accountEvents {
	var list []accountEvents
	for i := range b.Messages {
		m := &b.Messages[i]
		if m.Place == nil {
			continue
		}
		if n := len(list); n == 0 || list[n-1].account != m.Place.Account {
			list = append(list, accountEvents{account: m.Place.Account})
		}
		last := &list[len(list)-1]
		last.events = append(last.events, m)
	}
	return list
}

// drawBlock is a block as text, with at most limit messages in each part (0: all).
func drawBlock(b *client.Block, view lens, limit int) string {
	var text strings.Builder
	text.WriteString(drawHeader(b))
	l := label(b)
	part := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintf(&text, "\n%s\n", title)
		left := 0
		if limit > 0 && len(lines) > limit {
			lines, left = lines[:limit], len(lines)-limit
		}
		for _, line := range lines {
			text.WriteString("  " + line + "\n")
		}
		if left > 0 {
			fmt.Fprintf(&text, "  … %d more: --limit 0\n", left)
		}
	}
	part("inputs", l.inputLines(view))
	part("σ", l.sigmaLines(b, view.name, limit))
	part("receipts", l.receiptLines(view))
	part("events", l.eventLines(view))
	if b.Queued > 0 {
		fmt.Fprintf(&text, "\n%s left for the next block\n", count(b.Queued, "message"))
	}
	return text.String()
}

func drawHeader(b *client.Block) string {
	t := table{}
	t.add("block", fmt.Sprintf("%d of chain %d, %s", b.Height, b.Chain, b.Finality))
	t.add("hash", b.Hash.String())
	t.add("parent", b.Parent.String())
	t.add("time", time.UnixMilli(int64(b.TimeMillis)).UTC().Format("2006-01-02 15:04:05.000 MST"))
	if c := b.Certificate; c != nil {
		t.add("proposed", fmt.Sprintf("by seat %d in round %d", b.Proposer, b.Round))
		t.add("certificate", certificateWords(c))
	}
	t.add("inputs root", b.Roots.Inputs.String())
	t.add("σ root", b.Roots.Order.String())
	t.add("receipts root", b.Roots.Receipts.String())
	t.add("outbox root", b.Roots.Outbox.String())
	t.add("state root", b.Roots.State.String())
	t.add("gas", fmt.Sprintf("%s, %d bytes", short(b.GasUsed), b.Bytes))
	t.add("messages", fmt.Sprintf("%s, %s by %s, %d failed", count(b.Inputs, "input"), count(b.Events, "event"), count(b.Accounts, "account"), b.Failed))
	return t.String()
}

// inputLines are the messages that this block did not send.
func (l *labels) inputLines(view lens) []string {
	t := table{}
	for _, m := range l.inOrder() {
		if m.Kind == client.KindRelay && l.here[m.Parent] != nil {
			continue
		}
		text := describeContent(m, view)
		if m.Kind == client.KindRelay {
			text += "  (carried in)"
		}
		t.add(l.of[m.ID], shortID(m.ID), text)
	}
	return t.lines()
}

// inOrder are the messages that were handled in the block, as they are labelled: m1 first.
func (l *labels) inOrder() []*client.Message {
	list := make([]*client.Message, 0, len(l.here))
	for _, id := range l.order {
		if m := l.here[id]; m != nil { // else carried out: nobody handled it yet
			list = append(list, m)
		}
	}
	return list
}

func (l *labels) sigmaLines(b *client.Block, name func(chain.Address) string, limit int) []string {
	t := table{}
	for _, s := range byAccount(b) {
		t.add(name(s.account), l.sigma(s.events, limit))
	}
	return t.lines()
}

func (l *labels) receiptLines(view lens) []string {
	t := table{}
	for _, m := range l.inOrder() {
		t.add(l.of[m.ID], mark(m), strings.TrimSpace(describeResult(m)), describeContent(m, view), m.ID.String())
	}
	return t.lines()
}

// eventLines are what the handlings told.
func (l *labels) eventLines(view lens) []string {
	t := table{}
	for _, m := range l.inOrder() {
		for _, line := range describeEvents(m, view) {
			t.add(l.of[m.ID], view.name(m.Place.Account), strings.TrimPrefix(line, "event "))
		}
	}
	return t.lines()
}

// drawDot is the causality graph of σ for Graphviz: solid along an account's own events, dashed from the event that sends a
// message to the one that receives it. It has no cycle (I4).
func drawDot(b *client.Block, name func(chain.Address) string) string {
	l := label(b)
	var text strings.Builder
	fmt.Fprintf(&text, "digraph sigma_%d {\n  label=%s; rankdir=LR; node [shape=box, fontname=\"sans-serif\"];\n", b.Height,
		quoteDot(fmt.Sprintf("σ of block %d of chain %d", b.Height, b.Chain)))
	for i, s := range byAccount(b) {
		fmt.Fprintf(&text, "  subgraph cluster_%d {\n    label=%s;\n", i, quoteDot(name(s.account)))
		for _, m := range s.events {
			fmt.Fprintf(&text, "    %s [label=%s%s];\n", l.of[m.ID], quoteDot(l.of[m.ID]+" "+printable(m.Method)+describeAmount(m.Amount)), dotStyle(m))
		}
		for j := 1; j < len(s.events); j++ {
			fmt.Fprintf(&text, "    %s -> %s;\n", l.of[s.events[j-1].ID], l.of[s.events[j].ID])
		}
		text.WriteString("  }\n")
	}
	for i := range b.Messages {
		m := &b.Messages[i]
		for _, id := range m.Sent {
			if l.here[id] == nil {
				fmt.Fprintf(&text, "  %s [label=%s, style=dotted];\n", l.of[id], quoteDot(l.of[id]+" (under way)"))
			}
			fmt.Fprintf(&text, "  %s -> %s [style=dashed, label=sent];\n", l.of[m.ID], l.of[id])
		}
	}
	text.WriteString("}\n")
	return text.String()
}

func dotStyle(m *client.Message) string {
	if m.Status != chain.StatusOK {
		return ", color=red"
	}
	return ""
}

// quoteDot is a string of the DOT language.
func quoteDot(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
