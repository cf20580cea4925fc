package kit

import (
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Query asks a view of the contract of an account, after the last block. What it answers is decoded into out, a pointer;
// nil if it doesn't matter. The test ends if the contract refuses; Ask is for looking at that.
func (k *Chain) Query(of *Account, method string, out any, list ...Detail) {
	k.t.Helper()
	a := k.Ask(of, method, list...)
	if a.Status != chain.StatusOK {
		k.t.Fatalf("kit: the question %s.%s failed: %s", of.name, method, describeFailure(a.Status, a.Reason))
	}
	if out == nil {
		return
	}
	if err := Decode(a.Output, out); err != nil {
		k.t.Fatalf("kit: the answer of %s.%s, %s, is no %T: %v", of.name, method, plainText(a.Output), out, err)
	}
}

// Answer is what came of a question.
type Answer = exec.Answer

// Ask is Query as it is: status, output, logs and gas.
func (k *Chain) Ask(of *Account, method string, list ...Detail) Answer {
	k.t.Helper()
	d := k.sending(list)
	k.check(d.amount == nil, "a question carries no amount")
	k = of.chain
	context, err := k.now.before(k.tree).Context(k.rules, max(k.now.header.TimeMillis, k.clock)+uint64(k.pace.Milliseconds()))
	k.must(err)
	record := k.record(of.address)
	q := exec.Question{Method: method, Input: k.input(of, method, &d), GasLimit: chain.MaxMessageGas}
	answer, err := exec.Query(context, of.address, record, exec.NewOverlay(of.address, record, k.now), q)
	k.must(err)
	return answer
}
