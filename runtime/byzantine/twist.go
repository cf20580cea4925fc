package byzantine

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/consensus/driver"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Self is who breaks the rules.
type Self struct {
	Network chain.NetworkID
	Secret  keys.BLSSecret
}

// mode overrides what is sent in place of a message: nothing, or several.
type mode func(t *twist, to bft.Peer, m bft.Message) []bft.Send

var modes = []struct {
	name string
	mode mode
}{
	{"equivocate", equivocate}, {"silent", silent}, {"bad-order", badOrder}, {"bad-output", badOutput}, {"bad-root", badRoot},
	{"bad-votes", badVotes}, {"withhold", withhold},
}

// Names are the modes.
func Names() (list []string) {
	for _, m := range modes {
		list = append(list, m.name)
	}
	return list
}

// Known says whether there is a mode of that name.
func Known(name string) bool { return slices.Contains(Names(), name) }

// Twist makes the member break the rule of that name, in each epoch with the seats that it has then: now says which it is. The name
// is a Known one.
func Twist(name string, self Self) func(net driver.Net, now func() *keep.Epoch) driver.Net {
	i := slices.Index(Names(), name)
	return func(net driver.Net, now func() *keep.Epoch) driver.Net { return &twist{self, net, now, modes[i].mode} }
}

type twist struct {
	Self
	net  driver.Net
	now  func() *keep.Epoch
	mode mode
}

// Send implements driver.Net.
func (t *twist) Send(to bft.Peer, m bft.Message) {
	for _, s := range t.mode(t, to, m) {
		t.net.Send(s.To, s.Message)
	}
}

func as(to bft.Peer, m bft.Message) []bft.Send { return []bft.Send{{To: to, Message: m}} }

// half sends a message to every other peer, from the given one on.
func (t *twist) half(from int, m bft.Message) (list []bft.Send) {
	for p := from; p < len(bft.Members(t.now().Config.Committee)); p += 2 {
		list = append(list, bft.Send{To: bft.Peer(p), Message: m})
	}
	return list
}

// vote signs a vote for another block.
func (t *twist) vote(v bft.Vote, other chain.BlockHash) *bft.Vote {
	e := t.now()
	s := chain.Vote{
		Step: v.Step, Network: t.Network, Chain: e.Seats.Chain, Epoch: e.Seats.Epoch, Height: v.Height, Round: v.Round, Block: other,
	}
	v.Block, v.Part = other, committee.Sign(t.Secret, s.Domain(), s.Append(nil), e.Own)
	return &v
}

// proposal makes another block of a proposed one, unless it can't.
func (t *twist) proposal(p *bft.Proposal, change func(b *chain.Block) bool) *bft.Proposal {
	b, err := chain.DecodeBlock(p.Raw)
	if err != nil || b.Header.Round != p.Vote.Round || !change(b) {
		return nil
	}
	other := *p
	other.Raw = b.Append(nil)
	other.Vote = *t.vote(p.Vote, b.Header.Hash())
	return &other
}

// silent sends nothing.
func silent(*twist, bft.Peer, bft.Message) []bft.Send { return nil }

// withhold proposes, but doesn't vote.
func withhold(_ *twist, to bft.Peer, m bft.Message) []bft.Send {
	if _, ok := m.(*bft.Vote); ok {
		return nil
	}
	return as(to, m)
}

// equivocate proposes two blocks, and votes for two.
func equivocate(t *twist, to bft.Peer, m bft.Message) []bft.Send {
	switch m := m.(type) {
	case *bft.Proposal:
		later := func(b *chain.Block) bool { b.Header.TimeMillis++; return true }
		if other := t.proposal(m, later); other != nil {
			return append(t.half(0, m), t.half(1, other)...)
		}
	case *bft.Vote:
		other := m.Block
		other[0] ^= 1
		return append(t.half(0, m), t.half(1, t.vote(*m, other))...)
	}
	return as(to, m)
}

// badOrder proposes a σ that can't have happened: an account's events stand the other way round, or one is missing.
func badOrder(t *twist, to bft.Peer, m bft.Message) []bft.Send {
	return t.bad(to, m, func(b *chain.Block) bool {
		for i := range b.Order {
			if events := b.Order[i].Events; len(events) > 1 {
				slices.Reverse(events)
				b.Header.Roots.Order = block.OrderRoot(b.Order, nil)
				return true
			}
		}
		if len(b.Order) == 0 {
			return false
		}
		// Who has sent something is left out: without a receiver alone the block would be one whose relay waits.
		sends := slices.IndexFunc(b.Order, func(q chain.Sequence) bool {
			return slices.ContainsFunc(q.Events, func(e chain.Event) bool { return len(e.Sent) > 0 })
		})
		b.Order = slices.Delete(b.Order, max(sends, 0), max(sends, 0)+1)
		b.Header.Roots.Order = block.OrderRoot(b.Order, nil)
		return true
	})
}

// badOutput proposes blocks in which an account sends what it didn't: a unit of money more.
func badOutput(t *twist, to bft.Peer, m bft.Message) []bft.Send {
	return t.bad(to, m, func(b *chain.Block) bool {
		for i := range b.Order {
			for j := range b.Order[i].Events {
				for k := range b.Order[i].Events[j].Sent {
					sent := &b.Order[i].Events[j].Sent[k]
					more, err := sent.Amount.Add(chain.NewAmount(1))
					if err != nil {
						continue
					}
					sent.Amount = more
					b.Header.Roots.Order = block.OrderRoot(b.Order, nil)
					return true
				}
			}
		}
		return false
	})
}

// badRoot proposes blocks whose state doesn't follow.
func badRoot(t *twist, to bft.Peer, m bft.Message) []bft.Send {
	return t.bad(to, m, func(b *chain.Block) bool { b.Header.Roots.State[0]++; return true })
}

// bad sends a changed proposal in place of what was to be proposed.
func (t *twist) bad(to bft.Peer, m bft.Message, change func(b *chain.Block) bool) []bft.Send {
	if p, ok := m.(*bft.Proposal); ok {
		if other := t.proposal(p, change); other != nil {
			return as(to, other)
		}
	}
	return as(to, m)
}

// badVotes sends votes and timeouts whose signatures are none.
func badVotes(t *twist, to bft.Peer, m bft.Message) []bft.Send {
	switch m := m.(type) {
	case *bft.Vote:
		v := *m
		v.Part = committee.Sign(t.Secret, keys.BLSTimeout, []byte("something else"), t.now().Own)
		return as(to, &v)
	case *bft.Timeout:
		o := *m
		o.Part = committee.Sign(t.Secret, keys.BLSTimeout, []byte("something else"), t.now().Own)
		return as(to, &o)
	}
	return as(to, m)
}
