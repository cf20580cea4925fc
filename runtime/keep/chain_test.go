package keep

import (
	"errors"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// begun is a chain at height 0, with what a member's votes begin with.
func begun(t *testing.T, first *bft.Safety) (Chain, *chain.Header) {
	t.Helper()
	g := &chain.Genesis{Name: "keep", Chain: chain.Main, TimeMillis: 1_700_000_000_000, Params: chain.DefaultParams()}
	g.Accounts = []chain.GenesisAccount{{Address: chain.MadeAddress(chain.Main, chain.Address{}, [32]byte{1}, chain.CodeHash{}), Balance: chain.NewAmount(5)}}
	header, changes, err := block.Genesis(g, merkle.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(store.Options{Disk: store.NewDisk(), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c := Of(s, chain.Main)
	if err := c.Create(g, header, changes, first); err != nil {
		t.Fatal(err)
	}
	return c, header
}

// K1: a state that doesn't hash to what a header says is damage, and that of the head is the head's.
func TestTree(t *testing.T) {
	c, header := begun(t, nil)
	head, err := c.Head()
	if err != nil || head.Hash != header.Hash() || head.Certificate != nil {
		t.Fatalf("%+v, %v", head, err)
	}
	if tree, err := c.Tree(&head.Header); err != nil || chain.Hash(tree.Root()) != header.Roots.State {
		t.Errorf("the head's tree: %v", err)
	}
	head.Header.Roots.State[0] ^= 1
	if _, err := c.Tree(&head.Header); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("another tree: %v", err)
	}
}

// K2: who finds no record of its votes has lost them; who founds a chain has signed nothing.
func TestVotes(t *testing.T) {
	c, _ := begun(t, nil)
	if s, _, err := c.Votes(); err != nil || !s.Lost {
		t.Errorf("without a record: %+v, %v", s, err)
	}
	c, _ = begun(t, &bft.Safety{})
	if s, _, err := c.Votes(); err != nil || s.Lost {
		t.Errorf("at the beginning: %+v, %v", s, err)
	}
	signed := bft.Safety{Height: 1, Prepared: chain.Mark{Round: 2, Block: chain.BlockHash{3}}}
	if err := c.KeepVotes(&signed, &bft.Body{Hash: chain.BlockHash{3}, Raw: []byte("block")}); err != nil {
		t.Fatal(err)
	}
	s, bodies, err := c.Votes()
	if err != nil || s != signed || len(bodies) != 1 || bodies[0].Hash != signed.Prepared.Block {
		t.Errorf("%+v, %v, %v", s, bodies, err)
	}
	if err := c.store.KeepVotes(chain.Main, []byte("nothing"), nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Votes(); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a record that is none: %v", err)
	}
}
