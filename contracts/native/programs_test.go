package native_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
)

func address(n byte) chain.Address {
	return chain.MadeAddress(chain.Main, chain.Address{}, [32]byte{n}, chain.CodeHash{})
}

var alice, bob = address(1), address(2)

func context() *exec.Context {
	return &exec.Context{
		Network: chain.NetworkID{1}, Chain: chain.Main, Height: 10, Params: chain.DefaultParams(),
		Tree: chain.Alone(chain.Main), Programs: native.Programs{},
		Code: func(chain.CodeHash) (*chain.CodeEntry, error) { return nil, nil },
	}
}

// nothing is the storage of an account that has none.
type nothing struct{}

func (nothing) Entry(string) ([]byte, error)        { return nil, nil }
func (nothing) Next(string, string) (string, error) { return "", nil }

// rich is an account with enough for gas and a balance of 100 beside it.
var rich = chain.Account{Balance: chain.NewAmount(1_000_100), Nonce: 3}

func apply(t *testing.T, self chain.Address, account chain.Account, m *chain.Message) exec.Outcome {
	t.Helper()
	m.Seal()
	if m.Kind == chain.External {
		if refusal := exec.Admit(context(), account, m); refusal != nil {
			t.Fatal(refusal)
		}
	}
	o, err := exec.Apply(context(), self, account, nothing{}, m)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Every command: done, with an input that doesn't decode, with more than there is.
func TestCommands(t *testing.T) {
	transfer := chain.TransferInput{To: bob}.Encode()
	call := func(c chain.CallInput) []byte { return c.Encode() }
	deploy := chain.DeployInput{Code: chain.CodeHash{1}, GasLimit: 10_000, Input: []byte("init")}.Encode()
	init := chain.InitInput{Code: chain.CodeHash{1}, Input: []byte("init")}.Encode()
	made := chain.MadeAddress(chain.Main, alice, [32]byte{}, chain.CodeHash{1})
	for _, x := range []struct {
		name, method string
		amount       uint64
		input        []byte
		status       chain.Status
		reason       string
		sent         *chain.Sent
	}{
		{"transfer", chain.MethodTransfer, 40, transfer, chain.StatusOK, "",
			&chain.Sent{To: bob, Method: chain.MethodAdd, Amount: chain.NewAmount(40), GasLimit: gas.Add}},
		{"transfer of all", chain.MethodTransfer, 100, transfer, chain.StatusOK, "",
			&chain.Sent{To: bob, Method: chain.MethodAdd, Amount: chain.NewAmount(100), GasLimit: gas.Add}},
		{"transfer of nothing", chain.MethodTransfer, 0, transfer, chain.StatusOK, "",
			&chain.Sent{To: bob, Method: chain.MethodAdd, GasLimit: gas.Add}},
		{"transfer over balance", chain.MethodTransfer, 101, transfer, chain.StatusBalance, "101 to send and a balance of 100", nil},
		{"transfer without input", chain.MethodTransfer, 1, nil, chain.StatusBadInput, "transfer: receiver ends too early", nil},
		{"transfer with more input", chain.MethodTransfer, 1, append(bytes.Clone(transfer), 0), chain.StatusBadInput, "bytes behind its end", nil},
		{"transfer to chain 0", chain.MethodTransfer, 1, make([]byte, chain.AddressSize), chain.StatusBadInput, "receiver has a value", nil},
		{"call", chain.MethodCall, 40, call(chain.CallInput{To: bob, Method: "bid", GasLimit: 50_000, Input: []byte("kitten")}), chain.StatusOK, "",
			&chain.Sent{To: bob, Method: "bid", Amount: chain.NewAmount(40), GasLimit: 50_000, Input: []byte("kitten")}},
		{"call of add", chain.MethodCall, 40, call(chain.CallInput{To: bob, Method: chain.MethodAdd, GasLimit: gas.Add}), chain.StatusOK, "",
			&chain.Sent{To: bob, Method: chain.MethodAdd, Amount: chain.NewAmount(40), GasLimit: gas.Add}},
		{"call over balance", chain.MethodCall, 101, call(chain.CallInput{To: bob, Method: "bid", GasLimit: 50_000}), chain.StatusBalance, "101 to send", nil},
		{"call over gas", chain.MethodCall, 1, call(chain.CallInput{To: bob, Method: "bid", GasLimit: 900_000}), chain.StatusOutOfGas, "sending takes 900000 gas", nil},
		{"call with too little gas", chain.MethodCall, 1, call(chain.CallInput{To: bob, Method: chain.MethodAdd, GasLimit: gas.Add - 1}), chain.StatusOutOfGas, "add needs", nil},
		{"call without input", chain.MethodCall, 1, nil, chain.StatusBadInput, "call: receiver ends too early", nil},
		{"call without method", chain.MethodCall, 1, call(chain.CallInput{To: bob, GasLimit: 50_000}), chain.StatusBadInput, "method", nil},
		{"call of a forged bounce", chain.MethodCall, 1, call(chain.CallInput{To: bob, Method: chain.MethodBounce, GasLimit: 50_000}), chain.StatusBadInput, `a message "bounce" is made by the ledger alone`, nil},
		{"call of a forged refund", chain.MethodCall, 1, call(chain.CallInput{To: bob, Method: chain.MethodRefund, GasLimit: 50_000}), chain.StatusBadInput, `a message "refund" is made by the ledger alone`, nil},
		{"call of a forged init", chain.MethodCall, 1, call(chain.CallInput{To: bob, Method: chain.MethodInit, GasLimit: 50_000}), chain.StatusBadInput, `a message "init" is made by the ledger alone`, nil},
		{"deploy", chain.MethodDeploy, 1, deploy, chain.StatusOK, "",
			&chain.Sent{To: made, Method: chain.MethodInit, Amount: chain.NewAmount(1), GasLimit: 10_000, Input: init}},
		{"deploy of nothing", chain.MethodDeploy, 1, chain.DeployInput{GasLimit: 10_000}.Encode(), chain.StatusBadInput, "names no code", nil},
		{"deploy without input", chain.MethodDeploy, 1, nil, chain.StatusBadInput, "deploy: code ends too early", nil},
		{"setcode", chain.MethodSetCode, 0, chain.SetCodeInput{Code: chain.CodeHash{1}}.Encode(), chain.StatusNoCode, "is not published on chain 1", nil},
		{"setcode with an amount", chain.MethodSetCode, 1, chain.SetCodeInput{Code: chain.CodeHash{1}}.Encode(), chain.StatusBadInput, "takes no amount", nil},
		{"setcode without input", chain.MethodSetCode, 1, nil, chain.StatusBadInput, "setcode: code ends too early", nil},
		{"unknown", "dance", 1, nil, chain.StatusUnknownMethod, `"dance" is no command`, nil},
		{"nothing", "", 1, nil, chain.StatusUnknownMethod, `"" is no command`, nil},
		{"add from outside", chain.MethodAdd, 1, nil, chain.StatusUnknownMethod, `"add" is no command`, nil},
		{"refund from outside", chain.MethodRefund, 1, nil, chain.StatusUnknownMethod, `"refund" is no command`, nil},
		{"bounce from outside", chain.MethodBounce, 1, nil, chain.StatusUnknownMethod, `"bounce" is no command`, nil},
	} {
		t.Run(x.name, func(t *testing.T) {
			m := &chain.Message{
				Network: chain.NetworkID{1}, Kind: chain.External, From: alice, To: alice, Payer: alice, Nonce: 3, ValidUntil: 10,
				Amount: chain.NewAmount(x.amount), GasLimit: 1_000_000, GasPrice: 1, Method: x.method, Input: x.input,
			}
			o := apply(t, alice, rich, m)
			// What the door refuses is what would fail, with the same words; it lets through what depends on the state.
			var f *exec.Failure
			switch err := native.Check(m); {
			case errors.As(err, &f) && (f.Status != o.Status || f.Reason != o.Reason):
				t.Errorf("Check says %v, and the handling ends in %q (%s)", err, o.Status, o.Reason)
			}
			if o.Status != x.status || !strings.Contains(o.Reason, x.reason) {
				t.Fatalf("status %q (%s), want %q (%s)", o.Status, o.Reason, x.status, x.reason)
			}
			left := chain.NewAmount(100)
			if x.sent == nil {
				if o.Sent != nil {
					t.Errorf("sent %+v", o.Sent)
				}
			} else {
				if len(o.Sent) != 1 || string(o.Sent[0].Input) != string(x.sent.Input) || o.Sent[0].To != x.sent.To || o.Sent[0].Method != x.sent.Method ||
					o.Sent[0].Amount != x.sent.Amount || o.Sent[0].GasLimit != x.sent.GasLimit {
					t.Fatalf("sent %+v, want %+v", o.Sent, *x.sent)
				}
				left, _ = left.Sub(chain.NewAmount(x.amount))
			}
			if want := (chain.Account{Balance: left, Nonce: 4}); o.Account != want {
				t.Errorf("left with %+v, want %+v", o.Account, want)
			}
		})
	}
}

func relay(method string) *chain.Message {
	return &chain.Message{
		Network: chain.NetworkID{1}, Kind: chain.Relay, From: alice, To: bob, Payer: alice, Amount: chain.NewAmount(40), GasLimit: 50_000,
		GasPrice: 1, Method: method, Input: []byte("input"), Parent: chain.MessageID{1}, Origin: chain.MessageID{2}, Depth: 1,
	}
}

// What comes to an account without code, and to none.
func TestRelays(t *testing.T) {
	for _, x := range []struct {
		name, method string
		account      chain.Account
		status       chain.Status
		reason       string
	}{
		{"add", chain.MethodAdd, rich, chain.StatusOK, ""},
		{"add to no account", chain.MethodAdd, chain.Account{}, chain.StatusOK, ""},
		{"bounce", chain.MethodBounce, rich, chain.StatusOK, ""},
		{"refund", chain.MethodRefund, rich, chain.StatusOK, ""},
		{"refund to no account", chain.MethodRefund, chain.Account{}, chain.StatusOK, ""},
		{"bounce to no account", chain.MethodBounce, chain.Account{}, chain.StatusOK, ""},
		{"call", "bid", rich, chain.StatusNoCode, "account " + bob.String() + ` has no code to handle "bid"`},
		{"call to no account", "bid", chain.Account{}, chain.StatusNoAccount, "account " + bob.String() + " does not exist"},
		// The commands are for the account's own key.
		{"transfer from another", chain.MethodTransfer, rich, chain.StatusNoCode, "no code"},
		{"setcode from another", chain.MethodSetCode, rich, chain.StatusNoCode, "no code"},
		{"no method", "", rich, chain.StatusNoCode, "no code"},
	} {
		t.Run(x.name, func(t *testing.T) {
			m := relay(x.method)
			o := apply(t, bob, x.account, m)
			if o.Status != x.status || !strings.Contains(o.Reason, x.reason) {
				t.Fatalf("status %q (%s), want %q (%s)", o.Status, o.Reason, x.status, x.reason)
			}
			if x.status == chain.StatusOK {
				want := x.account
				want.Balance, _ = want.Balance.Add(m.Amount)
				if o.Account != want || o.Sent != nil {
					t.Errorf("left with %+v and sent %+v, want %+v", o.Account, o.Sent, want)
				}
				return
			}
			if len(o.Sent) != 1 || o.Sent[0].Method != chain.MethodBounce || o.Sent[0].To != alice || o.Sent[0].Amount != m.Amount || o.Account != x.account {
				t.Fatalf("%+v: want a bounce of %s to %s", o, m.Amount, alice)
			}
			in, err := chain.DecodeBounce(o.Sent[0].Input)
			if err != nil || in.Message != m.ID() || in.Method != x.method || in.Status != x.status || string(in.Input) != "input" {
				t.Errorf("bounce says %+v, error %v", in, err)
			}
		})
	}
}

// A payment there and a bounce back: alice has her money again, but for the gas.
func TestThereAndBack(t *testing.T) {
	m := &chain.Message{
		Network: chain.NetworkID{1}, Kind: chain.External, From: alice, To: alice, Payer: alice, Nonce: 3, ValidUntil: 10, Amount: chain.NewAmount(100),
		GasLimit: 1_000_000, GasPrice: 1, Method: chain.MethodCall, Input: chain.CallInput{To: bob, Method: "bid", GasLimit: 5_000}.Encode(),
	}
	call := apply(t, alice, rich, m)
	bid := call.Sent[0].Relay(alice, m, 0)
	there := apply(t, bob, chain.Account{}, bid)
	back := apply(t, alice, call.Account, there.Sent[0].Relay(bob, bid, 0))
	if want := (chain.Account{Balance: chain.NewAmount(100), Nonce: 4}); back.Account != want || back.Status != chain.StatusOK {
		t.Errorf("%+v, want %+v", back, want)
	}
	gas := uint64(0)
	for _, o := range []exec.Outcome{call, there, back} {
		gas += o.GasUsed + o.GasLeft
	}
	if gas != m.GasLimit {
		t.Errorf("%d gas bought, %d used or left in the whole tree", m.GasLimit, gas)
	}
}
