package kit

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/RaduBerinde/btreemap"

	"github.com/thinkey/thinkey/consensus/order"
	"github.com/thinkey/thinkey/sdk/chain"
)

// voyage is the course of a scenario in a tree of chains: what comes from outside and from other chains arrives on each in any order
// that keeps that of its sender. A chain makes a block of every arrival, and its blocks depend on its own arrivals alone; so
// package order explores chains as it does accounts.
type voyage struct {
	*network
	signers  map[chain.Address]uint32
	arrivals map[chain.MessageID]*arrival
	flight   *order.Flight[*arrival, bool]
	worlds   []world // before each arrival of the flight, and after the last
	end      []order.Turn[*arrival]
	outer    map[pair]uint64 // what was held before
}

// arrival is a message that comes to a chain.
type arrival struct {
	id      int // from 1 on
	message chain.MessageID
	to      *Chain
	posted  posted // one from outside
	way     pair   // of a relay
	label   string
}

func (n *network) newVoyage(s *scenario) *voyage {
	v := &voyage{network: n, signers: make(map[chain.Address]uint32), arrivals: make(map[chain.MessageID]*arrival)}
	v.outer, n.bounds = n.bounds, make(map[pair]uint64)
	for _, a := range n.chains {
		for _, b := range n.chains {
			if a != b {
				n.bounds[pair{a.id, b.id}] = b.now.in[a.id].relays
			}
		}
	}
	v.worlds = []world{n.world()}
	v.flight = order.NewFlight(v.arrive, nil, v.departing(s))
	return v
}

// departing is what is under way at the beginning: relays that are held, and the scenario. Those that one key signs wait for each other.
func (v *voyage) departing(s *scenario) (list []order.Parcel[*arrival]) {
	for _, k := range v.chains {
		for _, p := range v.leaving(k, 0) {
			p.From = v.index(k)
			list = append(list, p)
		}
	}
	behind := v.posts()
	for i, m := range s.messages {
		k := v.on(m.From.Chain())
		signer, ok := v.signers[m.From]
		if !ok {
			signer = uint32(len(v.chains) + len(v.signers))
			v.signers[m.From] = signer
		}
		a := &arrival{id: len(v.arrivals) + 1, message: m.ID(), to: k, posted: posted{m, behind + i + 1}}
		a.label = fmt.Sprintf("%s#%d", m.Method, a.posted.number)
		v.arrivals[m.ID()] = a
		list = append(list, order.Parcel[*arrival]{From: signer, To: v.index(k), Message: a})
	}
	return list
}

// index is a chain's number in the flight.
func (n *network) index(k *Chain) uint32 { return uint32(k.id - chain.Main) }

// leaving are the relays that left a chain in its blocks from a height on and have not arrived. Gas that a chain sends back to a payer
// comes along with what is sent behind it.
func (v *voyage) leaving(k *Chain, from uint64) (list []order.Parcel[*arrival]) {
	for _, to := range v.chains {
		if to == k {
			continue
		}
		way := pair{k.id, to.id}
		first := ticket{to.id, to.now.in[k.id].relays}
		for _, d := range k.now.past.sent.Ascend(btreemap.GE(first), btreemap.LT(ticket{to.id + 1, 0})) {
			m := d.all[d.place].Message
			if d.at.header.Height < from || m.Method == chain.MethodRefund {
				continue
			}
			a := v.arrivals[m.ID()]
			if a == nil {
				a = &arrival{id: len(v.arrivals) + 1, message: m.ID(), to: to, way: way, label: v.story.label(m.ID())}
				v.arrivals[m.ID()] = a
			}
			list = append(list, order.Parcel[*arrival]{To: v.index(to), Message: a})
		}
	}
	return list
}

// arrive lets a message come to a chain (order.Actor): a block takes it in, and what that sends is recorded on the way to others.
func (v *voyage) arrive(_ uint32, _ bool, a *arrival) (bool, []order.Parcel[*arrival]) {
	at := len(v.flight.Order())
	v.back(v.worlds[at])
	v.worlds = v.worlds[:at+1]
	height, err := v.take(a)
	if err != nil {
		v.t.Helper()
		v.end = append(v.flight.Order(), order.Turn[*arrival]{Message: a})
		v.t.Fatalf("explore: %v%s", err, codeOf(v.order()))
	}
	v.worlds = append(v.worlds, v.world())
	return true, v.leaving(a.to, height)
}

// take makes the block, and returns its height.
func (v *voyage) take(a *arrival) (uint64, error) {
	k := a.to
	var messages []posted
	if a.posted.Message != nil {
		messages = []posted{a.posted}
	} else {
		v.bounds = maps.Clone(v.bounds)
		v.bounds[a.way] = max(v.bounds[a.way], v.number(a)+1)
	}
	s, err := k.newScene(messages)
	if err != nil {
		return 0, err
	}
	f := s.flight()
	fly(f, first)
	r, err := k.advanceTo(s, f, verified)
	if err != nil {
		return 0, err
	}
	v.tell(r)
	if a.posted.Message == nil && s.messages[a.message] == nil {
		return 0, fmt.Errorf("chain %s does not take in what %s sent: %s", k.name, v.on(a.way.from).name, a.label)
	}
	v.carryDigests()
	return r.height, nil
}

// number is that of a relay among all that its chain sent to the other one. It is not the same in all orders.
func (v *voyage) number(a *arrival) uint64 {
	first := ticket{a.way.to, a.to.now.in[a.way.from].relays}
	for t, d := range v.on(a.way.from).now.past.sent.Ascend(btreemap.GE(first), btreemap.LT(ticket{a.way.to + 1, 0})) {
		if d.all[d.place].Message.ID() == a.message {
			return t.number
		}
	}
	v.t.Fatalf("kit: the relay %s is not under way", a.label)
	return 0
}

func (v *voyage) explore(most int, visit func() bool) order.End {
	e := order.Explorer[*arrival, bool]{Flight: v.flight, Most: most, Visit: func() bool {
		v.end = v.flight.Order()
		return visit()
	}}
	return e.Explore()
}

// fresh is the flight as it was at the beginning.
func (v *voyage) fresh() *order.Flight[*arrival, bool] {
	for n := len(v.flight.Order()); n > 0; n-- {
		v.flight.Back()
	}
	return v.flight
}

func (v *voyage) sample(random *rand.Rand) {
	f := v.fresh()
	fly(f, random.IntN)
	v.end = f.Order()
}

func (v *voyage) follow(o Order) error {
	for _, step := range o {
		if !slices.Contains(v.chainNames(), step[0]) {
			return fmt.Errorf("no chain is called %q; there are %v", step[0], v.chainNames())
		}
	}
	f := v.fresh()
	err := follow(f, o,
		func(t order.Turn[*arrival]) string { return t.Message.to.name }, func(t order.Turn[*arrival]) string { return t.Message.label })
	v.end = f.Order()
	return err
}

func (v *voyage) order() Order {
	list := make(Order, len(v.end))
	for i, t := range v.end {
		list[i] = Step{t.Message.to.name, t.Message.label}
	}
	return list
}

func (v *voyage) length() int { return len(v.end) }

// key tells orders apart by what arrived on each chain.
func (v *voyage) key() string {
	by := make([][]byte, len(v.chains))
	for _, t := range v.end {
		by[t.Account] = binary.BigEndian.AppendUint32(by[t.Account], uint32(t.Message.id))
	}
	var key []byte
	for _, k := range by {
		key = append(binary.BigEndian.AppendUint32(key, uint32(len(k))), k...)
	}
	return string(key)
}

// land makes the chains what the voyage came to; every block of it was verified from its bytes. What is sent from now on goes as it did
// before the voyage.
func (v *voyage) land(care) error {
	v.enter(v.worlds[len(v.end)])
	v.bounds = v.outer
	v.settle() // gas that chains send back to payers elsewhere
	return nil
}

func (v *voyage) broken() error { return nil }
