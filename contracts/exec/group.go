package exec

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// applyGroup handles several relays of one mergeable method as one (SPEC 9.2): the code runs once, on all their inputs and
// the sum of their amounts. Each message pays for its own handling and an equal share of the code's gas; what is sent is
// sent by the last. Outcomes are by message, with the record after all of them. The result is nil if they can't be handled
// so, for whatever reason: nothing has happened then but that gas was wasted, which nobody pays for, and each is to be
// handled by itself.
func applyGroup(at place, group []*chain.Message) (done []Outcome, wasted uint64, err error) {
	program, err := at.context.grouped(at.self, at.account, group)
	if program == nil || err != nil {
		return nil, 0, err
	}
	last := group[len(group)-1]
	env := newEnv(at, last)
	env.Group = group
	env.left = mostTogether(group)
	env.bought, env.reserve = env.left, 0
	for _, m := range group {
		env.account = env.credit(env.account, m)
	}
	err = env.end(program.Handle(env))
	var failure *Failure
	switch {
	case env.broken != nil:
		return nil, 0, env.broken
	case errors.As(err, &failure):
		return nil, env.used, nil
	case err != nil:
		return nil, 0, fmt.Errorf("%d messages as one: %w", len(group), err)
	}
	if done = env.share(group); done == nil {
		wasted = env.used
	}
	return done, wasted, nil
}

// mostTogether is the most gas that the code may use for all of a group.
func mostTogether(group []*chain.Message) uint64 {
	least := uint64(chain.MaxMessageGas)
	for _, m := range group {
		least = min(least, m.GasLimit)
	}
	return min((max(least, gas.Handling)-gas.Handling)*uint64(len(group)), chain.MaxMessageGas)
}

// MostTogether is the most gas that trying to handle a group as one can waste.
func MostTogether(group []*Delivery) uint64 { return mostTogether(messagesOf(group)) }

func messagesOf(group []*Delivery) []*chain.Message {
	list := make([]*chain.Message, len(group))
	for i, d := range group {
		list[i] = d.Message
	}
	return list
}

// grouped is the program for all of group; nil if they are no group.
func (c *Context) grouped(self chain.Address, before chain.Account, group []*chain.Message) (Program, error) {
	if len(group) < 2 || len(group) > chain.MaxJoined || self.IsSystem() {
		return nil, nil
	}
	for _, m := range group {
		if m.Kind != chain.Relay || m.Method != group[0].Method || m.GasLimit < gas.Handling || m.GasLimit > chain.MaxMessageGas || c.isCheap(m) || c.isClosed(m) {
			return nil, nil
		}
	}
	return c.Group(self, before, group[0].Method)
}

// Group is the program that handles several messages of method as one; nil if there is none. Code that is not warm has none:
// to ask it would load it, and nobody would have paid for that.
func (c *Context) Group(self chain.Address, account chain.Account, method string) (Program, error) {
	if account.Code != (chain.CodeHash{}) {
		if l, err := c.loading(account.Code); err != nil || l.Gas > 0 {
			return nil, err
		}
	}
	return c.Programs.Group(self, account, method)
}

// share divides what the handling of a group used; nil if the last message can't pay for what was sent.
func (e *Env) share(group []*chain.Message) []Outcome {
	e.checkGas()
	n := uint64(len(group))
	list := make([]Outcome, n)
	for i, m := range group {
		part := e.used / n
		if uint64(i) < e.used%n {
			part++
		}
		used := gas.Handling + part
		list[i] = Outcome{Account: e.account, Status: chain.StatusOK, GasUsed: used, GasLeft: m.GasLimit + gas.Bounce - used}
	}
	last := &list[n-1]
	if last.GasLeft-gas.Bounce < e.sentGas {
		return nil
	}
	last.GasLeft -= e.sentGas
	last.Writes, last.Sent, last.Events, last.rare = e.sortedWrites(), e.sent, e.events, e.rare
	assert.That(!e.rare.effects(), "a group publishes, records and introduces nothing")
	return list
}
