package chain

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Equivocation records that the seat which led a round of the height before proposed two blocks in it (SPEC 5.9): two sets of seats
// with their preparations of them, the leader among both. It is evidence, too (SPEC 6.6), and counts against the leader as a round
// that failed.
type Equivocation struct{ First, Second Certificate }

// Round is the one in which the leader did so.
func (e *Equivocation) Round() uint32 { return e.First.Round }

// Append writes the canonical encoding.
func (e *Equivocation) Append(b []byte) []byte { return e.Second.Append(e.First.Append(b)) }

// equivocationBytes is the least length of one.
const equivocationBytes = 2 * (1 + 1 + 32 + 4 + 8 + 8 + 4 + 32 + 48 + 4)

// readEquivocations reads those of a block, one of a round, in the order of rounds.
func readEquivocations(r *wire.Reader) []Equivocation {
	list := readList(r, "equivocations", MaxFailedRounds, equivocationBytes, func() Equivocation {
		return Equivocation{ReadCertificate(r), ReadCertificate(r)}
	})
	for i := 1; r.Err() == nil && i < len(list); i++ {
		if list[i].Round() <= list[i-1].Round() {
			r.Fail(fmt.Sprintf("equivocation of round %d not in ascending order", list[i].Round()), wire.ErrValue)
		}
	}
	return list
}
