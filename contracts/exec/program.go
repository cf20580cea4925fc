package exec

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Context is what a handling may know beside its account and its message; equal for all handlings of a block.
type Context struct {
	Network    chain.NetworkID
	Chain      chain.ID
	Height     uint64
	TimeMillis uint64
	Params     chain.Params
	// Tree are the chains that there are, as this chain's state knows them. Full are those that so many relays are on their way to
	// that a further one bounces (SPEC 8.6), by id.
	Tree chain.Tree
	Full []chain.ID
	// Programs finds what a message means to an account.
	Programs Programs
	// Code is the entry of published code in the state before the block; nil if there is none.
	Code func(chain.CodeHash) (*chain.CodeEntry, error)
	// Loading is what it costs in this block to load code, as the state before it says; nil if nothing ever costs that.
	Loading LoadingOf
	// System is an entry of the chain's own account in the state before the block, for Env.System; nil if there are none.
	System func(key string) ([]byte, error)
}

// Receiver is the account that handles a message of method sent to address to: that which it is sent to, or the chain's own
// account, which bounces it, when there is no such chain or too much is on its way there (SPEC 8.6). The second result is false when
// it is handled on another chain. What was sent back always leaves: it has nowhere else to go.
func (c *Context) Receiver(to chain.Address, method string) (chain.Address, bool) {
	switch id := to.Chain(); {
	case id == c.Chain:
		return to, true
	case method == chain.MethodBounce || c.Tree.Has(id) && !slices.Contains(c.Full, id):
		return to, false
	}
	return chain.SystemAddress(c.Chain), true
}

// Home is the account that handles a message which is on this chain already: carried in, or imported. One that waited for the
// chain's own account to bounce it still does, whatever has changed since it was sent.
func (c *Context) Home(to chain.Address) chain.Address {
	if to.Chain() == c.Chain {
		return to
	}
	return chain.SystemAddress(c.Chain)
}

// Programs finds the program that handles m at the account self, whose record was account before m came. It returns a Failure when there
// is none.
type Programs interface {
	Program(self chain.Address, account chain.Account, m *chain.Message) (Program, error)
	// Group finds the program that can handle several messages of method as one at the account self (SPEC 9.2, 9.3); nil if
	// the method is not mergeable. An error says that this could not be found out.
	Group(self chain.Address, account chain.Account, method string) (Program, error)
	// View finds the program that answers questions to the account self. It returns a Failure when there is none.
	View(self chain.Address, account chain.Account) (Program, error)
}

// Program handles one message through env. An error that is a *Failure fails the handling; any other says that the state
// could not be read.
type Program interface {
	Handle(env *Env) error
}

// Failure is why a handling failed.
type Failure struct {
	Status chain.Status
	Reason string
}

// Error is status and reason.
func (f *Failure) Error() string {
	if f.Reason == "" {
		return f.Status.String()
	}
	return f.Status.String() + ": " + f.Reason
}

// Fail makes a Failure; its reason is cut to chain.MaxReasonBytes.
func Fail(status chain.Status, format string, args ...any) *Failure {
	return (&Failure{status, fmt.Sprintf(format, args...)}).normal()
}

// normal is f as a receipt and a bounce can hold it, whoever made it: with a status that is a failure, and a reason that
// is not too long and of whole letters.
func (f *Failure) normal() *Failure {
	assert.That(f.Status.IsFailure(), "status %d of a failure", f.Status)
	reason := f.Reason
	if len(reason) > chain.MaxReasonBytes {
		n := chain.MaxReasonBytes
		for n > chain.MaxReasonBytes-utf8.UTFMax && !utf8.RuneStart(reason[n]) {
			n--
		}
		reason = reason[:n]
	}
	return &Failure{f.Status, reason}
}
