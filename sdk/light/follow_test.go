package light_test

import (
	"errors"
	"math"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// line is a world of one chain, 1, of which block 4 hands over to the committee of epoch 1, and block 7 to that of epoch 2.
func line(t testing.TB) *world {
	w := newWorld(t, chain.Alone(1))
	for h := uint64(1); h < 10; h++ {
		if h == 4 || h == 7 {
			w.chains[1].next = seatOf(t, 1, w.chains[1].house.Epoch()+1)
		}
		w.block(1)
	}
	return w
}

// L5, L6: every run within an epoch is followed, right behind what is known or, with Ahead, from any later block on; none else is.
func TestFollow(t *testing.T) {
	w := line(t)
	epoch := func(h uint64) int { // of the block
		switch {
		case h <= 4:
			return 0
		case h <= 7:
			return 1
		}
		return 2
	}
	for at := range uint64(9) {
		known, c := w.known(1, at)
		for from := uint64(1); from < 10; from++ {
			for to := from; to < 10; to++ {
				d := w.digest(1, from, to)
				within := epoch(from) == epoch(at+1) && epoch(to) == epoch(at+1) && from > at
				for _, link := range []light.Link{light.Direct, light.Ahead} {
					got, err := light.Follow(known, &d, c.Committee, link)
					if want := within && (link == light.Ahead || from == at+1); want != (err == nil) {
						t.Fatalf("blocks %d to %d behind %d, link %d: %v", from, to, at, link, err)
					}
					if want, _ := w.known(1, to); err == nil && got != want {
						t.Fatalf("known behind block %d: %+v, want %+v", to, got, want)
					}
				}
			}
		}
	}
}

// A chain that was made by a message is known by nothing but that its first block is to come.
func TestFollowUnborn(t *testing.T) {
	w := line(t)
	known, c := w.known(1, 0)
	known.Anchor = chain.Anchor{}
	for from, want := range map[uint64]error{1: nil, 2: light.ErrGap} {
		d := w.digest(1, from, 3)
		if _, err := light.Follow(known, &d, c.Committee, light.Direct); !errors.Is(err, want) {
			t.Errorf("from block %d on: %v", from, err)
		}
		if _, err := light.Follow(known, &d, c.Committee, light.Ahead); err != nil {
			t.Errorf("ahead, from block %d on: %v", from, err)
		}
	}
}

func TestFollowRefused(t *testing.T) {
	w := line(t)
	stranger := seatOf(t, 2, 0)
	for name, x := range map[string]struct {
		edit func(k *chain.Known, d *chain.Digest, c **light.Committee)
		want error
	}{
		"no headers":           {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Headers = nil }, light.ErrKnown},
		"another committee":    {func(_ *chain.Known, _ *chain.Digest, c **light.Committee) { *c = stranger.Committee }, light.ErrStranger},
		"another epoch known":  {func(k *chain.Known, _ *chain.Digest, _ **light.Committee) { k.Epoch++ }, light.ErrStranger},
		"another block known":  {func(k *chain.Known, _ *chain.Digest, _ **light.Committee) { k.Anchor.Hash[0]++ }, light.ErrFork},
		"a later block known":  {func(k *chain.Known, _ *chain.Digest, _ **light.Committee) { k.Anchor.Height = 4 }, light.ErrKnown},
		"an earlier one known": {func(k *chain.Known, _ *chain.Digest, _ **light.Committee) { k.Anchor.Height = 0 }, light.ErrGap},
		"the last one there is": {func(k *chain.Known, d *chain.Digest, _ **light.Committee) {
			k.Anchor.Height, d.Headers[0].Height = math.MaxUint64, 0
		}, light.ErrKnown},
		"another network":      {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Headers[1].Network[0]++ }, light.ErrScope},
		"another chain":        {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Headers[1].Chain++ }, light.ErrScope},
		"another epoch":        {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Headers[1].Epoch++ }, light.ErrScope},
		"of another committee": {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Headers[1].Committee[0]++ }, light.ErrScope},
		"a handover inside":    {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Headers[1].Next[0]++ }, light.ErrHandover},
		"a header left out": {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) {
			d.Headers = append(d.Headers[:1:1], d.Headers[2:]...)
		}, light.ErrRun},
		"a header twice": {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) {
			d.Headers = append(d.Headers[:2:2], d.Headers[1:]...)
		}, light.ErrRun},
		"another parent":   {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Headers[2].Parent[0]++ }, light.ErrRun},
		"another root":     {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Headers[0].Roots.State[0]++ }, light.ErrRun},
		"the last's root":  {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Headers[2].Roots.State[0]++ }, light.ErrHeader},
		"the last's load":  {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Headers[2].Load++ }, light.ErrHeader},
		"a last left out":  {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Headers = d.Headers[:2] }, light.ErrHandover},
		"no next":          {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Next = chain.Committee{} }, light.ErrHandover},
		"another next":     {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Next.Seed[0]++ }, light.ErrHandover},
		"the same as next": {func(_ *chain.Known, d *chain.Digest, c **light.Committee) { d.Next = committeeOf(house{Committee: *c}) }, light.ErrHandover},
		"no signature": {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) {
			d.Certificate.Signature = keys.BLSSignature{}
		}, keys.ErrBLSPoint},
		"a preparation": {func(_ *chain.Known, d *chain.Digest, _ **light.Committee) { d.Certificate.Step = chain.Preparation },
			keys.ErrBLSAggregate},
	} {
		t.Run(name, func(t *testing.T) {
			known, c := w.known(1, 1)
			d := w.digest(1, 2, 4)
			if _, err := light.Follow(known, &d, c.Committee, light.Direct); err != nil {
				t.Fatal(err)
			}
			x.edit(&known, &d, &c.Committee)
			if after, err := light.Follow(known, &d, c.Committee, light.Direct); !errors.Is(err, x.want) || after != (chain.Known{}) {
				t.Fatalf("error %v, want %v; %+v", err, x.want, after)
			}
		})
	}
	known, c := w.known(1, 1)
	d := w.digest(1, 2, 2)
	for _, link := range []light.Link{0, 3} {
		if _, err := light.Follow(known, &d, c.Committee, link); err == nil {
			t.Errorf("link %d is followed", link)
		}
	}
}

// A rotten committee's run, each block of which names the one before as its parent, has no gap in its heights either.
func TestFollowHeights(t *testing.T) {
	for _, height := range []uint64{0, 2, 4, math.MaxUint64} {
		w := line(t)
		known, c := w.known(1, 1)
		d := w.digest(1, 2, 3)
		d.Headers[1].Height = height
		w.certify(&d)
		if _, err := light.Follow(known, &d, c.Committee, light.Direct); !errors.Is(err, light.ErrRun) {
			t.Errorf("block %d behind block 2: %v", height, err)
		}
	}
	w := line(t)
	known, c := w.known(1, 1)
	d := w.digest(1, 2, 3) // past the last height there is
	d.Headers[0].Height, d.Headers[1].Height = math.MaxUint64, 0
	d.Headers[1].Parent = d.Headers[0].Hash()
	w.certify(&d)
	if _, err := light.Follow(known, &d, c.Committee, light.Ahead); !errors.Is(err, light.ErrRun) {
		t.Errorf("block 0 behind the last: %v", err)
	}
}

// What a committee certifies of the one after is held to the rules too: it must be the chain's, of the next epoch, and able to agree.
func TestFollowBadHandover(t *testing.T) {
	for name, edit := range map[string]func(c *chain.Committee){
		"of another chain":     func(c *chain.Committee) { c.Chain++ },
		"of the same epoch":    func(c *chain.Committee) { c.Epoch--; c.Seed[0]++ },
		"of a later epoch":     func(c *chain.Committee) { c.Epoch++ },
		"that can't agree":     func(c *chain.Committee) { c.Silent = 1 },
		"of nobody, and named": func(c *chain.Committee) { *c = chain.Committee{} },
	} {
		w := line(t)
		known, c := w.known(1, 3)
		d := w.digest(1, 4, 4)
		edit(&d.Next)
		d.Headers[0].Next = d.Next.Hash()
		w.certify(&d)
		if _, err := light.Follow(known, &d, c.Committee, light.Direct); !errors.Is(err, light.ErrHandover) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFollowAll(t *testing.T) {
	w := line(t)
	known, c := w.known(1, 2)
	list := []chain.Digest{w.digest(1, 4, 4), w.digest(1, 6, 7), w.digest(1, 9, 9)}
	for n := range len(list) + 1 {
		got, next, err := light.FollowAll(known, list[:n], c.Committee)
		want, _ := w.known(1, []uint64{2, 4, 7, 9}[n])
		if err != nil || got != want || next.Hash() != want.Committee || next.Epoch() != want.Epoch {
			t.Errorf("%d digests: %+v, error %v", n, got, err)
		}
	}
	for name, x := range map[string]struct {
		list []chain.Digest
		want error
	}{
		"two of one epoch":   {[]chain.Digest{w.digest(1, 3, 3), w.digest(1, 4, 4)}, light.ErrHandover},
		"an epoch left out":  {[]chain.Digest{list[0], list[2]}, light.ErrScope},
		"the wrong way":      {[]chain.Digest{list[1], list[0]}, light.ErrScope},
		"one twice":          {[]chain.Digest{list[0], list[0]}, light.ErrKnown},
		"a bad one in front": {[]chain.Digest{{}, list[0]}, light.ErrKnown},
	} {
		if _, _, err := light.FollowAll(known, x.list, c.Committee); !errors.Is(err, x.want) {
			t.Errorf("%s: error %v, want %v", name, err, x.want)
		}
	}
}
