package cli

import (
	"errors"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/sdk/chain"
)

// noMethod is a method that no contract has: names are words.
const noMethod = "\x00"

// leastGas is what every message to an account with this code pays before its method begins: the handling, an instance with
// the module's image, and finding the method. It is that of a message of an unknown method to an account that has nothing
// stored, without what the bounce costs that says so. Measured by the function that a node handles messages with; by the
// interpreter, which gives the same gas and needs no second to compile.
func leastGas(code []byte) (uint64, error) {
	hash := chain.PublishInput{Code: code}.Hash()
	engine, err := wasm.Open(wasm.Config{
		Mode:   wasm.Interpret,
		Source: func(chain.CodeHash) ([]byte, error) { return code, nil },
	})
	if err != nil {
		return 0, err
	}
	maker := chain.SystemAddress(chain.Main)
	self := chain.MadeAddress(chain.Main, maker, [32]byte{}, hash)
	m := &chain.Message{
		Kind: chain.Relay, From: maker, To: self, Payer: maker, GasLimit: chain.MaxMessageGas, Method: noMethod, Depth: 1,
	}
	outcome, err := exec.Apply(solo(engine), self, chain.Account{Code: hash, Balance: chain.NewAmount(1)}, shelf{}, m.Seal())
	if err = errors.Join(err, engine.Close()); err != nil {
		return 0, err
	}
	if outcome.Status.IsFailure() && len(outcome.Sent) == 1 {
		return outcome.GasUsed - exec.SendGas(&outcome.Sent[0]), nil
	}
	return outcome.GasUsed, nil
}
