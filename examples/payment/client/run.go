package client

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/thinkey/thinkey/sdk/chain"
	sdk "github.com/thinkey/thinkey/sdk/client"
)

// ErrOtherOrder is a run in which the accounts took another possible order than the one of the case. Run it again on a fresh
// network.
var ErrOtherOrder = errors.New("the accounts took another order, which is possible too")

// Run plays the case on a fresh development network that makes blocks on demand. It submits all messages, then makes one
// block of them: accounts handle what they get at once, and it is theirs which order comes of it.
func (c *Case) Run(ctx context.Context, node string, out io.Writer) error {
	return c.play(ctx, node, out, [][]string{c.labels()})
}

// RunInTurn gives every message a block of its own, so that the order of the case is the only possible one.
func (c *Case) RunInTurn(ctx context.Context, node string, out io.Writer) error {
	var blocks [][]string
	for _, label := range c.turns() {
		blocks = append(blocks, []string{label})
	}
	return c.play(ctx, node, out, blocks)
}

// play is one run of a case.
type play struct {
	*Case
	ctx  context.Context
	node *sdk.Client
	out  io.Writer

	names map[chain.Address]string
	seed  string
	ids   map[string]chain.MessageID // of the external messages, by label
	label map[chain.MessageID]string
}

// play submits the messages of each block, makes it, and compares what came of it with the paper.
func (c *Case) play(ctx context.Context, node string, out io.Writer, blocks [][]string) error {
	p := &play{
		Case: c, ctx: ctx, node: sdk.New(node), out: out,
		names: make(map[chain.Address]string), ids: make(map[string]chain.MessageID), label: make(map[chain.MessageID]string),
	}
	defer p.node.Close()
	if err := p.begin(); err != nil {
		return err
	}
	for _, labels := range blocks {
		if err := p.block(labels); err != nil {
			return err
		}
	}
	observed, err := p.observe()
	if err != nil {
		return err
	}
	if err := p.drawTraces(); err != nil {
		return err
	}
	after, err := p.balances()
	if err != nil {
		return err
	}
	p.say("")
	for _, name := range p.Accounts() {
		p.say("%s %s", name, after[name])
	}
	return p.judge(observed, after)
}

func (p *play) say(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

// begin checks that the network is as the case begins, and says so.
func (p *play) begin() error {
	about, err := p.node.Info(p.ctx)
	if err != nil {
		return err
	}
	if about.Dev == nil || about.Pace != "manual" || about.Height != 0 {
		return fmt.Errorf("the node at %s is no fresh development network with blocks on demand; start one with: thinkey dev --block manual", p.node.Node())
	}
	p.seed = about.Dev.Seed
	for _, name := range p.Accounts() {
		p.names[p.address(name)] = name
	}
	before, err := p.balances()
	if err != nil {
		return err
	}
	for _, name := range p.Accounts() {
		if before[name] != p.Before[name] {
			return fmt.Errorf("%s has %s and must begin with %s; start the network with --account %s=%s",
				name, before[name], p.Before[name], name, p.Before[name])
		}
		p.say("%s has %s", name, before[name])
	}
	return nil
}

func (p *play) address(name string) chain.Address {
	return chain.KeyAddress(chain.Main, sdk.DevKey(p.seed, name).Public())
}

// block submits some messages together and makes a block of them.
func (p *play) block(labels []string) error {
	var messages []*chain.Message
	for _, label := range labels {
		m, err := p.sign(label)
		if err != nil {
			return err
		}
		messages = append(messages, m)
		p.ids[label], p.label[m.ID()] = m.ID(), label
	}
	answers, err := p.node.Submit(p.ctx, messages...)
	if err != nil {
		return err
	}
	for i, a := range answers {
		if a.Error != nil {
			return fmt.Errorf("message %s: %w", labels[i], a.Error)
		}
	}
	return p.node.Mine(p.ctx, 1)
}

// sign makes the message with that label.
func (p *play) sign(label string) (*chain.Message, error) {
	m := p.Messages[label]
	p.say("%s: %s pays %s %d", label, m.Signer, m.To, m.Amount)
	signer := sdk.NewSigner(p.node, sdk.DevKey(p.seed, m.Signer))
	return signer.Transfer(p.ctx, p.address(m.To), chain.NewAmount(m.Amount))
}

// balances are proven to the state root of the last block.
func (p *play) balances() (map[string]chain.Amount, error) {
	list := make(map[string]chain.Amount)
	for _, name := range p.Accounts() {
		a, err := p.node.ProvenAccount(p.ctx, p.address(name))
		if err != nil {
			return nil, err
		}
		list[name] = a.Balance
	}
	return list, nil
}

// judge compares what happened with the paper.
func (p *play) judge(observed Sigma, after map[string]chain.Amount) error {
	if err := p.Case.agrees(observed, after); err == nil {
		return nil
	}
	for _, other := range p.other {
		if other.agrees(observed, after) == nil {
			return fmt.Errorf("%w: %s", ErrOtherOrder, other.Name)
		}
	}
	return p.Case.agrees(observed, after)
}

// agrees says whether an order and what it ended with are those of the case.
func (c *Case) agrees(observed Sigma, after map[string]chain.Amount) error {
	if !observed.Equal(c.Sigma) {
		return fmt.Errorf("σ is %v, and the paper says %v", observed, c.Sigma)
	}
	for _, name := range c.Accounts() {
		if after[name] != c.After[name] {
			return fmt.Errorf("%s ends with %s, and the paper says %s", name, after[name], c.After[name])
		}
	}
	return nil
}
