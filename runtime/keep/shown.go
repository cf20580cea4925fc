package keep

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// MaxShown bounds the digests that show a header: one for each epoch that the chain had.
const MaxShown = 1 << 12

// AppendShown appends the digests that show a header (Trail).
func AppendShown(b []byte, list []chain.Digest) []byte {
	b = wire.AppendU32(b, uint32(len(list)))
	for i := range list {
		b = wire.AppendBytes(b, list[i].Append(nil))
	}
	return b
}

// ReadShown reads what AppendShown wrote.
func ReadShown(r *wire.Reader) (list []chain.Digest) {
	for range r.Count("digests", MaxShown, 4) {
		d, err := chain.DecodeDigest(r.Bytes("digest", chain.MaxBlockBytes))
		if err != nil {
			r.Fail(err.Error(), wire.ErrValue)
			return nil
		}
		list = append(list, d)
	}
	return list
}

// DecodeShown is ReadShown of all of b.
func DecodeShown(b []byte) ([]chain.Digest, error) {
	r := wire.NewReader(b)
	list := ReadShown(r)
	return list, r.Done()
}

// Shows follows digests from the committee of a genesis on, and is the last of them: its header is final. It costs a certificate for each epoch.
func Shows(first *light.Committee, list []chain.Digest) (*chain.Digest, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("no digest: %w", wire.ErrValue)
	}
	known := chain.Known{Epoch: first.Epoch(), Committee: first.Hash()}
	if _, _, err := light.FollowAll(known, list, first); err != nil {
		return nil, err
	}
	return &list[len(list)-1], nil
}

// Peaks are the nodes of a state's accumulators that what is added later is shown with: of the chain's own blocks, and of its children's.
func Peaks(state exec.Entries, id chain.ID) (list []store.Nodes, err error) {
	add := func(of chain.ID, account chain.Address, key string) error {
		raw, err := state.Entry(account, key)
		if raw == nil || err != nil {
			return err
		}
		a, err := merkle.DecodeAccumulator(raw)
		if err == nil {
			list = append(list, store.Nodes{List: of, Nodes: a.PeakNodes()})
		}
		return err
	}
	if err := add(id, chain.SystemAddress(id), chain.KeyHistory); err != nil {
		return nil, err
	}
	raw, err := state.Entry(chain.SystemAddress(id), chain.KeyTree)
	if raw == nil || err != nil {
		return list, err
	}
	tree, err := chain.DecodeTree(raw)
	if err != nil {
		return nil, err
	}
	for _, l := range tree {
		if tree.Parent(l.ID) == id {
			if err := add(l.ID, chain.DigestsAddress(id), chain.AccumulatorKey(l.ID)); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}
