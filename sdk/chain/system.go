package chain

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/thinkey/thinkey/sdk/wire"
)

// The state of the chain itself stands under the state root like everything else (SPEC 4.7), as storage of the chain's
// SystemAddress:
//
//	params            Params
//	committee         Committee: who agrees on the next block; nothing on a chain that one validator runs
//	former            Former: who agreed before, and up to which block; nothing in the first epoch
//	issued            Amount: what genesis issued
//	held              Amount: all that is on the chain: what was issued, and came from other chains, less what left for them;
//	                  nothing before the first relay came or left
//	fees              Amount: fees collected and not yet paid out
//	queue             Queue: where the pending queue begins and ends
//	queue/ number:u64 a message that waits, encoded
//	code/ hash        CodeEntry: that code is published, and when it last ran
//	warm              Warm: which code has run lately; nothing until code is published
//	failed/ epoch:u64 seat:u32
//	                  u64: how many recorded rounds have failed that the seat led in the epoch
//	history           merkle.Accumulator of the Anchors of the chain's blocks before this one, from genesis on
//	tree              Tree: which chains there are, as far as this one knows; nothing in a network of one chain
//	view/ chain:u32   Known: the latest block of an ancestor
//	view committee/ chain:u32
//	                  Committee: who certifies the ancestor's next block
//	out/ chain:u32    Outward: what was sent to another chain
//	in/ chain:u32     u64: the number that is expected next from another chain
//	taken/ chain:u32  Amount: all the value that relays from a chain and from all under it ever brought here, if this one is not
//	                  among those; never more than LeftKey says in the state of the chain above it (SPEC 8.7)
//	full              IDs of the chains that MaxUnconsumed relays or more are under way to, ascending
//	sent/ chain:u32   Amount: all the value that blocks here ever recorded as sent to a chain under this one from outside of its
//	                  branch: by this chain's own outbox, or in digests of other children (SPEC 8.7)
//	entered/ child:u32
//	                  Amount: the sum of these over a child and all that is under it
//	credit/ chain:u32 chain:u32
//	                  Amount: what an ancestor was last shown to have sent to a chain under this one: SentKey in the ancestor's state
//	credited/ child:u32
//	                  Amount: the sum of these over a child and all that is under it: what came to its branch from above
const (
	KeyParams    = "params"
	KeyCommittee = "committee"
	KeyFormer    = "former"
	KeyIssued    = "issued"
	KeyHeld      = "held"
	KeyFees      = "fees"
	KeyQueue     = "queue"
	keyQueued    = "queue/"
	keyCode      = "code/"
	keyFailed    = "failed/"
	KeyWarm      = "warm"
	KeyHistory   = "history"
	KeyTree      = "tree"
	keyView      = "view/"
	keyViewers   = "view committee/"
	keyOut       = "out/"
	keyIn        = "in/"
	keyTaken     = "taken/"
	keySent      = "sent/"
	keyEntered   = "entered/"
	keyCredit    = "credit/"
	keyCredited  = "credited/"
	KeyFull      = "full"
)

func chainKey(prefix string, id ID) string {
	return prefix + string(binary.BigEndian.AppendUint32(nil, uint32(id)))
}

// ViewKey is the storage key of what the chain knows of an ancestor; ViewCommitteeKey that of the ancestor's committee.
func ViewKey(ancestor ID) string          { return chainKey(keyView, ancestor) }
func ViewCommitteeKey(ancestor ID) string { return chainKey(keyViewers, ancestor) }

// OutKey is the storage key of what was sent to another chain, InKey that of the number expected from one.
func OutKey(to ID) string  { return chainKey(keyOut, to) }
func InKey(from ID) string { return chainKey(keyIn, from) }

// TakenKey is the storage key of the value that came from a chain and all under it.
func TakenKey(branch ID) string { return chainKey(keyTaken, branch) }

// SentKey is the storage key of the value sent to a chain under this one, EnteredKey that of its sum over a child's branch.
func SentKey(to ID) string       { return chainKey(keySent, to) }
func EnteredKey(child ID) string { return chainKey(keyEntered, child) }

// CreditKey is the storage key of what an ancestor was shown to have sent to a chain under this one, CreditedKey that of its sum over
// a child's branch.
func CreditKey(ancestor, to ID) string { return chainKey(chainKey(keyCredit, ancestor), to) }
func CreditedKey(child ID) string      { return chainKey(keyCredited, child) }

// Outward is what a chain knows of its relays to another one.
type Outward struct {
	// Next is the number of the next relay; Consumed how many the other chain is known to have taken in, after its block At, and Load
	// how loaded it was then, in 1/65536 (SPEC 8.6).
	Next, Consumed, At uint64
	Load               uint32
}

// Waiting is how many relays are not known to have been taken in.
func (o Outward) Waiting() uint64 { return o.Next - o.Consumed }

// Encode is the canonical encoding.
func (o Outward) Encode() []byte {
	b := wire.AppendU64(wire.AppendU64(wire.AppendU64(nil, o.Next), o.Consumed), o.At)
	return wire.AppendU32(b, o.Load)
}

// DecodeOutward reads what Encode writes; nothing at all is zero.
func DecodeOutward(b []byte) (o Outward, err error) {
	if len(b) == 0 {
		return o, nil
	}
	r := wire.NewReader(b)
	o = Outward{Next: r.U64("next number"), Consumed: r.U64("consumed"), At: r.U64("height"), Load: r.U32("load")}
	if r.Err() == nil && o.Consumed > o.Next {
		r.Fail(fmt.Sprintf("%d consumed of %d", o.Consumed, o.Next), wire.ErrValue)
	}
	return o, r.Done()
}

// EncodeIDs is the value of an entry that holds chains; nothing for none.
func EncodeIDs(list []ID) (b []byte) {
	for _, id := range list {
		b = wire.AppendU32(b, uint32(id))
	}
	return b
}

// DecodeIDs reads what EncodeIDs writes.
func DecodeIDs(b []byte) (list []ID, err error) {
	r := wire.NewReader(b)
	for r.Left() > 0 && r.Err() == nil {
		list = append(list, readChain(r))
	}
	ascending(r, "chains", list, func(id ID) ID { return id })
	return list, r.Done()
}

// EncodeNumber is the value of an entry that holds a number.
func EncodeNumber(n uint64) []byte { return wire.AppendU64(nil, n) }

// DecodeNumber reads what EncodeNumber writes; nothing at all is 0.
func DecodeNumber(b []byte) (uint64, error) {
	if len(b) == 0 {
		return 0, nil
	}
	r := wire.NewReader(b)
	n := r.U64("number")
	return n, r.Done()
}

// QueuedKey is the storage key of the waiting message with the given number.
func QueuedKey(number uint64) string {
	return keyQueued + string(binary.BigEndian.AppendUint64(nil, number))
}

// CodeKey is the storage key of the entry of published code.
func CodeKey(h CodeHash) string { return keyCode + string(h[:]) }

// CodeOfKey is the hash in what CodeKey made.
func CodeOfKey(key string) (h CodeHash, ok bool) {
	rest, ok := strings.CutPrefix(key, keyCode)
	if !ok || len(rest) != len(h) {
		return h, false
	}
	return CodeHash([]byte(rest)), true
}

// FailedKey is the storage key of the number of failed rounds that a seat led in an epoch, and that blocks have recorded (SPEC
// 5.9).
func FailedKey(epoch uint64, seat uint32) string {
	return keyFailed + string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, epoch), seat))
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

// Former is the committee of the epoch before, with the height of the last block that it agreed on (SPEC 6.7).
type Former struct {
	Last uint64
	Committee
}

// Encode is the canonical encoding.
func (f Former) Encode() []byte { return f.Committee.Append(wire.AppendU64(nil, f.Last)) }

// DecodeFormer reads what Encode writes, and checks the committee as DecodeCommittee does.
func DecodeFormer(b []byte) (f Former, err error) {
	r := wire.NewReader(b)
	if f.Last = r.U64("last height"); r.Err() != nil {
		return Former{}, fmt.Errorf("former committee: %w", r.Err())
	}
	f.Committee, err = DecodeCommittee(b[8:])
	return f, err
}

// CodeEntry says that code is published on the chain. The code itself stands beside the state, by its hash.
type CodeEntry struct {
	Height    uint64 // of the block with the publication
	Bytes     uint32 // length of the module
	Immutable bool
	Load      uint64 // gas that a message pays for loading it when it is not warm; it stands for the memory that it takes, too
	Ran       uint64 // the generation in which it last ran or was published (Warm)
}

// Callable is the first height at which the code can be given to an account.
func (e CodeEntry) Callable() uint64 { return e.Height + CodeDelay }

// Encode is the canonical encoding.
func (e CodeEntry) Encode() []byte {
	b := append(wire.AppendU32(wire.AppendU64(nil, e.Height), e.Bytes), boolByte(e.Immutable))
	return wire.AppendU64(wire.AppendU64(b, e.Load), e.Ran)
}

// DecodeCodeEntry reads what Encode writes.
func DecodeCodeEntry(b []byte) (CodeEntry, error) {
	r := wire.NewReader(b)
	e := CodeEntry{
		Height: r.U64("height"), Bytes: r.U32("bytes"), Immutable: readBool(r, "immutable"), Load: r.U64("load"), Ran: r.U64("generation"),
	}
	if r.Err() == nil && e.Load > MaxWarm {
		r.Fail(fmt.Sprintf("load of %d", e.Load), wire.ErrValue)
	}
	return e, r.Done()
}

// Queue is the extent of the pending queue: numbers from Head up to, not including, Tail wait, and have bought Gas, that of their
// bounces included.
type Queue struct{ Head, Tail, Gas uint64 }

// Encode is the canonical encoding.
func (q Queue) Encode() []byte {
	return wire.AppendU64(wire.AppendU64(wire.AppendU64(nil, q.Head), q.Tail), q.Gas)
}

// DecodeQueue reads what Encode writes; nothing at all is the empty queue.
func DecodeQueue(b []byte) (Queue, error) {
	if len(b) == 0 {
		return Queue{}, nil
	}
	r := wire.NewReader(b)
	q := Queue{r.U64("queue head"), r.U64("queue tail"), r.U64("queue gas")}
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
