package sim

import (
	"maps"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// liar is a chain all of whose committee has turned rotten: its nodes do nothing any more, and it certifies whatever does harm. What it
// invents stands in outboxes of its own making, under certificates that hold.
type liar struct {
	*World
	relays keep.Relays
	stuck  map[chain.ID]bool                   // chains that can't take in what it sent last, nor anything behind that
	left   int                                 // blocks that it still makes
	twice  *twice                              // what it was seen to certify; nil for nothing
	said   map[chain.BlockHash][]chain.Leaving // of all that it certified, also where nothing follows
	posted map[chain.BlockHash]posted          // blocks that were more than it had
}

// posted is a block that its parent was shown, and what it sends.
type posted struct {
	digest *chain.Digest
	list   []block.Outgoing
}

const (
	liarMillis = 1500
	liarBlocks = 16
)

// rot turns the committee of a chain rotten.
func (s *stage) rot(id chain.ID) {
	w := s.world(id)
	w.rotten = true
	s.census.add("chain rots")
	if len(s.tree.Children(id)) > 0 {
		s.census.add("chain rots above others")
	}
	s.tell(nil, "chain %d rots", id)
	l := &liar{World: w, stuck: map[chain.ID]bool{}, left: liarBlocks, said: map[chain.BlockHash][]chain.Leaving{}, posted: map[chain.BlockHash]posted{}}
	l.relays = keep.RelaysOf(records{w.final.archive, func() uint64 { return uint64(len(w.final.blocks) - 1) }}, id)
	w.liar = l
	for _, n := range w.nodes {
		if n.up {
			n.process.chains.Add(id, l.shows(n))
		}
	}
	l.again()
}

// shows is what a node shows of the chain from then on.
func (l *liar) shows(n *node) relay.Chain { return relayed{l.relays, n.ledger} }

// again makes a block, now and then.
func (l *liar) again() {
	if l.left--; l.left < 0 || l.broken != nil {
		return
	}
	l.lie()
	l.after(1+l.random.evil.Uint64N(2*liarMillis), nil, "lie", l.again)
}

// lies are what a rotten committee tries.
var lies = []string{"all that it has", "more than it has", "more than it says", "what has left once more", "relays of others", "strange relays", "another block", "another old block", "a little", "a little"}

// everyLie is what the census calls them.
func everyLie() (names []string) {
	for _, what := range lies {
		names = append(names, "lie: "+what)
	}
	return names
}

func (l *liar) lie() {
	what := lies[l.random.evil.IntN(len(lies))]
	parent := l.world(l.tree.Parent(l.id))
	raw, err := parent.final.state.Entry(chain.DigestsAddress(parent.id), chain.ChildKey(l.id))
	child, bad := chain.DecodeChild(raw)
	if err != nil || bad != nil {
		l.violate("recovery", nil, "it knows nothing of its child %d: %v, %v", l.id, err, bad)
		return
	}
	if p, is := l.posted[child.Anchor.Hash]; is {
		l.adopt(&p)
	}
	list := l.invent(what, parent, l.rest(parent, &child))
	forks := what == "another block" || what == "another old block"
	if list == nil && !forks || forks && child.Anchor.Height == 0 {
		return
	}
	l.census.add("lie: " + what)
	l.tell(nil, "chain %d lies: %s", l.id, what)
	switch what {
	case "more than it has": // its digest is refused: no block follows
		d := l.digest(l.head(), list, l.leaving(list))
		l.posted[d.Last().Hash()] = posted{d, list}
		parent.load.post(d)
	case "another block":
		parent.load.post(l.fork(parent, child.Anchor.Height))
	case "another old block":
		l.fork(parent, 1+l.random.evil.Uint64N(child.Anchor.Height))
	case "more than it says", "what has left once more":
		l.certify(list, nil)
	default:
		l.certify(list, l.leaving(list))
	}
	if what == "more than it says" || what == "what has left once more" || what == "relays of others" {
		for _, o := range list {
			l.stuck[o.To] = true
		}
	}
}

// rest is what the parent would let the chain send still, as far as it knows now.
func (l *liar) rest(parent *World, child *chain.Child) chain.Amount {
	sum := child.Issued
	for _, key := range []string{chain.EnteredKey(l.id), chain.CreditedKey(l.id)} {
		raw, err := parent.final.state.Entry(chain.SystemAddress(parent.id), key)
		if a, bad := chain.DecodeAmount(raw); err == nil && bad == nil {
			sum = l.crossing.add(sum, a)
		}
	}
	rest, err := sum.Sub(child.Left)
	if err != nil {
		l.violate("8.7 solvency", nil, "%s has left chain %d, and all that it had is %s", child.Left, l.id, sum)
	}
	return rest
}

// gone is what the parent has counted as left for a chain.
func (l *liar) gone(parent *World, to chain.ID) chain.Amount {
	raw, err := parent.final.state.Entry(chain.DigestsAddress(parent.id), chain.LeftKey(l.id, to))
	a, bad := chain.DecodeAmount(raw)
	if err != nil || bad != nil {
		return chain.Amount{}
	}
	return a
}

// invent makes relays that nobody has sent; nil if there is nothing to be invented.
func (l *liar) invent(what string, parent *World, rest chain.Amount) (list []block.Outgoing) {
	r := l.random.evil
	count, amount := 1+r.IntN(3), chain.NewAmount(1+r.Uint64N(1000))
	switch what {
	case "all that it has":
		count, amount = 1, rest
	case "more than it has":
		count, amount = 1, l.crossing.add(rest, chain.NewAmount(1))
	case "more than it says":
		amount = chain.NewAmount(1 << 40)
	}
	next := map[chain.ID]uint64{}
	for range count {
		to := l.worlds[r.IntN(len(l.worlds))]
		if what == "what has left once more" {
			amount = l.gone(parent, to.id)
		}
		if to == l.World || l.stuck[to.id] || amount.IsZero() {
			continue
		}
		m := &chain.Message{
			Network: l.origin.header.Network, Kind: chain.Relay, From: l.load.wallets[r.IntN(mostWallets)].address, To: to.load.wallets[r.IntN(mostWallets)].address,
			Amount: amount, Method: chain.MethodAdd, GasLimit: 100_000, Index: uint32(r.IntN(9)), Parent: chain.MessageID{byte(r.Uint32())},
		}
		m.Payer, m.Origin = m.From, m.Parent
		if m.GasLimit = r.Uint64N(1 << 20); what == "relays of others" {
			m.From = l.worlds[0].load.wallets[0].address
			if to.id == chain.Main {
				m.From = chain.SystemAddress(chain.Main)
			}
		}
		if what == "strange relays" {
			l.estrange(m)
		}
		number := uint64(len(l.final.left[to.id])) + next[to.id]
		next[to.id]++
		list = append(list, block.Outgoing{To: to.id, Number: number, Message: m.Seal()})
	}
	return list
}

// estrange makes a relay one that no honest chain sends, and that a chain must cope with.
func (l *liar) estrange(m *chain.Message) {
	r := l.random.evil
	switch r.IntN(7) {
	case 0:
		m.GasLimit = 1 << 60 // more than a block has
	case 1:
		m.Method, m.GasLimit = chain.MethodBounce, 0
	case 2:
		m.Method, m.Input = chain.MethodInit, []byte{1, 2, 3}
	case 3:
		m.Depth = 1 << 30
	case 4:
		m.Payer = l.worlds[r.IntN(len(l.worlds))].load.wallets[0].address
	case 5:
		m.To, m.Method = chain.DigestsAddress(m.To.Chain()), chain.MethodChild
		if m.GasLimit&1 > 0 { // its valve is open, it says
			m.Method, m.Input = chain.MethodValve, chain.ValveInput{Chain: l.id}.Encode()
		}
	case 6:
		m.To, m.Method = chain.SystemAddress(m.To.Chain()), "nonsense"
	}
}

// leaving is what a header would say of them.
func (l *liar) leaving(list []block.Outgoing) (leaving []chain.Leaving) {
	sums := map[chain.ID]chain.Amount{}
	for _, o := range list {
		sums[o.To] = l.crossing.add(sums[o.To], l.crossing.value(o.Message))
	}
	for _, id := range slices.Sorted(maps.Keys(sums)) {
		leaving = append(leaving, chain.Leaving{Chain: id, Amount: sums[id]})
	}
	return leaving
}

func (l *liar) head() *chain.Header { return &l.final.blocks[len(l.final.blocks)-1].header }

// certify makes a block final that follows the last one.
func (l *liar) certify(list []block.Outgoing, leaving []chain.Leaving) {
	l.add(l.digest(l.head(), list, leaving), list)
}

// adopt goes on from a block that was more than the chain had, and wasn't any more when the parent looked, in place of what followed meanwhile.
func (l *liar) adopt(p *posted) {
	height := p.digest.Last().Height
	l.final.blocks = l.final.blocks[:height]
	delete(l.posted, p.digest.Last().Hash())
	for to, list := range l.final.left { // any order: each is cut by itself
		l.final.left[to] = slices.DeleteFunc(list, func(d store.Departed) bool { return d.Height >= height })
	}
	l.add(p.digest, p.list)
}

// add makes a certified block the last one.
func (l *liar) add(d *chain.Digest, list []block.Outgoing) {
	h := d.Last()
	l.final.blocks = append(l.final.blocks, archived{*h, nil, d.Certificate.Append(nil), block.EncodeOutbox(list)})
	for place, o := range list {
		l.final.left[o.To] = append(l.final.left[o.To], store.Departed{Number: o.Number, Height: h.Height, Place: uint32(place)})
	}
	for _, n := range l.nodes {
		if n.up {
			n.process.committed(n)
		}
	}
}

// digest is a certified block behind another one.
func (l *liar) digest(after *chain.Header, list []block.Outgoing, leaving []chain.Leaving) *chain.Digest {
	h := *after
	h.Parent, h.Height, h.TimeMillis, h.Leaving = after.Hash(), after.Height+1, after.TimeMillis+1000, leaving
	h.Roots.Outbox, h.Committee = block.OutboxRoot(list), after.Next
	e := l.epochs[slices.IndexFunc(l.epochs, func(e *epoch) bool { return e.seats.Hash() == after.Next })]
	h.Epoch, h.Next = e.seats.Epoch, h.Committee
	l.said[h.Hash()] = leaving
	v := chain.Vote{Step: chain.Confirmation, Network: h.Network, Chain: h.Chain, Epoch: h.Epoch, Height: h.Height, Round: h.Round, Block: h.Hash()}
	var parts []committee.Part
	for member := range l.whole.Nodes {
		if seats := e.committee.Held(nodeKey(member)); seats.Count() > 0 {
			parts = append(parts, l.origin.sign(member, v.Domain(), v.Append(nil), seats))
		}
	}
	certificate, bad := committee.Collect(e.committee, &v, parts)
	if bad != nil {
		l.violate("recovery", nil, "a rotten committee can't certify: %v", bad)
	}
	return &chain.Digest{Headers: []chain.Header{h}, Certificate: certificate}
}
