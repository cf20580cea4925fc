package exec

import (
	"iter"
	"strings"

	"github.com/RaduBerinde/btreemap"
)

// keys finds keys in the order of bytes over a storage that was written to. What it costs doesn't depend on how many keys
// were written or removed, as gas doesn't either: the gas of a handling must not depend on what else is in its block.
// Nothing is done before the order is first asked for, as few contracts ever do.
type keys struct {
	// live are the keys that were written and are there.
	live *btreemap.BTreeMap[string, struct{}]
	// skip leads from a key that was written to a later one of the storage below: the keys between were written too. A path
	// that was followed becomes short, as in a union-find.
	skip map[string]string
}

const keysDegree = 16 // of the tree

// set notes that key was written: it is there now, or not.
func (k *keys) set(key string, value []byte) {
	switch {
	case k.live == nil:
	case value == nil:
		k.live.Delete(key)
	default:
		k.live.ReplaceOrInsert(key, struct{}{})
	}
}

// written is a storage that was written to, as keys must know it.
type written interface {
	// nextBelow is Next of the storage below; touched says whether a key was written.
	nextBelow(prefix, after string) (string, error)
	touched(key string) bool
	// present are the keys that were written and are there, in any order.
	present() iter.Seq[string]
}

// next is the first key that begins with prefix and is greater than after, or not less than prefix if after is empty; ""
// if there is none.
func (k *keys) next(w written, prefix, after string) (string, error) {
	if k.live == nil {
		k.live, k.skip = btreemap.New[string, struct{}](keysDegree, strings.Compare), map[string]string{}
		for key := range w.present() {
			k.live.ReplaceOrInsert(key, struct{}{})
		}
	}
	below, err := k.untouched(w, prefix, after)
	if err != nil {
		return "", err
	}
	own := k.own(prefix, after)
	if own == "" || below != "" && below < own {
		return below, nil
	}
	return own, nil
}

func (k *keys) own(prefix, after string) string {
	from := btreemap.GE(prefix)
	if after >= prefix && after != "" {
		from = btreemap.GT(after)
	}
	for key := range k.live.Ascend(from, btreemap.Max[string]()) {
		if strings.HasPrefix(key, prefix) {
			return key
		}
		break
	}
	return ""
}

// untouched is next over the keys of the storage below that were not written.
func (k *keys) untouched(w written, prefix, after string) (string, error) {
	first, err := w.nextBelow(prefix, after)
	if err != nil {
		return "", err
	}
	key := first
	for key != "" && w.touched(key) {
		to, known := k.skip[key]
		if !known {
			if to, err = w.nextBelow("", key); err != nil {
				return "", err
			}
			k.skip[key] = to
		}
		key = to
	}
	for step := first; step != key; {
		step, k.skip[step] = k.skip[step], key
	}
	if !strings.HasPrefix(key, prefix) {
		return "", nil
	}
	return key, nil
}
