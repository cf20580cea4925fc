package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
)

// What another node answers is read up to a bound: its address is from gossip, and may be anybody's.
func TestClusterEndless(t *testing.T) {
	const most = 64 << 20
	sent := 0
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/v1/peers" {
			_ = json.NewEncoder(w).Encode(client.Info{})
			return
		}
		_, _ = w.Write([]byte(`{"peers":[`))
		peer, _ := json.Marshal(client.Peer{})
		for sent < most {
			n, err := w.Write(append(peer, ','))
			if sent += n; err != nil {
				return
			}
		}
	}))
	v := &clusterView{Chains: []clusterChain{{Chain: 1}}, Nodes: make([]clusterNode, 10)}
	n := v.ask(t.Context(), client.Peer{API: endless.URL})
	endless.Close() // waits for the answer's end
	if n.State != nodeSilent || n.Known != 0 || sent >= most/2 {
		t.Errorf("%+v, after %d bytes", n, sent)
	}
}

// A node of the network says of itself what it likes: it makes the table no longer than there are chains, and steers no terminal.
func TestClusterLiar(t *testing.T) {
	own, others := keys.FromSeed([32]byte{1}).Public(), keys.FromSeed([32]byte{2}).Public()
	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var answer any = client.Info{}
		switch q.URL.Path {
		case "/v1/peers":
			answer = client.Peers{Self: client.Peer{Node: own, Software: "thinkey \x1b[2J"}}
		case "/v1/chains":
			var all client.Chains
			for id := range chain.ID(1000) {
				all.Chains = append(all.Chains, client.Chain{Chain: id + 1, Here: true})
			}
			answer = all
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	defer liar.Close()
	v := &clusterView{Chains: []clusterChain{{Chain: 1}, {Chain: 2}}}
	n := v.ask(t.Context(), client.Peer{Node: own, API: liar.URL, Serves: []client.Serves{{First: 0, Last: ^chain.ID(0), Roles: []string{"data\x1b[31m"}}}})
	if n.State != nodeAnswers || len(n.Chains) != 2 {
		t.Errorf("%+v", n)
	}
	if n := v.ask(t.Context(), client.Peer{Node: others, API: liar.URL}); n.State != nodeSilent {
		t.Errorf("another node answers for it: %+v", n)
	}
	v.Nodes = []clusterNode{n}
	if text := v.String(); strings.Contains(text, "\x1b") || !strings.Contains(text, "data") {
		t.Errorf("%q", text)
	}
}
