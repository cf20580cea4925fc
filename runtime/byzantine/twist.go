package byzantine

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/consensus/driver"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Self is who breaks the rules on a real network.
type Self struct {
	Network chain.NetworkID
	Secret  keys.BLSSecret
}

// Names are the deviations that a member of a real network can have.
func Names() (list []string) {
	for _, d := range All {
		if (d.Sends != nil || d.Spoils != nil) && !d.Builds {
			list = append(list, d.Name)
		}
	}
	return list
}

// Known says whether there is one of that name among them.
func Known(name string) bool { return slices.Contains(Names(), name) }

// Twist makes the member deviate, in each epoch with the seats that it has then: now says which it is. The name is a Known one.
func Twist(name string, self Self) func(net driver.Net, now func() *keep.Epoch) driver.Net {
	return func(net driver.Net, now func() *keep.Epoch) driver.Net {
		return &twist{net: net, deviation: Named(name), member: Member{
			Network: self.Network, Rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), Epoch: now, Deviates: func() {},
			Peers: func() int { return len(bft.Members(now().Config.Committee)) },
			Sign:  func(d keys.BLSDomain, m []byte) committee.Part { return committee.Sign(self.Secret, d, m, now().Own) },
		}}
	}
}

type twist struct {
	net       driver.Net
	deviation *Deviation
	member    Member
}

// Send implements driver.Net.
func (t *twist) Send(to bft.Peer, m bft.Message) {
	if p, ok := m.(*bft.Proposal); ok && t.deviation.Spoils != nil {
		m = t.spoilt(p)
	}
	list := []bft.Send{{To: to, Message: m}}
	if t.deviation.Sends != nil {
		list = t.deviation.Sends(&t.member, list[0])
	}
	for _, s := range list {
		t.net.Send(s.To, s.Message)
	}
}

// spoilt is a proposal of a spoiled block, the same one each time, or of the honest one if it is of an earlier round or can't be spoiled.
func (t *twist) spoilt(p *bft.Proposal) *bft.Proposal {
	h := p.Vote.Block
	b := t.deviation.Spoil(p.Raw, rand.New(rand.NewPCG(binary.LittleEndian.Uint64(h[:]), binary.LittleEndian.Uint64(h[8:]))))
	if b == nil || b.Header.Round != p.Vote.Round {
		return p
	}
	other := *p
	other.Raw, other.Vote.Block = b.Append(nil), b.Header.Hash()
	t.member.sign(&other.Vote)
	return &other
}
