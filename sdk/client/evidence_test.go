package client_test

import (
	"bytes"
	"errors"
	"net/http"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Evidence is what its hash says, or it is refused.
func TestRawEvidenceIsHeldToItsHash(t *testing.T) {
	body := []byte("what a member did")
	hash := chain.Hash(wire.Sum(wire.TagEvidence, body))
	whole := append(bytes.Clone(body), hash[:]...)
	sent := whole
	url := serve(t, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/v1/chains/1/evidence/"+hash.String()+"/raw" {
			t.Errorf("asked for %s", q.URL)
		}
		_, _ = w.Write(sent)
	})
	if raw, err := client.New(url).RawEvidence(t.Context(), chain.Main, hash); err != nil || !bytes.Equal(raw, whole) {
		t.Fatal(err)
	}
	other := chain.Hash(wire.Sum(wire.TagEvidence, nil))
	flipped := bytes.Clone(whole)
	flipped[3] ^= 1
	for name, b := range map[string][]byte{
		"nothing": nil, "the hash alone": hash[:], "a byte flipped": flipped, "cut off": whole[:len(whole)-1], "something else": other[:],
	} {
		sent = b
		if _, err := client.New(url).RawEvidence(t.Context(), chain.Main, hash); !errors.Is(err, client.ErrProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
