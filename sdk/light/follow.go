package light

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
)

// What can be wrong with blocks that are shown of a chain of which some are known.
var (
	// ErrKnown: it holds no block after the one that is known. There is nothing to do.
	ErrKnown = errors.New("shows no block after the one that is known")
	// ErrGap: it leaves out blocks behind the one that is known. Fetch those first.
	ErrGap = errors.New("leaves out blocks")
	// ErrFork: it goes on from another block than the one that is known. If its certificate is good, the committee has certified
	// two blocks at one height: keep both, that is evidence (SPEC 4.9, 6.6).
	ErrFork = errors.New("goes on from another block")
	// ErrRun: its headers are not a run of linked blocks. Whoever sent it made it up.
	ErrRun = errors.New("is no run of linked blocks")
	// ErrHandover: it does not show which committee follows, where its last block changes that, or shows one elsewhere. Whoever sent
	// it left it out or made it up: ask another node.
	ErrHandover = errors.New("does not fit the change of committee")
	// ErrStranger: it was to be checked with another committee than the one that is known to certify. Load that one.
	ErrStranger = errors.New("is not the committee that certifies the next block")
)

// Link says how a digest may go on from what is known. The zero Link allows nothing.
type Link uint8

const (
	// Direct: by the block that follows: a child's digests leave none out.
	Direct Link = 1
	// Ahead: by any later block of the same epoch: a view of an ancestor names its latest.
	Ahead Link = 2
)

// Follow checks a digest of a chain against what is known of it, with the committee that known names, and returns what is known
// then: the digest's last block, and who certifies the one after (L5, L6). It costs a hash for each header and one certificate.
func Follow(known chain.Known, d *chain.Digest, c *Committee, link Link) (chain.Known, error) {
	if c.hash != known.Committee || c.Epoch() != known.Epoch {
		return chain.Known{}, fmt.Errorf("committee %s of epoch %d %w: %s of epoch %d", c.hash, c.Epoch(), ErrStranger, known.Committee, known.Epoch)
	}
	if len(d.Headers) == 0 {
		return chain.Known{}, fmt.Errorf("digest %w: it has no headers", ErrKnown)
	}
	if err := joins(&known.Anchor, &d.Headers[0], link); err != nil {
		return chain.Known{}, err
	}
	if err := c.run(d.Headers); err != nil {
		return chain.Known{}, err
	}
	epoch, err := c.handover(d)
	if err != nil {
		return chain.Known{}, err
	}
	last := d.Last()
	if err := c.Block(last, &d.Certificate); err != nil {
		return chain.Known{}, fmt.Errorf("block %d, %s: %w", last.Height, last.Hash(), err)
	}
	return chain.Known{Anchor: last.Anchor(), Epoch: epoch, Committee: last.Next}, nil
}

// FollowAll follows digests of an ancestor one after the other: each but the last changes the committee. It returns the committee
// that certifies the next block too.
func FollowAll(known chain.Known, list []chain.Digest, c *Committee) (chain.Known, *Committee, error) {
	for i := range list {
		after, err := Follow(known, &list[i], c, Ahead)
		if err != nil {
			return chain.Known{}, nil, fmt.Errorf("digest %d: %w", i, err)
		}
		if after.Epoch == known.Epoch && i+1 < len(list) {
			return chain.Known{}, nil, fmt.Errorf("digest %d of %d %w: only one that changes the committee has another behind it", i, len(list), ErrHandover)
		}
		if after.Epoch != known.Epoch {
			if c, err = NewCommittee(c.network, list[i].Next); err != nil {
				return chain.Known{}, nil, fmt.Errorf("digest %d: %w", i, err)
			}
		}
		known = after
	}
	return known, c, nil
}

// joins says whether a run that begins with first may stand behind the known block. A chain that was made by a message is known by
// nothing but height 0: its first block may have any parent.
func joins(known *chain.Anchor, first *chain.Header, link Link) error {
	unborn := known.Height == 0 && known.Hash == chain.BlockHash{}
	follows := first.Height > known.Height && first.Height-1 == known.Height
	switch {
	case first.Height <= known.Height:
		return fmt.Errorf("digest from block %d on %w, %d", first.Height, ErrKnown, known.Height)
	case !follows && link != Ahead:
		return fmt.Errorf("digest from block %d on %w behind %d", first.Height, ErrGap, known.Height)
	case follows && !unborn && first.Parent != known.Hash:
		return fmt.Errorf("block %d %w: its parent is %s, and block %d is %s", first.Height, ErrFork, first.Parent, known.Height, known.Hash)
	case link != Direct && link != Ahead:
		return fmt.Errorf("link %d %w", link, ErrGap)
	}
	return nil
}

// run says whether the headers are those of linked blocks of the committee's own, of which only the last may change it.
func (c *Committee) run(headers []chain.Header) error {
	for i := range headers {
		h := &headers[i]
		switch {
		case h.Network != c.network || h.Chain != c.Chain() || h.Epoch != c.Epoch():
			return fmt.Errorf("block %d %w: network %s, chain %d, epoch %d; the committee's are %s, %d, %d",
				h.Height, ErrScope, h.Network, h.Chain, h.Epoch, c.network, c.Chain(), c.Epoch())
		case h.Committee != c.hash:
			return fmt.Errorf("block %d names committee %s, and %s %w", h.Height, h.Committee, c.hash, ErrScope)
		case i+1 < len(headers) && h.Next != c.hash:
			return fmt.Errorf("block %d %w: it hands over from %s to %s inside the run", h.Height, ErrHandover, c.hash, h.Next)
		case i == 0:
			continue
		}
		before := &headers[i-1]
		if h.Height <= before.Height || h.Height-1 != before.Height {
			return fmt.Errorf("digest %w: block %d stands behind block %d", ErrRun, h.Height, before.Height)
		}
		if hash := before.Hash(); h.Parent != hash {
			return fmt.Errorf("digest %w: block %d has parent %s, and block %d is %s", ErrRun, h.Height, h.Parent, before.Height, hash)
		}
	}
	return nil
}

// handover says whether the digest shows the next committee where its last block changes it, and nowhere else (SPEC 6.7). It
// returns the epoch of the block that follows.
func (c *Committee) handover(d *chain.Digest) (uint64, error) {
	last := d.Last()
	if last.Next == c.hash {
		if d.Next.Chain != 0 || d.Next.Epoch != 0 || len(d.Next.Seats) > 0 {
			return 0, fmt.Errorf("digest %w: it shows a committee, and block %d keeps %s", ErrHandover, last.Height, c.hash)
		}
		return c.Epoch(), nil
	}
	if hash := d.Next.Hash(); hash != last.Next {
		return 0, fmt.Errorf("digest %w: it shows committee %s of %d seats, and block %d hands over to %s",
			ErrHandover, hash, len(d.Next.Seats), last.Height, last.Next)
	}
	if d.Next.Chain != c.Chain() || d.Next.Epoch == 0 || d.Next.Epoch-1 != c.Epoch() {
		return 0, fmt.Errorf("digest %w: the next committee is of chain %d, epoch %d; that must be chain %d and the epoch behind %d",
			ErrHandover, d.Next.Chain, d.Next.Epoch, c.Chain(), c.Epoch())
	}
	if err := d.Next.Check(); err != nil {
		return 0, fmt.Errorf("digest %w: %w", ErrHandover, err)
	}
	return d.Next.Epoch, nil
}
