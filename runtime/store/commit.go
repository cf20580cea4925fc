package store

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Commit is a final block and all that follows from it.
type Commit struct {
	Chain  chain.ID
	Header *chain.Header
	Hash   chain.BlockHash // of Header
	// Block is the encoded block, Certificate what made it final (it may be empty: a chain of one node), Receipts and
	// Outbox as the caller wants them back. An empty outbox is not stored: the root in the header says that there is none.
	Block, Certificate, Receipts, Outbox []byte
	// Changes are those of the block, each slot once.
	Changes []exec.Change
	// Messages are those processed, in the order of the receipts.
	Messages []chain.MessageID
	// Code is what the block publishes, each once.
	Code []exec.Published
	// Departures are the relays in Outbox, Nodes what accumulators grew by, Proofs what is to be shown to other chains later.
	Departures []Departure
	Nodes      []Nodes
	Proofs     []Proof
}

// Commit makes a block final on disk. When it returns nil the block and all that follows from it are there after any
// crash (T1, T2); on an error nothing was written. ErrOrder if the block doesn't follow the head, ErrDiskFull or
// ErrBackground if it is better not to try. Commits to several chains may run at the same time and share a sync.
func (s *Store) Commit(c *Commit) error {
	p, err := s.Begin(c)
	if err != nil {
		return err
	}
	return p.Wait()
}

// Begin is Commit up to the sync: State shows the block when it returns, nothing else does before Wait has (T5). The next block
// may be begun meanwhile, so that many share a sync. They stand in the log in their order: a crash leaves the first of them.
// Every Pending must be waited for.
func (s *Store) Begin(c *Commit) (*Pending, error) {
	l := s.ledger(c.Chain)
	l.mu.Lock()
	defer l.mu.Unlock()
	head := l.applied
	if err := c.check(head); err != nil {
		return nil, fmt.Errorf("store: commit: %w", err)
	}
	if err := s.ready(); err != nil {
		return nil, fmt.Errorf("store: commit height %d: %w", c.Header.Height, err)
	}
	next := mark{Head{c.Header.Height, c.Hash, c.Header.Roots.State}, head.pieces}
	w := l.writer(s.db)
	c.write(w, next)
	w.dropBodies(l.bodies)
	pruned := s.prune(w, l, next.Height)
	l.records.begin()
	l.gaps.begin(c.Chain, c.Changes)
	defer l.gaps.end()
	if err := s.applyLater(w.batch); err != nil {
		l.records.end(nil)
		return nil, fmt.Errorf("store: commit height %d: %w", next.Height, err)
	}
	l.records.end(c.Changes)
	l.undoFrom, l.bodies = pruned, nil
	l.applied, l.batch = &next, nil
	return &Pending{store: s, ledger: l, batch: w.batch, mark: next}, nil
}

// Pending is a block that is applied, and whose sync is under way.
type Pending struct {
	store  *Store
	ledger *ledger
	batch  *pebble.Batch
	mark   mark
}

// Wait returns when the block, and all before it, are there after any crash. It is called once.
func (p *Pending) Wait() error {
	err := p.batch.SyncWait()
	l := p.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free(p.batch)
	if err != nil {
		return fmt.Errorf("store: commit height %d: %w", p.mark.Height, err)
	}
	if l.durable.Load().Height < p.mark.Height {
		p.store.raise(l, &p.mark.Head)
		l.durable.Store(&p.mark)
	}
	return nil
}

// check holds T3.
func (c *Commit) check(head *mark) error {
	switch {
	case head == nil:
		return fmt.Errorf("chain %d: %w: it has no genesis", c.Chain, ErrNotFound)
	case c.Header.Chain != c.Chain:
		return fmt.Errorf("%w: header of chain %d, commit to chain %d", ErrOrder, c.Header.Chain, c.Chain)
	case c.Header.Height != head.Height+1:
		return fmt.Errorf("%w: height %d, head %d", ErrOrder, c.Header.Height, head.Height)
	case c.Header.Parent != head.Hash:
		return fmt.Errorf("%w: height %d has parent %s, the head is %s", ErrOrder, c.Header.Height, c.Header.Parent, head.Hash)
	case c.Header.Hash() != c.Hash:
		return fmt.Errorf("%w: header has hash %s, not %s", ErrOrder, c.Header.Hash(), c.Hash)
	}
	return nil
}

// write encodes all of the commit, in ascending order of keys: each is put next to the one before in pebble's skip list,
// which is faster than to look for its place by half.
func (c *Commit) write(w *writer, next mark) {
	h := next.Height
	w.nodes(c.Nodes)
	w.part(h, partBody, c.Block)
	w.part(h, partHeader, wire.AppendBytes(nil, c.Header.Append(nil)), c.Certificate)
	if len(c.Outbox) > 0 {
		w.part(h, partOutbox, c.Outbox)
	}
	w.part(h, partReceipts, c.Receipts)
	w.code(c.Code)
	w.departures(h, c.Departures)
	w.entries(c.Changes)
	w.index(h, c.Messages)
	w.put(markKey(c.Chain), next.append(nil))
	w.put(nameKey(c.Chain, c.Hash), wire.AppendU64(nil, h))
	w.proofs(c.Proofs)
	w.changes(c.Changes)
	w.undo(h, c.Changes)
}

// writer encodes into a batch in place: a commit allocates next to nothing, however many changes it has.
type writer struct {
	chain chain.ID
	batch *pebble.Batch
	order *[]place
	key   [entryKeyBytes]byte
}

// place is the start of a key and where in a list of the caller's it comes from.
type place struct {
	start uint64
	from  uint32
}

// maxRetainedBatch is the memory that a chain keeps for its next commit: that of a full block and all that follows.
const maxRetainedBatch = 64 << 20

// writer empties the ledger's batch. The ledger's lock is held until the batch is applied.
func (l *ledger) writer(db *pebble.DB) *writer {
	if l.batch == nil {
		l.batch = db.NewBatch(pebble.WithMaxRetainedSizeBytes(maxRetainedBatch))
	}
	l.batch.Reset()
	return &writer{chain: l.id, batch: l.batch, order: &l.order}
}

// free takes back a batch whose sync is done, for the next commit if that has none.
func (l *ledger) free(b *pebble.Batch) {
	if l.batch == nil {
		l.batch = b
		return
	}
	_ = b.Close() // frees memory, can't fail
}

// part writes a part of the block at a height.
func (w *writer) part(height uint64, p part, pieces ...[]byte) {
	w.put(partKey(w.key[:0], w.chain, p, height), pieces...)
}

// put writes the value that pieces make together.
func (w *writer) put(key []byte, pieces ...[]byte) {
	n := crcBytes
	for _, p := range pieces {
		n += len(p)
	}
	op := w.batch.SetDeferred(len(key), n)
	copy(op.Key, key)
	at := 0
	for _, p := range pieces {
		at += copy(op.Value[at:], p)
	}
	seal(op.Key, op.Value)
	_ = op.Finish() // fails for indexed batches only
}

// undo writes what the changed slots held before.
func (w *writer) undo(height uint64, changes []exec.Change) {
	n := crcBytes
	for i := range changes {
		n += undoBytes(&changes[i])
	}
	key := undoKey(w.key[:0], w.chain, height)
	op := w.batch.SetDeferred(len(key), n)
	copy(op.Key, key)
	b := op.Value[:0]
	for i := range changes {
		b = appendUndo(b, &changes[i])
	}
	seal(op.Key, op.Value)
	_ = op.Finish()
}

// index writes where the block's messages were processed.
func (w *writer) index(height uint64, messages []chain.MessageID) {
	order := w.places(len(messages))
	for i := range messages {
		order[i] = place{binary.BigEndian.Uint64(messages[i][:]), uint32(i)}
	}
	sortPlaces(order)
	for _, p := range order {
		op := w.batch.SetDeferred(indexKeyBytes, placeBytes+crcBytes)
		copy(appendPrefix(op.Key[:0], w.chain, kindIndex)[prefixBytes:indexKeyBytes], messages[p.from][:])
		Place{height, p.from}.put(op.Value)
		seal(op.Key, op.Value)
		_ = op.Finish()
	}
}

// changes writes the new values of the changed slots.
func (w *writer) changes(changes []exec.Change) {
	order := w.places(len(changes))
	for i := range changes {
		order[i] = place{binary.BigEndian.Uint64(changes[i].Account[4:]), uint32(i)}
	}
	sortPlaces(order)
	for _, p := range order {
		c := &changes[p.from]
		w.slot(&c.Slot, c.After)
	}
}

// slot writes one value of the state, or removes it.
func (w *writer) slot(slot *exec.Slot, value []byte) {
	path := pathOf(slot)
	key := stateKey(w.key[:0], w.chain, &path)
	if value == nil {
		op := w.batch.DeleteDeferred(len(key))
		copy(op.Key, key)
		_ = op.Finish()
		return
	}
	op := w.batch.SetDeferred(len(key), slotBytes(slot, value))
	copy(op.Key, key)
	putSlot(op.Value, slot, value)
	seal(op.Key, op.Value)
	_ = op.Finish()
}

func (w *writer) places(n int) []place {
	*w.order = slices.Grow((*w.order)[:0], n)[:n]
	return *w.order
}

// sortPlaces sorts by key as far as eight bytes tell; what is equal keeps its order.
func sortPlaces(order []place) {
	slices.SortFunc(order, func(a, b place) int {
		if c := cmp.Compare(a.start, b.start); c != 0 {
			return c
		}
		return cmp.Compare(a.from, b.from)
	})
}
