package block

import (
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
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

// What is left of the gas of payers elsewhere goes there, a relay for each, less what that costs; it is a fee where that would be nothing, or nobody's. It
// leaves also for a chain to which too much is under way (SPEC 2.3, 2.6).
func TestRefundAbroad(t *testing.T) {
	const price, other, full, nowhere = 3, 7, 8, 9
	payer := func(id chain.ID) chain.Address { return chain.KeyAddress(id, keys.FromSeed([32]byte{1}).Public()) }
	sending := price * exec.SendGas(&chain.Sent{Method: chain.MethodRefund})
	cost := sending + price*gas.Add
	for _, x := range []struct {
		name         string
		payer        chain.Address
		left         uint64
		amount, fees uint64 // of what goes there, and what stays
		stays        bool
	}{
		{"elsewhere", payer(other), cost + 5, 5, sending, false},
		{"where too much goes", payer(full), cost + 5, 5, sending, false},
		{"no more than it costs", payer(other), cost, 0, cost, false},
		{"less than it costs", payer(other), cost - 1, 0, cost - 1, false},
		{"no such chain", payer(nowhere), cost + 5, 0, cost + 5, false},
		{"a system actor's", chain.SystemAddress(here), cost + 5, 0, cost + 5, false},
		{"here", payer(here), cost + 5, 0, 0, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			p := chain.DefaultParams()
			p.MinGasPrice = price
			c := &exec.Context{Chain: here, Params: p, Tree: chain.Tree{{ID: here}, {ID: other, Parent: here}, {ID: full, Parent: here}}, Full: []chain.ID{full}}
			r, s := &run{before: &Before{Hash: chain.BlockHash{4}}, context: c}, &settlement{others: map[chain.Address]chain.Amount{x.payer: chain.NewAmount(x.left)}}
			list := r.abroad(s)
			if _, stays := s.others[x.payer]; stays != x.stays || s.fees != chain.NewAmount(x.fees) {
				t.Errorf("stays %t, fees %s, want %t, %d", stays, s.fees, x.stays, x.fees)
			}
			if x.amount == 0 {
				if len(list) > 0 {
					t.Errorf("%+v leaves", list[0])
				}
				return
			}
			if len(list) != 1 {
				t.Fatalf("%d relays", len(list))
			}
			m := list[0]
			if m.From != chain.SystemAddress(here) || m.To != x.payer || m.Method != chain.MethodRefund || m.Amount != chain.NewAmount(x.amount) {
				t.Errorf("%+v leaves", m)
			}
			value := exec.Value(m)
			if sum, err := value.Add(s.fees); err != nil || sum != chain.NewAmount(x.left) {
				t.Errorf("%s and fees of %s are not the %d that were left", value, s.fees, x.left)
			}
		})
	}
}
