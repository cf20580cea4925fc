package ingress

import (
	"errors"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Mempool are the lanes of the live accounts: each answers whether it takes the message.
type Mempool interface {
	Offer(c *exec.Context, messages []*chain.Message) []error
	// Waits says whether a message waits already.
	Waits(id chain.MessageID) bool
	// Admit says why m can't be taken, as far as the final record of its account tells.
	Admit(c *exec.Context, m *chain.Message) error
}

// Config says where a Door leads.
type Config struct {
	Network chain.NetworkID
	Chain   chain.ID
	Mempool Mempool
	// Context is what the next block will tell its handlings.
	Context func() *exec.Context
	// Latest is the last block that is known here of another chain; zero if none is. Nil where no other chain is known here.
	Latest func(to chain.ID) (chain.Anchor, error)
	// Validate judges a module (native.Codes); nil on a chain that runs no code.
	Validate func(code []byte) (complexity, load uint64, err error)
	// Known, if set, remembers the signatures that were verified.
	Known *Known
	// Each runs independent work; Mark, if set, is told when a stage ends.
	Each merkle.Each
	Mark func(block.Stage)
}

// Door takes external messages in. Its methods may be called from many goroutines.
type Door struct {
	Config
	verifier *verifier
	desk     desk
	pressure *pressure
}

// New opens a door; Close it to end its goroutine.
func New(c Config) *Door {
	return &Door{Config: c, verifier: newVerifier(c.Each), desk: newDesk(), pressure: newPressure()}
}

// Close ends the door. Submissions under way end first; later ones are refused.
func (d *Door) Close() { d.verifier.close() }

// Answer is what became of one submitted message: it waits to be put into a block, or was refused.
type Answer struct {
	ID      chain.MessageID // zero if it didn't decode
	From    chain.Address
	Nonce   uint64
	Refused error // nil: it waits. Else a *Refusal, or an error of the account's lane
}

// Submit takes encoded messages in and answers each. A message that waits already is answered like a new one: submission is
// idempotent.
func (d *Door) Submit(raws [][]byte) []Answer {
	answers := make([]Answer, len(raws))
	messages := make([]*chain.Message, 0, len(raws))
	at := make([]int, 0, len(raws)) // of messages: where it stands in raws
	for i, raw := range raws {
		m, err := d.decode(raw)
		if m != nil {
			answers[i] = Answer{ID: m.ID(), From: m.From, Nonce: m.Nonce}
		}
		if answers[i].Refused = err; err == nil {
			messages, at = append(messages, m), append(at, i)
		}
	}
	passed := 0
	counted := make([]chain.ID, len(messages))
	for i, err := range d.signatures(messages) {
		if err == nil && messages[i].Method == chain.MethodPublish {
			err = d.publication(d.Context(), messages[i])
		}
		var to chain.ID
		if err == nil {
			to, err = d.slow(messages[i])
		}
		if err != nil {
			answers[at[i]].Refused = err
			continue
		}
		messages[passed], at[passed], counted[passed] = messages[i], at[i], to
		passed++
	}
	d.mark(block.StageSignature)
	for i, err := range d.Mempool.Offer(d.Context(), messages[:passed]) {
		if answers[at[i]].Refused = err; err != nil {
			d.pressure.forget(counted[i])
		}
	}
	d.mark(block.StageExecution)
	return answers
}

// signatures returns an error for each message whose signature is none.
func (d *Door) signatures(messages []*chain.Message) []error {
	if d.Known == nil {
		return d.verifier.verify(messages)
	}
	errs := make([]error, len(messages))
	fresh, at := make([]*chain.Message, 0, len(messages)), make([]int, 0, len(messages))
	for i, m := range messages {
		if !d.Known.Has(m) {
			fresh, at = append(fresh, m), append(at, i)
		}
	}
	verified := make([]*chain.Message, 0, len(fresh))
	for i, err := range d.verifier.verify(fresh) {
		if errs[at[i]] = err; err == nil {
			verified = append(verified, fresh[i])
		}
	}
	d.Known.Add(verified...)
	return errs
}

func (d *Door) mark(s block.Stage) {
	if d.Mark != nil {
		d.Mark(s)
	}
}

// decode checks all that can be said of a message without its signature and its account. The message is returned beside
// a refusal if it decoded.
func (d *Door) decode(raw []byte) (*chain.Message, error) {
	if len(raw) > chain.MaxPublicationBytes {
		return nil, refuseSize(len(raw), chain.MaxPublicationBytes)
	}
	m, err := chain.DecodeMessage(raw)
	if large := len(raw) > chain.MaxMessageBytes; large && (errors.Is(err, wire.ErrLimit) || err == nil && m.Method != chain.MethodPublish) {
		return nil, refuseSize(len(raw), chain.MaxMessageBytes)
	}
	if err != nil {
		return nil, &Refusal{Code: CodeUndecodable, Words: "message does not decode: " + err.Error(), Hint: "encode it as sdk/chain does"}
	}
	if err := block.CheckForm(d.Network, d.Chain, m); err != nil {
		return m, refuseForm(err)
	}
	return m, refuseCommand(native.Check(m))
}

// refuseCommand refuses at the door what could only fail in a block.
func refuseCommand(err error) error {
	var failure *exec.Failure
	if !errors.As(err, &failure) {
		return err
	}
	code := CodeBadInput
	if failure.Status == chain.StatusBadCode {
		code = CodeBadCode
	}
	return &Refusal{Code: code, Words: "message refused: " + failure.Error()}
}
