package cli

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// What was imported and not taken in yet is not said of a chain of which the ledger doesn't know what was signed: the node would wait there, and
// so must who goes on with the file.
func TestExportUnknown(t *testing.T) {
	h := nodeHome(t.TempDir())
	s, err := store.Open(store.Options{Dir: h.file(ledgerDir)})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []chain.ID{1, 2} {
		safety := bft.Lost()
		if id == 2 {
			safety = bft.Behind(bft.Signed{Height: 20, Step: bft.DidPrepare})
		}
		header := &chain.Header{Chain: id}
		if err := s.Init(&chain.Genesis{Chain: id}, header, slices.Values([]exec.Write{}), safety.Encode()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	imported := signerFile{Version: signerVersion, Node: keys.FromSeed([32]byte{1}).Public(), Chains: []signerChain{{1, 0, 9, 0, "preparation"}, {2, 0, 9, 0, "preparation"}, {3, 0, 9, 0, "preparation"}}}
	if err := imported.write(h.file(signedFile)); err != nil {
		t.Fatal(err)
	}
	f := &signerFile{}
	unknown, err := f.read(h)
	if err != nil || !slices.Equal(unknown, []chain.ID{1}) {
		t.Fatal(unknown, err)
	}
	if want := []signerChain{{2, 0, 21, 0, "nothing"}, {3, 0, 9, 0, "preparation"}}; !slices.Equal(f.Chains, want) {
		t.Errorf("%+v", f.Chains)
	}
}
