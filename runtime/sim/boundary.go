package sim

// boundary is a place between two effects of a node, where a crash can fall.
type boundary int

const (
	beforePersist boundary = iota
	insidePersist
	afterPersist
	beforeSend
	betweenPeers
	beforeCommit
	insideCommit
	afterCommit
	beforeVerify
	beforeBuild
	beforeTimer
	beforeServe
	beforeTell
	afterEffects
	insideStart
	boundaries // how many there are
)

var boundaryNames = [boundaries]string{
	"before persist", "inside persist", "after persist", "before send", "between peers", "before commit", "inside commit", "after commit",
	"before verify", "before build", "before timer", "before serve", "before tell", "after effects", "inside start",
}

// crashed is what a node panics with where it is to crash: nothing after that boundary happens.
type crashed struct{ at boundary }

// cross passes a boundary, or crashes there. A node that is to crash may wait for its boundary for long: others happen more
// often. In the end it crashes at any.
func (n *node) cross(b boundary) {
	if n.crashAt == nil || *n.crashAt != b && n.w.now < n.crashBy {
		return
	}
	n.crashAt = nil
	n.w.census.add("crash " + boundaryNames[b])
	n.w.census.add("crash")
	panic(crashed{b})
}

// doomed says whether the node crashes at the boundary it comes to next, for which more must happen than cross does.
func (n *node) doomed(b boundary) bool { return n.crashAt != nil && *n.crashAt == b }
