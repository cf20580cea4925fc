package chain

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Kind says where a message comes from.
type Kind uint8

const (
	// External: made outside and signed with the account's key; from = to = the signer (SPEC 2.2).
	External Kind = 1
	// Relay: sent by an actor while it handled another message (SPEC 2.3).
	Relay Kind = 2
)

// Message is the one type of message (SPEC 2.1). After Seal it must not change: its id is remembered.
type Message struct {
	Network  NetworkID
	Kind     Kind
	From, To Address
	// Nonce is the number of external messages that the account processed before this one; ValidUntil the last height of a
	// block that may process it. External only.
	Nonce, ValidUntil uint64
	// Amount travels with a relay; in an external message it is what the command takes from the signer's balance.
	Amount Amount
	// GasLimit is the gas that this handling and all that descends from it may use together.
	GasLimit uint64
	// GasPrice is the price of a unit of gas in the smallest unit of the token. A relay inherits it.
	GasPrice uint64
	// Payer bought the gas and gets back what is left of it. A relay inherits it.
	Payer  Address
	Method string
	Input  []byte

	// Parent is the message whose handling sent this one, Index its place among those, Origin the external message at the
	// root of the tree, Depth the distance from it. Relay only.
	Parent MessageID
	Index  uint32
	Origin MessageID
	Depth  uint32

	// Proof is the verification data: for an external message a Signed; for a relay nothing, as its proof travels beside it.
	// It is not part of the id.
	Proof []byte

	id     MessageID
	sealed bool
}

const messageVersion = 1

// messageBytes is the least length of an encoded message.
const messageBytes = 2 + 32 + 2*AddressSize + 8 + 8 + 16 + 8 + 8 + AddressSize + 1 + 4 + 4

// Seal computes the id and remembers it. The message must not change afterwards. It returns m. Fields of the other kind
// are set to zero: the id doesn't cover them, so nothing that is decided may depend on them.
func (m *Message) Seal() *Message {
	if m.Kind == External {
		m.Parent, m.Index, m.Origin, m.Depth = MessageID{}, 0, MessageID{}, 0
	} else {
		m.Nonce, m.ValidUntil = 0, 0
	}
	var buf [512]byte
	m.id = MessageID(wire.Sum(wire.TagMessage, m.appendUnsigned(buf[:0])))
	m.sealed = true
	return m
}

// ID is the hash of the encoding without the verification data: two different messages never share one.
func (m *Message) ID() MessageID {
	if m.sealed {
		return m.id
	}
	c := *m
	return c.Seal().id
}

// Root is the id of the external message at the root of m's tree.
func (m *Message) Root() MessageID {
	if m.Kind == Relay {
		return m.Origin
	}
	return m.ID()
}

// CannotFail says that m is a relay which the ledger makes by rule and that never bounces: a bounce, or a refund. No gas is bought
// for one.
func (m *Message) CannotFail() bool {
	return m.Kind == Relay && (m.Method == MethodBounce || m.Method == MethodRefund)
}

// Carried is the money that leaves a chain with a relay (SPEC 2.3): its amount, and what was paid for its gas and for that of the
// bounce it may need. Who made the relay up may have chosen numbers whose sum is no amount.
func (m *Message) Carried() (Amount, error) {
	units := m.GasLimit
	if !m.CannotFail() {
		if units > math.MaxUint64-BounceGas {
			return Amount{}, fmt.Errorf("gas limit %d of a relay: %w", m.GasLimit, ErrOverflow)
		}
		units += BounceGas
	}
	return m.Amount.Add(Mul(units, m.GasPrice))
}

// Clone is a copy that is not sealed and shares no memory with m, for making another message from m.
func (m *Message) Clone() *Message {
	c := *m
	c.Input, c.Proof = slices.Clone(m.Input), slices.Clone(m.Proof)
	c.id, c.sealed = MessageID{}, false
	return &c
}

func (m *Message) appendUnsigned(b []byte) []byte {
	b = append(b, messageVersion, byte(m.Kind))
	b = append(b, m.Network[:]...)
	b = append(b, m.From[:]...)
	b = append(b, m.To[:]...)
	if m.Kind == External {
		b = wire.AppendU64(b, m.Nonce)
		b = wire.AppendU64(b, m.ValidUntil)
	} else {
		b = append(b, m.Parent[:]...)
		b = wire.AppendU32(b, m.Index)
		b = append(b, m.Origin[:]...)
		b = wire.AppendU32(b, m.Depth)
	}
	b = m.Amount.Append(b)
	b = wire.AppendU64(b, m.GasLimit)
	b = wire.AppendU64(b, m.GasPrice)
	b = append(b, m.Payer[:]...)
	b = wire.AppendShort(b, m.Method)
	return wire.AppendBytes(b, m.Input)
}

// Append writes the canonical encoding, verification data included.
func (m *Message) Append(b []byte) []byte { return wire.AppendBytes(m.appendUnsigned(b), m.Proof) }

// Encode is Append to nothing.
func (m *Message) Encode() []byte { return m.Append(make([]byte, 0, 256+len(m.Input)+len(m.Proof))) }

// DecodeMessage reads one encoded message and seals it. The message shares memory with b.
func DecodeMessage(b []byte) (*Message, error) {
	if len(b) > MaxPublicationBytes {
		return nil, fmt.Errorf("message of %d bytes (limit %d) %w", len(b), MaxPublicationBytes, wire.ErrLimit)
	}
	r := wire.NewReader(b)
	m := readMessage(r)
	if err := r.Done(); err != nil {
		return nil, err
	}
	return m, nil
}

// toAt is where the receiver stands in an encoded message: behind version, kind, network and sender.
const toAt = 2 + 32 + AddressSize

// MessageChain is the chain of an encoded message's receiver, read without decoding the rest; 0 if it has none.
func MessageChain(b []byte) ID {
	if len(b) < toAt+AddressSize {
		return 0
	}
	return Address(b[toAt : toAt+AddressSize]).Chain()
}

func readMessage(r *wire.Reader) *Message {
	start := r.Offset()
	r.Version("message", messageVersion)
	m := &Message{Kind: Kind(r.U8("kind"))}
	if r.Err() == nil && m.Kind != External && m.Kind != Relay {
		r.Fail(fmt.Sprintf("kind %d", m.Kind), wire.ErrValue)
	}
	m.Network = readHash[NetworkID](r, "network")
	m.From = readAddress(r, "from")
	m.To = readAddress(r, "to")
	if m.Kind == External {
		m.Nonce = r.U64("nonce")
		m.ValidUntil = r.U64("valid-until height")
	} else {
		m.Parent = readHash[MessageID](r, "parent")
		m.Index = r.U32("index")
		m.Origin = readHash[MessageID](r, "origin")
		m.Depth = r.U32("depth")
	}
	m.Amount = ReadAmount(r, "amount")
	m.GasLimit = r.U64("gas limit")
	m.GasPrice = r.U64("gas price")
	m.Payer = readAddress(r, "payer")
	m.Method = intern(r.Short("method", MaxMethodBytes))
	m.Input = r.Bytes("input", m.inputLimit())
	if r.Err() == nil {
		m.id = MessageID(wire.Sum(wire.TagMessage, r.Since(start)))
		m.sealed = true
	}
	m.Proof = r.Bytes("verification data", MaxProofBytes)
	if m.Kind == Relay && len(m.Proof) > 0 {
		r.Fail("verification data of a relay", wire.ErrValue)
	}
	return m
}

// inputLimit is the longest input that m can have: a publication is larger than every other message (SPEC 2.6).
func (m *Message) inputLimit() int {
	if m.Kind == External && m.Method == MethodPublish {
		return MaxCodeBytes + 5
	}
	return MaxInputBytes
}

// intern spares the allocation of the names that nearly every message bears.
func intern(b []byte) string {
	switch string(b) {
	case MethodAdd:
		return MethodAdd
	case MethodTransfer:
		return MethodTransfer
	case MethodCall:
		return MethodCall
	case MethodBounce:
		return MethodBounce
	case MethodRefund:
		return MethodRefund
	}
	return string(b)
}

// Signed is the verification data of an external message: the key, and its signature over the message's id.
type Signed struct {
	Public    keys.PublicKey
	Signature keys.Signature
}

// SignedBytes is the length of the verification data of an external message.
const SignedBytes = 32 + 64

// Faults of a message's signature.
var (
	ErrUnsigned  = errors.New("message is not signed: its verification data must be a key of 32 bytes and a signature of 64")
	ErrWrongKey  = errors.New("message is signed by a key that doesn't control the account it comes from")
	ErrSignature = errors.New("message has a signature that doesn't verify: it was changed after signing, or signed with another key")
)

// Sign signs m with key and seals it.
func (m *Message) Sign(key keys.PrivateKey) *Message {
	m.Seal()
	pub := key.Public()
	sig := key.Sign(m.id[:])
	m.Proof = append(pub[:], sig[:]...)
	return m
}

// Signed reads the verification data of an external message and checks that the key is the account's; the signature
// itself is left to the caller, who may have many to verify at once over the message's id.
func (m *Message) Signed() (Signed, error) {
	var s Signed
	if len(m.Proof) != SignedBytes {
		return s, ErrUnsigned
	}
	copy(s.Public[:], m.Proof)
	copy(s.Signature[:], m.Proof[32:])
	if KeyAddress(m.From.Chain(), s.Public) != m.From {
		return s, ErrWrongKey
	}
	return s, nil
}
