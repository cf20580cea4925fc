package overlay

import (
	"cmp"
	"container/heap"

	"github.com/thinkey/thinkey/sdk/assert"
)

// What nodes have in their Config: a name waits a moment for the block itself, and an answer may take as long as a block of some megabytes does
// on a slow line. Who asks another one earlier gets both.
const (
	NodePatienceMillis = 50
	NodeAnswerMillis   = 2000
)

// Network is a simulated one: nodes in random rings, so that each has Links neighbours, and everyone is reached.
type Network struct {
	Nodes, Links, Full int // Links even
	Messages           int // published one after the other, each by another node
	Seed               uint64
	// LeastMillis and MostMillis bound the delay of a link; FullMillis is what a full copy takes of its sender's line, one after the other.
	LeastMillis, MostMillis, FullMillis uint64
	// PatienceMillis and AnswerMillis are those of the nodes (Config).
	PatienceMillis, AnswerMillis uint64
	// Silent is the share of nodes, in percent, that take what they get and pass nothing on, answer nothing, but announce.
	Silent uint64
}

// Result is what spreading took.
type Result struct {
	// Copies is how many full copies a node received on average, the publisher aside; Names how many names, Questions how many.
	Copies, Names, Questions float64
	// MedianMillis and LastMillis are when half of the nodes, and the last one, had a message, on average.
	MedianMillis, LastMillis float64
	// Missed are nodes, over all messages, that never got one.
	Missed int
}

// Measure spreads messages over a simulated network, the same for equal arguments on every machine.
func Measure(c Network) Result {
	assert.That(c.Nodes > c.Links && c.Links%2 == 0 && c.Links > 0, "%d nodes with %d links: links are even, and fewer than nodes", c.Nodes, c.Links)
	w := newWorld(c)
	var sum Result
	for i := range c.Messages {
		w.spread(i, &sum)
	}
	others := float64((c.Nodes - 1) * c.Messages)
	sum.Copies, sum.Names, sum.Questions = sum.Copies/others, sum.Names/others, sum.Questions/others
	sum.MedianMillis, sum.LastMillis = sum.MedianMillis/float64(c.Messages), sum.LastMillis/float64(c.Messages)
	return sum
}

// world is the network at work.
type world struct {
	Network
	random uint64
	nodes  []*Node
	ends   [][]end  // by node and link
	lines  []uint64 // by node: until when its line is busy
	queue  events
	now    uint64
	number uint64
	copies int
	names  int
	asks   int
}

// end is the other end of a link.
type end struct {
	node  int
	link  Link
	delay uint64
}

func (w *world) draw(n uint64) uint64 {
	w.random++
	return mix(w.Seed^mix(w.random)) % n
}

func newWorld(c Network) *world {
	w := &world{Network: c, ends: make([][]end, c.Nodes), lines: make([]uint64, c.Nodes)}
	for range c.Links / 2 {
		ring := make([]int, c.Nodes)
		for i := range ring {
			ring[i] = i
		}
		for i := range ring {
			j := i + int(w.draw(uint64(c.Nodes-i)))
			ring[i], ring[j] = ring[j], ring[i]
		}
		for i, a := range ring {
			b := ring[(i+1)%c.Nodes]
			delay := c.LeastMillis + w.draw(c.MostMillis-c.LeastMillis+1)
			toA, toB := Link(len(w.ends[a])), Link(len(w.ends[b]))
			w.ends[a] = append(w.ends[a], end{b, toB, delay})
			w.ends[b] = append(w.ends[b], end{a, toA, delay})
		}
	}
	for i := range c.Nodes {
		w.nodes = append(w.nodes, New(Config{
			Links: c.Links, Full: c.Full, Me: mix(c.Seed ^ uint64(i)), PatienceMillis: c.PatienceMillis, AnswerMillis: c.AnswerMillis, Bytes: 1 << 10,
		}))
		for l := range c.Links {
			w.nodes[i].Step(Joined{Link: Link(l)})
		}
	}
	return w
}

// silent says whether a node passes nothing on.
func (w *world) silent(node int) bool { return mix(w.Seed^uint64(node)<<20)%100 < w.Silent }

// spread publishes a message and runs until nothing happens any more.
func (w *world) spread(i int, sum *Result) {
	w.copies, w.names, w.asks = 0, 0, 0
	raw := []byte{byte(i), byte(i >> 8), byte(i >> 16)}
	id := IDOf(raw)
	by := int(w.draw(uint64(w.Nodes)))
	for w.silent(by) {
		by = (by + 1) % w.Nodes
	}
	start := w.now
	reached := []uint64{0}
	w.perform(by, w.nodes[by].Step(Published{Raw: raw}))
	for len(w.queue) > 0 {
		e := heap.Pop(&w.queue).(happening)
		w.now = e.at
		before := w.nodes[e.node].had[id] != nil
		w.perform(e.node, w.nodes[e.node].Step(e.event))
		if !before && w.nodes[e.node].had[id] != nil {
			reached = append(reached, w.now-start)
		}
	}
	sum.Copies += float64(w.copies)
	sum.Names += float64(w.names)
	sum.Questions += float64(w.asks)
	sum.Missed += w.Nodes - len(reached)
	sum.MedianMillis += float64(reached[len(reached)/2])
	sum.LastMillis += float64(reached[len(reached)-1])
}

// perform carries what a node sends; all messages are good.
func (w *world) perform(node int, e Effects) {
	if e.Judge != nil {
		w.perform(node, w.nodes[node].Step(Judged{e.Judge.ID, Good}))
	}
	for _, s := range e.Full {
		if w.silent(node) {
			continue
		}
		to := w.ends[node][s.To]
		w.lines[node] = max(w.lines[node], w.now) + w.FullMillis
		w.copies++
		w.add(w.lines[node]+to.delay, to.node, Received{to.link, s.Raw})
	}
	for _, s := range e.Announce {
		to := w.ends[node][s.To]
		w.names++
		w.add(w.now+to.delay, to.node, Announced{to.link, s.ID})
	}
	for _, s := range e.Ask {
		to := w.ends[node][s.To]
		w.asks++
		w.add(w.now+to.delay, to.node, Asked{to.link, s.ID})
	}
	for _, t := range e.Timers {
		w.add(w.now+t.Millis, node, Expired{t.ID})
	}
}

func (w *world) add(at uint64, node int, ev Event) {
	w.number++
	heap.Push(&w.queue, happening{at, w.number, node, ev})
}

// happening is an event at its time; of two at one time the one that was caused first comes first.
type happening struct {
	at, number uint64
	node       int
	event      Event
}

type events []happening

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].at, q[j].at), cmp.Compare(q[i].number, q[j].number)) < 0
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(happening)) }
func (q *events) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = happening{}
	*q = old[:len(old)-1]
	return last
}
