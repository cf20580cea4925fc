package api_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// against is a case against the one seat of a genesis.
func against(t *testing.T, g *chain.Genesis, secret keys.BLSSecret) []byte {
	t.Helper()
	header, _, err := block.Genesis(g, merkle.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(b byte) light.Claim {
		v := chain.Vote{Step: chain.Confirmation, Network: g.Network(), Chain: g.Chain, Height: 1, Round: 7, Block: chain.BlockHash{b}}
		s, err := committee.Sign(secret, v.Domain(), v.Append(nil), chain.SeatsOf(0)).Point.Signature()
		if err != nil {
			t.Fatal(err)
		}
		return light.Claim{Vote: &v, Seats: chain.SeatsOf(0), Signature: s}
	}
	k, err := evidence.Against(g.Committee, *header, light.Evidence{First: claim(1), Second: claim(2)})
	if err != nil {
		t.Fatal(err)
	}
	return k.Encode()
}

// What a node keeps against a member is listed and served, as the bytes that convict.
func TestEvidence(t *testing.T) {
	secret := keys.BLSFromSeed([32]byte{9})
	own := key("alice").Public()
	g := genesis()
	g.Committee = chain.Committee{Chain: g.Chain}
	g.AddSeat(own, secret)
	want := against(t, g, secret)
	hash := evidence.Name(want)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "faults"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "faults", "evidence-"+hash.String()), want, 0o600); err != nil {
		t.Fatal(err)
	}
	wires := node.NewSwitch()
	defer wires.Close()
	r := start(t, setup{auto: true, node: func(c *node.Config) {
		c.Genesis, c.Dir = g, dir
		c.Member = &node.Member{Node: own, Secret: secret, Net: wires.Port(own), Founding: true}
	}})
	list, err := r.client.Evidence(t.Context(), chain.Main)
	if err != nil || list.Chain != chain.Main || len(list.Evidence) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	e := list.Evidence[0]
	if e.Kind != "two-votes" || e.Height != 1 || e.Round != 7 || e.Hash != hash || e.Bytes != len(want) || len(e.Guilty) != 1 || e.Guilty[0] != (client.GuiltySeat{Seat: 0, Member: own}) {
		t.Errorf("%+v", e)
	}
	raw, err := r.client.RawEvidence(t.Context(), chain.Main, hash)
	if err != nil || !bytes.Equal(raw, want) {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	named, err := http.Get(r.url + "/v1/chains/main/evidence")
	if err != nil {
		t.Fatal(err)
	}
	defer named.Body.Close()
	if body, err := io.ReadAll(named.Body); err != nil || named.StatusCode != http.StatusOK || !strings.Contains(string(body), hash.String()) {
		t.Errorf("by its name: %d %s, %v", named.StatusCode, body, err)
	}
	for path, want := range map[string]struct {
		status int
		code   string
	}{
		"/v1/chains/2/evidence":                                      {404, client.CodeWrongChain},
		"/v1/chains/0/evidence":                                      {400, client.CodeBadRequest},
		"/v1/chains/none/evidence":                                   {404, client.CodeUnknownChain},
		"/v1/chains/4294967297/evidence":                             {400, client.CodeBadRequest},
		"/v1/chains/2/evidence/" + hash.String() + "/raw":            {404, client.CodeWrongChain},
		"/v1/chains/1/evidence/" + "00/raw":                          {400, client.CodeBadRequest},
		"/v1/chains/1/evidence/" + strings.Repeat("00", 32) + "/raw": {404, client.CodeUnknownEvidence},
	} {
		answer, err := http.Get(r.url + path)
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		_, err = body.ReadFrom(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != want.status || !strings.Contains(body.String(), `"code":"`+want.code+`"`) {
			t.Errorf("%s: %d %s, %v", path, answer.StatusCode, body.String(), err)
		}
	}
}

// A chain that one validator runs has nobody to accuse.
func TestNoEvidence(t *testing.T) {
	r := start(t, setup{})
	if list, err := r.client.Evidence(t.Context(), chain.Main); err != nil || list.Evidence == nil || len(list.Evidence) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}
