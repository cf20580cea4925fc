package client

import (
	"context"
	"fmt"
	"net/http"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Evidence is a proof that a node keeps of what a member of its committee did wrong. It is the node's word: judge the proof
// itself (RawEvidence), which package consensus/evidence and `thinkey evidence judge` do.
type Evidence struct {
	Hash chain.Hash `json:"hash"`
	// Kind is two-votes, two-timeouts, timeout-against-vote or invalid-block.
	Kind   string       `json:"kind"`
	Epoch  uint64       `json:"epoch"`
	Height uint64       `json:"height"`
	Round  uint32       `json:"round"`
	Guilty []GuiltySeat `json:"guilty"`
	Bytes  int          `json:"bytes"`
}

// GuiltySeat is a seat with the node that holds it.
type GuiltySeat struct {
	Seat   int            `json:"seat"`
	Member keys.PublicKey `json:"member"`
}

// EvidenceList is what a node keeps, by height and round.
type EvidenceList struct {
	Chain    chain.ID   `json:"chain"`
	Evidence []Evidence `json:"evidence"`
}

// Evidence lists the proofs that the node keeps against members of the committee of a chain.
func (c *Client) Evidence(ctx context.Context, id chain.ID) (EvidenceList, error) {
	var l EvidenceList
	return l, c.call(ctx, request{method: http.MethodGet, path: fmt.Sprintf("/v1/chains/%d/evidence", id)}, &l)
}

// RawEvidence is one of them, held to its hash; what it proves is not asked.
func (c *Client) RawEvidence(ctx context.Context, id chain.ID, hash chain.Hash) ([]byte, error) {
	raw, err := c.fetch(ctx, request{method: http.MethodGet, path: fmt.Sprintf("/v1/chains/%d/evidence/%s/raw", id, hash)})
	if err != nil {
		return nil, err
	}
	n := len(raw) - len(hash) // it ends with the sum of what stands before, which is its hash
	if n < 0 || [len(hash)]byte(raw[n:]) != hash || wire.Sum(wire.TagEvidence, raw[:n]) != hash {
		return nil, fmt.Errorf("%w: the evidence that it sent does not have the hash %s", ErrProof, hash)
	}
	return raw, nil
}
