package store

import (
	"bytes"

	"github.com/cockroachdb/pebble/v2"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// The paths of the state tree hold hashes of keys, so that whoever grinds keys can't make it deep. What asks for the keys of
// an account in their own order (SPEC 3.3) finds them in an index beside the state: a key of kindEntry for each, without a
// value. It is written in the batch that writes the entry, and only when one comes or goes (T8): a payment writes none.

// isListed says whether a slot stands in the index: those of accounts do, and those of the chain's own, which nobody asks
// for in order, don't.
func isListed(slot *exec.Slot) bool { return slot.Key != "" && !slot.Account.IsSystem() }

// entries lists what came into storage, and takes out what went.
func (w *writer) entries(changes []exec.Change) {
	for i := range changes {
		if c := &changes[i]; c.Key != "" {
			w.entry(c)
		}
	}
}

func (w *writer) entry(c *exec.Change) {
	if !isListed(&c.Slot) || (c.Before == nil) == (c.After == nil) {
		return
	}
	key := entryKey(w.key[:0], w.chain, c.Account, c.Key)
	if c.After != nil {
		w.put(key)
		return
	}
	op := w.batch.DeleteDeferred(len(key))
	copy(op.Key, key)
	_ = op.Finish() // fails for indexed batches only
}

// firstKey is the least key that a search for those with prefix and greater than behind can find.
func firstKey(behind, prefix string) string {
	if behind != "" && behind >= prefix {
		return behind + "\x00"
	}
	return prefix
}

// nextEntry is the first key of slot's account that begins with prefix and is greater than slot's, or not less than prefix
// if that is empty; "" if there is none. Those for which pass, if set, says so are passed by.
func nextEntry(from getter, g *gaps, id chain.ID, slot exec.Slot, prefix string, pass func(exec.Slot) bool) (next string, err error) {
	lower, generation := g.skip(entryKey(nil, id, slot.Account, firstKey(slot.Key, prefix)))
	upper := after(entryKey(nil, id, slot.Account, prefix))
	if bytes.Compare(lower, upper) >= 0 {
		return "", nil
	}
	it, err := from.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return "", readError(lower, err)
	}
	if found := it.First(); passed(it) >= gapSteps && it.Error() == nil {
		end := upper
		if found {
			end = it.Key()
		}
		g.note(string(lower), string(end), generation)
	}
	next, err = firstEntry(it, pass)
	if e := it.Close(); err == nil && e != nil {
		return "", readError(lower, e)
	}
	return next, err
}

// firstEntry is the first key from where the iterator stands on that is not passed by.
func firstEntry(it *pebble.Iterator, pass func(exec.Slot) bool) (string, error) {
	for ; it.Valid(); it.Next() {
		sealed, err := it.ValueAndErr()
		if err != nil {
			return "", readError(it.Key(), err)
		}
		if _, err := unseal(it.Key(), sealed); err != nil {
			return "", err
		}
		slot, ok := readEntryKey(it.Key())
		if !ok {
			return "", damaged(it.Key(), errNoEntry)
		}
		if pass == nil || !pass(slot) {
			return slot.Key, nil
		}
	}
	return "", nil
}
