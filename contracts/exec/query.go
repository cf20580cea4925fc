package exec

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/chain"
)

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
	env := newEnv(place{c, self, account, storage, &Loads{}}, m.Seal())
	env.view = true
	err := env.ask()
	a := Answer{Status: chain.StatusOK, Output: env.output, GasUsed: env.used}
	if env.rare != nil {
		a.Logs = env.rare.logs
	}
	var failure *Failure
	switch {
	case env.broken != nil:
		return Answer{}, env.broken
	case err == nil:
		return a, nil
	case !errors.As(err, &failure):
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
	return e.end(program.Handle(e))
}
