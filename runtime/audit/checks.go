package audit

import (
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
)

// The names of the checks, in the order of a Report.
const (
	Layout       = "layout"
	Checksums    = "checksums"
	Genesis      = "genesis"
	Heights      = "heights"
	HeadMarker   = "head marker"
	HashChain    = "hash chain"
	Headers      = "headers"
	BlockHashes  = "block hashes"
	Certificates = "certificates"
	Validity     = "validity"
	Order        = "order"
	Replayed     = "replay"
	Receipts     = "receipts"
	Outboxes     = "outboxes"
	Departures   = "departures"
	Accumulators = "accumulators"
	Proofs       = "proofs"
	Undo         = "undo records"
	Pairs        = "order per pair"
	Once         = "once"
	MessageIndex = "message index"
	Nonces       = "nonces"
	State        = "state"
	EntryIndex   = "entry index"
	Code         = "code"
	StateRoot    = "state root"
	Conservation = "conservation"
)

// question is a check before it is made.
type question struct{ name, invariant, asks string }

// questions are all checks that Run makes.
var questions = []question{
	{Layout, "I7", "every key has a form that the store writes"},
	{Checksums, "I7", "every value is the one that was written"},
	{Genesis, "I10", "the genesis gives the block at height 0"},
	{Heights, "I7", "every height from 0 to the head has a block with all its parts"},
	{HeadMarker, "I7", "the head marker names the last block, its hash and state root"},
	{HashChain, "I2", "every block names the one before as its parent"},
	{Headers, "I2", "the header kept apart is the block's"},
	{BlockHashes, "I2", "every block is found by its hash, and nothing else is"},
	{Certificates, "I2", "a block is final by the rule of its chain: its committee certified it, or one validator runs the chain and there is none"},
	{Validity, "I10", "every block is well-formed, and every input signed and admissible at its place"},
	{Order, "I4", "every σ is complete and possible"},
	{Replayed, "I3", "replay gives what every block claims: what was sent, gas, roots"},
	{Receipts, "I3", "the receipts and carried-in messages kept are those of replay"},
	{Outboxes, "I5", "the outbox kept is the block's"},
	{Departures, "I5", "each relay that left is found by its number in the outbox where it stands, and no other is"},
	{Accumulators, "I2", "the nodes kept of the lists of blocks are those of replay: the chain's own, and those that it recorded of each child"},
	{Proofs, "I2", "what is kept to show to other chains is what replay proves, and nothing else is"},
	{Undo, "I3", "every undo record holds what the block's changes replaced"},
	{Pairs, "I4", "messages from one account to another were processed in the order sent, over all blocks (SPEC 2.5)"},
	{Once, "I5", "every message was processed once"},
	{MessageIndex, "I5", "the index names each processed message with its place, and no other"},
	{Nonces, "I6", "an account's nonce is the number of external messages it processed, in order"},
	{State, "I3", "the stored state is that of replay: no leaf more, none less, all in canonical form"},
	{EntryIndex, "I3", "the index of storage keys lists each entry of every account, and no other"},
	{Code, "I3", "code that was published is kept, whole and under its hash, and no other is"},
	{StateRoot, "I3", "the stored state has the root in the last header (SPEC 4.7)"},
	{Conservation, "I1", "balances, deposits, fees, what waits and what left are what was issued and what came from other chains"},
}

// The checks that RunTree makes over all chains.
const (
	Network   = "network"
	Recorded  = "recorded"
	Crossings = "crossings"
	Total     = "total"
)

// ofTree are these.
var ofTree = []question{
	{Network, "I2", "all chains are of one network, none is missing, and one that is there more than once has the same blocks"},
	{Recorded, "I2", "the blocks that a chain recorded of a child, and that it sees of those above it, are theirs"},
	{Crossings, "I5", "each chain took in what others sent to it: every relay once, the same message, in the order of the numbers (SPEC 8.3)"},
	{Total, "I1", "over all chains, what they hold and what is under way between them is what was issued (SPEC 8.5)"},
}

// ofReplay are the checks that repeating one block can make.
var ofReplay = only(
	Checksums, Heights, HashChain, Headers, BlockHashes, Certificates, Validity, Order, Replayed, Receipts, Outboxes, Departures,
	Accumulators, Proofs, Undo,
	Once, MessageIndex, Nonces, Conservation,
)

func only(names ...string) []question {
	return slices.DeleteFunc(slices.Clone(questions), func(q question) bool { return !slices.Contains(names, q.name) })
}

// checkOf is the check that a fault of a block belongs to.
func checkOf(p block.Part) string {
	switch p {
	case block.PartParent:
		return HashChain
	case block.PartOrder:
		return Order
	case block.PartReplay, block.PartGasUsed, block.PartLoad, block.PartLeaving, block.PartInputs, block.PartOrderRoot,
		block.PartReceipts, block.PartOutbox, block.PartState:
		return Replayed
	}
	return Validity
}
