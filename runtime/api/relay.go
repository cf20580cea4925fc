package api

import (
	"errors"
	"net/http"

	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/light"
)

// postRelay answers who makes an envelope of this chain's relays, or of relays that this chain's state covers. Few are answered at
// once, like readers of blocks (N2).
func (s *served) postRelay(w http.ResponseWriter, q *http.Request) error {
	body := body{budget: s.bodies}
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

// postEnvelope keeps an envelope for the next block. Whether its proof holds, the block's maker and all who verify it judge.
func (s *served) postEnvelope(w http.ResponseWriter, q *http.Request) error {
	body := body{budget: s.bodies}
	defer body.free()
	if err := body.read(q, maxEnvelopeBytes); err != nil {
		w.Header().Set("Connection", "close")
		return err
	}
	e, err := light.DecodeEnvelope(append([]byte(nil), body.bytes...))
	if err != nil {
		return badRequest("%s", clip(err.Error()))
	}
	if to := e.Import.Messages[0].To.Chain(); to != s.node.Chain() {
		return &client.Error{
			Code: client.CodeWrongChain, Status: http.StatusNotFound, Message: "the envelope is for another chain",
			Hint: "bring it to a node of that chain",
		}
	}
	expected, err := s.node.Entry(chain.SystemAddress(s.node.Chain()), chain.InKey(e.Import.Source))
	if err != nil {
		return err
	}
	next, err := chain.DecodeNumber(expected)
	if err != nil {
		return err
	}
	if err := s.node.Deliver(&e); err != nil {
		return busy("%v", err)
	}
	s.answer(w, http.StatusOK, client.Delivered{Chain: s.node.Chain(), Source: e.Import.Source, First: e.Import.First, Messages: len(e.Import.Messages), Expected: next})
	return nil
}
