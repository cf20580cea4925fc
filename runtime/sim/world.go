package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"
)

const millis = 1000 // of the world's microseconds

// World is a network on virtual time.
type World struct {
	plan   *Plan
	now    uint64 // microseconds
	queue  queue
	count  uint64 // of happenings
	random random

	origin  *origin
	epochs  []*epoch // that final blocks have begun
	nodes   []*node
	links   []link // by from·n + to
	cuts    []cut
	starved uint64 // until then work takes long …
	work    uint64 // … at most so many milliseconds
	phase   phase
	healed  []bool // by node, after trouble

	history hash.Hash
	census  Census
	oracles []oracle
	final   *reference
	load    *load
	broken  *Violation
	say     func(w *World, n *node, format string, args ...any) // nil: nobody listens
}

// random are the streams that a run draws from.
type random struct{ net, disk, work, load, evil, heal *rand.Rand }

// phase is a part of a run.
type phase int

const (
	trouble phase = iota
	recovery
	calm
)

// Violation is what a run must never end with.
type Violation struct {
	Oracle string
	Node   int // -1: of the whole world
	Millis uint64
	What   string
}

// Error is the violation in a line.
func (v *Violation) Error() string {
	return fmt.Sprintf("%s: at %d ms, node %d: %s", v.Oracle, v.Millis, v.Node, v.What)
}

// newWorld is the network of a plan, before anything happened.
func newWorld(p *Plan) (*World, error) {
	o, err := originOf(p)
	if err != nil {
		return nil, err
	}
	w := &World{plan: p, origin: o, history: sha256.New(), census: Census{}}
	if err := w.begin(o.genesis.Committee); err != nil {
		return nil, err
	}
	for i, r := range []**rand.Rand{&w.random.net, &w.random.disk, &w.random.work, &w.random.load, &w.random.evil, &w.random.heal} {
		*r = stream(p.Seed, streamNet+uint64(i))
	}
	if w.final, err = newReference(w); err != nil {
		return nil, err
	}
	w.oracles = newOracles(w)
	for i := range p.Nodes {
		if err := w.join(i); err != nil {
			return nil, err
		}
	}
	for _, role := range p.Roles {
		if role.Class == Twin {
			if err := w.join(role.Node); err != nil {
				return nil, err
			}
		}
	}
	w.links = make([]link, len(w.nodes)*len(w.nodes))
	w.load = newLoad(w)
	return w, nil
}

// join adds a node of a member.
func (w *World) join(member int) error {
	n, err := newNode(w, len(w.nodes), member)
	w.nodes = append(w.nodes, n)
	return err
}

// close ends what nodes have open.
func (w *World) close() (err error) {
	for _, n := range w.nodes {
		err = errors.Join(err, n.disk.close())
	}
	return err
}

// at plans something for a node, or for the world if n is nil.
func (w *World) at(when uint64, n *node, kind string, do func()) {
	w.count++
	h := happening{at: when, number: w.count, node: n, kind: kind, do: do}
	if n != nil {
		h.life = n.life
	}
	w.queue.push(h)
}

// after is at for a time from now on, in milliseconds.
func (w *World) after(wait uint64, n *node, kind string, do func()) {
	w.at(w.now+wait*millis, n, kind, do)
}

// working is how long a node takes to build or verify a block, in milliseconds.
func (w *World) working() uint64 {
	if w.now < w.starved && w.phase == trouble {
		w.census.add("starved work")
		return 1 + w.random.work.Uint64N(w.work)
	}
	return 1 + w.random.work.Uint64N(4)
}

// until lets things happen until a time, or until done says so, and returns what done said last.
func (w *World) until(end uint64, done func() bool) bool {
	for w.broken == nil && len(w.queue) > 0 && w.queue[0].at <= end {
		if done() {
			return true
		}
		h := w.queue.pop()
		w.now = h.at
		n := h.node
		switch {
		case n == nil:
		case !n.up || n.life != h.life:
			continue
		case n.busy > w.now: // paused, or waiting for its disk: nothing overtakes
			w.at(n.busy, n, h.kind, h.do)
			continue
		}
		w.note(n, h.kind, nil)
		h.do()
	}
	if w.broken == nil && w.now < end && !done() {
		w.now = end
	}
	return done()
}

// note adds to the history.
func (w *World) note(n *node, kind string, what []byte) {
	var b [24]byte
	binary.LittleEndian.PutUint64(b[:], w.now)
	if n != nil {
		binary.LittleEndian.PutUint32(b[8:], uint32(n.number+1))
	}
	binary.LittleEndian.PutUint64(b[16:], uint64(len(what)))
	w.history.Write(b[:])
	w.history.Write([]byte(kind))
	w.history.Write(what)
}

// tell adds a line to the timeline, if there is one.
func (w *World) tell(n *node, format string, args ...any) {
	if w.say != nil {
		w.say(w, n, format, args...)
	}
}

// violate ends the run.
func (w *World) violate(oracle string, n *node, format string, args ...any) {
	if w.broken != nil {
		return
	}
	number := -1
	if n != nil {
		number = n.number
	}
	w.broken = &Violation{oracle, number, w.now / millis, fmt.Sprintf(format, args...)}
	w.tell(n, "VIOLATION of %s: %s", oracle, w.broken.What)
}
