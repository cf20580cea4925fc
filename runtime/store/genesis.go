package store

import (
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

const (
	// genesisPiece bounds a value: a genesis of ten million accounts is 400 MB.
	genesisPiece = 4 << 20
	// initBatch is when a batch of the genesis state is handed on: small beside the memory of a table, large enough that
	// what a batch costs doesn't show.
	initBatch = 4 << 20
)

// Init writes a chain's block at height 0: its genesis, header and state. The order of state's slots matters only for
// speed: ascending by address is fast. Nothing is there before the marker, which comes last and is synced: if a crash,
// or an error, cuts Init off, it can be called again, also with another genesis. Votes are the first record of a member
// that has signed nothing yet (KeepVotes); nil for who doesn't vote, or can't know what it signed.
func (s *Store) Init(g *chain.Genesis, header *chain.Header, state iter.Seq[exec.Write], votes []byte) error {
	l := s.ledger(header.Chain)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case g.Chain == 0 || header.Chain != g.Chain || header.Height != 0:
		return fmt.Errorf("store: init: %w: genesis of chain %d, header of chain %d at height %d", ErrOrder, g.Chain, header.Chain, header.Height)
	case l.durable.Load() != nil:
		return fmt.Errorf("store: init chain %d: %w", g.Chain, ErrInitialised)
	}
	l.records.begin()
	defer l.records.end(nil)
	defer l.records.drop()
	l.gaps.begin(g.Chain, nil) // nothing was there to be deleted
	defer l.gaps.end()
	if err := s.init(l, g, header, state, votes); err != nil {
		return fmt.Errorf("store: init chain %d: %w", g.Chain, err)
	}
	return nil
}

func (s *Store) init(l *ledger, g *chain.Genesis, header *chain.Header, state iter.Seq[exec.Write], votes []byte) error {
	if l.tip == nil {
		t, err := s.makeTip(l.id)
		if err != nil {
			return err
		}
		l.tip = t
	}
	w := l.writer(s.db)
	if err := s.wipe(w); err != nil {
		return err
	}
	for e := range state {
		w.slot(&e.Slot, e.Value)
		w.entry(&exec.Change{Slot: e.Slot, After: e.Value})
		if err := s.spill(w); err != nil {
			return err
		}
	}
	m := mark{Head: Head{0, header.Hash(), header.Roots.State}}
	var err error
	if m.pieces, err = s.origin(w, g); err != nil {
		return err
	}
	block := chain.Block{Header: *header}
	c := &Commit{Chain: l.id, Header: header, Hash: m.Hash, Block: block.Append(nil), Receipts: chain.AppendReceipts(nil, nil)}
	c.write(w, m)
	if votes != nil {
		w.put(voteKey(l.id), votes)
	}
	if err := s.apply(w.batch, pebble.Sync); err != nil {
		return err
	}
	s.raise(l, &m.Head)
	l.applied = &m
	l.durable.Store(&m)
	return nil
}

// origin writes a genesis, and returns in how many pieces.
func (s *Store) origin(w *writer, g *chain.Genesis) (pieces uint32, err error) {
	for raw := g.Encode(); len(raw) > 0 && err == nil; pieces++ {
		n := min(len(raw), genesisPiece)
		w.put(genesisKey(w.chain, pieces), raw[:n])
		raw = raw[n:]
		err = s.spill(w)
	}
	return pieces, err
}

// wipe removes what an Init that was cut off left of the chain.
func (s *Store) wipe(w *writer) error {
	first, found, err := s.nextChain(w.chain)
	if err != nil || !found || first != w.chain {
		return err
	}
	lower, upper := chainSpan(w.chain)
	if upper == nil { // the last chain: above every kind
		upper = append(lower, 0xff)
	}
	return w.batch.DeleteRange(lower, upper, nil)
}

// spill hands on what the writer has once it is much, not synced: the last batch's sync covers it.
func (s *Store) spill(w *writer) error {
	if w.batch.Len() < initBatch {
		return nil
	}
	if err := s.ready(); err != nil {
		return err
	}
	if err := s.apply(w.batch, pebble.NoSync); err != nil {
		return err
	}
	w.batch.Reset()
	return nil
}

// Origin returns what Init was given, without the accounts.
func (s *Store) Origin(id chain.ID) (*chain.Genesis, error) {
	if s.ledger(id).durable.Load() == nil {
		return nil, fmt.Errorf("store: genesis of chain %d: %w", id, ErrNotFound)
	}
	key := genesisKey(id, 0)
	raw, err := s.get(s.db, key)
	if errors.Is(err, ErrNotFound) {
		return nil, damaged(key, err)
	}
	if err != nil {
		return nil, err
	}
	g, err := chain.DecodeOrigin(raw)
	if err != nil {
		return nil, damaged(key, err)
	}
	return g, nil
}

// Genesis returns what Init was given.
func (s *Store) Genesis(id chain.ID) (*chain.Genesis, error) {
	m := s.ledger(id).durable.Load()
	if m == nil {
		return nil, fmt.Errorf("store: genesis of chain %d: %w", id, ErrNotFound)
	}
	var raw []byte
	for i := range m.pieces {
		piece, err := s.must(s.db, genesisKey(id, i))
		if err != nil {
			return nil, err
		}
		raw = append(raw, piece...)
	}
	g, err := chain.DecodeGenesis(raw)
	if err != nil {
		return nil, damaged(genesisKey(id, 0), err)
	}
	return g, nil
}
