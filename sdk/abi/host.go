package abi

// Module is the one module whose functions a contract may import. The number is the version of the ABI.
const Module = "thinkey_1"

// The entries of a module (see the package's doc).
const (
	EntryHandle = "handle"
	EntryBounce = "bounce"
	EntryQuery  = "query"
	EntryMerge  = "merge"
	Memory      = "memory"
)

// EntrySchema is the entry that a Go contract has until it is finished: contracts/build runs it once, takes what it replies
// (a byte of Hook bits, then the Schema as JSON) and removes it.
const EntrySchema = "thinkey_schema"

// Bits that say which optional entries a module needs.
const (
	HookBounce = 1
	HookQuery  = 2
	HookMerge  = 4
)

// MergeSection is the custom section that names the methods that can be handled as one (SPEC 9.3): each a byte of length
// and the name. A module has it if and only if it exports EntryMerge.
const MergeSection = "thinkey.merge"

// SchemaSection is the custom section that holds a module's Schema.
const SchemaSection = "thinkey.schema"

// Type is a parameter or result of a host function: I32 or I64, as WebAssembly encodes them.
type Type byte

// The types of host functions.
const (
	I32 Type = 0x7f
	I64 Type = 0x7e
)

// Function is a host function's signature.
type Function struct {
	Name    string
	Params  []Type
	Results []Type
}

// Names of the host functions. Pointers and lengths are i32 and count bytes; what a pointer and a length name must lie
// within the memory, or the handling traps. "→ dst" is written by the host, of the given size.
const (
	// context(dst): what the handling may know → dst, ContextBytes laid out as the Context offsets say.
	Context = "context"
	// method(dst, cap) length: the message's method; as much as fits into cap → dst. The length is that of the whole.
	Method = "method"
	// input(dst, cap) length: its input, likewise.
	Input = "input"
	// parts() count: how many messages the entry merge handles as one; 0 for other entries.
	Parts = "parts"
	// part(index, dst, cap) length: the input of one of them, from 0 in the order received, likewise.
	Part = "part"
	// balance(dst): the account's balance now → dst, 16 bytes.
	Balance = "balance"
	// gas() i64: what can still be used or sent.
	Gas = "gas"
	// read(key, keyLength, dst, cap) length: the entry of the account's storage, as much as fits → dst; -1 if there is none.
	Read = "read"
	// write(key, keyLength, value, valueLength): an empty value removes the entry.
	Write = "write"
	// next(prefix, prefixLength, after, afterLength, dst, cap) length: the first key, in the order of bytes, that begins with
	// prefix and is greater than after (any if that is empty) → dst; -1 if there is none.
	Next = "next"
	// send(to, method, methodLength, amount, gasLimit i64, input, inputLength): a message; to is an address, amount 16 bytes.
	Send = "send"
	// deploy(code, salt, amount, gasLimit i64, input, inputLength, dst): a new account with the code of that hash and salt, 32
	// bytes each; its address → dst. Its code handles the method init with the input.
	Deploy = "deploy"
	// set_code(code): this account's code from the next message on.
	SetCode = "set_code"
	// event(topic, topicLength, body, bodyLength): tells the outside something.
	Event = "event"
	// log(text, length): for who debugs; a node remembers it for a while, and no block has it.
	Log = "log"
	// reply(bytes, length): the answer of a view; the last one counts.
	Reply = "reply"
	// fail(reason, length): refuses the message. It doesn't return.
	Fail = "fail"
	// random(dst) i32: 32 verifiable random bytes → dst and 1, or 0 if this chain has none.
	Random = "random"
	// sha256(bytes, length, dst), blake2b(bytes, length, dst): the hash of 32 bytes → dst.
	SHA256  = "sha256"
	BLAKE2b = "blake2b"
	// ed25519_verify(key, signature, message, messageLength) i32: 1 if it verifies; key of 32 bytes, signature of 64, message of
	// at most MaxSigned: of what is longer a hash is signed.
	Ed25519Verify = "ed25519_verify"
	// bls_verify(key, signature, message, messageLength) i32: 1 if it verifies; key of 96 bytes (G2), signature of 48 (G1),
	// message of at most MaxSigned.
	BLSVerify = "bls_verify"
)

// Functions are all host functions, by name.
var Functions = []Function{
	{Balance, []Type{I32}, nil},
	{BLAKE2b, []Type{I32, I32, I32}, nil},
	{BLSVerify, []Type{I32, I32, I32, I32}, []Type{I32}},
	{Context, []Type{I32}, nil},
	{Deploy, []Type{I32, I32, I32, I64, I32, I32, I32}, nil},
	{Ed25519Verify, []Type{I32, I32, I32, I32}, []Type{I32}},
	{Event, []Type{I32, I32, I32, I32}, nil},
	{Fail, []Type{I32, I32}, nil},
	{Gas, nil, []Type{I64}},
	{Input, []Type{I32, I32}, []Type{I32}},
	{Log, []Type{I32, I32}, nil},
	{Method, []Type{I32, I32}, []Type{I32}},
	{Next, []Type{I32, I32, I32, I32, I32, I32}, []Type{I32}},
	{Part, []Type{I32, I32, I32}, []Type{I32}},
	{Parts, nil, []Type{I32}},
	{Random, []Type{I32}, []Type{I32}},
	{Read, []Type{I32, I32, I32, I32}, []Type{I32}},
	{Reply, []Type{I32, I32}, nil},
	{Send, []Type{I32, I32, I32, I32, I64, I32, I32}, nil},
	{SetCode, []Type{I32}, nil},
	{SHA256, []Type{I32, I32, I32}, nil},
	{Write, []Type{I32, I32, I32, I32}, nil},
}

// None is what read and next return when there is nothing.
const None = -1

// Sizes of values in memory.
const (
	AddressBytes = 24
	AmountBytes  = 16
	HashBytes    = 32
)

// Offsets of the fields that the host function context writes.
const (
	ContextSelf    = 0   // address of the account
	ContextSender  = 24  // address the message comes from; the account's own for an external message; zero for a view and for merge
	ContextAmount  = 48  // what came with it, or with all of them for merge, credited already, 16 bytes
	ContextBalance = 64  // the account's balance when the handling began
	ContextOrigin  = 80  // id of the external message at the root of the tree
	ContextMessage = 112 // id of the message
	ContextNetwork = 144 // hash of the genesis
	ContextHeight  = 176 // of the block, u64
	ContextTime    = 184 // of the block, milliseconds since 1970, u64
	ContextChain   = 192 // u32
	ContextKind    = 196 // u32: KindExternal, KindRelay, KindQuery
	ContextCode    = 200 // hash of the code that runs
	ContextBytes   = 232
)

// Kinds of what an entry is called for.
const (
	KindExternal = 0
	KindRelay    = 1
	KindQuery    = 2
)

// MethodInit is the method of an account's first message, sent by who deploys it and by nobody else.
const MethodInit = "init"
