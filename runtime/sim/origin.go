package sim

import (
	"slices"
	"sync"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

const here = chain.Main

// origin is how a network begins.
type origin struct {
	genesis *chain.Genesis
	sign    signer
	header  chain.Header
	changes []exec.Change
	rules   block.Rules
	issued  chain.Amount
}

// wallet is an account with its key.
type wallet struct {
	key     keys.PrivateKey
	address chain.Address
}

// wallets are those of every network, by address: keys take time to make.
var wallets = sync.OnceValue(func() []wallet {
	list := make([]wallet, 16)
	for i := range list {
		key := keys.FromSeed([32]byte{byte(i), 's', 'i', 'm'})
		list[i] = wallet{key, chain.KeyAddress(here, key.Public())}
	}
	slices.SortFunc(list, func(a, b wallet) int { return a.address.Compare(b.address) })
	return list
})

// startMillis is the virtual time at which worlds begin.
const startMillis = 1_700_000_000_000

func originOf(p *Plan) (*origin, error) {
	g := &chain.Genesis{Name: "sim", Chain: here, TimeMillis: startMillis, Params: chain.DefaultParams()}
	g.Params.MinGasPrice = p.GasPrice
	for _, w := range wallets() {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: w.address, Balance: chain.NewAmount(1 << 50)})
	}
	g.Committee = chain.Committee{Chain: here, Silent: p.Silent, Seed: chain.Hash{byte(p.Seed), byte(p.Seed >> 8)}, Seats: seatsOf(p.Tier, p.Nodes)}
	g.Possession = possession(p)
	issued, err := g.Issued()
	if err != nil {
		return nil, err
	}
	header, changes, err := block.Genesis(g, merkle.New(), nil)
	if err != nil {
		return nil, err
	}
	o := &origin{genesis: g, header: *header, changes: changes, issued: issued, rules: rules()}
	if p.Tier != Real {
		o.rules.Committees = func(n chain.NetworkID, c chain.Committee) (*light.Committee, error) {
			return light.NewCommitteeWith(n, c, tags{})
		}
	} else {
		o.rules.Committees = new(keep.Committees).Committee
	}
	o.sign = signerOf(p)
	return o, nil
}

// nodeKey names a node.
func nodeKey(i int) (k keys.PublicKey) {
	k[0], k[1], k[31] = byte(i+1), byte(i>>8), 1
	return k
}

// signer signs with the seats of a node.
type signer func(node int, d keys.BLSDomain, message []byte, seats chain.Seats) committee.Part

// seatsOf are the seats of a committee, given by node.
func seatsOf(t Tier, nodes []int) (seats []chain.Seat) {
	for i, n := range nodes {
		seat := chain.Seat{Node: nodeKey(i)}
		if t != Real {
			seat.Key[0], seat.Key[1] = byte(i+1), byte(i>>8)
		} else if n > 0 {
			seat.Key = secret(i).Public()
		}
		seats = append(seats, slices.Repeat([]chain.Seat{seat}, n)...)
	}
	return seats
}

// signerOf signs for all nodes.
func signerOf(p *Plan) signer {
	if p.Tier != Real {
		return tags{}.sign
	}
	var secrets []keys.BLSSecret
	for i := range p.Nodes {
		secrets = append(secrets, secret(i))
	}
	return func(node int, d keys.BLSDomain, message []byte, seats chain.Seats) committee.Part {
		return committee.Sign(secrets[node], d, message, seats)
	}
}

// possession is what a genesis has beside the seats: proofs of real keys, and nothing that could be proven of others.
func possession(p *Plan) (proofs []keys.BLSSignature) {
	for i, n := range p.Nodes {
		var proof keys.BLSSignature
		if p.Tier == Real {
			proof = chain.ProvePossession(nodeKey(i), secret(i))
		}
		proofs = append(proofs, slices.Repeat([]keys.BLSSignature{proof}, n)...)
	}
	return proofs
}

func secret(node int) keys.BLSSecret { return keys.BLSFromSeed([32]byte{byte(node), 'b', 'l', 's'}) }
