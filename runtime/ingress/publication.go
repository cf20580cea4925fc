package ingress

import (
	"fmt"
	"sync/atomic"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// desk is where modules are validated before they take a place in the mempool. Nobody pays for that, so it is done for one
// publication at a time, and few may wait for their turn; and only for those whose sender could pay.
type desk struct {
	turn    chan struct{} // holds one while a module is being validated
	waiting *atomic.Int64 // those that are validated, or want to be
}

// maxAtDesk bounds how long the last one waits: validating the largest module takes some 100 ms.
const maxAtDesk = 8

func newDesk() desk { return desk{make(chan struct{}, 1), new(atomic.Int64)} }

// publication refuses a publication that would cost its sender gas for nothing. Its form and its signature are checked.
func (d *Door) publication(c *exec.Context, m *chain.Message) error {
	if d.Mempool.Waits(m.ID()) {
		return nil
	}
	if err := d.Mempool.Admit(c, m); err != nil {
		return err
	}
	in, err := chain.DecodePublish(m.Input)
	switch {
	case err != nil: // decode looked at it
		return &Refusal{Code: CodeBadInput, Words: "message refused: " + err.Error()}
	case !m.Amount.IsZero():
		return &Refusal{Code: CodeBadInput, Words: "message refused: a publication takes no amount, and this has " + m.Amount.String()}
	}
	if least := exec.PublicationGas(m, in, 0); m.GasLimit < least {
		return refuseGas(m, least)
	}
	switch entry, err := c.Code(in.Hash()); {
	case err != nil:
		return err
	case entry != nil:
		return &Refusal{Code: CodePublished, Words: fmt.Sprintf("code %s is published already, at height %d", in.Hash(), entry.Height), Hint: "use it"}
	}
	complexity, err := d.validate(in.Code)
	if err != nil {
		return err
	}
	if least := exec.PublicationGas(m, in, complexity); m.GasLimit < least {
		return refuseGas(m, least)
	}
	return nil
}

func refuseGas(m *chain.Message, least uint64) *Refusal {
	return &Refusal{Code: CodeGasLimitLow, Words: fmt.Sprintf("gas limit %d: this publication needs at least %d", m.GasLimit, least)}
}

// validate waits for its turn.
func (d *Door) validate(code []byte) (complexity uint64, err error) {
	defer d.desk.waiting.Add(-1)
	if d.desk.waiting.Add(1) > maxAtDesk {
		return 0, &Refusal{Code: CodeBusy, Words: fmt.Sprintf("%d modules wait to be validated", maxAtDesk), Hint: "try again"}
	}
	d.desk.turn <- struct{}{}
	defer func() { <-d.desk.turn }()
	complexity, _, err = d.Validate(code)
	return complexity, refuseCommand(err)
}
