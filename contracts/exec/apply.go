package exec

import (
	"errors"

	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Outcome is all that a handling does.
type Outcome struct {
	Account chain.Account // the record after
	Writes  []Write       // to the account's own storage, by key
	Sent    []chain.Sent  // relays, in the order sent
	Status  chain.Status
	Reason  string
	GasUsed uint64 // of this handling alone: its fee
	GasLeft uint64 // bought, neither used nor sent on: goes back to the payer
	Events  []chain.ContractEvent
	rare    *rare
}

// rare is what few handlings have; apart, as a block holds an Outcome for every message.
type rare struct {
	published  []Published
	recorded   []Recorded
	introduced []chain.Limb
	logs       [][]byte
	logBytes   int
}

// effects says whether there is more than logs.
func (r *rare) effects() bool {
	return r != nil && (r.published != nil || r.recorded != nil || r.introduced != nil)
}

// Published is code that becomes part of the state at the end of the block.
func (o *Outcome) Published() []Published {
	if o.rare == nil {
		return nil
	}
	return o.rare.published
}

// Recorded is what a digests actor has recorded of its children.
func (o *Outcome) Recorded() []Recorded {
	if o.rare == nil {
		return nil
	}
	return o.rare.recorded
}

// Introduced are the chains that the registry has made.
func (o *Outcome) Introduced() []chain.Limb {
	if o.rare == nil {
		return nil
	}
	return o.rare.introduced
}

// Logs are lines for who debugs: they change nothing and are no part of a block.
func (o *Outcome) Logs() [][]byte {
	if o.rare == nil {
		return nil
	}
	return o.rare.logs
}

// Apply handles message m at the account self, whose record is before. An external m must have passed Admit against the
// same record; a relay is handled whatever it says (SPEC 8.3).
func Apply(c *Context, self chain.Address, before chain.Account, storage Storage, m *chain.Message) (Outcome, error) {
	return apply(place{c, self, before, storage, &Loads{Had: before.Code}}, m)
}

// apply is Apply at an account that may have loaded code in the block already.
func apply(at place, m *chain.Message) (Outcome, error) {
	env := newEnv(at, m)
	if m.Kind == chain.External {
		env.buyGas()
	}
	base := env.account // what remains if the handling fails: E3
	err := env.run()
	var failure *Failure
	switch {
	case env.broken != nil:
		return Outcome{}, env.broken
	case err == nil:
		return env.succeed(), nil
	case !errors.As(err, &failure):
		return Outcome{}, err
	case m.CannotFail():
		return env.keepCredit(base, failure), nil
	}
	return env.fail(base, failure), nil
}

// Admit says why the external message m can't be an input at a place where its signer's record is account, or nil
// (SPEC 2.2). Its form and its signature are checked elsewhere.
func Admit(c *Context, account chain.Account, m *chain.Message) *Refusal {
	switch cost := chain.Mul(m.GasLimit, m.GasPrice); {
	case !account.Exists():
		return &Refusal{NoAccount, 0, 0}
	case !c.writes(m):
		return &Refusal{NotWriter, 0, 0}
	case m.Nonce != account.Nonce:
		return &Refusal{NonceTaken, m.Nonce, account.Nonce}
	case m.ValidUntil < c.Height:
		return &Refusal{Expired, m.ValidUntil, c.Height}
	case m.GasPrice < c.Params.MinGasPrice:
		return &Refusal{GasPriceLow, m.GasPrice, c.Params.MinGasPrice}
	case m.GasLimit < ExternalGas(m):
		return &Refusal{GasLimitLow, m.GasLimit, ExternalGas(m)}
	case m.GasLimit > chain.MaxMessageGas:
		return &Refusal{GasLimitHigh, m.GasLimit, chain.MaxMessageGas}
	case account.Balance.Less(cost):
		return &Refusal{GasOverBalance, m.GasLimit, m.GasPrice}
	}
	return nil
}

// run charges for the handling, credits what came with a relay, and lets the program act.
func (e *Env) run() error {
	if err := e.Charge(e.entryGas()); err != nil {
		return err
	}
	if e.Message.Kind == chain.Relay {
		switch {
		case e.Self.IsSystem():
			return e.noReceiver()
		case e.Message.GasLimit > chain.MaxMessageGas: // no chain of ours sends it, but a chain may not be ours
			return Fail(chain.StatusLimit, "gas limit of %d (limit %d)", e.Message.GasLimit, chain.MaxMessageGas)
		case e.Context.isClosed(e.Message):
			return Fail(chain.StatusRefused, "chain %d takes messages of its own writers alone, and money", e.Context.Chain)
		case e.Context.isCheap(e.Message):
			return Fail(chain.StatusLimit, "gas price of %d, and chain %d's least is %d", e.Message.GasPrice, e.Context.Chain, e.Context.Params.MinGasPrice)
		}
		e.account = e.credit(e.account, e.Message)
	}
	program, err := e.Context.Programs.Program(e.Self, e.before, e.Message)
	if err != nil {
		return err
	}
	return e.end(program.Handle(e))
}

// end is what follows a program in every handling.
func (e *Env) end(err error) error {
	switch {
	case err != nil:
		return err
	case e.halt != nil:
		return e.halt
	}
	return e.settleDeposit()
}

// isCheap says whether a relay pays less for its gas than this chain asks for, as its own may ask for less. What credits and can't come
// back is handled all the same: its cost is a constant.
func (c *Context) isCheap(m *chain.Message) bool {
	return m.GasPrice < c.Params.MinGasPrice && m.Method != chain.MethodAdd && !m.CannotFail()
}

// writes says whether an external message is of a key that may write here (SPEC 7.3), or calls a system actor: those judge for themselves, as
// with relays (isClosed). Else a chain that lists its writers would cut off the chains under it, whose digests anybody carries, and an owner
// who lives there and isn't listed could never change the list again.
func (c *Context) writes(m *chain.Message) bool {
	if len(c.Params.Writers) == 0 {
		return true
	}
	signed, err := m.Signed() // the signature is checked with others
	return err == nil && chain.Allows(c.Params.Writers, signed.Public) || callsSystem(m)
}

// callsSystem says whether all that m does is to send something to a system actor, of this chain or another.
func callsSystem(m *chain.Message) bool {
	if m.Method != chain.MethodCall {
		return false
	}
	in, err := chain.DecodeCall(m.Input)
	return err == nil && in.To.IsNative()
}

// isClosed says whether a relay comes from another chain to one with writers of its own, and isn't money or what came back: its sender's
// chain vouches for the sender, and this one need not believe it (SPEC 7.3). It is taken in and bounced, as all that can't be run (SPEC 8.3).
// The system actors judge for themselves: anybody's digest is as good as a writer's.
func (c *Context) isClosed(m *chain.Message) bool {
	return len(c.Params.Writers) > 0 && m.From.Chain() != c.Chain && m.Method != chain.MethodAdd && !m.CannotFail() && !m.To.IsNative()
}

// noReceiver is why a message came to the chain's own account.
func (e *Env) noReceiver() error {
	to := e.Message.To.Chain()
	switch {
	case to == e.Context.Chain:
		return Fail(chain.StatusNoAccount, "the chain's own account takes no messages")
	case e.Context.Tree.Has(to):
		return Fail(chain.StatusLimit, "%d messages to chain %d are not taken in yet: try again later", chain.MaxUnconsumed, to)
	}
	return Fail(chain.StatusNoChain, "chain %d does not exist", to)
}

// entryGas is what the handling costs before the program acts.
func (e *Env) entryGas() uint64 {
	if e.Message.Kind == chain.External {
		return ExternalGas(e.Message)
	}
	return gas.Handling
}

func (e *Env) succeed() Outcome {
	e.checkGas()
	return Outcome{
		Account: e.account, Writes: e.sortedWrites(), Sent: e.sent, Status: chain.StatusOK,
		GasUsed: e.used, GasLeft: e.left, Events: e.events, rare: e.rare,
	}
}

// fail drops all effects (E3). What came with a relay goes back to its sender, paid from its reserve (SPEC 1.5).
func (e *Env) fail(base chain.Account, why *Failure) Outcome {
	e.reset(base)
	why = why.normal()
	o := Outcome{Account: base, Status: why.Status, Reason: why.Reason, rare: e.rare}
	if m := e.Message; m.Kind == chain.Relay {
		s := bounce(m, why)
		price := SendGas(&s)
		assert.That(e.reserve >= price+gas.Handling, "bounce of %d bytes costs more than its reserve", s.Size())
		e.used += price
		s.GasLimit = e.reserve - price
		e.reserve, e.sentGas = 0, s.GasLimit
		o.Sent = []chain.Sent{s}
	}
	e.checkGas()
	o.GasUsed, o.GasLeft = e.used, e.left
	return o
}

// keepCredit is the end of a bounce or a refund that failed, by its hook or for want of gas: the credit stays (E4), everything else is dropped.
func (e *Env) keepCredit(base chain.Account, why *Failure) Outcome {
	e.reset(base)
	why = why.normal()
	e.account = e.credit(base, e.Message)
	e.checkGas()
	return Outcome{Account: e.account, Status: why.Status, Reason: why.Reason, GasUsed: e.used, GasLeft: e.left, rare: e.rare}
}

// bounce is the message that tells the sender of m that it failed, and gives back what m carried.
func bounce(m *chain.Message, why *Failure) chain.Sent {
	input := m.Input[:min(len(m.Input), chain.MaxBounceInput)]
	in := chain.BounceInput{Message: m.ID(), Method: m.Method, Status: why.Status, Reason: why.Reason, Input: input}
	return chain.Sent{To: m.From, Method: chain.MethodBounce, Amount: m.Amount, Input: in.Encode()}
}
