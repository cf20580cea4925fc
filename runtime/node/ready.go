package node

import (
	"maps"
	"sync/atomic"

	"github.com/thinkey/thinkey/actors/host"
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
	n.early.over.Store(true)
	n.due()
}

// early are the accounts whose next messages come too early: what they led to met code that is being compiled. All may try
// again when some of it is ready.
type early struct {
	of   map[chain.Address]bool // guarded by Node.turn
	over atomic.Bool
}

// accounts are those now.
func (e *early) accounts() map[chain.Address]bool {
	if e.over.Swap(false) {
		e.of = nil
	}
	return e.of
}

// add notes those of a run; false if there are none, as what led there was carried in.
func (e *early) add(run *host.Run) (some bool) {
	led := make(map[chain.MessageID]bool, len(run.Led))
	for _, id := range run.Led {
		led[id] = true
	}
	if len(led) == 0 {
		return false
	}
	of := map[chain.Address]bool{} // another one: the host may be reading that
	maps.Copy(of, e.of)
	for _, o := range run.Accounts {
		for i := range o.Events {
			if m := o.Events[i].Received.Message; m.Kind == chain.External && led[m.ID()] {
				of[o.Account], some = true, true
			}
		}
	}
	e.of = of
	return some
}
