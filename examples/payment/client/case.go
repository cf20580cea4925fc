package client

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
)

//go:embed testdata/payment.json
var paper []byte

// Case is a possible order of the example: what there is, what is sent, and what then happens.
type Case struct {
	Name     string
	Before   map[string]chain.Amount // balances by account
	Messages map[string]Payment      // external messages by label
	Sigma    Sigma
	After    map[string]chain.Amount

	sends map[string][]string // labels of what a message may send, over all cases
	other []Case              // the other possible orders of the same messages
}

// Payment is an external message of the example.
type Payment struct {
	Signer string `json:"signer"`
	To     string `json:"to"`
	Amount uint64 `json:"amount"`
}

// Sigma is σ by names: for every account what it handled, in order.
type Sigma map[string]Events

// Events is a σ_i.
type Events []Event

// Event is a message that was handled, with those that were sent by that, by label.
type Event struct {
	Message string
	Sent    []string
}

// UnmarshalJSON reads ["m1", ["m2"]].
func (e *Event) UnmarshalJSON(b []byte) error {
	pair := [2]any{&e.Message, &e.Sent}
	return json.Unmarshal(b, &pair)
}

// Equal says whether two orders are the same.
func (s Sigma) Equal(t Sigma) bool {
	return maps.EqualFunc(s, t, func(a, b Events) bool {
		return slices.EqualFunc(a, b, func(x, y Event) bool { return x.Message == y.Message && slices.Equal(x.Sent, y.Sent) })
	})
}

// Cases are those of the paper in which everybody is on one chain.
func Cases() ([]Case, error) {
	var all struct {
		Before   map[string]uint64
		Messages map[string]Payment
		Orders   []struct {
			Name          string
			Chains        map[string]int
			Before, After map[string]uint64
			Messages      map[string]Payment
			Sigma         json.RawMessage
		}
	}
	if err := json.Unmarshal(paper, &all); err != nil {
		return nil, fmt.Errorf("payment.json: %w", err)
	}
	var cases []Case
	for _, o := range all.Orders {
		if slices.ContainsFunc(slices.Collect(maps.Values(o.Chains)), func(id int) bool { return id != 1 }) {
			continue
		}
		c := Case{Name: o.Name, Before: amounts(all.Before), Messages: all.Messages, After: amounts(o.After)}
		if o.Before != nil {
			c.Before = amounts(o.Before)
		}
		if o.Messages != nil {
			c.Messages = o.Messages
		}
		if err := json.Unmarshal(o.Sigma, &c.Sigma); err != nil {
			return nil, fmt.Errorf("payment.json: order %q: %w", o.Name, err)
		}
		cases = append(cases, c)
	}
	return connect(cases), nil
}

// connect tells every case what the others say of the same messages.
func connect(cases []Case) []Case {
	sends := make(map[string][]string)
	for _, c := range cases {
		for _, events := range c.Sigma {
			for _, e := range events {
				if len(e.Sent) > 0 {
					sends[e.Message] = e.Sent
				}
			}
		}
	}
	connected := slices.Clone(cases)
	for i := range connected {
		connected[i].sends = sends
		for j, c := range cases {
			if i != j && maps.Equal(c.Messages, cases[i].Messages) {
				connected[i].other = append(connected[i].other, c)
			}
		}
	}
	return connected
}

func amounts(numbers map[string]uint64) map[string]chain.Amount {
	list := make(map[string]chain.Amount)
	for name, n := range numbers {
		list[name] = chain.NewAmount(n)
	}
	return list
}

// Accounts are the names in order.
func (c *Case) Accounts() []string { return slices.Sorted(maps.Keys(c.Before)) }

// labels are those of the external messages, in order.
func (c *Case) labels() []string { return slices.Sorted(maps.Keys(c.Messages)) }

// turns are the external messages in an order that gives the case's σ for certain, if each has a block of its own: what an
// account handles later comes later.
func (c *Case) turns() []string {
	root := make(map[string]string) // of a relay: the external message that sends it
	for _, label := range c.labels() {
		root[label] = label
		for _, sent := range c.sends[label] {
			root[sent] = label
		}
	}
	turns := c.labels()
	for _, events := range c.Sigma {
		for i := 1; i < len(events); i++ {
			first, second := root[events[i-1].Message], root[events[i].Message]
			a, b := slices.Index(turns, first), slices.Index(turns, second)
			if a > b {
				turns[a], turns[b] = second, first
			}
		}
	}
	return turns
}
