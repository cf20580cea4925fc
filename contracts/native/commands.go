package native

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// transfer sends the message's amount to another account (the whitepaper's tran).
type transfer struct{}

func (transfer) Handle(env *exec.Env) error {
	in, err := chain.DecodeTransfer(env.Message.Input)
	if err != nil {
		return exec.Fail(chain.StatusBadInput, "transfer: %v", err)
	}
	return env.Send(chain.Sent{To: in.To, Method: chain.MethodAdd, Amount: env.Message.Amount, GasLimit: exec.AddGas})
}

// call sends the message that its input describes.
type call struct{}

func (call) Handle(env *exec.Env) error {
	in, err := chain.DecodeCall(env.Message.Input)
	if err != nil {
		return exec.Fail(chain.StatusBadInput, "call: %v", err)
	}
	return env.Send(chain.Sent{To: in.To, Method: in.Method, Input: in.Input, Amount: env.Message.Amount, GasLimit: in.GasLimit})
}

// deploy makes an account with code.
type deploy struct{}

func (deploy) Handle(env *exec.Env) error {
	if _, err := chain.DecodeDeploy(env.Message.Input); err != nil {
		return exec.Fail(chain.StatusBadInput, "deploy: %v", err)
	}
	return exec.Fail(chain.StatusNotYet, "deploy: this network runs no code yet")
}

// setCode gives the signer's account code.
type setCode struct{}

func (setCode) Handle(env *exec.Env) error {
	in, err := chain.DecodeSetCode(env.Message.Input)
	if err != nil {
		return exec.Fail(chain.StatusBadInput, "setcode: %v", err)
	}
	return exec.Fail(chain.StatusNotYet, "setcode: this network runs no code yet, so %s can't be given", in.Code)
}

// take is add and bounce: what came is credited already, and nothing is left to do but to pay for a new account.
type take struct{}

func (take) Handle(env *exec.Env) error { return env.ChargeNewAccount() }
