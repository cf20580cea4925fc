package account

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Tag names an open block: the parent it stands on, and which attempt it is, as one node may try several.
type Tag struct {
	Parent  chain.BlockHash
	Attempt uint64
}

// Home is what all accounts of a node share.
type Home struct {
	State  exec.State // final
	Limits Limits
}

// Account is one live account. Its methods must not be called at the same time.
type Account struct {
	home    *Home
	address chain.Address
	final   chain.Account
	open    []layer // lowest first: A2
	lane    Lane
}

type layer struct {
	tag     Tag
	overlay *exec.Overlay
}

// New is the account at address, whose final record is given.
func New(home *Home, address chain.Address, final chain.Account) *Account {
	return &Account{home: home, address: address, final: final}
}

// Address is the account's.
func (a *Account) Address() chain.Address { return a.address }

// Final is the record that the last committed block left.
func (a *Account) Final() chain.Account { return a.final }

// Idle says that the account can leave memory and lose nothing: no block is open and no message waits.
func (a *Account) Idle() bool { return len(a.open) == 0 && a.lane.Len() == 0 }

// Open is the account in the block tag; it opens it, on top of those that are open, if it isn't.
func (a *Account) Open(tag Tag) *exec.Overlay {
	if o := a.Overlay(tag); o != nil {
		return o
	}
	before, state := a.final, a.home.State
	if n := len(a.open); n > 0 {
		below := a.open[n-1].overlay
		before, state = below.Now, through{below}
	}
	o := exec.NewOverlay(a.address, before, state)
	a.open = append(a.open, layer{tag, o})
	return o
}

// Overlay is the account in the block tag, nil if that didn't touch it.
func (a *Account) Overlay(tag Tag) *exec.Overlay {
	for i := len(a.open) - 1; i >= 0; i-- {
		if a.open[i].tag == tag {
			return a.open[i].overlay
		}
	}
	return nil
}

// Nonce is the nonce of the account's next external message in the block tag.
func (a *Account) Nonce(tag Tag) uint64 {
	if o := a.Overlay(tag); o != nil {
		return o.Now.Nonce
	}
	if n := len(a.open); n > 0 {
		return a.open[n-1].overlay.Now.Nonce
	}
	return a.final.Nonce
}

// Next is the external message that the account could handle next in the block tag, nil if none waits.
func (a *Account) Next(tag Tag) *chain.Message { return a.lane.Next(a.Nonce(tag)) }

// Handle handles d in the block tag, which it opens with the first event. A refused message leaves no trace.
func (a *Account) Handle(c *exec.Context, tag Tag, d *exec.Delivery) (*exec.Handled, *exec.Refusal, error) {
	o := a.Open(tag)
	handled, refusal, err := o.Handle(c, d)
	if refusal != nil && len(o.Events) == 0 {
		a.Discard(tag)
	}
	return handled, refusal, err
}

// Settle sets what the end of the block tag, which is still open, leaves of the account: a block on top must stand on
// refunds too.
func (a *Account) Settle(tag Tag, record chain.Account) {
	o := a.Open(tag)
	assert.That(a.open[len(a.open)-1].overlay == o, "settle: a block stands on it already")
	o.Now = record
}

// Commit makes the block tag final. The record is the account's after the block if its end changed it, else nil. It
// returns how many messages of the lane are used up. A block that didn't touch the account changes it by its record alone.
func (a *Account) Commit(tag Tag, record *chain.Account) (used int) {
	if len(a.open) > 0 && a.open[0].tag == tag {
		a.final = a.open[0].overlay.Now
		a.remove(0, 1)
	}
	if record != nil {
		a.final = *record
	}
	if len(a.open) > 0 {
		assert.That(a.open[0].overlay.Before == a.final, "account %s: a block is open that doesn't stand on what is final", a.address)
	}
	return a.lane.Use(a.final.Nonce)
}

// Discard drops the block tag and all that stands on it.
func (a *Account) Discard(tag Tag) {
	for i := range a.open {
		if a.open[i].tag == tag {
			a.remove(i, len(a.open))
			return
		}
	}
}

// remove cuts out layers; an account without any holds no memory for them.
func (a *Account) remove(from, to int) {
	rest := append(a.open[:from:from], a.open[to:]...)
	if len(rest) == 0 {
		rest = nil
	}
	a.open = rest
}

// Offer asks for a place in the lane; see Lane.Offer.
func (a *Account) Offer(c *exec.Context, m *chain.Message) (replaced *chain.Message, err error) {
	return a.lane.Offer(c, a.home.Limits, a.final, m)
}

// Drop takes m out of the lane.
func (a *Account) Drop(m *chain.Message) { a.lane.Drop(m) }

// Expire takes out of the lane what a block of the given height can't hold any more.
func (a *Account) Expire(height uint64) []*chain.Message { return a.lane.Expire(height) }

// Waiting is the number of messages in the lane.
func (a *Account) Waiting() int { return a.lane.Len() }

// NextNonce is the first nonce behind the final record for which no message waits.
func (a *Account) NextNonce() uint64 {
	next := a.final.Nonce
	for a.lane.Next(next) != nil {
		next++
	}
	return next
}

// through reads an account's storage as the block below left it.
type through struct{ below *exec.Overlay }

// Account is the record as the block below left it.
func (t through) Account(chain.Address) (chain.Account, error) { return t.below.Now, nil }

// Entry reads through the block below.
func (t through) Entry(_ chain.Address, key string) ([]byte, error) { return t.below.Entry(key) }
