package ingress

import (
	"fmt"
	"sync"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// pressure slows down external messages that send to a chain which doesn't keep up (SPEC 8.6). While such a chain is loaded, as the newest
// block of it says that an acknowledgement told of, or that is known here as its parent or itself is, or much is under way to it, no more
// may be under way than it takes in within windowBlocks blocks here; but
// chain.MinInflow messages of each block may send to it whatever it looks like: what they lead to tells when it is idle again. What would
// only bounce, as chain.MaxUnconsumed relays are under way, is refused.
//
// It is the node's own judgement, made from the state and from what it saw since it started: no block depends on it.
type pressure struct {
	mu     sync.Mutex // guards the rest
	height uint64     // of the block that is being filled
	millis uint64     // its time, at least
	every  uint64     // milliseconds between blocks, smoothed
	flows  map[chain.ID]*flow
}

// flow is what is known of messages to one chain.
type flow struct {
	height   uint64 // of the block that is being filled, when at was read
	at       chain.Outward
	seen     chain.Anchor // the last block of the chain that is known here beside what at says
	rate     uint64       // relays taken in while a block is made here, smoothed, times rateUnit
	pending  uint64       // messages let in whose relays are not sent yet, as far as can be told
	admitted uint64       // since the last block
	refused  uint64
}

const (
	// windowBlocks is how many blocks of a loaded chain's intake may be under way: enough that it is never idle while the proofs travel.
	windowBlocks = 16
	// minWindow is the least that may be under way: what a chain takes in is not known before some is.
	minWindow = 64
	// muchWaiting is how many under way count as much though no load is known.
	muchWaiting = chain.MaxUnconsumed / 4
	rateUnit    = 256
	// firstEvery and mostWait bound what a sender is told to wait, in milliseconds.
	firstEvery = 1_000
	leastWait  = 100
	mostWait   = 60_000
)

func newPressure() *pressure { return &pressure{every: firstEvery, flows: map[chain.ID]*flow{}} }

// destination is the chain that m's first relay goes to, as far as m says it; 0 if it doesn't.
func destination(m *chain.Message) chain.ID {
	switch m.Method {
	case chain.MethodTransfer:
		if in, err := chain.DecodeTransfer(m.Input); err == nil {
			return in.To.Chain()
		}
	case chain.MethodCall:
		if in, err := chain.DecodeCall(m.Input); err == nil {
			return in.To.Chain()
		}
	}
	return 0
}

// admit says why a message to a chain must wait, or nil: then it counts. What doesn't leave the chain, or will bounce as there is no
// such chain, never waits.
// Seen is the last block of the chain that is known here, if it was looked for.
func (p *pressure) admit(c *exec.Context, to chain.ID, seen chain.Anchor) error {
	if to == c.Chain || !c.Tree.Has(to) || c.System == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.advance(c)
	f, err := p.flow(c, to)
	if err != nil {
		return err
	}
	if seen.Height > f.seen.Height {
		f.seen = seen
	}
	under := f.at.Waiting() + f.pending
	switch {
	case f.at.Waiting() < muchWaiting && f.load() < chain.BusyLoad:
	case f.at.Waiting() >= chain.MaxUnconsumed:
		f.refused++
		return p.refuse(to, f, f.at.Waiting()-chain.MaxUnconsumed+1)
	case under < f.window() || f.admitted < chain.MinInflow:
	default:
		f.refused++
		return p.refuse(to, f, under-f.window()+f.refused)
	}
	f.admitted++
	f.pending++
	return nil
}

// forget takes back what a message counted that its lane refused: else who has no account at all could use up what others may send.
// 0 is no chain.
func (p *pressure) forget(to chain.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.flows[to]; f != nil {
		f.admitted -= min(f.admitted, 1)
		f.pending -= min(f.pending, 1)
	}
}

// advance notes that there is another block to fill.
func (p *pressure) advance(c *exec.Context) {
	if c.Height <= p.height {
		return
	}
	if p.height > 0 && c.TimeMillis > p.millis {
		took := (c.TimeMillis - p.millis) / (c.Height - p.height)
		p.every = (7*p.every + min(took, mostWait)) / 8
	}
	p.height, p.millis = c.Height, c.TimeMillis
}

// flow is that to a chain, read again for every block.
func (p *pressure) flow(c *exec.Context, to chain.ID) (*flow, error) {
	f := p.flows[to]
	if f != nil && f.height >= c.Height {
		return f, nil
	}
	raw, err := c.System(chain.OutKey(to))
	if err != nil {
		return nil, err
	}
	o, err := chain.DecodeOutward(raw)
	if err != nil {
		return nil, fmt.Errorf("what was sent to chain %d, in the state: %w", to, err)
	}
	if f == nil {
		f = &flow{at: o}
		p.flows[to] = f
	} else {
		taken := (o.Consumed - f.at.Consumed) * rateUnit / (c.Height - f.height)
		f.rate = (7*f.rate + taken) / 8
		f.pending -= min(f.pending, o.Next-f.at.Next)
		// A message may send nothing after all, or wait for long: what it would send is forgotten bit by bit.
		f.pending -= (f.pending + 7) / 8
	}
	f.height, f.at, f.admitted, f.refused = c.Height, o, 0, 0
	return f, nil
}

// stale says whether a flow is to be read again for the block that is being filled.
func (p *pressure) stale(c *exec.Context, to chain.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.flows[to]
	return f == nil || f.height < c.Height
}

// load is what the newest block says that is known of the chain.
func (f *flow) load() uint32 {
	if f.seen.Height > f.at.At {
		return f.seen.Load
	}
	return f.at.Load
}

// window is how many relays may be under way while the chain is loaded.
func (f *flow) window() uint64 { return max(minWindow, windowBlocks*f.rate/rateUnit) }

// refuse says when the chain will have taken in so many more.
func (p *pressure) refuse(to chain.ID, f *flow, over uint64) *Refusal {
	perBlock := max(chain.MinInflow, f.rate/rateUnit)
	wait := min(mostWait, max(leastWait, (over+perBlock-1)/perBlock*p.every))
	after := time.Duration(wait) * time.Millisecond
	return &Refusal{
		Code: CodeChainLoaded, After: after,
		Words: fmt.Sprintf("chain %d does not keep up: %d messages to it are under way (limit %d)", to, f.at.Waiting(), chain.MaxUnconsumed),
		Hint:  fmt.Sprintf("try again in %s", after),
	}
}

// slow refuses messages to loaded chains, and returns the chain that it counted one for; 0 if none. One that waits already is not new, and
// of one that can't be taken anyway its account says why.
func (d *Door) slow(m *chain.Message) (counted chain.ID, err error) {
	to := destination(m)
	if to == 0 || d.Mempool.Waits(m.ID()) {
		return 0, nil
	}
	c := d.Context()
	var seen chain.Anchor
	if d.Latest != nil && to != c.Chain && c.Tree.Has(to) && d.pressure.stale(c, to) {
		if d.Mempool.Admit(c, m) != nil {
			return 0, nil // to look is work, and who can't pay is not worth it
		}
		if seen, err = d.Latest(to); err != nil {
			return 0, err
		}
	}
	busy := d.pressure.admit(c, to, seen)
	if busy == nil {
		return to, nil
	}
	if err := d.Mempool.Admit(c, m); err != nil {
		return 0, nil
	}
	return 0, busy
}
