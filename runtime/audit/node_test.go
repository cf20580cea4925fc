package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/runtime/audit"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// TestAuditOfNode: nothing is found in what a node left, whose accounts ran at once and which was closed with messages
// waiting; and nothing after it went on from there.
func TestAuditOfNode(t *testing.T) {
	const accounts, rounds = 20, 4
	secret := make([]keys.PrivateKey, accounts)
	address := make([]chain.Address, accounts)
	g := &chain.Genesis{Name: "audit", Chain: chain.Main, TimeMillis: 1_700_000_000_000, Params: chain.DefaultParams()}
	g.Params.MinGasPrice = 1
	for i := range secret {
		secret[i] = keys.FromSeed([32]byte{byte(i), 'n'})
		address[i] = chain.KeyAddress(chain.Main, secret[i].Public())
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: address[i], Balance: chain.NewAmount(1e12)})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	dir := t.TempDir()
	config := node.Defaults()
	config.Dir, config.Genesis, config.Pace, config.CacheBytes = dir, g, node.Pace{Manual: true}, 8<<20
	config.Log = slog.New(slog.DiscardHandler)
	config.Fatal = func(err error) { t.Error(err) }
	for life := range 2 {
		n, err := node.Open(config)
		if err != nil {
			t.Fatal(err)
		}
		for round := range rounds {
			for i := range secret {
				m := &chain.Message{
					Network: g.Network(), Kind: chain.External, From: address[i], To: address[i], Payer: address[i],
					Nonce: uint64(life*rounds + round), ValidUntil: 100, GasLimit: 500_000, GasPrice: 1, Method: chain.MethodTransfer,
					Amount: chain.NewAmount(uint64(i + 1)), Input: chain.TransferInput{To: address[(i*7+round)%accounts]}.Encode(),
				}
				if a := n.Submit([][]byte{m.Sign(secret[i]).Encode()}); a[0].Refused != nil {
					t.Fatal(a[0].Refused)
				}
			}
			if round%2 == 1 { // two messages of each account in one block
				if err := n.Mine(1); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := audit.Run(context.Background(), audit.Options{Dir: dir}); !errors.Is(err, store.ErrInUse) {
			t.Errorf("while the node runs: %v", err)
		}
		height := n.Head().Header.Height
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := audit.Run(context.Background(), audit.Options{Dir: dir, CacheBytes: 8 << 20})
		if err != nil || !r.OK() || r.Height != height || r.Messages != uint64(2*accounts*rounds*(life+1)) || r.Network != g.Network() {
			t.Fatalf("height %d: %v %+v", height, err, r)
		}
		for h := uint64(1); h <= height; h++ {
			if r, err := audit.Replay(context.Background(), audit.Options{Dir: dir, CacheBytes: 8 << 20}, h); err != nil || !r.OK() {
				t.Fatalf("block %d: %v %+v", h, err, r)
			}
		}
	}
}
