package native

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// command is a common external message: what it makes the signer's account send, or the Failure that it can only end in.
// It depends on the message alone.
type command func(m *chain.Message) (chain.Sent, error)

// Handle sends it.
func (c command) Handle(env *exec.Env) error {
	s, err := c(env.Message)
	if err != nil {
		return err
	}
	return env.Send(s)
}

// commands are all of them. A method that is none is for the account's code.
var commands = map[string]command{
	chain.MethodTransfer: transfer,
	chain.MethodCall:     call,
	chain.MethodDeploy:   deploy,
	chain.MethodSetCode:  setCode,
}

// Check says why the external message m could only fail at an account without code, whatever the state; nil if it can
// succeed. The door refuses with it what would cost its sender gas for nothing.
func Check(m *chain.Message) error {
	c, ok := commands[m.Method]
	if !ok {
		return unknown(m)
	}
	_, err := c(m)
	return err
}

func unknown(m *chain.Message) error {
	return exec.Fail(chain.StatusUnknownMethod, "%q is no command of an account without code: transfer, call, deploy, setcode", m.Method)
}

// transfer sends the message's amount to another account (the whitepaper's tran).
func transfer(m *chain.Message) (chain.Sent, error) {
	in, err := chain.DecodeTransfer(m.Input)
	if err != nil {
		return chain.Sent{}, exec.Fail(chain.StatusBadInput, "transfer: %v", err)
	}
	return chain.Sent{To: in.To, Method: chain.MethodAdd, Amount: m.Amount, GasLimit: exec.AddGas}, nil
}

// call sends the message that its input describes.
func call(m *chain.Message) (chain.Sent, error) {
	in, err := chain.DecodeCall(m.Input)
	if err != nil {
		return chain.Sent{}, exec.Fail(chain.StatusBadInput, "call: %v", err)
	}
	if in.Method == chain.MethodBounce {
		return chain.Sent{}, exec.Fail(chain.StatusBadInput, "call: a bounce is made by the ledger alone")
	}
	return chain.Sent{To: in.To, Method: in.Method, Input: in.Input, Amount: m.Amount, GasLimit: in.GasLimit}, nil
}

// deploy is to make an account with code.
func deploy(m *chain.Message) (chain.Sent, error) {
	if _, err := chain.DecodeDeploy(m.Input); err != nil {
		return chain.Sent{}, exec.Fail(chain.StatusBadInput, "deploy: %v", err)
	}
	return chain.Sent{}, exec.Fail(chain.StatusNotYet, "deploy: this network runs no code yet")
}

// setCode is to give the signer's account code.
func setCode(m *chain.Message) (chain.Sent, error) {
	in, err := chain.DecodeSetCode(m.Input)
	if err != nil {
		return chain.Sent{}, exec.Fail(chain.StatusBadInput, "setcode: %v", err)
	}
	return chain.Sent{}, exec.Fail(chain.StatusNotYet, "setcode: this network runs no code yet, so %s can't be given", in.Code)
}
