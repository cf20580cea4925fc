package evidence

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Recording is a block with all that its verification reads, so that this can be repeated where there is no state: the header before
// it, what was read of the state and looked for there, the code that ran, and the leaves of the state tree, by which the state root is
// made again. It convicts nobody (that is a Case): it is how a fault that one machine found is looked at on another.
type Recording struct {
	Before chain.Header
	Raw    []byte
	reads  []read
	nexts  []next
	leaves []merkle.Leaf
	codes  []chain.PublishInput
}

// read is what a slot held; nil if nothing.
type read struct {
	exec.Slot
	value []byte
}

// search is for the key of an account that comes after another, and next what was found.
type search struct {
	account       chain.Address
	prefix, after string
}

type next struct {
	search
	found string
}

const (
	// maxLeaves bounds the state that a Recording can hold: 32 MiB of leaves. MaxRecordingBytes is what all of it can have: that, a
	// block, and what its replay reads.
	maxLeaves         = 1 << 19
	leafBytes         = 2 * len(merkle.Hash{})
	MaxRecordingBytes = maxLeaves*leafBytes + chain.MaxEvidenceBytes
	maxNexts          = 1 << 20
	kindRecording     = 3
)

// ErrLargeState: the state has too many entries for a Recording of a block after it.
var ErrLargeState = fmt.Errorf("the state has more than %d entries", maxLeaves)

// Record verifies a block again and keeps what that reads. Leaves calls its argument for every leaf of the state tree before the block,
// in ascending order.
func (s *Scene) Record(raw []byte, leaves func(f func(merkle.Path, merkle.Hash) error) error) (*Recording, error) {
	k := &Recording{Before: *s.Before.Header, Raw: raw}
	err := leaves(func(path merkle.Path, value merkle.Hash) error {
		if len(k.leaves) == maxLeaves {
			return ErrLargeState
		}
		k.leaves = append(k.leaves, merkle.Leaf{Path: path, Value: value})
		return nil
	})
	if err != nil {
		return nil, err
	}
	rules, ran := s.noting()
	rules.Each, rules.Known = nil, nil
	seen := &tape{state: s.Before.State, reads: map[exec.Slot][]byte{}, nexts: map[search]string{}}
	before := *s.Before
	before.State = seen
	res, _, err := block.Verify(&before, rules, raw)
	if err == nil && res != nil { // it is none of this machine's, and recorded all the same
		err = before.Tree.Discard(res.Version)
	}
	if err != nil {
		return nil, err
	}
	if k.codes, err = s.code(ran); err != nil {
		return nil, err
	}
	k.reads, k.nexts = seen.sorted()
	return k, nil
}

// Replay verifies the block, from what is recorded alone. An error says that the recording is not one of a block after its header.
func (k *Recording) Replay(codes native.Codes) (res *block.Result, fault *block.Fault, err error) {
	defer blameContent(&err)
	header, err := chain.DecodeBlockHeader(k.Raw)
	if err != nil || header.Parent != k.Before.Hash() {
		return nil, nil, fmt.Errorf("%w: the block does not follow the header before it", ErrCase)
	}
	tree, at := merkle.New(), 0
	err = tree.Load(func() (path merkle.Path, value merkle.Hash, ok bool) {
		if at == len(k.leaves) {
			return path, value, false
		}
		at++
		return k.leaves[at-1].Path, k.leaves[at-1].Value, true
	})
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrCase, err)
	}
	if root := chain.Hash(tree.Root()); root != k.Before.Roots.State {
		return nil, nil, fmt.Errorf("%w: its leaves have root %s, and the header says %s", ErrCase, root, k.Before.Roots.State)
	}
	state, err := k.state()
	if err != nil {
		return nil, nil, err
	}
	before := &block.Before{Header: &k.Before, Hash: k.Before.Hash(), State: state, Tree: tree}
	return block.Verify(before, block.Rules{Programs: native.Programs{Codes: codes}}, k.Raw)
}

// state is what the verification may read. What was read stands in the tree as it was read.
func (k *Recording) state() (*tape, error) {
	t := &tape{reads: map[exec.Slot][]byte{}, nexts: map[search]string{}}
	for _, r := range k.reads {
		path := block.SlotPath(r.Slot)
		at, ok := slices.BinarySearchFunc(k.leaves, path, func(l merkle.Leaf, p merkle.Path) int { return bytes.Compare(l.Path[:], p[:]) })
		if ok != (r.value != nil) || ok && k.leaves[at].Value != merkle.ValueHash(r.value) {
			return nil, fmt.Errorf("%w: account %s, key %q is not in the state as it was read", ErrCase, r.Account, r.Key)
		}
		t.reads[r.Slot] = r.value
	}
	for _, n := range k.nexts {
		t.nexts[n.search] = n.found
	}
	return t, nil
}

// Code is the module that the recording has under a hash, for the engine that replays it.
func (k *Recording) Code(hash chain.CodeHash) ([]byte, error) {
	for _, c := range k.codes {
		if c.Hash() == hash {
			return c.Code, nil
		}
	}
	return nil, fmt.Errorf("%w: code %s", block.ErrUnproven, hash)
}

// tape is a state that records what is read of another, or plays it.
type tape struct {
	state exec.State // nil: it plays
	reads map[exec.Slot][]byte
	nexts map[search]string
}

// Account implements exec.State.
func (t *tape) Account(a chain.Address) (record chain.Account, err error) {
	slot := exec.Slot{Account: a}
	if t.state == nil {
		raw, err := t.played(slot)
		if err != nil || raw == nil {
			return record, err
		}
		return chain.DecodeAccount(raw)
	}
	if record, err = t.state.Account(a); err == nil {
		t.reads[slot] = nil
		if record.Exists() {
			t.reads[slot] = record.Encode()
		}
	}
	return record, err
}

// Entry implements exec.Entries.
func (t *tape) Entry(a chain.Address, key string) (value []byte, err error) {
	slot := exec.Slot{Account: a, Key: key}
	if t.state == nil {
		return t.played(slot)
	}
	if value, err = t.state.Entry(a, key); err == nil {
		t.reads[slot] = bytes.Clone(value)
	}
	return value, err
}

// Next implements exec.Entries.
func (t *tape) Next(a chain.Address, prefix, after string) (key string, err error) {
	if t.state != nil {
		if key, err = t.state.Next(a, prefix, after); err == nil {
			t.nexts[search{a, prefix, after}] = key
		}
		return key, err
	}
	key, ok := t.nexts[search{a, prefix, after}]
	if !ok {
		err = fmt.Errorf("%w: account %s, what comes after key %q", block.ErrUnproven, a, after)
	}
	return key, err
}

func (t *tape) played(slot exec.Slot) ([]byte, error) {
	value, ok := t.reads[slot]
	if !ok {
		return nil, fmt.Errorf("%w: account %s, key %q", block.ErrUnproven, slot.Account, slot.Key)
	}
	return value, nil
}

// sorted is what was recorded, in an order that is always the same.
func (t *tape) sorted() (reads []read, nexts []next) {
	for slot, value := range t.reads { // any order: sorted below
		reads = append(reads, read{slot, value})
	}
	for s, found := range t.nexts { // any order: sorted below
		nexts = append(nexts, next{s, found})
	}
	slices.SortFunc(reads, func(a, b read) int { return cmp.Or(a.Account.Compare(b.Account), cmp.Compare(a.Key, b.Key)) })
	slices.SortFunc(nexts, func(a, b next) int {
		return cmp.Or(a.account.Compare(b.account), cmp.Compare(a.prefix, b.prefix), cmp.Compare(a.after, b.after))
	})
	return reads, nexts
}

// Encode writes the recording, with the sum of all of it at the end.
func (k *Recording) Encode() []byte {
	b := wire.AppendBytes([]byte{version, kindRecording}, k.Before.Append(nil))
	b = wire.AppendBytes(b, k.Raw)
	b = wire.AppendU32(b, uint32(len(k.reads)))
	for _, r := range k.reads {
		b = wire.AppendBytes(append(b, r.Account[:]...), []byte(r.Key))
		if r.value == nil {
			b = append(b, 0)
		} else {
			b = wire.AppendBytes(append(b, 1), r.value)
		}
	}
	b = wire.AppendU32(b, uint32(len(k.nexts)))
	for _, n := range k.nexts {
		b = append(b, n.account[:]...)
		for _, s := range []string{n.prefix, n.after, n.found} {
			b = wire.AppendBytes(b, []byte(s))
		}
	}
	b = wire.AppendU32(b, uint32(len(k.leaves)))
	for i := range k.leaves {
		b = append(append(b, k.leaves[i].Path[:]...), k.leaves[i].Value[:]...)
	}
	b = appendCodes(b, k.codes)
	sum := wire.Sum(wire.TagEvidence, b)
	return append(b, sum[:]...)
}

// ErrNoRecording: the bytes are something else.
var ErrNoRecording = errors.New("is no recording of a block's verification")

// DecodeRecording reads what Encode writes; ErrNoRecording, ErrDamaged. It shares memory with raw.
func DecodeRecording(raw []byte) (*Recording, error) {
	if len(raw) < sumBytes+2 || raw[0] != version || raw[1] != kindRecording || len(raw) > MaxRecordingBytes {
		return nil, fmt.Errorf("what has %d bytes %w", len(raw), ErrNoRecording)
	}
	content := raw[:len(raw)-sumBytes]
	if wire.Sum(wire.TagEvidence, content) != [sumBytes]byte(Name(raw)) {
		return nil, ErrDamaged
	}
	r := wire.NewReader(content[2:])
	k := &Recording{}
	nested(r, "header", func(b []byte) (err error) { k.Before, err = chain.DecodeHeader(b); return err })
	k.Raw = r.Bytes("block", chain.MaxBlockBytes)
	for range r.Count("reads", maxNexts, chain.AddressSize+4+1) {
		k.reads = append(k.reads, decodeRead(r))
	}
	for range r.Count("searches", maxNexts, chain.AddressSize+3*4) {
		var n next
		r.Into("account", n.account[:])
		for _, s := range []*string{&n.prefix, &n.after, &n.found} {
			*s = string(r.Bytes("key", chain.MaxStorageKey))
		}
		k.nexts = append(k.nexts, n)
	}
	for range r.Count("leaves", maxLeaves, leafBytes) {
		var l merkle.Leaf
		r.Into("path", l.Path[:])
		r.Into("value", l.Value[:])
		k.leaves = append(k.leaves, l)
	}
	k.codes = readCodes(r)
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return k, nil
}

func decodeRead(r *wire.Reader) (x read) {
	r.Into("account", x.Account[:])
	x.Key = string(r.Bytes("key", chain.MaxStorageKey))
	switch r.U8("value") {
	case 0:
	case 1:
		if x.value = r.Bytes("value", chain.MaxPublicationBytes); x.value == nil {
			x.value = []byte{}
		}
	default:
		r.Fail("value", wire.ErrValue)
	}
	return x
}
