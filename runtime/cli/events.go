package cli

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/client"
)

// eventOptions are the flags of events.
type eventOptions struct {
	account, topic string
	from           uint64
	follow         bool
	number         int
}

func (a *app) newEvents() *cobra.Command {
	o := &eventOptions{}
	cmd := a.command("events", "Show what contracts told", func(cmd *cobra.Command, _ []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		b, err := a.openBook(ctx, c)
		if err != nil {
			return err
		}
		filter := client.EventFilter{Topic: o.topic}
		if o.account != "" {
			of, err := b.find(o.account)
			if err != nil {
				return err
			}
			filter.Account = of.address
		}
		if o.follow {
			return a.followEvents(cmd, c, b, filter, o)
		}
		return a.listEvents(ctx, c, b, filter, o)
	})
	cmd.Long = `Show what contracts told in final blocks, with its fields where the account's code names them. With --follow go on with what they
tell from now on, or from --from on.`
	cmd.Example = "  thinkey events --topic transferred\n  thinkey events --account tk1q… --follow"
	f := cmd.Flags()
	f.StringVar(&o.account, "account", "", "of this account alone (name or address)")
	f.StringVar(&o.topic, "topic", "", "of this topic alone")
	f.Uint64Var(&o.from, "from", 1, "begin with the block at this height")
	f.BoolVar(&o.follow, "follow", false, "go on as they are told")
	f.IntVarP(&o.number, "number", "n", 0, "end after so many (default: 200, without end with --follow)")
	return cmd
}

// toldEvent is an event with its fields where the account's code names them.
type toldEvent struct {
	client.Event
	Fields json.RawMessage `json:"fields,omitempty"`
}

// show prints one event.
func (a *app) showEvent(l lens, e client.Event) error {
	if a.asJSON {
		told := toldEvent{Event: e}
		if contract := l.contract(e.Account); contract != nil {
			if object, err := contract.Event(e.Topic, e.Body); err == nil {
				told.Fields = object
			}
		}
		return a.object(told)
	}
	a.print("block %d  %s  %s  %s\n", e.Height, l.name(e.Account), l.event(e.Account, &e.ContractEvent), shortID(e.Message))
	return nil
}

// listEvents prints those that there are.
func (a *app) listEvents(ctx context.Context, c *client.Client, b *book, filter client.EventFilter, o *eventOptions) error {
	limit := o.number
	if limit <= 0 {
		limit = traceLimit
	}
	l, shown := b.lens(ctx, c), 0
	for after := behind(o.from); ; {
		p, err := c.Events(ctx, filter, after)
		if err != nil {
			return err
		}
		for _, e := range p.Events {
			if shown == limit {
				a.say("… there are more: --number N, or --from %d\n", e.Height)
				return nil
			}
			if err := a.showEvent(l, e); err != nil {
				return err
			}
			shown++
		}
		if after = p.Next; p.Complete {
			break
		}
	}
	if shown == 0 {
		a.say("none\n")
	}
	return nil
}

// behind is the cursor before the block at a height.
func behind(height uint64) uint64 { return client.BehindBlock(max(height, 1) - 1) }

// followEvents prints them as they are told. It has no time limit: the user ends it.
func (a *app) followEvents(cmd *cobra.Command, c *client.Client, b *book, filter client.EventFilter, o *eventOptions) error {
	ctx := cmd.Context()
	after := behind(o.from)
	if !cmd.Flags().Changed("from") {
		head, err := c.Info(ctx)
		if err != nil {
			return err
		}
		after = client.BehindBlock(head.Height)
	}
	l, shown := b.lens(ctx, c), 0
	err := c.FollowEventsBehind(ctx, filter, after, func(e client.Event) error {
		if err := a.showEvent(l, e); err != nil {
			return err
		}
		if shown++; shown == o.number {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) || errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}
	return err
}
