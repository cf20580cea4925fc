package node

import (
	"crypto/sha256"
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// What a node asks for that begins with a snapshot. A number, once used, is never given to something else.
const (
	stateOffer byte = 1 // which state another offers: how its header is shown, and its pieces
	statePiece byte = 2 // the leaves of a piece
	stateCode  byte = 3 // code that the state names
	// stateHistory: which block the chain has at a height (checkpoint). Who begins asks for it if it has a checkpoint, once it has the state.
	stateHistory byte = 4
)

const (
	// pieceBytes is how long a piece of a state is at most, unless it is one leaf: some of them are short beside a peer's room.
	pieceBytes = 512 << 10
	// leafCost is what a leaf counts for beside its key and value.
	leafCost = 64
	// maxPieces bounds the pieces of a state: their list fits into one message. Together they are 32 GiB.
	maxPieces = 1 << 16
	// mostOffer is the longest offer that goes between nodes (transport: what is not urgent).
	mostOffer = 8<<20 - 64<<10
)

// stateAsk is a question for a state. Height is 0 for any.
type stateAsk struct {
	kind   byte
	height uint64
	from   merkle.Path // a piece: its first path
	until  merkle.Path // a piece: the first path of the one behind it; zero for none
	code   chain.CodeHash
	of     uint64 // history: the height in question
}

func (q *stateAsk) encode() []byte {
	b := wire.AppendU64([]byte{frameState, q.kind}, q.height)
	b = append(append(b, q.from[:]...), q.until[:]...)
	b = append(b, q.code[:]...)
	if q.kind == stateHistory {
		b = wire.AppendU64(b, q.of)
	}
	return b
}

// decodeStateAsk reads what encode wrote, behind the first byte.
func decodeStateAsk(b []byte) (q stateAsk, err error) {
	r := wire.NewReader(b)
	if q.kind = r.U8("kind"); r.Err() == nil && (q.kind < stateOffer || q.kind > stateHistory) {
		r.Fail("kind", wire.ErrValue)
	}
	q.height = r.U64("height")
	r.Into("path", q.from[:])
	r.Into("end", q.until[:])
	r.Into("code", q.code[:])
	if q.kind == stateHistory {
		q.of = r.U64("height of a block")
	}
	if err := r.Done(); err != nil {
		return q, fmt.Errorf("a question for a state: %w", err)
	}
	return q, nil
}

// stateIs answers a stateAsk of its kind; what is asked for is not there if it is empty. Who gets it believes nothing of it:
//
//	offer   digests from the genesis' committee on show the header (light.FollowAll); the pieces join to its state root
//	piece   the leaves fold to the piece's hash
//	code    hashes to what it is known by
//	history the block stands at its place in the list of blocks that the state has
type stateIs struct {
	kind    byte
	height  uint64
	from    merkle.Path // of a piece
	digests []chain.Digest
	pieces  []merkle.Piece
	leaves  []exec.Write
	code    chain.PublishInput
	anchor  *chain.Anchor // history: of the block; nil if it isn't known
	place   merkle.Place
}

func (a *stateIs) encode() []byte {
	b := wire.AppendU64([]byte{frameStateIs, a.kind}, a.height)
	switch a.kind {
	case stateOffer:
		b = keep.AppendShown(b, a.digests)
		b = wire.AppendU32(b, uint32(len(a.pieces)))
		for i := range a.pieces {
			p := &a.pieces[i]
			b = wire.AppendU32(append(append(b, p.Path[:]...), p.Hash[:]...), uint32(p.Size))
		}
	case statePiece:
		b = wire.AppendU32(append(b, a.from[:]...), uint32(len(a.leaves)))
		for i := range a.leaves {
			l := &a.leaves[i]
			b = wire.AppendBytes(append(b, l.Account[:]...), []byte(l.Key))
			b = wire.AppendBytes(b, l.Value)
		}
	case stateCode:
		b = append(b, a.code.Encode()...)
	case stateHistory:
		if a.anchor != nil {
			b = a.place.Append(a.anchor.Append(b))
		}
	}
	return b
}

// name tells offers of a state apart by how they cut it; certificates of its header may differ.
func (a *stateIs) name() chain.Hash {
	cut := stateIs{kind: stateOffer, height: a.height, pieces: a.pieces}
	return sha256.Sum256(cut.encode())
}

// decodeStateIs reads what encode wrote, behind the first byte.
func decodeStateIs(b []byte) (a stateIs, err error) {
	r := wire.NewReader(b)
	a.kind, a.height = r.U8("kind"), r.U64("height")
	switch {
	case r.Err() != nil:
	case a.kind == stateOffer:
		a.digests = keep.ReadShown(r)
		for range r.Count("pieces", maxPieces, pieceHeadBytes) {
			var p merkle.Piece
			r.Into("path", p.Path[:])
			r.Into("hash", p.Hash[:])
			p.Size = int(r.U32("size"))
			a.pieces = append(a.pieces, p)
		}
	case a.kind == statePiece:
		r.Into("path", a.from[:])
		for range r.Count("leaves", 2*pieceBytes/leafCost, chain.AddressSize+8) {
			var l exec.Write
			r.Into("account", l.Account[:])
			l.Key = string(r.Bytes("key", chain.MaxStorageKey))
			l.Value = r.Bytes("value", pieceBytes)
			a.leaves = append(a.leaves, l)
		}
	case a.kind == stateCode:
		immutable := r.U8("immutable")
		if immutable > 1 {
			r.Fail("immutable", wire.ErrValue)
		}
		a.code.Immutable = immutable == 1
		a.code.Code = r.Bytes("code", chain.MaxPublicationBytes)
	case a.kind == stateHistory:
		if r.Left() > 0 {
			is := chain.ReadAnchor(r)
			a.anchor, a.place = &is, merkle.ReadPlace(r)
		}
	default:
		r.Fail("kind", wire.ErrValue)
	}
	if err := r.Done(); err != nil {
		return a, fmt.Errorf("a state: %w", err)
	}
	return a, nil
}

const pieceHeadBytes = len(merkle.Path{}) + len(merkle.Hash{}) + 4

// leafSize is what a leaf counts for in its piece.
func leafSize(key string, value []byte) int { return leafCost + len(key) + len(value) }

// shownBy checks that an offer's digests lead from the committee of a genesis to its header, and that the pieces are the state that the header
// names. It costs a certificate for each epoch.
func (a *stateIs) shownBy(first *light.Committee) (*chain.Header, error) {
	last, err := keep.Shows(first, a.digests)
	if err != nil {
		return nil, err
	}
	h := last.Last()
	if h.Height != a.height {
		return nil, fmt.Errorf("an offer of block %d shows block %d: %w", a.height, h.Height, wire.ErrValue)
	}
	root, err := merkle.Join(a.pieces)
	if err == nil && chain.Hash(root) != h.Roots.State {
		err = fmt.Errorf("pieces of a state with root %x, and block %d has %s: %w", root, h.Height, h.Roots.State, wire.ErrValue)
	}
	return h, err
}
