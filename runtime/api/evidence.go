package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// chain reads {chain}, which must be this node's.
func (s *Server) chain(q *http.Request) (chain.ID, error) {
	text := q.PathValue("chain")
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return 0, badRequest("chain %q: it must be a number from 1", clip(text))
	}
	if id := chain.ID(n); id != s.node.Chain() {
		return 0, &client.Error{
			Code: client.CodeWrongChain, Status: http.StatusNotFound,
			Message: fmt.Sprintf("this node runs chain %d, not chain %d", s.node.Chain(), id), Hint: "ask a node of that chain",
		}
	}
	return s.node.Chain(), nil
}

// getEvidence lists what this node keeps against members; that is bounded (chain.MaxEvidence).
func (s *Server) getEvidence(w http.ResponseWriter, q *http.Request) error {
	id, err := s.chain(q)
	if err != nil {
		return err
	}
	answer := client.EvidenceList{Chain: id, Evidence: []client.Evidence{}}
	for _, f := range s.node.Evidence() {
		e := client.Evidence{Hash: f.Hash, Kind: string(f.Kind), Epoch: f.Epoch, Height: f.Height, Round: f.Round, Bytes: f.Bytes}
		for _, g := range f.Guilty {
			e.Guilty = append(e.Guilty, client.GuiltySeat(g))
		}
		answer.Evidence = append(answer.Evidence, e)
	}
	s.answer(w, http.StatusOK, answer)
	return nil
}

// getRawEvidence answers with the file itself, as every node that has found out the same keeps it. Few are read at once, and
// what is on its way out is bounded like all answers (N2): one may hold a block of the largest size.
func (s *Server) getRawEvidence(w http.ResponseWriter, q *http.Request) error {
	id, err := s.chain(q)
	if err != nil {
		return err
	}
	var hash chain.Hash
	if err := hash.UnmarshalText([]byte(q.PathValue("hash"))); err != nil {
		return badRequest("evidence: %v", err)
	}
	raw, err := s.rawEvidence(hash)
	if errors.Is(err, store.ErrNotFound) {
		return notFound(client.CodeUnknownEvidence, fmt.Sprintf("evidence %s is not kept here", hash), fmt.Sprintf("GET /v1/chains/%d/evidence lists what is", id))
	}
	if err != nil {
		return err
	}
	s.answerBytes(w, http.StatusOK, "application/octet-stream", raw)
	return nil
}

func (s *Server) rawEvidence(hash chain.Hash) ([]byte, error) {
	if err := s.evidence.enter(); err != nil {
		return nil, err
	}
	defer s.evidence.leave()
	return s.node.RawEvidence(hash)
}
