package kit

import (
	"github.com/thinkey/thinkey/sdk/chain"
)

// Detail says more of a message: of one that is sent (Amount, Tokens, Input, Raw, Gas, As), or of one that is looked for in a
// trace (all but Gas and As).
type Detail func(*details)

type details struct {
	amount  *chain.Amount
	input   []any
	hasIn   bool
	raw     []byte
	gas     uint64
	name    string
	from    string
	status  chain.Status
	reason  string
	topic   string
	logged  string
	looking []string // details that only a pattern can have
}

// Amount is the money that goes with the message.
func Amount(v uint64) Detail { return Tokens(chain.NewAmount(v)) }

// Tokens is Amount for more than 2^64.
func Tokens(v chain.Amount) Detail { return func(d *details) { d.amount = &v } }

// Input are the values that the method takes, in order: what the contract declares as its fields, or one struct of them.
// Encode says how they are encoded.
func Input(values ...any) Detail {
	return func(d *details) { d.input, d.hasIn = values, true }
}

// Raw is an input that is encoded already.
func Raw(input []byte) Detail { return func(d *details) { d.raw, d.hasIn = input, true } }

// Gas is the gas limit of the message and all that descends from it [20 million].
func Gas(limit uint64) Detail { return func(d *details) { d.gas = limit } }

// As is what the kit calls the account that Deploy makes, where contract and salt don't make a good name.
func As(name string) Detail { return func(d *details) { d.name = name } }

// From is who sent the message.
func From(name string) Detail { return looking("From", func(d *details) { d.from = name }) }

// Status is what came of it.
func Status(s chain.Status) Detail { return looking("Status", func(d *details) { d.status = s }) }

// Refused is a message that the code of its receiver refused with words that contain these.
func Refused(words string) Detail {
	return looking("Refused", func(d *details) { d.status, d.reason = chain.StatusRefused, words })
}

// Because is a message that failed, or was not let in, for a reason that contains these words.
func Because(words string) Detail { return looking("Because", func(d *details) { d.reason = words }) }

// Emitted is a message whose handling reported an event of that topic.
func Emitted(topic string) Detail { return looking("Emitted", func(d *details) { d.topic = topic }) }

// Logged is a message whose handling logged a line that contains these words.
func Logged(words string) Detail { return looking("Logged", func(d *details) { d.logged = words }) }

func looking(name string, f Detail) Detail {
	return func(d *details) {
		d.looking = append(d.looking, name)
		f(d)
	}
}

// gasOfTree is the gas limit of a message for which nothing else is said.
const gasOfTree = 20_000_000

// sending are the details of a message to be sent.
func (k *Chain) sending(list []Detail) (d details) {
	k.t.Helper()
	for _, f := range list {
		f(&d)
	}
	k.check(len(d.looking) == 0, "%v is for looking into a trace: a message to be sent can't have it", d.looking)
	if d.gas == 0 {
		d.gas = gasOfTree
	}
	return d
}

func (d *details) money() chain.Amount {
	if d.amount == nil {
		return chain.Amount{}
	}
	return *d.amount
}
