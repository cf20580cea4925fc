package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// feedBehind is how many blocks the feed may be late before it leaves some out: it must not slow down a busy node.
const feedBehind = 20

// feed prints a line per block until ctx ends or the node does.
func (a *app) feed(ctx context.Context, n *node.Node) error {
	height := n.Head().Header.Height
	for {
		err := n.AwaitAbove(ctx, height)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		head := n.Head().Header.Height
		if head > height+feedBehind {
			a.say("… %s left out\n", count(int(head-height-1), "block"))
			height = head - 1
		}
		for height < head {
			height++
			if err := a.feedBlock(n, height); err != nil {
				return err
			}
		}
	}
}

// blockLine is what the feed says of a block.
type blockLine struct {
	Height   uint64 `json:"height"`
	Hash     string `json:"hash"`
	Time     uint64 `json:"time_millis"`
	Messages int    `json:"messages"` // processed
	Inputs   int    `json:"inputs"`
	Relays   int    `json:"relays"` // sent
	Accounts int    `json:"accounts"`
	Gas      uint64 `json:"gas"`
	Millis   int64  `json:"millis"` // from the start of the block until it was final
}

func (a *app) feedBlock(n *node.Node, height uint64) error {
	if a.quiet {
		return nil
	}
	raw, err := n.RawBlock(height)
	if err != nil {
		return err
	}
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		return err
	}
	line := summarise(b, time.Now())
	if a.asJSON {
		return a.object(line)
	}
	a.print("%s\n", line)
	for _, l := range n.LogsAt(height) {
		a.print("          %s  %s\n", shortAddress(l.Account), logLine(l.Text))
	}
	return nil
}

func summarise(b *chain.Block, now time.Time) blockLine {
	h := &b.Header
	line := blockLine{
		Height: h.Height, Hash: h.Hash().String(), Time: h.TimeMillis, Inputs: len(b.Inputs), Accounts: len(b.Order), Gas: h.GasUsed,
		Millis: max(0, now.UnixMilli()-int64(h.TimeMillis)),
	}
	for _, sequence := range b.Order {
		line.Messages += len(sequence.Events)
		for _, event := range sequence.Events {
			line.Relays += len(event.Sent)
		}
	}
	return line
}

// String is a line for people.
func (l blockLine) String() string {
	took := fmt.Sprintf("%d ms", l.Millis)
	if l.Millis == 0 {
		took = "<1 ms"
	}
	if l.Messages == 0 {
		return fmt.Sprintf("%s  #%d  empty  %s", clock(l.Time), l.Height, took)
	}
	return fmt.Sprintf("%s  #%d  %s in, %s, %s  gas %s  %s", clock(l.Time), l.Height, count(l.Inputs, "message"), count(l.Relays, "relay"),
		count(l.Accounts, "account"), short(l.Gas), took)
}
