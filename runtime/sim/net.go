package sim

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// link is one direction between two nodes.
type link struct{ last uint64 } // when what was sent last arrives

// packet is what a link carries.
type packet struct {
	external bool // a message for the pool
	envelope bool // what another chain sent; else a message of the core's …
	members  bool // … that is not for those without a seat
	epoch    uint64
	raw      []byte
}

// maxPacket is what a node takes from another; what is larger breaks the connection.
const maxPacket = chain.MaxBlockBytes + 1<<20

// cut is a partition: links that carry nothing.
type cut struct {
	from, to uint64 // microseconds
	severs   func(from, to int) bool
}

// cutOf is the partition of an incident: in two whole groups, of single links, or of single directions.
func cutOf(w *stage, in *Incident) cut {
	c := cut{from: w.now, to: w.now + in.For*millis}
	n := uint64(len(w.processes))
	switch groups := in.How >> 2; in.How % 4 {
	case 0, 1:
		w.census.add("partition")
		c.severs = func(a, b int) bool { return groups>>a&1 != groups>>b&1 }
	case 2:
		w.census.add("partial partition")
		c.severs = func(a, b int) bool { return groups>>(uint64(min(a, b))*n+uint64(max(a, b)))%62&1 == 1 }
	default:
		w.census.add("one-way partition")
		c.severs = func(a, b int) bool { return groups>>(uint64(a)*3+uint64(b)*5)%62&1 == 1 }
	}
	return c
}

// severed says whether a link between two processes is cut, severed of a world whether one of its chain is.
func (s *stage) severed(from, to *process) bool {
	s.cuts = slices.DeleteFunc(s.cuts, func(c cut) bool { return c.to <= s.now })
	return slices.ContainsFunc(s.cuts, func(c cut) bool { return c.severs(from.number, to.number) })
}

func (w *World) severed(from, to *node) bool {
	w.cuts = slices.DeleteFunc(w.cuts, func(c cut) bool { return c.to <= w.now })
	here := slices.ContainsFunc(w.cuts, func(c cut) bool { return c.severs(from.process.number, to.process.number) })
	return here || w.stage.severed(from.process, to.process)
}

// carry sends a packet to the nodes of a peer, or of all others, or of those with a seat as the sender sees it.
func (w *World) carry(from *node, to bft.Peer, p packet) {
	w.note(from, "send", p.raw)
	for i, n := range w.nodes {
		if n.peer == from.peer || to != bft.Everyone && n.peer != to || p.members && from.epoch.Roster.Member(nodeKey(int(n.peer))) == bft.Outside {
			continue
		}
		if i > 0 && to == bft.Everyone {
			from.cross(betweenPeers)
		}
		w.send(from, n, p)
	}
}

// send decides a packet's fate.
func (w *World) send(from, to *node, p packet) {
	r, rates := w.random.net, w.rates(from, to)
	if w.severed(from, to) {
		w.census.add("cut off")
		return
	}
	if rates.loss > 0 && r.Float64() < rates.loss {
		w.census.add("drop")
		return
	}
	leaves, ok := w.uplink(from, p)
	if !ok {
		w.census.add("queue overflow")
		return
	}
	copies := 1
	if rates.copies > 0 && r.Float64() < rates.copies {
		w.census.add("duplicate")
		copies = 2
	}
	for range copies {
		q := p
		if rates.damage > 0 && r.Float64() < rates.damage && len(p.raw) > 0 {
			q.raw = w.damage(p.raw)
		}
		wait := 1*millis + r.Uint64N(w.plan.Delay*millis)
		if rates.tail > 0 && r.Float64() < rates.tail {
			w.census.add("long delay")
			wait += uint64(100*millis/(r.Float64()+0.004)) / 2 // 50 ms to 12 s
		}
		at := leaves + wait
		l := &w.links[from.number*len(w.nodes)+to.number]
		if at < l.last && w.plan.on(Reorder) {
			w.census.add("reorder")
		}
		if !w.plan.on(Reorder) {
			at = max(at, l.last)
		}
		l.last = max(l.last, at)
		w.at(at, to, "packet", func() { to.receive(from.peer, q) })
	}
}

const (
	// uplinkMillis is how long a packet waits at most until those before it have left: what comes later is lost.
	uplinkMillis = 2000
	// brokenAt is how much of a packet that is too large leaves before the receiver breaks the connection.
	brokenAt = 64 << 10
)

// uplink is when a packet has left its node; not at all if too much waits there.
func (w *World) uplink(from *node, p packet) (leaves uint64, ok bool) {
	now := max(w.now, from.busy)
	if w.plan.Uplink == 0 || w.phase != trouble {
		return now, true
	}
	begins := max(now, from.sending)
	switch {
	case begins > now+uplinkMillis*millis:
		return 0, false
	case begins > now:
		w.census.add("limited bandwidth")
	}
	size := len(p.raw)
	if size > maxPacket {
		size = brokenAt
	}
	from.sending = begins + uint64(size)*1000*millis/w.plan.Uplink
	return from.sending, true
}

// rates are the shares of packets that are lost, copied, damaged and late.
type rates struct{ loss, copies, damage, tail float64 }

func (w *World) rates(from, to *node) rates {
	p := w.plan
	switch {
	case w.phase == calm:
		return rates{p.Loss / 10, p.Copies, p.Damage / 10, p.Tail / 10}
	case w.phase == recovery && from.process.healed && to.process.healed:
		return rates{}
	}
	return rates{p.Loss, p.Copies, p.Damage, p.Tail}
}

// damage is raw with a bit flipped, or cut short.
func (w *World) damage(raw []byte) []byte {
	r := w.random.net
	raw = slices.Clone(raw)
	if r.IntN(4) == 0 {
		w.census.add("truncate")
		return raw[:r.IntN(len(raw))]
	}
	w.census.add("flip a bit")
	raw[r.IntN(len(raw))] ^= 1 << r.IntN(8)
	return raw
}
