package keep

import (
	"errors"
	"testing"

	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// behind are records of a chain that catches up: blocks 3 and 5 recorded something and sent something, and the head is what is durable of them.
type behind struct {
	Records
	head uint64
}

func (b behind) Head(chain.ID) (h store.Head, err error) {
	h.Height = b.head
	return h, nil
}

func (b behind) Proof(_ chain.ID, _ byte, _ chain.ID, most uint64) (uint64, []byte, error) {
	for _, at := range []uint64{5, 3} {
		if at <= most {
			return at, wire.AppendU64(nil, 10*at), nil
		}
	}
	return 0, nil, store.ErrNotFound
}

func (b behind) Departures(_, _ chain.ID, first uint64, _ int) ([]store.Departed, error) {
	return []store.Departed{{Height: 3 + 2*first}}, nil
}

// Of a block whose sync is under way other chains are shown nothing: its header isn't here for them either.
func TestNothingIsShownOfBegunBlocks(t *testing.T) {
	for _, c := range []struct{ head, recorded, second uint64 }{{2, 0, 0}, {3, 30, 0}, {4, 30, 0}, {5, 50, 5}} {
		r := RelaysOf(behind{head: c.head}, 2)
		if got, err := r.LastRecorded(3, 9); err != nil || got != c.recorded {
			t.Errorf("head %d: recorded up to %d, %v; want %d", c.head, got, err, c.recorded)
		}
		if got, err := r.Departure(3, 1); err != nil || got != c.second {
			t.Errorf("head %d: the second relay left in block %d, %v; want %d", c.head, got, err, c.second)
		}
		if c.second == 0 {
			if got, err := r.Departed(3, 1, relay.Room{}); err != nil || got != nil {
				t.Errorf("head %d: what left is shown: %+v, %v", c.head, got, err)
			}
		}
	}
}

// Node and Header are those of a chain that began with a state: what was before is gone.
func (b behind) Node(chain.ID, chain.ID, uint8, uint64) (merkle.Hash, error) {
	return merkle.Hash{}, store.ErrPruned
}

func (b behind) Header(chain.ID, uint64) (chain.Header, error) {
	return chain.Header{}, store.ErrPruned
}

// What was before the state that a chain began with is told from what should be here: it ends nobody.
func TestBeforeTheStateIsNotHere(t *testing.T) {
	r := RelaysOf(behind{head: 5}, 2)
	if _, err := r.Place(3, 8, 0); !errors.Is(err, relay.ErrNotHere) {
		t.Error(err)
	}
	if _, err := r.Run(1); !errors.Is(err, relay.ErrNotHere) {
		t.Error(err)
	}
}
