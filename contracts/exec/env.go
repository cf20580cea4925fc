package exec

import (
	"cmp"
	"slices"

	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Env is what a program can see and do while it handles one message. Its effects are buffered and leave only if the
// handling succeeds.
type Env struct {
	Context *Context
	Self    chain.Address
	Message *chain.Message
	// Input is what the program is given: the message's, but for an init.
	Input []byte
	// Group are all messages that are handled as one, Message the last of them; nil if it is one alone.
	Group []*chain.Message

	before  chain.Account // the record as the message found it
	account chain.Account // the record now
	storage Storage
	writes  map[string][]byte
	keys    keys // of writes
	sent    []chain.Sent
	events  []chain.ContractEvent
	rare    *rare
	output  []byte // a view's answer
	view    bool   // nothing may change
	loads   *Loads
	// halt is why the handling can't end well any more, broken the first error of the state's. Both hold even if the
	// program goes on as if nothing had happened (E6).
	halt   *Failure
	broken error

	// bought = left + used + reserve + sentGas, always (E1).
	bought, left, used, sentGas uint64
	reserve                     uint64 // for the bounce of a relay that fails
}

// place is where a message is handled: an account at a moment of a block.
type place struct {
	context *Context
	self    chain.Address
	account chain.Account // as the message finds it
	storage Storage
	loads   *Loads // of the account in the block
}

func newEnv(at place, m *chain.Message) *Env {
	e := &Env{
		Context: at.context, Self: at.self, Message: m, Input: m.Input, before: at.account, account: at.account, storage: at.storage, loads: at.loads,
		left: m.GasLimit, bought: m.GasLimit,
	}
	if m.Kind == chain.Relay && !m.CannotFail() {
		e.reserve = gas.Bounce
		e.bought += gas.Bounce
	}
	return e
}

// Account is the account's record as it is now, what came with the message included.
func (e *Env) Account() chain.Account { return e.account }

// GasLeft is the gas that can still be used or sent.
func (e *Env) GasLeft() uint64 { return e.left }

// Charge uses up gas. When it doesn't suffice all that is left is used up, and the handling must fail with the error.
func (e *Env) Charge(gas uint64) error {
	if gas > e.left {
		e.used += e.left
		e.left = 0
		if e.halt == nil {
			e.halt = Fail(chain.StatusOutOfGas, "the gas limit of %d does not suffice", e.Message.GasLimit)
		}
		return e.halt
	}
	e.left -= gas
	e.used += gas
	return nil
}

// Send sends a relay: its amount is taken from the balance, its gas and that of its possible bounce from what is left.
// The input is copied.
func (e *Env) Send(s chain.Sent) error {
	switch {
	case e.view:
		return e.readOnly("send")
	case s.Method == "" || IsReserved(s.Method):
		return Fail(chain.StatusBadInput, "method %q can't be sent", s.Method)
	case s.To.Chain() == 0:
		return Fail(chain.StatusBadInput, "the receiver names no chain") // no block could be decoded that holds it
	}
	return e.send(s)
}

// IsReserved says whether messages of method are made by the ledger alone: no program and no command sends them.
func IsReserved(method string) bool {
	return method == chain.MethodBounce || method == chain.MethodRefund || method == chain.MethodInit
}

// send is Send for all methods that there are.
func (e *Env) send(s chain.Sent) error {
	switch {
	case len(s.Method) > chain.MaxMethodBytes || len(s.Input) > chain.MaxInputBytes:
		return Fail(chain.StatusLimit, "message of %d bytes to send (limit %d)", s.Size(), chain.MaxInputBytes)
	case len(e.sent) == chain.MaxSent:
		return Fail(chain.StatusLimit, "more than %d messages sent by one handling", chain.MaxSent)
	case e.Message.Depth >= chain.MaxDepth:
		return Fail(chain.StatusLimit, "tree of messages deeper than %d", chain.MaxDepth)
	case s.GasLimit < leastGas(s.Method):
		return Fail(chain.StatusOutOfGas, "%s needs a gas limit of at least %d, not %d", s.Method, leastGas(s.Method), s.GasLimit)
	}
	if err := e.Charge(SendGas(&s)); err != nil {
		return err
	}
	if e.left < gas.Bounce || e.left-gas.Bounce < s.GasLimit {
		return Fail(chain.StatusOutOfGas, "sending takes %d gas and %d for a bounce, and %d are left", s.GasLimit, gas.Bounce, e.left)
	}
	balance, err := e.account.Balance.Sub(s.Amount)
	if err != nil {
		return Fail(chain.StatusBalance, "%s to send and a balance of %s", s.Amount, e.account.Balance)
	}
	e.account.Balance = balance
	e.left -= s.GasLimit + gas.Bounce
	e.sentGas += s.GasLimit + gas.Bounce
	s.Input = append([]byte(nil), s.Input...)
	e.sent = append(e.sent, s)
	return nil
}

// ChargeNewAccount charges for an account that comes into being with this handling; nothing if it was there.
func (e *Env) ChargeNewAccount() error {
	if e.before.Exists() {
		return nil
	}
	return e.Charge(gas.NewAccount)
}

// buyGas pays for the gas of an external message and counts the message (I6). Admit has seen that it can be paid.
func (e *Env) buyGas() {
	balance, err := e.account.Balance.Sub(chain.Mul(e.Message.GasLimit, e.Message.GasPrice))
	assert.NoError(err, "gas of an admitted message")
	e.account.Balance = balance
	e.account.Nonce++
}

// reset drops every effect, and gives back the gas that sent messages took.
func (e *Env) reset(base chain.Account) {
	e.account, e.writes, e.keys, e.sent, e.events = base, nil, keys{}, nil, nil
	if e.rare != nil {
		e.rare.published, e.rare.recorded, e.rare.introduced = nil, nil, nil
	}
	e.left += e.sentGas
	e.sentGas = 0
}

// checkGas closes the account of the gas (E1): the reserve that was not needed is left over too.
func (e *Env) checkGas() {
	e.left += e.reserve
	e.reserve = 0
	assert.That(e.left+e.used+e.sentGas == e.bought, "gas: %d left, %d used, %d sent of %d", e.left, e.used, e.sentGas, e.bought)
}

func (e *Env) sortedWrites() []Write {
	if len(e.writes) == 0 {
		return nil
	}
	list := make([]Write, 0, len(e.writes))
	for k, v := range e.writes { // any order: sorted below
		list = append(list, Write{Slot{e.Self, k}, v})
	}
	slices.SortFunc(list, func(a, b Write) int { return cmp.Compare(a.Key, b.Key) })
	return list
}
