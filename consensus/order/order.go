package order

import "math"

// Class says where a message comes from and where it goes. The zero Class is none of them.
type Class uint8

const (
	External Class = iota + 1 // an input: signed, made outside
	Imported                  // an input: a relay from another chain
	Carried                   // a relay in the pending queue of the state before
	Internal                  // a relay sent in this block to an account of this chain
	Leaving                   // a relay sent in this block to an account of another chain
)

// Message is what the order of a block depends on in a message. Accounts are numbers below Checker.Accounts, given by the
// caller. A message of this block is named by its index; among carried ones the index is the place in the queue.
type Message struct {
	Class    Class
	From, To uint32 // From is read for Imported and Carried (else who sends it is in σ), To for Imported, Carried and Internal
}

// Event is one handling: the message received and, in order, those it sent.
type Event struct {
	Received uint32
	Sent     []uint32
}

// Sequence is σ_i: what one account did in the block, in order.
type Sequence struct {
	Account uint32
	Events  []Event
}

// Place is where an event stands: σ[Sequence].Events[Event].
type Place struct{ Sequence, Event uint32 }

// Result is what a possible order gives to the caller.
type Result struct {
	Order      []Place  // every event, each after all of its causes
	CarriedOut []uint32 // the messages that go to the pending queue, in canonical order
}

// CarryOut says what becomes of relays that nobody processed.
type CarryOut uint8

const (
	Refused CarryOut = iota // a relay left over is a fault
	Allowed                 // it goes to the pending queue
)

// Checker holds the rule of the block and the number of accounts that its messages and σ speak of. Check takes nine bytes
// of memory for each account, so the caller numbers those of the block, not those of the ledger.
type Checker struct {
	Accounts int
	CarryOut CarryOut
}

// Check returns one sequential order of all events and what is carried out; or the first Fault in the order of FaultKind,
// with its witness. Equal input gives the equal answer on every machine.
func (c Checker) Check(messages []Message, sigma []Sequence) (Result, *Fault) {
	g := &graph{Checker: c, messages: messages, sigma: sigma}
	for _, rule := range []func(*graph) *Fault{
		(*graph).inRange, // numbers name something; what follows relies on it
		(*graph).classes,
		(*graph).accountsOnce,
		(*graph).receive,      // O1
		(*graph).send,         // O1
		(*graph).eachMessage,  // O1, O2
		(*graph).acyclic,      // O3
		(*graph).carriedFirst, // O4
		(*graph).orderPerPair, // O5
	} {
		if fault := rule(g); fault != nil {
			return Result{}, fault
		}
	}
	return g.result(), nil
}

// never is the number of an event that did not happen. It is later than any that did.
const never = math.MaxUint32

// graph is σ as events and edges. Events are numbered through, sequence after sequence, so that of two events of one
// account the earlier has the lower number, and e+1 follows e unless a sequence ends between them.
type graph struct {
	Checker
	messages []Message
	sigma    []Sequence

	places   []Place  // by event: where it stands in σ
	received []uint32 // by message: the event that received it, or never
	sent     []uint32 // by message: the event that sent it, or never
	owed     []relay  // the relays to receivers on this chain, in canonical order
	order    []uint32 // the events in a sequential order
	waits    []uint8  // by event: how many of its causes are not in order yet
}

// relay is a message between two accounts.
type relay struct{ message, from, to uint32 }

// receive numbers the events and finds for each message the one that received it (O1). There can't be more events than
// messages before some message comes twice, so σ can't make it allocate more than the messages did.
func (g *graph) receive() *Fault {
	g.received = filled(len(g.messages))
	g.places = make([]Place, 0, len(g.messages))
	for s := range g.sigma {
		for i := range g.sigma[s].Events {
			m := g.sigma[s].Events[i].Received
			if first := g.received[m]; first != never {
				return &Fault{Kind: ReceivedTwice, Messages: []uint32{m}, Accounts: []uint32{g.account(first), g.sigma[s].Account}}
			}
			g.received[m] = uint32(len(g.places))
			g.places = append(g.places, Place{uint32(s), uint32(i)})
		}
	}
	return nil
}

// send finds for each message the event that sent it (O1), and lists what the receivers on this chain are owed.
func (g *graph) send() *Fault {
	g.sent = filled(len(g.messages))
	g.owed = make([]relay, 0, len(g.messages))
	g.owe(Carried)
	g.owe(Imported)
	for e := range uint32(len(g.places)) {
		for _, m := range g.event(e).Sent {
			if fault := g.sendOne(e, m); fault != nil {
				return fault
			}
		}
	}
	return nil
}

// owe adds the messages of a class that was sent before this block.
func (g *graph) owe(class Class) {
	for m := range g.messages {
		if msg := &g.messages[m]; msg.Class == class {
			g.owed = append(g.owed, relay{uint32(m), msg.From, msg.To})
		}
	}
}

func (g *graph) sendOne(e, m uint32) *Fault {
	from := g.account(e)
	switch msg := &g.messages[m]; {
	case msg.Class != Internal && msg.Class != Leaving: // whoever sent it did so before
		return &Fault{Kind: SentTwice, Messages: []uint32{m}, Accounts: []uint32{from}}
	case g.sent[m] != never:
		return &Fault{Kind: SentTwice, Messages: []uint32{m}, Accounts: []uint32{g.account(g.sent[m]), from}}
	case msg.Class == Internal:
		g.owed = append(g.owed, relay{m, from, msg.To})
	}
	g.sent[m] = e
	return nil
}

// acyclic puts the events in an order in which each stands behind its causes (O3): take any that waits for nothing, and it
// is one cause less to wait for to those behind it. If some are never taken, a cycle keeps them waiting.
func (g *graph) acyclic() *Fault {
	g.waits = make([]uint8, len(g.places))
	g.order = make([]uint32, 0, len(g.places))
	for e := range uint32(len(g.places)) {
		if g.waits[e] = g.causes(e); g.waits[e] == 0 {
			g.order = append(g.order, e)
		}
	}
	for i := 0; i < len(g.order); i++ { // order is its own queue: what stands behind i is ready and not yet looked at
		e := g.order[i]
		if g.last(e) != e {
			g.release(e + 1)
		}
		for _, m := range g.event(e).Sent {
			if to := g.received[m]; to != never {
				g.release(to)
			}
		}
	}
	if len(g.order) < len(g.places) {
		return &Fault{Kind: Cycle, Cycle: g.shortCycle()}
	}
	return nil
}

// causes counts the edges into e: the event before it in its sequence, and the one that sent its message.
func (g *graph) causes(e uint32) (n uint8) {
	if g.places[e].Event > 0 {
		n++
	}
	if g.sent[g.event(e).Received] != never {
		n++
	}
	return n
}

func (g *graph) release(e uint32) {
	if g.waits[e]--; g.waits[e] == 0 {
		g.order = append(g.order, e)
	}
}

// carriedFirst checks O4. Neighbours tell: if no carried message stands behind one of another class or a later place in
// the queue, then those of the account come first and in order.
func (g *graph) carriedFirst() *Fault {
	left := uint32(never)
	for m := range uint32(len(g.messages)) {
		switch {
		case g.messages[m].Class != Carried:
		case g.received[m] == never:
			left = min(left, m)
		case left != never:
			return &Fault{Kind: CarriedSkipped, Messages: []uint32{left, m}, Accounts: []uint32{g.account(g.received[m])}}
		}
	}
	for s := range g.sigma {
		events := g.sigma[s].Events
		for i := 1; i < len(events); i++ {
			before, m := events[i-1].Received, events[i].Received
			if g.messages[m].Class == Carried && (g.messages[before].Class != Carried || before > m) {
				return &Fault{Kind: CarriedNotFirst, Messages: []uint32{m, before}, Accounts: []uint32{g.sigma[s].Account}}
			}
		}
	}
	return nil
}

// orderPerPair checks O5 (SPEC 2.5). One sender's relays stand together and in canonical order, so the one before r of the
// same pair is the last that this sender owed to r's receiver. It was received before r, or neither was. Both are events of
// the receiver's one sequence, whose numbers tell which was first; never is later than all.
func (g *graph) orderPerPair() *Fault {
	relays := g.bySender()
	lastTo := filled(g.Accounts) // by account: index of the last relay to it so far
	for i, r := range relays {
		if l := lastTo[r.to]; l != never && relays[l].from == r.from {
			before := relays[l].message
			if g.received[r.message] != never && g.received[before] > g.received[r.message] {
				return &Fault{Kind: OutOfOrder, Messages: []uint32{before, r.message}, Accounts: []uint32{r.from, r.to}}
			}
		}
		lastTo[r.to] = uint32(i)
	}
	return nil
}

// bySender returns the relays owed, grouped by sender, each group in canonical order: a counting sort.
func (g *graph) bySender() []relay {
	next := make([]uint32, g.Accounts+1) // by account: where its next relay goes
	for _, r := range g.owed {
		next[r.from+1]++
	}
	for a := range g.Accounts {
		next[a+1] += next[a]
	}
	sorted := make([]relay, len(g.owed))
	for _, r := range g.owed {
		sorted[next[r.from]] = r
		next[r.from]++
	}
	return sorted
}

func (g *graph) result() Result {
	r := Result{Order: make([]Place, len(g.order))}
	for i, e := range g.order {
		r.Order[i] = g.places[e]
	}
	for _, o := range g.owed {
		if g.received[o.message] == never {
			r.CarriedOut = append(r.CarriedOut, o.message)
		}
	}
	return r
}

func (g *graph) event(e uint32) *Event {
	p := g.places[e]
	return &g.sigma[p.Sequence].Events[p.Event]
}

func (g *graph) account(e uint32) uint32 { return g.sigma[g.places[e].Sequence].Account }

// last is the last event of e's account.
func (g *graph) last(e uint32) uint32 {
	p := g.places[e]
	return e + uint32(len(g.sigma[p.Sequence].Events)) - 1 - p.Event
}

// filled returns n numbers of events, all never.
func filled(n int) []uint32 {
	f := make([]uint32, n)
	for i := range f {
		f[i] = never
	}
	return f
}
