package sim

import (
	"errors"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
)

// stored is the store itself, and what a node makes of it, on a disk in memory. The node's crash is the disk's; each life opens
// the store anew.
type stored struct {
	w     *World
	disk  *store.Disk
	store *store.Store // nil between two lives
	kept  keep.Chain   // of the store
	full  bool
}

// newStored is a store with a genesis.
func newStored(w *World, first bft.Safety) (*stored, error) {
	d := &stored{w: w, disk: store.NewDisk()}
	err := d.open()
	if err == nil {
		err = d.kept.Create(w.origin.genesis, &w.origin.header, w.origin.changes, &first)
	}
	return d, errors.Join(err, d.close())
}

const (
	storedCache = 128 << 10 // bytes: so little that tables are read
	// storedStates is how many states are kept: few, so that undo records are removed in a run.
	storedStates = 30
	// openingWrites is within how many writes of a store that is opened a crash falls.
	openingWrites = 24
)

func (d *stored) open() (err error) {
	d.store, err = store.Open(store.Options{Disk: d.disk, CacheBytes: storedCache, KeepStates: storedStates})
	d.kept = keep.Of(d.store, d.w.id)
	return err
}

func (d *stored) load(h how) (*past, error) {
	if h == torn {
		d.disk.CrashAt(1+d.w.random.disk.IntN(openingWrites), d.loss())
	}
	p := &past{}
	err := d.open()
	if err == nil {
		p.head, err = d.kept.Head()
	}
	if err == nil {
		p.safety, p.bodies, err = d.kept.Votes()
	}
	if err == nil {
		p.tree, err = d.kept.Tree(&p.head.Header)
	}
	return p, err
}

func (d *stored) state() exec.State { return d.kept.State() }

func (d *stored) relays() keep.Relays { return d.kept.Relays }

func (d *stored) safety() (bft.Safety, error) {
	s, _, err := d.kept.Votes()
	return s, err
}

// write is torn, or written to its end and reported to nobody.
func (d *stored) write(s *bft.Safety, body *bft.Body, h how) error {
	if h == torn && d.w.random.disk.IntN(2) == 0 {
		d.disk.TearSync(d.loss())
	}
	return d.kept.KeepVotes(s, body)
}

func (d *stored) commit(f *bft.Final, r *block.Result, prove keep.Prove, h how) error {
	if h == torn {
		d.disk.TearSync(d.loss())
	}
	return d.kept.Commit(r, f.Certificate.Append(nil), prove)
}

func (d *stored) finals(from uint64) ([]bft.Final, error) {
	return d.kept.Finals(from)
}

// loss is what the next crash leaves.
func (d *stored) loss() store.Crash {
	r := d.w.random.disk
	return store.Crash{Kept: []int{0, 20, 60, 100}[r.IntN(4)], Seed: r.Uint64()}
}

func (d *stored) crash() {
	if d.store == nil {
		return
	}
	loss := d.loss()
	next := d.disk.Wreck()
	if next == nil {
		next = d.disk.Crash(loss)
	}
	if err := d.close(); err != nil {
		d.w.violate("recovery", nil, "a store doesn't close: %v", err)
	}
	d.disk = next
	d.fill(d.full)
}

func (d *stored) copy() disk { return &stored{w: d.w, disk: d.disk.Crash(store.Crash{})} }

func (d *stored) fill(full bool) {
	d.full = full
	d.disk.Fill(full)
}

func (d *stored) rot() (string, error) { return d.disk.Rot(d.w.random.disk.IntN) }

func (d *stored) close() error {
	if d.store == nil {
		return nil
	}
	s := d.store
	d.store = nil
	return s.Close()
}
