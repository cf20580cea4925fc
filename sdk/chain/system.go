package chain

import (
	"encoding/binary"
	"fmt"

	"github.com/thinkey/thinkey/sdk/wire"
)

// The state of the chain itself stands under the state root like everything else (SPEC 4.7), as storage of the chain's
// SystemAddress:
//
//	params            Params
//	committee         Committee: who agrees on the next block; nothing on a chain that one validator runs
//	issued            Amount: what genesis issued
//	fees              Amount: fees collected and not yet paid out
//	queue             Queue: where the pending queue begins and ends
//	queue/ number:u64 a message that waits, encoded
//	code/ hash        CodeEntry: that code is published
//	failed/ seat:u32  u64: how many recorded rounds have failed that the seat led
const (
	KeyParams    = "params"
	KeyCommittee = "committee"
	KeyIssued    = "issued"
	KeyFees      = "fees"
	KeyQueue     = "queue"
	keyQueued    = "queue/"
	keyCode      = "code/"
	keyFailed    = "failed/"
)

// QueuedKey is the storage key of the waiting message with the given number.
func QueuedKey(number uint64) string {
	return keyQueued + string(binary.BigEndian.AppendUint64(nil, number))
}

// CodeKey is the storage key of the entry of published code.
func CodeKey(h CodeHash) string { return keyCode + string(h[:]) }

// FailedKey is the storage key of the number of failed rounds that a seat led, and that blocks have recorded (SPEC 5.9).
func FailedKey(seat uint32) string {
	return keyFailed + string(binary.BigEndian.AppendUint32(nil, seat))
}

// DecodeFailed reads the value of a FailedKey; an absent one is 0.
func DecodeFailed(b []byte) (uint64, error) {
	if b == nil {
		return 0, nil
	}
	r := wire.NewReader(b)
	n := r.U64("failed rounds")
	return n, r.Done()
}

// CodeEntry says that code is published on the chain. The code itself stands beside the state, by its hash.
type CodeEntry struct {
	Height    uint64 // of the block with the publication
	Bytes     uint32 // length of the module
	Immutable bool
}

// Callable is the first height at which the code can be given to an account.
func (e CodeEntry) Callable() uint64 { return e.Height + CodeDelay }

// Encode is the canonical encoding.
func (e CodeEntry) Encode() []byte {
	return append(wire.AppendU32(wire.AppendU64(nil, e.Height), e.Bytes), boolByte(e.Immutable))
}

// DecodeCodeEntry reads what Encode writes.
func DecodeCodeEntry(b []byte) (CodeEntry, error) {
	r := wire.NewReader(b)
	e := CodeEntry{Height: r.U64("height"), Bytes: r.U32("bytes"), Immutable: readBool(r, "immutable")}
	return e, r.Done()
}

// Queue is the extent of the pending queue: numbers from Head up to, not including, Tail wait.
type Queue struct{ Head, Tail uint64 }

// Encode is the canonical encoding.
func (q Queue) Encode() []byte { return wire.AppendU64(wire.AppendU64(nil, q.Head), q.Tail) }

// DecodeQueue reads what Encode writes; nothing at all is the empty queue.
func DecodeQueue(b []byte) (Queue, error) {
	if len(b) == 0 {
		return Queue{}, nil
	}
	r := wire.NewReader(b)
	q := Queue{r.U64("queue head"), r.U64("queue tail")}
	if r.Err() == nil && (q.Head > q.Tail || q.Tail-q.Head > MaxBlockEvents) {
		r.Fail(fmt.Sprintf("queue from %d to %d", q.Head, q.Tail), wire.ErrValue)
	}
	return q, r.Done()
}

// EncodeAmount is the value of an entry that holds an Amount.
func EncodeAmount(a Amount) []byte { return a.Append(nil) }

// DecodeAmount reads what EncodeAmount writes; nothing at all is zero.
func DecodeAmount(b []byte) (Amount, error) {
	if len(b) == 0 {
		return Amount{}, nil
	}
	r := wire.NewReader(b)
	a := ReadAmount(r, "amount")
	return a, r.Done()
}

// Params are what a chain may set for itself (SPEC 7.1).
type Params struct {
	// BlockGas is the gas that the handlings of one block may use together, MinBlockGas to MaxBlockGas.
	BlockGas uint64 `json:"block_gas"`
	// BlockBytes is the length of an encoded block, at most MaxBlockBytes.
	BlockBytes uint32 `json:"block_bytes"`
	// FreshShare is the part of BlockGas, in 1/256, that external inputs may use while carried-in messages are left over
	// (SPEC 4.5).
	FreshShare uint8 `json:"fresh_share"`
	// MinGasPrice is the lowest price of a unit of gas; 0 makes gas free for those who ask for it.
	MinGasPrice uint64 `json:"min_gas_price"`
	// DepositPerAccount and DepositPerByte are held back from an account for the room it takes (SPEC 3.4).
	DepositPerAccount uint64 `json:"deposit_per_account"`
	DepositPerByte    uint64 `json:"deposit_per_byte"`
}

// DefaultParams are those of a network that sets none: free gas, no deposits.
func DefaultParams() Params {
	return Params{BlockGas: MinBlockGas, BlockBytes: MaxBlockBytes, FreshShare: 128}
}

// Check names the first value that is out of range.
func (p Params) Check() error {
	switch {
	case p.BlockGas < MinBlockGas || p.BlockGas > MaxBlockGas:
		return fmt.Errorf("block_gas %d: it must be %d to %d", p.BlockGas, uint64(MinBlockGas), uint64(MaxBlockGas))
	case p.BlockBytes < MinBlockBytes || p.BlockBytes > MaxBlockBytes:
		return fmt.Errorf("block_bytes %d: it must be %d to %d", p.BlockBytes, MinBlockBytes, MaxBlockBytes)
	case p.FreshShare == 0:
		return fmt.Errorf("fresh_share 0: it must be 1 to 255")
	}
	return nil
}

// Encode is the canonical encoding.
func (p Params) Encode() []byte {
	b := wire.AppendU64(append([]byte(nil), 1), p.BlockGas)
	b = append(wire.AppendU32(b, p.BlockBytes), p.FreshShare)
	b = wire.AppendU64(b, p.MinGasPrice)
	return wire.AppendU64(wire.AppendU64(b, p.DepositPerAccount), p.DepositPerByte)
}

// DecodeParams reads what Encode writes and checks the ranges.
func DecodeParams(b []byte) (Params, error) {
	r := wire.NewReader(b)
	p := readParams(r)
	return p, r.Done()
}

func readParams(r *wire.Reader) Params {
	r.Version("params", 1)
	p := Params{
		BlockGas: r.U64("block gas"), BlockBytes: r.U32("block bytes"), FreshShare: r.U8("fresh share"),
		MinGasPrice: r.U64("min gas price"), DepositPerAccount: r.U64("deposit per account"), DepositPerByte: r.U64("deposit per byte"),
	}
	if err := p.Check(); r.Err() == nil && err != nil {
		r.Fail(err.Error(), wire.ErrValue)
	}
	return p
}
