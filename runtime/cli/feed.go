package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// feedBehind is how many blocks the feed may be late before it leaves some out: it must not slow down a busy node.
const feedBehind = 20

// mostTold is how much of a block the feed tells beside its line.
const mostTold = 20

// feedAll is feed of several chains at once.
func (a *app) feedAll(ctx context.Context, g *growth) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error)
	running := 0
	begin := func(f func() error) {
		running++
		go func() { ended <- f() }()
	}
	for _, n := range g.nodes.list {
		begin(func() error { return a.feed(ctx, n, g.network, g.turn) })
	}
	begin(func() error { return g.watch(ctx) })
	for grown := g.grown; running > 0; {
		select {
		case n, ok := <-grown:
			if !ok {
				grown = nil
				continue
			}
			begin(func() error { return a.feed(ctx, n, g.network, g.turn) })
		case e := <-ended:
			running--
			if err = errors.Join(err, e); err != nil {
				cancel()
			}
		}
	}
	return err
}

// feed prints a line per block, and what who develops wants to see of it, until ctx ends or the node does. Who prints has the turn.
func (a *app) feed(ctx context.Context, n *node.Node, network *devNetwork, turn *sync.Mutex) error {
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
			turn.Lock()
			err := a.feedBlock(n, network, height)
			turn.Unlock()
			if err != nil {
				return err
			}
		}
	}
}

// blockLine is what the feed says of a block.
type blockLine struct {
	Chain    chain.ID `json:"chain"`
	chain    string   // its name, of several
	Height   uint64   `json:"height"`
	Hash     string   `json:"hash"`
	Time     uint64   `json:"time_millis"`
	Messages int      `json:"messages"` // processed
	Inputs   int      `json:"inputs"`
	Relays   int      `json:"relays"` // sent
	Failed   int      `json:"failed"` // of those processed
	Accounts int      `json:"accounts"`
	Gas      uint64   `json:"gas"`
	Millis   int64    `json:"millis"` // from the start of the block until it was final
	// Certificate is what made it final, where a committee did.
	Certificate *client.Certificate `json:"certificate,omitempty"`
}

func (a *app) feedBlock(n *node.Node, network *devNetwork, height uint64) error {
	if a.quiet {
		return nil
	}
	b, _, err := n.Block(height)
	if err != nil {
		return err
	}
	line := summarise(b, time.Now())
	line.chain = strings.TrimSpace(network.spaced(n.Chain()))
	cert, err := n.Certificate(height)
	if err != nil {
		return err
	}
	if cert != nil {
		line.Certificate = client.DescribeCertificate(&b.Block.Header, cert)
	}
	if a.asJSON {
		return a.object(line)
	}
	a.print("%s\n", line)
	told := happenings(b, n.LogsAt(height))
	for _, h := range told[:min(len(told), mostTold)] {
		a.print("          %s  %s\n", network.name(h.account), h.text)
	}
	if more := len(told) - mostTold; more > 0 {
		a.print("          … and %d more\n", more)
	}
	return nil
}

// happening is something that who develops wants to see of a block.
type happening struct {
	account chain.Address
	text    string
}

// happenings are what failed in a block, the accounts with code that it made, and what code logged.
func happenings(b *block.History, logs []node.LogLine) (told []happening) {
	for i := range b.Events {
		switch e := &b.Events[i]; {
		case e.Receipt.Status.IsFailure():
			why := e.Receipt.Status.String()
			if e.Receipt.Reason != "" {
				why += " (" + e.Receipt.Reason + ")"
			}
			told = append(told, happening{e.Account, "✗ " + printable(e.Message.Method) + "  " + printable(why)})
		case e.Message.Method == chain.MethodInit:
			told = append(told, happening{e.Account, "made: " + e.Account.String()})
		}
	}
	for _, l := range logs {
		told = append(told, happening{l.Account, logLine(l.Text)})
	}
	return told
}

func summarise(history *block.History, now time.Time) blockLine {
	b, h := history.Block, &history.Block.Header
	line := blockLine{
		Chain: h.Chain, Height: h.Height, Hash: h.Hash().String(), Time: h.TimeMillis, Inputs: len(b.Inputs), Accounts: len(b.Order), Gas: h.GasUsed,
		Millis: max(0, now.UnixMilli()-int64(h.TimeMillis)),
	}
	for _, sequence := range b.Order {
		line.Messages += len(sequence.Events)
		for _, event := range sequence.Events {
			line.Relays += len(event.Sent)
		}
	}
	for i := range history.Events {
		if history.Events[i].Receipt.Status.IsFailure() {
			line.Failed++
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
	if c := l.Certificate; c != nil {
		took += fmt.Sprintf("  %s, round %d, %s", c.Kind, c.Round, seatWords(c.Seats))
	}
	when := clock(l.Time)
	if l.chain != "" {
		when += "  " + l.chain
	}
	if l.Messages == 0 {
		return fmt.Sprintf("%s  #%d  empty  %s", when, l.Height, took)
	}
	failed := ""
	if l.Failed > 0 {
		failed = fmt.Sprintf(", %d failed", l.Failed)
	}
	return fmt.Sprintf("%s  #%d  %s in, %s, %s%s  gas %s  %s", when, l.Height, count(l.Inputs, "message"), count(l.Relays, "relay"),
		count(l.Accounts, "account"), failed, short(l.Gas), took)
}
