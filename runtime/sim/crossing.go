package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// crossing watches over what goes between chains, with their final blocks alone. It holds
//
//	I5       each relay is taken in once, in order for each pair of chains, and as it was sent in a block that was final before: so no
//	         chain of causes over several chains ever closes
//	I1, 8.5  what left chains and has not arrived, and what all of them hold, comes to what was issued
//	7.2      what a parent records of a child are the child's final blocks, each once and in their order
//	8.6      a source knows of no more relays taken in than were
//	8.7      what comes out of a branch is no more than it ever had, also if a committee in it is rotten
//	4.9      a chain of which two certified blocks of one height were shown is marked by its parent, and no other is
//	I11      what was sent arrives, and what was done is recorded, in time
type crossing struct {
	*stage
	sent     map[pairOf][]sentRelay
	arrived  map[pairOf]uint64       // the number that is expected next
	recorded map[chain.ID]uint64     // by child: up to which height its parent has it
	moved    map[pairOf]chain.Amount // the value that has arrived
	wanted   map[chain.ID][]registration
	valves   *valves
}

// pairOf is a chain and another one that it sends to.
type pairOf struct{ from, to chain.ID }

type sentRelay struct {
	id    chain.MessageID
	value chain.Amount
}

// registration is a charter of a chain in the registry, from a height of the main chain on.
type registration struct {
	height uint64
	raw    []byte
}

func newCrossing(s *stage) *crossing {
	o := &crossing{
		stage: s, sent: map[pairOf][]sentRelay{}, arrived: map[pairOf]uint64{}, recorded: map[chain.ID]uint64{},
		moved: map[pairOf]chain.Amount{}, wanted: map[chain.ID][]registration{},
	}
	o.valves = newValves(o)
	return o
}

// count is how many relays one chain has sent to another.
func (o *crossing) count(from, to chain.ID) uint64 { return uint64(len(o.sent[pairOf{from, to}])) }

// final takes a block of a chain that became final.
func (o *crossing) final(w *World, res *block.Result) {
	for i := range res.Block.Arrived.Imports {
		o.arrive(w, res, &res.Block.Arrived.Imports[i])
	}
	for _, m := range res.Outbox {
		o.leave(w, res, &m)
	}
	for _, r := range res.Recorded {
		child := o.world(r.Child)
		for i, a := range r.Anchors {
			height := r.First + uint64(i)
			o.census.add("block recorded")
			switch {
			case child == nil || o.tree.Parent(r.Child) != w.id:
				o.violate("7.2 digests", nil, "block %d of chain %d records blocks of chain %d, which is no child of it", res.Block.Header.Height, w.id, r.Child)
			case height != o.recorded[r.Child]+1:
				o.violate("7.2 digests", nil, "block %d of chain %d records block %d of chain %d, and %d was the last", res.Block.Header.Height, w.id, height, r.Child, o.recorded[r.Child])
			case child.rotten && height > child.final.height():
			case height >= uint64(len(child.final.hashes)) || child.final.hashes[height] != a.Hash || a.Height != height:
				o.violate("7.2 digests", nil, "block %d of chain %d records %s at height %d of chain %d, which is not final there", res.Block.Header.Height, w.id, a.Hash, height, r.Child)
			}
			o.recorded[r.Child] = height
		}
		if child != nil {
			o.valves.recorded(child, res.Block.Header.Height, &r)
		}
	}
	o.ends(res)
	o.entries(w, res)
	o.valves.final(w, res)
}

// ends counts in which ways relays fail in the block that takes them in.
func (o *crossing) ends(res *block.Result) {
	came := map[chain.MessageID]bool{}
	for i := range res.Block.Arrived.Imports {
		for _, m := range res.Block.Arrived.Imports[i].Messages {
			came[m.ID()] = true
		}
	}
	for i := range res.Journal.Receipts {
		if r := &res.Journal.Receipts[i]; came[r.Message] && r.Status != chain.StatusOK {
			o.census.add(failedThere(r.Status))
		}
	}
}

// failedThere is what the census calls a relay from another chain that failed.
func failedThere(s chain.Status) string { return "relay from another chain: " + s.String() }

// arrive takes relays that were taken in.
func (o *crossing) arrive(w *World, res *block.Result, im *chain.Import) {
	p := pairOf{im.Source, w.id}
	from := o.world(im.Source)
	for i, m := range im.Messages {
		number := im.First + uint64(i)
		o.census.add("relay taken in")
		if m.Depth > playRounds/2 && m.Method == playMethod {
			o.census.add("ping-pong between chains")
		}
		if from == nil || number != o.arrived[p] || m.From.Chain() != im.Source || m.To.Chain() != w.id {
			o.violate("I5 exactly once", nil, "block %d of chain %d takes in relay %d of chain %d, from %s to %s, and %d is next", res.Block.Header.Height, w.id, number, im.Source, m.From, m.To, o.arrived[p])
			return
		}
		o.arrived[p]++
		value := o.value(m)
		if number < uint64(len(o.sent[p])) {
			if o.sent[p][number].id != m.ID() {
				o.violate("I5 exactly once", nil, "block %d of chain %d takes in relay %d of chain %d, which is not the one that was sent", res.Block.Header.Height, w.id, number, im.Source)
			}
		} else if !from.rotten {
			o.violate("I5 exactly once", nil, "block %d of chain %d takes in relay %d of chain %d, which no final block has sent", res.Block.Header.Height, w.id, number, im.Source)
		} else {
			o.census.add("invented relay taken in")
		}
		o.moved[p] = o.add(o.moved[p], value)
	}
	o.within(im.Source)
	o.valves.within(im.Source, w.id)
}

// within holds 8.7 for all branches that a chain is in: what has been taken in from there by others is no more than was ever there.
func (o *crossing) within(id chain.ID) {
	for root := id; root != chain.Main && root != 0; root = o.tree.Parent(root) {
		var had, out chain.Amount
		for _, w := range o.worlds {
			inside := o.tree.Below(w.id, root)
			if inside {
				had = o.add(had, w.origin.issued)
			}
			for _, x := range o.worlds {
				switch beyond := !o.tree.Below(x.id, root); {
				case inside && beyond:
					out = o.add(out, o.moved[pairOf{w.id, x.id}])
				case !inside && !beyond:
					for _, s := range o.sent[pairOf{w.id, x.id}] {
						had = o.add(had, s.value)
					}
				}
			}
		}
		if had.Less(out) {
			o.violate("8.7 solvency", nil, "%s came out of chain %d and those under it, and all that was ever there is %s", out, root, had)
		}
	}
}

// leave takes a relay that leaves a chain.
func (o *crossing) leave(w *World, res *block.Result, m *block.Outgoing) {
	p := pairOf{w.id, m.To}
	if m.Number != uint64(len(o.sent[p])) || m.Message.From.Chain() != w.id || m.Message.To.Chain() != m.To || o.world(m.To) == nil {
		o.violate("I5 exactly once", nil, "block %d of chain %d sends %s to chain %d as number %d, and %d is next", res.Block.Header.Height, w.id, m.Message.ID(), m.To, m.Number, len(o.sent[p]))
	}
	o.census.add("relay sent")
	o.sent[p] = append(o.sent[p], sentRelay{m.Message.ID(), o.value(m.Message)})
}

// entries looks at what a block makes of the chain's own entries.
func (o *crossing) entries(w *World, res *block.Result) {
	for _, c := range res.Changes {
		if w.id == chain.Main && c.Account == chain.RegistryAddress() {
			for _, x := range o.worlds {
				if c.Slot == registered(x.id) {
					o.wanted[x.id] = append(o.wanted[x.id], registration{res.Block.Header.Height, c.After})
				}
			}
		}
		if !c.Account.IsSystem() {
			continue
		}
		for _, x := range o.worlds {
			switch c.Key {
			case chain.OutKey(x.id):
				out, err := chain.DecodeOutward(c.After)
				p := pairOf{w.id, x.id}
				if err != nil || !x.rotten && out.Consumed > o.arrived[p] || out.Next != o.count(w.id, x.id) {
					o.violate("8.6 back-pressure", nil, "after block %d chain %d says that %d of %d relays to chain %d were taken in; it has sent %d, and %d were", res.Block.Header.Height, w.id, out.Consumed, out.Next, x.id, o.count(w.id, x.id), o.arrived[p])
				}
				if out.Consumed > 0 {
					o.census.add("acknowledged")
				}
			case chain.InKey(x.id):
				if next, err := chain.DecodeNumber(c.After); err != nil || next != o.arrived[pairOf{x.id, w.id}] {
					o.violate("I5 exactly once", nil, "after block %d chain %d expects relay %d of chain %d, and %d were taken in", res.Block.Header.Height, w.id, next, x.id, o.arrived[pairOf{x.id, w.id}])
				}
			}
		}
		if strings.HasPrefix(c.Key, "view/") {
			o.census.add("view raised")
		}
	}
}

// agrees says which charter a chain may take over when it sees the main chain at a height: what was registered last then.
func (o *crossing) agrees(id chain.ID, height uint64) []byte {
	var raw []byte
	for _, r := range o.wanted[id] {
		if r.height <= height {
			raw = r.raw
		}
	}
	return raw
}

func (o *crossing) add(a, b chain.Amount) chain.Amount {
	sum, err := a.Add(b)
	if err != nil {
		o.violate("I1 conservation", nil, "%s and %s are too much", a, b)
	}
	return sum
}

// value is what a relay carries.
func (o *crossing) value(m *chain.Message) chain.Amount {
	v, err := carries(m)
	if err != nil {
		o.violate("I1 conservation", nil, "relay %s: %v", m.ID(), err)
	}
	return v
}

// end counts everything, at the end of a run.
func (o *crossing) end() {
	if o.broken != nil || len(o.worlds) == 1 {
		return
	}
	var all, issued chain.Amount
	rotten := false
	for _, w := range o.worlds {
		rotten = rotten || w.rotten
		if parent := o.world(o.tree.Parent(w.id)); !w.rotten && parent != nil && o.forked(w) {
			o.violate("4.9 forks", nil, "chain %d says that the committee of chain %d certified two blocks of a height, and it keeps the rules", parent.id, w.id)
		}
		issued = o.add(issued, w.origin.issued)
		all = o.add(all, w.holds())
		for _, x := range o.worlds {
			p := pairOf{w.id, x.id}
			for _, s := range o.sent[p][min(o.arrived[p], uint64(len(o.sent[p]))):] {
				all = o.add(all, s.value)
			}
		}
	}
	// What a rotten chain has let out is counted where it arrived, and again on that chain: within holds that it was there.
	if all != issued && !rotten || all.Less(issued) {
		o.violate("I1 conservation", nil, "all chains hold %s with what is under way, and %s were issued", all, issued)
	}
}

// crossMillis is how long what is under way between healed chains may take to arrive, from then on: a digest may wait for lazilyMillis on
// each of three levels, … What valves let wait comes on top.
const crossMillis = 60_000

// demand lets the chains go on until all that was sent until now has arrived, all blocks are recorded, and registered committees agree.
func (o *crossing) demand() {
	if len(o.worlds) == 1 || o.broken != nil {
		return
	}
	begin := o.now
	heights, sent := map[chain.ID]uint64{}, map[pairOf]uint64{}
	for _, w := range o.worlds {
		heights[w.id] = w.final.height()
		for _, x := range o.worlds {
			switch {
			case w.rotten || x.rotten || o.severs(w.id, x.id):
			case o.valves.drain(w.id, x.id) > mostDrained:
				o.census.add("more waits at a valve than is waited for")
			default:
				sent[pairOf{w.id, x.id}] = o.count(w.id, x.id)
			}
		}
	}
	wait := crossMillis + o.valves.patience(sent)
	if !o.until(begin+wait*millis, func() bool { return o.open(heights, sent) == "" }) && o.broken == nil {
		o.violate("I11 liveness", nil, "%d ms after trouble ended: %s", (o.now-begin)/millis, o.open(heights, sent))
	}
	if wait > crossMillis {
		o.census.add("valves waited for")
		o.census.most("milliseconds until valves had let through all", int((o.now-begin)/millis))
		return
	}
	o.census.most("milliseconds until all had arrived", int((o.now-begin)/millis))
}

// severs says whether a rotten chain is on the way that what one chain sends to another takes: it records nothing any more. What comes to a
// chain under it from beyond takes no step there.
func (o *crossing) severs(from, to chain.ID) bool {
	top := o.tree.Common(from, to)
	return slices.ContainsFunc(o.tree.Ancestors(from), func(id chain.ID) bool {
		return o.world(id).rotten && o.tree.Below(id, top)
	})
}

// open says what has not come to its end; "" for nothing.
func (o *crossing) open(heights map[chain.ID]uint64, sent map[pairOf]uint64) string {
	if id := o.unmarked(); id != 0 {
		return fmt.Sprintf("the parent of chain %d doesn't know that its committee certified two blocks of a height", id)
	}
	for _, w := range o.worlds {
		if w.rotten {
			continue
		}
		if parent := o.world(o.tree.Parent(w.id)); parent != nil && !parent.rotten && o.recorded[w.id] < heights[w.id] {
			return fmt.Sprintf("blocks of chain %d are recorded up to %d of %d", w.id, o.recorded[w.id], heights[w.id])
		}
		if list := o.wanted[w.id]; len(list) > 0 {
			if !w.follows(list[len(list)-1].raw) {
				return fmt.Sprintf("chain %d has not taken over the charter that was registered in block %d", w.id, list[len(list)-1].height)
			}
		}
		for _, x := range o.worlds {
			if p := (pairOf{w.id, x.id}); o.arrived[p] < sent[p] {
				return fmt.Sprintf("%d of %d relays from chain %d to chain %d have arrived", o.arrived[p], sent[p], w.id, x.id)
			}
		}
	}
	return ""
}
