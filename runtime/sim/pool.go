package sim

import (
	"slices"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/sdk/chain"
)

// pool is the live accounts of a node with what waits in their lanes (SPEC 5.10): a message that comes from outside is
// passed on to all members, and whatever waits again, as a node does it.
type pool struct {
	n        *node
	home     account.Home
	accounts map[chain.Address]*account.Account
	order    []chain.Address // those with a lane that may not be empty, sorted
	offers   *ingress.Offers
	told     uint64           // the head's height when it was last time to tell others
	taken    []*chain.Message // for the oracle of SPEC 5.10: what was given a place and is not final yet
}

func newPool(n *node) *pool {
	return &pool{
		n: n, home: account.Home{State: n.disk.state(), Limits: account.DefaultLimits()}, accounts: map[chain.Address]*account.Account{},
		offers: ingress.NewOffers(4 * resendMillis),
	}
}

// account is the live account at an address.
func (p *pool) account(at chain.Address) *account.Account {
	a, ok := p.accounts[at]
	if !ok {
		final, err := p.n.disk.state().Account(at)
		if err != nil {
			panic(unreadable{err})
		}
		live := account.New(&p.home, at, final)
		a = &live
		p.accounts[at] = a
	}
	return a
}

func (p *pool) waiting() (n int) {
	for _, a := range p.order {
		n += p.account(a).Waiting()
	}
	return n
}

// ready says whether one of those that wait could be handled now: no nonce is missing before it.
func (p *pool) ready() bool {
	return slices.ContainsFunc(p.order, func(at chain.Address) bool {
		a := p.account(at)
		return a.Waiting() > a.Apart().Messages
	})
}

// admit asks for a place for a message. The others are told of one that comes from a client.
func (p *pool) admit(m *chain.Message, client bool) error {
	n := p.n
	if block.CheckForm(n.ledger.head.Header.Network, n.w.id, m) != nil || !n.w.final.signed(m) {
		n.w.census.add("rejected: a message's form or signature")
		return nil
	}
	c, err := n.ledger.context()
	if err != nil {
		return err
	}
	replaced, err := p.account(m.From).Offer(c, m)
	if err != nil {
		n.w.census.add("message refused")
		return nil
	}
	if replaced != nil {
		p.offers.Gone(replaced.ID())
	}
	p.offers.Wait(m, n.w.now/millis)
	p.taken = append(p.taken, m)
	if at, found := slices.BinarySearchFunc(p.order, m.From, chain.Address.Compare); !found {
		p.order = slices.Insert(p.order, at, m.From)
	}
	n.pulse()
	if client {
		p.tell(m.Encode())
	}
	return nil
}

func (p *pool) tell(raw []byte) {
	p.n.w.carry(p.n, bft.Everyone, packet{external: true, raw: raw})
}

// again tells the others of what still waits, if it is time for that; sooner than else after a failed round.
func (p *pool) again(failed bool) {
	now := p.n.w.now / millis
	height := p.n.ledger.head.Header.Height
	switch {
	case failed:
		p.offers.Failed(now)
	case height == p.told:
		p.offers.Quiet()
	}
	p.told = height
	for _, raw := range p.offers.Again(now, againBytes) {
		p.n.w.census.add("message offered again")
		p.tell(raw)
	}
}

// againBytes is how much is offered at once.
const againBytes = 16 << 10

func (p *pool) drop(a *account.Account, m *chain.Message) {
	p.n.w.census.add("message refused at its place")
	a.Drop(m)
	p.offers.Gone(m.ID())
	p.taken = slices.DeleteFunc(p.taken, func(t *chain.Message) bool { return t.ID() == m.ID() })
}

// forget drops what is final from what was taken.
func (p *pool) forget() {
	p.taken = slices.DeleteFunc(p.taken, func(m *chain.Message) bool { return p.account(m.From).Final().Nonce > m.Nonce })
}

// gone drops what waits no longer from what is offered.
func (p *pool) gone(list []*chain.Message) {
	for _, m := range list {
		p.offers.Gone(m.ID())
	}
}

// committed tells the accounts what a block left of them.
func (p *pool) committed(o *outcome) {
	var tag account.Tag
	if o.tag != nil {
		tag = *o.tag
	}
	records := map[chain.Address]*chain.Account{}
	for i := range o.result.Records {
		records[o.result.Records[i].Address] = &o.result.Records[i].Account
	}
	for at, a := range p.accounts { // any order: each by itself
		if r := records[at]; r != nil || o.tag != nil && a.Overlay(tag) != nil {
			next := a.Now(tag).Nonce
			if r != nil {
				next = r.Nonce
			}
			p.gone(a.Below(next))
			p.gone(a.Commit(tag, r))
		}
		p.gone(a.Expire(o.result.Block.Header.Height + 1))
	}
	p.order = slices.DeleteFunc(p.order, func(at chain.Address) bool { return p.account(at).Waiting() == 0 })
	for at, a := range p.accounts { // any order: each by itself
		if a.Idle() {
			delete(p.accounts, at)
		}
	}
}
