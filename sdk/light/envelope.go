package light

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Envelope is relays from one block with all that shows them to somebody who knows a block of the lowest common ancestor and
// nothing of the chains below it: a file that anybody may carry (SPEC 8.2, 8.4).
type Envelope struct {
	// Views lead from the block that the reader knows to the one that the relays' path starts from. There are none if that is the one,
	// as when the ancestor is the destination itself.
	Views []chain.Digest
	// Import is what a block of the destination takes in; its Proof is an ImportProof.
	Import chain.Import
}

// Trust is what the reader of an envelope knows.
type Trust struct {
	Tree chain.Tree
	// Known is what is known of the lowest common ancestor of source and destination, Committee who certifies the block after.
	Known     chain.Known
	Committee *Committee
}

// Passage is what an envelope has shown.
type Passage struct {
	To    chain.ID
	Known chain.Known // of the ancestor, with the block that covers the relays
	Inflow
}

// Verify says whether the relays can be taken in by the chain that they are for, once it expects their first number.
func (e *Envelope) Verify(t *Trust) (Passage, error) {
	if len(e.Import.Messages) == 0 {
		return Passage{}, fmt.Errorf("envelope without relays %w", wire.ErrValue)
	}
	known, _, err := FollowAll(t.Known, e.Views, t.Committee)
	if err != nil {
		return Passage{}, err
	}
	p, err := DecodeImportProof(e.Import.Proof)
	if err != nil {
		return Passage{}, err
	}
	to := e.Import.Messages[0].To.Chain()
	start := Start{Network: t.Committee.Network(), Tree: t.Tree, Chain: t.Committee.Chain(), Anchor: known.Anchor}
	inflow, err := p.Verify(&start, to, &e.Import)
	return Passage{to, known, inflow}, err
}

// Part is the envelope of some of the relays: those with places from up to to, not including. Where a chain took in some of them by another
// way, or can't take in one, the others need no new proof.
func (e *Envelope) Part(from, to int) (*Envelope, error) {
	im := &e.Import
	if from == 0 && to == len(im.Messages) {
		return e, nil
	}
	p, err := DecodeImportProof(im.Proof)
	if err != nil {
		return nil, err
	}
	leaves := make([]merkle.Hash, len(im.Messages))
	for i, m := range im.Messages {
		leaves[i] = OutboxLeaf(m.To.Chain(), im.First+uint64(i), m.ID())
	}
	if p.Places, err = p.Places.Narrow(leaves, from, to); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	messages := im.Messages[from:to:to]
	if !Carry(messages) {
		p.Left = nil
	}
	part := chain.Import{Source: im.Source, First: im.First + uint64(from), Proof: p.Append(nil), Messages: messages}
	return &Envelope{Views: e.Views, Import: part}, nil
}

// Carry says whether relays bring value, so that their proof must show what has left each branch. One whose value is no amount does.
func Carry(messages []*chain.Message) bool {
	for _, m := range messages {
		if v, err := m.Carried(); err != nil || !v.IsZero() {
			return true
		}
	}
	return false
}

const (
	envelopeVersion = 1
	minDigestBytes  = 4 + 480
)

// Encode is the canonical encoding.
func (e *Envelope) Encode() []byte {
	return e.Import.Append(appendViews([]byte{envelopeVersion}, e.Views))
}

func appendViews(b []byte, views []chain.Digest) []byte {
	b = wire.AppendU32(b, uint32(len(views)))
	for i := range views {
		b = wire.AppendBytes(b, views[i].Append(nil))
	}
	return b
}

func readViews(r *wire.Reader) (views []chain.Digest) {
	for range r.Count("views", 1+chain.MaxHandovers, minDigestBytes) {
		d, err := chain.DecodeDigest(r.Bytes("digest", chain.MaxBlockBytes))
		if err != nil {
			r.Fail(err.Error(), wire.ErrValue)
			break
		}
		views = append(views, d)
	}
	return views
}

// DecodeEnvelope reads what Encode writes.
func DecodeEnvelope(b []byte) (e Envelope, err error) {
	if len(b) > chain.MaxBlockBytes {
		return e, fmt.Errorf("envelope of %d bytes (limit %d) %w", len(b), chain.MaxBlockBytes, wire.ErrLimit)
	}
	r := wire.NewReader(b)
	r.Version("envelope", envelopeVersion)
	e.Views = readViews(r)
	e.Import = chain.ReadImport(r)
	if err := r.Done(); err != nil {
		return Envelope{}, fmt.Errorf("envelope: %w", err)
	}
	return e, nil
}
