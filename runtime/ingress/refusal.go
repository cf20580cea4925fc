package ingress

import (
	"errors"
	"fmt"
	"time"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Refusal is why a message was not taken: a code for programs, words with the value and what is allowed, and what to do.
type Refusal struct {
	Code, Words, Hint string
	// After is when it may be taken, if that can be told; zero otherwise.
	After time.Duration
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
	CodeChainLoaded   = "chain_loaded"
)

var formCodes = map[block.FormErrorKind]string{
	block.FormKind: CodeNotExternal, block.FormNetwork: CodeWrongNetwork, block.FormChain: CodeWrongChain,
	block.FormReceiver: CodeWrongReceiver, block.FormPayer: CodeWrongPayer, block.FormMethod: CodeUnknownMethod,
}

func refuseForm(e *block.FormError) *Refusal {
	return &Refusal{Code: formCodes[e.Kind], Words: "message refused: " + e.Words}
}

func refuseSignature(err error) *Refusal {
	switch {
	case errors.Is(err, chain.ErrUnsigned):
		return &Refusal{Code: CodeUnsigned, Words: err.Error(), Hint: "sign it with the key of the account it comes from"}
	case errors.Is(err, chain.ErrWrongKey):
		return &Refusal{Code: CodeWrongKey, Words: err.Error(), Hint: "sign it with the key of the account it comes from"}
	}
	return &Refusal{Code: CodeBadSignature, Words: err.Error()}
}

func refuseSize(n, limit int) *Refusal {
	return &Refusal{
		Code:  CodeTooLarge,
		Words: fmt.Sprintf("message of %d bytes: at most %d are allowed", n, limit),
		Hint:  "split it, or publish the content elsewhere and send its hash",
	}
}
