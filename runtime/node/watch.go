package node

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// watch counts and logs what others did wrong, keeps blocks that don't verify here, and files what convicts a member.
type watch struct {
	log      *slog.Logger
	dir      string // of faulty blocks; empty for none
	kept     *atomic.Int64
	node     *Node
	work     *sync.WaitGroup
	grudges  *grudges
	rejects  prometheus.Counter
	evidence prometheus.Counter
	faults   prometheus.Counter
	changed  prometheus.Counter
	missed   prometheus.Counter
	unheard  prometheus.Counter
	unserved prometheus.Counter
	pushed   prometheus.Counter
	fetched  prometheus.Counter
	unspread prometheus.Counter
	early    prometheus.Counter
	rounds   prometheus.Counter
	wanted   prometheus.Counter
	got      prometheus.Counter
	unwanted prometheus.Counter
	gave     prometheus.Counter
	ungiven  prometheus.Counter
}

// blockPrefix begins the names of files of blocks that were proposed and don't verify.
const blockPrefix = "block-"

func newWatch(n *Node, work *sync.WaitGroup) watch {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		n.metrics.register.MustRegister(c)
		return c
	}
	w := watch{
		log: n.config.Log, kept: new(atomic.Int64), node: n, work: work, grudges: n.grudges,
		rejects:  counter("thinkey_consensus_rejected_total", "Messages of other members that broke a rule."),
		evidence: counter("thinkey_consensus_evidence_total", "Proofs that a member signed what contradicts itself, or a block that is not valid."),
		faults:   counter("thinkey_consensus_faults_total", "Proposed blocks that didn't verify."),
		changed:  counter("thinkey_consensus_damaged_total", "Blocks that came with other bytes than their headers name."),
		missed:   counter("thinkey_consensus_forwarded_lost_total", "Forwarded messages that came too fast to be taken in."),
		unheard:  counter("thinkey_consensus_accusations_lost_total", "Accusations of peers that came too fast to be looked at."),
		unserved: counter("thinkey_consensus_questions_lost_total", "Questions of peers for blocks that came too fast to be answered."),
		pushed:   counter("thinkey_spread_full_total", "Final blocks that were sent in full to a node without a seat."),
		fetched:  counter("thinkey_spread_asked_total", "Final blocks that were asked for by their names."),
		unspread: counter("thinkey_spread_lost_total", "Blocks that are spread, names and questions that came too fast to be looked at."),
		early:    counter("thinkey_consensus_early_total", "Blocks that were final by preparations alone."),
		rounds:   counter("thinkey_consensus_failed_rounds_total", "Rounds that failed before a block was final."),
		wanted:   counter("thinkey_relay_asked_total", "Questions to other nodes for relays, or for what was taken in of them, of chains that don't run here."),
		got:      counter("thinkey_relay_got_total", "Envelopes and acknowledgements that other nodes gave, and that are kept."),
		unwanted: counter("thinkey_relay_unwanted_total", "Answers with relays that came too late, or unasked."),
		gave:     counter("thinkey_relay_given_total", "Envelopes and acknowledgements that were given to other nodes."),
		ungiven:  counter("thinkey_relay_questions_lost_total", "Questions for relays that came too fast to be answered, or in time."),
	}
	if n.config.Dir != "" {
		w.dir = filepath.Join(n.config.Dir, faultsDir)
		blocks, _ := filepath.Glob(filepath.Join(w.dir, blockPrefix+"*")) // of a pattern that is one
		w.kept.Store(int64(len(blocks)))
	}
	return w
}

// Reject implements driver.Watch.
func (w *watch) Reject(r bft.Reject) {
	w.rejects.Inc()
	node, _ := w.node.member.epoch.Roster.Node(r.From) // asked by run, which the epoch is of
	w.blame(node, r.Reason, r.Reason)
}

// unkept logs that what a node shows of a member's guilt can't be kept, for a reason that is this node's own.
func (w *watch) unkept(from keys.PublicKey, err error) {
	if unsaid, ok := w.grudges.say(from.String(), "unkept", time.Now()); ok {
		w.log.Error("what a peer shows of a member's guilt can't be kept", "peer", from, "error", err, "unsaid", unsaid)
	}
}

// blame logs what a node did, unless it was told of a short time ago. What says of which kind it is; there are few of them. Strangers can have as many keys
// as they like, and may make no lines that people look at, nor take those of members.
func (w *watch) blame(node keys.PublicKey, what, reason string) {
	if m := w.node.member; m != nil && m.stranger(node) {
		w.log.Debug("a stranger broke a rule", "node", node, "reason", reason)
		return
	}
	if unsaid, ok := w.grudges.say(node.String(), what, time.Now()); ok {
		w.log.Warn("a member broke a rule", "node", node, "reason", reason, "unsaid", unsaid)
	}
}

// What refused names, beside the reasons of a replica.
const (
	undecodable  = "undecodable"
	untrue       = "accusation"
	forgery      = "forged message"
	unspreadable = "spread block"
	notPublic    = "not public"
	unwanted     = "not as asked for"
)

// refused is Reject for what no replica has seen.
func (w *watch) refused(from keys.PublicKey, what string, err error) {
	w.rejects.Inc()
	w.blame(from, what, err.Error())
	if net, ok := w.node.config.Member.Net.(junkNet); ok {
		net.Junk(from, err.Error())
	}
}

// Evidence implements driver.Watch.
func (w *watch) Evidence(e bft.Evidence) {
	w.evidence.Inc()
	seats := w.node.member.epoch.Seats // those of the epoch, also if it ends with this event
	w.file("a member signed what contradicts itself", e.From, func() (*evidence.Case, error) {
		height := claimHeight(&e.First)
		before, err := w.node.store.Header(w.node.chain, height-1)
		if err != nil {
			return nil, err
		}
		return evidence.Against(seats, before, e.Evidence)
	})
}

func claimHeight(c *light.Claim) uint64 {
	if c.Vote != nil {
		return c.Vote.Height
	}
	return c.Timeout.Height
}

// Backed implements driver.Watch.
func (w *watch) Backed(b bft.Backed) {
	w.evidence.Inc()
	seats, shown := w.node.member.epoch.Seats, w.node.docket.showing(b.Claim.Vote.Block)
	if shown == nil {
		if unsaid, ok := w.grudges.say(fmt.Sprint(b.From), "backed", time.Now()); ok {
			w.log.Warn("a member prepared a block that is not valid, which takes the whole state to see", "peer", b.From, "block", b.Claim.Vote.Block, "unsaid", unsaid)
		}
		return
	}
	w.file("a member prepared a block that is not valid", b.From, func() (*evidence.Case, error) {
		return evidence.AgainstBacker(seats, &b.Claim, shown)
	})
}

// file makes a case and keeps it, beside the replica: a disk may take its time. What it keeps, and of how many, is the docket's.
func (w *watch) file(what string, peer bft.Peer, made func() (*evidence.Case, error)) {
	w.work.Go(func() {
		k, err := made()
		var fresh bool
		var where string
		if err == nil {
			fresh, where, err = w.node.docket.file(k)
		}
		if err != nil {
			w.log.Error("what shows a member's guilt can't be kept", "what", what, "peer", peer, "error", err)
			return
		}
		if w.node.told(what, k, where); fresh {
			w.node.member.accuse(k)
		}
	})
}

// damaged: bytes came that are not those of the block they are named for.
func (w *watch) damaged(block chain.BlockHash) {
	w.changed.Inc()
	if unsaid, ok := w.grudges.say("", "damaged", time.Now()); ok {
		w.log.Warn("a block came damaged", "block", block, "unsaid", unsaid)
	}
}

// keep writes a block for the operator to replay, unless it is there or there are enough; the path, empty if it isn't there.
func (w *watch) keep(name string, made func() ([]byte, error)) string {
	if w.dir == "" {
		return ""
	}
	path := filepath.Join(w.dir, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if w.kept.Add(1) > chain.MaxFaultyBlocks {
		return ""
	}
	b, err := made()
	if err == nil {
		err = writeWhole(w.dir, path, b)
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

// fault reports a block whose replay differs from what it says, and keeps what is made of it, so that the replay can be repeated
// anywhere: either its proposer is faulty, or something that should be deterministic isn't.
func (w *watch) fault(h *chain.Header, p bft.Proposed, f *block.Fault, made func() ([]byte, error)) {
	w.faults.Inc()
	path := w.keep(fmt.Sprintf("%s%d-%s", blockPrefix, h.Height, p.Hash), made)
	w.log.Error("a proposed block doesn't verify", "height", h.Height, "block", p.Hash, "proposer", h.Proposer, "round", h.Round,
		"part", f.Part, "account", f.Account, "message", f.Message, "expected", f.Want, "found", f.Got, "kept", path)
}
