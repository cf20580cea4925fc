package evidence

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// leaves are those of the court's state.
func (c *court) leaves(f func(merkle.Path, merkle.Hash) error) error {
	var list []merkle.Leaf
	for slot, value := range c.scene.Before.State.(entries) {
		if value != nil {
			list = append(list, merkle.Leaf{Path: block.SlotPath(slot), Value: merkle.ValueHash(value)})
		}
	}
	slices.SortFunc(list, func(a, b merkle.Leaf) int { return bytes.Compare(a.Path[:], b.Path[:]) })
	for _, l := range list {
		if err := f(l.Path, l.Value); err != nil {
			return err
		}
	}
	return nil
}

func (c *court) record(t testing.TB, raw []byte) *Recording {
	t.Helper()
	k, err := c.scene.Record(raw, c.leaves)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// good is a block in which nothing happens.
func (c *court) good(t testing.TB) *chain.Block {
	t.Helper()
	before := c.scene.Before
	context, err := before.Context(c.scene.Rules, before.Header.TimeMillis+1)
	if err != nil {
		t.Fatal(err)
	}
	res, err := block.Build(before, c.scene.Rules, &block.Run{Context: context, Accounts: []*exec.Overlay{}, Proposer: 2})
	if err == nil {
		err = before.Tree.Discard(res.Version)
	}
	if err != nil {
		t.Fatal(err)
	}
	return res.Block
}

// A block is found to have the same fault by the file alone, whatever the fault is; a good one is found to be good.
func TestRecordingStandsAlone(t *testing.T) {
	c := newCourt(t)
	for name, edit := range map[string]func(h *chain.Header){
		"good": func(*chain.Header) {}, "time": func(h *chain.Header) { h.TimeMillis = 0 }, "state": func(h *chain.Header) { h.Roots.State[5]++ },
		"receipts": func(h *chain.Header) { h.Roots.Receipts[5]++ }, "term": func(h *chain.Header) { h.Term++ },
	} {
		b := *c.good(t)
		edit(&b.Header)
		raw := b.Append(nil)
		res, fault, err := block.Verify(c.scene.Before, c.scene.Rules, raw)
		if err == nil && res != nil {
			err = c.scene.Before.Tree.Discard(res.Version)
		}
		if err != nil || fault == nil != (name == "good") {
			t.Fatalf("%s: %v, %v", name, fault, err)
		}
		again, err := DecodeRecording(c.record(t, raw).Encode())
		if err != nil {
			t.Fatal(err)
		}
		found, same, err := again.Replay(nil)
		if err != nil || (found == nil) != (res == nil) || fault != nil && (same == nil || same.Error() != fault.Error()) {
			t.Errorf("%s: replayed as %v, %v; it was %v", name, same, err, fault)
		}
	}
}

// A file that is not as it was written is refused, and so is one whose parts don't belong together.
func TestRecordingRefused(t *testing.T) {
	c := newCourt(t)
	raw, _ := c.bad(t)
	good := c.record(t, raw).Encode()
	for at := range good {
		b := bytes.Clone(good)
		b[at] ^= 1
		if _, err := DecodeRecording(b); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNoRecording) {
			t.Fatalf("byte %d changed: %v", at, err)
		}
	}
	if _, err := DecodeRecording(raw); !errors.Is(err, ErrNoRecording) {
		t.Errorf("a block alone: %v", err)
	}
	for name, edit := range map[string]func(k *Recording){
		"another value":      func(k *Recording) { k.reads[0].value = append(bytes.Clone(k.reads[0].value), 1) },
		"nothing in between": func(k *Recording) { k.reads[0].value = nil },
		"a leaf less":        func(k *Recording) { k.leaves = k.leaves[1:] },
		"another leaf":       func(k *Recording) { k.leaves = slices.Clone(k.leaves); k.leaves[0].Value[0]++ },
		"another header":     func(k *Recording) { k.Before.Height++ },
		"something unread":   func(k *Recording) { k.reads = k.reads[:0] },
	} {
		k := c.record(t, c.good(t).Append(nil))
		k.reads = slices.DeleteFunc(k.reads, func(r read) bool { return r.value == nil }) // what there is comes first
		rest := c.record(t, c.good(t).Append(nil)).reads
		k.reads = append(k.reads, slices.DeleteFunc(rest, func(r read) bool { return r.value != nil })...)
		if len(k.reads) == 0 || k.reads[0].value == nil {
			t.Fatal("nothing is read")
		}
		edit(k)
		again, err := DecodeRecording(k.Encode())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, _, err := again.Replay(nil); !errors.Is(err, ErrCase) && !errors.Is(err, block.ErrUnproven) {
			t.Errorf("%s: %v", name, err)
		}
	}
	short := wire.Sum(wire.TagEvidence, []byte{version, kindRecording})
	if _, err := DecodeRecording(append([]byte{version, kindRecording}, short[:]...)); err == nil {
		t.Error("nothing at all is a recording")
	}
}

// A state that is too large is said to be.
func TestRecordingOfLargeState(t *testing.T) {
	c := newCourt(t)
	_, err := c.scene.Record(c.good(t).Append(nil), func(f func(merkle.Path, merkle.Hash) error) error {
		for {
			if err := f(merkle.Path{}, merkle.Hash{1}); err != nil {
				return err
			}
		}
	})
	if !errors.Is(err, ErrLargeState) {
		t.Error(err)
	}
}

func FuzzRecording(f *testing.F) {
	c := newCourt(f)
	raw, _ := c.bad(f)
	f.Add(c.record(f, raw).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < sumBytes {
			return
		}
		sum := wire.Sum(wire.TagEvidence, b[:len(b)-sumBytes])
		copy(b[len(b)-sumBytes:], sum[:])
		k, err := DecodeRecording(b)
		if err != nil {
			return
		}
		if again := k.Encode(); !bytes.Equal(again, b) {
			t.Errorf("%x is encoded again as %x", b, again)
		}
	})
}

// resum makes the sum at the end of a file that of its content: whoever writes files can do that.
func resum(raw []byte) []byte {
	content := raw[:len(raw)-sumBytes]
	sum := wire.Sum(wire.TagEvidence, content)
	return append(slices.Clone(content), sum[:]...)
}

// consistent makes a recording whose reads were changed one that shows them: leaves, roots and hashes are those of the reads.
func (k *Recording) consistent(t *testing.T) {
	t.Helper()
	for _, r := range k.reads {
		path := block.SlotPath(r.Slot)
		k.leaves = slices.DeleteFunc(k.leaves, func(l merkle.Leaf) bool { return l.Path == path })
		if r.value != nil {
			k.leaves = append(k.leaves, merkle.Leaf{Path: path, Value: merkle.ValueHash(r.value)})
		}
	}
	slices.SortFunc(k.leaves, func(a, b merkle.Leaf) int { return bytes.Compare(a.Path[:], b.Path[:]) })
	tree, at := merkle.New(), 0
	if err := tree.Load(func() (path merkle.Path, value merkle.Hash, ok bool) {
		if at == len(k.leaves) {
			return path, value, false
		}
		at++
		return k.leaves[at-1].Path, k.leaves[at-1].Value, true
	}); err != nil {
		t.Fatal(err)
	}
	k.Before.Roots.State = chain.Hash(tree.Root())
	b, err := chain.DecodeBlock(k.Raw)
	if err != nil {
		t.Fatal(err)
	}
	b.Header.Parent = k.Before.Hash()
	k.Raw = b.Append(nil)
}

// Whatever a file holds, replaying it answers, or says what is wrong: files come from anywhere, and their sums are easily made.
func TestHostileRecordings(t *testing.T) {
	c := newCourt(t)
	raw := c.record(t, c.good(t).Append(nil)).Encode()
	try := func(what string, k *Recording) {
		t.Helper()
		defer func() {
			if p := recover(); p != nil {
				t.Errorf("%s: panics: %v", what, p)
			}
		}()
		_, _, _ = k.Replay(nil)
	}
	for i := range raw {
		bad := slices.Clone(raw)
		bad[i] ^= 0x41
		if _, err := DecodeRecording(bad); err == nil {
			t.Errorf("byte %d was changed, and nobody sees it", i)
		}
		if k, err := DecodeRecording(resum(bad)); err == nil {
			try(fmt.Sprintf("byte %d", i), k)
		}
		if _, err := DecodeRecording(raw[:i]); err == nil {
			t.Errorf("cut after %d bytes, and nobody sees it", i)
		}
		if i > sumBytes+2 {
			if k, err := DecodeRecording(resum(raw[:i])); err == nil {
				try(fmt.Sprintf("%d bytes", i), k)
			}
		}
	}
	changed := 0
	for n := range c.record(t, c.good(t).Append(nil)).reads {
		for i := 0; ; i++ {
			k, err := DecodeRecording(slices.Clone(raw))
			if err != nil {
				t.Fatal(err)
			}
			if i >= len(k.reads[n].value) {
				break
			}
			k.reads[n].value[i] ^= 0x41
			k.consistent(t)
			changed++
			try(fmt.Sprintf("account %s, key %q, byte %d", k.reads[n].Account, k.reads[n].Key, i), k)
		}
	}
	if changed < 100 {
		t.Errorf("%d hostile states", changed)
	}
}

var update = flag.Bool("update", false, "write the sample anew")

// full is a recording of a block on a state that no chain comes to: the history has room for no further block. Verify asserts that it has.
func (c *court) full(t *testing.T) *Recording {
	t.Helper()
	a := merkle.Accumulator{Count: math.MaxUint64}
	for range 64 {
		a.Peaks = append(a.Peaks, merkle.Hash{1})
	}
	k := c.record(t, c.good(t).Append(nil))
	for i := range k.reads {
		if k.reads[i].Key == chain.KeyHistory {
			k.reads[i].value = a.Encode()
		}
	}
	k.consistent(t)
	return k
}

// Promises that the program makes itself about a chain's state don't hold for what somebody wrote into a file: that is the file's fault.
func TestBrokenPromise(t *testing.T) {
	c := newCourt(t)
	raw := c.full(t).Encode()
	const sample = "testdata/full.recording" // package cli reads it, too
	if *update {
		if err := os.WriteFile(sample, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(sample); err != nil || !bytes.Equal(kept, raw) {
		t.Errorf("%s is another one (%v); write it with: go test ./consensus/evidence -run %s -update", sample, err, t.Name())
	}
	k, err := DecodeRecording(raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Replay(nil); !errors.Is(err, ErrCase) || !strings.Contains(err.Error(), "an accumulator is not full") {
		t.Error(err)
	}
	broken := c.backing(t, 2)
	broken.Backing.Witness = nil
	if v, err := broken.Judge(c.trust(), nil); !errors.Is(err, ErrCase) || v != nil {
		t.Error(v, err)
	}
}
