package client

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/thinkey/thinkey/sdk/chain"
	sdk "github.com/thinkey/thinkey/sdk/client"
)

// Across is the example with Alice on one chain and Bob and Charlie on another: who is where, and what they begin with.
var Across = map[string]string{"alice@a": "20", "bob@b": "5", "charlie@b": "5"}

// across is a run of it.
type across struct {
	ctx   context.Context
	node  *sdk.Client
	out   io.Writer
	seed  string
	chain map[string]chain.ID
	named map[chain.ID]string
}

// RunAcross plays the example over two chains on a fresh development network: Alice pays Bob, who is on another chain; when that has
// arrived, Bob pays Charlie. It prints what each message waits for on its way, and fails unless all end with what the paper says.
func RunAcross(ctx context.Context, node string, out io.Writer) error {
	a := &across{ctx: ctx, node: sdk.New(node), out: out, chain: make(map[string]chain.ID), named: make(map[chain.ID]string)}
	defer a.node.Close()
	if err := a.begin(); err != nil {
		return err
	}
	for _, p := range []struct{ by, to, words string }{
		{"alice@a", "bob@b", "Alice pays Bob 10"}, {"bob@b", "charlie@b", "Bob pays Charlie 10"},
	} {
		a.say("\n%s.", p.words)
		if err := a.pay(p.by, p.to); err != nil {
			return fmt.Errorf("%s: %w", p.words, err)
		}
	}
	a.say("")
	for name, want := range map[string]string{"alice@a": "10", "bob@b": "5", "charlie@b": "15"} {
		if err := a.holds(name, want); err != nil {
			return err
		}
	}
	a.say("alice@a 10, bob@b 5, charlie@b 15, each proven to the state root of its chain's last block")
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
	if about.Dev == nil || a.chain["a"] == 0 || a.chain["b"] == 0 {
		return fmt.Errorf("the node at %s is no development network with chains a and b; start one with: thinkey dev", a.node.Node())
	}
	a.seed = about.Dev.Seed
	for name, has := range Across {
		if err := a.holds(name, has); err != nil {
			return fmt.Errorf("%w; start the network with --account %s=%s", err, name, has)
		}
	}
	a.say("Alice has 20 on chain a; Bob has 5 and Charlie 5 on chain b. Both chains are under the main one.")
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

// pay pays 10, and tells how that goes.
func (a *across) pay(by, to string) error {
	key, on, _ := strings.Cut(by, "@")
	m, err := sdk.NewSigner(a.node.On(on), sdk.DevKey(a.seed, key)).Transfer(a.ctx, a.address(to), chain.NewAmount(10))
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
