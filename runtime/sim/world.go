package sim

import (
	"errors"
	"math/rand/v2"

	"github.com/thinkey/thinkey/sdk/chain"
)

// World is the network of one chain: the nodes that have it, their links, and what is known of it. The chains of a tree share a stage.
type World struct {
	*stage
	id     chain.ID
	plan   *Plan // as far as it is of this chain
	random random

	origin  *origin
	epochs  []*epoch // that final blocks have begun
	nodes   []*node
	links   []link // by from·n + to
	cuts    []cut  // of this chain alone
	oracles []oracle
	final   *reference
	load    *load
	rotten  bool // all of its committee
	liar    *liar
}

// random are the streams that a run draws from.
type random struct{ net, disk, work, load, evil, heal *rand.Rand }

// newWorld is the network of a chain of the stage, before anything happened and without nodes.
func newWorld(s *stage, p *Plan, genesis *chain.Genesis) (*World, error) {
	w := &World{stage: s, id: genesis.Chain, plan: p}
	var err error
	if w.origin, err = originOf(p, genesis); err != nil {
		return nil, err
	}
	if err := w.begin(w.origin.genesis.Committee, genesis.Params); err != nil {
		return nil, err
	}
	first := streamNet + uint64(w.id-chain.Main)<<16
	for i, r := range []**rand.Rand{&w.random.net, &w.random.disk, &w.random.work, &w.random.load, &w.random.evil, &w.random.heal} {
		*r = stream(p.Seed, first+uint64(i))
	}
	if w.final, err = newReference(w); err != nil {
		return nil, err
	}
	w.oracles = newOracles(w)
	w.load = newLoad(w)
	return w, nil
}

// join adds a process's node.
func (w *World) join(p *process) error {
	n, err := newNode(w, len(w.nodes), p)
	w.nodes = append(w.nodes, n)
	p.nodes = append(p.nodes, n)
	return err
}

// close ends what nodes have open.
func (w *World) close() (err error) {
	for _, n := range w.nodes {
		err = errors.Join(err, n.disk.close())
	}
	return err
}

// working is how long a node takes to build or verify a block, in milliseconds.
func (w *World) working() uint64 {
	if w.now < w.starved && w.phase == trouble {
		w.census.add("starved work")
		return 1 + w.random.work.Uint64N(w.work)
	}
	return 1 + w.random.work.Uint64N(4)
}
