package node

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// watch counts and logs what others did wrong, and keeps blocks that don't verify here.
type watch struct {
	log      *slog.Logger
	dir      string // of faulty blocks; empty for none
	network  chain.NetworkID
	kept     *atomic.Int64
	rejects  prometheus.Counter
	evidence prometheus.Counter
	faults   prometheus.Counter
	changed  prometheus.Counter
	missed   prometheus.Counter
	early    prometheus.Counter
	rounds   prometheus.Counter
}

const (
	// faultsDir is where in the data directory blocks are kept that were proposed here and don't verify.
	faultsDir = "faults"
	// maxFaults bounds them: what a faulty member can make a node write in one life.
	maxFaults = 16
)

func newWatch(n *Node) watch {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		n.metrics.registry.MustRegister(c)
		return c
	}
	w := watch{
		log: n.config.Log, network: n.network, kept: new(atomic.Int64),
		rejects:  counter("thinkey_consensus_rejected_total", "Messages of other members that broke a rule."),
		evidence: counter("thinkey_consensus_evidence_total", "Proofs that a member signed what contradicts itself, or a block that is not valid."),
		faults:   counter("thinkey_consensus_faults_total", "Proposed blocks that didn't verify."),
		changed:  counter("thinkey_consensus_damaged_total", "Blocks that came with other bytes than their headers name."),
		missed:   counter("thinkey_consensus_forwarded_lost_total", "Forwarded messages that came too fast to be taken in."),
		early:    counter("thinkey_consensus_early_total", "Blocks that were final by preparations alone."),
		rounds:   counter("thinkey_consensus_failed_rounds_total", "Rounds that failed before a block was final."),
	}
	if n.config.Dir != "" {
		w.dir = filepath.Join(n.config.Dir, faultsDir)
	}
	return w
}

// Reject implements driver.Watch.
func (w *watch) Reject(r bft.Reject) {
	w.rejects.Inc()
	w.log.Warn("a member broke a rule", "peer", r.From, "reason", r.Reason)
}

// Evidence implements driver.Watch.
func (w *watch) Evidence(e bft.Evidence) {
	w.evidence.Inc()
	path := w.keep(fmt.Sprintf("evidence-%d-%x", e.From, e.First.Signature[:8]), e.Encode())
	w.log.Warn("a member signed what contradicts itself", "peer", e.From, "file", path)
}

// Backed implements driver.Watch.
func (w *watch) Backed(b bft.Backed) {
	w.evidence.Inc()
	w.log.Warn("a member prepared a block that is not valid", "peer", b.From, "block", b.Claim.Vote.Block)
}

// damaged: bytes came that are not those of the block they are named for.
func (w *watch) damaged(block chain.BlockHash) {
	w.changed.Inc()
	w.log.Warn("a block came damaged", "block", block)
}

// keep writes a file for the operator, and for others to judge, unless there are enough; the path, empty if it wasn't written.
func (w *watch) keep(name string, b []byte) string {
	if w.dir == "" || w.kept.Add(1) > maxFaults {
		return ""
	}
	path := filepath.Join(w.dir, name)
	err := os.MkdirAll(w.dir, 0o755)
	if err == nil {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		w.log.Error("what shows a fault can't be kept", "file", path, "error", err)
		return ""
	}
	return path
}

func (w *watch) committed(f *bft.Final) {
	w.rounds.Add(float64(f.Certificate.Round))
	if f.Certificate.Step == chain.Preparation {
		w.early.Inc()
	}
}

func (w *watch) lost(messages int) { w.missed.Add(float64(messages)) }

// fault reports a block whose replay differs from what it says, and keeps it, so that the replay can be repeated: either its
// proposer is faulty, or something that should be deterministic isn't.
func (w *watch) fault(h *chain.Header, p bft.Proposed, f *block.Fault) {
	w.faults.Inc()
	path := w.keep(fmt.Sprintf("block-%d-%s", h.Height, p.Hash), p.Raw)
	w.log.Error("a proposed block doesn't verify", "height", h.Height, "block", p.Hash, "proposer", h.Proposer, "round", h.Round,
		"part", f.Part, "account", f.Account, "message", f.Message, "expected", f.Want, "found", f.Got, "kept", path)
}
