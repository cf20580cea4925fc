package chain_test

import (
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
)

func sortOrder(o chain.Order) {
	slices.SortFunc(o, func(a, b chain.Sequence) int { return a.Account.Compare(b.Account) })
}

// header has every field set, each differently.
func header() chain.Header {
	return chain.Header{
		Network: chain.NetworkID{1}, Chain: 2, Height: 3, Round: 4, Proposer: 5, Epoch: 6, Parent: chain.BlockHash{7}, TimeMillis: 8,
		Roots:   chain.Roots{Inputs: chain.Hash{9}, Order: chain.Hash{10}, Receipts: chain.Hash{11}, Outbox: chain.Hash{12}, State: chain.Hash{13}},
		GasUsed: 14, Load: 15, Committee: chain.Hash{16}, Next: chain.Hash{17},
		Views:   []chain.View{{Chain: 1, Height: 18, Hash: chain.BlockHash{19}}, {Chain: 2, Height: 20, Hash: chain.BlockHash{21}}},
		Leaving: []chain.Leaving{{Chain: 3, Amount: chain.NewAmount(22)}, {Chain: 9, Amount: chain.MaxAmount}},
	}
}
