package block

import (
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// A relay of a rotten chain may name a system actor as its payer: what is left of its gas goes to the balance. A deposit there would be
// locked for good, as system actors hold none (E8).
func TestRefundToSystemActor(t *testing.T) {
	p := chain.DefaultParams()
	p.DepositPerAccount, p.DepositPerByte = 10, 1
	native, wallet := chain.DigestsAddress(here), newWallet(1).address
	record := chain.Account{Balance: chain.NewAmount(7), StorageBytes: 40}
	s := memory{{Account: native}: record.Encode(), {Account: wallet}: record.Encode()}
	before := &Before{Header: &chain.Header{Chain: here}, State: s}
	for address, want := range map[chain.Address]chain.Account{
		native: {Balance: chain.NewAmount(7 + 30), StorageBytes: 40},
		wallet: {Balance: chain.NewAmount(7), Deposit: chain.NewAmount(30), StorageBytes: 40},
	} {
		r := &run{before: before, context: &exec.Context{Chain: here, Params: p}}
		c, err := r.records(&settlement{others: map[chain.Address]chain.Amount{address: chain.NewAmount(30)}})
		if err != nil || len(c.list) != 1 || c.list[0].Account != want {
			t.Errorf("%s untouched: %+v, %v", address, c, err)
		}
		acted := &exec.Overlay{Account: address, Before: record, Now: record}
		r.accounts = []*exec.Overlay{acted}
		c, err = r.records(&settlement{refunds: []chain.Amount{chain.NewAmount(30)}})
		if err != nil || len(c.list) != 1 || c.list[0].Account != want {
			t.Errorf("%s after it acted: %+v, %v", address, c, err)
		}
	}
}
