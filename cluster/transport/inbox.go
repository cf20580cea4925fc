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

// inbox is what waits for a channel. The most urgent class goes first; within one, peers take turns, so that who sends much delays
// itself. What it holds is bounded by the windows of the peers.
type inbox struct {
	mu     sync.Mutex // guards the rest
	wake   *sync.Cond
	turns  [classes][]keys.PublicKey // peers with something waiting
	boxes  [classes]map[keys.PublicKey][]letter
	closed bool
}

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
		for c := range in.turns {
			if len(in.turns[c]) > 0 {
				return in.pop(Class(c)), true
			}
		}
		if in.closed {
			return letter{}, false
		}
		in.wake.Wait()
	}
}

func (in *inbox) pop(c Class) letter {
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
