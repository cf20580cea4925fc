package sim

import (
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// archive is what nodes keep of a chain's final blocks for other chains. The models of the disks of all its nodes share one: each has of
// it what its last block covers (records).
type archive struct {
	blocks []archived // the first is of height 0
	left   map[chain.ID][]store.Departed
	nodes  map[accumulated]merkle.Hash
	shown  map[shownOf][]shownAt
}

type archived struct {
	header      chain.Header
	raw         []byte
	certificate []byte
	outbox      []byte
}

type accumulated struct {
	list  chain.ID
	level uint8
	index uint64
}

// shownOf says what proofs are of, shownAt is one: at is what it is found by, and height the block's that it was kept with.
type shownOf struct {
	of byte
	id chain.ID
}

type shownAt struct {
	at, height uint64
	raw        []byte
}

func newArchive(o *origin) *archive {
	return &archive{
		blocks: []archived{{header: o.header}}, left: map[chain.ID][]store.Departed{}, nodes: map[accumulated]merkle.Hash{}, shown: map[shownOf][]shownAt{},
	}
}

// add takes the next final block, whose version is not yet that of the tree.
func (a *archive) add(res *block.Result, certificate *chain.Certificate, tree *merkle.Tree) error {
	h := &res.Block.Header
	a.blocks = append(a.blocks, archived{*h, res.Raw, certificate.Append(nil), block.EncodeOutbox(res.Outbox)})
	for _, d := range keep.Departures(res.Outbox) {
		a.left[d.To] = append(a.left[d.To], store.Departed{Number: d.Number, Height: h.Height, Place: d.Place})
	}
	for _, list := range keep.Nodes(res) {
		for _, n := range list.Nodes {
			a.nodes[accumulated{list.List, n.Level, n.Index}] = n.Hash
		}
	}
	prove := func(slot exec.Slot) (merkle.StateProof, error) { return tree.Prove(res.Version, block.SlotPath(slot)) }
	proofs, err := keep.Proofs(res, prove)
	for _, p := range proofs {
		of := shownOf{p.Of, p.Chain}
		a.shown[of] = append(a.shown[of], shownAt{p.At, h.Height, p.Raw})
	}
	return err
}

// records are keep.Records: of the archive, what somebody's last block covers.
type records struct {
	*archive
	top func() uint64 // the height of that
}

func (r records) at(height uint64) (*archived, error) {
	if height > r.top() {
		return nil, fmt.Errorf("block %d: %w", height, store.ErrNotFound)
	}
	return &r.blocks[height], nil
}

// Head implements keep.Records.
func (r records) Head(chain.ID) (store.Head, error) {
	h := &r.blocks[r.top()].header
	return store.Head{Height: h.Height, Hash: h.Hash(), State: h.Roots.State}, nil
}

// Header implements keep.Records.
func (r records) Header(_ chain.ID, height uint64) (chain.Header, error) {
	b, err := r.at(height)
	if err != nil {
		return chain.Header{}, err
	}
	return b.header, nil
}

// Certificate implements keep.Records.
func (r records) Certificate(_ chain.ID, height uint64) ([]byte, error) {
	b, err := r.at(height)
	if err != nil {
		return nil, err
	}
	return b.certificate, nil
}

// Block implements keep.Records.
func (r records) Block(_ chain.ID, height uint64) (raw, certificate []byte, err error) {
	b, err := r.at(height)
	if err != nil {
		return nil, nil, err
	}
	return b.raw, b.certificate, nil
}

// Outbox implements keep.Records.
func (r records) Outbox(_ chain.ID, height uint64) ([]byte, error) {
	b, err := r.at(height)
	if err != nil {
		return nil, err
	}
	return b.outbox, nil
}

// Departures implements keep.Records.
func (r records) Departures(_, to chain.ID, first uint64, limit int) (list []store.Departed, err error) {
	all := r.left[to]
	for i := first; i < uint64(len(all)) && len(list) < limit && all[i].Height <= r.top(); i++ {
		list = append(list, all[i])
	}
	return list, nil
}

// Node implements keep.Records.
func (r records) Node(_, list chain.ID, level uint8, index uint64) (merkle.Hash, error) {
	h, ok := r.nodes[accumulated{list, level, index}]
	if !ok {
		return h, fmt.Errorf("node %d of level %d: %w", index, level, store.ErrNotFound)
	}
	return h, nil
}

// Proof implements keep.Records.
func (r records) Proof(_ chain.ID, of byte, c chain.ID, most uint64) (at uint64, raw []byte, err error) {
	for _, s := range slices.Backward(r.shown[shownOf{of, c}]) {
		if s.at <= most && s.height <= r.top() {
			return s.at, s.raw, nil
		}
	}
	return 0, nil, fmt.Errorf("proof: %w", store.ErrNotFound)
}
