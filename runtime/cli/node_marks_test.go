package cli

import (
	"os"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// What a member must know before it votes stays in the home until the last chain has been told, however many processes that takes: those of the
// genesis begin at once, others later.
func TestMarksStay(t *testing.T) {
	h := nodeHome(t.TempDir())
	node, network := keys.FromSeed([32]byte{1}).Public(), chain.NetworkID{7}
	imported := signerFile{Version: signerVersion, Node: node, Network: network, Chains: []signerChain{{1, 0, 9, 0, "preparation"}, {5, 0, 8, 0, "preparation"}, {6, 0, 7, 0, "nothing"}}}
	if err := imported.write(h.file(signedFile)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.file(restoredFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	kept := []chain.ID{1, 5, 8}
	for _, start := range []struct {
		runs   []chain.ID
		waits  []chain.ID // of the chains from 1 to 9, before they run
		signed []chain.ID
	}{
		{[]chain.ID{1}, []chain.ID{1, 2, 3, 4, 5, 6, 7, 8, 9}, []chain.ID{1, 5, 6}}, // and then it is killed
		{[]chain.ID{1, 5}, []chain.ID{5, 8}, []chain.ID{5, 6}},
		{[]chain.ID{1}, []chain.ID{8}, []chain.ID{6}},
		{[]chain.ID{1, 5, 6, 8}, []chain.ID{8}, []chain.ID{6}},
		{[]chain.ID{1, 5, 6, 8}, nil, nil},
	} {
		o := &nodeStart{}
		signed, err := startSigned(h, node, network, &o.marks)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.begins(o); err != nil {
			t.Fatal(err)
		}
		var waits, told []chain.ID
		for id := chain.ID(1); id < 10; id++ {
			if o.marks.waits.on(id) {
				waits = append(waits, id)
			}
			if signed[id] != nil {
				told = append(told, id)
			}
		}
		if !slices.Equal(waits, start.waits) || !slices.Equal(told, start.signed) || o.restored != (len(waits) > 0) {
			t.Errorf("%+v: it waits on %v, and is told of %v", start, waits, told)
		}
		for n := range start.runs { // one after the other
			if err := o.marks.told(h, kept, func(id chain.ID) bool { return slices.Contains(start.runs[:n+1], id) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	if isThere(h.file(restoredFile)) || isThere(h.file(signedFile)) {
		t.Error("a mark stays for ever")
	}
}

// What is imported while a process runs is not taken away by it.
func TestImportWhileRunning(t *testing.T) {
	h := nodeHome(t.TempDir())
	node := keys.FromSeed([32]byte{1}).Public()
	write := func(height uint64) {
		f := signerFile{Version: signerVersion, Node: node, Chains: []signerChain{{1, 0, height, 0, "preparation"}}}
		if err := f.write(h.file(signedFile)); err != nil {
			t.Fatal(err)
		}
	}
	all := func(chain.ID) bool { return true }
	write(5)
	m := &marks{}
	if _, err := startSigned(h, node, chain.NetworkID{}, m); err != nil {
		t.Fatal(err)
	}
	write(9)
	if err := m.told(h, nil, all); err != nil || !isThere(h.file(signedFile)) {
		t.Errorf("%v, or it is gone", err)
	}
	if signed, err := startSigned(h, node, chain.NetworkID{}, m); err != nil || signed[1].Height != 9 {
		t.Errorf("%v %v", signed, err)
	}
	if err := m.told(h, nil, all); err != nil || isThere(h.file(signedFile)) {
		t.Errorf("%v, or it is still there", err)
	}
	if err := m.told(h, nil, all); err != nil {
		t.Error(err)
	}
}

// --restored holds for the next process, too, if this one is killed.
func TestRestoredIsMarked(t *testing.T) {
	h := nodeHome(t.TempDir())
	if _, err := h.begins(&nodeStart{restored: true}); err != nil {
		t.Fatal(err)
	}
	o := &nodeStart{}
	if _, err := h.begins(o); err != nil || !o.restored || !o.marks.waits.on(7) {
		t.Errorf("%+v %v", o, err)
	}
	if err := os.WriteFile(h.file(restoredFile), []byte("3\njunk\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if w, err := h.readWaiting(); err != nil || !w.all {
		t.Errorf("%+v %v", w, err)
	}
}
