package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// raw is what lies under a key, checksum included.
func raw(s *Store, key []byte) ([]byte, error) {
	b, closer, err := s.db.Get(key)
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), b...), closer.Close()
}

// flip changes a bit of what lies under a key.
func flip(s *Store, key []byte, at int) error {
	b, err := raw(s, key)
	if err != nil {
		return err
	}
	b[at/8%len(b)] ^= 1 << (at % 8)
	return s.db.Set(key, b, pebble.Sync)
}

var damagedCode = chain.PublishInput{Code: []byte("damaged code")}

// first is the first commit from height 3 on of which f holds.
func (m *model) first(f func(*Commit) bool) *Commit {
	return m.commits[2+slices.IndexFunc(m.commits[2:], f)]
}

// listed is the first account of which keys are listed: a system account's are not.
func (m *model) listed() chain.Address {
	return m.initial[slices.IndexFunc(m.initial, func(w exec.Write) bool { return !w.Account.IsSystem() })].Account
}

// readings are all ways to read, each with a key that it reads.
func readings(m *model, s *Store) map[string]struct {
	key  []byte
	says string
	read func() error
} {
	c := m.first(func(c *Commit) bool { return len(c.Messages) > 0 && len(c.Outbox) > 0 })
	h := c.Header.Height
	node := c.Nodes[0].Nodes[0]
	left := m.first(func(c *Commit) bool { return len(c.Departures) > 0 }).Departures[0]
	proof := m.first(func(c *Commit) bool { return len(c.Proofs) > 0 }).Proofs[0]
	account := m.listed()
	entry := exec.Slot{Account: account, Key: "damage"}
	path, record := pathOf(&entry), merkle.AccountPath(account)
	state := s.State(1)
	view := func(height uint64) error {
		v, err := s.StateAt(1, height)
		if err == nil {
			err = v.Close()
		}
		return err
	}
	return map[string]struct {
		key  []byte
		says string
		read func() error
	}{
		"block":       {partKey(nil, 1, partBody, h), fmt.Sprintf("body of block %d", h), func() error { _, _, err := s.Block(1, h); return err }},
		"certificate": {partKey(nil, 1, partHeader, h), "header of block", func() error { _, err := s.Certificate(1, h); return err }},
		"header":      {partKey(nil, 1, partHeader, h), "header of block", func() error { _, err := s.Header(1, h); return err }},
		"receipts":    {partKey(nil, 1, partReceipts, h), "receipts of block", func() error { _, err := s.Receipts(1, h); return err }},
		"outbox":      {partKey(nil, 1, partOutbox, h), "outbox of block", func() error { _, err := s.Outbox(1, h); return err }},
		"name":        {nameKey(1, c.Hash), "block hash", func() error { _, err := s.HeightOf(1, c.Hash); return err }},
		"find":        {indexKey(1, c.Messages[0]), "message index", func() error { _, err := s.Find(1, c.Messages[0]); return err }},
		"index": {indexKey(1, c.Messages[0]), "message index", func() error {
			return s.Index(1, func(chain.MessageID, Place) error { return nil })
		}},
		"genesis": {genesisKey(1, 0), "genesis", func() error { _, err := s.Genesis(1); return err }},
		"origin":  {genesisKey(1, 0), "genesis", func() error { _, err := s.Origin(1); return err }},
		"account": {stateKey(nil, 1, &record), "state", func() error {
			s.ledger(1).records.drop() // it was read before
			_, err := state.Account(account)
			return err
		}},
		"entry": {stateKey(nil, 1, &path), "state", func() error { _, err := state.Entry(account, "damage"); return err }},
		"storage": {stateKey(nil, 1, &path), "state", func() error {
			return s.Storage(1, account, func(string, []byte) error { return nil })
		}},
		"leaves": {stateKey(nil, 1, &path), "state", func() error {
			return s.Leaves(1, func(merkle.Path, exec.Slot, []byte) error { return nil })
		}},
		"next": {entryKey(nil, 1, account, "damage"), `key "damage"`, func() error { _, err := state.Next(account, "", ""); return err }},
		"code": {codeKey(nil, 1, damagedCode.Hash()), damagedCode.Hash().String(), func() error { _, err := s.Code(1, damagedCode.Hash()); return err }},
		"undo": {undoKey(nil, 1, h), "undo of block", func() error { return view(h - 1) }},
		"departures": {departureKey(nil, 1, left.To, left.Number), fmt.Sprintf("departure %d to chain %d", left.Number, left.To), func() error {
			_, err := s.Departures(1, left.To, left.Number, 1)
			return err
		}},
		"node": {accumulatorKey(nil, 1, 1, node.Level, node.Index), fmt.Sprintf("list 1, level %d, index %d", node.Level, node.Index), func() error {
			_, err := s.Node(1, 1, node.Level, node.Index)
			return err
		}},
		"proof": {proofKey(nil, 1, proof.Of, proof.Chain, proof.At), fmt.Sprintf("proof %d of chain %d at %d", proof.Of, proof.Chain, proof.At), func() error {
			_, _, err := s.Proof(1, proof.Of, proof.Chain, proof.At)
			return err
		}},
		"marker": {markKey(1), "marker", func() error { return view(h) }},
	}
}

// T4: every bit of every kind of value, flipped on disk, is found by every way to read it, and named.
func TestBitFlips(t *testing.T) {
	m := newModel(1, newSeed(t), 20)
	m.initial = append(m.initial, exec.Write{Slot: exec.Slot{Account: m.listed(), Key: "damage"}, Value: []byte("value")})
	s := openModel(t, m, 0)
	m.commits[3].Code = []exec.Published{{Hash: damagedCode.Hash(), PublishInput: damagedCode}}
	for _, c := range m.commits {
		c.Changes = nil // the slots above stay
		if err := s.Commit(c); err != nil {
			t.Fatal(err)
		}
	}
	for name, r := range readings(m, s) {
		t.Run(name, func(t *testing.T) {
			if err := r.read(); err != nil {
				t.Fatalf("before: %v", err)
			}
			good, err := raw(s, r.key)
			if err != nil {
				t.Fatal(err)
			}
			for bit := range min(8*len(good), 400) {
				if err := flip(s, r.key, bit); err != nil {
					t.Fatal(err)
				}
				err := r.read()
				if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), r.says) || !strings.Contains(err.Error(), "chain 1") {
					t.Fatalf("bit %d: error %v", bit, err)
				}
				if err := s.db.Set(r.key, good, pebble.NoSync); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.db.Set(r.key, good[:3], pebble.NoSync); err != nil {
				t.Fatal(err)
			}
			if err := r.read(); !errors.Is(err, ErrDamaged) {
				t.Errorf("cut off: %v", err)
			}
			if err := s.db.Set(r.key, good, pebble.NoSync); err != nil {
				t.Fatal(err)
			}
			if err := r.read(); err != nil {
				t.Errorf("repaired: %v", err)
			}
		})
	}
}

// T4: a value that is whole but under another key of its kind is found too, and so is one that is gone.
func TestMisplaced(t *testing.T) {
	m := newModel(1, newSeed(t), 20)
	s := openModel(t, m, 20)
	other, err := raw(s, partKey(nil, 1, partReceipts, 4))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Set(partKey(nil, 1, partReceipts, 5), other, pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Receipts(1, 5); !errors.Is(err, ErrDamaged) {
		t.Errorf("receipts of another block: %v", err)
	}
	if err := s.set(codeKey(nil, 1, damagedCode.Hash()), []byte("\x01damaged code")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Code(1, damagedCode.Hash()); !errors.Is(err, ErrDamaged) {
		t.Errorf("other code: %v", err)
	}
	if err := s.db.Delete(partKey(nil, 1, partBody, 6), pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Block(1, 6); !errors.Is(err, ErrDamaged) {
		t.Errorf("block that is gone: %v", err)
	}
}

// At the start the head marker is compared with the header of its block.
func TestHeadDiffersFromBlock(t *testing.T) {
	m := newModel(1, newSeed(t), 20)
	for name, change := range map[string]func(s *Store) error{
		"another block": func(s *Store) error {
			return s.set(markKey(1), mark{Head{20, m.commits[18].Hash, m.commits[18].Header.Roots.State}, 1}.append(nil))
		},
		"another hash": func(s *Store) error {
			return s.set(markKey(1), mark{Head{20, m.commits[18].Hash, m.commits[19].Header.Roots.State}, 1}.append(nil))
		},
		"another root": func(s *Store) error {
			return s.set(markKey(1), mark{Head{20, m.commits[19].Hash, chain.Hash{1}}, 1}.append(nil))
		},
		"no such block": func(s *Store) error {
			return s.set(markKey(1), mark{Head{21, chain.BlockHash{}, chain.Hash{}}, 1}.append(nil))
		},
		"flipped marker":  func(s *Store) error { return flip(s, markKey(1), 77) },
		"flipped header":  func(s *Store) error { return flip(s, partKey(nil, 1, partHeader, 20), 777) },
		"short marker":    func(s *Store) error { return s.set(markKey(1), []byte{1}) },
		"nothing changed": func(*Store) error { return nil },
	} {
		disk := vfs.NewMem()
		s := openSmall(t, disk)
		if err := m.init(s); err != nil {
			t.Fatal(err)
		}
		for _, c := range m.commits {
			if err := s.Commit(c); err != nil {
				t.Fatal(err)
			}
		}
		if err := change(s); err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
		s, err := Open(Options{fs: disk, tune: smallTables, CacheBytes: 1 << 20})
		if err == nil {
			closeStore(t, s)
		}
		if want := name != "nothing changed"; errors.Is(err, ErrDamaged) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
