package sim

import (
	"fmt"
	"slices"
	"sync"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/merkle"
)

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

// made keeps keys, which take time to make.
var made struct {
	sync.Mutex
	keys map[[3]byte]keys.PrivateKey
	list map[chain.ID][]wallet
}

// mostWallets is how many accounts with keys a chain begins with.
const mostWallets = 16

// walletsOf are those of a chain in every network, by address.
func walletsOf(id chain.ID) []wallet {
	made.Lock()
	defer made.Unlock()
	if list, ok := made.list[id]; ok {
		return list
	}
	list := make([]wallet, mostWallets)
	for i := range list {
		list[i] = walletOf(id, [3]byte{byte(i), 's', 'i'})
	}
	slices.SortFunc(list, func(a, b wallet) int { return a.address.Compare(b.address) })
	if made.list == nil {
		made.list = map[chain.ID][]wallet{}
	}
	made.list[id] = list
	return list
}

// walletOf is one of them. The caller holds the lock.
func walletOf(id chain.ID, name [3]byte) wallet {
	key, ok := made.keys[name]
	if !ok {
		key = keys.FromSeed([32]byte{name[0], name[1], name[2], 'm'})
		if made.keys == nil {
			made.keys = map[[3]byte]keys.PrivateKey{}
		}
		made.keys[name] = key
	}
	return wallet{key, chain.KeyAddress(id, key.Public())}
}

// carrierOf is the account with which a member pays, on the parent, for a chain's digests.
func carrierOf(parent, child chain.ID, process int) wallet {
	made.Lock()
	defer made.Unlock()
	return walletOf(parent, [3]byte{byte(process), 'c', byte(child)})
}

// witnessOf is the account with which somebody pays, on the parent, for showing what a chain's committee certified twice.
func witnessOf(parent, child chain.ID) wallet {
	made.Lock()
	defer made.Unlock()
	return walletOf(parent, [3]byte{0, 'w', byte(child)})
}

// startMillis is the virtual time at which worlds begin.
const startMillis = 1_700_000_000_000

// genesisOf is that of a plan's network.
func genesisOf(p *Plan) *chain.Genesis {
	var root *chain.Genesis
	for _, limb := range p.tree() {
		of := p.of(limb.ID)
		g := chain.Genesis{Name: fmt.Sprintf("sim-%d", limb.ID), Chain: limb.ID, Under: limb.Parent, TimeMillis: startMillis, Params: of.attributes(limb.ID).params(p)}
		list := slices.Clone(walletsOf(limb.ID))
		for _, b := range p.Branches {
			if b.Parent == limb.ID {
				list = append(list, witnessOf(limb.ID, b.ID))
			}
			for i := range 2 * len(p.Nodes) {
				if b.Parent == limb.ID {
					list = append(list, carrierOf(limb.ID, b.ID, i))
				}
			}
		}
		slices.SortFunc(list, func(a, b wallet) int { return a.address.Compare(b.address) })
		for _, w := range list {
			g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: w.address, Balance: chain.NewAmount(1 << 50)})
		}
		g.Committee = chain.Committee{Chain: limb.ID, Silent: of.Silent, Seed: chain.Hash{byte(p.Seed), byte(p.Seed >> 8)}, Seats: seatsOf(p.Tier, of.Nodes)}
		g.Possession = possession(of)
		if root == nil {
			root = &g
		} else {
			root.Chains = append(root.Chains, g)
		}
	}
	return root
}

func originOf(p *Plan, g *chain.Genesis) (*origin, error) {
	issued, err := g.Issued()
	if err != nil {
		return nil, err
	}
	header, changes, err := block.Genesis(g, merkle.New(), nil)
	if err != nil {
		return nil, err
	}
	made := new(keep.Committees).Committee
	if p.Tier != Real {
		made = tagged()
	}
	return &origin{genesis: g, header: *header, changes: changes, issued: issued, rules: rules(made), sign: signerOf(p)}, nil
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
			proof = chain.ProveSeat(nodeKey(i), secret(i))
		}
		proofs = append(proofs, slices.Repeat([]keys.BLSSignature{proof}, n)...)
	}
	return proofs
}

func secret(node int) keys.BLSSecret { return keys.BLSFromSeed([32]byte{byte(node), 'b', 'l', 's'}) }
