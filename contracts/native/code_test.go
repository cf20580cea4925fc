package native_test

import (
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// fakeCodes remember what they were asked to run. Code that begins with "bad" is not accepted; the hash of refusing refuses.
type fakeCodes struct{ ran []string }

var good, frozen, refusing = chain.CodeHash{1}, chain.CodeHash{2}, chain.CodeHash{3}

func (*fakeCodes) Validate(code []byte) (uint64, uint64, error) {
	if strings.HasPrefix(string(code), "bad") {
		return 0, 0, exec.Fail(chain.StatusBadCode, "it is bad")
	}
	return 1_000, 1_000, nil
}

func (*fakeCodes) Merges(code chain.CodeHash, method string) (bool, error) {
	return code == good && method == "many", nil
}

func (f *fakeCodes) Run(env *exec.Env, code chain.CodeHash, entry string) error {
	f.ran = append(f.ran, entry+" "+env.Message.Method+" "+string(env.Input))
	if code == refusing {
		return exec.Fail(chain.StatusRefused, "no")
	}
	if up, ok := strings.CutPrefix(string(env.Input), "upgrade "); ok {
		return env.SetCode(chain.CodeHash{up[0] - '0'})
	}
	return nil
}

// published are the entries of codes 1, 2 and 3 at height 8: callable at 10, which is the context's.
func withCode(c *exec.Context, codes *fakeCodes) *exec.Context {
	c.Programs = native.Programs{Codes: codes}
	c.Code = func(h chain.CodeHash) (*chain.CodeEntry, error) {
		switch h {
		case good, refusing:
			return &chain.CodeEntry{Height: 8, Bytes: 1}, nil
		case frozen:
			return &chain.CodeEntry{Height: 8, Bytes: 1, Immutable: true}, nil
		case chain.CodeHash{4}:
			return &chain.CodeEntry{Height: 9, Bytes: 1}, nil
		}
		return nil, nil
	}
	return c
}

func handle(t *testing.T, codes *fakeCodes, self chain.Address, account chain.Account, m *chain.Message) exec.Outcome {
	t.Helper()
	m.Seal()
	o, err := exec.Apply(withCode(context(), codes), self, account, nothing{}, m)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// initOf is the message with which alice deploys code.
func initOf(code chain.CodeHash, input string) *chain.Message {
	m := relay(chain.MethodInit)
	m.To = chain.MadeAddress(chain.Main, alice, [32]byte{7}, code)
	m.Input = chain.InitInput{Code: code, Salt: [32]byte{7}, Input: []byte(input)}.Encode()
	return m
}

// An account comes into being with its code, by the message of who deploys it and by no other.
func TestInit(t *testing.T) {
	funded := chain.Account{Balance: chain.NewAmount(5)}
	for _, x := range []struct {
		name    string
		m       *chain.Message
		account chain.Account
		status  chain.Status
		reason  string
	}{
		{"of nothing", initOf(good, "in"), chain.Account{}, chain.StatusOK, ""},
		{"where money came before", initOf(good, "in"), funded, chain.StatusOK, ""},
		{"of code that is immutable", initOf(frozen, "in"), chain.Account{}, chain.StatusOK, ""},
		{"where an account is", initOf(good, "in"), chain.Account{Code: good}, chain.StatusExists, "exists already"},
		{"where one was that kept its storage", initOf(good, "in"), chain.Account{Balance: chain.NewAmount(5), StorageBytes: 9}, chain.StatusExists, "exists already"},
		{"of unknown code", initOf(chain.CodeHash{9}, "in"), chain.Account{}, chain.StatusNoCode, "is not published on chain 1"},
		{"one block too early", initOf(chain.CodeHash{4}, "in"), chain.Account{}, chain.StatusNotYet, "callable from height 11 on, and this is 10"},
		{"that refuses", initOf(refusing, "in"), chain.Account{}, chain.StatusRefused, "no"},
		{"from another sender", func() *chain.Message { m := initOf(good, "in"); m.From = bob; return m }(), chain.Account{}, chain.StatusBadInput, "is not the address of code"},
		{"with other code", func() *chain.Message { m := initOf(good, "in"); m.To = initOf(frozen, "").To; return m }(), chain.Account{}, chain.StatusBadInput, "is not the address of code"},
		{"without input", func() *chain.Message { m := initOf(good, "in"); m.Input = nil; return m }(), chain.Account{}, chain.StatusBadInput, "init: code ends too early"},
	} {
		t.Run(x.name, func(t *testing.T) {
			codes := &fakeCodes{}
			o := handle(t, codes, x.m.To, x.account, x.m)
			if o.Status != x.status || !strings.Contains(o.Reason, x.reason) {
				t.Fatalf("%s (%s), want %s (%s)", o.Status, o.Reason, x.status, x.reason)
			}
			if x.status != chain.StatusOK {
				if o.Account != x.account || len(o.Sent) != 1 || o.Sent[0].Method != chain.MethodBounce || o.Sent[0].Amount != x.m.Amount {
					t.Errorf("left %+v and sent %+v: want nothing changed and a bounce", o.Account, o.Sent)
				}
				return
			}
			in, _ := chain.DecodeInit(x.m.Input)
			balance, _ := x.account.Balance.Add(x.m.Amount)
			if want := (chain.Account{Balance: balance, Code: in.Code, Immutable: in.Code == frozen}); o.Account != want {
				t.Errorf("made %+v, want %+v", o.Account, want)
			}
			if len(codes.ran) != 1 || codes.ran[0] != abi.EntryHandle+" init in" {
				t.Errorf("ran %q", codes.ran)
			}
		})
	}
}

// Code is published once it is accepted, for gas that its length and its complexity say.
func TestPublish(t *testing.T) {
	m := func(code string) *chain.Message {
		return &chain.Message{
			Network: chain.NetworkID{1}, Kind: chain.External, From: alice, To: alice, Payer: alice, Nonce: 3, ValidUntil: 10, GasLimit: 900_000, GasPrice: 1,
			Method: chain.MethodPublish, Input: chain.PublishInput{Code: []byte(code), Immutable: true}.Encode(),
		}
	}
	o := handle(t, &fakeCodes{}, alice, rich, m("good"))
	want := chain.PublishInput{Code: []byte("good"), Immutable: true}
	if o.Status != chain.StatusOK || len(o.Published()) != 1 || o.Published()[0].Hash != want.Hash() || string(o.Published()[0].Code) != "good" || !o.Published()[0].Immutable {
		t.Fatalf("%+v", o)
	}
	if least := exec.ExternalGas(m("good")) + 4*gas.PublishByte + 1_000*gas.PublishComplexity; o.GasUsed != least {
		t.Errorf("used %d gas, want %d", o.GasUsed, least)
	}
	if mutable := (chain.PublishInput{Code: []byte("good")}); mutable.Hash() == want.Hash() {
		t.Error("code that can be replaced and code that can't have one hash")
	}
	for status, m := range map[chain.Status]*chain.Message{
		chain.StatusBadCode:  m("bad"),
		chain.StatusBadInput: func() *chain.Message { m := m("good"); m.Input = m.Input[1:]; return m }(),
		chain.StatusOutOfGas: func() *chain.Message { m := m("good"); m.GasLimit = exec.ExternalGas(m) + 100; return m }(),
	} {
		if o := handle(t, &fakeCodes{}, alice, rich, m); o.Status != status || o.Published() != nil {
			t.Errorf("%s (%s) and published %v, want %s", o.Status, o.Reason, o.Published(), status)
		}
	}
}

// An account's code is replaced by its key or by itself, unless it is immutable (SPEC 3.6).
func TestReplaceCode(t *testing.T) {
	with := func(code chain.CodeHash) chain.Account {
		a := rich
		a.Code, a.Immutable = code, code == frozen
		return a
	}
	set := func(code chain.CodeHash) *chain.Message {
		return &chain.Message{
			Network: chain.NetworkID{1}, Kind: chain.External, From: alice, To: alice, Payer: alice, Nonce: 3, ValidUntil: 10, GasLimit: 900_000, GasPrice: 1,
			Method: chain.MethodSetCode, Input: chain.SetCodeInput{Code: code}.Encode(),
		}
	}
	itself := func(input string) *chain.Message { m := relay("do"); m.To, m.Input = alice, []byte(input); return m }
	for _, x := range []struct {
		name   string
		before chain.CodeHash
		m      *chain.Message
		status chain.Status
		after  chain.CodeHash
	}{
		{"given", chain.CodeHash{}, set(good), chain.StatusOK, good},
		{"given for good", chain.CodeHash{}, set(frozen), chain.StatusOK, frozen},
		{"replaced", good, set(refusing), chain.StatusOK, refusing},
		{"taken away", good, set(chain.CodeHash{}), chain.StatusOK, chain.CodeHash{}},
		{"immutable", frozen, set(good), chain.StatusRefused, frozen},
		{"immutable, taken away", frozen, set(chain.CodeHash{}), chain.StatusRefused, frozen},
		{"too early", good, set(chain.CodeHash{4}), chain.StatusNotYet, good},
		{"unknown", good, set(chain.CodeHash{9}), chain.StatusNoCode, good},
		{"by itself", good, itself("upgrade 3"), chain.StatusOK, refusing},
		{"by itself, immutable", frozen, itself("upgrade 3"), chain.StatusRefused, frozen},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := handle(t, &fakeCodes{}, alice, with(x.before), x.m)
			if o.Status != x.status || o.Account.Code != x.after || o.Account.Immutable != (x.after == frozen) {
				t.Errorf("%s (%s) with code %s, want %s with %s", o.Status, o.Reason, o.Account.Code, x.status, x.after)
			}
		})
	}
}

// Which messages an account's code sees, and which it doesn't.
func TestCodeHandles(t *testing.T) {
	account := rich
	account.Code = good
	external := func(method string) *chain.Message {
		return &chain.Message{Network: chain.NetworkID{1}, Kind: chain.External, From: alice, To: alice, Payer: alice, Nonce: 3, ValidUntil: 10, GasLimit: 900_000, GasPrice: 1, Method: method, Input: []byte("input")}
	}
	bounced := func(code chain.CodeHash) (*chain.Message, chain.Account) {
		a := account
		a.Code = code
		m := relay(chain.MethodBounce)
		m.Input = chain.BounceInput{Method: "do", Status: chain.StatusRefused}.Encode()
		return m, a
	}
	for method, ran := range map[string]string{"do": "handle do input", "": "handle  input", chain.MethodAdd: ""} {
		codes := &fakeCodes{}
		if o := handle(t, codes, alice, account, relay(method)); o.Status != chain.StatusOK || strings.Join(codes.ran, ";") != ran {
			t.Errorf("relay %q: %s (%s), ran %q", method, o.Status, o.Reason, codes.ran)
		}
	}
	codes := &fakeCodes{}
	if o := handle(t, codes, alice, account, external("do")); o.Status != chain.StatusOK || strings.Join(codes.ran, ";") != "handle do input" {
		t.Errorf("external: %s, ran %q", o.Status, codes.ran)
	}
	for _, code := range []chain.CodeHash{good, refusing} {
		codes := &fakeCodes{}
		m, a := bounced(code)
		o := handle(t, codes, alice, a, m)
		want, _ := a.Balance.Add(m.Amount)
		if o.Account.Balance != want || len(codes.ran) != 1 || !strings.HasPrefix(codes.ran[0], abi.EntryBounce) || (o.Status == chain.StatusOK) != (code == good) {
			t.Errorf("bounce: %s with %s, ran %q: the credit stays whatever the hook does", o.Status, o.Account.Balance, codes.ran)
		}
	}
}

// A structural chain takes no publication either (SPEC 7.1).
func TestPublishOnStructural(t *testing.T) {
	m := relay(chain.MethodPublish)
	m.Kind, m.From, m.To, m.Payer = chain.External, alice, alice, alice
	m.Amount, m.Input = chain.Amount{}, chain.PublishInput{Code: []byte("code")}.Encode()
	m.GasLimit = chain.MaxMessageGas
	m.Seal()
	c := withCode(context(), &fakeCodes{})
	for _, structural := range []bool{false, true} {
		c.Params.Structural = structural
		o, err := exec.Apply(c, alice, chain.Account{Balance: chain.MaxAmount}, nothing{}, m)
		if err != nil || structural != (o.Status == chain.StatusRefused && strings.Contains(o.Reason, "is structural")) {
			t.Errorf("structural %v: %s (%s), %v", structural, o.Status, o.Reason, err)
		}
	}
}
