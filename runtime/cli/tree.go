package cli

import (
	"fmt"
	"strings"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// drawTrace is a tree of messages with what it came to, at most limit messages of it (0: all).
//
//	trace 1f2e…  complete  2 messages  gas 43.7k
//	✓ alice  transfer → bob 10  nonce 0  block 1 σ(alice)[0]  ok  gas 33.7k
//	└─✓ alice → bob  add 10  block 1 σ(bob)[0]  ok  gas 10.0k
func drawTrace(t *client.Trace, l lens, limit int) string {
	d := &treeDrawing{lens: l, limit: limit, asked: t.Asked}
	if t.Asked == t.Origin {
		d.asked = chain.MessageID{} // the root needs no sign
	}
	d.head(t)
	if t.Root != nil {
		d.node(t.Root, "", "")
	}
	if d.left > 0 {
		fmt.Fprintf(&d.text, "… %s: thinkey trace %s --limit 0\n", count(d.left, "more message"), t.Origin)
	}
	return d.text.String()
}

// treeDrawing is a tree half drawn.
type treeDrawing struct {
	lens
	text  strings.Builder
	limit int
	drawn int
	left  int // messages beyond the limit
	asked chain.MessageID
}

func (d *treeDrawing) head(t *client.Trace) {
	state := "under way"
	if t.Complete {
		state = "complete"
	}
	fmt.Fprintf(&d.text, "trace %s  %s  %s  gas %s", shortID(t.Origin), state, count(t.Messages, "message"), short(t.GasUsed))
	if !t.Fee.IsZero() {
		fmt.Fprintf(&d.text, "  fee %s", t.Fee)
	}
	if t.Truncated {
		d.text.WriteString("  (cut: the tree is larger)")
	}
	d.text.WriteString("\n")
}

// node draws a message behind its branch, and those it sent below, each behind indent.
func (d *treeDrawing) node(n *client.TraceNode, branch, indent string) {
	if d.limit > 0 && d.drawn >= d.limit {
		d.left++
	} else {
		d.drawn++
		d.text.WriteString(branch + describeMessage(&n.Message, d.lens))
		if n.ID == d.asked {
			d.text.WriteString("  ◄ asked for")
		}
		d.text.WriteString("\n")
		for _, line := range append(describeEvents(&n.Message, d.lens), describeLogs(&n.Message)...) {
			d.text.WriteString(indent + bar(n) + "   " + line + "\n")
		}
	}
	for i, child := range n.Children {
		if i == len(n.Children)-1 {
			d.node(child, indent+"└─", indent+"  ")
		} else {
			d.node(child, indent+"├─", indent+"│ ")
		}
	}
}

// bar is what connects a message with those that it sent, past the lines between.
func bar(n *client.TraceNode) string {
	if len(n.Children) > 0 {
		return "│"
	}
	return " "
}
