package keep

import (
	"sort"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Trail shows a header to who knows the genesis' committee alone: a digest for each epoch that ended before, and the header's own
// (light.FollowAll). Base is where the records begin, and shown the trail that led there; 0 and nil if they begin with block 1.
func (c Chain) Trail(to *chain.Header, base uint64, shown []chain.Digest) ([]chain.Digest, error) {
	if to.Height == base {
		return shown, nil
	}
	list, from := shown, base
	if n := len(shown); n > 0 {
		if last := shown[n-1].Last(); last.Next == last.Committee {
			list = shown[: n-1 : n-1]
		} else {
			from = base + 1
		}
	}
	for {
		h, err := c.Header(from)
		if err != nil {
			return nil, err
		}
		if h.Epoch == to.Epoch {
			break
		}
		var failed error
		n := sort.Search(int(to.Height-from), func(i int) bool { // the first of a later epoch
			x, err := c.Header(from + uint64(i))
			if failed == nil {
				failed = err
			}
			return err != nil || x.Epoch > h.Epoch
		})
		if failed != nil {
			return nil, failed
		}
		last, err := c.Header(from + uint64(n) - 1)
		if err != nil {
			return nil, err
		}
		d, err := c.Sealed(last)
		if err != nil {
			return nil, err
		}
		list, from = append(list, *d), from+uint64(n)
	}
	d, err := c.Sealed(to)
	if err != nil {
		return nil, err
	}
	return append(list, *d), nil
}
