package cli

import (
	"context"
	"fmt"

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
and its money. With --follow wait until all of it is final.`
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
	a.print("%s", drawTrace(&tree, b.name, limit))
	return nil
}

// followTrace prints steps as they come, a line each, and at the end the tree.
func (a *app) followTrace(ctx context.Context, c *client.Client, id chain.MessageID, limit int) error {
	b, err := a.openBook(ctx, c)
	if err != nil {
		return err
	}
	err = c.Follow(ctx, id, func(p client.Progress) error {
		if a.asJSON {
			return a.object(p)
		}
		a.say("%-8s %s\n", p.Message.State, describeMessage(&p.Message, b.name))
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
func describeMessage(m *client.Message, name func(chain.Address) string) string {
	return mark(m) + " " + describeContent(m, name) + describePlace(m, name) + describeResult(m)
}

// describeContent is who wants what of whom.
func describeContent(m *client.Message, name func(chain.Address) string) string {
	if m.Kind == "" { // waits or was dropped: only its id is known
		return "message " + shortID(m.ID)
	}
	if m.Kind == client.KindRelay {
		return fmt.Sprintf("%s → %s  %s%s", name(m.From), name(m.To), m.Method, describeAmount(m.Amount))
	}
	text := fmt.Sprintf("%s  %s", name(m.From), m.Method)
	if to, ok := commandReceiver(m); ok {
		text += " → " + name(to)
	}
	if call, ok := commandCall(m); ok {
		text += " " + call.Method
	}
	return text + describeAmount(m.Amount) + fmt.Sprintf("  nonce %d", m.Nonce)
}

func describeAmount(v chain.Amount) string {
	if v.IsZero() {
		return ""
	}
	return " " + v.String()
}

// commandCall is what a call asks to send.
func commandCall(m *client.Message) (chain.CallInput, bool) {
	if m.Method != chain.MethodCall || len(m.Input) != m.InputBytes && m.InputBytes != 0 {
		return chain.CallInput{}, false
	}
	in, err := chain.DecodeCall(m.Input)
	return in, err == nil
}

// commandReceiver is whom a common external message will make the account send to.
func commandReceiver(m *client.Message) (chain.Address, bool) {
	if m.Method == chain.MethodTransfer {
		in, err := chain.DecodeTransfer(m.Input)
		return in.To, err == nil
	}
	in, ok := commandCall(m)
	return in.To, ok
}

// describePlace is the block and the place in σ of the account.
func describePlace(m *client.Message, name func(chain.Address) string) string {
	if m.Place == nil {
		return ""
	}
	return fmt.Sprintf("  block %d σ(%s)[%d]", m.Place.Height, name(m.Place.Account), m.Place.Index)
}

// describeResult is how the handling ended, and what it cost.
func describeResult(m *client.Message) string {
	switch m.State {
	case client.StateFinal:
		text := "  " + m.Status.String()
		if m.Reason != "" {
			text += " (" + m.Reason + ")"
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

func shortID(id chain.MessageID) string { return id.String()[:12] + "…" }
