package auction_test

import (
	"strings"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/kit"
)

// told is what a puppet is told: to send a message, deep further messages down the tree.
type told struct {
	Deep   uint64
	To     chain.Address
	Method string
	Input  []byte
	Gas    uint64
}

// puppet is an account with code that sends what it is told to, with the money that comes with it. It takes what opens a sale,
// and refuses every other message with as many words as it may: for the other side of what is tested.
var puppet = kit.Native{Name: "puppet", Handle: kit.Methods{
	"say": pulled, "open": taken,
	"bid": rejected, "report": rejected, "sold": rejected, "unsold": rejected, "outcome": rejected,
}.Handle}

func taken(*kit.Env) error { return nil }

func rejected(env *kit.Env) error {
	return kit.Refuse("no method %s%s", env.Message.Method, strings.Repeat(" at all", 40))
}

func pulled(env *kit.Env) error {
	var s told
	if err := kit.Decode(env.Input, &s); err != nil {
		return kit.Refuse("%v", err)
	}
	if s.Deep == 0 {
		return env.Send(chain.Sent{To: s.To, Method: s.Method, Input: s.Input, Amount: env.Message.Amount, GasLimit: s.Gas})
	}
	s.Deep--
	b, err := kit.Encode(s)
	if err != nil {
		return kit.Refuse("%v", err)
	}
	return env.Send(chain.Sent{To: env.Self, Method: "say", Input: b, Amount: env.Message.Amount, GasLimit: env.GasLeft() - hop})
}

// hop is more than a message costs that the puppet sends to itself, the reserve for a bounce included.
const hop = 300_000

// pull lets the puppet send a message that the payer pays for.
func (h *house) pull(k *kit.Chain, payer, p, to *kit.Account, method string, amount uint64, deep uint64, input ...any) *kit.Trace {
	h.t.Helper()
	b, err := kit.Encode(input...)
	if err != nil {
		h.t.Fatal(err)
	}
	s := told{deep, to.Address(), method, b, 10_000_000}
	return k.Send(payer, p, "say", kit.Input(s), kit.Amount(amount), kit.Gas(20_000_000+deep*hop))
}
