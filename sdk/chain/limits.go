package chain

// Every limit of the ledger, each with its reason (DESIGN D12). What breaks one is refused where it enters, with the
// value and the limit in the error; a contract that breaks one fails its handling.
const (
	// MaxMessageBytes bounds an encoded message: large enough for a document of a contract's, small enough that 10,000
	// waiting ones fit in memory (SPEC 2.6).
	MaxMessageBytes = 64 << 10
	// MaxCodeBytes bounds a module, and MaxPublicationBytes the encoded message that publishes it (SPEC 2.6, 3.2): a
	// contract in Go is about 2 MB.
	MaxCodeBytes        = 4 << 20
	MaxPublicationBytes = MaxCodeBytes + 512<<10
	// CodeDelay is how many blocks after its publication code is callable: time for every node to compile it (SPEC 3.2).
	CodeDelay = 2
	// MaxMethodBytes bounds a method's name: it is read by people.
	MaxMethodBytes = 64
	// MaxInputBytes bounds a method's input; what is left of MaxMessageBytes holds every other field.
	MaxInputBytes = MaxMessageBytes - 2<<10
	// MaxProofBytes bounds verification data: a relay's path through four trees of depth 32 is 4 KiB.
	MaxProofBytes = 16 << 10
	// MaxAckProof bounds the proof of an acknowledgement: a path through a whole tree of chains, each step an accumulator and two
	// paths of about 30 hashes.
	MaxAckProof = 128 << 10
	// MaxSent bounds what one handling sends (SPEC 2.6); a bounce counts as none.
	MaxSent = 64
	// MaxJoined bounds how many messages are handled as one (SPEC 9.2).
	MaxJoined = 64
	// MaxDepth bounds a tree of messages (SPEC 2.6).
	MaxDepth = 256
	// MaxReasonBytes bounds the words with which code refuses.
	MaxReasonBytes = 256
	// MaxBounceInput is how much of the failed input a bounce returns (SPEC 1.5).
	MaxBounceInput = 1 << 10
	// MaxStorageKey and MaxStorageValue bound an entry of an account's storage (SPEC 2.6).
	MaxStorageKey   = 256
	MaxStorageValue = 64 << 10

	// MinBlockGas is the smallest block gas limit that a chain may set: about a second of one core, as a unit of gas is
	// about a nanosecond.
	MinBlockGas = 1_000_000_000
	// MaxBlockGas is the largest: what a member can replay within a minute on one core.
	MaxBlockGas = 60_000_000_000
	// MaxMessageGas lets any message fit in any chain's block, three more beside it (SPEC 2.6).
	MaxMessageGas = MinBlockGas / 4
	// GasPerByte makes a block's bytes follow from its gas: every byte that a message puts into a block pays it.
	GasPerByte = 32
	// MaxBlockBytes bounds an encoded block whatever its gas: a proposal must reach a committee within a second.
	MaxBlockBytes = 48 << 20

	// MinBlockBytes is the smallest bound on a block that a chain may set: the bytes that a message of MaxMessageGas may put
	// into one fit.
	MinBlockBytes = 12 << 20
	// ArrivedShare is the part of a block's bytes, one in so many, that what comes from other chains may take: gas bounds the rest.
	ArrivedShare = 4
	// BounceGas is the gas that is bought with every relay, beside its own, for the bounce it may need (package gas says why so
	// much).
	BounceGas = 160_000

	// MaxWarm bounds the loads of the code that has run lately (Warm), and thereby, at less than 0.6 bytes for a unit, the compiled
	// code that a node must hold in memory so that nothing is read back which nobody pays for: 400 MB, with room for what one
	// block brings and for views in the 512 MiB that nodes have for it. It has room for 15 contracts in Go, or 600 in Rust.
	MaxWarm = 640 << 20
	// WarmSlots is how finely it is told which code ran longest ago: a sixteenth of what is warm turns cold at once.
	WarmSlots = 16
	// MaxGiven bounds the loads for hooks of code that is not warm, which nobody pays for, beyond what others paid for loads:
	// a tenth of a second of one core.
	MaxGiven = 100_000_000
	// MaxBlockGiven bounds such loads within one block, in which it isn't known yet what the others are given: as much as a message may
	// use, so that each of them fits by itself.
	MaxBlockGiven = MaxMessageGas

	// MaxTimeMillis bounds a block's time: the year 10889. Behind it there is always a later one that fits.
	MaxTimeMillis = 1 << 48

	// MaxBlockInputs, MaxBlockAccounts and MaxBlockEvents bound the lists of a block before it is decoded; the bytes left
	// bound them again.
	MaxBlockInputs   = 1 << 20
	MaxBlockAccounts = 1 << 20
	MaxBlockEvents   = 1 << 20
	// MaxViews bounds a chain's ancestors: the depth of the tree.
	MaxViews = 32
	// MaxChains bounds the tree of chains: an encoded tree is one entry of every chain's state, and a header that names them all
	// as destinations fits into a digest, together with the largest committee that it may hand over to.
	MaxChains = 1 << 10
	// MaxHandovers bounds the changes of an ancestor's committee that one block passes.
	MaxHandovers = 16
	// MaxFactBytes bounds a fact: the largest tree, and a charter with a committee of MaxRegisteredSeats, which is larger.
	MaxFactBytes = 64 << 10
	// MaxFacts bounds the facts of one block: a tree, a committee, and credits of some hundred chains that something was sent to
	// since the block before; those that don't fit come with the next one.
	MaxFacts = 1 << 9
	// MaxRegisteredSeats bounds a committee that is registered by a message: it must fit into one, and into an entry.
	MaxRegisteredSeats = 256
	// MaxChildNodes bounds the nodes that have seats of a chain under another one, counted anew where a node's seats don't stand together: the
	// parent decodes the key of each with every digest, and all of that must fit into one message's gas, or no block of the chain was ever
	// recorded.
	MaxChildNodes = 900
	// MaxImports bounds the source blocks whose relays one block takes in, MaxImported the relays of one of them, MaxImportProof
	// their proof: a path, and at most 20 hashes for each.
	MaxImports     = 1 << 10
	MaxImported    = 1 << 12
	MaxImportProof = 1 << 20
	// MaxUnconsumed is how many relays to one chain may be under way before a further one bounces at once (SPEC 8.6): some blocks'
	// worth, so that a chain that stands still holds no more than that.
	MaxUnconsumed = 1 << 14
	// BusyLoad is the load from which on a chain is slow to take relays in, seven eighths of its capacity: who sends more makes a queue.
	BusyLoad = 7 << 13
	// MinInflow is how many external messages of a block may send to a chain however loaded it is (SPEC 8.6): so that chains which
	// wait for each other see that they don't have to, since what is taken in tells the load.
	MinInflow = 4
	// MaxDestinations bounds the chains that one block sends value to.
	MaxDestinations = MaxChains
	// MaxFailedRounds and MaxFailedBytes bound the records of failed rounds in a block: what a bad hour of one height leaves, in
	// half of the bytes that block.GasBudget keeps free of gas.
	MaxFailedRounds = 16
	MaxFailedBytes  = 64 << 10
	// MaxEvidenceBytes bounds one proof that a member is guilty: the largest block, and what of code and state the replay of
	// one account reads.
	MaxEvidenceBytes = 64 << 20
	// MaxEvidence and MaxEvidenceKept bound the proofs that a node keeps, and their bytes: a list of them is one answer, and a
	// disk has room for them beside the chain. MaxEvidenceOf bounds those against one member, who could fill the rest with its
	// own guilt and hide another's: one takes its deposit, some more show that it goes on.
	MaxEvidence     = 1024
	MaxEvidenceKept = 512 << 20
	MaxEvidenceOf   = 4
	// MaxFaultyBlocks bounds the blocks that were proposed to a node and don't verify, and that it keeps: they are for people,
	// who look at some.
	MaxFaultyBlocks = 16
	// MaxSeats bounds a committee.
	MaxSeats = 1 << 12
	// MaxDigestHeaders bounds a run of linked headers in one digest: a child that was cut off for an hour catches up in one.
	MaxDigestHeaders = 1 << 12
	// MaxEvents and MaxEventBytes bound what one handling reports to the outside.
	MaxEvents     = 256
	MaxEventBytes = 16 << 10
	// MaxLogBytes bounds what one handling logs.
	MaxLogBytes = 16 << 10
	// MaxGenesisAccounts bounds a genesis: ten million accounts are about 400 MB.
	MaxGenesisAccounts = 10_000_000
	// MaxNameBytes bounds a network's name, a chain's and a node's.
	MaxNameBytes = 64

	// MaxBlockMillis bounds a chain's block interval: a minute, so that who is paid there and what waits for the chain's answer wait no longer.
	MaxBlockMillis = 60_000
	// MaxListed bounds each list of keys in a chain's attributes: all of them and the largest registered committee fit into one message,
	// and into an entry.
	MaxListed = 128
	// MaxValveBlocks bounds the window and the delay of a chain's valve: a week of blocks of a second. Nobody's money waits longer.
	MaxValveBlocks = 7 * 24 * 60 * 60
	// MaxPassed bounds the chains that value passes a valve for at once: that fits into a digest's gas, and the rest passes next time.
	MaxPassed = 64

	// ChainDeposit is frozen for good for a chain that is made by a message: every chain of the network keeps it in its tree from
	// then on. It is a tenth of what an account of a development network begins with, so that nobody makes chains for fun. Where there
	// are DepositDoubles chains it is twice as much, and doubles again with each so many: who wanted to take up all MaxChains would pay
	// four million times the first, and however many names it goes by.
	ChainDeposit   = 100_000
	DepositDoubles = MaxChains / 16
	// NodeDeposit is the least that a node puts up to be registered, and loses when evidence convicts it: a hundredth of what an
	// account of a development network begins with, so that one account registers a test's nodes.
	NodeDeposit = 10_000
	// UnbondingMillis is how long a node's deposit stays after it announced leaving: a week, so that evidence of what it signed
	// until then arrives though the main chain may have stood still for days (SPEC 6.6).
	UnbondingMillis = 7 * 24 * 60 * 60 * 1000
)
