package block

import (
	"fmt"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Journal is what is kept beside a block so that it can be read without the state before it: the pending queue that it
// found, and its receipts. The block's header vouches for the receipts; both follow from replay.
type Journal struct {
	Carried  []*chain.Message
	Receipts []chain.Receipt
}

// Encode is the canonical encoding.
func (j *Journal) Encode() []byte {
	b := wire.AppendU32(make([]byte, 0, 8+len(j.Receipts)*52), uint32(len(j.Carried)))
	for _, m := range j.Carried {
		b = wire.AppendBytes(b, m.Encode())
	}
	return wire.AppendBytes(b, chain.AppendReceipts(nil, j.Receipts))
}

// DecodeJournal reads what Encode writes.
func DecodeJournal(b []byte) (*Journal, error) {
	r := wire.NewReader(b)
	j := &Journal{}
	for range r.Count("carried messages", chain.MaxBlockEvents, 4) {
		m, err := chain.DecodeMessage(r.Bytes("carried message", chain.MaxMessageBytes+chain.MaxProofBytes))
		if err != nil {
			r.Fail("carried message: "+err.Error(), wire.ErrValue)
			break
		}
		if m.Kind != chain.Relay {
			r.Fail("carried message", wire.ErrValue)
			break
		}
		j.Carried = append(j.Carried, m)
	}
	receipts, err := chain.DecodeReceipts(r.Bytes("receipts", len(b))) // their number has a limit, their bytes are ours
	if r.Err() == nil && err != nil {
		r.Fail("receipts: "+err.Error(), wire.ErrValue)
	}
	j.Receipts = receipts
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return j, nil
}

// History is a committed block as people ask for it: every event with its message, what came of it and what it sent.
type History struct {
	Block  *chain.Block
	Events []Event  // in the order of the receipts
	Queued []uint32 // numbers of the messages that were carried out
	// Messages are all messages of the block by number.
	Messages []*chain.Message
}

// Event is one event of σ.
type Event struct {
	Account chain.Address
	Place   int // in σ_i
	Number  uint32
	Message *chain.Message
	Receipt *chain.Receipt
	Joined  bool // handled as one with the event before
	Sent    []*chain.Message
}

// Read puts a committed block and its journal together. It trusts neither further than to refuse what doesn't fit.
func Read(raw []byte, j *Journal) (*History, error) {
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		return nil, err
	}
	r := &run{
		context: &exec.Context{Chain: b.Header.Chain}, carried: len(j.Carried), inputs: b.Inputs, order: b.Order,
		arrival: &Arrival{}, history: true,
	}
	for i := range b.Arrived.Imports {
		for _, m := range b.Arrived.Imports[i].Messages {
			r.arrival.Messages = append(r.arrival.Messages, &exec.Delivery{Message: m})
		}
	}
	for n, m := range j.Carried {
		r.messages = append(r.messages, &exec.Delivery{Message: m, Number: uint32(n)})
	}
	r.takeInputs()
	if fault := r.check(); fault != nil {
		return nil, fault
	}
	r.derive()
	h := &History{Block: b, Queued: r.sequence.CarriedOut, Messages: make([]*chain.Message, len(r.messages))}
	for n, d := range r.messages {
		h.Messages[n] = d.Message
	}
	if err := h.events(r, j.Receipts); err != nil {
		return nil, err
	}
	return h, nil
}

func (h *History) events(r *run, receipts []chain.Receipt) error {
	next := r.firstSent()
	for i := range r.order {
		for place := range r.order[i].Events {
			e := &r.order[i].Events[place]
			m := h.Messages[e.Received]
			n := len(h.Events)
			if n >= len(receipts) || receipts[n].Message != m.ID() {
				return fmt.Errorf("the receipts of block %d are not those of its events", h.Block.Header.Height)
			}
			h.Events = append(h.Events, Event{
				Account: r.order[i].Account, Place: place, Number: e.Received, Message: m, Receipt: &receipts[n], Joined: e.Joined,
				Sent: h.Messages[next : next+len(e.Sent)],
			})
			next += len(e.Sent)
		}
	}
	if len(h.Events) != len(receipts) {
		return fmt.Errorf("block %d has %d receipts for %d events", h.Block.Header.Height, len(receipts), len(h.Events))
	}
	if ReceiptsRoot(receipts, nil) != h.Block.Header.Roots.Receipts {
		return fmt.Errorf("the receipts of block %d are not those that its header names", h.Block.Header.Height)
	}
	return nil
}
