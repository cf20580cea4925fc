package transport

// message is bytes for a channel of the other node.
type message struct {
	channel uint32
	raw     []byte
}

// queue is what waits to be sent to one peer. It outlives a connection: what was begun on one that broke begins again on the next.
type queue struct {
	rooms *[classes]room
	lanes [classes]lane
}

type lane struct {
	waiting []message
	bytes   int // with costs
	sent    int // of the first
}

// push adds a message; false if it finds no room. Of votes the oldest makes room: who votes again means the later one.
func (q *queue) push(c Class, m message) bool {
	l, r := &q.lanes[c], &q.rooms[c]
	cost := charge(len(m.raw))
	if len(m.raw) == 0 || len(m.raw) > r.message {
		return false
	}
	for c == Votes && l.bytes+cost > r.queue && len(l.waiting) > 1 {
		oldest := 0
		if l.sent > 0 { // the first is under way
			oldest = 1
		}
		l.bytes -= charge(len(l.waiting[oldest].raw))
		l.waiting[oldest] = l.waiting[0]
		l.waiting[0] = message{}
		l.waiting = l.waiting[1:]
	}
	if l.bytes+cost > r.queue {
		return false
	}
	l.waiting = append(l.waiting, m)
	l.bytes += cost
	return true
}

// next is the fragment to be sent now: of the most urgent class that has something and the credit for it; nil if there is none. It
// takes the credit.
func (q *queue) next(credit *[classes]int) frame {
	for c := range q.lanes {
		if f := q.lanes[c].next(Class(c), &credit[c]); f != nil {
			return f
		}
	}
	return nil
}

func (l *lane) next(c Class, credit *int) (f frame) {
	if len(l.waiting) == 0 {
		return nil
	}
	m := l.waiting[0]
	part := m.raw[l.sent:]
	part = part[:min(len(part), fragmentBytes)]
	cost := len(part) + fragmentCost
	if l.sent == 0 {
		cost += messageCost
	}
	if cost > *credit {
		return nil
	}
	*credit -= cost
	if l.sent == 0 {
		f = begin{c, m.channel, uint32(len(m.raw)), part}
	} else {
		f = more{c, part}
	}
	if l.sent += len(part); l.sent == len(m.raw) {
		l.bytes -= charge(len(m.raw))
		l.waiting[0] = message{}
		l.waiting = l.waiting[1:]
		l.sent = 0
	}
	return f
}

// again lets a new connection begin at the start of what an old one had under way.
func (q *queue) again() {
	for c := range q.lanes {
		q.lanes[c].sent = 0
	}
}

// clear drops all that waits, and says how much that was.
func (q *queue) clear() (n int) {
	for c := range q.lanes {
		n += len(q.lanes[c].waiting)
		q.lanes[c] = lane{}
	}
	return n
}
