package chain

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/wire"
)

// Status is what came of a handling. A number keeps its meaning for good: it is in receipts.
type Status uint8

// The ways a handling ends (SPEC 1.5). All but StatusOK change nothing but gas paid and the nonce.
const (
	StatusOK            Status = 1
	StatusRefused       Status = 2  // the account's code refused
	StatusOutOfGas      Status = 3  // the gas limit didn't suffice
	StatusBalance       Status = 4  // the amount exceeds the balance
	StatusNoCode        Status = 5  // the receiver has no code for this method
	StatusNoAccount     Status = 6  // the receiver doesn't exist
	StatusNoChain       Status = 7  // the receiver's chain doesn't exist
	StatusUnknownMethod Status = 8  // no such command
	StatusBadInput      Status = 9  // the input doesn't decode
	StatusNotYet        Status = 10 // this network can't do it yet
	StatusLimit         Status = 11 // a limit of limits.go was broken
	StatusTrap          Status = 12 // the code trapped
	StatusExists        Status = 13 // the account exists already
	StatusBadCode       Status = 14 // the code was not accepted for publication
	statusEnd           Status = 15
)

var statusWords = [statusEnd]string{
	StatusOK: "ok", StatusRefused: "refused", StatusOutOfGas: "out of gas", StatusBalance: "amount over balance",
	StatusNoCode: "no code", StatusNoAccount: "no such account", StatusNoChain: "no such chain",
	StatusUnknownMethod: "unknown method", StatusBadInput: "bad input", StatusNotYet: "not yet possible",
	StatusLimit: "limit exceeded", StatusTrap: "trap", StatusExists: "account exists",
	StatusBadCode: "code not accepted",
}

// IsFailure says whether s is one of the ways in which a handling fails.
func (s Status) IsFailure() bool { return s > StatusOK && s < statusEnd }

// String is the status in words.
func (s Status) String() string {
	if s == 0 || s >= statusEnd {
		return fmt.Sprintf("status %d", uint8(s))
	}
	return statusWords[s]
}

// MarshalText is String.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Status) UnmarshalText(b []byte) error {
	for i := StatusOK; i < statusEnd; i++ {
		if statusWords[i] == string(b) {
			*s = i
			return nil
		}
	}
	return fmt.Errorf("unknown status %q", clip(string(b)))
}

func readStatus(r *wire.Reader) Status {
	s := Status(r.U8("status"))
	if r.Err() == nil && (s == 0 || s >= statusEnd) {
		r.Fail(s.String(), wire.ErrValue)
	}
	return s
}

// ContractEvent is something a contract tells the outside; it changes nothing.
type ContractEvent struct {
	Topic string
	Body  []byte
}

// Receipt is what came of one event of σ. The receipts of a block stand in the order of its sent messages: accounts by
// address, events in the order of σ_i.
type Receipt struct {
	Message MessageID
	Status  Status
	GasUsed uint64
	Reason  string
	Events  []ContractEvent
}

// Append writes the canonical encoding.
func (c *Receipt) Append(b []byte) []byte {
	b = append(append(b, c.Message[:]...), byte(c.Status))
	b = wire.AppendBytes(wire.AppendU64(b, c.GasUsed), []byte(c.Reason))
	b = wire.AppendU32(b, uint32(len(c.Events)))
	for _, e := range c.Events {
		b = wire.AppendBytes(wire.AppendShort(b, e.Topic), e.Body)
	}
	return b
}

const receiptBytes = 32 + 1 + 8 + 4 + 4

func readReceipt(r *wire.Reader) (c Receipt) {
	c.Message = readHash[MessageID](r, "message")
	c.Status = readStatus(r)
	c.GasUsed = r.U64("gas used")
	c.Reason = string(r.Bytes("reason", MaxReasonBytes))
	if n := r.Count("events", MaxEvents, 5); n > 0 {
		c.Events = make([]ContractEvent, n)
		for i := range c.Events {
			c.Events[i] = ContractEvent{string(r.Short("topic", MaxMethodBytes)), r.Bytes("event", MaxEventBytes)}
		}
	}
	return c
}

// AppendReceipts writes a list of receipts.
func AppendReceipts(b []byte, list []Receipt) []byte {
	b = wire.AppendU32(b, uint32(len(list)))
	for i := range list {
		b = list[i].Append(b)
	}
	return b
}

// DecodeReceipts reads what AppendReceipts writes.
func DecodeReceipts(b []byte) ([]Receipt, error) {
	r := wire.NewReader(b)
	list := make([]Receipt, r.Count("receipts", MaxBlockEvents, receiptBytes))
	for i := range list {
		list[i] = readReceipt(r)
	}
	return list, r.Done()
}
