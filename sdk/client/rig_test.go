package client_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// serve is a node made of one function.
func serve(t *testing.T, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

func answer(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func address(name string) chain.Address {
	return chain.KeyAddress(chain.Main, client.DevKey("test", name).Public())
}

// ledger is a state of accounts with the header that commits to it.
type ledger struct {
	network chain.NetworkID
	tree    *merkle.Tree
	header  chain.Header
	records map[chain.Address]chain.Account
}

func newLedger(t *testing.T, records map[chain.Address]chain.Account) *ledger {
	t.Helper()
	l := &ledger{network: chain.NetworkID{7}, tree: merkle.New(), records: records}
	var updates []merkle.Update
	for a, r := range records {
		updates = append(updates, merkle.Update{Path: merkle.AccountPath(a), Value: merkle.ValueHash(r.Encode())})
	}
	slices.SortFunc(updates, func(a, b merkle.Update) int { return slices.Compare(a.Path[:], b.Path[:]) })
	v, err := l.tree.Update(nil, updates, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.tree.Commit(v); err != nil {
		t.Fatal(err)
	}
	l.header = chain.Header{Network: l.network, Chain: chain.Main, Height: 12, Roots: chain.Roots{State: chain.Hash(l.tree.Root())}}
	return l
}

// answer is what an honest node says of an account.
func (l *ledger) answer(t *testing.T, a chain.Address) client.Account {
	t.Helper()
	path, err := l.tree.Prove(nil, merkle.AccountPath(a))
	if err != nil {
		t.Fatal(err)
	}
	record := l.records[a]
	proof := &client.Proof{Header: l.header.Append(nil), Path: path.Append(nil)}
	if record.Exists() {
		proof.Record = record.Encode()
	}
	out := client.Account{Address: a, Chain: chain.Main, Height: l.header.Height, Block: l.header.Hash(), Finality: client.Final, Proof: proof}
	out.SetRecord(record)
	out.NextNonce = record.Nonce
	return out
}

// records are four accounts with money.
func records() map[chain.Address]chain.Account {
	list := map[chain.Address]chain.Account{}
	for i, name := range client.DevNames()[:4] {
		list[address(name)] = chain.Account{Balance: chain.NewAmount(uint64(100 + i)), Nonce: uint64(i)}
	}
	return list
}

// blocks are linked headers from height 1 on, as blocks of a stream.
func blocks(n int) []client.Block {
	list := make([]client.Block, n)
	var parent chain.BlockHash
	for i := range list {
		h := chain.Header{Chain: chain.Main, Height: uint64(i + 1), Parent: parent}
		parent = h.Hash()
		list[i] = client.Block{Chain: h.Chain, Height: h.Height, Hash: parent, Parent: h.Parent, Finality: client.Final}
	}
	return list
}

func heights(list []client.Block) []uint64 {
	out := make([]uint64, len(list))
	for i := range list {
		out[i] = list[i].Height
	}
	return out
}
