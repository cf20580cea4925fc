package chain

import (
	"cmp"
	"fmt"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Arrived is what a block takes in from other chains. Its parts are looked at in this order, and the later ones are proven from
// what the earlier ones brought:
//
//	Views    later blocks of ancestors: the views in the header are those of the parent, or these
//	Facts    entries of an ancestor's state that this chain takes over
//	Acks     how far other chains have taken in what this one sent them
//	Imports  relays
//
// Proofs are package light's; they are opaque here.
type Arrived struct {
	Views   []Digest // by chain; a chain stands there again only behind a digest that changes its committee
	Facts   []Fact   // by kind; of one kind by From, then Of
	Acks    []Ack    // by chain
	Imports []Import // by chain; of one chain by number
}

// IsEmpty says that nothing arrived.
func (a *Arrived) IsEmpty() bool {
	return len(a.Views) == 0 && len(a.Facts) == 0 && len(a.Acks) == 0 && len(a.Imports) == 0
}

// FactKind says which entry of an ancestor's state a Fact is.
type FactKind uint8

// The facts that a chain takes over.
const (
	// FactTree is the tree of chains: KeyTree of the main chain's own state.
	FactTree FactKind = 1
	// FactCharter is what is registered for this chain: RegisteredCharter of the registry, its committee and its attributes. The block
	// that takes it over is the last of its epoch (SPEC 6.7, 7.3).
	FactCharter FactKind = 2
	// FactCredit is what an ancestor counts as sent to a chain under this one: SentKey of the ancestor's own state. What is taken
	// over may leave the child's branch that the chain is in (SPEC 8.7).
	FactCredit FactKind = 3
	// FactChild is who certifies the next block of an ancestor, as the chain right above that one has recorded it: ChildCommitteeKey of
	// its digests actor. Only a chain that was made by a message takes it over, once: of all above it, it begins with the main chain alone.
	FactChild FactKind = 4
	factEnd   FactKind = 5
)

// Fact is an entry of an ancestor's state under the view of it, with its proof.
type Fact struct {
	Kind FactKind
	From ID // the ancestor: the main chain but for a FactCredit and a FactChild
	// Of is whom it is about: the main chain for a FactTree, this chain for a FactCharter, one under it for a FactCredit, the ancestor
	// under From for a FactChild.
	Of ID
	// Value is what the entry holds. Proof is package light's, and empty where the main chain takes over what is its own.
	Value []byte
	Proof []byte
}

// compare is the order in which a block has facts.
func (f *Fact) compare(g *Fact) int {
	return cmp.Or(cmp.Compare(f.Kind, g.Kind), cmp.Compare(f.From, g.From), cmp.Compare(f.Of, g.Of))
}

// Before says whether f stands before g in a block.
func (f *Fact) Before(g *Fact) bool { return f.compare(g) < 0 }

// Ack shows how many relays of this chain another one has taken in.
type Ack struct {
	Chain ID
	Proof []byte
}

// Import is relays from one block of another chain (SPEC 8.2), in the order of their numbers, which have no gaps.
type Import struct {
	Source ID
	First  uint64 // number of the first message: the one that is expected from Source
	// Proof leads from what this chain knows of the lowest common ancestor to the messages' places in the outbox.
	Proof    []byte
	Messages []*Message
}

const (
	factBytes   = 1 + 4 + 4 + 4 + 4
	ackBytes    = 4 + 4
	importBytes = 4 + 8 + 4 + 4
)

// Append writes the canonical encoding.
func (a *Arrived) Append(b []byte) []byte {
	b = wire.AppendU32(b, uint32(len(a.Views)))
	for i := range a.Views {
		b = wire.AppendBytes(b, a.Views[i].Append(nil))
	}
	b = wire.AppendU32(b, uint32(len(a.Facts)))
	for i := range a.Facts {
		b = a.Facts[i].Append(b)
	}
	b = wire.AppendU32(b, uint32(len(a.Acks)))
	for i := range a.Acks {
		b = a.Acks[i].Append(b)
	}
	b = wire.AppendU32(b, uint32(len(a.Imports)))
	for i := range a.Imports {
		b = a.Imports[i].Append(b)
	}
	return b
}

// Append writes the canonical encoding.
func (f *Fact) Append(b []byte) []byte {
	b = wire.AppendU32(wire.AppendU32(append(b, byte(f.Kind)), uint32(f.From)), uint32(f.Of))
	return wire.AppendBytes(wire.AppendBytes(b, f.Value), f.Proof)
}

// Append writes the canonical encoding.
func (a *Ack) Append(b []byte) []byte {
	return wire.AppendBytes(wire.AppendU32(b, uint32(a.Chain)), a.Proof)
}

// Append writes the canonical encoding.
func (i *Import) Append(b []byte) []byte {
	b = wire.AppendU64(wire.AppendU32(b, uint32(i.Source)), i.First)
	b = wire.AppendU32(wire.AppendBytes(b, i.Proof), uint32(len(i.Messages)))
	for _, m := range i.Messages {
		b = wire.AppendBytes(b, m.Encode())
	}
	return b
}

func readArrived(r *wire.Reader) (a Arrived) {
	a.Views = readList(r, "views", MaxViews*MaxHandovers, 4+headerBytes, func() Digest { return readDigestBytes(r) })
	a.Facts = readList(r, "facts", MaxFacts, factBytes, func() Fact { return readFact(r) })
	a.Acks = readList(r, "acks", MaxDestinations, ackBytes, func() Ack { return ReadAck(r) })
	a.Imports = readList(r, "imports", MaxImports, importBytes, func() Import { return ReadImport(r) })
	ascending(r, "acks", a.Acks, func(a Ack) ID { return a.Chain })
	for i := 1; i < len(a.Facts); i++ {
		if !a.Facts[i-1].Before(&a.Facts[i]) {
			r.Fail("facts not in ascending order", wire.ErrValue)
		}
	}
	for i := 1; i < len(a.Imports); i++ {
		if x, y := &a.Imports[i-1], &a.Imports[i]; x.Source > y.Source || x.Source == y.Source && x.First >= y.First {
			r.Fail("imports not in ascending order", wire.ErrValue)
		}
	}
	return a
}

// ReadAck reads what Append writes.
func ReadAck(r *wire.Reader) Ack { return Ack{readChain(r), r.Bytes("ack", MaxAckProof)} }

func readDigestBytes(r *wire.Reader) (d Digest) {
	b := r.Bytes("digest", MaxBlockBytes)
	if r.Err() != nil {
		return d
	}
	d, err := DecodeDigest(b)
	if err != nil {
		r.Fail(err.Error(), wire.ErrValue)
	}
	return d
}

func readFact(r *wire.Reader) Fact {
	f := Fact{
		Kind: FactKind(r.U8("fact")), From: readChain(r), Of: readChain(r),
		Value: r.Bytes("value", MaxFactBytes), Proof: r.Bytes("proof", MaxProofBytes),
	}
	if r.Err() == nil && (f.Kind == 0 || f.Kind >= factEnd) {
		r.Fail(fmt.Sprintf("fact %d", f.Kind), wire.ErrValue)
	}
	return f
}

// ReadImport reads what Append wrote.
func ReadImport(r *wire.Reader) Import {
	i := Import{Source: readChain(r), First: r.U64("number"), Proof: r.Bytes("proof", MaxImportProof)}
	i.Messages = readList(r, "messages", MaxImported, 4+messageBytes, func() *Message {
		m, err := DecodeMessage(r.Bytes("relay", MaxMessageBytes))
		switch {
		case r.Err() != nil:
			return nil
		case err != nil:
			r.Fail("relay: "+err.Error(), wire.ErrValue)
		case m.Kind != Relay:
			r.Fail("an external message among relays", wire.ErrValue)
		}
		return m
	})
	if r.Err() == nil && len(i.Messages) == 0 {
		r.Fail("import without messages", wire.ErrValue)
	}
	return i
}
