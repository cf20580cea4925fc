package wasm

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"golang.org/x/crypto/blake2b"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// none is abi.None as a result.
const none = uint64(uint32(1<<32 + abi.None))

func hostContext(in *instance, stack []uint64) {
	dst := in.span(stack[0], abi.ContextBytes)
	var b [abi.ContextBytes]byte
	c := in.env.Context
	copy(b[abi.ContextSelf:], in.env.Self[:])
	putAmount(b[abi.ContextBalance:], in.balance)
	in.putMessage(&b)
	copy(b[abi.ContextNetwork:], c.Network[:])
	binary.LittleEndian.PutUint64(b[abi.ContextHeight:], c.Height)
	binary.LittleEndian.PutUint64(b[abi.ContextTime:], c.TimeMillis)
	binary.LittleEndian.PutUint32(b[abi.ContextChain:], uint32(c.Chain))
	copy(b[abi.ContextCode:], in.code.hash[:])
	put(in, dst, b[:])
}

// putMessage writes what a context says of the message. A view has no ids, as it has no message. An external message brings
// nothing: its amount is the signer's own. What is handled as one has no sender, and the ids of its last.
func (in *instance) putMessage(b *[abi.ContextBytes]byte) {
	m := in.env.Message
	kind, id, origin, sender, amount := uint32(abi.KindRelay), m.ID(), m.Origin, m.From, m.Amount
	switch {
	case in.env.View():
		kind, id, origin = abi.KindQuery, chain.MessageID{}, chain.MessageID{}
	case m.Kind == chain.External:
		kind, origin, amount = abi.KindExternal, id, chain.Amount{}
	case in.env.Group != nil:
		sender, amount = chain.Address{}, sumOf(in.env.Group)
	}
	copy(b[abi.ContextSender:], sender[:])
	putAmount(b[abi.ContextAmount:], amount)
	copy(b[abi.ContextOrigin:], origin[:])
	copy(b[abi.ContextMessage:], id[:])
	binary.LittleEndian.PutUint32(b[abi.ContextKind:], kind)
}

func sumOf(group []*chain.Message) (sum chain.Amount) {
	for _, m := range group {
		var err error
		sum, err = sum.Add(m.Amount)
		assert.NoError(err, "there is no more money than was issued")
	}
	return sum
}

func hostParts(in *instance, stack []uint64) { stack[0] = uint64(len(in.env.Group)) }

func hostPart(in *instance, stack []uint64) {
	i, dst := uint32(stack[0]), in.span(stack[1], stack[2])
	if int(i) >= len(in.env.Group) {
		in.stop(exec.Fail(chain.StatusTrap, "part: there are %d, and it asks for %d", len(in.env.Group), i))
	}
	stack[0] = put(in, dst, in.env.Group[i].Input)
}

func hostMethod(in *instance, stack []uint64) {
	stack[0] = put(in, in.span(stack[0], stack[1]), in.env.Message.Method)
}

func hostInput(in *instance, stack []uint64) {
	stack[0] = put(in, in.span(stack[0], stack[1]), in.env.Input)
}

func hostBalance(in *instance, stack []uint64) {
	dst := in.span(stack[0], abi.AmountBytes)
	var b [abi.AmountBytes]byte
	putAmount(b[:], in.env.Account().Balance)
	put(in, dst, b[:])
}

func hostGas(in *instance, stack []uint64) { stack[0] = in.env.GasLeft() }

func hostRead(in *instance, stack []uint64) {
	key, dst := in.span(stack[0], stack[1]), in.span(stack[2], stack[3])
	in.chargeBytes(key)
	value, err := in.env.Read(string(in.short(key)))
	in.must(err)
	stack[0] = none
	if value != nil {
		stack[0] = put(in, dst, value)
	}
}

func hostWrite(in *instance, stack []uint64) {
	key, value := in.span(stack[0], stack[1]), in.span(stack[2], stack[3])
	in.chargeBytes(key, value)
	in.must(in.env.Write(string(in.short(key)), in.bytesIn(value)))
}

func hostNext(in *instance, stack []uint64) {
	prefix, after, dst := in.span(stack[0], stack[1]), in.span(stack[2], stack[3]), in.span(stack[4], stack[5])
	in.chargeBytes(prefix, after)
	key, err := in.env.Next(string(in.short(prefix)), string(in.short(after)))
	in.must(err)
	stack[0] = none
	if key != "" {
		stack[0] = put(in, dst, key)
	}
}

// short are the bytes of a span that is a key or a name, cut behind the length at which every one is refused: a length
// that code gives must not decide how much is copied.
func (in *instance) short(s span) []byte {
	return in.bytesIn(span{s.at, min(s.n, chain.MaxStorageKey+1)})
}

func hostSend(in *instance, stack []uint64) {
	to, method, amount := in.span(stack[0], abi.AddressBytes), in.span(stack[1], stack[2]), in.span(stack[3], abi.AmountBytes)
	input := in.span(stack[5], stack[6])
	in.chargeBytes(to, method, amount, input)
	in.must(in.env.Send(chain.Sent{
		To: chain.Address(in.bytesIn(to)), Method: string(in.short(method)), Amount: amountOf(in.bytesIn(amount)),
		GasLimit: stack[4], Input: in.bytesIn(input),
	}))
}

func hostDeploy(in *instance, stack []uint64) {
	code, salt, amount := in.span(stack[0], abi.HashBytes), in.span(stack[1], abi.HashBytes), in.span(stack[2], abi.AmountBytes)
	input, dst := in.span(stack[4], stack[5]), in.span(stack[6], abi.AddressBytes)
	in.chargeBytes(code, salt, amount, input)
	d := chain.DeployInput{Code: chain.CodeHash(in.bytesIn(code)), GasLimit: stack[3]}
	copy(d.Salt[:], in.bytesIn(salt))
	switch {
	case d.Code == (chain.CodeHash{}):
		in.stop(exec.Fail(chain.StatusBadInput, "deploy: it names no code"))
	case input.n > chain.MaxInputBytes:
		in.stop(exec.Fail(chain.StatusLimit, "deploy: input of %d bytes (limit %d)", input.n, chain.MaxInputBytes))
	}
	d.Input = in.bytesIn(input)
	address, err := in.env.Deploy(d, amountOf(in.bytesIn(amount)))
	in.must(err)
	put(in, dst, address[:])
}

// hostSetCode looks the code up in the state, as often as it is called.
func hostSetCode(in *instance, stack []uint64) {
	code := in.span(stack[0], abi.HashBytes)
	in.charge(gas.Read + uint64(code.n)*gas.HostByte)
	in.must(in.env.SetCode(chain.CodeHash(in.bytesIn(code))))
}

func hostEvent(in *instance, stack []uint64) {
	topic, body := in.span(stack[0], stack[1]), in.span(stack[2], stack[3])
	in.chargeBytes(topic, body)
	in.must(in.env.Emit(string(in.short(topic)), in.bytesIn(body)))
}

func hostLog(in *instance, stack []uint64) {
	text := in.span(stack[0], stack[1])
	in.charge(gas.Log + uint64(text.n)*gas.LogByte)
	in.env.Log(in.bytesIn(text))
}

func hostReply(in *instance, stack []uint64) {
	output := in.span(stack[0], stack[1])
	in.chargeBytes(output)
	in.must(in.env.Reply(in.bytesIn(output)))
}

// hostFail ends the handling. A reason is for people: what is no text in it is replaced.
func hostFail(in *instance, stack []uint64) {
	reason := in.span(stack[0], stack[1])
	in.chargeBytes(reason)
	reason.n = min(reason.n, chain.MaxReasonBytes)
	in.stop(exec.Fail(chain.StatusRefused, "%s", strings.ToValidUTF8(string(in.bytesIn(reason)), "?")))
}

// hostRandom has nothing to give until there is a beacon (SPEC 3.3): never a fixed value.
func hostRandom(in *instance, stack []uint64) {
	in.span(stack[0], abi.HashBytes)
	stack[0] = 0
}

func hostSHA256(in *instance, stack []uint64) {
	text, dst := in.span(stack[0], stack[1]), in.span(stack[2], abi.HashBytes)
	in.charge(gas.SHA256 + uint64(text.n)*gas.SHA256Byte)
	b := in.bytesIn(text)
	if len(b) <= pieceBytes { // without an allocation
		hash := sha256.Sum256(b)
		put(in, dst, hash[:])
		return
	}
	hash := sha256.New()
	inPieces(b, func(b []byte) { hash.Write(b) })
	put(in, dst, hash.Sum(nil))
}

func hostBLAKE2b(in *instance, stack []uint64) {
	text, dst := in.span(stack[0], stack[1]), in.span(stack[2], abi.HashBytes)
	in.charge(gas.BLAKE2b + uint64(text.n)*gas.BLAKE2bByte)
	b := in.bytesIn(text)
	if len(b) <= pieceBytes {
		hash := blake2b.Sum256(b)
		put(in, dst, hash[:])
		return
	}
	hash, err := blake2b.New256(nil)
	assert.NoError(err, "no key is never too long")
	inPieces(b, func(b []byte) { hash.Write(b) })
	put(in, dst, hash.Sum(nil))
}

func hostEd25519(in *instance, stack []uint64) {
	var key keys.PublicKey
	var signature keys.Signature
	at, from, message := in.span(stack[0], uint64(len(key))), in.span(stack[1], uint64(len(signature))), in.span(stack[2], stack[3])
	in.signed(message)
	in.charge(gas.Ed25519 + uint64(message.n)*gas.Ed25519Byte)
	copy(key[:], in.bytesIn(at))
	copy(signature[:], in.bytesIn(from))
	stack[0] = truth(keys.Verify(key, in.bytesIn(message), signature) == nil)
}

func hostBLS(in *instance, stack []uint64) {
	var key [keys.BLSKeyBytes]byte
	var signature [keys.BLSSignatureBytes]byte
	at, from, message := in.span(stack[0], uint64(len(key))), in.span(stack[1], uint64(len(signature))), in.span(stack[2], stack[3])
	in.signed(message)
	in.charge(gas.BLSVerify + uint64(message.n)*gas.BLSVerifyByte)
	copy(key[:], in.bytesIn(at))
	copy(signature[:], in.bytesIn(from))
	stack[0] = truth(keys.VerifyBLS(key, signature, in.bytesIn(message)))
}

// signed refuses a message that is too long to be verified: nothing interrupts the hashing of one message (W5).
func (in *instance) signed(message span) {
	if message.n > abi.MaxSigned {
		in.stop(exec.Fail(chain.StatusLimit, "%s: a message of %d bytes (limit %d): sign its hash", in.host, message.n, abi.MaxSigned))
	}
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// putAmount writes an amount as memory holds it, little-endian.
func putAmount(to []byte, a chain.Amount) {
	var b [abi.AmountBytes]byte
	a.Append(b[:0])
	for i := range b {
		to[i] = b[len(b)-1-i]
	}
}

// amountOf reads what putAmount writes.
func amountOf(from []byte) chain.Amount {
	var b [abi.AmountBytes]byte
	for i := range b {
		b[i] = from[len(b)-1-i]
	}
	a, err := chain.DecodeAmount(b[:])
	assert.NoError(err, "16 bytes are an amount")
	return a
}
