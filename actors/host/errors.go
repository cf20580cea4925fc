package host

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
)

// ErrClosed is the answer of a Host after Close.
var ErrClosed = errors.New("host: closed")

// Busy refuses what would let a queue grow beyond its limit: try again later. Nothing has happened.
type Busy struct {
	What  string
	Limit int
}

// Error says what is full.
func (b *Busy) Error() string {
	return fmt.Sprintf("busy: %d %s wait already: try again", b.Limit, b.What)
}

// Panic is a bug in what runs inside an account: the node must stop before it votes.
type Panic struct {
	Account chain.Address
	Value   any
	Stack   []byte
}

// Error is the value and the stack.
func (p *Panic) Error() string {
	return fmt.Sprintf("account %s: panic: %v\n%s", p.Account, p.Value, p.Stack)
}

// Unwrap is the value if it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}
