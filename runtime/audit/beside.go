package audit

import (
	"errors"
	"maps"
	"slices"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// What stands beside the state and hangs on it: the index of storage keys, and code.

// inIndex looks for every key of the account that was read to its end in the index, and counts those that are there.
func (l *leaves) inIndex() {
	l.looked(EntryIndex, len(l.keys))
	err := l.raw.EntriesOf(l.id, l.owner, func(slot exec.Slot, _ error) error { // damage is met by index
		if l.keys[slot.Key] {
			l.listed++
			delete(l.keys, slot.Key)
		}
		return nil
	})
	if err = l.damageOnly(err, EntryIndex); err != nil {
		l.add(EntryIndex, 0, "account %s: its part of the index can't be read: %v", l.owner, err)
	}
	for _, key := range slices.Sorted(maps.Keys(l.keys)) {
		l.add(EntryIndex, 0, "the index lacks the %s", nameSlot(exec.Slot{Account: l.owner, Key: key}))
	}
}

// index looks for what the index lists and the state doesn't have. Each is looked up only if there are more of them than
// were found to be right.
func (l *leaves) index() error {
	stored := 0
	err := l.raw.Entries(l.id, func(_ exec.Slot, damage error) error {
		l.looked(Checksums, 1)
		if stored++; damage != nil {
			l.damage(0, damage)
		}
		return l.ctx.Err()
	})
	if err != nil || stored == l.listed {
		return l.damageOnly(err, EntryIndex)
	}
	err = l.raw.Entries(l.id, func(slot exec.Slot, _ error) error {
		if there, err := l.raw.Holds(l.id, slot); err != nil || there || l.full(EntryIndex) {
			return errors.Join(err, l.ctx.Err())
		}
		l.add(EntryIndex, 0, "the index lists the %s, and the state has none", nameSlot(slot))
		return l.ctx.Err()
	})
	return l.damageOnly(err, EntryIndex)
}

// keptCodes compares what is kept as code with what the state says was published.
func (l *leaves) keptCodes() error {
	err := l.raw.Codes(l.id, func(hash chain.CodeHash, code chain.PublishInput, damage error) error {
		l.looked(Checksums, 1)
		l.looked(Code, 1)
		entry, published := l.codes[hash]
		delete(l.codes, hash)
		switch {
		case damage != nil:
			l.damage(0, damage)
		case !published:
			l.add(Code, 0, "code %s is kept, and was not published", hash)
		case code.Hash() != hash:
			l.add(Code, entry.Height, "what is kept as code %s has the hash %s", hash, code.Hash())
		case entry.Immutable != code.Immutable || int(entry.Bytes) != len(code.Code):
			l.add(Code, entry.Height, "code %s has %d bytes, immutable: %t, and the state says %d bytes, immutable: %t",
				hash, len(code.Code), code.Immutable, entry.Bytes, entry.Immutable)
		}
		return l.ctx.Err()
	})
	if err = l.damageOnly(err, Code); err != nil {
		return err
	}
	left := slices.SortedFunc(maps.Keys(l.codes), func(a, b chain.CodeHash) int { return slices.Compare(a[:], b[:]) })
	for _, hash := range left {
		l.add(Code, l.codes[hash].Height, "code %s was published in block %d, and is not kept", hash, l.codes[hash].Height)
	}
	return nil
}

// source reads code for replay. Whatever lies in the directory, what it returns has the hash that was asked for.
func (r *run) source(hash chain.CodeHash) ([]byte, error) {
	code, err := r.raw.Code(r.id, hash)
	return code.Code, err
}
