package guest

import (
	"encoding/binary"

	"github.com/thinkey/thinkey/sdk/abi"
)

// View is what a method may know. One that gets a View alone can't change anything: the compiler sees to it.
type View struct{ f *facts }

// Context is what a method may know and do.
type Context struct{ View }

// facts is what the host's context tells, asked for once.
type facts struct {
	known bool
	bytes [abi.ContextBytes]byte
}

// now are the facts of the handling that runs.
var now facts

func (v View) at(offset int) []byte {
	if !v.f.known {
		hostContext(&v.f.bytes)
		v.f.known = true
	}
	return v.f.bytes[offset:]
}

// Self is the account that the contract runs at.
func (v View) Self() Address { return Address(v.at(abi.ContextSelf)[:abi.AddressBytes]) }

// Sender is the account that sent the message; Self for one that was signed with this account's key; zero for a view.
func (v View) Sender() Address { return Address(v.at(abi.ContextSender)[:abi.AddressBytes]) }

// Amount is what came with the message. It is part of the balance already.
func (v View) Amount() Amount { return getAmount(v.at(abi.ContextAmount)) }

// Origin is the id of the signed message that everything began with.
func (v View) Origin() Hash { return Hash(v.at(abi.ContextOrigin)[:abi.HashBytes]) }

// MessageID is the id of the message.
func (v View) MessageID() Hash { return Hash(v.at(abi.ContextMessage)[:abi.HashBytes]) }

// Network is the hash of the network's genesis.
func (v View) Network() Hash { return Hash(v.at(abi.ContextNetwork)[:abi.HashBytes]) }

// Code is the hash of the code that runs.
func (v View) Code() Hash { return Hash(v.at(abi.ContextCode)[:abi.HashBytes]) }

// Height is the height of the block.
func (v View) Height() uint64 { return binary.LittleEndian.Uint64(v.at(abi.ContextHeight)) }

// TimeMillis is the time of the block, in milliseconds since 1970.
func (v View) TimeMillis() uint64 { return binary.LittleEndian.Uint64(v.at(abi.ContextTime)) }

// Chain is the number of the chain that the block is on.
func (v View) Chain() uint32 { return binary.LittleEndian.Uint32(v.at(abi.ContextChain)) }

// Signed says whether the message was signed with this account's own key, and not sent by an account.
func (v View) Signed() bool {
	return binary.LittleEndian.Uint32(v.at(abi.ContextKind)) == abi.KindExternal
}

// Balance is what the account has now, what came with the message included, and what was sent taken off.
func (v View) Balance() Amount {
	var b [abi.AmountBytes]byte
	hostBalance(&b)
	return getAmount(b[:])
}

// Gas is what can still be used or sent.
func (View) Gas() uint64 { return hostGas() }

// Random is 32 verifiable random bytes and true, or false if this chain has none.
func (View) Random() (Hash, bool) {
	var h Hash
	ok := hostRandom((*[32]byte)(&h))
	return h, ok
}

// Logf writes a line, as Format does, for who debugs: thinkey trace shows it. It is no part of any result.
func (View) Logf(format string, args ...any) { hostLog(Format(format, args...)) }

// Send sends m once the handling has succeeded. What can't be sent (more than the balance, or than the gas that is left,
// or more than 64 messages) fails the handling.
func (Context) Send(m Message) {
	var amount [abi.AmountBytes]byte
	putAmount(&amount, m.Amount)
	hostSend(&m.To, m.Method, &amount, m.Gas, m.Input)
}

// Deploy creates an account with code and returns its address.
func (Context) Deploy(d Deployment) (made Address) {
	var amount [abi.AmountBytes]byte
	putAmount(&amount, d.Amount)
	if d.Gas == 0 {
		d.Gas = DefaultGas
	}
	hostDeploy(&d, &amount, &made)
	return made
}

// SetCode gives this account other code, which handles its next message on.
func (Context) SetCode(code Hash) { hostSetCode(&code) }

// SHA256 is the hash of b.
func SHA256(b []byte) (h Hash) {
	hostSHA256(b, &h)
	return h
}

// BLAKE2b is the hash of b, of 32 bytes and without a key.
func BLAKE2b(b []byte) (h Hash) {
	hostBLAKE2b(b, &h)
	return h
}

// VerifyEd25519 says whether signature, of 64 bytes, is one of message by key, of 32.
func VerifyEd25519(key, signature, message []byte) bool {
	return len(key) == 32 && len(signature) == 64 && hostEd25519(key, signature, message)
}

// VerifyBLS says whether signature, of 48 bytes (G1), is one of message by key, of 96 (G2).
func VerifyBLS(key, signature, message []byte) bool {
	return len(key) == 96 && len(signature) == 48 && hostBLS(key, signature, message)
}
