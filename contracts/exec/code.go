package exec

import "github.com/thinkey/thinkey/sdk/chain"

// Published is code on its way into the state.
type Published struct {
	Hash chain.CodeHash
	chain.PublishInput
	Load uint64 // chain.CodeEntry.Load
}

// Publish makes code part of the state when the block ends. Who calls it has validated the code and charged for it; load is what loading
// it costs.
func (e *Env) Publish(in chain.PublishInput, load uint64) {
	r := e.makeRare()
	r.published = append(r.published, Published{in.Hash(), in, load})
}

func (e *Env) makeRare() *rare {
	if e.rare == nil {
		e.rare = &rare{}
	}
	return e.rare
}

// TakesCode is why no account here has code: the chain is one of system actors (SPEC 7.1).
func (c *Context) TakesCode() error {
	if c.Params.Structural {
		return Fail(chain.StatusRefused, "chain %d is structural: it has system actors only, and no code", c.Chain)
	}
	return nil
}

// Deploy makes an account with code: it sends the init from which the account takes its code (SPEC 1.3). The result is the
// new account's address, known before it is there.
func (e *Env) Deploy(in chain.DeployInput, amount chain.Amount) (chain.Address, error) {
	if e.view {
		return chain.Address{}, e.readOnly("deploy")
	}
	if err := e.Context.TakesCode(); err != nil {
		return chain.Address{}, err
	}
	to := chain.MadeAddress(e.Context.Chain, e.Self, in.Salt, in.Code)
	input := chain.InitInput{Code: in.Code, Salt: in.Salt, Input: in.Input}.Encode()
	return to, e.send(chain.Sent{To: to, Method: chain.MethodInit, Amount: amount, GasLimit: in.GasLimit, Input: input})
}

// SetCode gives the account code from the next message on, or takes it away if h is zero (SPEC 3.6).
func (e *Env) SetCode(h chain.CodeHash) error {
	if e.view {
		return e.readOnly("change its code")
	}
	if e.account.Immutable {
		return Fail(chain.StatusRefused, "code %s of account %s can't be replaced", e.account.Code, e.Self)
	}
	if h == (chain.CodeHash{}) {
		e.account.Code = h
		return nil
	}
	if err := e.Context.TakesCode(); err != nil {
		return err
	}
	entry, err := e.Context.Code(h)
	switch {
	case err != nil:
		return e.breaks(err)
	case entry == nil:
		return Fail(chain.StatusNoCode, "code %s is not published on chain %d", h, e.Context.Chain)
	case entry.Callable() > e.Context.Height:
		return Fail(chain.StatusNotYet, "code %s is callable from height %d on, and this is %d", h, entry.Callable(), e.Context.Height)
	}
	e.account.Code, e.account.Immutable = h, entry.Immutable
	return nil
}
