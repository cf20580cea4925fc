package chain

import "github.com/thinkey/thinkey/sdk/wire"

// Header is what a block claims (SPEC 4.6). Its hash names the block.
type Header struct {
	Network NetworkID
	Chain   ID
	Height  uint64 // genesis is 0, the first block 1
	// Round and Proposer are those of the first proposal; a block taken up again in a later round keeps them.
	Round    uint32
	Proposer uint32 // seat
	// Term is the height at which the proposer began to lead; 0 where nobody has to agree.
	Term   uint64
	Epoch  uint64
	Parent BlockHash
	// TimeMillis is the proposer's clock in milliseconds since 1970, later than the parent's.
	TimeMillis uint64
	Roots      Roots
	GasUsed    uint64
	// Load is the share of the chain's capacity in use, in 1/65536, and more than all of it where messages wait: the largest of the gas
	// that was used and what waits has bought, of the gas that relays from other chains bought, and of the bytes that arrived, each of
	// what a block may have.
	Load uint32
	// Committee is the hash of the committee that agrees on this block, Next that of the next height's.
	Committee, Next Hash
	// Views are the latest certified headers that the chain knows of its ancestors, by chain.
	Views []View
	// Leaving is the value that the block sends to other chains, by chain: what its own relays carry (Message.Carried), and what
	// the children's blocks that it records send to chains that are not under it (SPEC 8.7).
	Leaving []Leaving
}

// Roots are the Merkle roots of a block.
type Roots struct{ Inputs, Order, Receipts, Outbox, State Hash }

// View names a block of an ancestor.
type View struct {
	Chain  ID
	Height uint64
	Hash   BlockHash
}

// Leaving is value on its way to a chain.
type Leaving struct {
	Chain  ID
	Amount Amount
}

const headerVersion = 2

// Hash is the name of the block.
func (h *Header) Hash() BlockHash {
	var buf [512]byte
	return BlockHash(wire.Sum(wire.TagHeader, h.Append(buf[:0])))
}

// Append writes the canonical encoding.
func (h *Header) Append(b []byte) []byte {
	b = append(append(b, headerVersion), h.Network[:]...)
	b = wire.AppendU64(wire.AppendU32(b, uint32(h.Chain)), h.Height)
	b = wire.AppendU32(wire.AppendU32(b, h.Round), h.Proposer)
	b = append(wire.AppendU64(wire.AppendU64(b, h.Term), h.Epoch), h.Parent[:]...)
	b = wire.AppendU64(b, h.TimeMillis)
	for _, root := range []*Hash{&h.Roots.Inputs, &h.Roots.Order, &h.Roots.Receipts, &h.Roots.Outbox, &h.Roots.State} {
		b = append(b, root[:]...)
	}
	b = wire.AppendU32(wire.AppendU64(b, h.GasUsed), h.Load)
	b = append(append(b, h.Committee[:]...), h.Next[:]...)
	b = wire.AppendU32(b, uint32(len(h.Views)))
	for _, v := range h.Views {
		b = wire.AppendU64(wire.AppendU32(b, uint32(v.Chain)), v.Height)
		b = append(b, v.Hash[:]...)
	}
	b = wire.AppendU32(b, uint32(len(h.Leaving)))
	for _, l := range h.Leaving {
		b = l.Amount.Append(wire.AppendU32(b, uint32(l.Chain)))
	}
	return b
}

// DecodeHeader reads what Append writes.
func DecodeHeader(b []byte) (Header, error) {
	r := wire.NewReader(b)
	h := readHeader(r)
	return h, r.Done()
}

func readHeader(r *wire.Reader) (h Header) {
	r.Version("header", headerVersion)
	h.Network = readHash[NetworkID](r, "network")
	h.Chain = readChain(r)
	h.Height = r.U64("height")
	h.Round = r.U32("round")
	h.Proposer = r.U32("proposer")
	h.Term = r.U64("term")
	h.Epoch = r.U64("epoch")
	h.Parent = readHash[BlockHash](r, "parent")
	h.TimeMillis = r.U64("time")
	h.Roots.Inputs = readHash[Hash](r, "inputs root")
	h.Roots.Order = readHash[Hash](r, "order root")
	h.Roots.Receipts = readHash[Hash](r, "receipts root")
	h.Roots.Outbox = readHash[Hash](r, "outbox root")
	h.Roots.State = readHash[Hash](r, "state root")
	h.GasUsed = r.U64("gas used")
	h.Load = r.U32("load")
	h.Committee = readHash[Hash](r, "committee")
	h.Next = readHash[Hash](r, "next committee")
	h.Views = readList(r, "ancestor views", MaxViews, 4+8+32, func() View {
		return View{readChain(r), r.U64("view height"), readHash[BlockHash](r, "view hash")}
	})
	h.Leaving = readList(r, "leaving values", MaxDestinations, 4+16, func() Leaving {
		return Leaving{readChain(r), ReadAmount(r, "leaving amount")}
	})
	ascending(r, "ancestor views", h.Views, func(v View) ID { return v.Chain })
	ascending(r, "leaving values", h.Leaving, func(l Leaving) ID { return l.Chain })
	return h
}

func readChain(r *wire.Reader) ID {
	id := ID(r.U32("chain"))
	if r.Err() == nil && id == 0 {
		r.Fail("chain 0", wire.ErrValue)
	}
	return id
}

// readList reads a list of items of at least itemBytes; an empty one is nil.
func readList[T any](r *wire.Reader, field string, limit, itemBytes int, item func() T) []T {
	n := r.Count(field, limit, itemBytes)
	if n == 0 {
		return nil
	}
	list := make([]T, 0, n)
	for range n {
		list = append(list, item())
		if r.Err() != nil {
			return nil
		}
	}
	return list
}

// ascending refuses a list that isn't sorted by chain without repeats: one value has one encoding (W1).
func ascending[T any](r *wire.Reader, field string, list []T, key func(T) ID) {
	for i := 1; i < len(list); i++ {
		if key(list[i-1]) >= key(list[i]) {
			r.Fail(field+" not in ascending order", wire.ErrValue)
		}
	}
}
