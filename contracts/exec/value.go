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
