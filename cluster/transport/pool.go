package transport

import (
	"errors"
	"sync"
)

// errShare ends a connection, and is nobody's fault: its node may have another one.
var errShare = errors.New("nodes without a seat have sent as much as is kept of all of them, and this one most of it")

// pool is what nodes without a seat have of something, all together: a deposit is no reason to hold as much for each of them as for a committee. Each may
// have as much as is left. So one has half of it at most, and of many who take what they can each has the same, and as much is left for one more; but each
// may have so much that it can do something.
type pool struct {
	most, once, least int

	mu   sync.Mutex // guards used
	used int
}

// add notes that somebody has more than before, or less.
func (p *pool) add(n int) {
	if n == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used += n
}

// fits says whether somebody may have n more who has so much, which is noted. As long as all have no more than twice the most, each may have one message
// where it has nothing, and a publication: those who fill the pool would keep others from what they can't do without.
func (p *pool) fits(has, n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.used + n
	return has+n <= max(p.least, p.most-all) || all <= 2*p.most && (has == 0 || has+n <= p.once)
}

const (
	// poolBytes is what nodes without a seat may make this node hold of what they sent, and as much of what waits to be sent to them.
	poolBytes = 256 << 20
	// poolOnce is what each may have while all have no more than twice that: the longest message of the rest.
	poolOnce = 8 << 20
	// poolLeast is what each may have whatever others have: an answer of blocks that are not long.
	poolLeast = 1<<20 + 64<<10
)

// account notes what of the pools is the peer's: votes are few, and strangers have little and are few. The caller holds mu.
func (p *peer) account() {
	waiting, held := 0, 0
	if p.pooled() {
		waiting, held = p.out.lanes[Blocks].bytes+p.out.lanes[Rest].bytes, p.held[Blocks]+p.held[Rest]
	}
	p.host.waiting.add(waiting - p.waits)
	p.host.held.add(held - p.holds)
	p.waits, p.holds = waiting, held
}

func (p *peer) pooled() bool { return p.member && !p.host.config.Seated(p.key) }
