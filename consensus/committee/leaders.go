package committee

import (
	"encoding/binary"

	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Term is how many heights a leader keeps its place (SPEC 5.9).
const Term = 100

// Leaders is the order in which the seats of a committee lead. A node with k seats has k places in it.
type Leaders struct {
	seats []uint32 // by place
	place []uint32 // by seat
}

// Turn asks for the leader of a round.
type Turn struct {
	Height uint64
	Round  uint32
	// Last is the seat that led when the block before was proposed: its header's Proposer; nil for the first height of an
	// epoch, which the first place leads.
	Last *uint32
	// Term is the height at which that seat began to lead: its header's Term.
	Term uint64
}

// NewLeaders shuffles n seats by the committee's seed, each order as likely as any other.
func NewLeaders(seed chain.Hash, n int) *Leaders {
	l := &Leaders{make([]uint32, n), make([]uint32, n)}
	for i := range l.seats {
		l.seats[i] = uint32(i)
	}
	d := draws{seed: seed}
	for i := n - 1; i > 0; i-- {
		j := d.below(uint32(i + 1))
		l.seats[i], l.seats[j] = l.seats[j], l.seats[i]
	}
	for i, seat := range l.seats {
		l.place[seat] = uint32(i)
	}
	return l
}

// Leader is the seat that leads. A leader stays in place for a term of blocks, or until a round times out; then the next place leads,
// and stays, for a term of its own. So the leader follows from the parent's header alone, and members that
// know the parent agree on it, whichever certificate they have of it.
func (l *Leaders) Leader(t Turn) uint32 {
	n := uint64(len(l.seats))
	place := uint64(t.Round)
	if t.Last != nil {
		assert.That(uint64(*t.Last) < n, "seat %d of %d led", *t.Last, n)
		place += uint64(l.place[*t.Last])
		if over(t.Height, t.Term) {
			place++
		}
	}
	return l.seats[place%n]
}

// over says whether a term that began at a height is over at another.
func over(height, began uint64) bool { return height >= began+Term }

// Began is the height at which the proposer of h, the block after parent, began to lead: that of h itself, unless it led the parent and
// its term is not over, and no round of h's height failed before it proposed. A new epoch begins with new terms.
func Began(parent, h *chain.Header) uint64 {
	if parent.Height == 0 || h.Epoch != parent.Epoch || h.Round > 0 || h.Proposer != parent.Proposer || over(h.Height, parent.Term) {
		return h.Height
	}
	return parent.Term
}

// From is the seat that leads a number of places after, or before, the given one.
func (l *Leaders) From(seat uint32, places int64) uint32 {
	n := int64(len(l.seats))
	assert.That(int64(seat) < n, "seat %d of %d led", seat, n)
	return l.seats[((int64(l.place[seat])+places)%n+n)%n]
}

// draws are numbers that follow from a seed.
type draws struct {
	seed chain.Hash
	next uint64
}

// below draws a number below n, each as likely as any other: what lies above the largest multiple of n is drawn again.
func (d *draws) below(n uint32) uint32 {
	for {
		sum := wire.Sum(wire.TagLeaders, d.seed[:], wire.AppendU64(nil, d.next))
		d.next++
		if v := binary.BigEndian.Uint64(sum[:]); v >= -uint64(n)%uint64(n) {
			return uint32(v % uint64(n))
		}
	}
}
