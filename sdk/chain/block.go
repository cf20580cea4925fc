package chain

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Block is all that is needed, beside the state before it, to verify it (SPEC 4.1, 4.4). What it carries in stands in the
// state's pending queue; what it carries out is what nobody processed.
type Block struct {
	Header Header
	// Arrived is what comes from other chains, Inputs the external messages.
	Arrived Arrived
	Inputs  []Input
	Order   Order
	// Failed are records of rounds of the height before that failed, Equivocations of leaders there that contradicted themselves, by
	// round, and no round twice (SPEC 5.9).
	Failed        []Timeouts
	Equivocations []Equivocation
}

// Input is an external message that comes into the chain.
type Input struct{ Message *Message }

const (
	blockVersion = 3
	inputBytes   = 4 + messageBytes
)

// Append writes the canonical encoding.
func (i *Input) Append(b []byte) []byte {
	at := len(b)
	b = i.Message.Append(wire.AppendU32(b, 0))
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

func readInput(r *wire.Reader) (in Input) {
	b := r.Bytes("input message", MaxPublicationBytes)
	if r.Err() != nil {
		return in
	}
	m, err := DecodeMessage(b)
	if err != nil {
		r.Fail("input message: "+err.Error(), wire.ErrValue)
		return in
	}
	if m.Kind != External {
		r.Fail("a relay among external messages", wire.ErrValue)
	}
	return Input{m}
}

// Append writes the canonical encoding.
func (k *Block) Append(b []byte) []byte {
	b = slices.Grow(b, k.sizeHint())
	b = wire.AppendBytes(append(b, blockVersion), k.Header.Append(nil))
	b = k.Arrived.Append(b)
	b = wire.AppendU32(b, uint32(len(k.Inputs)))
	for i := range k.Inputs {
		b = k.Inputs[i].Append(b)
	}
	b = wire.AppendU32(b, uint32(len(k.Order)))
	for i := range k.Order {
		b = k.Order[i].Append(b)
	}
	b = wire.AppendU32(b, uint32(len(k.Failed)))
	for i := range k.Failed {
		b = k.Failed[i].Append(b)
	}
	b = wire.AppendU32(b, uint32(len(k.Equivocations)))
	for i := range k.Equivocations {
		b = k.Equivocations[i].Append(b)
	}
	return b
}

// sizeHint is about the length of the encoding: megabytes, which would be copied again and again while they grow.
func (k *Block) sizeHint() int {
	n := 1024
	for i := range k.Inputs {
		in := &k.Inputs[i]
		n += inputBytes + 64 + len(in.Message.Method) + len(in.Message.Input) + len(in.Message.Proof)
	}
	for i := range k.Order {
		n += sequenceBytes
		for _, e := range k.Order[i].Events {
			n += eventBytes
			for j := range e.Sent {
				n += e.Sent[j].Size()
			}
		}
	}
	return n
}

// DecodeBlockHeader reads the header of an encoded block, and nothing behind it.
func DecodeBlockHeader(b []byte) (Header, error) {
	r := wire.NewReader(b)
	r.Version("block", blockVersion)
	h, err := DecodeHeader(r.Bytes("header", MaxBlockBytes))
	if err != nil {
		r.Fail("header: "+err.Error(), wire.ErrValue)
	}
	return h, r.Err()
}

// DecodeBlock reads what Append writes. The block shares memory with b.
func DecodeBlock(b []byte) (*Block, error) {
	if len(b) > MaxBlockBytes {
		return nil, fmt.Errorf("block of %d bytes (limit %d) %w", len(b), MaxBlockBytes, wire.ErrLimit)
	}
	r := wire.NewReader(b)
	r.Version("block", blockVersion)
	h, err := DecodeHeader(r.Bytes("header", MaxBlockBytes))
	if err != nil {
		r.Fail("header: "+err.Error(), wire.ErrValue)
	}
	k := &Block{Header: h, Arrived: readArrived(r)}
	k.Inputs = readList(r, "inputs", MaxBlockInputs, inputBytes, func() Input { return readInput(r) })
	left := MaxBlockEvents // of the block, not of each account: an event takes six times its bytes in memory
	k.Order = readList(r, "accounts", MaxBlockAccounts, sequenceBytes, func() Sequence {
		q := readSequence(r, left)
		left -= len(q.Events)
		return q
	})
	for i := 1; i < len(k.Order); i++ {
		if k.Order[i-1].Account.Compare(k.Order[i].Account) >= 0 {
			r.Fail("accounts not in ascending order", wire.ErrValue)
		}
	}
	k.Failed, k.Equivocations = readFailed(r)
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("block: %w", err)
	}
	return k, nil
}

// readFailed reads the records of failed rounds, and of equivocations.
func readFailed(r *wire.Reader) ([]Timeouts, []Equivocation) {
	from := r.Offset()
	list := readList(r, "failed rounds", MaxFailedRounds, timeoutsBytes, func() Timeouts { return ReadTimeouts(r) })
	for i := 1; r.Err() == nil && i < len(list); i++ {
		_, before := list[i-1].Failed()
		if _, round := list[i].Failed(); round <= before {
			r.Fail("failed rounds not in ascending order", wire.ErrValue)
		}
	}
	twice := readEquivocations(r)
	if n := r.Offset() - from; n > MaxFailedBytes {
		r.Fail(fmt.Sprintf("failed rounds of %d bytes (limit %d)", n, MaxFailedBytes), wire.ErrLimit)
	}
	return list, twice
}
