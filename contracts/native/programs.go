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
		return nil, unknown(m)
	}
	switch {
	case m.Method == chain.MethodAdd || m.Method == chain.MethodBounce:
		return take{}, nil
	case account.Exists():
		return nil, exec.Fail(chain.StatusNoCode, "account %s has no code to handle %q", self, m.Method)
	}
	return nil, exec.Fail(chain.StatusNoAccount, "account %s does not exist", self)
}

// take is add and bounce: what came is credited already, and nothing is left to do but to pay for a new account.
type take struct{}

func (take) Handle(env *exec.Env) error { return env.ChargeNewAccount() }
