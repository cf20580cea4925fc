package transport

import (
	"sync"

	"github.com/thinkey/thinkey/sdk/keys"
)

// letter is a message that was received and not taken yet.
type letter struct {
	from    keys.PublicKey
	raw     []byte
	release func() // gives its sender the room back
}

// inbox is what waits for a channel. The most urgent class goes first, but one after ahead[c] in a row of more urgent ones: votes
// without end don't keep blocks out. Within a class peers take turns, so that who sends much delays itself. What it holds is bounded by
// the windows of the peers.
type inbox struct {
	mu     sync.Mutex // guards the rest
	wake   *sync.Cond
	turns  [classes][]keys.PublicKey // peers with something waiting
	boxes  [classes]map[keys.PublicKey][]letter
	passed [classes]int // messages of more urgent classes, since the class's last one, that were taken while it had something
	closed bool
}

// ahead is how many messages of more urgent classes at most go before one of a class: a block after as many votes as a round of a small
// committee has, and the rest seldom.
var ahead = [classes]int{Blocks: 16, Rest: 40}

func newInbox() *inbox {
	in := &inbox{}
	in.wake = sync.NewCond(&in.mu)
	for c := range in.boxes {
		in.boxes[c] = map[keys.PublicKey][]letter{}
	}
	return in
}

// put adds a letter; false if nobody will take it.
func (in *inbox) put(c Class, l letter) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return false
	}
	waiting := in.boxes[c][l.from]
	if len(waiting) == 0 {
		in.turns[c] = append(in.turns[c], l.from)
	}
	in.boxes[c][l.from] = append(waiting, l)
	in.wake.Signal()
	return true
}

// next waits for a letter; false when the inbox was closed and is empty.
func (in *inbox) next() (letter, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for {
		if c, ok := in.choose(); ok {
			return in.pop(c), true
		}
		if in.closed {
			return letter{}, false
		}
		in.wake.Wait()
	}
}

// choose is the class whose turn it is; false if nothing waits.
func (in *inbox) choose() (turn Class, ok bool) {
	for c := Class(classes); c > 0; { // whoever was passed over often enough isn't again
		if c--; len(in.turns[c]) > 0 && (!ok || in.passed[turn] < ahead[turn]) {
			turn, ok = c, true
		}
	}
	return turn, ok
}

// pop takes the next of a class; those behind it that have something were passed over.
func (in *inbox) pop(c Class) letter {
	in.passed[c] = 0
	for behind := c + 1; behind < classes; behind++ {
		if len(in.turns[behind]) > 0 {
			in.passed[behind]++
		}
	}
	from := in.turns[c][0]
	in.turns[c] = in.turns[c][1:]
	waiting := in.boxes[c][from]
	l := waiting[0]
	if waiting[0] = (letter{}); len(waiting) == 1 {
		delete(in.boxes[c], from)
	} else {
		in.boxes[c][from] = waiting[1:]
		in.turns[c] = append(in.turns[c], from)
	}
	return l
}

func (in *inbox) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	in.wake.Broadcast()
}
