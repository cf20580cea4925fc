package cli

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Marks in a home say what a chain's member must know before it votes: that the directory was restored, what the key signed elsewhere. The chains of
// the genesis are told when the process opens, others when the main chain has come to know them, which may be in a later process. So a mark stays
// until the last chain of the directory has been told:
//
//	restored     ──start──► chains of the directory that haven't begun ──each begins──► gone
//	signed.json  ──start──► what is in it of chains that haven't begun ──each begins──► gone

// waiting are the chains on which a node waits until voting is safe.
type waiting struct {
	all  bool
	some []chain.ID
}

func (w *waiting) on(id chain.ID) bool { return w.all || slices.Contains(w.some, id) }

// readWaiting reads the mark of a directory that was restored: a line for each chain, or nothing for all. What else it may hold means all, too.
func (h nodeHome) readWaiting() (w waiting, err error) {
	text, err := os.ReadFile(h.file(restoredFile))
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err != nil {
		return w, err
	}
	for line := range strings.FieldsSeq(string(text)) {
		id, err := strconv.ParseUint(line, 10, 32)
		if err != nil {
			return waiting{all: true}, nil
		}
		w.some = append(w.some, chain.ID(id))
	}
	w.all = len(w.some) == 0
	return w, nil
}

// marks are those that a start has read, and what they said.
type marks struct {
	waits  waiting
	raw    []byte      // of signed.json
	signed *signerFile // nil if there was none
}

// told leaves of the marks what chains have not been told that don't run: those that the directory has, and those of signed.json. An import meanwhile
// stays.
func (m *marks) told(h nodeHome, kept []chain.ID, runs func(chain.ID) bool) error {
	var rest strings.Builder
	for _, id := range kept {
		if m.waits.on(id) && !runs(id) {
			rest.WriteString(strconv.FormatUint(uint64(id), 10) + "\n")
		}
	}
	err := error(nil)
	if rest.Len() > 0 {
		err = writeWhole(h.file(restoredFile), []byte(rest.String()))
	} else {
		err = removeIfThere(h.file(restoredFile))
	}
	if m.signed == nil || err != nil {
		return err
	}
	if now, err := os.ReadFile(h.file(signedFile)); err != nil || !bytes.Equal(now, m.raw) {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	left := *m.signed
	left.Chains = slices.DeleteFunc(slices.Clone(left.Chains), func(c signerChain) bool { return runs(c.Chain) })
	if len(left.Chains) == 0 {
		return removeIfThere(h.file(signedFile))
	}
	if err := left.write(h.file(signedFile)); err != nil {
		return err
	}
	m.raw, err = os.ReadFile(h.file(signedFile))
	return err
}

// toldAll is told for the chains of a process.
func (m *marks) toldAll(h nodeHome, p *node.Process) error {
	kept, err := p.Kept()
	if err != nil {
		return err
	}
	return m.told(h, kept, func(id chain.ID) bool { return p.Node(id) != nil })
}
