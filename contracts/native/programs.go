package native

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Programs finds the common messages; it is the exec.Programs of a chain whose accounts have no code.
type Programs struct{}

// Program is the behaviour for m, or a Failure that says why there is none.
func (Programs) Program(self chain.Address, account chain.Account, m *chain.Message) (exec.Program, error) {
	if m.Kind == chain.External {
		if p, ok := commands[m.Method]; ok {
			return p, nil
		}
		return nil, exec.Fail(chain.StatusUnknownMethod, "%q is no command of an account without code: transfer, call, deploy, setcode", m.Method)
	}
	switch {
	case m.Method == chain.MethodAdd || m.Method == chain.MethodBounce:
		return take{}, nil
	case account.Exists():
		return nil, exec.Fail(chain.StatusNoCode, "account %s has no code to handle %q", self, m.Method)
	}
	return nil, exec.Fail(chain.StatusNoAccount, "account %s does not exist", self)
}

var commands = map[string]exec.Program{
	chain.MethodTransfer: transfer{},
	chain.MethodCall:     call{},
	chain.MethodDeploy:   deploy{},
	chain.MethodSetCode:  setCode{},
}
