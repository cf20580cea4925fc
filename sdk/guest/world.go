//go:build !wasip1

package guest

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/blake2b"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/keys"
)

// World is a chain of one account, for the tests of a contract: they run on the machine at hand, by go test, without any
// WebAssembly. Set what a handling may know, run one, look at what it did:
//
//	w := guest.NewWorld()
//	w.Sender = alice
//	err := w.Handle(Sell.To(w.Self, SellInput{Price: guest.NewAmount(5)}))
//
// A handling that fails leaves everything as it was. What is sent goes nowhere but into Sent. Gas is not counted.
type World struct {
	Self, Sender       Address
	Balance            Amount
	Origin, MessageID  Hash
	Network            Hash
	Running            Hash // the code that runs
	Height, TimeMillis uint64
	Chain              uint32
	GasLeft            uint64
	Entropy            *Hash // what Random gives; none if nil

	Sent     []Message
	Deployed []Deployment
	Events   []Emitted
	Code     Hash // what SetCode set
	Logs     []string

	storage map[string][]byte
	call    call
}

// Emitted is one event.
type Emitted struct {
	Topic string
	Body  []byte
}

// BodyOf reads the body of an event.
func BodyOf[B any](_ Event[B], e Emitted) (B, error) { return Decode[B](e.Body) }

// call is the handling under way.
type call struct {
	method string
	input  []byte
	parts  [][]byte // of those handled as one
	amount Amount
	query  bool
	reply  []byte
	sent   int
}

// NewWorld is the account 1 of chain 1 at height 1, called by the account 2, without any money.
func NewWorld() *World {
	return &World{Self: Account(1), Sender: Account(2), Height: 1, TimeMillis: 1_700_000_000_000, Chain: 1,
		GasLeft: 100_000_000, storage: map[string][]byte{}}
}

// Account is the n-th of some accounts on chain 1.
func Account(n byte) (a Address) {
	a[3], a[23] = 1, n
	return a
}

// world is the one whose handling runs; its lock is held that long, so that tests may be parallel.
var (
	world     *World
	worldLock sync.Mutex
)

// stop ends a handling as the host's fail does.
type stop struct{ reason string }

// prepared says whether it is too late to make codecs: within a handling, as on the chain.
func prepared() bool { return world != nil }

func inHost(v any) bool {
	_, ok := v.(stop)
	return ok
}

// Handle lets the contract handle m as if Sender had sent it; m.To doesn't matter.
func (w *World) Handle(m Message) error {
	w.call = call{method: m.Method, input: m.Input, amount: m.Amount}
	return w.run(handleMessage)
}

// HandleAsOne lets the contract handle several messages of one mergeable method as one.
func (w *World) HandleAsOne(messages ...Message) error {
	w.call = call{method: messages[0].Method}
	for _, m := range messages {
		w.call.parts = append(w.call.parts, m.Input)
		w.call.amount = w.call.amount.Add(m.Amount)
	}
	return w.run(mergeMessages)
}

// Bounce credits amount and tells the contract that a message of it failed.
func (w *World) Bounce(b Bounce, amount Amount) error {
	input := append(slices.Clone(b.Message[:]), byte(len(b.Method)))
	input = append(append(input, b.Method...), b.Status)
	input = abi.AppendBytes(abi.AppendBytes(input, b.Reason), b.Input)
	w.call = call{method: "bounce", input: input, amount: amount}
	return w.run(bounceMessage)
}

// Ask runs the view name.
func Ask[Out, In any](w *World, name string, in In) (out Out, err error) {
	w.call = call{method: name, input: Encode(in), query: true}
	if err := w.run(answerQuery); err != nil {
		return out, err
	}
	return Decode[Out](w.call.reply)
}

// Schema is the schema of the contract, as JSON.
func (w *World) Schema() []byte { return describe(&served)[1:] }

// run runs an entry; nothing of a handling that fails is kept.
func (w *World) run(entry func()) (err error) {
	worldLock.Lock()
	defer worldLock.Unlock()
	before := *w
	before.storage = maps.Clone(w.storage)
	world = w
	defer func() {
		world = nil
		switch v := recover().(type) {
		case nil:
		case stop:
			logs := w.Logs
			*w = before
			w.Logs = logs
			err = &Refusal{v.reason}
		default:
			panic(v)
		}
	}()
	w.Balance = w.Balance.Add(w.call.amount)
	entry()
	return nil
}

// stopUnless fails the handling unless ok.
func stopUnless(ok bool, format string, args ...any) {
	if !ok {
		panic(stop{Format(format, args...)})
	}
}

func mayWrite(what string) { stopUnless(!world.call.query, "a view must not %s", what) }

func hostContext(dst *[abi.ContextBytes]byte) {
	w := world
	copy(dst[abi.ContextSelf:], w.Self[:])
	kind := byte(abi.KindRelay)
	switch {
	case w.call.query:
		kind = abi.KindQuery
	case w.call.parts != nil: // from several senders
	case w.Sender == w.Self:
		kind = abi.KindExternal
		fallthrough
	default:
		copy(dst[abi.ContextSender:], w.Sender[:])
	}
	putAmount((*[16]byte)(dst[abi.ContextAmount:]), w.call.amount)
	putAmount((*[16]byte)(dst[abi.ContextBalance:]), w.Balance)
	copy(dst[abi.ContextOrigin:], w.Origin[:])
	copy(dst[abi.ContextMessage:], w.MessageID[:])
	copy(dst[abi.ContextNetwork:], w.Network[:])
	copy(dst[abi.ContextCode:], w.Running[:])
	for i := range 8 {
		dst[abi.ContextHeight+i], dst[abi.ContextTime+i] = byte(w.Height>>(8*i)), byte(w.TimeMillis>>(8*i))
	}
	for i := range 4 {
		dst[abi.ContextChain+i] = byte(w.Chain >> (8 * i))
	}
	dst[abi.ContextKind] = kind
}

func hostMethod(dst []byte) int {
	copy(dst, world.call.method)
	return len(world.call.method)
}

func hostInput(dst []byte) int {
	copy(dst, world.call.input)
	return len(world.call.input)
}

func hostParts() int { return len(world.call.parts) }

func hostPart(i int, dst []byte) int {
	copy(dst, world.call.parts[i])
	return len(world.call.parts[i])
}

func hostBalance(dst *[16]byte) { putAmount(dst, world.Balance) }

func hostGas() uint64 { return world.GasLeft }

func hostRead(key, dst []byte) int {
	v, ok := world.storage[string(key)]
	if !ok {
		return abi.None
	}
	copy(dst, v)
	return len(v)
}

func hostWrite(key, value []byte) {
	mayWrite("write")
	stopUnless(len(value) <= abi.MaxValue, "storage value of %d bytes (limit %d)", len(value), abi.MaxValue)
	if len(value) == 0 {
		delete(world.storage, string(key))
		return
	}
	world.storage[string(key)] = bytes.Clone(value)
}

func hostNext(prefix, after, dst []byte) int {
	for _, k := range slices.Sorted(maps.Keys(world.storage)) {
		if strings.HasPrefix(k, string(prefix)) && k > string(after) {
			copy(dst, k)
			return len(k)
		}
	}
	return abi.None
}

func hostSend(to *Address, method string, amount *[16]byte, gas uint64, input []byte) {
	mayWrite("send")
	a := getAmount(amount[:])
	stopUnless(to.Chain() != 0, "the receiver names no chain")
	world.call.sent++
	stopUnless(world.call.sent <= abi.MaxSent, "more than %d messages sent by one handling", abi.MaxSent)
	takeBalance(a)
	world.Sent = append(slices.Clip(world.Sent), Message{*to, method, bytes.Clone(input), a, gas})
}

func takeBalance(a Amount) {
	rest, ok := world.Balance.Minus(a)
	stopUnless(ok, "%s to send and a balance of %s", a, world.Balance)
	world.Balance = rest
}

func hostDeploy(d *Deployment, amount *[16]byte, dst *Address) {
	mayWrite("deploy")
	takeBalance(getAmount(amount[:]))
	world.Deployed = append(slices.Clip(world.Deployed), *d)
	*dst = Made(world.Chain, world.Self, d.Salt, d.Code)
}

func hostSetCode(code *Hash) {
	mayWrite("change its code")
	world.Code = *code
}

func hostEvent(topic string, body []byte) {
	mayWrite("emit an event")
	declared := slices.ContainsFunc(served.events, func(e event) bool { return e.topic == topic })
	stopUnless(declared, "the event %q isn't in the contract's schema: give Serve an Emits of it", topic)
	world.Events = append(slices.Clip(world.Events), Emitted{topic, bytes.Clone(body)})
}

func hostLog(line string) { world.Logs = append(world.Logs, line) }

func hostReply(b []byte) { world.call.reply = bytes.Clone(b) }

func hostFail(reason string) { panic(stop{reason[:min(len(reason), 256)]}) }

func hostRandom(dst *[32]byte) bool {
	if world.Entropy == nil {
		return false
	}
	*dst = *world.Entropy
	return true
}

func hostSHA256(b []byte, dst *Hash) { *dst = sha256.Sum256(b) }

func hostBLAKE2b(b []byte, dst *Hash) { *dst = blake2b.Sum256(b) }

func hostEd25519(key, signature, message []byte) bool {
	stopUnless(len(message) <= abi.MaxSigned, "a signed message of %d bytes (limit %d): sign its hash", len(message), abi.MaxSigned)
	return keys.Verify(keys.PublicKey(key), message, keys.Signature(signature)) == nil
}

func hostBLS(key, signature, message []byte) bool {
	panic("guest: a World verifies no BLS signatures; test this one on a chain")
}
