package native

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Needs is the code that an account runs when it handles m, or that it or the account it makes takes then and runs next; zero
// for none. Whoever chooses what goes into a block leaves m for later if that code is not compiled yet.
func (p Programs) Needs(c *exec.Context, account chain.Account, m *chain.Message) (chain.CodeHash, error) {
	if p.Codes == nil {
		return chain.CodeHash{}, nil
	}
	code, taken := needs(account, m)
	if !taken || code == (chain.CodeHash{}) {
		return code, nil
	}
	entry, err := c.Code(code)
	if err != nil || entry == nil || entry.Callable() > c.Height { // then it can't be taken
		return chain.CodeHash{}, err
	}
	return code, nil
}

// needs is the code, and whether it is still to be taken.
func needs(account chain.Account, m *chain.Message) (code chain.CodeHash, taken bool) {
	if m.Kind == chain.Relay {
		switch m.Method {
		case chain.MethodAdd:
			return chain.CodeHash{}, false
		case chain.MethodInit:
			in, _ := chain.DecodeInit(m.Input)
			return in.Code, true
		}
		return account.Code, false
	}
	switch m.Method {
	case chain.MethodTransfer, chain.MethodCall, chain.MethodPublish:
		return chain.CodeHash{}, false
	case chain.MethodDeploy:
		in, _ := chain.DecodeDeploy(m.Input)
		return in.Code, true
	case chain.MethodSetCode:
		in, _ := chain.DecodeSetCode(m.Input)
		return in.Code, true
	}
	return account.Code, false
}
