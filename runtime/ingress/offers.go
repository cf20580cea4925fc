package ingress

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Offers are the external messages that wait at a member, whoever it has them from, and when it tells the others of each again
// (SPEC 5.10): so all come to have what a single honest member has taken in, though the node that admitted it told nobody else,
// or is gone.
//
//	waits ──pause──► told ──2 pauses──► told ──4 pauses──► …      until it is final, replaced, expired or refused at its place
//	a round fails: all are due, with pauses as at first
//	no block comes:  the first two pauses are a quarter as long, where few wait
//
// Pauses grow, since mostly a message waits for long where many do, and all have them. Times are milliseconds of any clock. It is not
// safe for concurrent use, and bounded by the mempool.
type Offers struct {
	pause uint64
	open  map[chain.MessageID]*open
}

// open is a message that waits.
type open struct {
	message *chain.Message
	due     uint64
	told    uint64 // when it was told of last, or came
	pauses  uint   // that it was told of after
}

// maxPauses bounds the pauses between two times: they grow to 2^maxPauses of the first.
const maxPauses = 4

// NewOffers is empty; the first pause of each message is given.
func NewOffers(pauseMillis uint64) *Offers {
	return &Offers{pauseMillis, map[chain.MessageID]*open{}}
}

// Wait notes that a message has begun to wait here. Whoever it came from has told others, or is to do so now.
func (o *Offers) Wait(m *chain.Message, now uint64) {
	if _, ok := o.open[m.ID()]; !ok {
		o.open[m.ID()] = &open{message: m, due: now + o.pause, told: now}
	}
}

// Gone notes that it waits no longer.
func (o *Offers) Gone(id chain.MessageID) { delete(o.open, id) }

// Len is how many wait.
func (o *Offers) Len() int { return len(o.open) }

// Failed says that a round has failed: who leads the next one may have none of what waits.
func (o *Offers) Failed(now uint64) {
	for _, w := range o.open { // any order: each by itself
		w.due, w.pauses = min(w.due, now), 0
	}
}

const (
	// quietShare is the part of its pause after which a message is told of again while no block comes, and quietTimes how often that is so.
	quietShare, quietTimes = 4, 2
	// quietFew is how many messages wait at most where that is so. Where more do, the chain is not idle but slow.
	quietFew = 4096
)

// Quiet says that no block has become final for a while. Whoever leads may lack what waits here, and rest: its mempool was full when it was told.
func (o *Offers) Quiet() {
	if len(o.open) > quietFew {
		return
	}
	for _, w := range o.open { // any order: each by itself
		if w.pauses < quietTimes { // what waits for longer than that is not late: it has nobody who could handle it
			w.due = min(w.due, w.told+o.pause<<w.pauses/quietShare)
		}
	}
}

// Again are the encoded messages of which to tell the others now, at most so many bytes unless the first alone has more. Who
// was told of longest ago comes first, so none is kept back for good.
func (o *Offers) Again(now uint64, most int) (raws [][]byte) {
	var due []*open
	for _, w := range o.open { // any order: sorted below
		if w.due <= now {
			due = append(due, w)
		}
	}
	slices.SortFunc(due, func(a, b *open) int {
		x, y := a.message.ID(), b.message.ID()
		return cmp.Or(cmp.Compare(a.told, b.told), bytes.Compare(x[:], y[:]))
	})
	for _, w := range due {
		raw := w.message.Encode()
		if most -= len(raw); most < 0 && len(raws) > 0 {
			break
		}
		raws = append(raws, raw)
		w.pauses = min(w.pauses+1, maxPauses)
		w.due, w.told = now+o.pause<<w.pauses, now
	}
	return raws
}
