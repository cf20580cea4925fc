package account

import (
	"slices"

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
	lane    Lane
	base    layer   // of the lowest open block, without an overlay if none is open
	above   []layer // of those on top of it, lowest first: A2
}

type layer struct {
	tag     Tag
	overlay *exec.Overlay
}

// New is the account at address, whose final record is given. It is a value, so that what shells an account can hold it in
// one piece; it must not be copied once it is in use.
func New(home *Home, address chain.Address, final chain.Account) Account {
	return Account{home: home, address: address, final: final}
}

// Address is the account's.
func (a *Account) Address() chain.Address { return a.address }

// Final is the record that the last committed block left.
func (a *Account) Final() chain.Account { return a.final }

// Idle says that the account can leave memory and lose nothing: no block is open and no message waits.
func (a *Account) Idle() bool { return a.base.overlay == nil && a.lane.Len() == 0 }

// Open is the account in the block tag; it opens it, on top of those that are open, if it isn't.
func (a *Account) Open(tag Tag) *exec.Overlay {
	if o := a.Overlay(tag); o != nil {
		return o
	}
	if a.base.overlay == nil {
		a.base = layer{tag, exec.NewOverlay(a.address, a.final, a.home.State)}
		return a.base.overlay
	}
	below := a.top()
	o := exec.NewOverlay(a.address, below.Now, through{below})
	a.above = append(a.above, layer{tag, o})
	return o
}

// top is the overlay of the highest open block, nil if none is open.
func (a *Account) top() *exec.Overlay {
	if n := len(a.above); n > 0 {
		return a.above[n-1].overlay
	}
	return a.base.overlay
}

// Overlay is the account in the block tag, nil if that didn't touch it.
func (a *Account) Overlay(tag Tag) *exec.Overlay {
	if a.base.tag == tag {
		return a.base.overlay
	}
	for i := range a.above {
		if a.above[i].tag == tag {
			return a.above[i].overlay
		}
	}
	return nil
}

// Now is the account's record in the block tag, or the final one if that didn't touch it.
func (a *Account) Now(tag Tag) chain.Account {
	if o := a.Overlay(tag); o != nil {
		return o.Now
	}
	return a.final
}

// Next is the external message that the account could handle next, in the highest open block; nil if none waits.
func (a *Account) Next() *chain.Message {
	if o := a.top(); o != nil {
		return a.lane.Next(o.Now.Nonce)
	}
	return a.lane.Next(a.final.Nonce)
}

// At is the external message with the given nonce that waits; nil if none does.
func (a *Account) At(nonce uint64) *chain.Message { return a.lane.Next(nonce) }

// Handle handles d in the block tag, which it opens with the first event. A refused message leaves no trace.
func (a *Account) Handle(c *exec.Context, tag Tag, d *exec.Delivery) (*exec.Handled, *exec.Refusal, error) {
	o := a.Open(tag)
	handled, refusal, err := o.Handle(c, d)
	if refusal != nil && len(o.Events) == 0 {
		a.Discard(tag)
	}
	return handled, refusal, err
}

// HandleGroup handles several relays as one in the block tag; false leaves no trace but wasted gas: they are to be handled one by
// one.
func (a *Account) HandleGroup(c *exec.Context, tag Tag, group []*exec.Delivery) (ok bool, wasted uint64, err error) {
	o := a.Open(tag)
	ok, wasted, err = o.HandleGroup(c, group)
	if !ok && len(o.Events) == 0 {
		a.Discard(tag)
	}
	return ok, wasted, err
}

// Settle sets what the end of the block tag, which is still open, leaves of the account: a block on top must stand on
// refunds too.
func (a *Account) Settle(tag Tag, record chain.Account) {
	o := a.Open(tag)
	assert.That(a.top() == o, "settle: a block stands on it already")
	o.Now = record
}

// Commit makes the block tag final. The record is the account's after the block if its end changed it, else nil. It
// returns the messages of the lane that it drops because the balance no longer covers their gas (A3); those that are used up
// are gone too. A block that didn't touch the account changes it by its record alone.
func (a *Account) Commit(tag Tag, record *chain.Account) (unpaid []*chain.Message) {
	if a.base.tag == tag && a.base.overlay != nil {
		a.final = a.base.overlay.Now
		a.base = layer{}
		if len(a.above) > 0 {
			a.base, a.above = a.above[0], slices.Clone(a.above[1:])
		}
	}
	if record != nil {
		a.final = *record
	}
	if a.base.overlay != nil {
		assert.That(a.base.overlay.Before == a.final, "account %s: a block is open that doesn't stand on what is final", a.address)
	}
	a.lane.Use(a.final.Nonce)
	if a.top() != nil { // it has handled some of what waits: A6
		return nil
	}
	return a.lane.Trim(a.final.Balance)
}

// Discard drops the block tag and all that stands on it.
func (a *Account) Discard(tag Tag) {
	if a.base.tag == tag {
		a.base, a.above = layer{}, nil
		return
	}
	if at := slices.IndexFunc(a.above, func(l layer) bool { return l.tag == tag }); at >= 0 {
		a.above = slices.Delete(a.above, at, len(a.above))
	}
}

// Offer asks for a place in the lane; see Lane.Offer. What an open block has handled can't be replaced any more: its sender
// would be told that it was dropped, and then it would be final (A6).
func (a *Account) Offer(c *exec.Context, m *chain.Message) (replaced *chain.Message, err error) {
	if o := a.top(); o != nil && m.Nonce >= a.final.Nonce && m.Nonce < o.Now.Nonce {
		if w := a.lane.Next(m.Nonce); w == nil || w.ID() != m.ID() {
			return nil, refuse(NonceTaken, "nonce %d is taken by a message in the block under way: the account's next is %d", m.Nonce, o.Now.Nonce)
		}
		return nil, nil
	}
	return a.lane.Offer(c, a.home.Limits, a.final, m)
}

// Drop takes m out of the lane.
func (a *Account) Drop(m *chain.Message) { a.lane.Drop(m) }

// Expire takes out of the lane what a block of the given height can't hold any more.
func (a *Account) Expire(height uint64) []*chain.Message { return a.lane.Expire(height) }

// Below are the messages of the lane with a nonce below next, which a block is about to use for good.
func (a *Account) Below(next uint64) []*chain.Message { return a.lane.below(next) }

// Apart is what of the lane waits behind a nonce that is missing.
func (a *Account) Apart() Load { return a.lane.from(a.lane.run(a.final.Nonce)) }

// Trails says that m would be one more of those.
func (a *Account) Trails(m *chain.Message) bool {
	_, taken := a.lane.find(m.Nonce)
	return !taken && m.Nonce > a.final.Nonce && m.Nonce-a.final.Nonce > uint64(a.lane.run(a.final.Nonce))
}

// DropApart takes out of the lane what waits behind a nonce that is missing.
func (a *Account) DropApart() []*chain.Message { return a.lane.dropFrom(a.lane.run(a.final.Nonce)) }

// Waiting is the number of messages in the lane, Load what they take.
func (a *Account) Waiting() int { return a.lane.Len() }
func (a *Account) Load() Load   { return a.lane.Load() }

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

// Entry reads through the block below, which knows no account but its own.
func (t through) Entry(_ chain.Address, key string) ([]byte, error) { return t.below.Entry(key) }

// Next reads through likewise.
func (t through) Next(_ chain.Address, prefix, after string) (string, error) {
	return t.below.Next(prefix, after)
}
