package guest

import "unsafe"

// None is the input of a method that takes none.
type None = struct{}

// Method is the name of a method whose input is an In: what a contract offers to others as a constant,
//
//	const Transfer guest.Method[TransferInput] = "transfer_tokens"
//
// so that they write Transfer.To(token, TransferInput{…}) and get the types right.
type Method[In any] string

// To makes the message that calls the method at the account to. It carries no money, and DefaultGas.
func (m Method[In]) To(to Address, in In) Message {
	return Message{To: to, Method: string(m), Input: Encode(in), Gas: DefaultGas}
}

// DefaultGas is the gas of a message for which nothing else is said: a millisecond of the receiver. What isn't used comes
// back to who paid for it.
//
// It doesn't suffice for loading code that has not run lately, which its receiver pays for: `thinkey check` says how much that is of a
// module, some 40 million for one from Go. Such a message comes back as a bounce, with the status out of gas: keep what it was
// about, and let it be sent again. kit.Cool lets a test see that.
const DefaultGas = 1_000_000

// AddGas is the gas of a message that carries money alone.
const AddGas = 10_000

// Message is one to be sent.
type Message struct {
	To     Address
	Method string
	Input  []byte
	Amount Amount // taken from the account's balance
	Gas    uint64 // taken from the gas of this handling; the gas of a possible bounce too
}

// Pay makes the message that gives amount to the account to. It can't fail there, with code or without.
func Pay(to Address, amount Amount) Message {
	return Message{To: to, Method: "add", Amount: amount, Gas: AddGas}
}

// Carrying is m with amount.
func (m Message) Carrying(amount Amount) Message {
	m.Amount = amount
	return m
}

// WithGas is m with gas.
func (m Message) WithGas(gas uint64) Message {
	m.Gas = gas
	return m
}

// Deployment is a new account with code, and its first message.
type Deployment struct {
	Code   Hash // as it was published
	Salt   Hash // two accounts of one creator and one code differ in it
	Amount Amount
	Gas    uint64 // of its Init; DefaultGas if zero
	Input  []byte // of its Init: Encode(…)
}

// Bounce tells that a message of this account failed. What it carried is credited already: ctx.Amount().
type Bounce struct {
	Message Hash // its id
	Method  string
	Status  uint8  // the class of the failure
	Reason  string // for people
	Input   []byte // the first KiB of what was sent
}

// Event is a topic whose body is a B: a constant, which Serve is told of with Emits.
type Event[B any] string

// Emit tells the outside that something happened, once the handling has succeeded.
func (e Event[B]) Emit(_ Context, body B) {
	hostEvent(string(e), codecOf[B]().encoded(unsafe.Pointer(&body)))
}
