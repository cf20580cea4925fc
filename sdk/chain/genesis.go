package chain

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Genesis is the state before the first block. Its hash is the network: a message for one genesis is invalid on another.
type Genesis struct {
	Name       string `json:"name"`
	Chain      ID     `json:"chain"`
	TimeMillis uint64 `json:"time_millis"`
	Params     Params `json:"params"`
	// Committee agrees on the chain's blocks in its first epoch. Without seats one validator runs the chain alone.
	Committee Committee `json:"committee,omitzero"`
	// Possession has a proof for each seat that its node holds the secret of its BLS key (ProveSeat): without, the last
	// to name a key could choose one that signs for all (SPEC 6.2).
	Possession []keys.BLSSignature `json:"possession,omitempty"`
	Accounts   []GenesisAccount    `json:"accounts"` // by address, without repeats
	// Chains are the other chains that the network begins with, by id; of the main chain's genesis alone. Parent is the chain that
	// each of them is under; 0 is the main chain's. All that are in a tree have committees.
	Chains []Genesis `json:"chains,omitempty"`
	Under  ID        `json:"parent,omitzero"`
	// Owner, of the main chain's genesis alone, may change the committees of all these chains by messages to the registry; nobody may
	// if it is zero, nor where a chain is alone.
	Owner Address `json:"owner,omitzero"`
	// Within is the tree that a chain below the main one begins in; Of fills it in.
	Within *Within `json:"-"`
}

// GenesisAccount is an account that has money from the start.
type GenesisAccount struct {
	Address Address `json:"address"`
	Balance Amount  `json:"balance"`
}

// Network is the hash of the canonical encoding.
func (g *Genesis) Network() NetworkID {
	if g.Within != nil {
		return g.Within.Network
	}
	return NetworkID(wire.Sum(wire.TagNetwork, g.Encode()))
}

// The versions of an encoded genesis: that of a chain which one validator runs names no committee. Version 2 named one without
// proofs, and is read no more.
const (
	genesisAlone       = 1
	genesisOfCommittee = 3
	genesisOfTree      = 4 // of the main chain, with chains under it
	genesisWithin      = 5 // of a chain under it
)

func (g *Genesis) version() byte {
	switch {
	case g.Within != nil:
		return genesisWithin
	case len(g.Chains) > 0:
		return genesisOfTree
	}
	if len(g.Committee.Seats) > 0 {
		return genesisOfCommittee
	}
	return genesisAlone
}

// Encode is the canonical encoding.
func (g *Genesis) Encode() []byte {
	b := append(make([]byte, 0, 128+len(g.Committee.Seats)*(seatBytes+keys.BLSSignatureBytes)+len(g.Accounts)*(AddressSize+16)), g.version())
	b = wire.AppendU32(wire.AppendShort(b, g.Name), uint32(g.Chain))
	b = wire.AppendU64(b, g.TimeMillis)
	b = wire.AppendBytes(b, g.Params.Encode())
	if g.version() >= genesisOfCommittee {
		b = wire.AppendBytes(b, g.Committee.Append(nil))
		b = appendPossession(b, g.Possession)
	}
	if g.Within != nil {
		b = wire.AppendBytes(wire.AppendU32(b, uint32(g.Under)), g.Within.append(nil))
	}
	b = g.appendAccounts(b)
	if len(g.Chains) > 0 {
		b = appendChains(append(b, g.Owner[:]...), g.Chains)
	}
	return b
}

func appendPossession(b []byte, proofs []keys.BLSSignature) []byte {
	b = wire.AppendU32(b, uint32(len(proofs)))
	for i := range proofs {
		b = append(b, proofs[i][:]...)
	}
	return b
}

func readPossession(r *wire.Reader) []keys.BLSSignature {
	return readList(r, "possession", MaxSeats, keys.BLSSignatureBytes, func() (s keys.BLSSignature) {
		r.Into("proof", s[:])
		return s
	})
}

func (g *Genesis) appendAccounts(b []byte) []byte {
	b = wire.AppendU32(b, uint32(len(g.Accounts)))
	for _, a := range g.Accounts {
		b = a.Balance.Append(append(b, a.Address[:]...))
	}
	return b
}

// DecodeGenesis reads what Encode writes, and checks it, but for the committee's keys (CheckPossession).
func DecodeGenesis(b []byte) (*Genesis, error) {
	r := wire.NewReader(b)
	g := readOrigin(r)
	g.Accounts = readAccounts(r)
	if r.Err() == nil && b[0] == genesisOfTree {
		r.Into("owner", g.Owner[:])
		g.Chains = readChains(r, g)
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	return g, g.Check()
}

func readAccounts(r *wire.Reader) []GenesisAccount {
	return readList(r, "accounts", MaxGenesisAccounts, AddressSize+16, func() GenesisAccount {
		return GenesisAccount{readAddress(r, "account"), ReadAmount(r, "balance")}
	})
}

// DecodeOrigin reads the beginning of what Encode writes: all but the accounts, of which there can be millions. It doesn't
// need the rest of b.
func DecodeOrigin(b []byte) (*Genesis, error) {
	r := wire.NewReader(b)
	g := readOrigin(r)
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	return g, nil
}

func readOrigin(r *wire.Reader) *Genesis {
	version := r.U8("genesis version")
	if r.Err() == nil && (version < genesisAlone || version > genesisWithin) {
		r.Fail(fmt.Sprintf("genesis version %d", version), wire.ErrVersion)
	}
	g := &Genesis{Name: string(r.Short("name", MaxNameBytes)), Chain: readChain(r), TimeMillis: r.U64("time")}
	g.Params = readParamsBytes(r)
	if version >= genesisOfCommittee {
		var err error
		if g.Committee, err = DecodeCommittee(r.Bytes("committee", maxCommitteeBytes)); r.Err() == nil && err != nil {
			r.Fail(err.Error(), wire.ErrValue)
		}
		g.Possession = readPossession(r)
	}
	if version == genesisWithin {
		g.Under = readChain(r)
		within := readWithin(r.Bytes("tree", maxWithinBytes), r)
		g.Within = &within
	}
	return g
}

// Check names the first thing that makes g unusable: accounts out of order or on another chain, nothing to own, a sum
// over 2^128-1, parameters out of range. CheckPossession asks for the keys of the committee.
func (g *Genesis) Check() error {
	if g.Name == "" || len(g.Name) > MaxNameBytes {
		return fmt.Errorf("genesis: name %q: it must have 1 to %d bytes", clip(g.Name), MaxNameBytes)
	}
	if g.Chain == 0 {
		return fmt.Errorf("genesis: chain 0: chains count from 1")
	}
	if g.TimeMillis > MaxTimeMillis {
		return fmt.Errorf("genesis: time_millis %d: it must be at most %d", g.TimeMillis, uint64(MaxTimeMillis))
	}
	if err := g.Params.Check(); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	if err := g.checkCommittee(); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	if err := g.checkTree(); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	if len(g.Accounts) > MaxGenesisAccounts {
		return fmt.Errorf("genesis: %d accounts: it must have at most %d", len(g.Accounts), MaxGenesisAccounts)
	}
	for i, a := range g.Accounts {
		switch {
		case a.Address.Chain() != g.Chain || a.Address.IsSystem() || a.Address.IsNative():
			return fmt.Errorf("genesis: account %s can't be on chain %d", a.Address, g.Chain)
		case i > 0 && g.Accounts[i-1].Address.Compare(a.Address) >= 0:
			return fmt.Errorf("genesis: account %s is named twice or out of order", a.Address)
		case a.Balance.IsZero():
			return fmt.Errorf("genesis: account %s has nothing: leave it out", a.Address)
		}
	}
	if _, err := g.Issued(); err != nil {
		return err
	}
	if err := g.checkSeated(); err != nil { // the last: all else is right
		return fmt.Errorf("genesis: %w", err)
	}
	return nil
}

func (g *Genesis) checkCommittee() error {
	c := &g.Committee
	switch {
	case len(c.Seats) == 0 && (c.Chain != 0 || c.Epoch != 0 || c.Silent != 0 || c.Seed != Hash{} || len(g.Possession) > 0):
		return fmt.Errorf("%w: it has no seats: leave it out altogether", ErrCommittee)
	case len(c.Seats) == 0:
		return nil
	case c.Chain != g.Chain || c.Epoch != 0:
		return fmt.Errorf("%w: it is that of chain %d in epoch %d, and the genesis is of chain %d in epoch 0", ErrCommittee, c.Chain, c.Epoch, g.Chain)
	}
	if err := g.Params.Admits(c); err != nil {
		return err
	}
	if g.Within != nil && len(g.Possession) == 0 {
		return c.Check() // a chain made later: the registry has seen the proofs
	}
	if n := len(g.Possession); n != len(c.Seats) {
		return fmt.Errorf("%w: %d proofs for %d seats: there must be one for each, in their order", ErrPossession, n, len(c.Seats))
	}
	return c.Check()
}

// ErrPossession is returned for a genesis with a seat whose key nobody has proven to hold.
var ErrPossession = errors.New("possession of a BLS key is not proven")

// CheckPossession names the first seat whose key is not proven to be its node's. Whoever takes a committee from a genesis asks
// once, beside Check: it takes about 1.5 ms for each node of the committee.
func (g *Genesis) CheckPossession() error {
	for i := range g.Chains {
		if err := g.Chains[i].CheckPossession(); err != nil {
			return fmt.Errorf("chain %d: %w", g.Chains[i].Chain, err)
		}
	}
	seats := g.Committee.Seats
	if len(g.Possession) == 0 {
		return nil // Check has seen that none is asked for
	}
	proven := make(map[keys.PublicKey]keys.BLSSignature, len(seats)) // a node has one key (Committee.Check), and a key one proof
	for i, s := range seats {
		proof := g.Possession[i]
		if known, ok := proven[s.Node]; ok && known == proof {
			continue
		}
		if err := VerifySeat(s.Node, s.Key, proof); err != nil {
			return fmt.Errorf("genesis: %w: seat %d of node %s: %w", ErrPossession, i, s.Node, err)
		}
		proven[s.Node] = proof
	}
	return nil
}

// AddSeat gives a node whose secret is at hand a seat of the committee, with the proof. Name and number of the chain stay as they are.
func (g *Genesis) AddSeat(node keys.PublicKey, secret keys.BLSSecret) {
	g.Committee.Seats = append(g.Committee.Seats, Seat{Node: node, Key: secret.Public()})
	g.Possession = append(g.Possession, ProveSeat(node, secret))
}

// Issued is the sum of all balances.
func (g *Genesis) Issued() (sum Amount, err error) {
	for _, a := range g.Accounts {
		if sum, err = sum.Add(a.Balance); err != nil {
			return sum, fmt.Errorf("genesis: sum of all balances: %w", err)
		}
	}
	return sum, nil
}

// Parent is the parent hash of the chain's block at height 0.
func (g *Genesis) Parent() BlockHash {
	network := g.Network()
	return BlockHash(wire.Sum(wire.TagGenesis, network[:], wire.AppendU32(nil, uint32(g.Chain))))
}
