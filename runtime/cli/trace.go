package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// traceLimit is how many messages of a tree, or of a block, are printed unless more are asked for.
const traceLimit = 200

func (a *app) newTrace() *cobra.Command {
	follow, limit := false, traceLimit
	cmd := a.command("trace ID", "Show the tree of messages that a message belongs to", func(cmd *cobra.Command, args []string) error {
		id, err := parseID(args[0])
		if err != nil {
			return err
		}
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		if !follow {
			return a.trace(ctx, c, id, limit)
		}
		return a.followTrace(ctx, c, id, limit)
	})
	cmd.Long = `Show the tree of messages that a message belongs to, from the external message that began it: for each whether it came
to something (✓), failed (✗) or is under way (…), where it was processed (block, and place in σ of the account), its gas
and its money; then the events that it told, and what it logged, if the node ran it lately. With --follow wait until all of it is final.

A tree may grow over chains that the node doesn't have: of those it asks other nodes, whose word is marked; where none answers, it says that it doesn't
know. A message on another chain is shown with how final its block is: final by the chain's committee,
anchored when the parent has recorded the block's digest, rooted when the main chain covers it. One that is under way is shown with what it waits
for, such as the digest of its sender's block. A payment that can't fail is confirmed as soon as its sender's block is final.`
	cmd.Flags().BoolVar(&follow, "follow", false, "print each step as it happens, until all is final")
	cmd.Flags().IntVar(&limit, "limit", traceLimit, "messages to print; 0 for all")
	return cmd
}

func (a *app) trace(ctx context.Context, c *client.Client, id chain.MessageID, limit int) error {
	tree, err := c.Trace(ctx, id)
	if err != nil {
		return err
	}
	if a.asJSON {
		return a.object(tree)
	}
	b, err := a.openBook(ctx, c)
	if err != nil {
		return err
	}
	a.print("%s", drawTrace(&tree, b.lens(ctx, c), limit))
	return nil
}

// followTrace prints steps as they come, a line each, and at the end the tree.
func (a *app) followTrace(ctx context.Context, c *client.Client, id chain.MessageID, limit int) error {
	b, err := a.openBook(ctx, c)
	if err != nil {
		return err
	}
	l := b.lens(ctx, c)
	err = c.FollowWaiting(ctx, id, func(p client.Progress) error {
		if a.asJSON {
			return a.object(p)
		}
		a.say("%-8s %s\n", p.Message.State, describeMessage(&p.Message, l))
		return nil
	}, func(w client.Waiting) error {
		if a.asJSON {
			return a.object(w)
		}
		a.say("%-8s … %s %s\n", "waiting", shortID(w.ID), w.Waits.Words(b.chainName))
		return nil
	})
	if err != nil {
		return notFinal(err, b, id)
	}
	if a.asJSON {
		return nil
	}
	a.say("\n")
	return a.trace(ctx, c, id, limit)
}

// mark is a message's state in one sign.
func mark(m *client.Message) string {
	switch {
	case m.State == client.StateDropped || m.State == client.StateRefused || m.State == client.StateFinal && m.Status != chain.StatusOK:
		return "✗"
	case m.State == client.StateFinal:
		return "✓"
	}
	return "…"
}

// describeMessage is a message and what came of it, in a line.
func describeMessage(m *client.Message, l lens) string {
	return mark(m) + " " + describeContent(m, l) + describePlace(m, l.name) + describeResult(m) + describeLevel(m, l.on)
}

// describeLevel is how final a message is where there are several levels, or what it waits for.
func describeLevel(m *client.Message, on func(chain.ID) string) string {
	text := ""
	if m.State == client.StateFinal && m.Finality != client.Final && m.Finality != "" {
		text = "  " + string(m.Finality)
	}
	if m.Elsewhere {
		text += "  (another node's word)"
	}
	if m.Waits == nil || on == nil || m.Waits.For == client.WaitsQueue {
		return text
	}
	if m.Confirmed {
		text += ", confirmed: its sender's block is " + string(m.Finality)
	}
	return text + "; " + m.Waits.Words(on)
}

// describeContent is who wants what of whom.
func describeContent(m *client.Message, l lens) string {
	if m.Kind == "" { // waits or was dropped: only its id is known
		return "message " + shortID(m.ID)
	}
	if m.Kind == client.KindRelay {
		text := fmt.Sprintf("%s → %s  %s%s", l.name(m.From), l.name(m.To), printable(m.Method), describeAmount(m.Amount))
		return text + spaced(l.input(m))
	}
	text := l.name(m.From) + "  " + printable(m.Method) + spacedBy(" ", describeCommand(m, l)) + describeAmount(m.Amount)
	return text + fmt.Sprintf("  nonce %d", m.Nonce)
}

func spaced(s string) string { return spacedBy("  ", s) }

func spacedBy(gap, s string) string {
	if s == "" {
		return ""
	}
	return gap + s
}

func describeAmount(v chain.Amount) string {
	if v.IsZero() {
		return ""
	}
	return " " + v.String()
}

// describeCommand is what a common external message makes the account do, or what its own code is asked for.
func describeCommand(m *client.Message, l lens) string {
	if isCut(m) && m.Method != chain.MethodPublish {
		return ""
	}
	switch m.Method {
	case chain.MethodTransfer:
		if in, err := chain.DecodeTransfer(m.Input); err == nil {
			return "→ " + l.name(in.To)
		}
	case chain.MethodCall:
		if in, err := chain.DecodeCall(m.Input); err == nil { // what it is given stands with the message that it sends
			return "→ " + l.name(in.To) + " " + printable(in.Method)
		}
	case chain.MethodDeploy:
		if in, err := chain.DecodeDeploy(m.Input); err == nil {
			return "→ " + l.name(chain.MadeAddress(m.From.Chain(), m.From, in.Salt, in.Code)) + " code " + shortCode(in.Code)
		}
	case chain.MethodSetCode:
		if in, err := chain.DecodeSetCode(m.Input); err == nil {
			return "code " + shortCode(in.Code)
		}
	case chain.MethodPublish:
		return count(max(0, m.InputBytes-len(chain.PublishInput{}.Encode())), "byte")
	default:
		return l.input(m)
	}
	return ""
}

// input is what a message tells the code of its receiver, or what a bounce says of the message that it brings back.
func (l lens) input(m *client.Message) string {
	if isCut(m) {
		return ""
	}
	switch m.Method {
	case chain.MethodAdd:
		return ""
	case chain.MethodBounce:
		in, err := chain.DecodeBounce(m.Input)
		if err != nil {
			return ""
		}
		return "of " + printable(in.Method)
	case chain.MethodInit:
		in, err := chain.DecodeInit(m.Input)
		if err != nil || l.contracts == nil {
			return ""
		}
		return l.fields(l.code(in.Code), m.Method, in.Input)
	}
	return l.fields(l.contract(m.To), m.Method, m.Input)
}

func isCut(m *client.Message) bool { return m.InputBytes > len(m.Input) }

// describePlace is the block and the place in σ of the account.
func describePlace(m *client.Message, name func(chain.Address) string) string {
	if m.Place == nil {
		return ""
	}
	text := fmt.Sprintf("  block %d σ(%s)[%d]", m.Place.Height, name(m.Place.Account), m.Place.Index)
	if m.Joined {
		text += " joined"
	}
	return text
}

// describeResult is how the handling ended, and what it cost.
func describeResult(m *client.Message) string {
	switch m.State {
	case client.StateFinal:
		text := "  " + m.Status.String()
		if m.Reason != "" {
			text += " (" + printable(m.Reason) + ")"
		}
		text += "  gas " + short(m.GasUsed)
		if !m.Fee.IsZero() {
			text += "  fee " + m.Fee.String()
		}
		return text
	case client.StateDropped, client.StateRefused:
		if m.Dropped != nil {
			return "  " + string(m.State) + " (" + m.Dropped.Message + ")"
		}
	}
	return "  " + string(m.State)
}

// mostEvents is how many events of one message are drawn.
const mostEvents = 10

// describeEvents are the lines of what its handling told.
func describeEvents(m *client.Message, l lens) (lines []string) {
	if m.Place == nil {
		return nil
	}
	for i := range m.Events[:min(len(m.Events), mostEvents)] {
		lines = append(lines, "event "+l.event(m.Place.Account, &m.Events[i]))
	}
	if more := len(m.Events) - len(lines) + m.MoreEvents; more > 0 {
		lines = append(lines, fmt.Sprintf("… %s: thinkey events --account %s --from %d", count(more, "more event"), m.Place.Account, m.Place.Height))
	}
	return lines
}

// mostLogs is how many lines that one message's handling logged are drawn.
const mostLogs = 100

// describeLogs are the lines that its handling logged.
func describeLogs(m *client.Message) (lines []string) {
	for _, text := range m.Logs[:min(len(m.Logs), mostLogs)] {
		lines = append(lines, logLine(text))
	}
	if more := len(m.Logs) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("… %s: thinkey trace %s --json", count(more, "more line"), m.ID))
	}
	return lines
}

// logLine is what code logged, in one line.
func logLine(text string) string {
	return "log " + printable(strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "⏎"))
}

func shortID(id chain.MessageID) string { return id.String()[:12] + "…" }

func shortCode(hash chain.CodeHash) string {
	if hash == (chain.CodeHash{}) {
		return "none"
	}
	return hash.String()[:12] + "…"
}
