package exec

import (
	"slices"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Loading is what it costs to load code in a block: the same at every account and for every message (chain.Warm).
type Loading struct {
	Gas   uint64 // 0 if it has run lately
	Given bool   // a hook may load it without paying
}

// LoadingOf says what it costs to load code. Several goroutines may ask at once.
type LoadingOf func(chain.CodeHash) (Loading, error)

// Loads are the loads of one account in one block.
type Loads struct {
	Had         chain.CodeHash   // the account's code before the block
	Ran         []chain.CodeHash // each once
	Paid, Given uint64           // gas, by messages and by nobody
}

// loading is Context.Loading.
func (c *Context) loading(code chain.CodeHash) (Loading, error) {
	if c.Loading == nil {
		return Loading{}, nil
	}
	return c.Loading(code)
}

// Load pays for loading code before it runs, unless it is warm or this account has run it in this block: reading compiled code back
// from disk takes milliseconds, and whether a node has to must not matter. What other accounts do in the block doesn't either, so
// that each can be replayed by itself (DESIGN D4).
//
// The hook for a bounce can't pay: its gas is a constant, bought when the message was sent that failed. Its load is given, as
// long as what was given is not more than what others paid since, and chain.MaxGiven. Else who sends from many accounts what
// comes back one by one, each to other code that has turned cold meanwhile, had loads by the thousand for nothing. Beyond that
// the hook fails as one does that runs out of gas: the credit stays (E4). What one block gives is bounded by itself: those who
// make it leave a hook for the next one where that gives too much (Gift).
func (e *Env) Load(code chain.CodeHash) error {
	if slices.Contains(e.loads.Ran, code) {
		return nil
	}
	l, err := e.Context.loading(code)
	switch {
	case err != nil:
		return e.breaks(err)
	case l.Gas == 0:
	case isHook(e.Message) && code != e.loads.Had:
		return Fail(chain.StatusOutOfGas, "loading code %s, which the account has taken just now, costs %d gas, and that is not given away to hooks", code, l.Gas)
	case isHook(e.Message) && !l.Given:
		return Fail(chain.StatusOutOfGas, "loading code %s, which has not run lately, costs %d gas, and no more is given away to hooks now", code, l.Gas)
	case isHook(e.Message):
		e.loads.Given += l.Gas
	case l.Gas > e.left:
		e.halt = Fail(chain.StatusOutOfGas, "loading code %s, which has not run lately, costs %d gas, and %d of %d are left", code, l.Gas, e.left, e.Message.GasLimit)
		return e.Charge(l.Gas)
	default:
		e.loads.Paid += l.Gas
		if err := e.Charge(l.Gas); err != nil {
			return err
		}
	}
	e.loads.Ran = append(e.loads.Ran, code)
	return nil
}

func isHook(m *chain.Message) bool { return m.Kind == chain.Relay && m.Method == chain.MethodBounce }

// Gift is the gas for a load that nobody pays for, if an account whose code now is code handles m. It is known before: what a hook loads
// for nothing is the code that its account had before the block, at a price that is the same all over it.
func (c *Context) Gift(loads *Loads, code chain.CodeHash, m *chain.Message) (uint64, error) {
	if !isHook(m) || code == (chain.CodeHash{}) || code != loads.Had || slices.Contains(loads.Ran, code) {
		return 0, nil
	}
	l, err := c.loading(code)
	if err != nil || !l.Given {
		return 0, err
	}
	return l.Gas, nil
}
