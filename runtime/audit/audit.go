package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// Options say what to audit.
type Options struct {
	// Dir is the data directory; nobody else may have it open. It is not read if Store is set, to which nothing may be
	// committed meanwhile.
	Dir   string
	Store *store.Store
	// Chain is the chain to audit; 0 for the only one in the directory.
	Chain chain.ID
	// Each runs independent work of one block at once; nil is a loop.
	Each merkle.Each
	// Programs are those that the chain runs; nil for the common messages, and the code that Engine runs.
	Programs exec.Programs
	// Signatures check what the committee signed; nil for its BLS keys.
	Signatures light.Signatures
	// Engine makes what runs code, given where the code is kept; nil for a chain without. The audit closes it.
	Engine func(source func(chain.CodeHash) ([]byte, error)) (Engine, error)
	// Progress, if set, is told where Run is, from one goroutine at a time, a few times a second at most.
	Progress func(Progress)
	// CacheBytes bounds the store's cache; 0 for a default.
	CacheBytes int64

	raw    *store.Raw   // instead of both, opened by who set it
	memory *keep.Memory // of the directories that are audited together
}

// Engine runs code.
type Engine interface {
	native.Codes
	Close() error
}

// Progress is where Run is.
type Progress struct {
	Stage    string // what is being done: "blocks", "state", "message index"
	Height   uint64 // of the last block that was replayed
	Head     uint64 // as the marker says
	Messages uint64 // replayed so far
}

// ErrSeveralChains is a directory that holds more than one chain, when none was named.
var ErrSeveralChains = errors.New("directory holds several chains: name one")

// run is an audit under way.
type run struct {
	Options
	*notes
	ctx    context.Context
	raw    *store.Raw
	engine Engine // nil for none
	id     chain.ID
	rules  block.Rules

	marker store.Head // as it says; zero if it can't be read
	known  bool       // the marker could be read
	pieces uint32     // of the genesis, as the marker says

	committees   keep.Committees
	certificates vouched
	now, next    *light.Committee // who agreed on the block at, and who does on the one after it; nil for none, or if that isn't known

	joined   joined        // where the chain begins here
	supplied bool          // the report has what the genesis issues
	at       *point        // where replay stands; nil if it can't go on
	last     *chain.Header // of the last block
	named    int           // blocks that are found by their hash
	resumes  int
	compare  *compare
	border   border // what the stored state says of other chains
	report   Report
	started  time.Time
	progress time.Time
}

// point is a block with the state after it: what the next one is verified against.
type point struct {
	header *chain.Header
	hash   chain.BlockHash
	state  *state
}

// Run audits a whole data directory. An error says that there was nothing to audit, or that ctx ended; what is wrong with the
// directory is in the Report.
func Run(ctx context.Context, o Options) (Report, error) {
	r, err := runOne(ctx, o)
	return r.report, err
}

func runOne(ctx context.Context, o Options) (*run, error) {
	r, err := begin(ctx, o, newNotes(questions))
	if err != nil || r.raw == nil {
		return r, err
	}
	err = errors.Join(r.all(), r.release())
	r.finish()
	return r, err
}

// begin opens the directory and reads the marker. Without an error and without raw the Report is complete: the directory is
// too damaged to be opened.
func begin(ctx context.Context, o Options, n *notes) (*run, error) {
	r := &run{Options: o, notes: n, ctx: ctx, started: time.Now()}
	if r.memory == nil {
		r.memory = remembering()
	}
	r.committees.Memory = r.memory
	err := r.open()
	if errors.Is(err, store.ErrDamaged) {
		r.raw = nil
		r.add(Checksums, 0, "%v", err)
		r.skipAll("the directory can't be opened")
		r.finish()
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if r.id, err = r.pick(); err != nil {
		return r, errors.Join(err, r.release())
	}
	if err := r.setPrograms(); err != nil {
		return r, errors.Join(err, r.release())
	}
	r.rules = block.Rules{Programs: r.Programs, Committees: r.committee, Each: careful(o.Each)}
	r.compare = newCompare(r)
	r.readMarker()
	r.readJoined()
	return r, nil
}

// open opens what is to be read.
func (r *run) open() (err error) {
	switch {
	case r.Options.raw != nil:
		r.raw = r.Options.raw
	case r.Store != nil:
		r.raw = r.Store.Raw()
	default:
		r.raw, err = store.OpenRaw(store.Options{Dir: r.Dir, CacheBytes: r.CacheBytes})
	}
	return err
}

// pick is the chain to audit.
func (r *run) pick() (chain.ID, error) {
	list, err := r.raw.Chains()
	switch {
	case err != nil && !errors.Is(err, store.ErrDamaged):
		return 0, err
	case r.Chain != 0:
		return r.Chain, nil
	case len(list) == 1:
		return list[0], nil
	case len(list) == 0:
		return 0, fmt.Errorf("audit: no chain is stored: %w", store.ErrNotFound)
	}
	return 0, fmt.Errorf("audit: chains %v: %w", list, ErrSeveralChains)
}

func (r *run) readMarker() {
	r.looked(HeadMarker, 1)
	r.looked(Layout, 1)
	if err := r.raw.Layout(); err != nil {
		r.damage(0, err)
	}
	head, pieces, err := r.raw.Marker(r.id)
	switch {
	case err == nil:
		r.marker, r.pieces, r.known = head, pieces, true
	case errors.Is(err, store.ErrNotFound):
		r.add(HeadMarker, 0, "chain %d has no head marker: its genesis was not written to the end, or the marker is lost", r.id)
	default:
		r.damage(0, err)
		r.skip("the marker can't be read", HeadMarker)
	}
}

// all makes every check.
func (r *run) all() error {
	r.genesis()
	r.follow()
	if err := r.blocks(); err != nil {
		return err
	}
	for _, step := range []func() error{r.strays, r.names, r.undos, r.index, r.shown, r.leaves} {
		if err := step(); err != nil {
			return err
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// setPrograms makes what runs code, if no Programs were given.
func (r *run) setPrograms() (err error) {
	if r.Programs != nil {
		return nil
	}
	r.Programs = native.Programs{Committees: &r.committees}
	if r.Engine == nil {
		return nil
	}
	if r.engine, err = r.Engine(r.source); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	r.Programs = native.Programs{Codes: r.engine, Committees: &r.committees}
	return nil
}

// release closes what begin opened.
func (r *run) release() (err error) {
	if r.Options.raw == nil {
		err = r.raw.Close()
	}
	if r.engine != nil {
		err = errors.Join(r.engine.Close(), err)
	}
	return err
}

// damage notes a value that can't be read.
func (r *run) damage(height uint64, err error) { r.add(Checksums, height, "%v", err) }

// damageOnly is nil for what was noted: the end of a scan at a table that can't be read. Other errors end the audit.
func (r *run) damageOnly(err error, checks ...string) error {
	if err == nil || !errors.Is(err, store.ErrDamaged) {
		return err
	}
	r.damage(0, err)
	r.skip("a table can't be read", checks...)
	return nil
}

func (r *run) skipAll(why string) {
	for _, q := range questions {
		r.skip(why, q.name)
	}
}

// genesis reads the genesis and makes the state at height 0 of it.
func (r *run) genesis() {
	raw, pieces, err := r.raw.Genesis(r.id)
	if err != nil {
		r.damage(0, err)
		r.skip("the genesis can't be read", Genesis)
		return
	}
	r.looked(Genesis, 1)
	if r.known && pieces != r.pieces {
		r.add(Genesis, 0, "%d pieces of the genesis are stored, and the head marker says %d", pieces, r.pieces)
	}
	g, err := chain.DecodeGenesis(raw)
	switch {
	case err != nil:
		r.add(Genesis, 0, "%v", err)
		return
	case g.Chain != r.id:
		r.add(Genesis, 0, "it is that of chain %d, stored as chain %d's", g.Chain, r.id)
		return
	}
	r.report.Network = g.Network()
	r.report.Issued, _ = g.Issued() // DecodeGenesis checks that there is a sum
	r.supplied = true
	if r.Signatures == nil {
		if err := g.CheckPossession(); err != nil {
			r.add(Genesis, 0, "%v", err)
		}
	}
	var s *state
	var header *chain.Header
	if err = guard(func() (err error) { s, header, err = atGenesis(g, r.rules.Each); return err }); err != nil {
		r.add(Genesis, 0, "it gives no state: %v", err)
		return
	}
	r.at = &point{header, header.Hash(), s}
	r.elect()
}

// tell reports where the audit is, now and then.
func (r *run) tell(stage string, height uint64) {
	const interval = 200 * time.Millisecond
	if r.Progress == nil || time.Since(r.progress) < interval {
		return
	}
	r.progress = time.Now()
	r.Progress(Progress{Stage: stage, Height: height, Head: r.marker.Height, Messages: r.report.Messages})
}

// finish completes the report.
func (r *run) finish() {
	r.report.Chain = r.id
	r.report.Took = time.Since(r.started)
	if n := r.report.Messages; n > 0 {
		r.report.MicrosPerMessage = float64(r.report.Took.Microseconds()) / float64(n)
	}
	r.report.Checks = r.close()
}
