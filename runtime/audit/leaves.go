package audit

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// leaves is the pass over the stored state.
type leaves struct {
	*run
	want    *state // what replay gives; nil if it didn't reach the head. Slots that were met are taken out
	money   money
	queue   map[uint64]bool // numbers of waiting messages
	extent  chain.Queue
	damaged map[merkle.Path]bool
	codes   map[chain.CodeHash]chain.CodeEntry // published, as the state says
	warm    []byte                             // what it says of which has run lately
	spoiled chain.Address                      // has a damaged leaf
	owner   chain.Address                      // of the storage entries that come now
	held    uint64                             // bytes of its storage so far
	claims  uint64                             // as its record says
	keys    map[string]bool                    // of its storage so far
	listed  int                                // entries of all accounts so far that the index lists
}

// leaves compares the stored state with replay, leaf by leaf, and makes the tree over it.
func (r *run) leaves() error {
	l := &leaves{run: r, queue: map[uint64]bool{}, damaged: map[merkle.Path]bool{}, codes: map[chain.CodeHash]chain.CodeEntry{}, keys: map[string]bool{}}
	if check := r.find(State); check != nil && check.Skipped == "" && r.at != nil {
		l.want = r.at.state
		l.want.tree, l.want.order = nil, nil // the stored state's takes their room
	}
	tree := merkle.New()
	var failed error
	next, stop := iter.Pull2(func(yield func(merkle.Path, merkle.Hash) bool) {
		failed = r.raw.State(r.id, func(path merkle.Path, slot exec.Slot, value []byte, damage error) error {
			if !l.leaf(path, slot, value, damage) {
				return nil
			}
			if r.ctx.Err() != nil || !yield(path, merkle.ValueHash(value)) {
				return errors.Join(r.ctx.Err(), errBrokenOff)
			}
			return nil
		})
	})
	err := guard(func() error { return tree.Load(next) })
	stop()
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if errors.Is(failed, errBrokenOff) { // the tree took no more
		r.add(StateRoot, 0, "the stored state has no tree: %v", err)
		r.skip("the stored state has no tree", State, EntryIndex, Code, Conservation)
		return nil
	}
	if failed = r.damageOnly(failed, State, EntryIndex, Code, StateRoot, Conservation, Nonces); failed != nil {
		return failed
	}
	l.close()
	l.root(tree)
	return errors.Join(l.index(), l.keptCodes())
}

var errBrokenOff = errors.New("broken off")

// leaf looks at one leaf. It returns false for one that has no value.
func (l *leaves) leaf(path merkle.Path, slot exec.Slot, value []byte, damage error) bool {
	l.tell("state", l.report.Height)
	l.looked(State, 1)
	l.looked(Checksums, 1)
	if damage != nil {
		l.damage(0, damage)
		l.damaged[path], l.spoiled = true, slot.Account
		return false
	}
	if err := l.money.add(slot, value); err != nil {
		l.add(Conservation, 0, "%s: %v", nameSlot(slot), err)
	}
	if err := l.canonical(slot, value); err != nil {
		l.add(State, 0, "%s: %v", nameSlot(slot), err)
	}
	if l.want != nil {
		l.meet(slot, value)
	}
	return true
}

// meet compares a leaf with that of replay.
func (l *leaves) meet(slot exec.Slot, value []byte) {
	want, ok := l.want.take(slot)
	switch {
	case !ok:
		l.add(State, 0, "%s is stored as %s, and replay has nothing there", nameSlot(slot), nameValue(slot, value))
	case want != string(value):
		l.add(State, 0, "%s is stored as %s, and replay gives %s", nameSlot(slot), nameValue(slot, value), nameValue(slot, []byte(want)))
	}
}

// take is the value of a slot, which is removed.
func (s *state) take(slot exec.Slot) (value string, ok bool) {
	if slot.Key == "" {
		value, ok = s.records[slot.Account]
		delete(s.records, slot.Account)
		return value, ok
	}
	value, ok = s.entries[slot]
	delete(s.entries, slot)
	return value, ok
}

// canonical holds a value to the one form that it can have, and looks into it.
func (l *leaves) canonical(slot exec.Slot, value []byte) error {
	if slot.Account != l.owner {
		l.endAccount()
		l.owner, l.held, l.claims = slot.Account, 0, 0
		clear(l.keys)
	}
	switch {
	case slot.Account.Chain() != l.id:
		return fmt.Errorf("it belongs to chain %d", slot.Account.Chain())
	case slot.Key != "" && slot.Account.IsSystem():
		return l.system(slot.Key, value)
	case slot.Key != "":
		l.keys[slot.Key] = true
		l.held += uint64(len(slot.Key) + len(value))
		if len(value) == 0 || len(value) > chain.MaxStorageValue || len(slot.Key) > chain.MaxStorageKey {
			return fmt.Errorf("a key of %d bytes and a value of %d are not possible", len(slot.Key), len(value))
		}
		if slot.Account == chain.DigestsAddress(l.id) {
			l.child(slot.Key, value)
		}
		return nil
	case slot.Account.IsSystem():
		return errors.New("the chain's own account has no record")
	}
	return l.record(slot.Account, value)
}

// child notes how far a child is recorded, and whether its committee is known to be rotten.
func (l *leaves) child(key string, value []byte) {
	id, is := childEntry(key)
	if !is {
		return
	}
	c, err := chain.DecodeChild(value)
	if err != nil {
		l.add(State, 0, "child %d: %v", id, err)
		return
	}
	l.border.children = with(l.border.children, id, c.Anchor.Height)
	if c.Forked {
		l.report.Forked = append(l.report.Forked, id)
	}
}

func (l *leaves) record(address chain.Address, value []byte) error {
	l.report.Accounts++
	a, err := chain.DecodeAccount(value)
	if err != nil {
		return err
	}
	l.claims = a.StorageBytes
	if want := l.compare.nonces[address]; !l.compare.broken && a.Nonce != want {
		l.add(Nonces, 0, "account %s has nonce %d, and processed %d external messages", address, a.Nonce, want)
	}
	switch {
	case !a.Exists():
		return errors.New("an empty record is stored: it must be absent")
	case !bytes.Equal(a.Encode(), value):
		return errors.New("its record is not in canonical form")
	}
	return nil
}

// endAccount compares the storage of the account that is read to its end with the index, and with what its record says.
func (l *leaves) endAccount() {
	if len(l.keys) > 0 {
		l.inIndex()
	}
	if !l.owner.IsZero() && !l.owner.IsSystem() && l.owner != l.spoiled && l.held != l.claims {
		l.add(State, 0, "account %s holds %d bytes of storage, and its record says %d", l.owner, l.held, l.claims)
	}
}

// system looks at an entry of the chain's own.
func (l *leaves) system(key string, value []byte) (err error) {
	if hash, code := codeHash(key); code {
		l.codes[hash], err = chain.DecodeCodeEntry(value)
		return err
	}
	if number, queued := queueNumber(key); queued {
		l.queue[number] = true
		m, err := chain.DecodeMessage(value)
		if err == nil && m.Kind != chain.Relay {
			err = fmt.Errorf("message %s waits, and is no relay", m.ID())
		}
		return err
	}
	if isFailed(key) {
		n, err := chain.DecodeFailed(value)
		if err == nil && n == 0 {
			err = errors.New("it counts nothing")
		}
		return err
	}
	l.border.take(key, value)
	if key == chain.KeyWarm {
		l.warm = bytes.Clone(value) // it is the iterator's
	}
	if key == chain.KeyQueue {
		if q, err := chain.DecodeQueue(value); err == nil { // what doesn't decode may go from 0 to the end of time
			l.extent = q
		}
	}
	return ownEntry(key, value)
}

// close is the end of the pass: what should have been there and was not.
func (l *leaves) close() {
	l.endAccount()
	for n := l.extent.Head; n < l.extent.Tail; n++ {
		if !l.queue[n] {
			l.add(State, 0, "message %d of the queue, which goes from %d to %d, is missing", n, l.extent.Head, l.extent.Tail)
		}
		delete(l.queue, n)
	}
	if len(l.queue) > 0 {
		l.add(State, 0, "%d messages stand outside of the queue, which goes from %d to %d", len(l.queue), l.extent.Head, l.extent.Tail)
	}
	if warm, err := chain.DecodeWarm(l.warm); err == nil { // what doesn't decode was told
		if err := warm.Check(maps.Values(l.codes)); err != nil {
			l.add(State, 0, "%v", err)
		}
	}
	if l.want != nil {
		l.missing()
	}
	if len(l.damaged) > 0 {
		l.skip("a leaf is damaged", Conservation, StateRoot)
		return
	}
	l.conserved(&l.money)
}

// missing names what is left of replay's state.
func (l *leaves) missing() {
	list := make([]exec.Slot, 0, len(l.want.records)+len(l.want.entries))
	for address := range l.want.records {
		list = append(list, exec.Slot{Account: address})
	}
	for slot := range l.want.entries {
		list = append(list, slot)
	}
	list = slices.DeleteFunc(list, func(s exec.Slot) bool { return l.damaged[block.SlotPath(s)] })
	slices.SortFunc(list, compareSlots)
	for _, slot := range list {
		value, _ := l.want.take(slot)
		l.add(State, 0, "%s is missing, and replay gives %s", nameSlot(slot), nameValue(slot, []byte(value)))
	}
}

// root compares the root of the stored state with that in the last header.
func (l *leaves) root(tree *merkle.Tree) {
	l.looked(StateRoot, 1)
	got := chain.Hash(tree.Root())
	switch {
	case l.last == nil:
		l.skip("the last block can't be read", StateRoot)
	case len(l.damaged) == 0 && got != l.last.Roots.State:
		l.add(StateRoot, l.last.Height, "the stored state has root %s, and block %d says %s", got, l.last.Height, l.last.Roots.State)
	}
}
