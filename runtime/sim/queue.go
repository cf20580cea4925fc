package sim

// happening is something that will happen to a node at its time.
type happening struct {
	at     uint64 // microseconds
	number uint64 // of two at one time, the one that was planned first
	node   *node  // nil: to the world
	life   int    // of the node; it is void in another one
	kind   string // for the history
	do     func()
}

// queue is a heap of four children a node: half as deep as one of two, and its nodes lie together.
type queue []happening

func (a *happening) before(b *happening) bool {
	return a.at < b.at || a.at == b.at && a.number < b.number
}

func (q *queue) push(h happening) {
	*q = append(*q, h)
	s := *q
	i := len(s) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !h.before(&s[up]) {
			break
		}
		s[i] = s[up]
		i = up
	}
	s[i] = h
}

func (q *queue) pop() happening {
	s := *q
	first, last := s[0], s[len(s)-1]
	s[len(s)-1] = happening{}
	s = s[:len(s)-1]
	*q = s
	if len(s) == 0 {
		return first
	}
	i := 0
	for {
		child := 4*i + 1
		if child >= len(s) {
			break
		}
		for c := child + 1; c < min(4*i+5, len(s)); c++ {
			if s[c].before(&s[child]) {
				child = c
			}
		}
		if !s[child].before(&last) {
			break
		}
		s[i] = s[child]
		i = child
	}
	s[i] = last
	return first
}
