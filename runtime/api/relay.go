package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/light"
)

// postRelay answers who makes an envelope of this chain's relays, or of relays that this chain's state covers. Few are answered at
// once, like readers of blocks (N2).
func (s *served) postRelay(w http.ResponseWriter, q *http.Request) error {
	body := body{budget: s.bodies, from: fromAddr(q.RemoteAddr)}
	defer body.free()
	if err := body.read(q, relay.MaxAskBytes); err != nil {
		w.Header().Set("Connection", "close")
		return err
	}
	var answer []byte
	err := s.histories.read(q.Context(), func() (err error) {
		answer, err = relay.Answer(s.node.Relay(), body.bytes)
		return err
	})
	switch {
	case errors.Is(err, relay.ErrAsk):
		return badRequest("%s", clip(err.Error()))
	case errors.Is(err, store.ErrNotFound):
		return notFound(client.CodeUnknownBlock, "chain: nothing is there yet", "ask later")
	case err != nil:
		return err
	}
	s.answerBytes(w, http.StatusOK, client.TypeMessage, answer)
	return nil
}

// maxEnvelopeBytes bounds what is carried here at once: relays of a megabyte, their places, and the views.
const maxEnvelopeBytes = 4 << 20

// postEnvelope keeps an envelope or an acknowledgement for the next block, if its proof holds. Few are judged at once, like readers of blocks
// (N2).
func (s *served) postEnvelope(w http.ResponseWriter, q *http.Request) error {
	body := body{budget: s.bodies, from: fromAddr(q.RemoteAddr)}
	defer body.free()
	if err := body.read(q, maxEnvelopeBytes); err != nil {
		w.Header().Set("Connection", "close")
		return err
	}
	raw := append([]byte(nil), body.bytes...)
	if light.IsAcknowledgement(raw) {
		return s.acknowledge(w, q, raw)
	}
	e, err := light.DecodeEnvelope(raw)
	if err != nil {
		return badRequest("%s", clip(err.Error()))
	}
	if e.Import.Messages[0].To.Chain() != s.node.Chain() {
		return wrongChain("the envelope")
	}
	expected, err := s.node.Entry(chain.SystemAddress(s.node.Chain()), chain.InKey(e.Import.Source))
	if err != nil {
		return err
	}
	next, err := chain.DecodeNumber(expected)
	if err != nil {
		return err
	}
	if err := brought(s.histories.read(q.Context(), func() error { return s.node.Deliver(&e) })); err != nil {
		return err
	}
	s.answer(w, http.StatusOK, client.Delivered{Chain: s.node.Chain(), Source: e.Import.Source, First: e.Import.First, Messages: len(e.Import.Messages), Expected: next})
	return nil
}

// acknowledge keeps an acknowledgement, if it shows enough more than the chain knows.
func (s *served) acknowledge(w http.ResponseWriter, q *http.Request, raw []byte) error {
	e, err := light.DecodeAcknowledgement(raw)
	if err != nil {
		return badRequest("%s", clip(err.Error()))
	}
	if e.To != s.node.Chain() {
		return wrongChain("the acknowledgement")
	}
	p, err := light.DecodeAckProof(e.Ack.Proof)
	if err != nil {
		return badRequest("%s", clip(err.Error()))
	}
	entry, err := s.node.Entry(chain.SystemAddress(s.node.Chain()), chain.OutKey(e.Ack.Chain))
	if err != nil {
		return err
	}
	out, err := chain.DecodeOutward(entry)
	if err != nil {
		return err
	}
	kept := false
	if err := brought(s.histories.read(q.Context(), func() (err error) {
		kept, err = s.node.Acknowledge(&e)
		return err
	})); err != nil {
		return err
	}
	a := client.Acknowledged{Next: p.Next, Known: out.Consumed, Sent: out.Next, Kept: kept}
	s.answer(w, http.StatusOK, client.Delivered{Chain: s.node.Chain(), Source: e.Ack.Chain, Acknowledged: &a})
	return nil
}

func wrongChain(what string) error {
	return &client.Error{
		Code: client.CodeWrongChain, Status: http.StatusNotFound, Message: what + " is for another chain",
		Hint: "bring it to a node of that chain",
	}
}

// brought says why what somebody carried is not kept.
func brought(err error) error {
	var fault *block.Fault
	switch {
	case errors.As(err, &fault):
		return &client.Error{
			Code: client.CodeBadEnvelope, Status: http.StatusUnprocessableEntity, Message: fmt.Sprintf("what was brought is not taken in: %s", clip(fault.Error())),
			Hint: "get it again when the chain has seen what it starts from, or elsewhere",
		}
	case errors.Is(err, relay.ErrBag), errors.Is(err, node.ErrNoEnvelopes):
		return busy("%v", err)
	}
	return err
}
