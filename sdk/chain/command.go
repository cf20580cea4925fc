package chain

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/wire"
)

// The common messages that every account understands (SPEC 1.3).
const (
	// MethodTransfer (external): send my Amount to the account in the input, as an add.
	MethodTransfer = "transfer"
	// MethodAdd (relay): take the attached amount. It can't fail.
	MethodAdd = "add"
	// MethodCall (external): send a message with method, input, amount and gas.
	MethodCall = "call"
	// MethodDeploy (external): create an account with code.
	MethodDeploy = "deploy"
	// MethodSetCode (external): give my account code, or take it away.
	MethodSetCode = "setcode"
	// MethodPublish (external): publish code, callable CodeDelay blocks later.
	MethodPublish = "publish"
	// MethodInit (relay): a new account's first message. Its sender is who deployed it, as the address proves.
	MethodInit = "init"
	// MethodBounce (relay): a message of mine failed; what it carried comes back with this.
	MethodBounce = "bounce"
	// MethodRefund (relay, made by rule at the end of a block): gas that a message left over, for a payer on another chain
	// (SPEC 2.3). It can't fail.
	MethodRefund = "refund"
)

// TransferInput is the input of a transfer.
type TransferInput struct{ To Address }

// Encode is the canonical encoding.
func (t TransferInput) Encode() []byte { return append([]byte(nil), t.To[:]...) }

// DecodeTransfer reads what Encode writes.
func DecodeTransfer(b []byte) (TransferInput, error) {
	r := wire.NewReader(b)
	t := TransferInput{To: readAddress(r, "receiver")}
	return t, r.Done()
}

// CallInput is the input of a call: the message to send. Its amount is the call's.
type CallInput struct {
	To       Address
	Method   string
	GasLimit uint64
	Input    []byte
}

// Encode is the canonical encoding.
func (c CallInput) Encode() []byte {
	b := append(make([]byte, 0, AddressSize+1+len(c.Method)+12+len(c.Input)), c.To[:]...)
	b = wire.AppendU64(wire.AppendShort(b, c.Method), c.GasLimit)
	return wire.AppendBytes(b, c.Input)
}

// DecodeCall reads what Encode writes.
func DecodeCall(b []byte) (CallInput, error) {
	r := wire.NewReader(b)
	c := CallInput{To: readAddress(r, "receiver")}
	c.Method = intern(r.Short("method", MaxMethodBytes))
	c.GasLimit = r.U64("gas limit")
	c.Input = r.Bytes("input", MaxInputBytes)
	if r.Err() == nil && c.Method == "" {
		r.Fail("method", wire.ErrValue)
	}
	return c, r.Done()
}

// SetCodeInput is the input of a setcode; the zero hash stands for no code.
type SetCodeInput struct{ Code CodeHash }

// Encode is the canonical encoding.
func (s SetCodeInput) Encode() []byte { return append([]byte(nil), s.Code[:]...) }

// DecodeSetCode reads what Encode writes.
func DecodeSetCode(b []byte) (SetCodeInput, error) {
	r := wire.NewReader(b)
	s := SetCodeInput{Code: readHash[CodeHash](r, "code")}
	return s, r.Done()
}

// DeployInput is the input of a deploy: the new account's code, the salt of its address, and its first message's input.
type DeployInput struct {
	Code     CodeHash
	Salt     [32]byte
	GasLimit uint64
	Input    []byte
}

// Encode is the canonical encoding.
func (d DeployInput) Encode() []byte {
	b := append(append([]byte(nil), d.Code[:]...), d.Salt[:]...)
	return wire.AppendBytes(wire.AppendU64(b, d.GasLimit), d.Input)
}

// DecodeDeploy reads what Encode writes.
func DecodeDeploy(b []byte) (DeployInput, error) {
	r := wire.NewReader(b)
	d := DeployInput{Code: readHash[CodeHash](r, "code")}
	r.Into("salt", d.Salt[:])
	d.GasLimit = r.U64("gas limit")
	d.Input = r.Bytes("input", MaxInputBytes)
	return d, r.Done()
}

// PublishInput is the input of a publish. An account whose code is Immutable keeps it for good.
type PublishInput struct {
	Immutable bool
	Code      []byte // a WebAssembly module
}

// Hash is what the code is known by: two publications of the same module that differ in Immutable are two codes.
func (p PublishInput) Hash() CodeHash {
	return CodeHash(wire.Sum(wire.TagCode, []byte{boolByte(p.Immutable)}, p.Code))
}

// Encode is the canonical encoding.
func (p PublishInput) Encode() []byte {
	return wire.AppendBytes(append(make([]byte, 0, 5+len(p.Code)), boolByte(p.Immutable)), p.Code)
}

// DecodePublish reads what Encode writes.
func DecodePublish(b []byte) (PublishInput, error) {
	r := wire.NewReader(b)
	p := PublishInput{Immutable: readBool(r, "immutable"), Code: r.Bytes("code", MaxCodeBytes)}
	return p, r.Done()
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}

func readBool(r *wire.Reader, field string) bool {
	v := r.U8(field)
	if v > 1 {
		r.Fail(field, wire.ErrValue)
	}
	return v == 1
}

// InitInput is the input of an init: code and salt, which with the sender give the receiver's address (SPEC 1.2), and what
// the code's own init is given.
type InitInput struct {
	Code  CodeHash
	Salt  [32]byte
	Input []byte
}

// Encode is the canonical encoding.
func (i InitInput) Encode() []byte {
	b := append(append(make([]byte, 0, 68+len(i.Input)), i.Code[:]...), i.Salt[:]...)
	return wire.AppendBytes(b, i.Input)
}

// DecodeInit reads what Encode writes.
func DecodeInit(b []byte) (InitInput, error) {
	r := wire.NewReader(b)
	i := InitInput{Code: readHash[CodeHash](r, "code")}
	r.Into("salt", i.Salt[:])
	i.Input = r.Bytes("input", MaxInputBytes)
	return i, r.Done()
}

// BounceInput tells the sender which of its messages failed, and why (SPEC 1.5).
type BounceInput struct {
	Message MessageID
	Method  string
	Status  Status
	Reason  string
	Input   []byte // the first MaxBounceInput bytes of the failed message's input
}

// Encode is the canonical encoding.
func (i BounceInput) Encode() []byte {
	b := append(make([]byte, 0, 48+len(i.Method)+len(i.Reason)+len(i.Input)), i.Message[:]...)
	b = append(wire.AppendShort(b, i.Method), byte(i.Status))
	b = wire.AppendBytes(b, []byte(i.Reason))
	return wire.AppendBytes(b, i.Input)
}

// DecodeBounce reads what Encode writes.
func DecodeBounce(b []byte) (BounceInput, error) {
	r := wire.NewReader(b)
	i := BounceInput{Message: readHash[MessageID](r, "message")}
	i.Method = intern(r.Short("method", MaxMethodBytes))
	i.Status = readStatus(r)
	i.Reason = string(r.Bytes("reason", MaxReasonBytes))
	i.Input = r.Bytes("input", MaxBounceInput)
	if r.Err() == nil && i.Status == StatusOK {
		r.Fail(fmt.Sprintf("status %d", i.Status), wire.ErrValue)
	}
	return i, r.Done()
}
