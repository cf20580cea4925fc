package ingress

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Refusal is why a message was not taken: a code for programs, words with the value and what is allowed, and what to do.
type Refusal struct {
	Code, Words, Hint string
}

// Error is the words and the hint.
func (r *Refusal) Error() string {
	if r.Hint == "" {
		return r.Words
	}
	return r.Words + "; " + r.Hint
}

// Codes of refusals, beside those of the account's lane. A code keeps its meaning for good.
const (
	CodeUndecodable   = "undecodable"
	CodeTooLarge      = "too_large"
	CodeNotExternal   = "not_external"
	CodeWrongNetwork  = "wrong_network"
	CodeWrongChain    = "wrong_chain"
	CodeWrongReceiver = "wrong_receiver"
	CodeWrongPayer    = "wrong_payer"
	CodeUnknownMethod = "unknown_method"
	CodeBadInput      = "bad_input"
	CodeBadCode       = "bad_code"
	CodePublished     = "code_published"
	CodeGasLimitLow   = "gas_limit_low"
	CodeBusy          = "busy"
	CodeUnsigned      = "unsigned"
	CodeWrongKey      = "wrong_key"
	CodeBadSignature  = "bad_signature"
	CodeStopped       = "stopped"
)

var formCodes = map[block.FormErrorKind]string{
	block.FormKind: CodeNotExternal, block.FormNetwork: CodeWrongNetwork, block.FormChain: CodeWrongChain,
	block.FormReceiver: CodeWrongReceiver, block.FormPayer: CodeWrongPayer, block.FormMethod: CodeUnknownMethod,
}

func refuseForm(e *block.FormError) *Refusal {
	return &Refusal{formCodes[e.Kind], "message refused: " + e.Words, ""}
}

func refuseSignature(err error) *Refusal {
	switch {
	case errors.Is(err, chain.ErrUnsigned):
		return &Refusal{CodeUnsigned, err.Error(), "sign it with the key of the account it comes from"}
	case errors.Is(err, chain.ErrWrongKey):
		return &Refusal{CodeWrongKey, err.Error(), "sign it with the key of the account it comes from"}
	}
	return &Refusal{CodeBadSignature, err.Error(), ""}
}

func refuseSize(n, limit int) *Refusal {
	return &Refusal{
		CodeTooLarge, fmt.Sprintf("message of %d bytes: at most %d are allowed", n, limit),
		"split it, or publish the content elsewhere and send its hash",
	}
}
