package relay

import (
	"errors"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// recorder is a chain that has recorded runs of one child.
type recorder struct {
	Chain
	runs []run
}

// run is of blocks First to last of the child.
type run struct {
	Recorded
	last uint64
}

func (r *recorder) Header(height uint64) (*chain.Header, error) {
	return &chain.Header{Height: height}, nil
}

func (r *recorder) Place(chain.ID, uint64, uint64) (merkle.Place, error) { return merkle.Place{}, nil }

func (r *recorder) Recorded(_ chain.ID, height uint64) (*Recorded, error) {
	for i := range r.runs {
		if is := &r.runs[i]; is.First <= height && height <= is.last {
			return &is.Recorded, nil
		}
	}
	return nil, nil
}

func (r *recorder) Released(chain.ID, uint64) (*Recorded, error) { return nil, nil }

func (r *recorder) LastRecorded(_ chain.ID, height uint64) (last uint64, err error) {
	for i := range r.runs {
		if r.runs[i].Height <= height {
			last = r.runs[i].last
		}
	}
	return last, nil
}

// The way to a block leads over that block of each chain that knows most of what left the branch: other chains of the branch may have
// sent value since, and if that was taken in first, what had left when the block was recorded is less than what has come.
func TestWayKnowsWhatLeft(t *testing.T) {
	const above, parent, source, self = 2, 3, 4, 9
	left := func(n uint64) map[chain.ID]light.Left {
		return map[chain.ID]light.Left{self: {Value: chain.NewAmount(n)}}
	}
	entry := func(n uint64) merkle.Accumulator { return merkle.Accumulator{Count: n} }
	for name, c := range map[string]struct {
		covered  uint64
		height   uint64
		at, left uint64 // of the way's step to above, and what had left parent there
	}{
		"recorded alone":                        {1, 1, 1, 10},
		"more has left since":                   {2, 1, 2, 30},
		"what was recorded then isn't for here": {3, 1, 2, 30},
		"the latest of all":                     {4, 1, 4, 70},
		"covered no more than recorded":         {2, 2, 2, 30},
		"not covered yet":                       {1, 2, 0, 0},
	} {
		b := &bringing{Chains: NewChains(), self: self, tree: chain.Tree{
			{ID: chain.Main}, {ID: above, Parent: chain.Main}, {ID: parent, Parent: above}, {ID: source, Parent: parent}, {ID: self, Parent: chain.Main},
		}}
		b.Add(chain.Main, &recorder{})
		b.Add(source, &recorder{})
		b.Add(above, &recorder{runs: []run{
			{Recorded{Height: 1, First: 1, Entry: entry(1), Left: left(10)}, 1},
			{Recorded{Height: 2, First: 2, Entry: entry(3), Left: left(30)}, 3},
			{Recorded{Height: 3, First: 4, Entry: entry(5)}, 5},
			{Recorded{Height: 4, First: 6, Entry: entry(6), Left: left(70)}, 6},
		}})
		b.Add(parent, &recorder{runs: []run{
			{Recorded{Height: 1, First: 1, Entry: entry(1), Left: left(10)}, 1},
			{Recorded{Height: 2, First: 2, Entry: entry(2), Left: left(20)}, 2},
		}})
		l := &looked{top: chain.Main, shown: &Shown{
			Values: [][]byte{accumulated(c.covered), nil}, Proofs: make([]merkle.StateProof, 2),
		}}
		way, err := b.way(l, wanted{chain: source}, c.height)
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case c.at == 0 || way == nil:
			if way != nil || c.at != 0 {
				t.Errorf("%s: %+v", name, way)
			}
		case len(way.steps) != 3 || len(way.left) != 3:
			t.Errorf("%s: %d steps, %d branches", name, len(way.steps), len(way.left))
		case way.steps[0].Anchor.Height != c.at || way.left[1].Value != chain.NewAmount(c.left):
			t.Errorf("%s: over block %d, where %s had left", name, way.steps[0].Anchor.Height, way.left[1].Value)
		}
	}
}

// accumulated is an accumulator with so many leaves.
func accumulated(n uint64) []byte {
	var a merkle.Accumulator
	for range n {
		a.Append(merkle.Hash{1})
	}
	return a.Encode()
}

// A node that is asked from afar can't send the way round in circles.
func TestWayEnds(t *testing.T) {
	for _, first := range []uint64{0, 6, 1 << 63} {
		c := Remote{Ask: func(ask []byte) ([]byte, error) {
			b := wire.AppendU64(wire.AppendU64(nil, 1), first)
			b = wire.AppendBytes(b, (&merkle.Accumulator{}).Encode())
			return wire.AppendU32(merkle.StateProof{}.Append(b), 0), nil
		}}
		if is, err := c.Recorded(2, 5); !errors.Is(err, ErrAsk) {
			t.Errorf("recorded from %d on: %+v, %v", first, is, err)
		}
	}
}
