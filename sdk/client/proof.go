package client

import (
	"context"
	"fmt"
	"net/http"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Proof shows an account's record, or that it has none, to who knows the header (SPEC 4.7).
type Proof struct {
	Header Hex `json:"header"` // canonical encoding
	Record Hex `json:"record"` // canonical encoding; empty if there is no account
	Path   Hex `json:"path"`   // merkle.StateProof
	// Certificate is what made the header's block final, encoded; empty at height 0 and where one validator runs the chain.
	Certificate Hex `json:"certificate,omitempty"`
}

// Open checks that the proof shows address at the state root of its header, and returns both. What it can't know is whether
// the header is the chain's: compare its hash with one that is trusted.
func (p *Proof) Open(address chain.Address) (chain.Account, *chain.Header, error) {
	header, err := chain.DecodeHeader(p.Header)
	if err != nil {
		return chain.Account{}, nil, fmt.Errorf("%w: header: %w", ErrProof, err)
	}
	r := wire.NewReader(p.Path)
	path := merkle.ReadStateProof(r)
	if err := r.Done(); err != nil {
		return chain.Account{}, nil, fmt.Errorf("%w: path: %w", ErrProof, err)
	}
	var record chain.Account
	var value merkle.Hash // zero: shows that there is none
	if len(p.Record) > 0 {
		if record, err = chain.DecodeAccount(p.Record); err != nil {
			return chain.Account{}, nil, fmt.Errorf("%w: record: %w", ErrProof, err)
		}
		value = merkle.ValueHash(p.Record)
	}
	if header.Chain != address.Chain() {
		return chain.Account{}, nil, fmt.Errorf("%w: header of chain %d for an account on chain %d", ErrProof, header.Chain, address.Chain())
	}
	if err := path.Verify(merkle.Hash(header.Roots.State), merkle.AccountPath(address), value); err != nil {
		return chain.Account{}, nil, fmt.Errorf("%w: account %s at height %d: %w", ErrProof, address, header.Height, err)
	}
	return record, &header, nil
}

// ProvenAccount is Account with a proof that was checked: the record follows from the state root of the header in Proof, and
// that header has the hash in Block. The network is held to that of the client's first Info. NextNonce and Waiting are
// not part of the state and not proven.
func (c *Client) ProvenAccount(ctx context.Context, address chain.Address) (Account, error) {
	terms, err := c.Terms(ctx)
	if err != nil {
		return Account{}, err
	}
	var a Account
	r := request{method: http.MethodGet, path: "/v1/accounts/" + address.String() + "?proof=1"}
	if err := c.call(ctx, r, &a); err != nil {
		return Account{}, err
	}
	if a.Proof == nil {
		return Account{}, fmt.Errorf("%w: there is no proof in it", ErrProof)
	}
	record, header, err := a.Proof.Open(address)
	if err != nil {
		return Account{}, err
	}
	if header.Network != terms.Network {
		return Account{}, fmt.Errorf("%w: header of network %s, and %s is asked for", ErrOtherChain, header.Network, terms.Network)
	}
	if err := c.certified(header, a.Proof.Certificate); err != nil {
		return Account{}, err
	}
	proven := a
	proven.Address, proven.Chain, proven.Height, proven.Block = address, header.Chain, header.Height, header.Hash()
	proven.SetRecord(record)
	if proven != a {
		return Account{}, fmt.Errorf("%w: account %s: the answer says other things than its proof", ErrProof, address)
	}
	return proven, nil
}

// SetRecord fills in what the account's record says.
func (a *Account) SetRecord(r chain.Account) {
	a.Exists, a.Balance, a.Deposit, a.Nonce = r.Exists(), r.Balance, r.Deposit, r.Nonce
	a.Code, a.Immutable, a.StorageBytes = r.Code, r.Immutable, r.StorageBytes
}
