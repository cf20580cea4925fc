package node

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
)

// readiness is what keeps a message out of the blocks made here while the code that it leads to is being compiled: nobody but
// its own account has to wait for that. Where blocks are made on demand, nil: they take all that waits.
func (n *Node) readiness() func(*exec.Context, chain.Account, *chain.Message) (bool, error) {
	if n.engine == nil || n.config.Pace.Manual {
		return nil
	}
	programs := native.Programs{Codes: n.engine}
	return func(c *exec.Context, a chain.Account, m *chain.Message) (bool, error) {
		code, err := programs.Needs(c, a, m)
		if err != nil || code == (chain.CodeHash{}) {
			return err == nil, err
		}
		return n.engine.Ready(code, n.compiled), nil
	}
}

// compiled is called when code is ready that a message waits for.
func (n *Node) compiled(err error) {
	if err != nil && !n.stopping() {
		n.fatal(err)
	}
	n.due()
}
