package node

import (
	"errors"
	"testing"

	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// A node doesn't build on a state that is not the one its head's header names (I3).
func TestStateThatIsNotTheHeads(t *testing.T) {
	dir := t.TempDir()
	g := testGenesis(1_000_000, 1)
	n := open(t, testConfig(t, g, dir, Pace{Manual: true}))
	head := n.Head()
	closeNode(t, n)

	s, err := store.Open(store.Options{Dir: dir, Fatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	next := *head.Header
	next.Height, next.Parent, next.Roots.State = 1, head.Hash, chain.Hash{1}
	raw := (&chain.Block{Header: next}).Append(nil)
	if err := s.Commit(&store.Commit{Chain: g.Chain, Header: &next, Hash: next.Hash(), Block: raw}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := Open(testConfig(t, nil, dir, Pace{Manual: true})); !errors.Is(err, store.ErrDamaged) {
		t.Fatalf("%v, %v", n, err)
	}
}
