package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/client"
)

func (a *app) newBlock() *cobra.Command {
	cmd := a.group("block", "Show blocks", "")
	cmd.AddCommand(a.newBlockShow(), a.newBlockList(), a.newBlockFollow())
	return cmd
}

func (a *app) newBlockShow() *cobra.Command {
	dot, limit := false, traceLimit
	cmd := a.command("show HEIGHT|latest", "Show a block: header, inputs, σ of every account, receipts", func(cmd *cobra.Command, args []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		b, err := wholeBlock(ctx, c, args[0])
		if err != nil {
			return err
		}
		if a.asJSON && !dot {
			return a.object(b)
		}
		names, err := a.openBook(ctx, c)
		if err != nil {
			return err
		}
		if dot {
			return a.answer(map[string]string{"dot": drawDot(b, names.name)}, func() { a.print("%s", drawDot(b, names.name)) })
		}
		a.print("%s", drawBlock(b, names.lens(ctx, c), limit))
		return nil
	})
	cmd.Example = "  thinkey block show latest\n  thinkey block show 7 --dot | dot -Tsvg > block7.svg"
	cmd.Flags().BoolVar(&dot, "dot", false, "draw the causality graph of σ for Graphviz")
	cmd.Flags().IntVar(&limit, "limit", traceLimit, "messages to print; 0 for all")
	return cmd
}

// wholeBlock is a block with all its messages.
func wholeBlock(ctx context.Context, c *client.Client, which string) (*client.Block, error) {
	var b client.Block
	var err error
	if which == "latest" {
		b, err = c.Latest(ctx)
	} else {
		var height uint64
		if height, err = parseHeight(which); err == nil {
			b, err = c.Block(ctx, height)
		}
	}
	for err == nil && b.Next > 0 {
		var page client.Block
		page, err = c.BlockFrom(ctx, b.Height, b.Next)
		b.Messages, b.Next = append(b.Messages, page.Messages...), page.Next
	}
	return &b, err
}

// mostListed bounds a list that is meant to be read.
const mostListed = 10_000

// errEnough ends a stream that has yielded what was asked for.
var errEnough = errors.New("enough")

func (a *app) newBlockList() *cobra.Command {
	number := 20
	cmd := a.command("list", "List the last blocks", func(cmd *cobra.Command, _ []string) error {
		if number < 1 || number > mostListed {
			return usage("--number (%d)", number).do("write a number from 1 to %d", mostListed)
		}
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		head, err := c.Info(ctx)
		if err != nil || head.Height == 0 {
			return err
		}
		t := table{}
		t.numbers(0, 2, 3, 4)
		t.add("height", "time", "inputs", "messages", "failed", "gas", "block")
		err = c.Blocks(ctx, head.Height-min(head.Height, uint64(number)), func(b client.Block) error {
			if a.asJSON {
				if err := a.object(b); err != nil {
					return err
				}
			}
			t.add(fmt.Sprint(b.Height), clock(b.TimeMillis), fmt.Sprint(b.Inputs), fmt.Sprint(b.Events), fmt.Sprint(b.Failed), short(b.GasUsed), b.Hash.String())
			if b.Height == head.Height {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		if !a.asJSON {
			a.print("%s", t.String())
		}
		return nil
	})
	cmd.Flags().IntVarP(&number, "number", "n", number, "how many")
	return cmd
}

func (a *app) newBlockFollow() *cobra.Command {
	var after uint64
	number := 0
	cmd := a.command("follow", "Print blocks as they become final", func(cmd *cobra.Command, _ []string) error {
		ctx, done, c := a.connect(cmd.Context())
		defer done()
		if !cmd.Flags().Changed("after") {
			head, err := c.Info(ctx)
			if err != nil {
				return err
			}
			after = head.Height
		}
		seen := 0
		err := c.Blocks(cmd.Context(), after, func(b client.Block) error {
			seen++
			if err := a.answer(b, func() { a.print("%s\n", streamLine(&b)) }); err != nil {
				return err
			}
			if seen == number {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) || errors.Is(cmd.Context().Err(), context.Canceled) { // the user ends it
			return nil
		}
		return err
	})
	cmd.Flags().Uint64Var(&after, "after", 0, "begin behind this height (default: the last block)")
	cmd.Flags().IntVarP(&number, "number", "n", 0, "end after so many blocks (default: never)")
	return cmd
}

// streamLine is a block of a stream in a line.
func streamLine(b *client.Block) string {
	text := fmt.Sprintf("%s  #%d  %s in, %s", clock(b.TimeMillis), b.Height, count(b.Inputs, "message"), count(b.Events, "event"))
	if b.Failed > 0 {
		text += fmt.Sprintf(", %d failed", b.Failed)
	}
	if b.Queued > 0 {
		text += fmt.Sprintf(", %d queued", b.Queued)
	}
	return text + fmt.Sprintf("  gas %s  %s", short(b.GasUsed), b.Hash)
}

func clock(millis uint64) string { return time.UnixMilli(int64(millis)).Format(time.TimeOnly) }
