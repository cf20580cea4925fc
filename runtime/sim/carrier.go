package sim

import (
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
)

// carrier is the shell that carries the digests of a chain to its parent, in a process that has both: relay.Courier decides, as in a
// node, and an account of the carrier's own posts what it says.
type carrier struct {
	child, parent *node
	wallet        wallet
	stopped       uint64 // until then it carries nothing
	waking        bool
	due           bool           // it is time also for blocks that nobody waits for
	posted        *chain.Message // that is not final yet
	run           *chain.Digest  // in it
}

const (
	// lazilyMillis is how often digests are carried that have relays for nobody.
	lazilyMillis = 10_000
	// postPatience is how long a digest that was refused is not carried again, and postBlocks how many blocks its message may wait.
	postPatience = 250
	postBlocks   = 1000
)

// assign gives a process the carriers that its member is to run.
func (p *process) assign() {
	for i := range p.whole.Branches {
		if b := &p.whole.Branches[i]; slices.Contains(b.Carriers, p.member) {
			p.carry(b)
		}
	}
}

// carry begins to carry the digests of a chain.
func (p *process) carry(b *Branch) {
	c := &carrier{child: p.node(b.ID), parent: p.node(b.Parent), wallet: carrierOf(b.Parent, b.ID, p.number)}
	p.carriers = append(p.carriers, c)
	var lazily func()
	lazily = func() {
		if p.up() {
			c.step(true)
		}
		p.after(lazilyMillis, nil, "lazily", lazily)
	}
	p.after(p.wires.Uint64N(lazilyMillis), nil, "lazily", lazily)
}

// wake says that a block of the child or of the parent is final.
func (c *carrier) wake() {
	if !c.waking {
		c.waking = true
		c.parent.w.after(1, c.parent, "carrier", func() { c.step(false) })
	}
}

// forget begins a life of the process.
func (c *carrier) forget() { c.waking, c.due, c.posted, c.run = false, false, nil, nil }

// courier is what decides.
func (c *carrier) courier() *relay.Courier {
	p := c.parent
	return &relay.Courier{
		Chains: p.process.chains, Child: c.child.w.id, Parent: p.w.id, Tree: func() chain.Tree { return p.w.tree },
		Entry: func(s exec.Slot) ([]byte, error) { return p.disk.state().Entry(s.Account, s.Key) }, Hurry: p.look,
	}
}

// step posts a digest if there is reason to, and none is on its way.
func (c *carrier) step(due bool) {
	c.waking, c.due = false, c.due || due
	if w := c.parent.w; c.stopped > w.now || !c.parent.up || w.broken != nil {
		return
	}
	c.parent.during(func() error {
		if c.posted != nil {
			a, err := c.parent.disk.state().Account(c.wallet.address)
			if err != nil {
				return err
			}
			if a.Nonce <= c.posted.Nonce {
				return c.expired()
			}
			known := c.run == nil
			if !known {
				known, err = c.courier().Known(c.run)
			}
			if c.posted = nil; err != nil || !known {
				c.parent.w.census.add("digest not recorded")
				c.parent.w.after(postPatience, c.parent, "carrier", func() { c.step(false) })
				return err
			}
		}
		run, err := c.courier().Next(c.due) // of a tick that came while a message was on its way, too: relay.Carrier takes that up
		c.due = false
		switch {
		case err != nil:
			return err
		case run == nil:
			return c.release()
		}
		return c.post(run)
	})
}

// expired gives up a message that can't become final any more: it was made far behind the others, say.
func (c *carrier) expired() error {
	if c.parent.ledger.head.Header.Height >= c.posted.ValidUntil {
		c.parent.w.census.add("digest expired")
		c.posted = nil
		c.parent.w.after(postPatience, c.parent, "carrier", func() { c.step(false) })
	}
	return nil
}

// release lets value through the chain's valve, where some may pass.
func (c *carrier) release() error {
	p := c.parent
	call, err := c.courier().Release()
	if call == nil || err != nil {
		return err
	}
	a, err := p.disk.state().Account(c.wallet.address)
	if err != nil {
		return err
	}
	c.run = nil
	p.w.census.add("release carried")
	p.w.tell(p, "releases what waits at the valve of chain %d", c.child.w.id)
	return c.send(callOf(p.w, c.wallet, a.Nonce, *call))
}

// send posts a message, and remembers that.
func (c *carrier) send(m *chain.Message) error {
	p := c.parent
	m.ValidUntil = p.ledger.head.Header.Height + postBlocks
	c.posted = m.Sign(c.wallet.key)
	return p.pool.admit(m, true)
}

func (c *carrier) post(run *chain.Digest) error {
	p := c.parent
	a, err := p.disk.state().Account(c.wallet.address)
	if err != nil {
		return err
	}
	gas, err := c.courier().Gas(run)
	if err != nil {
		return err
	}
	c.run = run
	p.w.census.add("digest carried")
	if c.another() {
		p.w.census.add("parallel carriers")
	}
	p.w.tell(p, "carries blocks of chain %d up to %d", run.Last().Chain, run.Last().Height)
	return c.send(digestMessage(p.w, c.wallet, a.Nonce, run, gas))
}

// another says whether another carrier of the chain has posted a digest that is not final yet.
func (c *carrier) another() bool {
	return slices.ContainsFunc(c.parent.w.processes, func(p *process) bool {
		return slices.ContainsFunc(p.carriers, func(o *carrier) bool {
			return o != c && o.child.w == c.child.w && o.posted != nil && o.run != nil
		})
	})
}

// digestMessage is the call of a chain's digests actor that records blocks, not signed yet.
func digestMessage(w *World, from wallet, nonce uint64, run *chain.Digest, limit uint64) *chain.Message {
	return callOf(w, from, nonce, chain.CallInput{Method: chain.MethodDigest, GasLimit: limit, Input: run.Append(nil)})
}

// callOf is a call of a chain's digests actor, not signed yet.
func callOf(w *World, from wallet, nonce uint64, call chain.CallInput) *chain.Message {
	call.To = chain.DigestsAddress(w.id)
	m := &chain.Message{
		Network: w.origin.header.Network, Kind: chain.External, From: from.address, To: from.address, Payer: from.address, Nonce: nonce,
		ValidUntil: w.final.height() + postBlocks, GasPrice: w.plan.GasPrice, Method: chain.MethodCall, Input: call.Encode(),
	}
	m.GasLimit = exec.ExternalGas(m) + exec.SendGas(&chain.Sent{Method: call.Method, Input: call.Input}) + call.GasLimit + gas.Bounce
	return m
}

// hinder lets an incident happen between chains: nobody carries the digests of one, one stands still, or sends much at once.
func (s *stage) hinder(in *Incident) {
	switch in.Class {
	case Carriers:
		b := &s.whole.Branches[in.How%uint64(len(s.whole.Branches))]
		s.census.add("carriers stopped")
		s.tell(nil, "nobody carries digests of chain %d", b.ID)
		s.stopCarriers(s.world(b.ID), s.now+in.For*millis)
		s.porter.stopped = max(s.porter.stopped, s.now+in.For*millis*(in.How>>8&1))
	case Flood:
		from, to := s.worlds[in.How%uint64(len(s.worlds))], s.worlds[in.How>>8%uint64(len(s.worlds))]
		s.census.add("flood")
		s.tell(nil, "chain %d floods chain %d", from.id, to.id)
		from.load.flood(to, 2*floodAck+int(in.How>>16%floodAck))
	case Halt:
		w := s.worlds[in.How%uint64(len(s.worlds))]
		s.census.add("chain halted")
		s.tell(nil, "chain %d stands still", w.id)
		until := s.now + in.For*millis
		if w.id == chain.Main && in.How>>16&1 == 0 {
			s.census.add("main chain halted for long")
			until = max(until, s.whole.Trouble*millis)
		}
		w.cuts = append(w.cuts, cut{from: s.now, to: until, severs: func(int, int) bool { return true }})
	}
}

// carryAll begins to carry envelopes.
func (s *stage) carryAll() {
	if len(s.worlds) > 1 {
		s.after(porterMillis, nil, "porter", s.porter.round)
	}
}

// carryOn sees to it that every chain has a carrier that is well.
func (s *stage) carryOn() {
	s.porter.stopped = 0
	for i := range s.whole.Branches {
		b := &s.whole.Branches[i]
		well := func(p *process) bool { return p.healed && p.honest() }
		carries := func(c *carrier) bool { return c.child.w.id == b.ID }
		for _, p := range s.processes {
			for _, c := range p.carriers {
				c.stopped = 0
			}
		}
		if slices.ContainsFunc(s.processes, func(p *process) bool { return well(p) && slices.ContainsFunc(p.carriers, carries) }) {
			continue
		}
		if at := slices.IndexFunc(s.processes, func(p *process) bool { return well(p) && p.node(b.ID) != nil }); at >= 0 {
			s.processes[at].carry(b)
		}
	}
}
