package native_test

import (
	"errors"
	"testing"

	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Which code each kind of message leads to: that of the account, or that which is taken, if it can be.
func TestNeeds(t *testing.T) {
	own, there, early, missing := chain.CodeHash{1}, chain.CodeHash{2}, chain.CodeHash{3}, chain.CodeHash{4}
	c := context()
	broken := errors.New("the disk is gone")
	c.Code = func(h chain.CodeHash) (*chain.CodeEntry, error) {
		switch h {
		case there:
			return &chain.CodeEntry{Height: c.Height - chain.CodeDelay}, nil
		case early:
			return &chain.CodeEntry{Height: c.Height - chain.CodeDelay + 1}, nil
		case missing:
			return nil, nil
		}
		return nil, broken
	}
	deploy := func(h chain.CodeHash) []byte { return chain.DeployInput{Code: h}.Encode() }
	setCode := func(h chain.CodeHash) []byte { return chain.SetCodeInput{Code: h}.Encode() }
	init := func(h chain.CodeHash) []byte { return chain.InitInput{Code: h}.Encode() }
	none := chain.CodeHash{}
	for _, x := range []struct {
		kind   chain.Kind
		method string
		input  []byte
		want   chain.CodeHash
	}{
		{chain.External, chain.MethodTransfer, nil, none}, {chain.External, chain.MethodCall, nil, none}, {chain.External, chain.MethodPublish, nil, none},
		{chain.External, "bid", nil, own},
		{chain.External, chain.MethodDeploy, deploy(there), there}, {chain.External, chain.MethodDeploy, deploy(early), none},
		{chain.External, chain.MethodDeploy, deploy(missing), none}, {chain.External, chain.MethodDeploy, nil, none},
		{chain.External, chain.MethodSetCode, setCode(there), there}, {chain.External, chain.MethodSetCode, setCode(missing), none},
		{chain.External, chain.MethodSetCode, setCode(none), none},
		{chain.Relay, chain.MethodAdd, nil, none}, {chain.Relay, chain.MethodBounce, nil, own}, {chain.Relay, "bid", nil, own},
		{chain.Relay, chain.MethodCall, nil, own}, {chain.Relay, chain.MethodDeploy, deploy(there), own},
		{chain.Relay, chain.MethodInit, init(there), there}, {chain.Relay, chain.MethodInit, init(early), none},
	} {
		m := &chain.Message{Kind: x.kind, Method: x.method, Input: x.input}
		got, err := native.Programs{Codes: &fakeCodes{}}.Needs(c, chain.Account{Code: own}, m)
		if err != nil || got != x.want {
			t.Errorf("%v %s: code %s, want %s; error %v", x.kind, x.method, got, x.want, err)
		}
		if got, err := (native.Programs{}).Needs(c, chain.Account{Code: own}, m); err != nil || got != none {
			t.Errorf("%v %s, where no code runs: code %s, error %v", x.kind, x.method, got, err)
		}
	}
	if _, err := (native.Programs{Codes: &fakeCodes{}}).Needs(c, chain.Account{}, &chain.Message{Kind: chain.External, Method: chain.MethodDeploy, Input: deploy(own)}); !errors.Is(err, broken) {
		t.Errorf("the state can't be read: %v", err)
	}
}
