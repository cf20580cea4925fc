package chain_test

import (
	"fmt"
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
		Network: chain.NetworkID{1}, Chain: 2, Height: 3, Round: 4, Proposer: 5, Term: 12, Epoch: 6, Parent: chain.BlockHash{7}, TimeMillis: 8,
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
	return chain.Digest{Headers: []chain.Header{bare, header()}, Certificate: certificate(), Next: committee()}
}

func arrived() chain.Arrived {
	plain := digest()
	plain.Next = chain.Committee{}
	return chain.Arrived{
		Views: []chain.Digest{digest(), plain},
		Facts: []chain.Fact{
			{Kind: chain.FactTree, From: 1, Of: 1, Value: tree().Encode(), Proof: []byte("proof")},
			{Kind: chain.FactCharter, From: 1, Of: 2, Value: []byte("seats"), Proof: []byte{1}},
			{Kind: chain.FactCredit, From: 1, Of: 4, Value: []byte("amount"), Proof: []byte{2}},
			{Kind: chain.FactCredit, From: 1, Of: 5, Value: []byte("amount"), Proof: []byte{3}},
		},
		Acks:    []chain.Ack{{Chain: 3, Proof: []byte("ack")}, {Chain: 4}},
		Imports: []chain.Import{imported(), {Source: 5, First: 8, Messages: []*chain.Message{relay()}}, {Source: 7, Messages: []*chain.Message{relay()}}},
	}
}

func imported() chain.Import {
	return chain.Import{Source: 5, First: 6, Proof: []byte("place"), Messages: []*chain.Message{relay(), relay()}}
}

func tree() chain.Tree {
	return chain.Tree{{ID: 1}, {ID: 2, Parent: 1}, {ID: 4, Parent: 2}, {ID: 5, Parent: 1}}
}

func anchor() chain.Anchor {
	return chain.Anchor{Height: 1, Hash: chain.BlockHash{2}, Outbox: chain.Hash{3}, State: chain.Hash{4}, Load: 5}
}

func known() chain.Known { return chain.Known{Anchor: anchor(), Epoch: 6, Committee: chain.Hash{7}} }

func registration() chain.Registration {
	return chain.Registration{
		Limb: chain.Limb{ID: 2, Parent: 1}, Owner: address(3), Name: "shop", Params: closed(), Height: 4,
		Deposit: chain.NewAmount(5), Issued: chain.MaxAmount, Committee: chain.Hash{6},
	}
}

func branch() chain.Branch {
	b := chain.Branch{Registration: registration(), Seats: committee()}
	b.Committee = b.Seats.Hash()
	return b
}

func child() chain.Child {
	return chain.Child{
		Known: known(), Issued: chain.NewAmount(1), Left: chain.NewAmount(3), Forked: true,
	}
}

func applicants() []chain.Applicant {
	return []chain.Applicant{
		{Node: keys.PublicKey{1}, Key: keys.BLSPublicKey{2}, Possession: keys.BLSSignature{3}, Seats: 4},
		{Node: keys.PublicKey{5}, Key: keys.BLSPublicKey{6}, Possession: keys.BLSSignature{7}, Seats: 1},
	}
}

func create() chain.CreateInput {
	p := params()
	return chain.CreateInput{Parent: 1, Name: "shop", Params: &p, Silent: 2, Nodes: applicants()}
}

func node() chain.NodeInput {
	return chain.NodeInput{Node: keys.PublicKey{1}, Key: keys.BLSPublicKey{2}, Possession: keys.BLSSignature{3}, Name: "node"}
}

func block() *chain.Block {
	k := &chain.Block{
		Header: header(), Arrived: arrived(),
		Inputs: []chain.Input{{Message: external()}, {Message: external()}},
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
		Equivocations: []chain.Equivocation{{First: certificate(), Second: certificate()}},
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
	return chain.Params{
		BlockGas: chain.MaxBlockGas, BlockBytes: 13 << 20, FreshShare: 3, MinGasPrice: 4, DepositPerAccount: 5, DepositPerByte: 6,
		BlockMillis: 7, GasTable: chain.GasTableNow, Election: chain.Listed, Seats: 2,
	}
}

// closed are the attributes of a chain that sets all there is.
func closed() chain.Params {
	p := params()
	p.Structural, p.Valve = true, chain.Valve{Limit: chain.NewAmount(8), Window: 9, Delay: 10}
	p.Validators, p.Writers, p.Readers = []keys.PublicKey{{1}, {2}}, []keys.PublicKey{{3}}, []keys.PublicKey{{4}, {5}, {6}}
	return p
}

func gate() chain.Gate {
	return chain.Gate{
		Valve: closed().Valve, Turned: 1, Opened: 2, Passed: chain.NewAmount(3), Last: 4,
		Waiting: []chain.Withheld{{Chain: 4, Young: chain.NewAmount(5)}, {Chain: 6, Old: chain.NewAmount(7), Ripe: chain.MaxAmount}},
	}
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

// network is the genesis of a main chain with two chains under it, one under the other.
func network() *chain.Genesis {
	g := governed()
	parent := chain.Main
	for id := chain.ID(2); id < 4; id++ {
		c := chain.Genesis{Name: fmt.Sprint("shop ", id), Chain: id, TimeMillis: g.TimeMillis, Params: params(), Committee: g.Committee, Possession: g.Possession, Under: parent}
		c.Committee.Chain = id
		c.Accounts = []chain.GenesisAccount{{Address: chain.KeyAddress(id, key(1).Public()), Balance: chain.NewAmount(uint64(id))}}
		g.Chains, parent = append(g.Chains, c), id
	}
	g.Owner = g.Accounts[0].Address
	return g
}

// within is that of the lowest of them.
func within() *chain.Genesis {
	g, err := network().Of(3)
	if err != nil {
		panic(err)
	}
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

func nodeEntry() chain.Node {
	n := node()
	return chain.Node{Owner: address(1), Key: n.Key, Name: n.Name, Deposit: chain.NewAmount(2), Since: 3, Leaving: 4}
}

func forked() chain.ForkedEvent {
	return chain.ForkedEvent{Child: 1, Height: 2, Recorded: chain.BlockHash{3}, Other: chain.BlockHash{4}}
}
