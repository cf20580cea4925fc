package chain_test

import (
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// A sample of each kind of thing, with every field set, and each to another value where that can be.

func address(n byte) chain.Address {
	return chain.MadeAddress(chain.Main, chain.Address{}, [32]byte{n}, chain.CodeHash{})
}

func key(n byte) keys.PrivateKey { return keys.FromSeed([32]byte{n}) }

func external() *chain.Message {
	from := chain.KeyAddress(chain.Main, key(1).Public())
	m := &chain.Message{
		Network: chain.NetworkID{1}, Kind: chain.External, From: from, To: from, Nonce: 2, ValidUntil: 3, Amount: chain.NewAmount(4),
		GasLimit: 5, GasPrice: 6, Payer: from, Method: chain.MethodTransfer, Input: chain.TransferInput{To: address(7)}.Encode(),
	}
	return m.Sign(key(1))
}

func relay() *chain.Message {
	m := &chain.Message{
		Network: chain.NetworkID{1}, Kind: chain.Relay, From: address(2), To: address(3), Amount: chain.MaxAmount, GasLimit: 5, GasPrice: 6,
		Payer: address(4), Method: "bid", Input: []byte("input"), Parent: chain.MessageID{7}, Index: 8, Origin: chain.MessageID{9}, Depth: 10,
	}
	return m.Seal()
}

func header() chain.Header {
	return chain.Header{
		Network: chain.NetworkID{1}, Chain: 2, Height: 3, Round: 4, Proposer: 5, Epoch: 6, Parent: chain.BlockHash{7}, TimeMillis: 8,
		Roots:   chain.Roots{Inputs: chain.Hash{9}, Order: chain.Hash{10}, Receipts: chain.Hash{11}, Outbox: chain.Hash{12}, State: chain.Hash{13}},
		GasUsed: 14, Load: 15, Committee: chain.Hash{16}, Next: chain.Hash{17},
		Views:   []chain.View{{Chain: 1, Height: 18, Hash: chain.BlockHash{19}}, {Chain: 2, Height: 20, Hash: chain.BlockHash{21}}},
		Leaving: []chain.Leaving{{Chain: 3, Amount: chain.NewAmount(22)}, {Chain: 9, Amount: chain.MaxAmount}},
	}
}

func certificate() chain.Certificate {
	return chain.Certificate{
		Step: chain.Confirmation, Network: chain.NetworkID{1}, Chain: 2, Epoch: 3, Height: 4, Round: 5, Block: chain.BlockHash{6},
		Signature: [48]byte{7}, Bitmap: []byte{8, 0, 9},
	}
}

func digest() chain.Digest {
	bare := header()
	bare.Views, bare.Leaving = nil, nil
	return chain.Digest{Headers: []chain.Header{bare, header()}, Certificate: certificate()}
}

func block() *chain.Block {
	k := &chain.Block{
		Header: header(),
		Inputs: []chain.Input{{Message: external()}, {Message: relay(), Proof: []byte("proof")}},
		Order: chain.Order{
			{Account: address(1), Events: []chain.Event{
				{Received: 0, Sent: []chain.Sent{
					{To: address(2), Method: chain.MethodAdd, Amount: chain.NewAmount(1), GasLimit: 2},
					{To: address(3), Method: "bid", Input: []byte("in"), Amount: chain.MaxAmount, GasLimit: 3},
				}},
				{Received: 4}, {Received: 5, Joined: true},
			}},
			{Account: address(2), Events: []chain.Event{{Received: 1}}},
		},
		Failed: []chain.Timeouts{
			{Said: []chain.Said{{Timeout: chain.Timeout{Chain: 1, Height: 2}, Seats: chain.SeatsOf(1)}}, Signature: keys.BLSSignature{4}},
			{Said: []chain.Said{
				{Timeout: chain.Timeout{Chain: 1, Height: 2, Round: 3, Last: chain.Mark{Round: 2, Block: chain.BlockHash{5}}}, Seats: chain.SeatsOf(0, 9)},
				{Timeout: chain.Timeout{Chain: 1, Height: 2, Round: 3}, Seats: chain.SeatsOf(2)},
			}},
		},
	}
	sortOrder(k.Order)
	return k
}

func sortOrder(o chain.Order) {
	slices.SortFunc(o, func(a, b chain.Sequence) int { return a.Account.Compare(b.Account) })
}

func receipts() []chain.Receipt {
	return []chain.Receipt{
		{Message: chain.MessageID{1}, Status: chain.StatusOK, GasUsed: 2},
		{Message: chain.MessageID{3}, Status: chain.StatusRefused, GasUsed: 4, Reason: "no", Events: []chain.ContractEvent{
			{Topic: "sold", Body: []byte("kitten")}, {Topic: "end"},
		}},
	}
}

func params() chain.Params {
	return chain.Params{BlockGas: chain.MaxBlockGas, BlockBytes: 9 << 20, FreshShare: 3, MinGasPrice: 4, DepositPerAccount: 5, DepositPerByte: 6}
}

// governed is a genesis of a chain with a committee.
func governed() *chain.Genesis {
	g := genesis()
	g.Committee = chain.Committee{Chain: g.Chain, Silent: 1, Seed: chain.Hash{3}}
	for i := range byte(4) {
		g.AddSeat(key(i).Public(), keys.BLSFromSeed([32]byte{i}))
	}
	return g
}

func genesis() *chain.Genesis {
	g := &chain.Genesis{Name: "samples", Chain: chain.Main, TimeMillis: 2, Params: params()}
	for n := range byte(3) {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: address(n), Balance: chain.NewAmount(uint64(n) + 1)})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	return g
}

func accounts() []chain.Account {
	plain := chain.Account{Balance: chain.NewAmount(1), Deposit: chain.NewAmount(2), Nonce: 3}
	stores, coded, fixed := plain, plain, plain
	stores.StorageBytes = 4
	coded.Code, coded.StorageBytes = chain.CodeHash{5}, 6
	fixed.Code, fixed.Immutable = chain.CodeHash{7}, true
	return []chain.Account{plain, stores, coded, fixed}
}

func bounceInput() chain.BounceInput {
	return chain.BounceInput{Message: chain.MessageID{1}, Method: "bid", Status: chain.StatusTrap, Reason: "why", Input: []byte("in")}
}

func vote() chain.Vote {
	return chain.Vote{Step: chain.Confirmation, Network: chain.NetworkID{1}, Chain: 2, Epoch: 3, Height: 4, Round: 5, Block: chain.BlockHash{6}}
}

func timeout() chain.Timeout {
	return chain.Timeout{
		Network: chain.NetworkID{1}, Chain: 2, Epoch: 3, Height: 4, Round: 9,
		Highest: chain.Mark{Round: 5, Block: chain.BlockHash{6}}, Last: chain.Mark{Round: 7, Block: chain.BlockHash{8}},
	}
}

// committee has a node of two seats.
func committee() chain.Committee {
	c := chain.Committee{Chain: 2, Epoch: 3, Silent: 1, Seed: chain.Hash{4}}
	for _, n := range []byte{1, 2, 1, 3} {
		c.Seats = append(c.Seats, chain.Seat{Node: key(n).Public(), Key: keys.BLSPublicKey{n}})
	}
	return c
}
