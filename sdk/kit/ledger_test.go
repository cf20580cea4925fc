package kit

import (
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

func TestConserved(t *testing.T) {
	record := func(balance, deposit uint64) []byte {
		return chain.Account{Balance: chain.NewAmount(balance), Deposit: chain.NewAmount(deposit)}.Encode()
	}
	account := exec.Slot{Account: chain.Address{3: 1, 9: 9}}
	other := exec.Slot{Account: chain.Address{3: 1, 9: 8}}
	fees := exec.Slot{Account: chain.SystemAddress(chain.Main), Key: chain.KeyFees}
	for _, x := range []struct {
		changes []exec.Change
		ok      bool
	}{
		{nil, true},
		{[]exec.Change{{Slot: account, Before: record(5, 1), After: record(2, 2)}, {Slot: other, After: record(1, 0)}, {Slot: fees, After: chain.EncodeAmount(chain.NewAmount(1))}}, true},
		{[]exec.Change{{Slot: account, Before: record(5, 1), After: record(6, 1)}}, false},
		{[]exec.Change{{Slot: account, Before: record(5, 1), After: record(5, 0)}}, false},
		{[]exec.Change{{Slot: fees, After: chain.EncodeAmount(chain.NewAmount(1))}}, false},
		{[]exec.Change{{Slot: exec.Slot{Account: account.Account, Key: "k"}, After: []byte("value")}}, true},
	} {
		m := &moment{holds: chain.NewAmount(100)}
		if holds, err := m.heldAfter(x.changes); err != nil || (holds == m.holds) != x.ok {
			t.Errorf("%+v: %s, %v", x.changes, holds, err)
		}
	}
}

// A moment's storage is ordered by bytes, account by account; the record is no entry of it.
func TestMomentNext(t *testing.T) {
	g := &chain.Genesis{Name: "t", Chain: 1, Params: chain.DefaultParams(), Accounts: []chain.GenesisAccount{{Address: chain.Address{3: 1, 9: 1}, Balance: chain.NewAmount(1)}}}
	m, err := genesis(g, merkle.New())
	if err != nil {
		t.Fatal(err)
	}
	a, b := chain.Address{3: 1, 9: 1}, chain.Address{3: 1, 9: 2}
	for _, s := range []exec.Slot{{Account: a, Key: "\x00"}, {Account: a, Key: "b"}, {Account: a, Key: "ba"}, {Account: a, Key: "c"}, {Account: b}, {Account: b, Key: "b"}} {
		m.write([]exec.Change{{Slot: s, After: []byte("v")}})
	}
	all := func(of chain.Address, prefix, after string) string {
		var keys []string
		for {
			key, err := m.Next(of, prefix, after)
			if err != nil {
				t.Fatal(err)
			}
			if key == "" {
				return strings.Join(keys, " ")
			}
			keys, after = append(keys, key), key
		}
	}
	for _, x := range []struct {
		of                  chain.Address
		prefix, after, want string
	}{
		{a, "", "", "\x00 b ba c"}, {a, "b", "", "b ba"}, {a, "b", "b", "ba"}, {a, "b", "a", "b ba"}, {a, "b", "c", ""}, {a, "", "c", ""}, {b, "", "", "b"},
		{chain.Address{3: 1, 9: 3}, "", "", ""},
	} {
		if got := all(x.of, x.prefix, x.after); got != x.want {
			t.Errorf("%q after %q: %q, want %q", x.prefix, x.after, got, x.want)
		}
	}
}

// An exploration leaves nothing in the state tree.
func TestExploreLeavesNoVersions(t *testing.T) {
	k := New(t)
	alice, bob := k.Account("alice", Balance(20)), k.Account("bob", Balance(20))
	before := len(k.made)
	k.Explore(9, func(k *Chain) {
		k.Transfer(alice, bob, 1)
		k.Transfer(bob, alice, 1)
	}, func(k *Chain) error {
		k.Transfer(alice, bob, 1)
		return nil
	})
	if len(k.made) != before {
		t.Errorf("%d versions of the tree, %d before", len(k.made), before)
	}
}
