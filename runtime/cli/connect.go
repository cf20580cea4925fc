package cli

import (
	"context"
	"errors"
	"time"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// connect is a client of the nodes in the settings, for calls that must end within the timeout. Of several each gets its part of the time.
func (a *app) connect(ctx context.Context) (context.Context, context.CancelFunc, *client.Client) {
	ctx, cancel := context.WithTimeout(ctx, a.settings.timeout())
	nodes := a.settings.nodes()
	c := client.New(nodes[0], client.WithOthers(nodes[1:]...), client.WithTimeout(a.settings.timeout()/time.Duration(len(nodes))), client.WithPatience(a.settings.timeout()),
		client.WithChain(a.settings.text("chain")))
	return ctx, func() { cancel(); c.Close() }, c
}

// classifyClient makes a fault of what talking to a node came to, nil of any other error.
func classifyClient(err error) *fault {
	var refusal *client.Error
	switch {
	case errors.As(err, &refusal):
		return &fault{exit: exitOf(refusal), code: refusal.Code, words: refusal.Message, hint: hintFor(refusal), cause: err}
	case errors.Is(err, context.DeadlineExceeded):
		f := &fault{exit: exitTimeout, code: "timeout", words: "the node did not answer in time", cause: err}
		return f.do("wait longer with --timeout, or ask it how it does: thinkey status")
	case errors.Is(err, client.ErrUnreachable):
		f := &fault{exit: exitUnreachable, code: "unreachable", words: err.Error(), cause: err}
		return f.do("start one with: thinkey dev, or name another with --node URL")
	case errors.Is(err, client.ErrProof):
		f := &fault{exit: exitFailed, code: "not_proven", words: err.Error(), cause: err}
		return f.do("don't use the answer; ask another node")
	case errors.Is(err, client.ErrOtherChain):
		f := &fault{exit: exitFailed, code: "other_chain", words: err.Error(), cause: err}
		return f.do("the node was reset or is another one; start again")
	}
	return nil
}

// exitOf tells a message that the chain refuses from a call that the node can't answer.
func exitOf(e *client.Error) int {
	switch {
	case e.Code == "unreadable_answer", e.Code == client.CodeBusy, e.Code == client.CodeStopping:
		return exitUnreachable
	case e.Status == 0: // of a message, not of the call
		return exitRefused
	}
	return exitFailed
}

// hints are for refusals whose next step is a flag or a command; the node only knows its API.
var hints = map[string]string{
	client.CodeUnknownMessage: "check the id, and that --node is the node it was sent to",
	client.CodeUnknownChain:   "see: thinkey chain list",
	client.CodeUnknownBlock:   "see the last one with: thinkey block show latest",
	client.CodeNotDev:         "start a network that takes it with: thinkey dev",
	client.CodeUnknownCode:    "publish it with: thinkey publish FILE",
	client.CodeUnknownAccount: "check the address; an account that was deployed is there once its deploy is final",
	client.CodeNoCode:         "pay it with thinkey transfer; give it code with thinkey setcode",
	"code_published":          "use it: thinkey deploy HASH",
	"nonce_used":              "leave --nonce out",
	"nonce_ahead":             "send what is missing first, or leave --nonce out",
	"nonce_taken":             "raise --gas-price to replace the message that waits, or leave --nonce out",
	"expired":                 "raise --valid-for",
	"no_account":              "pay the account first, or send from another",
	"gas_price_low":           "raise --gas-price, or leave it out",
	"gas_limit_low":           "raise --gas, or leave it out",
	"gas_limit_high":          "lower --gas",
	"gas_over_balance":        "pay the account first, or lower --gas-price or, where there is one, --gas",
	"lane_full":               "wait until some of the account's messages are final",
}

func hintFor(e *client.Error) string {
	if hint := hints[e.Code]; hint != "" {
		return hint
	}
	return e.Hint
}

// parseID reads the id of a message.
func parseID(s string) (chain.MessageID, error) {
	id, err := chain.ParseMessageID(s)
	if err != nil {
		return id, usage("message id: %v", err).do("copy it from what transfer or send printed")
	}
	return id, nil
}
