package native

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// command is a common external message: what the signer's account does, or the Failure that it can only end in, which
// depends on the message alone.
type command func(m *chain.Message) (action, error)

// action is what is left to do once the message is read.
type action func(env *exec.Env) error

// Handle does it.
func (c command) Handle(env *exec.Env) error {
	do, err := c(env.Message)
	if err != nil {
		return err
	}
	return do(env)
}

func send(s chain.Sent) action { return func(env *exec.Env) error { return env.Send(s) } }

// commands are all of them. A method that is none is for the account's code.
var commands = map[string]command{
	chain.MethodTransfer: transfer,
	chain.MethodCall:     call,
	chain.MethodDeploy:   deploy,
	chain.MethodSetCode:  setCode,
}

// Check says why the external message m could only fail, whatever the state; nil if it can succeed. The door refuses with
// it what would cost its sender gas for nothing. A method that is no command is for the account's code.
func Check(m *chain.Message) error {
	if m.Method == chain.MethodPublish {
		_, err := readPublish(m)
		return err
	}
	c, ok := commands[m.Method]
	if !ok {
		return nil
	}
	_, err := c(m)
	return err
}

// readPublish is the input of a publish.
func readPublish(m *chain.Message) (chain.PublishInput, error) {
	in, err := chain.DecodePublish(m.Input)
	if err != nil {
		return in, badInput(m, err)
	}
	return in, noAmount(m)
}

func unknown(m *chain.Message) error {
	return exec.Fail(chain.StatusUnknownMethod, "%q is no command of an account without code: transfer, call, deploy, setcode, publish", m.Method)
}

// transfer sends the message's amount to another account (the whitepaper's tran).
func transfer(m *chain.Message) (action, error) {
	in, err := chain.DecodeTransfer(m.Input)
	if err != nil {
		return nil, badInput(m, err)
	}
	return send(chain.Sent{To: in.To, Method: chain.MethodAdd, Amount: m.Amount, GasLimit: gas.Add}), nil
}

// call sends the message that its input describes.
func call(m *chain.Message) (action, error) {
	in, err := chain.DecodeCall(m.Input)
	if err != nil {
		return nil, badInput(m, err)
	}
	if exec.IsReserved(in.Method) {
		return nil, exec.Fail(chain.StatusBadInput, "call: a message %q is made by the ledger alone", in.Method)
	}
	return send(chain.Sent{To: in.To, Method: in.Method, Input: in.Input, Amount: m.Amount, GasLimit: in.GasLimit}), nil
}

// deploy makes an account with code.
func deploy(m *chain.Message) (action, error) {
	in, err := chain.DecodeDeploy(m.Input)
	if err != nil {
		return nil, badInput(m, err)
	}
	if in.Code == (chain.CodeHash{}) {
		return nil, exec.Fail(chain.StatusBadInput, "deploy: it names no code")
	}
	return func(env *exec.Env) error {
		_, err := env.Deploy(in, m.Amount)
		return err
	}, nil
}

// setCode gives the signer's account code.
func setCode(m *chain.Message) (action, error) {
	in, err := chain.DecodeSetCode(m.Input)
	if err != nil {
		return nil, badInput(m, err)
	}
	return func(env *exec.Env) error { return env.SetCode(in.Code) }, noAmount(m)
}
