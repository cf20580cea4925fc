package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// getEvidence lists what this node keeps against members; that is bounded (chain.MaxEvidence).
func (s *served) getEvidence(w http.ResponseWriter, _ *http.Request) error {
	answer := client.EvidenceList{Chain: s.node.Chain(), Evidence: []client.Evidence{}}
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
func (s *served) getRawEvidence(w http.ResponseWriter, q *http.Request) error {
	var hash chain.Hash
	if err := hash.UnmarshalText([]byte(q.PathValue("hash"))); err != nil {
		return badRequest("evidence: %v", err)
	}
	raw, err := s.rawEvidence(hash)
	if errors.Is(err, store.ErrNotFound) {
		return notFound(client.CodeUnknownEvidence, fmt.Sprintf("evidence %s is not kept here", hash), fmt.Sprintf("GET /v1/chains/%d/evidence lists what is", s.node.Chain()))
	}
	if err != nil {
		return err
	}
	s.answerBytes(w, http.StatusOK, "application/octet-stream", raw)
	return nil
}

func (s *served) rawEvidence(hash chain.Hash) ([]byte, error) {
	if err := s.evidence.enter(""); err != nil {
		return nil, err
	}
	defer s.evidence.leave("")
	return s.node.RawEvidence(hash)
}
