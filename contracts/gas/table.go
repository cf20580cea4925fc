// Package gas is the gas table: what everything costs, in one file (SPEC 3.4). A unit is about a nanosecond of one core;
// `make calibrate` measures every instruction class and host call against it. Two things beside time are priced: the bytes
// that a message puts into a block (chain.GasPerByte), and room in the state (deposits).
package gas

import "github.com/thinkey/thinkey/sdk/chain"

// TableVersion changes with every price: instrumented code of another version is never run.
// Chains name it in their attributes (chain.Params).
const TableVersion = chain.GasTableNow

// Messages.
const (
	// External is what an external message costs before it is handled: decoding, its signature, its place in the roots.
	External = 20_000
	// Handling is what any handling costs: the account's actor, σ, the receipt, the leaf in the state tree.
	Handling = 5_000
	// Send is what a relay costs its sender beside its bytes.
	Send = 2_000
	// NewAccount is what an account costs that was not there: a leaf more, for good.
	NewAccount = 5_000
	// Add is the gas limit of an add, and enough for it always (E4 of contracts/exec).
	Add = Handling + NewAccount
	// Bounce is bought with every relay for the bounce it may need: the largest bounce's bytes (about 1.5 KiB), its
	// handling, and most of it for a hook (SPEC 1.3): that of a small contract in Go takes 111,000.
	Bounce = chain.BounceGas
)

// An account's storage and events. The room that an entry takes is the deposit's.
const (
	// Read and ReadByte are what reading an entry costs, Write and WriteByte writing one: its leaf in the state tree, and
	// its bytes to disk as those of a block. Next finds the next key of a prefix.
	Read      = 3_000
	ReadByte  = 1
	Write     = 10_000
	WriteByte = chain.GasPerByte
	Next      = 5_000
	// Event is what an event costs beside its bytes; Log a line of the log, which is kept until the block is final.
	Event   = 1_000
	Log     = 100
	LogByte = 8
)

// System actors. What stands here is what the node does beside reading, writing and sending.
const (
	// Certificate is checking that a committee signed a block, CommitteeNode decoding a node's key for it, and Possession
	// checking that a node has its key.
	Certificate   = 1_200_000
	CommitteeNode = 200_000
	Possession    = 1_500_000
	// DigestHeader is a header of a digest: hashing it twice, its place in the child's accumulator, and the nodes of that to
	// disk. Leaving is a value in it: finding out where it goes.
	DigestHeader = 12_000
	Leaving      = 1_000
)

// Code.
const (
	// Run is what it costs to run code at all: taking an instance and restoring it. RestorePage is added per page (64 KiB)
	// of the module's image, whatever was touched, so that a cold instance costs what a warm one does; between the two.
	Run            = 3_000
	RestorePage    = 1_000
	RestoreElement = 20 // per function reference in an element segment
	RestoreSlot    = 2  // per slot of a table
	// RestoreSegment is per data segment, where instructions speak of them: each instance knows which are left.
	RestoreSegment = 15
	// RunOnce is added for a module whose instances serve one message only, as it changes tables or drops segments; and
	// OncePage per page and OnceElement per function reference, as all is made anew.
	RunOnce     = 20_000
	OncePage    = 4_000
	OnceElement = 400
	// Recall is what it costs to read back compiled code that has not run lately (chain.Warm). RecallMachine is added per byte of
	// machine code that its functions become, by an estimate, RecallByte per byte of theirs, RecallFunction per function,
	// RecallReference per reference in an element segment, RecallSegment per data segment, RecallData per byte in those, and
	// RecallPage per page (64 KiB) of its image. A unit stands for at most 0.6 bytes of memory that the code then takes.
	Recall          = 500_000
	RecallMachine   = 3
	RecallByte      = 8
	RecallFunction  = 1_000
	RecallReference = 250
	RecallSegment   = 160
	RecallData      = 2
	RecallPage      = 110_000
	// Publish, PublishByte and PublishComplexity are what publishing costs beside the bytes of the block: validating,
	// instrumenting and compiling at every node, and keeping it for good. The largest module that is accepted must fit in a
	// message (chain.MaxMessageGas), so these are at worst a thirtieth of the time that they stand for.
	Publish           = 300_000 // part of what Validate calls the complexity
	PublishByte       = 2
	PublishComplexity = 5
)

// Host calls, beside what they lead to.
const (
	HostCall      = 60 // crossing to the host and back
	HostByte      = 1  // per byte copied, each way
	SHA256        = 200
	SHA256Byte    = 3
	BLAKE2b       = 200
	BLAKE2bByte   = 2
	Ed25519       = 60_000
	Ed25519Byte   = 3
	BLSVerify     = 1_500_000
	BLSVerifyByte = 5
)

// Instructions, in TENTHS of a unit: a basic block costs their sum, rounded up.
const (
	Tenths = 10

	Nothing     = 0  // nop, block, loop, end, drop: no machine code of their own
	Local       = 2  // local.get, local.set, local.tee, constants
	Global      = 6  // global.get, global.set
	Integer     = 4  // add, sub, and, or, xor, shifts, comparisons, extensions, wrap
	Count       = 6  // clz, ctz, popcnt, rotations, select
	Multiply    = 10 // integer multiplication
	Divide      = 80 // integer division and remainder
	Load        = 10
	Store       = 10
	Branch      = 10 // br, br_if, if, else, return
	BranchTable = 30
	Call        = 40  // with its frame; the callee pays for its own body
	CallTable   = 80  // call_indirect
	LocalZero   = 1   // per local of the callee, set to zero at entry
	Float       = 20  // comparisons, signs, conversions to and from integers
	FloatResult = 40  // add, sub, mul, min, max, ceil, floor, trunc, nearest, promote, demote: what is a NaN is made canonical
	FloatDivide = 120 // division and square root, the same
	FloatSelect = 14  // added for a select between floats, which is one of their bits
	MemorySize  = 10
	Bulk        = 400 // memory.copy, memory.fill, memory.init, table.copy, table.init, data.drop, elem.drop
)

// Dynamic charges, in units.
const (
	GrowPage = 40_000 // memory.grow, per page of 64 KiB
	// BulkBytes are copied or filled for one unit of gas; BulkElement is charged per element of a table.
	BulkBytes   = 8
	BulkElement = 2
)
