package client

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/thinkey/thinkey/sdk/chain"
	sdk "github.com/thinkey/thinkey/sdk/client"
)

// Journey is the example over several chains under a main one, which are called a, b, ….
type Journey struct {
	Title  string
	Chains int
	Has    map[string]string // who is where, and what they begin with
	begins string
	pays   [2]payment // of 10
	ends   map[string]string
}

type payment struct{ by, to, words string }

// Journeys are the example over two chains and over three.
var Journeys = []Journey{
	{
		"two chains under a main one", 2, map[string]string{"alice@a": "20", "bob@b": "5", "charlie@b": "5"},
		"Alice has 20 on chain a; Bob has 5 and Charlie 5 on chain b. Both chains are under the main one.",
		[2]payment{{"alice@a", "bob@b", "Alice pays Bob 10"}, {"bob@b", "charlie@b", "Bob pays Charlie 10"}},
		map[string]string{"alice@a": "10", "bob@b": "5", "charlie@b": "15"},
	},
	{
		"three chains under a main one", 3, map[string]string{"alice@a": "20", "bob@b": "5", "charlie@c": "5"},
		"Alice has 20 on chain a, Bob 5 on chain b, and Charlie 5 on chain c. All are under the main one.",
		[2]payment{{"alice@a", "bob@b", "Alice pays Bob 10"}, {"bob@b", "charlie@c", "Bob pays Charlie 10"}},
		map[string]string{"alice@a": "10", "bob@b": "5", "charlie@c": "15"},
	},
}

// across is a run of it.
type across struct {
	*Journey
	ctx   context.Context
	node  *sdk.Client
	out   io.Writer
	seed  string
	chain map[string]chain.ID
	named map[chain.ID]string
}

// Run plays the example on a fresh development network: Alice pays Bob, who is on another chain; when that has
// arrived, Bob pays Charlie. It prints what each message waits for on its way, and fails unless all end with what the paper says.
func (j *Journey) Run(ctx context.Context, node string, out io.Writer) error {
	a := &across{Journey: j, ctx: ctx, node: sdk.New(node), out: out, chain: make(map[string]chain.ID), named: make(map[chain.ID]string)}
	defer a.node.Close()
	if err := a.begin(); err != nil {
		return err
	}
	for i := range a.pays {
		a.say("\n%s.", a.pays[i].words)
		if err := a.pay(&a.pays[i]); err != nil {
			return fmt.Errorf("%s: %w", a.pays[i].words, err)
		}
	}
	a.say("")
	var ends []string
	for _, name := range slices.Sorted(maps.Keys(a.ends)) {
		if err := a.holds(name, a.ends[name]); err != nil {
			return err
		}
		ends = append(ends, name+" "+a.ends[name])
	}
	a.say("%s, each proven to the state root of its chain's last block", strings.Join(ends, ", "))
	return nil
}

func (a *across) say(format string, args ...any) { fmt.Fprintf(a.out, format+"\n", args...) }

// begin checks that the network is as the example begins.
func (a *across) begin() error {
	about, err := a.node.Info(a.ctx)
	if err != nil {
		return err
	}
	list, err := a.node.Chains(a.ctx)
	if err != nil {
		return err
	}
	for _, c := range list.Chains {
		a.chain[c.Name], a.named[c.Chain] = c.Chain, c.Name
	}
	missing := about.Dev == nil
	for name := range a.Has { // any order: one that is missing is as good as another
		_, on, _ := strings.Cut(name, "@")
		missing = missing || a.chain[on] == 0
	}
	if missing {
		return fmt.Errorf("the node at %s is no development network with %d chains under the main one that are called a, b, …; start one with: thinkey dev --chains %d", a.node.Node(), a.Chains, a.Chains)
	}
	a.seed = about.Dev.Seed
	for name, has := range a.Has {
		if err := a.holds(name, has); err != nil {
			return fmt.Errorf("%w; start the network with --account %s=%s", err, name, has)
		}
	}
	a.say("%s", a.begins)
	return nil
}

// address is that of a name such as bob@b.
func (a *across) address(name string) chain.Address {
	key, on, _ := strings.Cut(name, "@")
	return chain.KeyAddress(a.chain[on], sdk.DevKey(a.seed, key).Public())
}

// holds fails unless the account is proven to have that much.
func (a *across) holds(name, want string) error {
	is, err := a.node.ProvenAccount(a.ctx, a.address(name))
	if err == nil && is.Balance.String() != want {
		err = fmt.Errorf("%s has %s, and must have %s", name, is.Balance, want)
	}
	return err
}

// pay pays, and tells how that goes.
func (a *across) pay(p *payment) error {
	key, on, _ := strings.Cut(p.by, "@")
	m, err := sdk.NewSigner(a.node.On(on), sdk.DevKey(a.seed, key)).Transfer(a.ctx, a.address(p.to), chain.NewAmount(10))
	if err != nil {
		return err
	}
	if _, err := a.node.Submit(a.ctx, m); err != nil {
		return err
	}
	err = a.node.FollowWaiting(a.ctx, m.ID(), a.step, func(w sdk.Waiting) error {
		a.say("    it %s", w.Waits.Words(func(id chain.ID) string { return a.named[id] }))
		return nil
	})
	if err != nil {
		return err
	}
	t, err := a.node.Trace(a.ctx, m.ID())
	if err != nil {
		return err
	}
	t.Walk(func(n *sdk.TraceNode, _ int) {
		if n.Status != chain.StatusOK && err == nil {
			err = fmt.Errorf("%s: %s %s", n.Method, n.Status, n.Reason)
		}
	})
	return err
}

// step tells of a message that is final.
func (a *across) step(p sdk.Progress) error {
	switch place := p.Message.Place; {
	case place == nil:
	case p.Message.Kind == sdk.KindExternal:
		a.say("  %s %s is final in block %d of chain %s; what it sent can't fail any more", p.Message.Method, p.Message.Amount, place.Height, a.named[place.Chain])
	default:
		a.say("  %s %s is final in block %d of chain %s", p.Message.Method, p.Message.Amount, place.Height, a.named[place.Chain])
	}
	return nil
}
