package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

var seedFlag = flag.Uint64("seed", 0, "repeat a random test")

// newSeed prints the seed and the command that repeats the test.
func newSeed(t testing.TB) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with: go test ./runtime/store -run '^%s$' -seed %d", t.Name(), seed)
	return seed
}

// model is a chain made from a seed, with the state after each of its blocks: what the store must show.
type model struct {
	chain   chain.ID
	genesis *chain.Genesis
	zero    *chain.Header
	initial []exec.Write
	commits []*Commit // commits[h-1] is height h
	states  []map[exec.Slot][]byte
	places  map[chain.MessageID]Place
	near    neighbours
}

func newModel(id chain.ID, seed uint64, blocks int) *model {
	rng := rand.New(rand.NewPCG(seed, uint64(id)))
	m := &model{chain: id, places: map[chain.MessageID]Place{}, near: newNeighbours()}
	m.genesis = &chain.Genesis{Name: "model", Chain: id, TimeMillis: seed % chain.MaxTimeMillis, Params: chain.DefaultParams()}
	m.zero = &chain.Header{Network: m.genesis.Network(), Chain: id, Parent: m.genesis.Parent(), Roots: chain.Roots{State: chain.Hash{1}}}
	state := map[exec.Slot][]byte{}
	for range 40 {
		w := exec.Write{Slot: exec.Slot{Account: randomAccount(rng, id)}}
		w.Value = randomValue(rng, w.Slot)
		if _, twice := state[w.Slot]; !twice {
			m.initial = append(m.initial, w)
			state[w.Slot] = w.Value
		}
	}
	m.states = append(m.states, state)
	parent := m.zero.Hash()
	for h := range uint64(blocks) {
		c := m.block(rng, h+1, parent)
		m.commits = append(m.commits, c)
		parent = c.Hash
	}
	return m
}

// block makes the next commit: what it changes, and every byte in it, depends on its height.
func (m *model) block(rng *rand.Rand, height uint64, parent chain.BlockHash) *Commit {
	h := &chain.Header{Network: m.zero.Network, Chain: m.chain, Height: height, Parent: parent, TimeMillis: rng.Uint64()}
	binary.BigEndian.PutUint64(h.Roots.State[:], rng.Uint64())
	var outbox []byte
	if h.Roots.Outbox = emptyOutbox; rng.IntN(3) > 0 {
		h.Roots.Outbox, outbox = chain.Hash{7}, fmt.Appendf(nil, "outbox %d", height)
	}
	block := chain.Block{Header: *h}
	c := &Commit{Chain: m.chain, Header: h, Hash: h.Hash(), Block: block.Append(nil), Outbox: outbox}
	if rng.IntN(4) > 0 {
		c.Certificate = fmt.Appendf(nil, "certificate %d", height)
	}
	for i := range rng.IntN(12) {
		var id chain.MessageID
		binary.BigEndian.PutUint64(id[rng.IntN(24):], rng.Uint64())
		id[31] = byte(i)
		m.places[id] = Place{height, uint32(i)}
		c.Messages = append(c.Messages, id)
		c.Receipts = append(c.Receipts, id[:]...)
	}
	state := maps.Clone(m.states[height-1])
	for slot := range randomSlots(rng, m.chain, rng.IntN(25)) {
		change := exec.Change{Slot: slot, Before: state[slot], After: randomValue(rng, slot)}
		delete(state, slot)
		if rng.IntN(4) == 0 {
			change.After = nil
		} else {
			state[slot] = change.After
		}
		c.Changes = append(c.Changes, change)
	}
	m.states = append(m.states, state)
	if rng.IntN(3) == 0 {
		in := chain.PublishInput{Immutable: rng.IntN(2) == 0, Code: fmt.Appendf(make([]byte, rng.IntN(2000)), "code of block %d", height)}
		c.Code = append(c.Code, exec.Published{Hash: in.Hash(), PublishInput: in})
	}
	m.tree(rng, c, height)
	return c
}

// randomAccount is one of few, some of them on another chain (SPEC 7.6).
func randomAccount(rng *rand.Rand, id chain.ID) (a chain.Address) {
	binary.BigEndian.PutUint32(a[:], uint32(id)+uint32(rng.IntN(2)))
	a[4], a[23] = byte(rng.IntN(8)*32), byte(rng.IntN(8))
	return a
}

// randomSlots are n slots or fewer, each once, in no order.
func randomSlots(rng *rand.Rand, id chain.ID, n int) iter.Seq[exec.Slot] {
	return func(yield func(exec.Slot) bool) {
		seen := map[exec.Slot]bool{}
		for range n {
			slot := exec.Slot{Account: randomAccount(rng, id)}
			if rng.IntN(2) == 0 {
				slot.Key = fmt.Sprintf("key %d", rng.IntN(5))
			}
			if !seen[slot] && !yield(slot) {
				return
			}
			seen[slot] = true
		}
	}
}

// randomValue is an account's record, or an entry, which may be empty.
func randomValue(rng *rand.Rand, slot exec.Slot) []byte {
	if slot.Key == "" {
		return chain.Account{Balance: chain.NewAmount(rng.Uint64()), Nonce: rng.Uint64() | 1}.Encode()
	}
	return bytes.Repeat([]byte{byte(rng.Uint64())}, rng.IntN(200))
}

func (m *model) init(s *Store) error {
	return s.Init(m.genesis, m.zero, slices.Values(m.initial), voteRecord(0))
}

func openSmall(t testing.TB, fs vfs.FS) *Store {
	t.Helper()
	s, err := Open(Options{fs: fs, tune: smallTables, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openModel is an open store in memory with the model's first blocks in it.
func openModel(t testing.TB, m *model, blocks int) *Store {
	t.Helper()
	s := openSmall(t, vfs.NewMem())
	t.Cleanup(func() { closeStore(t, s) })
	if err := m.init(s); err != nil {
		t.Fatal(err)
	}
	for _, c := range m.commits[:blocks] {
		if err := s.Commit(c); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func closeStore(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// check compares everything that the store shows with the model, up to its head.
func (m *model) check(s *Store) error {
	head, err := s.Head(m.chain)
	if err != nil {
		return err
	}
	for h := uint64(1); h <= head.Height; h++ {
		if err := m.checkBlock(s, h); err != nil {
			return fmt.Errorf("head %d: block %d: %w", head.Height, h, err)
		}
	}
	if err := m.checkBeyond(s, head.Height); err != nil {
		return fmt.Errorf("head %d: %w", head.Height, err)
	}
	for _, c := range m.commits[head.Height:] {
		for _, p := range c.Code {
			if _, err := s.Code(m.chain, p.Hash); !errors.Is(err, ErrNotFound) {
				return fmt.Errorf("head %d: code of block %d: %v", head.Height, c.Header.Height, err)
			}
		}
	}
	leaves := func(f leafFunc) error { return s.Leaves(m.chain, f) }
	err = errors.Join(sameState(leaves, m.states[head.Height]), sameOrder(s.State(m.chain), m.states[head.Height]),
		m.checkNodes(s, head.Height), m.checkProofs(s, head.Height))
	if err != nil {
		return fmt.Errorf("head %d: %w", head.Height, err)
	}
	return m.checkIndex(s, head.Height)
}

func (m *model) checkBlock(s *Store, h uint64) error {
	c := m.commits[h-1]
	raw, certificate, err := s.Block(m.chain, h)
	if err != nil || !bytes.Equal(raw, c.Block) || !bytes.Equal(certificate, c.Certificate) {
		return fmt.Errorf("block %x, certificate %q, error %v", raw, certificate, err)
	}
	if header, err := s.Header(m.chain, h); err != nil || header.Hash() != c.Hash {
		return fmt.Errorf("header %v, error %v", header, err)
	}
	if b, err := s.Certificate(m.chain, h); err != nil || !bytes.Equal(b, c.Certificate) {
		return fmt.Errorf("certificate %q, error %v", b, err)
	}
	if b, err := s.Receipts(m.chain, h); err != nil || !bytes.Equal(b, c.Receipts) {
		return fmt.Errorf("receipts %x, error %v", b, err)
	}
	if b, err := s.Outbox(m.chain, h); err != nil || !bytes.Equal(b, c.Outbox) {
		return fmt.Errorf("outbox %q, error %v", b, err)
	}
	if height, err := s.HeightOf(m.chain, c.Hash); err != nil || height != h {
		return fmt.Errorf("its hash leads to height %d, error %v", height, err)
	}
	for _, p := range c.Code {
		if code, err := s.Code(m.chain, p.Hash); err != nil || !bytes.Equal(code, p.Code) {
			return fmt.Errorf("code %x, error %v", code, err)
		}
	}
	return nil
}

// checkBeyond: nothing of the next block is there (T2).
func (m *model) checkBeyond(s *Store, head uint64) error {
	if head == uint64(len(m.commits)) {
		return m.checkDeparted(s, head)
	}
	next := m.commits[head]
	_, _, blockErr := s.Block(m.chain, head+1)
	_, receiptsErr := s.Receipts(m.chain, head+1)
	_, nameErr := s.HeightOf(m.chain, next.Hash)
	_, stateErr := s.StateAt(m.chain, head+1)
	for _, err := range []error{blockErr, receiptsErr, nameErr, stateErr} {
		if !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("read beyond the head: %v", err)
		}
	}
	return m.checkDeparted(s, head)
}

func (m *model) checkIndex(s *Store, head uint64) error {
	found := map[chain.MessageID]Place{}
	err := s.Index(m.chain, func(id chain.MessageID, p Place) error {
		found[id] = p
		return nil
	})
	if err != nil {
		return err
	}
	for id, want := range m.places {
		p, err := s.Find(m.chain, id)
		if want.Height > head {
			if _, there := found[id]; there || !errors.Is(err, ErrNotFound) {
				return fmt.Errorf("head %d: message %s of block %d is in the index: %v", head, id, want.Height, err)
			}
			continue
		}
		if err != nil || p != want || found[id] != want {
			return fmt.Errorf("message %s at %v and %v, want %v: %v", id, p, found[id], want, err)
		}
		delete(found, id)
	}
	if len(found) > 0 {
		return fmt.Errorf("index has more: %v", found)
	}
	return nil
}

type leafFunc = func(path merkle.Path, slot exec.Slot, value []byte) error

// sameState compares leaves, which must ascend, with a state of the model.
func sameState(leaves func(leafFunc) error, want map[exec.Slot][]byte) error {
	n := 0
	var last merkle.Path
	err := leaves(func(path merkle.Path, slot exec.Slot, value []byte) error {
		if n > 0 && bytes.Compare(last[:], path[:]) >= 0 {
			return fmt.Errorf("leaf %x after %x", path, last)
		}
		last = path
		n++
		w, ok := want[slot]
		if !ok || !bytes.Equal(w, value) || path != pathOf(&slot) {
			return fmt.Errorf("leaf %v is %x, want %x (there: %t), path %x", slot, value, w, ok, path)
		}
		return nil
	})
	if err == nil && n != len(want) {
		err = fmt.Errorf("%d leaves, want %d", n, len(want))
	}
	return err
}

// sameReads compares what a State answers with a state of the model.
func sameReads(state exec.State, want map[exec.Slot][]byte, slots iter.Seq[exec.Slot]) error {
	for slot := range slots {
		w, ok := want[slot]
		if slot.Key == "" {
			a, err := state.Account(slot.Account)
			if err != nil || a.Exists() != ok || ok && !bytes.Equal(a.Encode(), w) {
				return fmt.Errorf("account %v is %v, want %x: %v", slot.Account, a, w, err)
			}
			continue
		}
		v, err := state.Entry(slot.Account, slot.Key)
		if err != nil || (v != nil) != ok || !bytes.Equal(v, w) {
			return fmt.Errorf("entry %v is %x, want %x (there: %t): %v", slot, v, w, ok, err)
		}
	}
	return nil
}

// sameOrder compares what Next answers with a state of the model, for every account of it: all keys in order, and from each
// of them on those of some prefixes (T8).
func sameOrder(state exec.State, want map[exec.Slot][]byte) error {
	keys := map[chain.Address][]string{}
	for slot := range want {
		keys[slot.Account] = append(keys[slot.Account], slot.Key)
	}
	for account, list := range keys {
		list = slices.DeleteFunc(list, func(key string) bool { return key == "" || account.IsSystem() })
		slices.Sort(list)
		for _, prefix := range []string{"", "k", "key 2", "key 3 and more", "z"} {
			for _, behind := range append([]string{"", "a", "key 1", "key 3", "zz"}, list...) {
				expect := ""
				if i := slices.IndexFunc(list, func(k string) bool { return k > behind && len(k) >= len(prefix) && k[:len(prefix)] == prefix }); i >= 0 {
					expect = list[i]
				}
				if got, err := state.Next(account, prefix, behind); err != nil || got != expect {
					return fmt.Errorf("account %s, prefix %q, behind %q: %q, want %q of %q: %v", account, prefix, behind, got, expect, list, err)
				}
			}
		}
	}
	return nil
}
