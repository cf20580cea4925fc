package chain

import (
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Account is an account's record in the state (SPEC 1.1); its storage stands beside it, an entry each. The zero Account is
// one that doesn't exist.
type Account struct {
	// Balance is what the account can spend; Deposit what it holds beyond that for the room it takes (SPEC 3.4).
	Balance, Deposit Amount
	// Nonce is the number of external messages processed, failed ones included (I6).
	Nonce uint64
	// Code is the account's code, zero for none; Immutable says that it can't be replaced, and needs code.
	Code      CodeHash
	Immutable bool
	// StorageBytes is the length of all keys and values of its storage.
	StorageBytes uint64
}

const (
	accountVersion   = 1
	accountPlain     = 0
	accountCode      = 1
	accountImmutable = 2
	accountStorage   = 3 // storage and no code
)

// Exists says whether the account is in the state.
func (a Account) Exists() bool { return a != Account{} }

// Encode is the canonical encoding: the value of the account's leaf in the state tree.
func (a Account) Encode() []byte { return a.Append(make([]byte, 0, 96)) }

// Append writes the canonical encoding.
func (a Account) Append(b []byte) []byte {
	b = a.Deposit.Append(a.Balance.Append(append(b, accountVersion)))
	b = wire.AppendU64(b, a.Nonce)
	switch {
	case a.Code == CodeHash{}:
		assert.That(!a.Immutable, "an account without code has none to be immutable")
		if a.StorageBytes > 0 {
			return wire.AppendU64(append(b, accountStorage), a.StorageBytes)
		}
		return append(b, accountPlain)
	case a.Immutable:
		b = append(b, accountImmutable)
	default:
		b = append(b, accountCode)
	}
	return wire.AppendU64(append(b, a.Code[:]...), a.StorageBytes)
}

// DecodeAccount reads what Encode writes.
func DecodeAccount(b []byte) (Account, error) {
	r := wire.NewReader(b)
	r.Version("account", accountVersion)
	a := Account{Balance: ReadAmount(r, "balance"), Deposit: ReadAmount(r, "deposit"), Nonce: r.U64("nonce")}
	switch r.U8("code kind") {
	case accountPlain:
	case accountStorage:
		a.StorageBytes = r.U64("storage bytes")
		if r.Err() == nil && a.StorageBytes == 0 {
			r.Fail("storage bytes", wire.ErrValue)
		}
	case accountImmutable:
		a.Immutable = true
		fallthrough
	case accountCode:
		a.Code = readHash[CodeHash](r, "code")
		a.StorageBytes = r.U64("storage bytes")
		if r.Err() == nil && a.Code == (CodeHash{}) {
			r.Fail("code", wire.ErrValue)
		}
	default:
		r.Fail("code kind", wire.ErrValue)
	}
	return a, r.Done()
}
