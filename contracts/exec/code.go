package exec

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Published is code on its way into the state.
type Published struct {
	Hash chain.CodeHash
	chain.PublishInput
}

// Publish makes code part of the state when the block ends. Who calls it has validated the code and charged for it.
func (e *Env) Publish(in chain.PublishInput) {
	r := e.makeRare()
	r.published = append(r.published, Published{in.Hash(), in})
}

func (e *Env) makeRare() *rare {
	if e.rare == nil {
		e.rare = &rare{}
	}
	return e.rare
}

// Deploy makes an account with code: it sends the init from which the account takes its code (SPEC 1.3). The result is the
// new account's address, known before it is there.
func (e *Env) Deploy(in chain.DeployInput, amount chain.Amount) (chain.Address, error) {
	if e.view {
		return chain.Address{}, e.readOnly("deploy")
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

// Log is a line for who debugs: the first chain.MaxLogBytes of a handling are kept with its outcome, and nowhere else.
func (e *Env) Log(line []byte) {
	r := e.makeRare()
	n := min(len(line), chain.MaxLogBytes-r.logBytes)
	if n > 0 || len(line) == 0 && len(r.logs) < chain.MaxEvents {
		r.logBytes += n
		r.logs = append(r.logs, append([]byte(nil), line[:n]...))
	}
}

// Reply sets the answer of a view.
func (e *Env) Reply(output []byte) error {
	switch {
	case !e.view:
		return Fail(chain.StatusRefused, "only a view replies; a message is answered by a message")
	case len(output) > chain.MaxInputBytes:
		return Fail(chain.StatusLimit, "answer of %d bytes (limit %d)", len(output), chain.MaxInputBytes)
	}
	e.output = append([]byte(nil), output...)
	return nil
}

// View says that nothing may change (SPEC 3.5).
func (e *Env) View() bool { return e.view }

func (e *Env) readOnly(what string) error {
	return Fail(chain.StatusRefused, "a view can't %s", what)
}

// Question is a view to be run: a method of an account's code with its input, and the most gas that it may use.
type Question struct {
	Method   string
	Input    []byte
	GasLimit uint64
}

// Answer is what came of a Question. Output is of StatusOK alone.
type Answer struct {
	Status  chain.Status
	Reason  string
	Output  []byte
	GasUsed uint64
	Logs    [][]byte
}

// Query runs a view of the account self, which changes nothing. An error is the state's.
func Query(c *Context, self chain.Address, account chain.Account, storage Storage, q Question) (Answer, error) {
	m := &chain.Message{Network: c.Network, Kind: chain.External, To: self, GasLimit: q.GasLimit, Method: q.Method, Input: q.Input}
	env := newEnv(c, self, account, storage, m.Seal())
	env.view = true
	err := env.ask()
	a := Answer{Status: chain.StatusOK, Output: env.output, GasUsed: env.used}
	if env.rare != nil {
		a.Logs = env.rare.logs
	}
	if env.broken != nil {
		return Answer{}, env.broken
	}
	if err == nil && env.halt != nil {
		err = env.halt
	}
	if err == nil {
		return a, nil
	}
	failure, ok := err.(*Failure)
	if !ok {
		return Answer{}, fmt.Errorf("query %s: %w", self, err)
	}
	why := failure.normal()
	a.Status, a.Reason, a.Output = why.Status, why.Reason, nil
	return a, nil
}

func (e *Env) ask() error {
	program, err := e.Context.Programs.View(e.Self, e.before)
	if err != nil {
		return err
	}
	return program.Handle(e)
}
