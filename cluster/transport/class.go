package transport

import "github.com/thinkey/thinkey/sdk/chain"

// Class is how urgent a message is. What waits of a lower number leaves first, between any two fragments of a higher one.
type Class uint8

const (
	// Votes are what a committee waits for: preparations, confirmations, timeouts, heads.
	Votes Class = iota
	// Blocks are proposals, final blocks, evidence: large, and urgent after votes.
	Blocks
	// Rest is everything else: forwarded messages, questions, answers.
	Rest

	classes = 3
)

// room is what one side may have of a class at the other.
type room struct {
	message int // bytes of the longest message
	window  int // bytes, with costs, that were received and not taken; holds a message of full length
	queue   int // bytes that wait to be sent; 0 like window
}

const (
	// fragmentCost and messageCost are added to the bytes of every fragment and message where windows and queues count: what is
	// sent in crumbs fills them as well.
	fragmentCost = 32
	messageCost  = 128
)

// members are the rooms of nodes that Config.Member knows. A peer can make this node hold the sum of the windows, 90 MiB, and no
// more. Votes of several hundred seats fit many times into theirs; the longest block or case of evidence into that of Blocks; a
// publication into that of Rest.
var members = [classes]room{
	Votes:  {1 << 20, 2 << 20, 4 << 20},
	Blocks: {chain.MaxEvidenceBytes + 1<<20, chain.MaxEvidenceBytes + 8<<20, 128 << 20},
	Rest:   {8 << 20, 16 << 20, 16 << 20},
}

// strangers are the rooms of all others: one message at a time, and a second one on its way.
var strangers = [classes]room{Rest: {chain.MaxMessageBytes + 8<<10, 160 << 10, 1 << 20}}

// toStrangers are the rooms of what they are sent: answers of some blocks, and two of them at a time.
var toStrangers = [classes]room{Blocks: {1<<20 + 8<<10, 0, 2<<20 + 32<<10}, Rest: strangers[Rest]}

// charge is what a message of n bytes counts for, once all of it was received.
func charge(n int) int { return n + messageCost + (n+fragmentBytes-1)/fragmentBytes*fragmentCost }
