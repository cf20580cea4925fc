package overlay

import (
	"slices"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Link is the number of a node's neighbour, from 0.
type Link uint32

// nobody is where a message of this node's own comes from.
const nobody = ^Link(0)

// ID names a message.
type ID [32]byte

// IDOf is the hash of all bytes.
func IDOf(raw []byte) ID { return ID(wire.Sum(wire.TagSpread, raw)) }

// Config is what a Node is made of.
type Config struct {
	// Links is how many neighbours there may be; Full how many of them get a message in full.
	Links, Full int
	// Me varies which links are chosen, from node to node.
	Me uint64
	// PatienceMillis is how long a name waits for a push before the message is asked for, AnswerMillis how long an answer may take.
	PatienceMillis, AnswerMillis uint64
	// Bytes bounds the messages that can still be given; the latest can be, however long it is.
	Bytes int
}

const (
	// maxHad bounds the messages that are remembered by name.
	maxHad = 1024
	// maxDull is how many of them may be not good, where the others need the room.
	maxDull = maxHad / 4
	// maxWanted bounds the names that a link announced and nobody has shown.
	maxWanted = 64
	// maxGiven is how often a link is given one message that it asks for: once, and again if that was lost.
	maxGiven = 2
)

// Event is what happens to a node.
type Event interface{ event() }

// Joined: there is a neighbour. One that is informed gets all messages in another way: nothing is passed on to it. It may be said again of
// one that is there, if that changes. Left: it is gone; its number may be another's then.
type (
	Joined struct {
		Link     Link
		Informed bool
	}
	Left struct{ Link Link }
)

// Published: the node has a message, which is good, from elsewhere. It is passed on as others are, or by its name alone.
type Published struct {
	Raw      []byte
	NameOnly bool
}

// Received, Announced and Asked came over a link: a message in full, a name, a question for one.
type (
	Received struct {
		From Link
		Raw  []byte
	}
	Announced struct {
		From Link
		ID   ID
	}
	Asked struct {
		From Link
		ID   ID
	}
)

// Judged answers Effects.Judge.
type Judged struct {
	ID      ID
	Verdict Verdict
}

// Verdict says what is done with a message.
type Verdict uint8

const (
	// Good is passed on.
	Good Verdict = iota + 1
	// Bad isn't, and is its sender's fault.
	Bad
	// Void isn't, and is nobody's fault: it came too late, or too early to be judged.
	Void
)

// Expired answers Effects.Timers; Forget says that a message is wanted no more.
type (
	Expired struct{ ID ID }
	Forget  struct{ ID ID }
)

func (Joined) event()    {}
func (Left) event()      {}
func (Published) event() {}
func (Received) event()  {}
func (Announced) event() {}
func (Asked) event()     {}
func (Judged) event()    {}
func (Expired) event()   {}
func (Forget) event()    {}

// Effects is the work that one Step causes.
type Effects struct {
	Full     []Send  // messages
	Announce []Send  // names
	Ask      []Send  // questions
	Judge    *Judge  // is it good? Judged answers
	Timers   []Timer // Expired answers, some milliseconds later
	Reject   []Reject
}

// Send is for a link; Raw is nil but for messages.
type Send struct {
	To  Link
	ID  ID
	Raw []byte
}

// Judge asks whether a message may be passed on.
type Judge struct {
	From Link
	ID   ID
	Raw  []byte
}

// Timer asks for Expired.
type Timer struct {
	ID     ID
	Millis uint64
}

// Reject is a neighbour's fault, for counting.
type Reject struct {
	From   Link
	Reason string
}

// Node decides what one node passes on to whom.
type Node struct {
	config Config
	had    map[ID]*had
	order  []ID // of had, oldest first, but for those that are not good
	dull   []ID // of had, those that are not good: they have no bytes, and push out nothing but each other
	bytes  int  // of had
	wanted map[ID]*want
	links  []link
	out    Effects
}

// link is a neighbour as it is now.
type link struct {
	here, informed bool
	open           int // names that it announced first, and that are wanted
}

// had is a message that came.
type had struct {
	raw    []byte // nil if it is bad, or long ago
	from   Link
	judged bool
	knows  []bool // by link: it has the message, or was sent it
	given  []byte // by link: how often it asked for it
}

// want is a message whose name came.
type want struct {
	from  []Link // who announced it; the first is charged for it
	asked int    // of these
}

// New is a node that has nothing yet, and no neighbours.
func New(c Config) *Node {
	return &Node{config: c, had: map[ID]*had{}, wanted: map[ID]*want{}, links: make([]link, c.Links)}
}

// Step applies one event and returns the work it causes.
func (n *Node) Step(ev Event) Effects {
	n.out = Effects{}
	switch ev := ev.(type) {
	case Joined:
		n.links[ev.Link].here, n.links[ev.Link].informed = true, ev.Informed
	case Left:
		n.left(ev.Link)
	case Published:
		id := IDOf(ev.Raw)
		if n.had[id] == nil {
			n.add(id, ev.Raw, nobody).judged = true
			n.pass(id, ev.NameOnly)
		}
	case Received:
		n.received(ev)
	case Announced:
		n.announced(ev)
	case Asked:
		n.asked(ev)
	case Judged:
		n.judged(ev)
	case Expired:
		n.ask(ev.ID)
	case Forget:
		if w := n.wanted[ev.ID]; w != nil {
			n.drop(ev.ID, w)
		}
	}
	return n.out
}

// left forgets what a neighbour knows, and what it announced.
func (n *Node) left(l Link) {
	for _, h := range n.had { // any order: each by itself
		h.knows[l], h.given[l] = false, 0
	}
	for id, w := range n.wanted { // any order: each by itself
		if i := slices.Index(w.from, l); i >= 0 {
			n.disown(id, w, i)
		}
	}
	n.links[l] = link{}
}

// disown takes one of those who announced a message from the list; the first is charged for it.
func (n *Node) disown(id ID, w *want, i int) {
	if i == 0 {
		n.links[w.from[0]].open--
	}
	w.from = slices.Delete(w.from, i, i+1)
	if i < w.asked {
		w.asked--
	}
	switch {
	case len(w.from) == 0:
		delete(n.wanted, id)
	case i == 0:
		n.links[w.from[0]].open++
	}
}

// received takes a message in full. One that is here already shows only that the link has it.
func (n *Node) received(ev Received) {
	id := IDOf(ev.Raw)
	if h := n.had[id]; h != nil {
		h.knows[ev.From] = true
		return
	}
	h := n.add(id, ev.Raw, ev.From)
	if w := n.wanted[id]; w != nil {
		for _, l := range w.from {
			h.knows[l] = true
		}
		n.drop(id, w)
	}
	n.out.Judge = &Judge{ev.From, id, ev.Raw}
}

// add remembers a message; the oldest makes room.
func (n *Node) add(id ID, raw []byte, from Link) *had {
	h := &had{raw: raw, from: from, knows: make([]bool, n.config.Links), given: make([]byte, n.config.Links)}
	if from != nobody {
		h.knows[from] = true
	}
	n.had[id] = h
	n.order = append(n.order, id)
	n.bytes += len(raw)
	for at := 0; n.bytes > n.config.Bytes && at < len(n.order)-1; at++ {
		n.empty(n.had[n.order[at]])
	}
	switch {
	case len(n.had) <= maxHad:
	case len(n.dull) > maxDull:
		delete(n.had, n.dull[0])
		n.dull = n.dull[1:]
	default:
		n.empty(n.had[n.order[0]])
		delete(n.had, n.order[0])
		n.order = n.order[1:]
	}
	return h
}

// empty gives up a message's bytes.
func (n *Node) empty(h *had) {
	n.bytes -= len(h.raw)
	h.raw = nil
}

// judged passes on what is good.
func (n *Node) judged(ev Judged) {
	h := n.had[ev.ID]
	if h == nil || h.judged {
		return
	}
	h.judged = true
	switch ev.Verdict {
	case Good:
		n.pass(ev.ID, false)
		return
	case Bad:
		n.out.Reject = append(n.out.Reject, Reject{h.from, "a message that is not good"})
	}
	n.empty(h)
	n.retire(ev.ID)
}

// retire remembers a message that isn't good apart from the others: whoever sends many of them would push out those that others ask for.
func (n *Node) retire(id ID) {
	for i, is := range slices.Backward(n.order) { // it is the last, mostly
		if is == id {
			n.order = slices.Delete(n.order, i, i+1)
			break
		}
	}
	n.dull = append(n.dull, id)
}

// pass sends a message in full to some links, unless it is the name only, and its name to the others.
func (n *Node) pass(id ID, nameOnly bool) {
	h := n.had[id]
	for i, to := range n.chosen(id, h) {
		h.knows[to] = true
		if i < n.config.Full && h.raw != nil && !nameOnly {
			n.out.Full = append(n.out.Full, Send{to, id, h.raw})
		} else {
			n.out.Announce = append(n.out.Announce, Send{To: to, ID: id})
		}
	}
}

// chosen are the links that are not known to have a message and don't get it anyway, in an order that differs between nodes and messages: so that no link is
// always the first, and neighbours don't choose the same.
func (n *Node) chosen(id ID, h *had) (links []Link) {
	for l := range Link(n.config.Links) {
		if n.links[l].here && !n.links[l].informed && !h.knows[l] {
			links = append(links, l)
		}
	}
	rank := func(l Link) uint64 {
		x := mix(n.config.Me ^ uint64(l)<<32)
		for i := range 4 {
			x = mix(x ^ uint64(id[8*i]) ^ uint64(id[8*i+1])<<8 ^ uint64(id[8*i+2])<<16 ^ uint64(id[8*i+3])<<24)
		}
		return x
	}
	slices.SortFunc(links, func(a, b Link) int {
		if rank(a) < rank(b) {
			return -1
		}
		return 1
	})
	return links
}

// mix spreads the bits of x (splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// announced takes a name.
func (n *Node) announced(ev Announced) {
	if h := n.had[ev.ID]; h != nil {
		h.knows[ev.From] = true
		return
	}
	if w := n.wanted[ev.ID]; w != nil {
		if !slices.Contains(w.from, ev.From) {
			w.from = append(w.from, ev.From)
		}
		return
	}
	if n.links[ev.From].open >= maxWanted {
		return // it is nobody's fault: this node may have been away from its work, and hears all that was said meanwhile
	}
	n.links[ev.From].open++
	n.wanted[ev.ID] = &want{from: []Link{ev.From}}
	n.out.Timers = append(n.out.Timers, Timer{ev.ID, n.config.PatienceMillis})
}

// ask asks the next of those who have announced a message; when all were asked it is wanted no more, until it is announced again.
func (n *Node) ask(id ID) {
	w := n.wanted[id]
	if w == nil {
		return
	}
	if w.asked == len(w.from) {
		n.drop(id, w)
		return
	}
	n.out.Ask = append(n.out.Ask, Send{To: w.from[w.asked], ID: id})
	n.out.Timers = append(n.out.Timers, Timer{id, n.config.AnswerMillis})
	w.asked++
}

func (n *Node) drop(id ID, w *want) {
	delete(n.wanted, id)
	n.links[w.from[0]].open--
}

// asked gives a message that was judged good, to each neighbour maxGiven times: a question has some bytes, and an answer megabytes.
func (n *Node) asked(ev Asked) {
	if h := n.had[ev.ID]; h != nil && h.judged && h.raw != nil && h.given[ev.From] < maxGiven {
		h.given[ev.From]++
		h.knows[ev.From] = true
		n.out.Full = append(n.out.Full, Send{ev.From, ev.ID, h.raw})
	}
}
