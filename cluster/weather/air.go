package weather

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Kind is what goes over a link.
type Kind string

const (
	Links  Kind = "links"  // connections of the transport, with all chains in them: TCP
	Gossip Kind = "gossip" // membership: TCP and UDP
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{Links, Gossip} }

// Air is how one direction of a link is. The zero Air is clear.
type Air struct {
	// Cut lets nothing through.
	Cut bool `json:"cut,omitempty"`
	// Delay is how long everything takes, and Jitter how much longer it may take.
	Delay  time.Duration `json:"delay,omitempty"`
	Jitter time.Duration `json:"jitter,omitempty"`
	// Loss is the share of pieces that are lost, from 0 to 1, and Reset that of pieces with which a stream ends.
	Loss  float64 `json:"loss,omitempty"`
	Reset float64 `json:"reset,omitempty"`
}

// MaxDelay bounds Delay and Jitter.
const MaxDelay = time.Minute

// Check returns nil for an Air that there can be.
func (a Air) Check() error {
	switch {
	case a.Delay < 0 || a.Delay > MaxDelay || a.Jitter < 0 || a.Jitter > MaxDelay:
		return fmt.Errorf("a delay of %s and up to %s more: each is from 0 to %s", a.Delay, a.Jitter, MaxDelay)
	case !(a.Loss >= 0 && a.Loss <= 1) || !(a.Reset >= 0 && a.Reset <= 1):
		return fmt.Errorf("a loss of %g and resets of %g: shares are from 0 to 1", a.Loss, a.Reset)
	}
	return nil
}

// resend is how long a stream waits for a piece that was lost: the shortest time after which Linux sends again.
const resend = 200 * time.Millisecond

// late is how long a piece takes.
func (a Air) late(random func() float64) time.Duration {
	if a.Jitter == 0 {
		return a.Delay
	}
	return a.Delay + time.Duration(random()*float64(a.Jitter))
}

// Over is the air of one direction of one link, for one kind of what goes over it.
type Over struct {
	From int  `json:"from"`
	To   int  `json:"to"`
	Kind Kind `json:"kind"`
	Air
}

// direction is a key of the sky.
type direction struct {
	from, to int
	kind     Kind
}

// sky is the air everywhere. Where it has nothing the air is clear.
type sky struct {
	mu      sync.Mutex // guards the rest
	air     map[direction]Air
	changed chan struct{} // closed when the air is another
	random  *rand.Rand
	counts  map[string]uint64
}

func newSky(seed uint64) *sky {
	return &sky{air: map[direction]Air{}, changed: make(chan struct{}), random: rand.New(rand.NewPCG(seed, 1)), counts: map[string]uint64{}}
}

// set makes the air what the list says, and clear everywhere else.
func (s *sky) set(list []Over) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.air)
	for _, o := range list {
		if o.Air != (Air{}) {
			s.air[direction{o.From, o.To, o.Kind}] = o.Air
		}
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// list is the air where it isn't clear, for n nodes, in order.
func (s *sky) list(n int) []Over {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Over{}
	for _, kind := range Kinds() {
		for from := range n {
			for to := range n {
				if a, ok := s.air[direction{from, to, kind}]; ok {
					list = append(list, Over{from, to, kind, a})
				}
			}
		}
	}
	return list
}

// at is the air of a direction, and what is closed when it is another.
func (s *sky) at(d direction) (Air, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.air[d], s.changed
}

// draw is a number from 0 to 1.
func (s *sky) draw() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Float64()
}

func (s *sky) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[what]++
}
