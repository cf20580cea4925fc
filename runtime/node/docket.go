package node

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// docket keeps what members did wrong, each case as one file that convicts (SPEC 6.6), for whoever asks. A case is kept once,
// whatever is reported how often, and stays until somebody deletes the file.
//
//	chain.MaxEvidence, MaxEvidenceKept   bound all of them
//	chain.MaxEvidenceOf                  those against one member: its own guilt hides no other's
//
// What is over a bound is not kept; it is logged, and counted with the rest.
type docket struct {
	dir string // empty: in memory, as the chain is
	log *slog.Logger

	mu    sync.Mutex
	cases []Filed
	held  map[chain.Hash][]byte // where there is no directory
	size  int64
	shown []witnessed // of the last blocks that were found invalid, the oldest first
}

// Filed is a case that is kept.
type Filed struct {
	evidence.About
	Hash  chain.Hash
	Bytes int
}

// witnessed is an invalid block with what shows it.
type witnessed struct {
	block  chain.BlockHash
	height uint64
	*evidence.Shown
}

const (
	// faultsDir is where in the data directory cases are kept, and blocks that don't verify.
	faultsDir  = "faults"
	casePrefix = "evidence-"
	partPrefix = ".part-"
	// maxShown bounds the invalid blocks in memory: each round of a height can bring one.
	maxShown = 4
)

// openDocket reads what is kept in the data directory. What is no case there is nobody's guilt, and left alone.
func openDocket(dataDir string, log *slog.Logger) (*docket, error) {
	d := &docket{log: log, held: map[chain.Hash][]byte{}}
	if dataDir == "" {
		return d, nil
	}
	d.dir = filepath.Join(dataDir, faultsDir)
	files, err := os.ReadDir(d.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), partPrefix) { // of a life that ended while it wrote
			if err := os.Remove(filepath.Join(d.dir, f.Name())); err != nil {
				return nil, err
			}
		}
		text, ok := strings.CutPrefix(f.Name(), casePrefix)
		var hash chain.Hash
		if !ok || hash.UnmarshalText([]byte(text)) != nil {
			continue
		}
		k, raw, err := d.read(hash)
		if err != nil {
			log.Warn("a file that should hold evidence doesn't", "file", filepath.Join(d.dir, f.Name()), "error", err)
			continue
		}
		d.list(Filed{k.About(), hash, len(raw)})
	}
	return d, nil
}

func (d *docket) path(h chain.Hash) string {
	return filepath.Join(d.dir, casePrefix+hex.EncodeToString(h[:]))
}

// read reads a case back; ErrDamaged of the store if it is another one, or none.
func (d *docket) read(h chain.Hash) (*evidence.Case, []byte, error) {
	raw, err := os.ReadFile(d.path(h))
	if err != nil {
		return nil, nil, err
	}
	k, err := evidence.Decode(raw)
	if err == nil && evidence.Name(raw) != h {
		err = fmt.Errorf("it is that of %s", evidence.Name(raw))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: evidence %s: %w", store.ErrDamaged, h, err)
	}
	return k, raw, nil
}

// list adds a case that is kept, by height, round and hash. The caller holds mu, or is alone.
func (d *docket) list(f Filed) {
	i, found := slices.BinarySearchFunc(d.cases, f, func(a, b Filed) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), cmp.Compare(a.Round, b.Round), bytes.Compare(a.Hash[:], b.Hash[:]))
	})
	if !found {
		d.cases = slices.Insert(d.cases, i, f)
		d.size += int64(f.Bytes)
	}
}

// has says whether the case of that name is kept.
func (d *docket) has(h chain.Hash) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lists(h)
}

func (d *docket) lists(h chain.Hash) bool {
	return slices.ContainsFunc(d.cases, func(x Filed) bool { return x.Hash == h })
}

// file keeps a case, and says whether it is a new one. Where says in which file, and why not if it isn't kept.
func (d *docket) file(k *evidence.Case) (fresh bool, where string, err error) {
	raw := k.Encode()
	f := Filed{k.About(), evidence.Name(raw), len(raw)}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dir != "" {
		where = d.path(f.Hash)
	}
	if d.lists(f.Hash) {
		return false, where, nil
	}
	if full := d.full(&f); full != "" {
		return false, full, nil
	}
	if d.dir == "" {
		d.held[f.Hash] = raw
	} else if err := writeWhole(d.dir, where, raw); err != nil {
		return false, "", err
	}
	d.list(f)
	return true, where, nil
}

// takes says whether a case would be kept if it were filed.
func (d *docket) takes(k *evidence.Case) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.full(&Filed{About: k.About()}) == ""
}

// full says which bound a case breaks.
func (d *docket) full(f *Filed) string {
	against := map[keys.PublicKey]int{}
	for i := range d.cases {
		for _, m := range d.cases[i].members() {
			against[m]++
		}
	}
	switch most := slices.MaxFunc(f.members(), func(a, b keys.PublicKey) int { return against[a] - against[b] }); {
	case f.Bytes > chain.MaxEvidenceBytes:
		return fmt.Sprintf("not kept: it has %d bytes, more than %d", f.Bytes, chain.MaxEvidenceBytes)
	case against[most] >= chain.MaxEvidenceOf:
		return fmt.Sprintf("not kept: there are %d cases against the member already", against[most])
	case len(d.cases) >= chain.MaxEvidence:
		return fmt.Sprintf("not kept: there are %d cases already", len(d.cases))
	case d.size+int64(f.Bytes) > chain.MaxEvidenceKept:
		return fmt.Sprintf("not kept: there are %d bytes of cases already", d.size)
	}
	return ""
}

// members are those whom a case is against, each once.
func (f *Filed) members() (list []keys.PublicKey) {
	for _, s := range f.Guilty {
		if !slices.Contains(list, s.Member) {
			list = append(list, s.Member)
		}
	}
	return list
}

// writeWhole writes a file that is there whole, after a crash too, or not at all.
func writeWhole(dir, path string, raw []byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, partPrefix+"*")
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// show keeps what shows a block to be invalid, until it is known who prepared the block.
func (d *docket) show(block chain.BlockHash, s *evidence.Shown) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.witness(block) != nil {
		return
	}
	if len(d.shown) == maxShown {
		d.shown = slices.Delete(d.shown, 0, 1)
	}
	d.shown = append(d.shown, witnessed{block, s.Witness.Before.Height + 1, s})
}

// showing is what shows a block to be invalid; nil if nothing does.
func (d *docket) showing(block chain.BlockHash) *evidence.Shown {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.witness(block)
}

func (d *docket) witness(block chain.BlockHash) *evidence.Shown {
	for _, w := range d.shown {
		if w.block == block {
			return w.Shown
		}
	}
	return nil
}

// final frees what is of heights before this one. What happened at this one may still be told of.
func (d *docket) final(height uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shown = slices.DeleteFunc(d.shown, func(w witnessed) bool { return w.height < height })
}

// Evidence lists the cases that this node keeps, by height, round and hash.
func (n *Node) Evidence() []Filed {
	n.docket.mu.Lock()
	defer n.docket.mu.Unlock()
	return slices.Clone(n.docket.cases)
}

// RawEvidence is a case that this node keeps, for evidence.Decode; ErrNotFound of the store if it keeps none of that name.
func (n *Node) RawEvidence(h chain.Hash) ([]byte, error) {
	d := n.docket
	d.mu.Lock()
	held, kept := d.held[h], d.lists(h)
	d.mu.Unlock()
	switch {
	case !kept:
		return nil, fmt.Errorf("evidence %s: %w", h, store.ErrNotFound)
	case d.dir == "":
		return held, nil
	}
	_, raw, err := d.read(h)
	return raw, err
}
