package node

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/actors/host"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// ErrAnswer is another node's answer that can't be one to the question.
var ErrAnswer = errors.New("answer of another node")

const maxHeader = 64 << 10 // of an answer; longer ones are not read

// encode is an account's answer to another node.
func (a *AccountAt) encode() []byte {
	b := wire.AppendBytes(nil, a.Account.Encode())
	b = wire.AppendU64(wire.AppendU32(b, uint32(a.Waiting)), a.Next)
	return wire.AppendBytes(b, a.Head.Header.Append(nil))
}

// decodeAccountAt reads it. That the account is what the header's state holds is the other node's word; the API's proof shows it.
func decodeAccountAt(address chain.Address, b []byte) (a AccountAt, err error) {
	r := wire.NewReader(b)
	record := r.Bytes("account", maxHeader)
	a.Waiting, a.Next = int(r.U32("waiting")), r.U64("next nonce")
	header := r.Bytes("header", maxHeader)
	if err := r.Done(); err != nil {
		return AccountAt{}, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	a.Account, err = chain.DecodeAccount(record)
	if err != nil {
		return AccountAt{}, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	h, err := chain.DecodeHeader(header)
	switch {
	case err != nil:
		return AccountAt{}, fmt.Errorf("%w: %w", ErrAnswer, err)
	case h.Chain != address.Chain():
		return AccountAt{}, fmt.Errorf("%w: header of chain %d, for an account of chain %d", ErrAnswer, h.Chain, address.Chain())
	}
	a.Head = Head{&h, h.Hash()}
	return a, nil
}

// fitting is how many of some messages, at least one, one question holds.
func fitting(raws [][]byte) int {
	n, size := 1, len(raws[0])
	for n < len(raws) && n < forwardCount && size+len(raws[n]) <= forwardBytes {
		size += len(raws[n])
		n++
	}
	return n
}

const maxAnswerText = 1 << 10 // of words and hints

// encodeAnswers is what became of messages, for another node.
func encodeAnswers(list []ingress.Answer) (b []byte) {
	for _, a := range list {
		var why ingress.Refusal
		if a.Refused != nil {
			why = refusalOf(a.Refused)
		}
		b = wire.AppendShort(b, why.Code)
		b = wire.AppendBytes(b, []byte(clipped(why.Words)))
		b = wire.AppendBytes(b, []byte(clipped(why.Hint)))
		b = wire.AppendU32(b, uint32(min(why.After.Milliseconds(), math.MaxUint32)))
	}
	return b
}

func clipped(s string) string { return s[:min(len(s), maxAnswerText)] }

// refusalOf is a reason that another node can read.
func refusalOf(err error) ingress.Refusal {
	var (
		door *ingress.Refusal
		lane *account.Refusal
		full *host.Busy
	)
	switch {
	case errors.As(err, &door):
		return *door
	case errors.As(err, &lane):
		return ingress.Refusal{Code: string(lane.Kind), Words: "message refused: " + lane.Words}
	case errors.As(err, &full):
		return ingress.Refusal{Code: ingress.CodeBusy, Words: full.Error()}
	}
	return ingress.Refusal{Code: ingress.CodeStopped, Words: "the node that has the chain could not take it in", Hint: "try again"}
}

// decodeAnswers reads what became of messages. Their ids are not another node's to say.
func decodeAnswers(b []byte, raws [][]byte) ([]ingress.Answer, error) {
	r := wire.NewReader(b)
	list := make([]ingress.Answer, len(raws))
	for i := range list {
		code := string(r.Short("code", math.MaxUint8))
		words, hint := string(r.Bytes("words", maxAnswerText)), string(r.Bytes("hint", maxAnswerText))
		after := time.Duration(r.U32("after")) * time.Millisecond
		if code != "" {
			list[i].Refused = &ingress.Refusal{Code: code, Words: words, Hint: hint, After: after}
		}
		m, err := chain.DecodeMessage(raws[i])
		switch {
		case err == nil:
			list[i].ID, list[i].From, list[i].Nonce = m.ID(), m.From, m.Nonce
		case code == "":
			return nil, fmt.Errorf("%w: it has taken in what is no message: %w", ErrAnswer, err)
		}
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return list, nil
}
