package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"

	"github.com/thinkey/thinkey/sdk/chain"
)

const millis = 1000 // of the stage's microseconds

// stage is what all chains of a run share: virtual time with all that happens in it, the processes, and what is known over chains. A
// chain that is alone has one to itself.
type stage struct {
	whole *Plan
	now   uint64 // microseconds
	queue queue
	count uint64 // of happenings

	tree      chain.Tree
	worlds    []*World // by chain, the main one first
	processes []*process
	cuts      []cut  // of all chains at once
	starved   uint64 // until then work takes long …
	work      uint64 // … at most so many milliseconds
	phase     phase
	wires     *rand.Rand // for what is carried between chains
	crossing  *crossing
	porter    *porter

	history hash.Hash
	census  Census
	broken  *Violation
	say     func(n *node, format string, args ...any) // nil: nobody listens
}

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
	Node   int      // the number of its process; -1: of the whole world
	Chain  chain.ID // 0 where there is one chain, or of all together
	Millis uint64
	What   string
}

// Error is the violation in a line.
func (v *Violation) Error() string {
	on := ""
	if v.Chain > 0 {
		on = fmt.Sprintf(" on chain %d", v.Chain)
	}
	return fmt.Sprintf("%s: at %d ms, node %d%s: %s", v.Oracle, v.Millis, v.Node, on, v.What)
}

// newStage is the network of a plan, before anything happened.
func newStage(p *Plan) (*stage, error) {
	s := &stage{whole: p, history: sha256.New(), census: Census{}, tree: p.tree(), wires: stream(p.Seed, streamWires)}
	genesis := genesisOf(p)
	for _, limb := range s.tree {
		of, err := genesis.Of(limb.ID)
		if err != nil {
			return nil, err
		}
		w, err := newWorld(s, p.of(limb.ID), of)
		if err != nil {
			return nil, fmt.Errorf("chain %d: %w", limb.ID, err)
		}
		s.worlds = append(s.worlds, w)
	}
	s.crossing, s.porter = newCrossing(s), &porter{stage: s}
	for i := range p.Nodes {
		if err := s.join(i); err != nil {
			return nil, err
		}
	}
	for _, role := range p.Roles {
		if role.Class == Twin {
			if err := s.join(role.Node); err != nil {
				return nil, err
			}
		}
	}
	for _, w := range s.worlds {
		w.links = make([]link, len(w.nodes)*len(w.nodes))
	}
	return s, nil
}

// join adds a process of a member, with a node for each chain that it has.
func (s *stage) join(member int) error {
	p := &process{stage: s, number: len(s.processes), member: member}
	s.processes = append(s.processes, p)
	for _, w := range s.worlds {
		if s.whole.follows(member, w.id) {
			if err := w.join(p); err != nil {
				return err
			}
		}
	}
	p.assign()
	return nil
}

// world is that of a chain; nil if there is none.
func (s *stage) world(id chain.ID) *World {
	for _, w := range s.worlds {
		if w.id == id {
			return w
		}
	}
	return nil
}

// close ends what nodes have open.
func (s *stage) close() (err error) {
	for _, w := range s.worlds {
		err = errors.Join(err, w.close())
	}
	return err
}

// at plans something for a node, or for the world if n is nil.
func (s *stage) at(when uint64, n *node, kind string, do func()) {
	s.count++
	h := happening{at: when, number: s.count, node: n, kind: kind, do: do}
	if n != nil {
		h.life = n.life
	}
	s.queue.push(h)
}

// after is at for a time from now on, in milliseconds.
func (s *stage) after(wait uint64, n *node, kind string, do func()) {
	s.at(s.now+wait*millis, n, kind, do)
}

// until lets things happen until a time, or until done says so, and returns what done said last.
func (s *stage) until(end uint64, done func() bool) bool {
	for s.broken == nil && len(s.queue) > 0 && s.queue[0].at <= end {
		if done() {
			return true
		}
		h := s.queue.pop()
		s.now = h.at
		n := h.node
		switch {
		case n == nil:
		case !n.up || n.life != h.life:
			continue
		case n.busy > s.now: // paused, or waiting for its disk: nothing overtakes
			s.at(n.busy, n, h.kind, h.do)
			continue
		}
		s.note(n, h.kind, nil)
		h.do()
	}
	if s.broken == nil && s.now < end && !done() {
		s.now = end
	}
	return done()
}

// note adds to the history.
func (s *stage) note(n *node, kind string, what []byte) {
	var b [24]byte
	binary.LittleEndian.PutUint64(b[:], s.now)
	if n != nil {
		binary.LittleEndian.PutUint32(b[8:], uint32(n.process.number+1))
		binary.LittleEndian.PutUint32(b[12:], uint32(n.w.id-chain.Main))
	}
	binary.LittleEndian.PutUint64(b[16:], uint64(len(what)))
	s.history.Write(b[:])
	s.history.Write([]byte(kind))
	s.history.Write(what)
}

// tell adds a line to the timeline, if there is one.
func (s *stage) tell(n *node, format string, args ...any) {
	if s.say != nil {
		s.say(n, format, args...)
	}
}

// violate ends the run.
func (s *stage) violate(oracle string, n *node, format string, args ...any) {
	if s.broken != nil {
		return
	}
	v := &Violation{Oracle: oracle, Node: -1, Millis: s.now / millis, What: fmt.Sprintf(format, args...)}
	if n != nil {
		v.Node = n.process.number
		if len(s.worlds) > 1 {
			v.Chain = n.w.id
		}
	}
	s.broken = v
	s.tell(n, "VIOLATION of %s: %s", oracle, v.What)
}

// violate ends the run, for what a chain did.
func (w *World) violate(oracle string, n *node, format string, args ...any) {
	if n == nil && len(w.worlds) > 1 {
		format = fmt.Sprintf("chain %d: ", w.id) + format
	}
	w.stage.violate(oracle, n, format, args...)
}
