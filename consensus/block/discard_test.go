package block

import (
	"errors"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// TestNothingLeaks: a block that fails leaves no version behind, at whatever check it fails: the tree's committed state is
// as before, it holds no open version (a tree that did would refuse to be loaded), and the next block can be committed.
func TestNothingLeaks(t *testing.T) {
	s := newScene(t)
	root := s.tree.Root()
	bad := [][]byte{s.raw[:100], nil}
	for _, change := range []func(b *chain.Block){
		func(b *chain.Block) { b.Header.Roots.State[0] ^= 1 },
		func(b *chain.Block) { b.Header.Roots.Receipts[0] ^= 1 },
		func(b *chain.Block) { b.Header.GasUsed++ },
		func(b *chain.Block) { b.Header.Height++ },
		func(b *chain.Block) { b.Order[0].Events[0].Received++ },
		func(b *chain.Block) { b.Inputs[0].Message.Proof[50] ^= 1 },
	} {
		b := s.copy(t)
		change(b)
		bad = append(bad, b.Append(nil))
	}
	for _, raw := range bad {
		mustFault(t, s.ledger, raw)
		if s.tree.Root() != root {
			t.Fatal("a bad block changed the committed state")
		}
	}
	s.commit(t, s.verify(t, s.raw))
	empty := &scene{ledger: s.emptied(t)}
	v := empty.live(t)
	raw := empty.claimed(t, v.play(t, 0))
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		t.Fatal(err)
	}
	b.Header.Roots.State[0] ^= 1
	mustFault(t, empty.ledger, b.Append(nil))
	if err := empty.tree.Load(func() (p merkle.Path, h merkle.Hash, ok bool) { return }); err != nil {
		t.Errorf("a version is still open: %v", err)
	}
}

// emptied is the ledger with a tree that holds nothing, so that Load tells whether versions are open.
func (l *ledger) emptied(t *testing.T) *ledger {
	t.Helper()
	n := l.reload(t)
	n.tree = merkle.New()
	return n
}

// failing is a state on a broken disk.
type failing struct {
	exec.State
	at   int
	read *int
}

var errDisk = errors.New("disk is gone")

func (f failing) broken() bool {
	*f.read++
	return *f.read == f.at
}

func (f failing) Account(a chain.Address) (chain.Account, error) {
	if f.broken() {
		return chain.Account{}, errDisk
	}
	return f.State.Account(a)
}

func (f failing) Entry(a chain.Address, key string) ([]byte, error) {
	if f.broken() {
		return nil, errDisk
	}
	return f.State.Entry(a, key)
}

func (f failing) Next(a chain.Address, prefix, after string) (string, error) {
	if f.broken() {
		return "", errDisk
	}
	return f.State.Next(a, prefix, after)
}

// TestBrokenDisk: whichever read fails, Verify returns that error, and no verdict: it says nothing about the block.
func TestBrokenDisk(t *testing.T) {
	s := newScene(t)
	reads := 0
	before := s.before()
	before.State = failing{s.state, 0, &reads}
	res, fault, err := Verify(before, s.rules, s.raw)
	if fault != nil || err != nil {
		t.Fatal(fault, err)
	}
	s.discard(t, res)
	all := reads
	if all < 10 {
		t.Fatalf("only %d reads", all)
	}
	for at := 1; at <= all; at++ {
		reads = 0
		before.State = failing{s.state, at, &reads}
		if res, fault, err := Verify(before, s.rules, s.raw); !errors.Is(err, errDisk) || res != nil || fault != nil {
			t.Errorf("read %d of %d fails: %v, %v, %v", at, all, res, fault, err)
		}
	}
	s.commit(t, s.verify(t, s.raw))
}
