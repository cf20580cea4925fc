package exec

import (
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Credit is account with amount added: first to the deposit, as far as it is short, then to the balance (SPEC 3.4). What
// the balance was before is not touched: nobody but the account's own actor takes from it (E7, SPEC 1.1).
func Credit(p chain.Params, account chain.Account, amount chain.Amount) chain.Account {
	sum, err := account.Balance.Add(amount)
	assert.NoError(err, "credit: no account holds more than was issued")
	account.Balance = sum
	if !account.Exists() {
		return account
	}
	short, err := Deposit(p, account).Sub(account.Deposit)
	if err != nil || short.IsZero() {
		return account
	}
	if amount.Less(short) {
		short = amount
	}
	account.Balance, err = account.Balance.Sub(short)
	assert.NoError(err, "deposit below the balance")
	account.Deposit, err = account.Deposit.Add(short)
	assert.NoError(err, "deposit")
	return account
}

// Deposit is what account must hold for the room it takes. That of the record itself never comes back: the nonce has to
// stay for as long as messages signed by the key could be repeated.
func Deposit(p chain.Params, account chain.Account) chain.Amount {
	sum, err := chain.NewAmount(p.DepositPerAccount).Add(chain.Mul(p.DepositPerByte, account.StorageBytes))
	assert.NoError(err, "deposit")
	return sum
}

// CreditAt is Credit for the account at an address. A system actor holds no deposit: its state is the system's, and others' deposits are
// in its balance.
func CreditAt(address chain.Address, p chain.Params, account chain.Account, amount chain.Amount) chain.Account {
	if address.IsNative() {
		p.DepositPerAccount, p.DepositPerByte = 0, 0
	}
	return Credit(p, account, amount)
}

// credit is account, which is that of e, with what m brings.
func (e *Env) credit(account chain.Account, m *chain.Message) chain.Account {
	return CreditAt(e.Self, e.Context.Params, account, m.Amount)
}

// settleDeposit brings the deposit of an account that wrote to what its storage needs: taken from the balance when the
// storage grew, returned when it shrank. Who frees room never pays for it, even if the deposit is short.
func (e *Env) settleDeposit() error {
	if e.writes == nil || e.Self.IsNative() {
		return nil
	}
	need := Deposit(e.Context.Params, e.account)
	if e.account.StorageBytes <= e.before.StorageBytes && e.account.Deposit.Less(need) {
		return nil
	}
	sum, err := e.account.Balance.Add(e.account.Deposit)
	assert.NoError(err, "balance and deposit")
	rest, err := sum.Sub(need)
	if err != nil {
		return Fail(chain.StatusBalance, "a deposit of %s for %d bytes of storage, and the account has %s", need, e.account.StorageBytes, sum)
	}
	e.account.Balance, e.account.Deposit = rest, need
	return nil
}
