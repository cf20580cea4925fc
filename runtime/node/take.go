package node

import (
	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/assert"
)

// Verify judges a block that another node made, against the state after the head. The node must not be making blocks
// itself (manual pace).
func (n *Node) Verify(raw []byte) (*block.Result, *block.Fault, error) {
	n.turn.Lock()
	defer n.turn.Unlock()
	return n.verify(raw)
}

// verify is Verify for a caller that holds turn.
func (n *Node) verify(raw []byte) (*block.Result, *block.Fault, error) {
	n.trunk.Lock()
	defer n.trunk.Unlock()
	return block.Verify(n.before(), n.rules, raw)
}

// Take commits a block that Verify accepted; live accounts take over what it changed. Like Verify, for a node of manual
// pace that is not asked for blocks.
func (n *Node) Take(r *block.Result) error {
	assert.That(n.config.Pace.Manual, "a block of another node, taken by one that makes its own")
	n.turn.Lock()
	defer n.turn.Unlock()
	return n.commit(account.Tag{Parent: r.Block.Header.Parent}, r, nil)
}

// Waiting is how many external messages wait to be put into a block.
func (n *Node) Waiting() int { return n.host.Waiting() }

// RawBlock is an encoded final block.
func (n *Node) RawBlock(height uint64) ([]byte, error) {
	raw, _, err := n.store.Block(n.chain, height)
	return raw, err
}
