package exec

import "github.com/thinkey/thinkey/sdk/chain"

// Value is what the relay m carries, as an amount to add up and to compare: where there is none, as a chain whose committee is rotten
// may say anything, it is chain.MaxAmount, which no chain can ever have sent.
func Value(m *chain.Message) chain.Amount {
	carried, err := m.Carried()
	if err != nil {
		return chain.MaxAmount
	}
	return carried
}

// Held is what a slot of the state holds by its value, nil if it is empty: balance and deposit of an account, fees that wait for it. What
// waits in the queue of what was carried out is money, too, and not in it.
func (s Slot) Held(value []byte) (chain.Amount, error) {
	switch {
	case value == nil:
		return chain.Amount{}, nil
	case s.Key == "":
		a, err := chain.DecodeAccount(value)
		if err != nil {
			return chain.Amount{}, err
		}
		return a.Balance.Add(a.Deposit)
	case s.Account.IsSystem() && s.Key == chain.KeyFees:
		return chain.DecodeAmount(value)
	}
	return chain.Amount{}, nil
}
