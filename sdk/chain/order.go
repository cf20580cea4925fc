package chain

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Order is σ of one block: for every account it touched, by address, what that account processed (SPEC 4.2).
type Order []Sequence

// Sequence is σ_i: the events of one account in the order in which they happened.
type Sequence struct {
	Account Address
	Events  []Event
}

// Event is the handling of one message. Received is the message's number in the block (see the package's doc); Sent are
// the relays that the handling sent, which take the next numbers. Joined says that it was handled as one with the event
// before (SPEC 9.2): neighbours that are joined are one handling, and what that sends is sent by the last of them.
type Event struct {
	Received uint32
	Joined   bool
	Sent     []Sent
}

// joined is the bit beside the number of sent messages: that is at most MaxSent.
const joined = 0x80

// Sent is the part of a relay that σ doesn't imply (DESIGN D4): with the sender, the parent and the index it gives the
// whole message, so that its receiver's replay waits for nobody.
type Sent struct {
	To       Address
	Method   string
	Input    []byte
	Amount   Amount
	GasLimit uint64
}

const (
	eventBytes    = 4 + 1
	sentBytes     = AddressSize + 1 + 4 + 16 + 8
	sequenceBytes = AddressSize + 4 + eventBytes
)

// Size is the length of the encoding in bytes.
func (s *Sent) Size() int { return sentBytes + len(s.Method) + len(s.Input) }

func (s *Sent) append(b []byte) []byte {
	b = wire.AppendShort(append(b, s.To[:]...), s.Method)
	b = s.Amount.Append(wire.AppendBytes(b, s.Input))
	return wire.AppendU64(b, s.GasLimit)
}

func readSent(r *wire.Reader) (s Sent) {
	s.To = readAddress(r, "receiver")
	s.Method = intern(r.Short("method", MaxMethodBytes))
	s.Input = r.Bytes("input", MaxInputBytes)
	s.Amount = ReadAmount(r, "amount")
	s.GasLimit = r.U64("gas limit")
	return s
}

// Relay is the message that account sent as number index while it handled parent.
func (s *Sent) Relay(account Address, parent *Message, index uint32) *Message {
	m := &Message{
		Network: parent.Network, Kind: Relay, From: account, To: s.To, Amount: s.Amount, GasLimit: s.GasLimit,
		GasPrice: parent.GasPrice, Payer: parent.Payer, Method: s.Method, Input: s.Input,
		Parent: parent.ID(), Index: index, Origin: parent.Root(), Depth: parent.Depth + 1,
	}
	return m.Seal()
}

// Append writes the canonical encoding of σ_i.
func (q *Sequence) Append(b []byte) []byte {
	b = wire.AppendU32(append(b, q.Account[:]...), uint32(len(q.Events)))
	for i := range q.Events {
		e := &q.Events[i]
		count := byte(len(e.Sent))
		if e.Joined {
			count |= joined
		}
		b = append(wire.AppendU32(b, e.Received), count)
		for j := range e.Sent {
			b = e.Sent[j].append(b)
		}
	}
	return b
}

// readSequence reads a σ_i of at most limit events: those that the block may have beside what was read of it.
func readSequence(r *wire.Reader, limit int) Sequence {
	q := Sequence{Account: readAddress(r, "account")}
	n := r.Count("events", limit, eventBytes)
	if r.Err() == nil && n == 0 {
		r.Fail("events of an account", wire.ErrValue)
	}
	q.Events = make([]Event, n)
	for i := range q.Events {
		e := &q.Events[i]
		e.Received = r.U32("message number")
		count := r.U8("sent messages")
		if e.Joined = count&joined != 0; e.Joined && (i == 0 || q.Events[i-1].Sent != nil) {
			r.Fail("joined event", wire.ErrValue)
		}
		if sent := int(count &^ joined); sent > MaxSent {
			r.Fail(fmt.Sprintf("%d sent messages (limit %d)", sent, MaxSent), wire.ErrLimit)
		} else if sent > 0 && r.Err() == nil {
			e.Sent = make([]Sent, 0, min(sent, r.Left()/sentBytes+1))
			for range sent {
				e.Sent = append(e.Sent, readSent(r))
				if r.Err() != nil {
					break
				}
			}
		}
		if r.Err() != nil {
			break
		}
	}
	return q
}
