package bft

import (
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
)

const (
	// aheadPerPeer bounds what is kept of each peer for the height after this one: a proposal, a vote of each step, a timeout.
	aheadPerPeer = 4
	// maxAheadBytes bounds all that is kept so: one leader's largest block, and another's, who lies.
	maxAheadBytes = 2 * chain.MaxBlockBytes
)

// keepAhead keeps a message for the height after this one. Of proposals the first is enough: each holds a whole block, and a leader
// repeats its own until it hears of it.
func (r *Replica) keepAhead(ev Received) {
	_, proposal := ev.Message.(*Proposal)
	n := 0
	for i := range r.ahead {
		if r.ahead[i].From != ev.From {
			continue
		}
		if _, also := r.ahead[i].Message.(*Proposal); also && proposal {
			return
		}
		n++
	}
	if n < aheadPerPeer && len(r.seatsOf(ev.From)) > 0 {
		r.ahead = Keep(r.ahead, ev, func(ev Received) Message { return ev.Message })
	}
}

// Keep adds to messages that came too early another one. Together they have no more bytes than two of the largest blocks: the longest give
// way to what is shorter, and are sent again. So many members can't make one hold a block of each, nor keep out what is short.
func Keep[T any](list []T, next T, message func(T) Message) []T {
	total := 0
	list = append(list, next)
	for _, x := range list {
		total += weight(message(x))
	}
	for total > maxAheadBytes {
		longest := len(list) - 1 // none gives way to one as long that comes later
		for i := range list {
			if weight(message(list[i])) > weight(message(list[longest])) {
				longest = i
			}
		}
		total -= weight(message(list[longest]))
		list = slices.Delete(list, longest, longest+1)
	}
	return list
}

// fewBytes is what messages have at least, and those of fixed parts at most, but for the bitmaps of large committees.
const fewBytes = 1 << 10

// weight is about how many bytes a message holds.
func weight(m Message) int {
	switch m := m.(type) {
	case *Proposal:
		return len(m.Raw) + m.Why.weight()
	case *Justification:
		return m.weight()
	}
	return fewBytes
}

func (j *Justification) weight() int {
	n := fewBytes
	if j != nil {
		for i := range j.Said {
			n += fewBytes/4 + len(j.Said[i].Seats)
		}
	}
	return n
}
